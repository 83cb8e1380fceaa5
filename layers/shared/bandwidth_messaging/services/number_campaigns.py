"""Assigns local numbers to the 10DLC campaign that they text for (current API)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.domain import registration
from bandwidth_messaging.domain.orders import Campaign, Ended, Failure, OrderState, OrderStatus
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.services.parallel import for_each

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.dashboard_current import DashboardCurrent
    from bandwidth_messaging.store.number_store import Numbers


class CampaignAssignment(NamedTuple):
    """The state of an order of number options. Its id is None if no number needs a campaign."""

    state: Literal["pending"] | Ended
    order_id: str | None
    status: str | None = None
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True)
class NumberCampaigns:
    """Orders the options of numbers and records the result in their registrations."""

    dashboard: "Callable[[], DashboardCurrent]"
    numbers: "Numbers"

    def assign(
        self, numbers: Sequence[str], campaign: Campaign, *, customer_order_id: str, order_id: str | None
    ) -> CampaignAssignment:
        """Order the options of the local numbers or, with an `order_id`, check that order once.

        The order may be placed twice, because it requests the same options again.
        """
        # Toll-free numbers are verified instead, and campaigns are for numbers of the United States.
        local = [number for number in numbers if registration.classify_number(number) == "10dlc"]
        if not local:
            return CampaignAssignment(OrderState.COMPLETED, None)
        try:
            if order_id is None:
                placed = self.dashboard().set_campaign(local, campaign, customer_order_id=customer_order_id)
                return CampaignAssignment("pending", placed)
            order = self.dashboard().options_status(order_id, local)
        except BandwidthRejected as error:
            order = _reject_all(local, error)
        if order.ended_as is None:
            return CampaignAssignment("pending", order_id, order.status)
        self._record(local, campaign, order)
        return CampaignAssignment(order.ended_as, order_id, order.status, order.failures)

    def _record(self, numbers: Sequence[str], campaign: Campaign, order: OrderStatus) -> None:
        at = now()
        reasons = {str(each["number"]): _describe(each) for each in order.failures if each["number"]}
        for_each(
            numbers,
            lambda number: self.numbers.record_registration(
                number,
                registration.build_assigned_registration(campaign.campaign_id, reasons.get(number), at),
            ),
        )


def _reject_all(numbers: Sequence[str], error: BandwidthRejected) -> OrderStatus:
    failures = [Failure(number=number, code=error.code, reason=error.words) for number in numbers]
    return OrderStatus("FAILED", failures=tuple(failures))


def _describe(failure: Failure) -> str:
    return f"{failure['code'] or ''} {failure['reason']}".strip()
