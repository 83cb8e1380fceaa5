"""GET operations of the ControlApi: lists of numbers and messages, and missing resources."""

import pytest

from bandwidth_messaging.domain.messages import Message, MessageState
from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.runtime import stores
from functions.control import browse
from tests.functions.conftest import Stack, call_api

HOME = Home(
    api="v2",
    customer_order_id="order-1",
    order_id="bandwidth-order-1",
    application_id="app-1",
    location_id="500001",
    site_id="1001",
)
AT = "2026-01-01T00:00:00.000Z"
OWN_NUMBER = "+19102398766"


def test_numbers_are_listed_state_by_state_and_page_by_page(stack: Stack) -> None:
    numbers = [f"+1910239{n:04}" for n in range(5)]
    for number in numbers:
        stores.numbers().activate(number, HOME, AT)
    failure = {"number": "+19102399999", "code": "5005", "reason": "not available"}
    stores.numbers().fail(failure, HOME, AT)  # type: ignore[arg-type]
    listed: list[str] = []
    cursor, pages = None, 0

    while pages == 0 or cursor:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        status, page = call_api(browse, "GET", "/numbers", query=query)
        assert status == 200
        listed += [item["number"] for item in page["items"]]
        cursor, pages = page["cursor"], pages + 1

    assert listed == [*numbers, "+19102399999"]


def test_numbers_of_one_state_are_listed(stack: Stack) -> None:
    stores.numbers().activate(OWN_NUMBER, HOME, AT)

    assert call_api(browse, "GET", "/numbers", query={"state": "failed"})[1]["items"] == []
    (number,) = call_api(browse, "GET", "/numbers", query={"state": "active"})[1]["items"]
    assert number == {
        "number": OWN_NUMBER,
        "state": "active",
        "api": "v2",
        "applicationId": "app-1",
        "locationId": "500001",
        "siteId": "1001",
        "orderId": "bandwidth-order-1",
        "customerOrderId": "order-1",
        "times": {"active": AT},
    }


def test_a_number_is_found_in_a_national_notation(stack: Stack) -> None:
    stores.numbers().activate(OWN_NUMBER, HOME, AT)
    assert call_api(browse, "GET", "/numbers/9102398766")[1]["number"] == OWN_NUMBER


@pytest.mark.parametrize("path", ["/numbers/+19195550000", "/orders/none", "/messages/none", "/nothing"])
def test_a_missing_resource_is_a_404_with_a_detail(stack: Stack, path: str) -> None:
    status, problem = call_api(browse, "GET", path)
    assert status == 404
    assert problem["detail"]


def test_messages_of_a_number_are_listed_newest_first_page_by_page(stack: Stack) -> None:
    for n in range(5):
        message = Message(
            message_id=f"in-{n}", direction="in", api="v2", owner=OWN_NUMBER, sender="+19195551234",
            recipients=(OWN_NUMBER,), text=f"text {n}", state=MessageState.RECEIVED,
            time=f"2026-01-01T00:00:0{n}.000Z",
        )  # fmt: skip
        stores.messages().add(message)
    query = {"number": "9102398766", "limit": "3"}

    first = call_api(browse, "GET", "/messages", query=query)[1]

    assert [item["text"] for item in first["items"]] == ["text 4", "text 3", "text 2"]
    second = call_api(browse, "GET", "/messages", query=query | {"cursor": first["cursor"]})[1]
    assert [item["text"] for item in second["items"]] == ["text 1", "text 0"]
    assert second["cursor"] is None


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({}, "number"),
        ({"number": "+1919"}, "number"),
        ({"number": OWN_NUMBER, "limit": "0"}, "limit"),
        ({"number": OWN_NUMBER, "cursor": "x"}, "cursor"),
    ],
)
def test_invalid_parameters_are_named(stack: Stack, query: dict[str, str], named: str) -> None:
    status, problem = call_api(browse, "GET", "/messages", query=query or None)
    assert status == 422
    assert [error["field"] for error in problem["errors"]] == [named]
