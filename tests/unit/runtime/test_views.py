"""What the API shows of what is stored: names of its own, and no keys of ours."""

from typing import Any

from bandwidth_messaging.runtime.views import message_view, number_view, order_view

AT, LATER = "2026-02-03T04:05:06.000Z", "2026-02-03T04:05:07.000Z"
OUTBOUND: dict[str, Any] = {
    "messageId": "out_1",
    "direction": "out",
    "api": "v2",
    "owner": "+19195551212",
    "from": "+19195551212",
    "to": ["+19195551213"],
    "text": "Good morning!",
    "tag": "order 7",
    "applicationId": "app-1",
    "bandwidthId": "1562",
    "segmentCount": 1,
    "state": "failed",
    "rank": 5,
    "errorCode": 4432,
    "reason": "forbidden",
    "acceptedAt": AT,
    "failedAt": LATER,
    "sortKey": f"{AT}#out_1",
    "expiresAt": 1777867506,
}


def test_an_outbound_message_shows_its_times_and_its_recipients() -> None:
    assert message_view(OUTBOUND) == {
        "messageId": "out_1",
        "direction": "out",
        "api": "v2",
        "owner": "+19195551212",
        "from": "+19195551212",
        "to": ["+19195551213"],
        "text": "Good morning!",
        "tag": "order 7",
        "applicationId": "app-1",
        "bandwidthId": "1562",
        "segmentCount": 1,
        "state": "failed",
        "errorCode": 4432,
        "reason": "forbidden",
        "times": {"accepted": AT, "failed": LATER},
        "recipients": {"+19195551213": {"state": "failed", "errorCode": 4432, "reason": "forbidden"}},
    }


def test_an_inbound_message_has_no_recipients_of_its_own() -> None:
    inbound = {
        "messageId": "1661",
        "direction": "in",
        "state": "received",
        "receivedAt": AT,
        "media": ["https://x"],
    }
    assert message_view(inbound) == {
        "messageId": "1661",
        "direction": "in",
        "state": "received",
        "media": ["https://x"],
        "times": {"received": AT},
    }


def test_a_foreign_message_may_know_no_recipient() -> None:
    view = message_view({"messageId": "1562", "direction": "out", "state": "delivered", "deliveredAt": AT})
    assert view["recipients"] == {}


def test_a_message_that_was_just_stored_shows_no_empty_fields() -> None:
    view = message_view(OUTBOUND | {"bandwidthId": None, "tag": None, "segmentCount": None, "media": None})
    assert not view.keys() & {"bandwidthId", "tag", "segmentCount", "media"}


def test_a_number_shows_where_it_belongs_and_since_when() -> None:
    item = {
        "pk": "NUMBER#+19102398766",
        "number": "+19102398766",
        "state": "active",
        "api": "v2",
        "applicationId": "app-1",
        "locationId": "561",
        "siteId": "743",
        "orderId": "order-1",
        "customerOrderId": "demo",
        "activeAt": AT,
    }
    assert number_view(item) == {
        "number": "+19102398766",
        "state": "active",
        "api": "v2",
        "applicationId": "app-1",
        "locationId": "561",
        "siteId": "743",
        "orderId": "order-1",
        "customerOrderId": "demo",
        "times": {"active": AT},
    }


def test_an_order_shows_its_steps_in_the_order_of_their_times() -> None:
    order = {
        "pk": "ORDER#demo",
        "kind": "messaging_v2",
        "orderState": "ordered",
        "requested": 2,
        "executionArn": "arn:execution",
        "applicationId": "app-1",
        "orderAttemptedAt": AT,
        "startedAt": AT,
        "orderedAt": LATER,
        "steps": {
            "Create location": {"state": "succeeded", "at": LATER},
            "Create application": {"state": "succeeded", "at": AT, "detail": "found"},
        },
    }
    assert order_view("demo", order) == {
        "customerOrderId": "demo",
        "kind": "messaging_v2",
        "state": "ordered",
        "requested": 2,
        "executionArn": "arn:execution",
        "applicationId": "app-1",
        "failures": [],
        "steps": [
            {"name": "Create application", "state": "succeeded", "at": AT, "detail": "found"},
            {"name": "Create location", "state": "succeeded", "at": LATER},
        ],
        "times": {"started": AT, "ordered": LATER},
    }


def test_an_order_shows_what_failed_with_and_without_a_number() -> None:
    order = {
        "orderState": "partial",
        "completed": 1,
        "failed": 2,
        "failures": [{"number": None, "code": "5017", "reason": "only part available"}],
    }
    numbers = [
        {"number": "+19102398766", "state": "active"},
        {"number": "+19102398768", "state": "failed", "errorCode": "5005", "reason": "taken"},
        {"number": "+19102398769", "state": "failed", "reason": "no reason given"},
    ]
    assert order_view("demo", order, numbers)["failures"] == [
        {"number": None, "code": "5017", "reason": "only part available"},
        {"number": "+19102398768", "code": "5005", "reason": "taken"},
        {"number": "+19102398769", "code": None, "reason": "no reason given"},
    ]
    assert order["failures"] == [{"number": None, "code": "5017", "reason": "only part available"}]
