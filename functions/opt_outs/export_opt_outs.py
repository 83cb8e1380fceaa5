"""Export of opt-outs: writes all current opt-outs to CSV files."""

from bandwidth_messaging.domain.validation import CamelModel
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import task


class Request(CamelModel):
    key: str


class Result(CamelModel):
    rows: int
    keys: list[str]


@task("Export Opt-Outs", Request)
def handler(request: Request) -> Result:
    """Write files of 100,000 rows. Files of an earlier export with the same key are replaced."""
    rows, keys = wiring.opt_out_transfer().export(request.key)
    return Result(rows=rows, keys=keys)
