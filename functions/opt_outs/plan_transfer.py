"""Import and export of opt-outs: checks the input, and divides a file to import into chunks."""

from typing import Any, Literal

from bandwidth_messaging.domain.opt_out_files import Chunk, Transfer
from bandwidth_messaging.domain.validation import CamelModel, parse
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import task


class Request(CamelModel):
    input: Any


class Result(CamelModel):
    """`etag` is the tag of the file's content. An export has no chunks."""

    action: Literal["IMPORT", "EXPORT"]
    key: str
    etag: str
    chunks: list[Chunk]


@task("Plan Transfer", Request)
def handler(request: Request) -> Result:
    """Check the input. The file of an import must be CSV with the expected header."""
    transfer = parse(Transfer, request.input)
    etag, chunks = ("", []) if transfer.action == "EXPORT" else wiring.opt_out_transfer().plan(transfer.key)
    return Result(action=transfer.action, key=transfer.key, etag=etag, chunks=chunks)
