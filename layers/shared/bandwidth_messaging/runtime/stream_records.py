"""Processes the records of a table's stream. Lambda delivers again from the first failed record on."""

import logging
from collections.abc import Callable
from typing import Any

from bandwidth_messaging.store.dynamodb import Item, from_dynamodb

logger = logging.getLogger(__name__)


def process_changes(event: dict[str, Any], work: Callable[[Item, Item], None]) -> dict[str, Any]:
    """Call `work` with the new and the old item of each change. Return the first failure in Lambda's form."""
    for record in event["Records"]:
        change = record["dynamodb"]
        try:
            work(from_dynamodb(change["NewImage"]), from_dynamodb(change.get("OldImage", {})))
        except Exception as error:
            # The text of an unexpected error may contain the message's text.
            logger.error("change not processed", extra={"error": type(error).__name__})
            return {"batchItemFailures": [{"itemIdentifier": change["SequenceNumber"]}]}
    return {"batchItemFailures": []}
