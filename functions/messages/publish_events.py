"""Turns changes of the tables into events on the bus: what was stored is announced, nothing else is."""

import json
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.events import Event, event_of
from bandwidth_messaging.runtime.logging import logger
from bandwidth_messaging.runtime.settings import settings


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Publish the events of a batch of stream records; the first record that failed comes again."""
    announced = [(record, told) for record in event["Records"] if (told := event_of(record))]
    if not announced:
        return {"batchItemFailures": []}
    answer = wiring.events().put_events(Entries=[_entry(told) for _, told in announced])
    for (record, told), entry in zip(announced, answer["Entries"], strict=True):
        if "ErrorCode" in entry:
            logger.warning("event not published", detail_type=told.detail_type, error=entry["ErrorCode"])
            return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
    return {"batchItemFailures": []}


def _entry(told: Event) -> Any:
    return {
        "EventBusName": settings().event_bus,
        "Source": settings().stack_name,
        "DetailType": told.detail_type,
        "Detail": json.dumps(told.detail),
    }
