"""Changes of the tables that are events, and the fields of the events."""

import json
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer

from bandwidth_messaging.api.bus_events import to_event
from bandwidth_messaging.domain.messages import RANKS, MessageState
from bandwidth_messaging.domain.numbers import STATES

AT, LATER = "2026-02-03T04:05:06.000Z", "2026-02-03T04:05:07.000Z"
MESSAGE: dict[str, Any] = {
    "messageId": "out_1",
    "direction": "out",
    "api": "v2",
    "owner": "+19195551212",
    "from": "+19195551212",
    "to": ["+19195551213"],
    "text": "a private word",
    "media": ["https://example.com/private.png"],
    "state": "accepted",
    "rank": 0,
    "acceptedAt": AT,
    "sortKey": f"{AT}#out_1",
    "expiresAt": 1777867506,
}
NUMBER: dict[str, Any] = {
    "pk": "NUMBER#+19102398766",
    "number": "+19102398766",
    "state": "active",
    "activeAt": AT,
}
ORDER: dict[str, Any] = {
    "pk": "ORDER#demo",
    "kind": "messaging_v2",
    "orderState": "started",
    "requested": 2,
    "steps": {},
    "startedAt": AT,
}

DRIFT: dict[str, Any] = {
    "pk": "DRIFT",
    "driftState": "found",
    "digest": "1b4f0e98",
    "counts": {"appeared": 1},
    "findings": [{"what": "appeared", "number": "+19195551212", "reason": "location 561 lists it"}],
    "foundAt": AT,
}
ENDED = {"pk": "DRIFT", "driftState": "ended", "foundAt": AT, "endedAt": LATER}

OPT_OUT: dict[str, Any] = {
    "pk": "OPT_OUT#+19195551212#+19195551213",
    "ours": "+19195551212",
    "theirs": "+19195551213",
    "optOutState": "out",
    "optedOutOf": "+19195551212",
    "keyword": "stop",
    "since": AT,
}
OPT_IN = {name: value for name, value in OPT_OUT.items() if name != "optedOutOf"} | {
    "optOutState": "in",
    "keyword": "start",
    "since": LATER,
}


