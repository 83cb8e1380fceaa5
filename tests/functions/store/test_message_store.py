"""Messages are stored once, and listed newest first."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bandwidth_messaging.domain.message_search import MessageSearch
from bandwidth_messaging.store import message_items
from bandwidth_messaging.store.claims import Claims
from bandwidth_messaging.store.message_store import Messages
from bandwidth_messaging.store.receipts import Receipts
from tests.functions.store.message_samples import (
    AT,
    LATER,
    NOW,
    OWNER,
    RECIPIENT,
    inbound,
    outbound,
    receipt,
    stored,
)

pytestmark = pytest.mark.usefixtures("clock")

LONG_PAST = "2001-02-03T04:05:06.000Z"


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


def test_a_missing_message_is_none(messages: Messages) -> None:
    assert messages.get("out_unknown") is None


# Repeated requests


def test_a_repeated_request_rebuilds_the_first_item(
    messages: Messages, claims: Claims, receipts: Receipts
) -> None:
    first = messages.add(outbound(request_digest="a digest"))
    claims.claim("out_1", LATER)
    receipts.record_receipt(receipt("delivered"))
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


# Listing


def minute(number: int) -> str:
    return f"2026-02-03T04:{number:02}:00.000Z"


def test_the_messages_of_a_number_are_listed_newest_first(messages: Messages) -> None:
    messages.add(inbound("in-2", minute(2)))
    messages.add(outbound("out_1", minute(1)))
    messages.add(outbound("out_3", minute(3)))
    messages.add(outbound("out_9", minute(9), owner=RECIPIENT))

    page = messages.search(OWNER, MessageSearch(), limit=10)

    assert [item["messageId"] for item in page.items] == ["out_3", "in-2", "out_1"]
    assert page.items[0]["text"] == "Good morning!"
    assert page.next_key is None


def test_pages_have_no_gaps_and_no_duplicates(messages: Messages) -> None:
    for number in range(7):
        messages.add(outbound(f"out_{number}", minute(number)))
    seen: list[str] = []
    start: dict[str, Any] | None = None
    for _ in range(4):
        page = messages.search(OWNER, MessageSearch(), limit=3, start=start)
        assert len(page.items) <= 3
        seen += [item["messageId"] for item in page.items]
        start = page.next_key
        if start is None:
            break

    assert seen == [f"out_{number}" for number in reversed(range(7))]
    assert start is None


def test_a_number_without_messages_has_an_empty_page(messages: Messages) -> None:
    assert messages.search(RECIPIENT, MessageSearch(), limit=10) == ([], None)


def test_messages_of_the_same_time_are_all_listed(messages: Messages) -> None:
    for name in "abc":
        messages.add(outbound(f"out_{name}"))
    assert {item["messageId"] for item in messages.search(OWNER, MessageSearch(), limit=10).items} == {
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


def test_a_message_of_another_system_is_in_its_conversation(messages: Messages, receipts: Receipts) -> None:
    receipts.record_receipt(receipt("delivered", message_id="1562"))
    assert conversation(messages, RECIPIENT) == ["1562"]


def test_a_message_without_an_owner_is_in_no_conversation(messages: Messages, receipts: Receipts) -> None:
    receipts.record_receipt(receipt("delivered", message_id="1562", owner=None))
    assert "conversation" not in stored(messages, "1562")


def test_a_message_with_many_participants_is_stored_and_listed(messages: Messages) -> None:
    crowd = tuple(f"+1919556{number:04}" for number in range(400))
    messages.add(inbound("in-1", recipients=(OWNER, *crowd)))
    assert conversation(messages, RECIPIENT, *reversed(crowd)) == ["in-1"]


def test_pages_do_not_change_while_messages_arrive(messages: Messages, receipts: Receipts) -> None:
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
        receipts.record_receipt(receipt("delivered", message_id=f"out_{arriving - 10}"))

    assert seen == [f"out_{number}" for number in reversed(range(6))]
    assert start is None


# Retention


@pytest.mark.parametrize("time", [LONG_PAST, AT, "2999-02-03T04:05:06.000Z"])
def test_retention_counts_from_the_clock_of_the_stack(
    messages: Messages, receipts: Receipts, time: str
) -> None:
    messages.add(inbound("1561", time))
    receipts.record_receipt(receipt("delivered", time=time, message_id="1562"))

    for message_id in ("1561", "1562"):
        expires = datetime.fromtimestamp(stored(messages, message_id)["expiresAt"], UTC)
        assert expires == datetime.fromisoformat(NOW) + timedelta(days=90)


def test_retention_counts_from_the_first_write(
    messages: Messages, receipts: Receipts, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipts.record_receipt(receipt("sending", time=LATER, message_id="1562"))
    before = stored(messages, "1562")["expiresAt"]
    monkeypatch.setattr(message_items, "now", lambda: "2026-03-03T00:00:00.000Z")
    receipts.record_receipt(receipt("delivered", time=LATER, message_id="1562"))

    receipts.record_receipt(receipt("sending", time=LONG_PAST, message_id="1562"))

    assert stored(messages, "1562")["expiresAt"] == before
