"""GET /messages with filters: which messages are listed, page by page, and how many are read."""

from typing import Any

import pytest

from bandwidth_messaging.domain.messages import Message, MessageState
from bandwidth_messaging.runtime import stores
from bandwidth_messaging.store import message_store
from functions.control import browse
from tests.functions.conftest import Stack, call_api

OURS, THEIRS = "+19102398766", "+19195551234"


def at(minute: int) -> str:
    return f"2026-01-01T00:{minute:02}:00.000Z"


def store(minute: int, *, direction: Any = "out", tag: str | None = None, state: str = "accepted") -> str:
    """Store a message of this minute, and return its id."""
    ends = (OURS, THEIRS) if direction == "out" else (THEIRS, OURS)
    message = Message(
        message_id=f"message-{minute:02}", direction=direction, api="v2", owner=OURS, sender=ends[0],
        recipients=(ends[1],), text="Hello", state=MessageState(state), time=at(minute), tag=tag,
    )  # fmt: skip
    stores.messages().add(message)
    return message.message_id


def fail(message_id: str, error_class: str) -> None:
    stores.receipts().advance(message_id, MessageState.FAILED, at(59), error_class=error_class, reason="no")


def search(**query: str) -> Any:
    status, page = call_api(browse, "GET", "/messages", query={"number": OURS} | query)
    assert status == 200, page
    return page


def minutes(page: Any) -> list[int]:
    return [int(item["messageId"][-2:]) for item in page["items"]]


def pages(**query: str) -> list[list[int]]:
    """Return the messages of each page."""
    found, page = [], search(**query)
    found.append(minutes(page))
    while page["cursor"]:
        page = search(cursor=page["cursor"], **query)
        found.append(minutes(page))
    return found


@pytest.fixture
def messages(stack: Stack) -> None:
    """Messages of ten minutes: even ones are sent and odd ones received, and two have failed."""
    for minute in range(10):
        is_inbound = minute % 2 == 1
        store(
            minute,
            direction="in" if is_inbound else "out",
            state="received" if is_inbound else "accepted",
            tag="shop" if minute in {0, 4, 8} else None,
        )
    fail("message-04", "carrier")
    fail("message-06", "spam")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"state": "received"}, [9, 7, 5, 3, 1]),
        ({"state": "failed"}, [6, 4]),
        ({"direction": "out"}, [8, 6, 4, 2, 0]),
        ({"tag": "shop"}, [8, 4, 0]),
        ({"tag": "Shop"}, []),
        ({"errorClass": "carrier"}, [4]),
        ({"state": "failed", "tag": "shop"}, [4]),
        ({"from": at(7)}, [9, 8, 7]),
        ({"to": at(2)}, [1, 0]),
        ({"from": at(3), "to": at(5)}, [4, 3]),
        ({"from": at(3), "to": at(9), "direction": "in"}, [7, 5, 3]),
        # The same times with another offset, and without a fraction.
        ({"from": "2026-01-01T01:07:00+01:00", "to": "2026-01-01T00:09:00Z"}, [8, 7]),
    ],
)
def test_a_filter_lists_only_the_messages_that_match(
    messages: None, query: dict[str, str], expected: list[int]
) -> None:
    assert minutes(search(**query)) == expected


@pytest.mark.parametrize("limit", range(1, 7))
@pytest.mark.parametrize("step", [1, 2, 3, 100])
def test_pages_have_each_matching_message_once(
    messages: None, limit: int, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_store, "SEARCH_STEP", step)

    found = pages(direction="out", limit=str(limit))

    assert [minute for page in found for minute in page] == [8, 6, 4, 2, 0]
    assert all(len(page) <= limit for page in found)


def test_pages_of_a_time_range_stay_in_it(messages: None) -> None:
    assert pages(**{"from": at(2), "to": at(7), "limit": "2"}) == [[6, 5], [4, 3], [2]]


def test_a_page_reads_a_bounded_number_of_messages(messages: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_store, "SEARCH_STEP", 2)
    monkeypatch.setattr(message_store, "MAX_SEARCHED", 4)

    # Only the oldest message of a tag is far from the newest.
    assert pages(tag="shop", to=at(8)) == [[4], [0]]


def test_the_page_after_the_last_message_read_can_be_empty(
    messages: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_store, "SEARCH_STEP", 2)
    monkeypatch.setattr(message_store, "MAX_SEARCHED", 2)

    assert pages(errorClass="spam") == [[], [6], [], [], []]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"state": "received"}, {"state": "failed"}),
        ({"state": "received"}, {}),
        ({}, {"direction": "out"}),
        ({"from": at(2)}, {"from": at(3)}),
        ({"tag": "shop"}, {"tag": "shop' errorClass='spam"}),
        ({"state": "failed", "errorClass": "spam"}, {"state": "failed"}),
    ],
)
def test_a_cursor_is_valid_only_with_the_filters_that_returned_it(
    messages: None, first: dict[str, str], second: dict[str, str]
) -> None:
    cursor = search(limit="1", **first)["cursor"]

    status, problem = call_api(browse, "GET", "/messages", query={"number": OURS, "cursor": cursor, **second})

    assert (status, problem["errors"][0]["field"]) == (422, "cursor")


@pytest.mark.parametrize(
    ("query", "field", "detail"),
    [
        ({"from": "yesterday"}, "from", '"yesterday" is not a time with an offset.'),
        ({"from": "1760000000"}, "from", '"1760000000" is not a time with an offset.'),
        ({"to": "2026-01-01T00:00:00"}, "to", '"2026-01-01T00:00:00" is not a time with an offset.'),
        ({"to": "9999-12-31T23:59:59-23:00"}, "to", '"9999-12-31T23:59:59-23:00" is not a time'),
        ({"from": at(3), "to": at(3)}, "to", f"{at(3)} is not after from ({at(3)}). Give a later time."),
        ({"state": "lost"}, "state", "input should be 'accepted', "),
        ({"direction": "up"}, "direction", "input should be 'in' or 'out'"),
        ({"errorClass": "bad"}, "errorClass", "input should be 'request', "),
        ({"tag": "x" * 1025}, "tag", "string should have at most 1024 characters"),
    ],
)
def test_an_invalid_filter_is_a_422_with_its_name(
    stack: Stack, query: dict[str, str], field: str, detail: str
) -> None:
    status, problem = call_api(browse, "GET", "/messages", query={"number": OURS} | query)

    assert status == 422
    assert [error["field"] for error in problem["errors"]] == [field]
    assert problem["errors"][0]["detail"].startswith(detail)
