"""Messages are stored once, claimed once, and only move up, with receipts in any order."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from bandwidth_messaging.domain.messages import RANKS, Message, MessageItem, MessageState, Receipt
from bandwidth_messaging.store import message_store as messages_module
from bandwidth_messaging.store.dynamodb import Table
from bandwidth_messaging.store.message_store import Messages

OWNER, RECIPIENT = "+19195551212", "+19195551213"
AT = "2026-02-03T04:05:06.000Z"
LATER = "2026-02-03T04:05:07.000Z"
NOW = "2026-02-05T00:00:00.000Z"
LONG_PAST = "2001-02-03T04:05:06.000Z"


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the clock of the stack to NOW."""
    monkeypatch.setattr(messages_module, "now", lambda: NOW)


def outbound(message_id: str = "out_1", time: str = AT, **changes: Any) -> Message:
    given: dict[str, Any] = {
        "message_id": message_id,
        "direction": "out",
        "api": "v2",
        "owner": OWNER,
        "sender": OWNER,
        "recipients": (RECIPIENT,),
        "text": "Good morning!",
        "state": "accepted",
        "time": time,
        "application_id": "an-application",
    }
    return Message(**given | changes)


def inbound(message_id: str = "1661365814859", time: str = AT, **changes: Any) -> Message:
    given = {"direction": "in", "sender": RECIPIENT, "recipients": (OWNER,), "state": "received"}
    return outbound(message_id, time, **given | changes)


def receipt(state: str, time: str = LATER, message_id: str = "out_1", **changes: Any) -> Receipt:
    given: dict[str, Any] = {
        "message_id": message_id,
        "bandwidth_id": "1562",
        "state": state,
        "time": time,
        "api": "v2",
        "owner": OWNER,
        "recipient": RECIPIENT,
        "application_id": "an-application",
        "segment_count": 1,
    }
    return Receipt(**given | changes)


def stored(messages: Messages, message_id: str = "out_1") -> dict[str, Any]:
    item = messages.get(message_id)
    assert item is not None
    return dict(item)


# Adding


def test_a_new_message_is_stored_with_its_expiry(messages: Messages) -> None:
    whole: dict[str, Any] = {
        "tag": "order 7",
        "media": ("https://example.com/a.png",),
        "encoding": "GSM-7",
        "segment_count": 1,
        "priority": "high",
        "expiration": LATER,
        "request_digest": "1b4f0e9851971998",
    }
    item = messages.add(outbound(**whole))
    assert item is not None
    assert item == messages.build_item(outbound(**whole))
    kept = stored(messages)
    assert kept == {name: value for name, value in item.items() if value is not None}
    expires = int((datetime.fromisoformat(NOW) + timedelta(days=90)).timestamp())

    assert kept == {
        "messageId": "out_1",
        "direction": "out",
        "api": "v2",
        "owner": OWNER,
        "from": OWNER,
        "to": [RECIPIENT],
        "text": "Good morning!",
        "media": ["https://example.com/a.png"],
        "tag": "order 7",
        "applicationId": "an-application",
        "encoding": "GSM-7",
        "segmentCount": 1,
        "priority": "high",
        "expiration": LATER,
        "requestDigest": "1b4f0e9851971998",
        "state": "accepted",
        "rank": 0,
        "acceptedAt": AT,
        "conversation": f"{OWNER}#{RECIPIENT}",
        "sortKey": f"{AT}#out_1",
        "expiresAt": expires,
    }


def test_a_message_is_added_once(messages: Messages) -> None:
    assert messages.add(inbound()) is not None
    before = stored(messages, "1661365814859")

    assert messages.add(inbound(time=LATER)) is None
    assert stored(messages, "1661365814859") == before


def test_a_message_may_have_no_text(messages: Messages) -> None:
    messages.add(outbound(text="", media=("https://example.com/a.png",)))
    assert "text" not in stored(messages)


def test_an_inbound_message_keeps_its_keyword_and_has_no_rank(messages: Messages) -> None:
    messages.add(inbound(keyword="stop"))

    kept = stored(messages, "1661365814859")

    assert (kept["keyword"], kept["state"], kept["receivedAt"]) == ("stop", "received", AT)
    assert "rank" not in kept


