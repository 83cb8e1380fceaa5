"""Hosted Messaging, step 1, "Create Import Request": the order that imports or removes numbers."""

from bandwidth_messaging.domain.imports import Authority
from bandwidth_messaging.domain.messages import Api
from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.orders import Action
from bandwidth_messaging.domain.step_texts import describe_outcome
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step
from bandwidth_messaging.services.number_import import join_batches


class Request(Authority, StepInput):
    """`api` is the API that the numbers will use. Only the current account API reads the authority."""

    action: Action
    site_id: str
    sip_peer_id: str | None
    batches: list[list[str]]
    api: Api

    def home(self) -> Home:
        """Return the order and location that the numbers belong to."""
        return Home(
            api=self.api,
            customer_order_id=self.customer_order_id,
            site_id=self.site_id,
            location_id=self.sip_peer_id,
        )


class Result(StepResult):
    order_id: str


@step("Create Import Request", Request)
def handler(request: Request) -> Result:
    """Return the id of the order: recorded by an earlier run, found at Bandwidth, or placed now."""
    order = wiring.number_import().place(
        request.action, join_batches(request.batches), request.home(), request
    )
    return Result(order_id=order.order_id, outcome=order.outcome, detail=describe_outcome(order.outcome))
