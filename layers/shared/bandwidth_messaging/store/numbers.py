"""Numbers: which are ours, what state each is in, and what it sends through."""

from dataclasses import dataclass
from typing import Final

from bandwidth_messaging.domain.messages import Api
from bandwidth_messaging.domain.orders import Failure
from bandwidth_messaging.store.dynamodb import Item, Page, Table
from bandwidth_messaging.store.keys import number_key

ACTIVE: Final = "active"
FAILED: Final = "failed"
RELEASED: Final = "released"
STATES: Final = ("pending", ACTIVE, FAILED, "releasing", RELEASED)


@dataclass(frozen=True, kw_only=True)
class Home:
    """Where an order's numbers belong."""

    api: Api
    customer_order_id: str
    order_id: str
    application_id: str
    location_id: str
    site_id: str

    def attributes(self) -> Item:
        """Return it as attributes of a number's item."""
        return {
            "api": self.api,
            "customerOrderId": self.customer_order_id,
            "orderId": self.order_id,
            "applicationId": self.application_id,
            "locationId": self.location_id,
            "siteId": self.site_id,
        }


class Numbers:
    """The numbers in the Numbers table; all numbers in E.164."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, number: str) -> Item | None:
        """Return a number's item."""
        return self._table.get(number_key(number))

    def activate(self, number: str, home: Home, at: str) -> None:
        """Record that a number works. Saying it again changes nothing, so it is announced once."""
        self._table.update(
            number_key(number),
            assign={"number": number, "state": ACTIVE, "activeAt": at, **home.attributes()},
            remove=["reason", "errorCode"],
            condition="attribute_not_exists(#pk) OR #state <> :active OR #orderId <> :order",
            values={"active": ACTIVE, "order": home.order_id},
        )

    def fail(self, failure: Failure, home: Home, at: str) -> None:
        """Record why a number did not come. A number that is ours by another order stays as it is."""
        number = failure["number"]
        if number is None:
            message = "a failure without a number belongs to the order"
            raise ValueError(message)
        self._table.update(
            number_key(number),
            assign={
                "number": number,
                "state": FAILED,
                "failedAt": at,
                "reason": failure["reason"],
                "errorCode": failure["code"],
                **home.attributes(),
            },
            condition="attribute_not_exists(#pk) OR (#state IN (:failed, :released) AND #orderId <> :order)",
            values={"failed": FAILED, "released": RELEASED, "order": home.order_id},
        )

    def in_state(self, state: str, *, limit: int, start: Item | None = None) -> Page:
        """Return numbers in a state, in the order of the numbers."""
        return self._table.query("numbersByState", {"state": state}, limit=limit, start=start)

    def of_order(self, customer_order_id: str, *, limit: int, start: Item | None = None) -> Page:
        """Return the numbers that an order brought or failed to bring."""
        return self._table.query(
            "numbersByOrder", {"customerOrderId": customer_order_id}, limit=limit, start=start
        )
