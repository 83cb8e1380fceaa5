"""Hosted Messaging, step 4, "Import Number": a batch of numbers, one request per number."""

from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.orders import Failure
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, shown, step

# Fifty batches with so many failures each stay far below what a state may carry.
_MAX_FAILURES = 5


class Request(StepInput):
    numbers: list[str]
    order_id: str
    application_id: str
    site_id: str
    sip_peer_id: str | None

    def home(self) -> Home:
        """Return the order, application and location that the numbers belong to."""
        return Home(
            api="v1",
            customer_order_id=self.customer_order_id,
            site_id=self.site_id,
            order_id=self.order_id,
            application_id=self.application_id,
            location_id=self.sip_peer_id,
        )


class Result(StepResult):
    """`waitSeconds` above 0: Catapult's limit was reached, and the other numbers can follow then."""

    completed: int
    failed: int
    failures: tuple[Failure, ...] = ()
    wait_seconds: int = 0


@step("Import Number", Request)
def handler(request: Request) -> Result:
    """Import the numbers (E.164) of the batch that no earlier run imported, failed or released."""
    batch = wiring.catapult_import().import_batch(request.numbers, request.home())
    return Result(
        completed=batch.completed,
        failed=len(batch.failures),
        failures=shown(batch.failures[:_MAX_FAILURES]),
        wait_seconds=batch.wait_seconds,
        detail=f"{batch.completed} of a batch of {len(request.numbers)}",
    )