# Repeated requests


def test_a_repeated_request_rebuilds_the_first_item(messages: Messages) -> None:
    first = messages.add(outbound(request_digest="a digest"))
    messages.claim("out_1", LATER)
    messages.record_receipt(receipt("delivered"))
    again = outbound(time=LATER, request_digest="a digest")
    assert messages.add(again) is None
    before = stored(messages)

    assert before["requestDigest"] == "a digest"
    assert messages.build_item(replace(again, time=before["acceptedAt"])) == first


def test_a_repeated_request_writes_nothing(messages: Messages) -> None:
    messages.add(outbound(text="the first one"))
    before = stored(messages)

    assert messages.add(outbound(time=LATER, text="another one", request_digest="another")) is None
    assert stored(messages) == before


# Failing unclaimed messages


def test_an_unclaimed_message_fails_with_class_and_reason(messages: Messages) -> None:
    messages.add(outbound())

    failed, item = messages.fail_unclaimed("out_1", LATER, error_class="opt_out", reason="opted out")

    assert failed
    assert item == stored(messages)
    assert (item["state"], item["rank"], item["failedAt"]) == ("failed", RANKS[MessageState.FAILED], LATER)
    assert (item["errorClass"], item["reason"]) == ("opt_out", "opted out")
    assert "sendingAt" not in item
    assert not claimed(messages)


@pytest.mark.parametrize("state", sorted(RANKS.keys() - {"accepted"}))
def test_a_claimed_message_does_not_fail(messages: Messages, state: str) -> None:
    messages.add(outbound(state=state))
    before = stored(messages)

    assert messages.fail_unclaimed("out_1", LATER, error_class="sender", reason="released") == (False, before)
    assert stored(messages) == before


def test_failing_a_missing_message_creates_no_item(messages: Messages) -> None:
    assert messages.fail_unclaimed("out_unknown", AT, error_class="sender", reason="released") == (
        False,
        None,
    )
    assert messages.get("out_unknown") is None


def test_a_missing_message_is_none(messages: Messages) -> None:
    assert messages.get("out_unknown") is None


# Claiming


def claimed(messages: Messages, message_id: str = "out_1", at: str = LATER) -> MessageItem | None:
    """Claim a message. Return it if the claim succeeded."""
    found, holds_claim = messages.claim(message_id, at)
    return found if holds_claim else None


def test_an_accepted_message_is_claimed_once(messages: Messages) -> None:
    messages.add(outbound())

    taken = claimed(messages)

    assert taken is not None
    assert (taken["state"], taken["rank"], taken["sendingAt"]) == ("sending", 1, LATER)
    assert taken["text"] == "Good morning!"
    assert messages.claim("out_1", AT) == (taken, False)


