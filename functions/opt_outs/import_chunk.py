"""Import of opt-outs: records those of one chunk of the file."""

from bandwidth_messaging.domain.opt_out_files import Chunk
from bandwidth_messaging.domain.times import to_rfc3339
from bandwidth_messaging.domain.validation import CamelModel
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import task


class Request(CamelModel):
    """`started_at` is when the execution started. `execution_name` names the result files."""

    key: str
    etag: str
    chunk: Chunk
    started_at: str
    execution_name: str


class Result(CamelModel):
    """Rows of the chunk, opt-outs written, opt-outs that changed nothing, and invalid rows."""

    rows: int
    recorded: int
    unchanged: int
    invalid: int
    invalid_key: str | None


@task("Import Chunks", Request)
def handler(request: Request) -> Result:
    """Record the opt-outs of a chunk. A repeated run changes nothing."""
    imported = wiring.opt_out_transfer().import_chunk(
        request.key,
        request.chunk,
        etag=request.etag,
        at=to_rfc3339(request.started_at),
        name=request.execution_name,
    )
    return Result(**imported._asdict())
