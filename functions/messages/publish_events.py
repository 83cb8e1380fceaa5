"""Turns changes of the tables into events on the bus: what was stored is announced, nothing else is."""

import json
from typing import Any, Final

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.events import Event, event_of
from bandwidth_messaging.runtime.logging import count, logger
from bandwidth_messaging.runtime.settings import settings

# The entries of one request, ten at the most, may come to 1 MB.
_LONGEST_DETAIL_BYTES: Final = 100_000


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Publish the events of a batch of stream records; the first record that failed comes again.

    A record that cannot be read goes whole to the dead-letter queue, so that it holds up nothing behind it.
    """
    announced = []
    for record in event["Records"]:
        try:
            entry = _entry(record)
        except Exception as error:
            # Its words may hold what is in the record.
            logger.error("record not readable", event_id=record["eventID"], error=type(error).__name__)
            count("EventUnreadable")
            wiring.dead_letters().keep(record)
            continue
        if entry:
            announced.append((record, entry))
    if not announced:
        return {"batchItemFailures": []}
    answer = wiring.events().put_events(Entries=[entry for _, entry in announced])
    for (record, entry), result in zip(announced, answer["Entries"], strict=True):
        if "ErrorCode" in result:
            logger.warning("event not published", detail_type=entry["DetailType"], error=result["ErrorCode"])
            return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
    return {"batchItemFailures": []}


def _entry(record: dict[str, Any]) -> Any:
    """Return the entry for the bus, None if there is nothing to announce."""
    with_content = settings().events_include_text == "true"
    told = event_of(record, with_content=with_content)
    if told and with_content and len(_detail(told).encode()) > _LONGEST_DETAIL_BYTES:
        told = event_of(record)
    return told and {
        "EventBusName": settings().event_bus,
        "Source": settings().stack_name,
        "DetailType": told.detail_type,
        "Detail": _detail(told),
    }


def _detail(told: Event) -> str:
    return json.dumps(told.detail, ensure_ascii=False)