def test_a_repeated_claim_call_holds_the_claim(
    messages: Messages, messages_table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    def attempt_twice(*key: Any, **changes: Any) -> Any:
        assert attempt(*key, **changes).done
        return attempt(*key, **changes)

    messages.add(outbound())
    attempt = messages_table.attempt

    with monkeypatch.context() as lossy:
        lossy.setattr(messages_table, "attempt", attempt_twice)
        assert claimed(messages) == stored(messages)

    assert not claimed(messages)


def test_claiming_a_missing_message_creates_no_item(messages: Messages) -> None:
    assert messages.claim("out_unknown", AT) == (None, False)
    assert messages.get("out_unknown") is None


@pytest.mark.parametrize("state", sorted(RANKS.keys() - {"accepted", "sending"}))
def test_a_message_in_a_later_state_is_not_claimed(messages: Messages, state: MessageState) -> None:
    messages.add(outbound())

    messages.advance("out_1", state, AT)

    assert messages.claim("out_1", LATER) == (stored(messages), False)
    assert stored(messages)["state"] == state


def test_an_inbound_message_is_not_claimed(messages: Messages) -> None:
    messages.add(inbound())
    before = stored(messages, "1661365814859")

    assert messages.claim("1661365814859", LATER) == (before, False)
    assert stored(messages, "1661365814859") == before


def test_a_released_claim_restores_the_message(messages: Messages) -> None:
    messages.add(outbound())
    before = stored(messages)
    taken = claimed(messages)
    assert taken is not None
    messages.release_claim(taken)

    assert stored(messages) == before | {"claim": taken["claim"], "claims": 1}
    assert claimed(messages)


class Lossy:
    """A table whose writes have chosen effects and return no response."""

    def __init__(self, table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
        self._attempt = table.attempt
        self._effects: list[str] = []
        self.late: list[Callable[[], Any]] = []
        monkeypatch.setattr(table, "attempt", self._lose)

    def effects(self, *effects: str) -> None:
        """Set the effects of the next writes: "done", "lost" (no effect), "unanswered" (effect), "late"."""
        self._effects = list(effects)

    def _lose(self, *key: Any, **changes: Any) -> Any:
        effect = self._effects.pop(0) if self._effects else "done"
        if effect == "late":
            self.late.append(lambda: self._attempt(*key, **changes))
        elif effect != "lost":
            result = self._attempt(*key, **changes)
        if effect != "done":
            raise ReadTimeoutError(endpoint_url="https://dynamodb")
        return result


@pytest.fixture
def lossy(messages_table: Table, monkeypatch: pytest.MonkeyPatch) -> Lossy:
    return Lossy(messages_table, monkeypatch)


def without_claims(item: Any) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in {"claim", "claims"}}


@pytest.mark.parametrize("effect", ["lost", "unanswered", "late"])
def test_a_claim_without_a_response_is_undone(messages: Messages, lossy: Lossy, effect: str) -> None:
    messages.add(outbound())
    before = stored(messages)
    lossy.effects(effect)

    with pytest.raises(ReadTimeoutError):
        messages.claim("out_1", LATER)

    assert without_claims(stored(messages)) == without_claims(before)
    assert claimed(messages)


def test_an_undone_claim_that_arrives_late_claims_nothing(messages: Messages, lossy: Lossy) -> None:
    messages.add(outbound())
    lossy.effects("late")
    with pytest.raises(ReadTimeoutError):
        messages.claim("out_1", LATER)
    (arrive,) = lossy.late

    arrive()

    assert stored(messages)["state"] == "accepted"
    assert claimed(messages)


@pytest.mark.parametrize("effect", ["lost", "unanswered"])
def test_a_claim_that_cannot_be_undone_raises_the_first_error(
    messages: Messages, lossy: Lossy, effect: str
) -> None:
    messages.add(outbound())
    lossy.effects("unanswered", effect)

    with pytest.raises(ReadTimeoutError):
        messages.claim("out_1", LATER)

    assert stored(messages)["state"] == {"lost": "sending", "unanswered": "accepted"}[effect]


def test_an_undone_claim_keeps_the_claim_of_another_worker(messages: Messages, lossy: Lossy) -> None:
    messages.add(outbound())
    assert claimed(messages)
    before = stored(messages)
    lossy.effects("lost")

    with pytest.raises(ReadTimeoutError):
        messages.claim("out_1", LATER)

    assert stored(messages) == before


def test_an_unconfirmed_message_can_be_released_by_its_claim(messages: Messages) -> None:
    messages.add(outbound())
    before = stored(messages)
    taken = claimed(messages)
    assert taken is not None
    messages.advance("out_1", MessageState.SEND_UNCONFIRMED, LATER, reason="the outcome is unknown")

    messages.release_claim(taken)

    assert stored(messages) == before | {"claim": taken["claim"], "claims": 1}


def test_only_the_claim_of_a_message_can_be_released(messages: Messages) -> None:
    messages.add(outbound())
    first = claimed(messages)
    assert first is not None
    messages.release_claim(first)
    assert claimed(messages)
    before = stored(messages)

    messages.release_claim(first)

    assert stored(messages) == before


@pytest.mark.parametrize("state", sorted(RANKS.keys() - {"accepted", "sending", "send_unconfirmed"}))
def test_a_message_in_a_later_state_is_not_released(messages: Messages, state: MessageState) -> None:
    messages.add(outbound())
    taken = claimed(messages)
    assert taken is not None
    messages.advance("out_1", state, LATER)

    messages.release_claim(taken)

    assert stored(messages)["state"] == state


# Advancing


@pytest.mark.parametrize("lower", RANKS)
@pytest.mark.parametrize("higher", RANKS)
def test_a_state_moves_up_only(messages: Messages, lower: MessageState, higher: MessageState) -> None:
    messages.add(outbound(state=lower))
    moved = messages.advance("out_1", higher, LATER)
    assert (moved is not None) == (RANKS[higher] > RANKS[lower])
    assert stored(messages)["state"] == (higher if moved else lower)
    if moved:
        assert moved == stored(messages)


def test_id_and_segment_count_of_bandwidth_are_stored_with_the_state(messages: Messages) -> None:
    messages.add(outbound())
    messages.claim("out_1", AT)
    assert messages.advance("out_1", MessageState.SENT, LATER, bandwidth_id="1562", segment_count=2)

    kept = stored(messages)
    assert (kept["bandwidthId"], kept["bandwidthSegmentCount"], kept["sentAt"]) == ("1562", 2, LATER)


def test_bandwidths_segment_count_does_not_replace_the_expected_one(messages: Messages) -> None:
    messages.add(outbound(segment_count=1))
    messages.record_receipt(receipt("delivered", segment_count=2))
    assert (stored(messages)["segmentCount"], stored(messages)["bandwidthSegmentCount"]) == (1, 2)


def test_a_late_response_still_adds_bandwidths_id_and_the_time(messages: Messages) -> None:
    messages.add(outbound())
    messages.claim("out_1", AT)
    messages.advance("out_1", MessageState.DELIVERED, LATER)
    assert not messages.advance("out_1", MessageState.SENT, AT, bandwidth_id="1562", segment_count=2)

    kept = stored(messages)
    assert (kept["state"], kept["bandwidthId"], kept["sentAt"], kept["deliveredAt"]) == (
        "delivered",
        "1562",
        AT,
        LATER,
    )


def test_a_failure_has_its_code_and_reason(messages: Messages) -> None:
    messages.add(outbound())

    messages.record_receipt(
        receipt("failed", error_code=4432, error_class="recipient", reason="no such country")
    )

    kept = stored(messages)
    assert (kept["state"], kept["errorCode"]) == ("failed", 4432)
    assert (kept["errorClass"], kept["reason"]) == ("recipient", "no such country")


@pytest.mark.parametrize(
    ("doubt", "code"), [(MessageState.SEND_UNCONFIRMED, None), (MessageState.DELIVERY_UNKNOWN, 9902)]
)
@pytest.mark.parametrize("end", ["delivered", "failed"])
def test_a_final_state_clears_an_earlier_reason(
    messages: Messages, doubt: MessageState, code: int | None, end: str
) -> None:
    messages.add(outbound())
    messages.advance(
        "out_1", doubt, AT, error_code=code, error_class="unknown", reason="the outcome is unknown"
    )

    messages.record_receipt(receipt(end))

    kept = stored(messages)
    assert kept["state"] == end
    assert not kept.keys() & {"errorCode", "errorClass", "reason"}


def test_advancing_a_missing_message_creates_no_item(messages: Messages) -> None:
    assert not messages.advance("out_unknown", MessageState.SENT, AT, bandwidth_id="1562")
    assert messages.get("out_unknown") is None


def test_a_receipt_does_not_change_an_inbound_message(messages: Messages) -> None:
    messages.add(inbound())
    before = stored(messages, "1661365814859")

    assert not messages.record_receipt(receipt("delivered", message_id="1661365814859"))
    assert not messages.advance("1661365814859", MessageState.FAILED, LATER, reason="a mistake")
    assert stored(messages, "1661365814859") == before


# Receipts


def test_the_receipt_of_another_systems_message_is_stored_under_bandwidths_id(messages: Messages) -> None:
    assert messages.record_receipt(receipt("delivered", message_id="1562"))
    expires = int((datetime.fromisoformat(NOW) + timedelta(days=90)).timestamp())
    assert stored(messages, "1562") == {
        "messageId": "1562",
        "direction": "out",
        "api": "v2",
        "owner": OWNER,
        "from": OWNER,
        "to": [RECIPIENT],
        "applicationId": "an-application",
        "bandwidthId": "1562",
        "bandwidthSegmentCount": 1,
        "state": "delivered",
        "rank": 5,
        "deliveredAt": LATER,
        "conversation": f"{OWNER}#{RECIPIENT}",
        "sortKey": f"{LATER}#1562",
        "expiresAt": expires,
    }


def test_a_message_of_another_system_keeps_its_place_in_the_list(messages: Messages) -> None:
    messages.record_receipt(receipt("sending", time=AT, message_id="1562"))
    place = stored(messages, "1562")["sortKey"]

    messages.record_receipt(receipt("delivered", time=LATER, message_id="1562"))

    assert stored(messages, "1562")["sortKey"] == place
    assert stored(messages, "1562")["state"] == "delivered"


def test_a_receipt_does_not_change_known_facts(messages: Messages) -> None:
    messages.add(outbound(tag="order 7"))

    messages.record_receipt(
        receipt("delivered", recipient="+19195559999", owner="+19195558888", application_id="x")
    )

    kept = stored(messages)
    assert (kept["to"], kept["owner"], kept["from"]) == ([RECIPIENT], OWNER, OWNER)
    assert (kept["applicationId"], kept["tag"], kept["text"]) == (
        "an-application",
        "order 7",
        "Good morning!",
    )
    assert kept["sortKey"] == f"{AT}#out_1"


def test_a_repeated_receipt_changes_nothing(messages: Messages) -> None:
    messages.add(outbound())
    assert messages.record_receipt(receipt("delivered"))
    before = stored(messages)

    assert not messages.record_receipt(receipt("delivered"))
    assert stored(messages) == before


@pytest.mark.parametrize("order", [("delivered", "failed"), ("failed", "delivered")])
def test_a_failure_outranks_a_delivery_in_any_order(messages: Messages, order: tuple[str, str]) -> None:
    ends = {
        "delivered": receipt("delivered", AT),
        "failed": receipt("failed", LATER, error_code=4432, reason="no such country"),
    }
    messages.add(outbound())
    for end in order:
        messages.record_receipt(ends[end])

    kept = stored(messages)

    assert (kept["state"], kept["errorCode"], kept["reason"]) == ("failed", 4432, "no such country")
    assert (kept["deliveredAt"], kept["failedAt"]) == (AT, LATER)


@pytest.mark.parametrize("code", [9902, 9999])
@pytest.mark.parametrize("order", [("delivered", "delivery_unknown"), ("delivery_unknown", "delivered")])
def test_a_delivery_replaces_delivery_unknown_in_any_order(
    messages: Messages, code: int, order: tuple[str, str]
) -> None:
    ends = {
        "delivered": receipt("delivered", LATER),
        "delivery_unknown": receipt("delivery_unknown", AT, error_code=code, reason="timed out"),
    }
    messages.add(outbound())
    for end in order:
        messages.record_receipt(ends[end])

    kept = stored(messages)

    assert kept["state"] == "delivered"
    assert not kept.keys() & {"errorCode", "errorClass", "reason"}
    assert (kept["delivery_unknownAt"], kept["deliveredAt"]) == (AT, LATER)


def test_a_read_message_is_delivered(messages: Messages) -> None:
    messages.add(outbound())
    assert messages.record_receipt(receipt("delivered", LATER, read_at=LATER))
    assert not messages.record_receipt(receipt("delivered", AT))

    kept = stored(messages)
    assert (kept["state"], kept["deliveredAt"], kept["readAt"]) == ("delivered", AT, LATER)


def test_a_message_that_bandwidth_reported_is_not_released(
    messages: Messages,
) -> None:
    messages.add(outbound())
    taken = claimed(messages)
    assert taken is not None
    messages.record_receipt(receipt("sending"))
    before = stored(messages)

    messages.release_claim(taken)

    assert stored(messages) == before


def test_the_earlier_of_two_failures_keeps_its_reason_in_any_order(messages: Messages) -> None:
    first = receipt("failed", AT, error_code=4720, error_class="recipient", reason="no such number")
    second = receipt("failed", LATER, error_code=4750)
    for position, order in enumerate([(first, second), (second, first)]):
        messages.add(outbound(f"out_{position}"))
        for each in order:
            messages.record_receipt(replace(each, message_id=f"out_{position}"))
        kept = stored(messages, f"out_{position}")
        assert (kept["errorCode"], kept["reason"], kept["failedAt"]) == (4720, "no such number", AT)


def test_a_receipt_that_loses_a_race_is_merged(
    messages: Messages, messages_table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = messages_table.change

    def after_another(*given: Any, **more: Any) -> Any:
        monkeypatch.setattr(messages_table, "change", change)
        messages.record_receipt(receipt("sending", AT))
        return change(*given, **more)

    messages.add(outbound())
    messages.record_receipt(receipt("delivered"))
    monkeypatch.setattr(messages_table, "change", after_another)

    messages.record_receipt(receipt("sent", AT, bandwidth_id="1561"))

    kept = stored(messages)
    assert (kept["state"], kept["sendingAt"], kept["sentAt"], kept["bandwidthId"]) == (
        "delivered",
        AT,
        AT,
        "1561",
    )


# Listing


def minute(number: int) -> str:
    return f"2026-02-03T04:{number:02}:00.000Z"


def test_the_messages_of_a_number_are_listed_newest_first(messages: Messages) -> None:
    messages.add(inbound("in-2", minute(2)))
    messages.add(outbound("out_1", minute(1)))
    messages.add(outbound("out_3", minute(3)))
    messages.add(outbound("out_9", minute(9), owner=RECIPIENT))

    page = messages.list_by_number(OWNER, limit=10)

    assert [item["messageId"] for item in page.items] == ["out_3", "in-2", "out_1"]
    assert page.items[0]["text"] == "Good morning!"
    assert page.next_key is None


def test_pages_have_no_gaps_and_no_duplicates(messages: Messages) -> None:
    for number in range(7):
        messages.add(outbound(f"out_{number}", minute(number)))
    seen: list[str] = []
    start: dict[str, Any] | None = None
    for _ in range(4):
        page = messages.list_by_number(OWNER, limit=3, start=start)
        assert len(page.items) <= 3
        seen += [item["messageId"] for item in page.items]
        start = page.next_key
        if start is None:
            break

    assert seen == [f"out_{number}" for number in reversed(range(7))]
    assert start is None


def test_a_number_without_messages_has_an_empty_page(messages: Messages) -> None:
    assert messages.list_by_number(RECIPIENT, limit=10) == ([], None)


def test_messages_of_the_same_time_are_all_listed(messages: Messages) -> None:
    for name in "abc":
        messages.add(outbound(f"out_{name}"))
    assert {item["messageId"] for item in messages.list_by_number(OWNER, limit=10).items} == {
        "out_a",
        "out_b",
        "out_c",
    }


# Conversations


THIRD = "+19195551214"


def conversation(messages: Messages, *others: str, limit: int = 10) -> list[str]:
    return [item["messageId"] for item in messages.list_by_conversation(OWNER, others, limit=limit).items]


def test_a_conversation_lists_both_directions_newest_first(messages: Messages) -> None:
    messages.add(outbound("out_1", minute(1)))
    messages.add(inbound("in-2", minute(2)))
    messages.add(outbound("out_3", minute(3)))
    messages.add(outbound("out_4", minute(4), recipients=(THIRD,)))
    messages.add(inbound("in-5", minute(5), sender=THIRD))
    messages.add(outbound("out_6", minute(6), owner=THIRD, sender=THIRD))

    assert conversation(messages, RECIPIENT) == ["out_3", "in-2", "out_1"]
    assert conversation(messages, THIRD) == ["in-5", "out_4"]


def test_a_group_is_one_conversation_for_all_senders(messages: Messages) -> None:
    messages.add(outbound("out_1", minute(1), recipients=(RECIPIENT, THIRD)))
    messages.add(inbound("in-2", minute(2), recipients=(OWNER, THIRD)))
    messages.add(inbound("in-3", minute(3), sender=THIRD, recipients=(RECIPIENT, OWNER)))
    messages.add(inbound("in-4", minute(4)))

    assert conversation(messages, THIRD, RECIPIENT) == ["in-3", "in-2", "out_1"]
    assert conversation(messages, RECIPIENT, THIRD, OWNER) == ["in-3", "in-2", "out_1"]
    assert conversation(messages, RECIPIENT) == ["in-4"]


def test_a_message_of_another_system_is_in_its_conversation(messages: Messages) -> None:
    messages.record_receipt(receipt("delivered", message_id="1562"))
    assert conversation(messages, RECIPIENT) == ["1562"]


def test_a_message_without_an_owner_is_in_no_conversation(messages: Messages) -> None:
    messages.record_receipt(receipt("delivered", message_id="1562", owner=None))
    assert "conversation" not in stored(messages, "1562")


def test_a_message_with_many_participants_is_stored_and_listed(messages: Messages) -> None:
    crowd = tuple(f"+1919556{number:04}" for number in range(400))
    messages.add(inbound("in-1", recipients=(OWNER, *crowd)))
    assert conversation(messages, RECIPIENT, *reversed(crowd)) == ["in-1"]


def test_pages_do_not_change_while_messages_arrive(messages: Messages) -> None:
    for number in range(6):
        messages.add(outbound(f"out_{number}", minute(number)))
    seen: list[str] = []
    start: dict[str, Any] | None = None
    for arriving in range(10, 14):
        page = messages.list_by_conversation(OWNER, [RECIPIENT], limit=2, start=start)
        seen += [item["messageId"] for item in page.items]
        start = page.next_key
        if start is None:
            break
        messages.add(inbound(f"in-{arriving}", minute(arriving)))
        messages.record_receipt(receipt("delivered", message_id=f"out_{arriving - 10}"))

    assert seen == [f"out_{number}" for number in reversed(range(6))]
    assert start is None


@pytest.mark.parametrize("time", [LONG_PAST, AT, "2999-02-03T04:05:06.000Z"])
def test_retention_counts_from_the_clock_of_the_stack(messages: Messages, time: str) -> None:
    messages.add(inbound("1561", time))
    messages.record_receipt(receipt("delivered", time=time, message_id="1562"))

    for message_id in ("1561", "1562"):
        expires = datetime.fromtimestamp(stored(messages, message_id)["expiresAt"], UTC)
        assert expires == datetime.fromisoformat(NOW) + timedelta(days=90)


def test_retention_counts_from_the_first_write(messages: Messages, monkeypatch: pytest.MonkeyPatch) -> None:
    messages.record_receipt(receipt("sending", time=LATER, message_id="1562"))
    before = stored(messages, "1562")["expiresAt"]
    monkeypatch.setattr(messages_module, "now", lambda: "2026-03-03T00:00:00.000Z")
    messages.record_receipt(receipt("delivered", time=LATER, message_id="1562"))

    messages.record_receipt(receipt("sending", time=LONG_PAST, message_id="1562"))

    assert stored(messages, "1562")["expiresAt"] == before


def test_a_recipient_of_a_group_message_has_its_own_carrier(messages: Messages) -> None:
    group = (RECIPIENT, "+19195551215")
    for carrier, recipient in zip(("Acme", "Other"), group, strict=True):
        messages.record_receipt(
            receipt(
                "delivered",
                message_id="1562",
                recipient=recipient,
                recipients=group,
                channel="MMS",
                carrier_name=carrier,
            )
        )

    kept = stored(messages, "1562")

    assert [kept[f"recipient {each}"]["carrierName"] for each in group] == ["Acme", "Other"]
    assert (kept.get("carrierName"), kept["channel"]) == (None, "MMS")
