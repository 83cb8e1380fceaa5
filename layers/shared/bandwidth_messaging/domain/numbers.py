"""Numbers: the states of a phone number, where it belongs, and the check before its first send."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypedDict

from bandwidth_messaging.domain.messages import Api


class NumberState(StrEnum):
    """The states of a number."""

    PENDING = "pending"
    ACTIVE = "active"
    FAILED = "failed"
    RELEASING = "releasing"
    RELEASED = "released"


STATES: Final = tuple(NumberState)


@dataclass(frozen=True, kw_only=True)
class Home:
    """Where an order's numbers belong."""

    api: Api
    customer_order_id: str
    site_id: str
    order_id: str | None = None
    application_id: str | None = None
    location_id: str | None = None

    def attributes(self) -> dict[str, Any]:
        """Return it as attributes of a number's item."""
        return {
            "api": self.api,
            "customerOrderId": self.customer_order_id,
            "orderId": self.order_id,
            "applicationId": self.application_id,
            "locationId": self.location_id,
            "siteId": self.site_id,
        }

    def is_of(self, item: Mapping[str, Any]) -> bool:
        """Tell whether a number's item speaks of this order, as `activate` tells it."""
        if "orderId" in item:
            return bool(item["orderId"] == self.order_id)
        return bool(item.get("customerOrderId") == self.customer_order_id)


class Preflight(TypedDict):
    """What a look at Bandwidth found, and when (RFC 3339). `problems` name what is to be mended."""

    at: str
    ok: bool
    problems: list[str]
