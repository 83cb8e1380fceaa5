"""STOP, START and HELP get one reply each, whatever is delivered how often."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bandwidth_messaging.domain.times import to_rfc3339
from bandwidth_messaging.runtime import stores
from bandwidth_messaging.services import keyword_replies
from functions.control import browse
from functions.messages import receive_callback, send_keyword_reply, send_message
from tests.functions.conftest import PASSED, Stack, call, call_api, clear_caches, sample
from tests.functions.messages.test_bus import Streams
from tests.functions.messages.test_sending import HOME, OWNER, RECIPIENT, at_bandwidth, send, worker
from tests.functions.messages.test_sending import ready as ready  # noqa: PLC0414 - a fixture
from tests.generations import both_generations, only_current

STOPPED, STARTED, HELPED = "You get no more texts.", "Welcome back.", "Call (919) 555-0100."
TEXTS = {
    "STOP_REPLY": STOPPED,
    "STOP_REPLY_FR": "Plus de messages.",
    "START_REPLY": STARTED,
    "HELP_REPLY": HELPED,
}
TOLL_FREE = "+18005550100"


@dataclass
class Desk:
    """A person who texts one of our numbers, and the replies. Everything is delivered three times."""

    stack: Stack
    streams: Streams
    time: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    number: int = 0

    def text(self, text: str, *, sender: str = RECIPIENT, owner: str = OWNER, to: Any = None) -> str:
        """Let a person text us a second after the last text. Return the id of the text."""
        self.number += 1
        self.time += timedelta(seconds=1)
        message_id = f"text-{self.number}"
        at = to_rfc3339(self.time.isoformat())
        event = {
            "type": "message-received",
            "time": at,
            "description": "Incoming message received",
            "to": owner,
            "message": {
                "id": message_id, "owner": owner, "applicationId": "app-1", "time": at, "segmentCount": 1,
                "direction": "in", "to": to or [owner], "from": sender, "text": text,
            },
        }  # fmt: skip
        for _ in range(3):
            callback = sample("messages/receive_callback") | {"body": json.dumps([event])}
            assert call(receive_callback, callback)["statusCode"] == 204
        return message_id

    def reply(self) -> list[str]:
        """Process all changes of the tables, and send what is queued. Return the texts at Bandwidth."""
        for _ in range(2):
            self.accept_replies()
            for queued in self.stack.receive_messages(self.stack.high_send_queue):
                worker(queued["Body"], queued["ReceiptHandle"])
        return [sent.text for sent in at_bandwidth(self.stack)]

    def accept_replies(self) -> None:
        """Process all changes of the tables."""
        for record in self.streams.records():
            if is_delivered(record):
                assert call(send_keyword_reply, {"Records": [record]}) == {"batchItemFailures": []}

    def replies(self) -> list[dict[str, Any]]:
        """Return the messages of the replies."""
        page: dict[str, Any] = call_api(browse, "GET", "/messages", query={"number": OWNER})[1]
        return [message for message in page["items"] if "replyTo" in message]


def is_delivered(record: dict[str, Any]) -> bool:
    """Return whether the filters of template.yaml deliver a record."""
    change = record["dynamodb"]
    is_statement = change["Keys"].get("pk", {}).get("S", "").startswith("OPT_OUT#")
    if is_statement:
        return "textId" in change["NewImage"]
    is_inbound = change["NewImage"].get("direction") == {"S": "in"}
    return record["eventName"] == "INSERT" and is_inbound and "keyword" in change["NewImage"]


@pytest.fixture
def desk(ready: Stack, monkeypatch: pytest.MonkeyPatch) -> Desk:
    for name, text in TEXTS.items():
        monkeypatch.setenv(name, text)
    clear_caches()
    desk = Desk(ready, Streams(ready))
    monkeypatch.setattr(keyword_replies, "now", lambda: to_rfc3339(desk.time.isoformat()))
    return desk


@both_generations
def test_stop_and_start_are_confirmed_once_and_decide_what_may_be_sent(desk: Desk) -> None:
    desk.text("STOP")
    assert desk.reply() == [STOPPED]
    assert send()[0] == 409

    desk.text("START")
    assert desk.reply() == [STOPPED, STARTED]
    assert send()[0] == 202


@only_current
def test_a_second_stop_gets_no_second_confirmation(desk: Desk) -> None:
    for text in ("STOP", "stop", "Unsubscribe"):
        desk.text(text)
        desk.reply()

    assert desk.reply() == [STOPPED]


@only_current
def test_stop_after_start_within_a_day_is_not_confirmed_again(desk: Desk) -> None:
    for text in ("STOP", "START", "STOP"):
        desk.text(text)
        desk.reply()
    assert desk.reply() == [STOPPED, STARTED]

    desk.time += timedelta(days=1)
    for text in ("START", "STOP"):
        desk.text(text)
        desk.reply()
    assert desk.reply() == [STOPPED, STARTED, STARTED, STOPPED]


@only_current
def test_start_without_an_opt_out_gets_no_reply(desk: Desk) -> None:
    desk.text("yes")

    assert desk.reply() == []


@only_current
def test_help_is_answered_once_a_day(desk: Desk) -> None:
    desk.text("HELP")
    desk.text("info")
    assert desk.reply() == [HELPED]

    desk.time += timedelta(days=1)
    desk.text("help?")
    assert desk.reply() == [HELPED, HELPED]


@only_current
def test_a_person_who_opted_out_gets_no_answer_to_help(desk: Desk) -> None:
    desk.text("STOP")
    desk.reply()
    desk.text("HELP")

    assert desk.reply() == [STOPPED]


@only_current
def test_help_of_a_person_who_opted_out_does_not_prevent_a_later_answer(desk: Desk) -> None:
    for text in ("STOP", "HELP"):
        desk.text(text)
        desk.reply()
    assert [reply["text"] for reply in desk.replies()] == [STOPPED]

    for text in ("START", "HELP"):
        desk.text(text)
        desk.reply()
    assert sorted(desk.reply()) == sorted([STOPPED, STARTED, HELPED])


@only_current
def test_the_reply_has_the_language_of_the_keyword_or_is_english(desk: Desk) -> None:
    desk.text("Arrêt")
    desk.text("Aide", sender="+19195550177")

    assert sorted(desk.reply()) == sorted(["Plus de messages.", HELPED])


@only_current
@pytest.mark.parametrize("text", ["Good morning", "stop calling me", "don't stop"])
def test_other_texts_get_no_reply(desk: Desk, text: str) -> None:
    desk.text(text)

    assert desk.reply() == []


@only_current
def test_groups_short_codes_and_names_get_no_reply(desk: Desk) -> None:
    desk.text("STOP", to=[OWNER, "+19195550199"])
    desk.text("STOP", sender="12345")
    desk.text("HELP", sender="Acme")

    assert desk.reply() == []


@only_current
def test_keywords_to_an_rcs_agent_get_no_reply(desk: Desk) -> None:
    for text in ("HELP", "STOP", "START"):
        desk.text(text, owner="ExampleAgent")

    assert desk.reply() == []


@only_current
def test_numbers_of_the_stack_do_not_answer_each_other(desk: Desk) -> None:
    other = "+19195550188"
    stores.numbers().activate(other, HOME, "2026-01-01T00:00:00.000Z")
    desk.text("STOP", sender=other)
    desk.text("HELP", sender=other)

    assert desk.reply() == []


@only_current
def test_a_text_of_a_number_to_itself_does_not_block_other_replies(desk: Desk) -> None:
    desk.text("STOP", sender=OWNER)
    desk.text("HELP", sender=OWNER)
    desk.text("STOP")

    assert desk.reply() == [STOPPED]


@only_current
def test_a_number_has_its_own_replies(desk: Desk) -> None:
    stores.numbers().set_replies(OWNER, {"stop": "", "help": "Ask Joe."})
    for text in ("HELP", "STOP", "START"):
        desk.text(text)
        desk.reply()

    assert desk.reply() == ["Ask Joe.", STARTED]


@only_current
def test_a_reply_shows_the_text_that_it_replies_to(desk: Desk) -> None:
    text_id = desk.text("HELP")
    desk.reply()

    page = call_api(browse, "GET", "/messages", query={"number": OWNER})[1]["items"]
    (reply,) = [message for message in page if message["direction"] == "out"]
    assert (reply["text"], reply["replyTo"], reply["priority"]) == (HELPED, text_id, "high")
    assert [message["messageId"] for message in page if "replyTo" not in message] == [text_id]


@only_current
def test_a_reply_expires_after_half_an_hour(desk: Desk) -> None:
    desk.text("HELP")
    accepted = desk.time
    desk.reply()

    (reply,) = desk.replies()
    assert datetime.fromisoformat(reply["expiration"]) == accepted + timedelta(minutes=30)


@only_current
def test_an_opt_out_that_has_ended_is_not_confirmed(desk: Desk) -> None:
    desk.text("STOP")
    desk.accept_replies()
    desk.text("START")

    assert desk.reply() == [STARTED]
    (failed,) = [reply for reply in desk.replies() if reply["state"] == "failed"]
    assert (failed["text"], failed["errorClass"]) == (STOPPED, "opt_out")
    assert failed["reason"].startswith(f"{RECIPIENT} accepts texts from {OWNER} again")


@only_current
def test_no_idempotency_key_is_that_of_a_reply(desk: Desk) -> None:
    text_id = desk.text("HELP")
    body = {"from": OWNER, "to": [RECIPIENT], "text": "Order 7 confirmed"}
    key = {"Idempotency-Key": f"reply to {text_id}"}
    assert call_api(send_message, "POST", "/messages", body=body, headers=key)[0] == 202

    assert desk.reply() == [HELPED]


@only_current
def test_two_stacks_that_answer_each_other_stop_after_one_reply_a_day(desk: Desk) -> None:
    # The other stack answers each text with its own HELP word.
    for _ in range(5):
        replies = desk.reply()
        desk.text("HELP")

    assert desk.reply() == replies == [HELPED]


@only_current
def test_the_network_confirms_stop_to_toll_free_numbers(desk: Desk) -> None:
    stores.numbers().activate(TOLL_FREE, HOME, "2026-01-01T00:00:00.000Z", preflight=PASSED)
    verified: Any = {"kind": "toll_free", "state": "registered", "checkedAt": "2026-01-01T00:00:00.000Z"}
    stores.numbers().record_registration(TOLL_FREE, verified)
    for text in ("STOP", "START", "HELP"):
        desk.text(text, owner=TOLL_FREE)
        desk.reply()

    assert desk.reply() == [HELPED]


@only_current
def test_an_old_keyword_gets_no_reply(desk: Desk) -> None:
    desk.text("STOP")
    desk.time += timedelta(hours=2)

    assert desk.reply() == []


@only_current
def test_without_texts_there_is_no_reply(desk: Desk, monkeypatch: pytest.MonkeyPatch, ready: Stack) -> None:
    for name in TEXTS:
        monkeypatch.setenv(name, "")
    clear_caches()
    desk.text("STOP")

    assert desk.reply() == []


@only_current
def test_an_opt_out_that_an_operator_recorded_is_not_confirmed(desk: Desk) -> None:
    at = to_rfc3339(desk.time.isoformat())
    stores.opt_outs().record(OWNER, RECIPIENT, opted_out=True, keyword="manual", at=at)

    assert desk.reply() == []


@only_current
def test_only_the_confirmation_is_sent_in_spite_of_the_opt_out(desk: Desk) -> None:
    _, waiting = send()
    desk.text("STOP")
    desk.reply()

    worker(waiting["messageId"])

    assert [sent.text for sent in at_bandwidth(desk.stack)] == [STOPPED]


@only_current
def test_a_failure_is_delivered_again_and_replies_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.text("STOP")

    def fail(*_: Any) -> None:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(stores.messages(), "add", fail)
        records = [each for each in desk.streams.records() if "pk" in each["dynamodb"]["Keys"]]
        (statement,) = [each for each in records if is_delivered(each)]
        failures = call(send_keyword_reply, {"Records": [statement]})["batchItemFailures"]

    assert failures == [{"itemIdentifier": statement["dynamodb"]["SequenceNumber"]}]
    assert desk.reply() == [STOPPED]
