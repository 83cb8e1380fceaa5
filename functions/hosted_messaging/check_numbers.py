"""Hosted Messaging with the current API: checks which numbers can be imported, before any order."""

from bandwidth_messaging.domain.import_checks import RejectedNumbers, group_by_reason
from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.orders import Failure
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, shown, step
from bandwidth_messaging.services.number_import import join_batches, remove_failed


class Request(StepInput):
    site_id: str
    sip_peer_id: str | None
    batches: list[list[str]]
    dry_run: bool

    def home(self) -> Home:
        """Return the order and location that the numbers belong to."""
        return Home(
            api="v2",
            customer_order_id=self.customer_order_id,
            site_id=self.site_id,
            location_id=self.sip_peer_id,
        )


class Result(StepResult):
    """`batches` are the numbers that can be imported, `failed` counts the others.

    `failures` lists the first hundred.

    A dry run lists every number once, in `importable` or `refused`, and has neither batches nor failures.
    """

    batches: list[list[str]]
    failed: int
    failures: tuple[Failure, ...]
    importable: tuple[str, ...] = ()
    refused: tuple[RejectedNumbers, ...] = ()


@step("Check Numbers", Request)
def handler(request: Request) -> Result:
    """Check all numbers (E.164), and record which cannot be imported. A dry run records nothing."""
    numbers = join_batches(request.batches)
    failures = wiring.number_import().check_importable(numbers, request.home(), dry_run=request.dry_run)
    batches = remove_failed(request.batches, failures)
    detail = f"{len(numbers) - len(failures)} of {len(numbers)} can be imported"
    if request.dry_run:
        return Result(
            batches=[],
            failed=len(failures),
            failures=(),
            importable=tuple(join_batches(batches)),
            refused=group_by_reason(failures),
            detail=f"dry run: {detail}",
        )
    return Result(batches=batches, failed=len(failures), failures=shown(failures), detail=detail)
