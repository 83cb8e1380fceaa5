"""Publishes changes of the tables as events on the bus: what was stored is announced, nothing else is."""

import json
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.api.bus_events import event_of
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.logging import logger
from bandwidth_messaging.runtime.metrics import count
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.services.event_publishing import publish


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Publish the events of a batch of stream records; the batch is retried from the first that failed.

    A record that can never be announced goes to the dead-letter queue as a whole, so that its shard goes on.
    Also takes what is in that queue: `{"Records": [record]}`, or `{"object": key}` of a large record.
    """
    records = (wiring.dead_letters().read(event["object"]) if "object" in event else event)["Records"]
    announced = []
    for record in records:
        try:
            entry = _entry(record)
        except Exception as error:
            # Its words may hold what is in the record.
            _give_up(record, type(error).__name__)
            continue
        if entry:
            announced.append((record, entry))
    failed = publish(announced, give_up=_give_up)
    return {"batchItemFailures": [{"itemIdentifier": failed["dynamodb"]["SequenceNumber"]}] if failed else []}


def _entry(record: dict[str, Any]) -> Any:
    """Return the entry for the bus, None if there is nothing to announce."""
    event = event_of(record, with_content=settings().events_include_text == "true")
    return event and {
        "EventBusName": settings().event_bus,
        "Source": settings().stack_name,
        "DetailType": event.detail_type,
        "Detail": json.dumps(event.detail, ensure_ascii=False),
    }


def _give_up(record: dict[str, Any], error: str) -> None:
    """Store a record that can never be announced in the dead-letter queue."""
    logger.error("record not announced", extra={"event_id": record["eventID"], "error": error})
    count("EventUnreadable")
    wiring.dead_letters().keep(record)
