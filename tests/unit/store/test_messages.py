"""Messages: stored once, claimed once, and moved up only, in whatever order they hear of it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bandwidth_messaging.domain.messages import RANKS, Message, Receipt
from bandwidth_messaging.store.messages import Messages

OURS, THEIRS = "+19195551212", "+19195551213"
AT = "2026-02-03T04:05:06.000Z"
LATER = "2026-02-03T04:05:07.000Z"
IN_MEMORY = {"suppress_health_check": [HealthCheck.function_scoped_fixture]}


def outbound(message_id: str = "out_1", time: str = AT, **changes: Any) -> Message:
    given: dict[str, Any] = {
        "message_id": message_id,
        "direction": "out",
        "api": "v2",
        "owner": OURS,
        "sender": OURS,
        "recipients": (THEIRS,),
        "text": "Good morning!",
        "state": "accepted",
        "time": time,
        "application_id": "an-application",
    }
    return Message(**given | changes)


def inbound(message_id: str = "1661365814859", time: str = AT) -> Message:
    return outbound(message_id, time, direction="in", sender=THEIRS, recipients=(OURS,), state="received")


def receipt(state: str, time: str = LATER, message_id: str = "out_1", **changes: Any) -> Receipt:
    given: dict[str, Any] = {
        "message_id": message_id,
        "bandwidth_id": "1562",
        "state": state,
        "time": time,
        "api": "v2",
        "owner": OURS,
        "recipient": THEIRS,
        "application_id": "an-application",
        "segment_count": 1,
    }
    return Receipt(**given | changes)


def stored(messages: Messages, message_id: str = "out_1") -> dict[str, Any]:
    item = messages.get(message_id)
    assert item is not None
    return item


# Adding


def test_a_new_message_is_stored_whole_with_the_day_it_is_deleted(messages: Messages) -> None:
    item = messages.add(outbound(tag="order 7", media=("https://example.com/a.png",)))
    assert item is not None
    kept = stored(messages)
    assert kept == {name: value for name, value in item.items() if value is not None}
    expires = int((datetime.fromisoformat(AT) + timedelta(days=90)).timestamp())
    assert kept == {
        "messageId": "out_1",
        "direction": "out",
        "api": "v2",
        "owner": OURS,
        "from": OURS,
        "to": [THEIRS],
        "text": "Good morning!",
        "media": ["https://example.com/a.png"],
        "tag": "order 7",
        "applicationId": "an-application",
        "state": "accepted",
        "rank": 0,
        "acceptedAt": AT,
        "sortKey": f"{AT}#out_1",
        "expiresAt": expires,
    }


def test_a_message_is_added_once(messages: Messages) -> None:
    assert messages.add(inbound()) is not None
    before = stored(messages, "1661365814859")
    assert messages.add(inbound(time=LATER)) is None
    assert stored(messages, "1661365814859") == before


def test_a_message_that_is_not_there_is_none(messages: Messages) -> None:
    assert messages.get("out_unknown") is None


# Claiming


def test_an_accepted_message_is_claimed_once(messages: Messages) -> None:
    messages.add(outbound())
    claimed = messages.claim("out_1", LATER)
    assert claimed is not None
    assert (claimed["state"], claimed["rank"], claimed["sendingAt"]) == ("sending", 1, LATER)
    assert claimed["text"] == "Good morning!"
    assert messages.claim("out_1", LATER) is None


def test_a_message_that_is_not_there_is_not_claimed_and_not_made(messages: Messages) -> None:
    assert messages.claim("out_unknown", AT) is None
    assert messages.get("out_unknown") is None


@pytest.mark.parametrize("state", sorted(RANKS.keys() - {"accepted", "sending"}))
def test_a_message_that_is_further_is_not_claimed(messages: Messages, state: str) -> None:
    messages.add(outbound())
    messages.advance("out_1", state, AT)
    assert messages.claim("out_1", LATER) is None
    assert stored(messages)["state"] == state


def test_an_inbound_message_is_not_claimed(messages: Messages) -> None:
    messages.add(inbound())
    assert messages.claim("1661365814859", LATER) is None


def test_a_message_put_back_is_as_it_was_and_may_be_claimed_again(messages: Messages) -> None:
    messages.add(outbound())
    before = stored(messages)
    messages.claim("out_1", LATER)
    messages.put_back("out_1")
    assert stored(messages) == before
    assert messages.claim("out_1", LATER) is not None


@pytest.mark.parametrize("state", sorted(RANKS.keys() - {"accepted", "sending"}))
def test_a_message_that_is_further_is_not_put_back(messages: Messages, state: str) -> None:
    messages.add(outbound())
    messages.claim("out_1", AT)
    messages.advance("out_1", state, LATER)
    messages.put_back("out_1")
    assert stored(messages)["state"] == state


# Advancing


@pytest.mark.parametrize("lower", RANKS)
@pytest.mark.parametrize("higher", RANKS)
def test_a_state_moves_up_only(messages: Messages, lower: str, higher: str) -> None:
    messages.add(outbound(state=lower))
    moved = messages.advance("out_1", higher, LATER)
    assert moved == (RANKS[higher] > RANKS[lower])
    assert stored(messages)["state"] == (higher if moved else lower)


def test_the_answer_of_bandwidth_is_kept_with_the_state(messages: Messages) -> None:
    messages.add(outbound())
    messages.claim("out_1", AT)
    assert messages.advance("out_1", "sent", LATER, bandwidth_id="1562", segment_count=2)
    kept = stored(messages)
    assert (kept["bandwidthId"], kept["segmentCount"], kept["sentAt"]) == ("1562", 2, LATER)


def test_a_late_answer_still_brings_bandwidths_id_and_its_time(messages: Messages) -> None:
    messages.add(outbound())
    messages.claim("out_1", AT)
    messages.advance("out_1", "delivered", LATER)
    assert not messages.advance("out_1", "sent", AT, bandwidth_id="1562", segment_count=2)
    kept = stored(messages)
    assert (kept["state"], kept["bandwidthId"], kept["sentAt"], kept["deliveredAt"]) == (
        "delivered",
        "1562",
        AT,
        LATER,
    )


def test_a_failure_has_its_code_and_reason(messages: Messages) -> None:
    messages.add(outbound())
    messages.record(receipt("failed", error_code=4432, reason="forbidden to country"))
    kept = stored(messages)
    assert (kept["state"], kept["errorCode"], kept["reason"]) == ("failed", 4432, "forbidden to country")


@pytest.mark.parametrize(("doubt", "code"), [("send_unconfirmed", None), ("delivery_unknown", 9902)])
@pytest.mark.parametrize("end", ["delivered", "failed"])
def test_an_end_clears_the_doubt_before_it(
    messages: Messages, doubt: str, code: int | None, end: str
) -> None:
    messages.add(outbound())
    messages.advance("out_1", doubt, AT, error_code=code, reason="nobody knows")
    messages.record(receipt(end))
    kept = stored(messages)
    assert kept["state"] == end
    assert "errorCode" not in kept
    assert "reason" not in kept


def test_an_unknown_message_of_ours_is_not_made_by_what_the_worker_knows(messages: Messages) -> None:
    assert not messages.advance("out_unknown", "sent", AT, bandwidth_id="1562")
    assert messages.get("out_unknown") is None


def test_an_inbound_message_stays_as_it_is_whatever_is_said_of_its_id(messages: Messages) -> None:
    messages.add(inbound())
    before = stored(messages, "1661365814859")
    assert not messages.record(receipt("delivered", message_id="1661365814859"))
    assert not messages.advance("1661365814859", "failed", LATER, reason="a mistake")
    assert stored(messages, "1661365814859") == before


# Receipts


def test_the_receipt_of_another_systems_message_is_stored_under_bandwidths_id(messages: Messages) -> None:
    assert messages.record(receipt("delivered", message_id="1562"))
    expires = int((datetime.fromisoformat(LATER) + timedelta(days=90)).timestamp())
    assert stored(messages, "1562") == {
        "messageId": "1562",
        "direction": "out",
        "api": "v2",
        "owner": OURS,
        "from": OURS,
        "to": [THEIRS],
        "applicationId": "an-application",
        "bandwidthId": "1562",
        "segmentCount": 1,
        "state": "delivered",
        "rank": 5,
        "deliveredAt": LATER,
        "sortKey": f"{LATER}#1562",
        "expiresAt": expires,
    }


def test_a_foreign_message_keeps_its_place_in_the_list_when_more_is_heard_of_it(messages: Messages) -> None:
    messages.record(receipt("sending", time=AT, message_id="1562"))
    place = stored(messages, "1562")["sortKey"]
    messages.record(receipt("delivered", time=LATER, message_id="1562"))
    assert stored(messages, "1562")["sortKey"] == place
    assert stored(messages, "1562")["state"] == "delivered"


def test_a_receipt_changes_nothing_that_we_knew_first(messages: Messages) -> None:
    messages.add(outbound(tag="order 7"))
    messages.record(receipt("delivered", recipient="+19195559999", owner="+19195558888", application_id="x"))
    kept = stored(messages)
    assert (kept["to"], kept["owner"], kept["from"]) == ([THEIRS], OURS, OURS)
    assert (kept["applicationId"], kept["tag"], kept["text"]) == (
        "an-application",
        "order 7",
        "Good morning!",
    )
    assert kept["sortKey"] == f"{AT}#out_1"


def test_a_receipt_that_comes_again_changes_nothing(messages: Messages) -> None:
    messages.add(outbound())
    assert messages.record(receipt("delivered"))
    before = stored(messages)
    assert not messages.record(receipt("delivered"))
    assert stored(messages) == before


def test_of_two_ends_the_first_one_stays(messages: Messages) -> None:
    messages.add(outbound())
    messages.record(receipt("delivered"))
    assert not messages.record(receipt("failed", error_code=4432, reason="too late"))
    kept = stored(messages)
    assert kept["state"] == "delivered"
    assert "errorCode" not in kept


NEWS = [
    receipt("sending", "2026-02-03T04:05:07.000Z"),
    receipt("sent", "2026-02-03T04:05:08.000Z"),
    receipt("delivery_unknown", "2026-02-03T04:05:09.000Z", error_code=9902, reason="timed out"),
    receipt("delivered", "2026-02-03T04:05:10.000Z"),
]
_ids = count()


def after(messages: Messages, news: Sequence[Receipt]) -> dict[str, Any]:
    """Return a message's item after it was accepted and the news came, without what is its own."""
    message_id = f"out_{next(_ids)}"
    messages.add(outbound(message_id))
    for told in news:
        messages.record(Receipt(**vars(told) | {"message_id": message_id}))
    item = stored(messages, message_id)
    return {name: value for name, value in item.items() if name not in {"messageId", "sortKey"}}


