"""Numbers: activated once per order, and never failed while they work."""

from dataclasses import replace
from typing import Any

import pytest

from bandwidth_messaging.domain.orders import Failure
from bandwidth_messaging.store.dynamodb import Table
from bandwidth_messaging.store.numbers import STATES, Home, Numbers

NUMBER = "+19102398766"
AT, LATER = "2026-02-03T04:05:06.000Z", "2026-02-03T04:05:07.000Z"
HOME = Home(
    api="v2",
    customer_order_id="demo",
    order_id="order-1",
    application_id="app-1",
    location_id="561",
    site_id="743",
)
NEXT_HOME = replace(HOME, customer_order_id="demo-2", order_id="order-2", application_id="app-2")
TAKEN: Failure = {"number": NUMBER, "code": "5005", "reason": "taken"}


def stored(numbers: Numbers, number: str = NUMBER) -> dict[str, Any]:
    item = numbers.get(number)
    assert item is not None
    return item


def set_state(table: Table, state: str, number: str = NUMBER) -> None:
    table.update({"pk": f"NUMBER#{number}"}, assign={"number": number, "state": state, "orderId": "order-1"})


def test_a_number_that_came_is_active_at_its_home(numbers: Numbers) -> None:
    numbers.activate(NUMBER, HOME, AT)
    assert stored(numbers) == {
        "pk": f"NUMBER#{NUMBER}",
        "number": NUMBER,
        "state": "active",
        "activeAt": AT,
        "api": "v2",
        "customerOrderId": "demo",
        "orderId": "order-1",
        "applicationId": "app-1",
        "locationId": "561",
        "siteId": "743",
    }


def test_saying_again_that_a_number_is_active_changes_nothing(numbers: Numbers) -> None:
    numbers.activate(NUMBER, HOME, AT)
    numbers.activate(NUMBER, HOME, LATER)
    assert stored(numbers)["activeAt"] == AT


def test_a_number_that_another_order_brings_has_a_new_home(numbers: Numbers) -> None:
    numbers.activate(NUMBER, HOME, AT)
    numbers.activate(NUMBER, NEXT_HOME, LATER)
    kept = stored(numbers)
    assert (kept["state"], kept["orderId"], kept["applicationId"], kept["activeAt"]) == (
        "active",
        "order-2",
        "app-2",
        LATER,
    )


@pytest.mark.parametrize("state", sorted({*STATES} - {"active"}))
def test_a_number_in_any_other_state_becomes_active(
    numbers: Numbers, numbers_table: Table, state: str
) -> None:
    set_state(numbers_table, state)
    numbers.activate(NUMBER, HOME, AT)
    assert stored(numbers)["state"] == "active"


def test_a_number_that_came_after_all_has_no_reason_left(numbers: Numbers) -> None:
    numbers.fail(TAKEN, HOME, AT)
    numbers.activate(NUMBER, HOME, LATER)
    kept = stored(numbers)
    assert kept["state"] == "active"
    assert "reason" not in kept
    assert "errorCode" not in kept


def test_a_number_that_did_not_come_says_why(numbers: Numbers) -> None:
    numbers.fail(TAKEN, HOME, AT)
    kept = stored(numbers)
    assert (kept["state"], kept["reason"], kept["errorCode"], kept["failedAt"]) == (
        "failed",
        "taken",
        "5005",
        AT,
    )
    assert kept["customerOrderId"] == "demo"


def test_a_number_may_fail_without_a_code(numbers: Numbers) -> None:
    numbers.fail({"number": NUMBER, "code": None, "reason": "no reason given"}, HOME, AT)
    assert "errorCode" not in stored(numbers)


def test_saying_again_that_a_number_failed_changes_nothing(numbers: Numbers) -> None:
    numbers.fail(TAKEN, HOME, AT)
    numbers.fail({**TAKEN, "reason": "something else"}, HOME, LATER)
    kept = stored(numbers)
    assert (kept["reason"], kept["failedAt"]) == ("taken", AT)


