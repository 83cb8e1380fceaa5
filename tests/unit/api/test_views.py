"""Views of stored items: the API's names, and no keys of the tables."""

from typing import Any

import pytest

from bandwidth_messaging.api.views import message_view, number_view, opt_out_view, order_view

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
    "encoding": "GSM-7",
    "segmentCount": 1,
    "bandwidthSegmentCount": 2,
    "priority": "high",
    "expiration": LATER,
    "requestDigest": "1b4f0e9851971998",
    "claim": "0f8fad5bd9cb469fa16570867728950e",
    "conversation": "+19195551212#+19195551213",
    "state": "failed",
    "rank": 5,
    "errorCode": 4432,
    "errorClass": "recipient",
    "reason": "forbidden",
    "bandwidthReason": "country not enabled",
    "channel": "SMS",
    "carrierName": "Acme",
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
        "encoding": "GSM-7",
        "segmentCount": 1,
        "bandwidthSegmentCount": 2,
        "priority": "high",
        "expiration": LATER,
        "state": "failed",
        "errorCode": 4432,
        "errorClass": "recipient",
        "reason": "forbidden",
        "bandwidthReason": "country not enabled",
        "channel": "SMS",
        "carrierName": "Acme",
        "times": {"accepted": AT, "failed": LATER},
        "recipients": {
            "+19195551213": {
                "state": "failed",
                "errorCode": 4432,
                "errorClass": "recipient",
                "reason": "forbidden",
                "bandwidthReason": "country not enabled",
                "carrierName": "Acme",
            }
        },
    }


GROUP = ["+19195551213", "+19195551214", "+19195551215"]


def test_a_group_shows_each_recipients_own_outcome() -> None:
    refused = {
        "state": "failed",
        "errorCode": 4432,
        "errorClass": "recipient",
        "reason": "forbidden",
        "bandwidthReason": "country not enabled",
        "carrierName": "Acme",
    }
    view = message_view(
        {
            "messageId": "out_1",
            "direction": "out",
            "to": GROUP,
            "state": "sent",
            "sentAt": AT,
            f"recipient {GROUP[0]}": refused | {"rank": 5},
            f"recipient {GROUP[1]}": {"state": "delivered", "rank": 5},
        }
    )
    assert view == {
        "messageId": "out_1",
        "direction": "out",
        "to": GROUP,
        "state": "sent",
        "times": {"sent": AT},
        "recipients": {GROUP[0]: refused, GROUP[1]: {"state": "delivered"}, GROUP[2]: {"state": "sent"}},
    }


def test_a_failed_group_shows_the_reason_for_each_recipient() -> None:
    refused = {"state": "failed", "errorClass": "request", "reason": "too many recipients"}
    view = message_view({"messageId": "out_1", "direction": "out", "to": GROUP, **refused})
    assert view["recipients"] == dict.fromkeys(GROUP, refused)


def test_an_opt_out_shows_number_time_and_keyword() -> None:
    item = {
        "pk": f"OPT_OUT#+19195551212#{GROUP[0]}",
        "ours": "+19195551212",
        "theirs": GROUP[0],
        "optOutState": "out",
        "optedOutOf": "+19195551212",
        "keyword": "4475",
        "since": AT,
    }
    assert opt_out_view(item) == {
        "owner": "+19195551212",
        "number": GROUP[0],
        "since": AT,
        "keyword": "4475",
        # Earlier versions stored no source.
        "source": "carrier",
    }


def test_an_inbound_message_has_no_recipients_of_its_own() -> None:
    inbound = {
        "messageId": "1661",
        "direction": "in",
        "state": "received",
        "receivedAt": AT,
        "media": ["https://x"],
        "keyword": "stop",
    }
    assert message_view(inbound) == {
        "messageId": "1661",
        "direction": "in",
        "state": "received",
        "media": ["https://x"],
        "keyword": "stop",
        "times": {"received": AT},
    }


def test_a_message_of_another_system_may_have_no_recipient() -> None:
    view = message_view({"messageId": "1562", "direction": "out", "state": "delivered", "deliveredAt": AT})
    assert view["recipients"] == {}


def test_a_new_message_shows_no_empty_fields() -> None:
    view = message_view(OUTBOUND | {"bandwidthId": None, "tag": None, "segmentCount": None, "media": None})
    assert not view.keys() & {"bandwidthId", "tag", "segmentCount", "media"}


def test_a_number_shows_its_location_and_times() -> None:
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


def test_an_order_shows_failures_with_and_without_a_number() -> None:
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


ACCEPTED: dict[str, Any] = {
    "messageId": "out_1",
    "direction": "out",
    "state": "accepted",
    "acceptedAt": AT,
    "expectedAt": LATER,
    "waiting": "rate",
}


def test_an_accepted_message_shows_when_it_is_expected_and_why_it_waits() -> None:
    shown = message_view(ACCEPTED)
    assert (shown["expectedAt"], shown["waiting"]) == (LATER, "rate")


@pytest.mark.parametrize("state", ["sending", "send_unconfirmed", "sent", "delivered", "failed"])
def test_a_message_that_was_claimed_shows_neither(state: str) -> None:
    assert not {"expectedAt", "waiting"} & message_view(ACCEPTED | {"state": state}).keys()


@pytest.mark.parametrize("waiting", ["credentials", "bandwidth_unavailable"])
def test_a_message_that_waits_for_bandwidth_has_no_expected_time(waiting: str) -> None:
    shown = message_view(ACCEPTED | {"waiting": waiting})
    assert "expectedAt" not in shown
    assert shown["waiting"] == waiting
