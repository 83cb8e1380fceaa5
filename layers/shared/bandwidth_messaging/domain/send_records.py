"""Records of the send queues. The body is the id of a message, which every version of the worker can read.

The attribute TICKETS has the tickets that the message got after its acceptance.
"""

import json
from typing import Final

from bandwidth_messaging.domain.lanes import Tickets, tickets_from_items, tickets_to_items

TICKETS: Final = "tickets"
"""Name of the attribute, whose value is `write_tickets`."""


def write_tickets(tickets: Tickets) -> str:
    """Return tickets as JSON."""
    return json.dumps(tickets_to_items(tickets))


def read_tickets(written: str | None) -> Tickets:
    """Return the tickets of `write_tickets`, or an empty mapping if the record has no such attribute."""
    return tickets_from_items(json.loads(written)) if written else {}
