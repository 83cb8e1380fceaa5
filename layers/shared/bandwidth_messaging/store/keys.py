"""Keys of the two tables; docs/data_model.md has the picture."""

from bandwidth_messaging.store.dynamodb import Item


def number_key(number: str) -> Item:
    """Return the key of a number (E.164) in the Numbers table."""
    return {"pk": f"NUMBER#{number}"}


def order_key(customer_order_id: str) -> Item:
    """Return the key of an order in the Numbers table."""
    return {"pk": f"ORDER#{customer_order_id}"}


def opt_out_key(ours: str, theirs: str) -> Item:
    """Return the key of an opt-out: of our number's messages, by their number (E.164)."""
    return {"pk": f"OPT_OUT#{ours}#{theirs}"}


def lease_key(name: str) -> Item:
    """Return the key of a lease in the Numbers table."""
    return {"pk": f"LEASE#{name}"}


def setup_request_key(request_id: str) -> Item:
    """Return the key of a request to start a set-up, in the Numbers table."""
    return {"pk": f"REQUEST#{request_id}"}


def created_resource_key(thing: str) -> Item:
    """Return the key of what a set-up made, in the Numbers table."""
    return {"pk": f"MADE#{thing}"}


def drift_key() -> Item:
    """Return the key of the drift in the Numbers table."""
    return {"pk": "DRIFT"}


def message_key(message_id: str) -> Item:
    """Return the key of a message in the Messages table."""
    return {"messageId": message_id}


def customer_order_id_of(item: Item) -> str | None:
    """Return the CustomerOrderId of an order's item, None for any other item."""
    kind, _, customer_order_id = str(item.get("pk", "")).partition("#")
    return customer_order_id if kind == "ORDER" else None
