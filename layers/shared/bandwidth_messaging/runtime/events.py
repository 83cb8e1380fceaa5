"""Which event a change of a table is, and what it says. Text and media stay in the table."""

from dataclasses import dataclass
from typing import Any

from bandwidth_messaging.runtime.views import View, message_view, number_view, opt_out_view, order_view
from bandwidth_messaging.store.dynamodb import Item, from_dynamodb
from bandwidth_messaging.store.keys import customer_order_id_of
from bandwidth_messaging.store.opt_outs import IN, OUT

_MESSAGES = {
    "accepted": "Message Accepted",
    "send_unconfirmed": "Message Send Unconfirmed",
    "sent": "Message Sent",
    "delivery_unknown": "Message Delivery Unknown",
    "delivered": "Message Delivered",
    "failed": "Message Failed",
    "received": "Message Received",
}
_NUMBERS = {
    "pending": "Number Pending",
    "active": "Number Activated",
    "failed": "Number Failed",
    "releasing": "Number Releasing",
    "released": "Number Released",
}
_ORDERS = {
    "started": "Order Started",
    "ordered": "Order Placed",
    "completed": "Order Completed",
    "partial": "Order Partially Completed",
    "failed": "Order Failed",
}
_OPT_OUTS = {OUT: "Opt-Out Recorded", IN: "Opt-Out Ended"}
_UNTOLD = frozenset({"text", "media"})


@dataclass(frozen=True)
class Event:
    """An event for the bus: its detail type, and its detail as the API would show the item."""

    detail_type: str
    detail: View


def event_of(record: dict[str, Any]) -> Event | None:
    """Return the event that a DynamoDB stream record stands for, None if it is nothing to announce.

    Only a changed state is announced. `eventId` in the detail is the same when the record comes again.
    """
    change = record["dynamodb"]
    if "NewImage" not in change:
        return None
    new, old = from_dynamodb(change["NewImage"]), from_dynamodb(change.get("OldImage", {}))
    detail_type, view = _told(new, old)
    if detail_type is None:
        return None
    shown = {name: value for name, value in view.items() if name not in _UNTOLD}
    return Event(detail_type, {"eventId": record["eventID"], **shown})


def _told(new: Item, old: Item) -> tuple[str | None, View]:
    if "messageId" in new:
        return _changed(new, old, "state", _MESSAGES), message_view(new)
    if "optOutState" in new:
        # Who says yes without having opted out ends nothing.
        before = {"optOutState": IN} | old
        return _changed(new, before, "optOutState", _OPT_OUTS), {"owner": new["ours"], **opt_out_view(new)}
    if "number" in new:
        return _changed(new, old, "state", _NUMBERS), number_view(new)
    if customer_order_id := customer_order_id_of(new):
        return _changed(new, old, "orderState", _ORDERS), order_view(customer_order_id, new)
    return None, {}


def _changed(new: Item, old: Item, attribute: str, told: dict[str, str]) -> str | None:
    state = new.get(attribute)
    return told.get(str(state)) if state != old.get(attribute) else None
