"""Why an accepted message waits: recorded when Bandwidth does not accept it, removed by the claim."""

import json
from typing import Any

import pytest

from bandwidth_messaging.domain.messages import Waiting
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import stores
from tests.functions.conftest import Stack
from tests.functions.messages.test_sending import accepted, deliver, message, worker
from tests.functions.messages.test_sending import ready as ready  # noqa: PLC0414 - a fixture
from tests.generations import both_generations, only_current

pytestmark = both_generations

NO_TOKEN = {"status": 200, "body": json.dumps({"access_token": "a\nb", "expires_in": 3600})}
OWN_500 = {
    "status": 500,
    "body": json.dumps({"type": "internal-server-error", "description": "Try again."}),
}


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The changes that the worker writes to the Messages table."""
    made: list[Any] = []
    table = type(stores.messages()._table)
    attempt = table.attempt

    def record(self: Any, key: Any, **change: Any) -> Any:
        if "messageId" in key:
            made.append(change["assign"])
        return attempt(self, key, **change)

    monkeypatch.setattr(table, "attempt", record)
    return made


@pytest.mark.parametrize(
    ("answer", "times", "waiting"),
    [
        ({"status": 401}, 2, "credentials"),
        ({"status": 429}, 1, "rate"),
        ({"status": 302, "headers": {"Location": "https://example.com/"}}, 1, "bandwidth_unavailable"),
        (OWN_500, 1, "bandwidth_unavailable"),
    ],
)
def test_a_message_that_bandwidth_did_not_accept_shows_why_it_waits(
    ready: Stack, writes: list[Any], answer: Any, times: int, waiting: str
) -> None:
    message_id = accepted(ready)
    ready.add_fault("/messages", method="POST", answer=answer, times=times)

    assert len(deliver(ready, message_id)) == 1

    shown = message(message_id)
    assert (shown["state"], shown["waiting"]) == ("accepted", waiting)
    assert "expectedAt" not in shown
    # The claim and its release: the reason costs no write of its own.
    assert len(writes) == 2


@only_current
@pytest.mark.parametrize(
    ("answer", "waiting"), [(NO_TOKEN, "credentials"), ({"status": 503}, "bandwidth_unavailable")]
)
def test_the_reason_is_recorded_once_while_there_is_no_token(
    ready: Stack, writes: list[Any], answer: Any, waiting: str
) -> None:
    message_id = accepted(ready)
    ready.add_fault("/token", answer=answer, times=6)
    (queued,) = ready.receive_messages(ready.send_queue)

    for _ in range(3):
        assert len(worker(message_id, queued["ReceiptHandle"])) == 1

    assert message(message_id)["waiting"] == waiting
    assert writes == [{"waiting": waiting}]


def test_a_claim_ends_the_wait(ready: Stack) -> None:
    message_id = accepted(ready)

    stores.claims().record_waiting(message_id, Waiting.CREDENTIALS)

    assert deliver(ready, message_id) == []

    assert "waiting" not in (stores.messages().get(message_id) or {})


def test_a_claimed_message_does_not_begin_to_wait(ready: Stack) -> None:
    message_id = accepted(ready)
    stores.claims().claim(message_id, now())

    stores.claims().record_waiting(message_id, Waiting.CREDENTIALS)

    assert "waiting" not in (stores.messages().get(message_id) or {})