def record(new: dict[str, Any] | None, old: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the stream record of a change from version 6 to 7."""
    serialize = TypeSerializer().serialize
    images = {"NewImage": new and {"version": 7} | new, "OldImage": old and {"version": 6} | old}
    return {
        "eventID": "c4ca4238",
        "eventName": "INSERT" if old is None else "MODIFY" if new else "REMOVE",
        "dynamodb": {"SequenceNumber": "111", "Keys": {}}
        | {name: serialize(item)["M"] for name, item in images.items() if item is not None},
    }


def detail_type(new: dict[str, Any] | None, old: dict[str, Any] | None = None) -> str | None:
    event = to_event(record(new, old))
    return event.detail_type if event else None


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("accepted", "Message Accepted"),
        ("send_unconfirmed", "Message Send Unconfirmed"),
        ("sent", "Message Sent"),
        ("delivery_unknown", "Message Delivery Unknown"),
        ("delivered", "Message Delivered"),
        ("failed", "Message Failed"),
        ("received", "Message Received"),
        ("sending", "Message Sending"),
    ],
)
def test_each_state_of_a_message_is_an_event(state: str, expected: str) -> None:
    assert detail_type(MESSAGE | {"state": state}) == expected
    back = "Message Updated" if state == "accepted" else expected
    assert detail_type(MESSAGE | {"state": state}, MESSAGE | {"state": "before"}) == back


def test_no_state_of_a_message_is_left_out() -> None:
    assert None not in [detail_type(MESSAGE | {"state": state}) for state in (*RANKS, MessageState.RECEIVED)]


@pytest.mark.parametrize("state", ["sending", "send_unconfirmed"])
def test_a_message_that_returns_to_the_queue_is_no_event(state: str) -> None:
    claimed = MESSAGE | {"state": state, "sendingAt": AT, "claim": "7c5f", "claims": 1}
    assert detail_type(MESSAGE | {"claim": "7c5f", "claims": 1}, claimed) is None


def test_only_the_first_claim_of_a_message_is_an_event() -> None:
    first = MESSAGE | {"state": "sending", "sendingAt": AT, "claim": "7c5f", "claims": 1}
    again = MESSAGE | {"state": "sending", "sendingAt": LATER, "claim": "90ab", "claims": 2}

    assert detail_type(first, MESSAGE) == "Message Sending"
    assert detail_type(again, MESSAGE | {"claim": "7c5f", "claims": 1}) is None


def test_a_claim_that_was_undone_before_it_was_written_does_not_hide_the_next_one() -> None:
    claimed = MESSAGE | {"state": "sending", "sendingAt": AT, "claim": "90ab", "claims": 1}
    assert detail_type(claimed, MESSAGE | {"claim": "7c5f"}) == "Message Sending"


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("pending", "Number Pending"),
        ("active", "Number Activated"),
        ("failed", "Number Failed"),
        ("releasing", "Number Releasing"),
        ("released", "Number Released"),
    ],
)
def test_each_state_of_a_number_is_an_event(state: str, expected: str) -> None:
    assert detail_type(NUMBER | {"state": state}) == expected
    assert detail_type(NUMBER | {"state": state}, NUMBER | {"state": "before"}) == expected


def test_no_state_of_a_number_is_left_out() -> None:
    assert None not in [detail_type(NUMBER | {"state": state}) for state in STATES]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("started", "Order Started"),
        ("ordered", "Order Placed"),
        ("completed", "Order Completed"),
        ("partial", "Order Partially Completed"),
        ("failed", "Order Failed"),
    ],
)
def test_each_state_of_an_order_is_an_event(state: str, expected: str) -> None:
    assert detail_type(ORDER | {"orderState": state}) == expected


@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        (OPT_OUT, None, "Opt-Out Recorded"),
        (OPT_OUT, OPT_IN, "Opt-Out Recorded"),
        (OPT_IN, OPT_OUT, "Opt-Out Ended"),
        (OPT_IN, None, None),
        (OPT_OUT | {"keyword": "quit", "since": LATER}, OPT_OUT, "Opt-Out Updated"),
        (OPT_IN | {"keyword": "yes"}, OPT_IN, None),
    ],
)
def test_the_start_the_repetition_and_the_end_of_an_opt_out_are_events(
    new: dict[str, Any], old: dict[str, Any] | None, expected: str | None
) -> None:
    assert detail_type(new, old) == expected


def test_an_opt_out_event_has_both_numbers_time_and_keyword() -> None:
    event = to_event(record(OPT_OUT))
    assert event is not None
    assert event.detail == {
        "eventId": "c4ca4238",
        "version": 7,
        "owner": "+19195551212",
        "number": "+19195551213",
        "since": AT,
        "keyword": "stop",
        "source": "text",
    }


@pytest.mark.parametrize(("with_content", "shown"), [(False, None), (True, "Phone call, ticket 4711")])
def test_an_opt_out_event_has_the_note_only_with_content(with_content: bool, shown: str | None) -> None:
    item = OPT_OUT | {"source": "manual", "note": "Phone call, ticket 4711"}

    event = to_event(record(item), with_content=with_content)

    assert event is not None
    assert event.detail.get("note") == shown


@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        (DRIFT, None, "Drift Found"),
        (DRIFT | {"digest": "0f8fad5b", "counts": {"vanished": 2}}, DRIFT, "Drift Updated"),
        (ENDED, DRIFT, "Drift Ended"),
        (DRIFT, ENDED, "Drift Found"),
    ],
)
def test_the_start_the_change_and_the_end_of_drift_are_events(
    new: dict[str, Any], old: dict[str, Any] | None, expected: str
) -> None:
    assert detail_type(new, old) == expected


def test_a_drift_event_has_differences_and_times() -> None:
    event = to_event(record(DRIFT))
    assert event is not None
    assert event.detail == {
        "eventId": "c4ca4238",
        "version": 7,
        "state": "found",
        "counts": {"appeared": 1},
        "findings": [{"what": "appeared", "number": "+19195551212", "reason": "location 561 lists it"}],
        "times": {"found": AT},
    }


@pytest.mark.parametrize(
    ("item", "change", "expected"),
    [
        (MESSAGE, {"bandwidthId": "1562"}, "Message Updated"),
        (MESSAGE, {"bandwidthSegmentCount": 2}, "Message Updated"),
        (MESSAGE | {"state": "failed"}, {"deliveredAt": LATER}, "Message Updated"),
        (
            MESSAGE,
            {"recipient +19195551213": {"state": "delivered", "rank": 5}},
            "Message Updated",
        ),
        (NUMBER, {"orderId": "order-2"}, "Number Updated"),
        (
            NUMBER | {"state": "releasing"},
            {"reason": "Cannot be removed", "errorCode": "25040"},
            "Number Updated",
        ),
        (ORDER, {"steps": {"Create application": {"state": "succeeded", "at": AT}}}, "Order Updated"),
    ],
)
def test_a_change_without_a_new_state_is_an_updated_event(
    item: dict[str, Any], change: dict[str, Any], expected: str
) -> None:
    assert detail_type(item | change, item) == expected


@pytest.mark.parametrize(
    ("item", "change"),
    [
        (MESSAGE, {}),
        (MESSAGE, {"claim": "0f8fad5b", "requestDigest": "1b4f0e98"}),
        (NUMBER | {"state": "releasing"}, {"detachedAt": AT, "numberId": "n-1"}),
        (ORDER, {"orderAttemptedAt": AT, "digest": "1b4f0e98"}),
    ],
)
def test_a_change_that_the_api_does_not_show_is_no_event(
    item: dict[str, Any], change: dict[str, Any]
) -> None:
    assert to_event(record(item | change, item)) is None


def test_a_message_that_waits_for_another_reason_is_no_event() -> None:
    waiting = MESSAGE | {"waiting": "rate", "expectedAt": AT}

    assert detail_type(waiting | {"waiting": "credentials"}, waiting) is None
    assert detail_type(waiting | {"expectedAt": LATER}, waiting) is None
    assert detail_type(MESSAGE, waiting) is None


@pytest.mark.parametrize("state", ["sending", "send_unconfirmed", "sent", "delivery_unknown"])
def test_a_message_that_waits_for_a_retry_is_updated(state: str) -> None:
    sent = MESSAGE | {"state": state, "rank": 1, "claims": 1}
    attempt = {"attempt first": {"failedAt": LATER, "errorCode": 5600}}
    waiting = MESSAGE | {"claims": 1, "attempts": 1, "waiting": "retry"} | attempt

    assert detail_type(waiting, sent) == "Message Updated"
    assert detail_type(waiting | {"state": "sending", "claims": 2}, waiting) is None


def test_an_accepted_event_has_the_time_when_the_message_is_expected() -> None:
    event = to_event(record(MESSAGE | {"waiting": "rate", "expectedAt": LATER}))
    assert event is not None
    assert (event.detail["waiting"], event.detail["expectedAt"]) == ("rate", LATER)


@pytest.mark.parametrize("item", [MESSAGE, NUMBER, ORDER, OPT_OUT, DRIFT])
def test_a_deletion_is_no_event(item: dict[str, Any]) -> None:
    assert to_event(record(None, item)) is None


def test_an_item_of_another_kind_is_no_event() -> None:
    assert to_event(record({"pk": "OPT_OUT#+1#+2", "state": "active"})) is None


def test_an_event_has_the_fields_of_the_api_without_text_and_media() -> None:
    event = to_event(record(MESSAGE | {"state": "delivered", "deliveredAt": LATER}, MESSAGE))

    assert event is not None
    assert event.detail == {
        "eventId": "c4ca4238",
        "version": 7,
        "messageId": "out_1",
        "direction": "out",
        "api": "v2",
        "owner": "+19195551212",
        "from": "+19195551212",
        "to": ["+19195551213"],
        "state": "delivered",
        "times": {"accepted": AT, "delivered": LATER},
        "recipients": {"+19195551213": {"state": "delivered"}},
        "mediaCount": 1,
    }
    assert "private" not in json.dumps(event.detail)


PENDING = {"archive": [{"name": "a.png", "key": "k/0"}, None]}
ARCHIVED = {"archive": [{"name": "a.png", "key": "k/0"}, {"name": "b.png", "reason": "gone"}]}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({}, PENDING, "Message Updated"),
        (PENDING, ARCHIVED, "Message Media Archived"),
        ({}, ARCHIVED, "Message Media Archived"),
        (ARCHIVED, ARCHIVED, None),
    ],
)
def test_media_are_archived_once_every_file_is_archived_or_lost(
    old: dict[str, Any], new: dict[str, Any], expected: str | None
) -> None:
    assert detail_type(MESSAGE | new, MESSAGE | old) == expected


def test_text_and_media_are_included_with_content() -> None:
    event = to_event(record(MESSAGE), with_content=True)
    assert event is not None
    assert (event.detail["text"], event.detail["media"]) == (MESSAGE["text"], MESSAGE["media"])


def test_a_failure_event_has_code_class_and_reason() -> None:
    outcome = {
        "state": "failed",
        "errorCode": 4720,
        "errorClass": "recipient",
        "reason": "It does not exist.",
    }

    event = to_event(record(MESSAGE | outcome | {"failedAt": LATER}, MESSAGE))

    assert event is not None
    assert event.detail_type == "Message Failed"
    assert {name: event.detail[name] for name in outcome} == outcome
    assert event.detail["recipients"] == {"+19195551213": outcome}


def test_a_failure_event_of_a_group_has_each_recipients_outcome() -> None:
    gone = {"state": "failed", "errorCode": 4720, "errorClass": "recipient", "reason": "It does not exist."}
    group = MESSAGE | {
        "to": ["+19195551213", "+19195551214"],
        "recipient +19195551213": gone | {"rank": 5},
        "recipient +19195551214": {"state": "delivered", "rank": 5},
    }

    event = to_event(record(group | {"state": "failed", "reason": "1 of 2 recipients failed"}, group))

    assert event is not None
    assert event.detail["reason"] == "1 of 2 recipients failed"
    assert event.detail["recipients"] == {"+19195551213": gone, "+19195551214": {"state": "delivered"}}


@pytest.mark.parametrize("word", ["stop", "start", "help"])
def test_an_event_of_a_keyword_has_the_keyword(word: str) -> None:
    event = to_event(record(MESSAGE | {"direction": "in", "state": "received", "keyword": word}))
    assert event is not None
    assert (event.detail_type, event.detail["keyword"]) == ("Message Received", word)


def test_number_and_order_events_have_the_order_id() -> None:
    number, order = to_event(record(NUMBER)), to_event(record(ORDER))

    assert number is not None
    assert order is not None
    assert number.detail["number"] == "+19102398766"
    assert (order.detail["customerOrderId"], order.detail["state"]) == ("demo", "started")
    assert not {"pk"} & (number.detail.keys() | order.detail.keys())


def test_a_redelivered_record_is_the_same_event() -> None:
    assert to_event(record(MESSAGE)) == to_event(record(MESSAGE))
