"""Keys of the Numbers table and the Messages table. docs/data_model.md describes both tables."""

from collections.abc import Iterable, Mapping
from typing import Any

from bandwidth_messaging.store.dynamodb import Item


def number_key(number: str) -> Item:
    """Return the key of a number (E.164) in the Numbers table."""
    return {"pk": f"NUMBER#{number}"}


def order_key(customer_order_id: str) -> Item:
    """Return the key of an order in the Numbers table."""
    return {"pk": f"ORDER#{customer_order_id}"}


def find_customer_order_id(item: Mapping[str, Any]) -> str:
    """Return the CustomerOrderId of an order's item."""
    return str(item["pk"]).removeprefix("ORDER#")


def opt_out_key(owner: str, recipient: str) -> Item:
    """Return the key of a recipient's opt-out from an owner number's messages, in the Numbers table."""
    return {"pk": f"OPT_OUT#{owner}#{recipient}"}


def lease_key(name: str) -> Item:
    """Return the key of a lease in the Numbers table."""
    return {"pk": f"LEASE#{name}"}


def setup_request_key(request_id: str) -> Item:
    """Return the key of a request to start a set-up, in the Numbers table."""
    return {"pk": f"REQUEST#{request_id}"}


def created_resource_key(resource: str) -> Item:
    """Return the key of a resource that a set-up created, in the Numbers table."""
    return {"pk": f"MADE#{resource}"}


def drift_key() -> Item:
    """Return the key of the drift report in the Numbers table."""
    return {"pk": "DRIFT"}


def transfer_key(name: str) -> Item:
    """Return the key of a transfer of opt-outs in the Numbers table. `name` is that of its execution."""
    return {"pk": f"TRANSFER#{name}"}


def lane_key(name: str) -> Item:
    """Return the key of a lane in the Numbers table."""
    return {"pk": f"LANE#{name}"}


def scheduled_segments_key(lane: str, hour: str) -> Item:
    """Return the key of a lane's scheduled segments in the Numbers table. `hour` is like 2026-01-31T12."""
    return {"pk": f"SCHEDULED#{lane}#{hour}"}


def rates_key() -> Item:
    """Return the key of the rates that were set through the API, in the Numbers table."""
    return {"pk": "RATES"}


def reply_key(owner: str, participant: str) -> Item:
    """Return the key of the automatic replies to a participant, in the Numbers table."""
    return {"pk": f"REPLY#{owner}#{participant}"}


def webhook_key(name: str) -> Item:
    """Return the key of a webhook endpoint in the Numbers table."""
    return {"pk": f"WEBHOOK#{name}"}


def pool_key(name: str) -> Item:
    """Return the key of a pool in the Numbers table."""
    return {"pk": f"POOL#{name}"}


def pool_conversation_key(name: str, recipients: Iterable[str]) -> Item:
    """Return the key of a pool's last conversation with the recipients, in the Numbers table."""
    return {"pk": f"CONVERSATION#{name}#{','.join(sorted(recipients))}"}


def message_key(message_id: str) -> Item:
    """Return the key of a message in the Messages table."""
    return {"messageId": message_id}


def parse_customer_order_id(item: Item) -> str | None:
    """Return the CustomerOrderId of an order's item, None for any other item."""
    kind, _, customer_order_id = str(item.get("pk", "")).partition("#")
    return customer_order_id if kind == "ORDER" else None