def test_a_number_that_fails_in_another_order_says_the_new_reason(numbers: Numbers) -> None:
    numbers.fail(TAKEN, HOME, AT)
    numbers.fail({**TAKEN, "reason": "taken again"}, NEXT_HOME, LATER)
    assert (stored(numbers)["reason"], stored(numbers)["orderId"]) == ("taken again", "order-2")


def test_the_code_of_an_earlier_failure_does_not_stay_with_a_later_reason(numbers: Numbers) -> None:
    numbers.fail(TAKEN, HOME, AT)
    numbers.fail({"number": NUMBER, "code": None, "reason": "no reason given"}, NEXT_HOME, LATER)
    assert "errorCode" not in stored(numbers)


@pytest.mark.parametrize("home", [HOME, NEXT_HOME])
def test_a_number_that_works_does_not_fail(numbers: Numbers, home: Home) -> None:
    numbers.activate(NUMBER, HOME, AT)
    before = stored(numbers)
    numbers.fail(TAKEN, home, LATER)
    assert stored(numbers) == before


@pytest.mark.parametrize(("state", "fails"), [("releasing", False), ("released", True), ("failed", True)])
def test_another_orders_failure_reaches_only_numbers_that_are_gone(
    numbers: Numbers, numbers_table: Table, state: str, fails: bool
) -> None:
    set_state(numbers_table, state)
    numbers.fail(TAKEN, NEXT_HOME, AT)
    assert stored(numbers)["state"] == ("failed" if fails else state)
    assert stored(numbers)["orderId"] == ("order-2" if fails else "order-1")


def test_a_failure_without_a_number_is_no_numbers(numbers: Numbers) -> None:
    with pytest.raises(ValueError, match="belongs to the order"):
        numbers.fail({"number": None, "code": "5018", "reason": "none available"}, HOME, AT)


def test_a_number_that_is_not_ours_is_none(numbers: Numbers) -> None:
    assert numbers.get(NUMBER) is None


def test_numbers_of_one_state_are_listed_page_by_page(numbers: Numbers) -> None:
    mine = [f"+1910239876{digit}" for digit in range(5)]
    for number in reversed(mine):
        numbers.activate(number, HOME, AT)
    numbers.fail({**TAKEN, "number": "+19102398770"}, HOME, AT)
    first = numbers.in_state("active", limit=3)
    rest = numbers.in_state("active", limit=3, start=first.next_key)
    assert [item["number"] for item in (*first.items, *rest.items)] == mine
    assert rest.next_key is None
    assert [item["number"] for item in numbers.in_state("failed", limit=3).items] == ["+19102398770"]


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 100])
def test_numbers_of_all_states_are_listed_state_by_state_whatever_the_page_holds(
    numbers: Numbers, numbers_table: Table, limit: int
) -> None:
    placed = [("active", 3), ("active", 7), ("failed", 1), ("failed", 2), ("released", 5)]
    for state, digit in reversed(placed):
        set_state(numbers_table, state, f"+1910239876{digit}")
    seen: list[tuple[str, int]] = []
    start: dict[str, Any] | None = None
    for _ in range(len(placed) + 1):
        page = numbers.in_states(STATES, limit=limit, start=start)
        assert len(page.items) <= limit
        seen += [(item["state"], int(item["number"][-1])) for item in page.items]
        start = page.next_key
        if start is None:
            break
    assert start is None
    assert seen == placed


def test_numbers_of_an_order_are_listed_with_those_that_failed_and_without_the_order(
    numbers: Numbers, numbers_table: Table
) -> None:
    numbers_table.update({"pk": "ORDER#demo"}, assign={"orderState": "completed"})
    numbers.activate(NUMBER, HOME, AT)
    numbers.fail({**TAKEN, "number": "+19102398770"}, HOME, AT)
    numbers.activate("+19102398771", NEXT_HOME, AT)
    found = numbers.of_order("demo", limit=10)
    assert [item["number"] for item in found.items] == [NUMBER, "+19102398770"]
    assert found.next_key is None
