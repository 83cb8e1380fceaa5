"""Last state of every import of opt-outs: adds up the chunks, and collects the invalid rows in one file."""

from bandwidth_messaging.domain.validation import CamelModel
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import task


class ChunkResult(CamelModel):
    rows: int
    recorded: int
    unchanged: int
    invalid: int
    invalid_key: str | None


class Request(CamelModel):
    execution_name: str
    chunks: list[ChunkResult]


class Result(CamelModel):
    """`invalid_key` is the object that lists the invalid rows, if there are any."""

    rows: int
    recorded: int
    unchanged: int
    invalid: int
    invalid_key: str | None


@task("Collect Results", Request)
def handler(request: Request) -> Result:
    """Return the sums of all chunks."""
    keys = [chunk.invalid_key for chunk in request.chunks if chunk.invalid_key]
    return Result(
        rows=sum(chunk.rows for chunk in request.chunks),
        recorded=sum(chunk.recorded for chunk in request.chunks),
        unchanged=sum(chunk.unchanged for chunk in request.chunks),
        invalid=sum(chunk.invalid for chunk in request.chunks),
        invalid_key=wiring.opt_out_transfer().collect_invalid(keys, name=request.execution_name),
    )
