"""Numbers: their states, the order and location each belongs to, and their stored item."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Required, TypedDict

from bandwidth_messaging.domain.messages import Api

if TYPE_CHECKING:
    from bandwidth_messaging.domain.registration import Registration
    from bandwidth_messaging.domain.replies import NumberReplies


class NumberState(StrEnum):
    """The states of a number."""

    PENDING = "pending"
    ACTIVE = "active"
    FAILED = "failed"
    RELEASING = "releasing"
    RELEASED = "released"


STATES: Final = tuple(NumberState)


class Preflight(TypedDict):
    """The result of the check before a number's first send. `problems` names what must be fixed at Bandwidth.

    `at` is the time of the check (RFC 3339).
    """

    at: str
    ok: bool
    problems: list[str]


class NumberItem(TypedDict, total=False):
    """A number's item in the Numbers table; the number is in E.164, times are RFC 3339.

    `numberId` is Catapult's id of the number. `detachedAt` is when a number in release left Catapult.
    `replies` exists if the number has replies of its own.
    """

    number: Required[str]
    state: Required[str]
    api: Api
    customerOrderId: str
    orderId: str
    applicationId: str
    locationId: str
    siteId: str
    numberId: str
    reason: str
    errorCode: str
    registration: "Registration"
    preflight: Preflight
    replies: "NumberReplies"
    pendingAt: str
    activeAt: str
    failedAt: str
    releasingAt: str
    releasedAt: str
    detachedAt: str


@dataclass(frozen=True, kw_only=True)
class Home:
    """The order, application and location that numbers belong to."""

    api: Api
    customer_order_id: str
    site_id: str
    order_id: str | None = None
    application_id: str | None = None
    location_id: str | None = None

    def attributes(self) -> dict[str, Any]:
        """Return the attributes of a number's item."""
        return {
            "api": self.api,
            "customerOrderId": self.customer_order_id,
            "orderId": self.order_id,
            "applicationId": self.application_id,
            "locationId": self.location_id,
            "siteId": self.site_id,
        }

    def owns(self, item: NumberItem) -> bool:
        """Return whether a number's item belongs to this order. `Numbers.activate` has the same condition."""
        if "orderId" in item:
            return item["orderId"] == self.order_id
        return item.get("customerOrderId") == self.customer_order_id