@settings(max_examples=20, **IN_MEMORY)  # type: ignore[arg-type]
@given(order=st.permutations(NEWS), repeated=st.lists(st.sampled_from(NEWS), max_size=4))
def test_early_late_and_repeated_receipts_all_lead_to_the_same_item(
    messages: Messages, order: list[Receipt], repeated: list[Receipt]
) -> None:
    assert after(messages, [*order, *repeated]) == after(messages, NEWS)


@settings(max_examples=20, **IN_MEMORY)  # type: ignore[arg-type]
@given(news=st.lists(st.sampled_from([*NEWS, receipt("failed", error_code=4432, reason="no")]), max_size=6))
def test_the_rank_never_falls_and_always_fits_the_state(messages: Messages, news: list[Receipt]) -> None:
    message_id = f"out_{next(_ids)}"
    messages.add(outbound(message_id))
    rank = 0
    for told in news:
        moved = messages.record(Receipt(**vars(told) | {"message_id": message_id}))
        item = stored(messages, message_id)
        assert moved == (RANKS[told.state] > rank)
        assert item["rank"] == RANKS[item["state"]] >= rank
        rank = item["rank"]


# Listing


def minute(number: int) -> str:
    return f"2026-02-03T04:{number:02}:00.000Z"


def test_a_numbers_messages_come_newest_first_in_both_directions(messages: Messages) -> None:
    messages.add(inbound("in-2", minute(2)))
    messages.add(outbound("out_1", minute(1)))
    messages.add(outbound("out_3", minute(3)))
    messages.add(outbound("out_9", minute(9), owner=THEIRS))
    page = messages.of_number(OURS, limit=10)
    assert [item["messageId"] for item in page.items] == ["out_3", "in-2", "out_1"]
    assert page.items[0]["text"] == "Good morning!"
    assert page.next_key is None


def test_pages_follow_each_other_without_gap_or_repetition(messages: Messages) -> None:
    for number in range(7):
        messages.add(outbound(f"out_{number}", minute(number)))
    seen: list[str] = []
    start: dict[str, Any] | None = None
    for _ in range(4):
        page = messages.of_number(OURS, limit=3, start=start)
        assert len(page.items) <= 3
        seen += [item["messageId"] for item in page.items]
        start = page.next_key
        if start is None:
            break
    assert seen == [f"out_{number}" for number in reversed(range(7))]
    assert start is None


def test_a_number_without_messages_has_an_empty_page(messages: Messages) -> None:
    assert messages.of_number(THEIRS, limit=10) == ([], None)


def test_messages_of_the_same_moment_are_all_listed(messages: Messages) -> None:
    for name in "abc":
        messages.add(outbound(f"out_{name}"))
    assert {item["messageId"] for item in messages.of_number(OURS, limit=10).items} == {
        "out_a",
        "out_b",
        "out_c",
    }


def test_retention_counts_from_the_messages_own_time(messages: Messages) -> None:
    messages.add(outbound())
    expires = datetime.fromtimestamp(stored(messages)["expiresAt"], UTC)
    assert expires == datetime.fromisoformat(AT) + timedelta(days=90)
