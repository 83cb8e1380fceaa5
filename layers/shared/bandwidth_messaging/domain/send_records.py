"""Records of the send queues: the id of a message, and the tickets that it got after its acceptance."""

import json

from bandwidth_messaging.domain.lanes import Tickets, tickets_from_items, tickets_to_items


def write_send_record(message_id: str, tickets: Tickets) -> str:
    """Return the body of a record: the id, or JSON with the id and the tickets."""
    if not tickets:
        return message_id
    return json.dumps({"messageId": message_id, "tickets": tickets_to_items(tickets)})


def read_send_record(body: str) -> tuple[str, Tickets]:
    """Return the id and the tickets of a record."""
    if not body.startswith("{"):
        return body, {}
    record = json.loads(body)
    return record["messageId"], tickets_from_items(record["tickets"])
