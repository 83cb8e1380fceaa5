"""What the metrics of a message cost at list prices (docs/operations.md, "Watch the dashboard")."""

import json
from typing import Any

import pytest

from bandwidth_messaging.runtime import settings as settings_module
from functions.messages import publish_events
from tests.functions.conftest import Stack, call, clear_caches, sample
from tests.functions.messages.test_callbacks import receipt, receive
from tests.functions.messages.test_sending import deliver, send
from tests.functions.messages.test_sending import ready as ready  # noqa: PLC0414 - a fixture
from tests.generations import only_current

pytestmark = only_current

# us-east-1: ingestion of logs by Lambda, of the first 10 TB a month. Each entry counts 26 bytes more.
DOLLARS_A_GIGABYTE = 0.50
BYTES_OF_ENTRY = 26
LIMIT = 0.50


def dollars_for_a_million(log: str) -> float:
    """Return the dollars that the metric entries of a log cost a million times."""
    entries = [line for line in log.splitlines() if line.startswith("{") and "_aws" in json.loads(line)]
    return sum(len(entry) + BYTES_OF_ENTRY for entry in entries) * 1e6 / 1e9 * DOLLARS_A_GIGABYTE


def publish(stack: Stack, message_id: str, before: str) -> None:
    """Publish the last change of a message alone: a batch of several costs less."""
    key = {"messageId": {"S": message_id}}
    image = stack.dynamodb.get_item(TableName="MessagesTable", Key=key)["Item"]
    (record,) = sample("messages/publish_events")["Records"]
    change = record["dynamodb"] | {"NewImage": image, "OldImage": image | {"state": {"S": before}}}
    call(publish_events, {"Records": [record | {"eventName": "MODIFY", "dynamodb": change}]})


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [("message-delivered", {}), ("message-failed", {"errorCode": 4770})],
    ids=["delivered", "failed"],
)
def test_the_metrics_of_a_million_messages_cost_less_than_half_a_dollar(
    ready: Stack,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    record_property: Any,
    kind: str,
    outcome: dict[str, int],
) -> None:
    # As long as in a stack, and with a rate, so that POST /messages records the backlog.
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "bandwidth-messaging")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "bandwidth-messaging")
    monkeypatch.setenv("ACCOUNT_RATE", "100")
    settings_module.service.cache_clear()
    clear_caches()
    message_id = send()[1]["messageId"]
    deliver(ready, message_id)
    publish(ready, message_id, "sending")
    receive([receipt(kind, message_id, **outcome)])
    publish(ready, message_id, "sent")
    log = capsys.readouterr().out

    cost = dollars_for_a_million(log)
    settings_module.service.cache_clear()

    record_property(f"metrics of a million messages, {kind}", f"{cost:.3f} $")
    assert {"LaneBacklogSeconds", "SendWaitSeconds", "Failures"} <= {
        name for line in log.splitlines() if line.startswith("{") for name in json.loads(line)
    }
    assert 0.1 < cost < LIMIT
