"""Numbers: each is activated once per order, and an active number never fails."""

from dataclasses import replace
from typing import Any

import pytest

from bandwidth_messaging.domain.numbers import STATES, Home, Preflight
from bandwidth_messaging.domain.orders import Failure
from bandwidth_messaging.store import number_store as numbers_module
from bandwidth_messaging.store.dynamodb import Table
from bandwidth_messaging.store.number_store import Numbers

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
    return dict(item)


def set_state(table: Table, state: str, number: str = NUMBER) -> None:
    table.update({"pk": f"NUMBER#{number}"}, assign={"number": number, "state": state, "orderId": "order-1"})


def test_a_received_number_is_active_at_its_home(numbers: Numbers) -> None:
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


def test_a_preflight_is_kept_until_another_order_brings_the_number(
    numbers: Numbers,
) -> None:
    passed: Preflight = {"at": AT, "ok": True, "problems": []}
    problem: Preflight = {"at": LATER, "ok": False, "problems": ["location 561 has no application"]}
    numbers.activate(NUMBER, HOME, AT, preflight=passed)
    assert stored(numbers)["preflight"] == passed
    numbers.record_preflight(NUMBER, problem)
    assert stored(numbers)["preflight"] == problem
    numbers.activate(NUMBER, NEXT_HOME, LATER)

    assert "preflight" not in stored(numbers)


def test_a_preflight_creates_no_number(numbers: Numbers) -> None:
    numbers.record_preflight(NUMBER, {"at": AT, "ok": True, "problems": []})
    assert numbers.get(NUMBER) is None


def test_a_repeated_activation_changes_nothing(numbers: Numbers) -> None:
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


@pytest.mark.parametrize("state", ["pending", "failed"])
def test_an_expected_or_failed_number_becomes_active(
    numbers: Numbers, numbers_table: Table, state: str
) -> None:
    set_state(numbers_table, state)
    numbers.activate(NUMBER, HOME, AT)
    assert stored(numbers)["state"] == "active"


@pytest.mark.parametrize("state", STATES)
def test_a_number_in_any_state_becomes_active_by_another_order(
    numbers: Numbers, numbers_table: Table, state: str
) -> None:
    set_state(numbers_table, state)
    numbers.activate(NUMBER, NEXT_HOME, AT)
    assert (stored(numbers)["state"], stored(numbers)["orderId"]) == ("active", "order-2")


@pytest.mark.parametrize("state", ["releasing", "released"])
def test_a_released_number_is_not_activated_by_the_same_order(
    numbers: Numbers, numbers_table: Table, state: str
) -> None:
    set_state(numbers_table, state)
    before = stored(numbers)

    numbers.activate(NUMBER, HOME, AT)

    assert stored(numbers) == before


def test_a_number_released_before_its_order_ended_has_the_customer_order_id(
    numbers: Numbers,
) -> None:
    numbers.start_release(NUMBER, HOME, AT)
    before = stored(numbers)
    assert "orderId" not in before
    numbers.activate(NUMBER, HOME, LATER)
    assert stored(numbers) == before
    numbers.activate(NUMBER, NEXT_HOME, LATER)

    assert (stored(numbers)["state"], stored(numbers)["orderId"]) == ("active", "order-2")


def test_an_activated_number_loses_its_reason(numbers: Numbers) -> None:
    numbers.fail(TAKEN, HOME, AT)

    numbers.activate(NUMBER, HOME, LATER)

    kept = stored(numbers)
    assert kept["state"] == "active"
    assert "reason" not in kept
    assert "errorCode" not in kept


def test_a_failed_number_has_the_reason(numbers: Numbers) -> None:
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


def test_a_repeated_failure_changes_nothing(numbers: Numbers) -> None:
    numbers.fail(TAKEN, HOME, AT)

    numbers.fail({**TAKEN, "reason": "something else"}, HOME, LATER)

    kept = stored(numbers)
    assert (kept["reason"], kept["failedAt"]) == ("taken", AT)


def test_a_failure_in_another_order_replaces_the_reason(numbers: Numbers) -> None:
    numbers.fail(TAKEN, HOME, AT)
    numbers.fail({**TAKEN, "reason": "taken again"}, NEXT_HOME, LATER)
    assert (stored(numbers)["reason"], stored(numbers)["orderId"]) == ("taken again", "order-2")


def test_a_later_failure_without_a_code_removes_the_code(numbers: Numbers) -> None:
    numbers.fail(TAKEN, HOME, AT)
    numbers.fail({"number": NUMBER, "code": None, "reason": "no reason given"}, NEXT_HOME, LATER)
    assert "errorCode" not in stored(numbers)


@pytest.mark.parametrize("home", [HOME, NEXT_HOME])
def test_an_active_number_does_not_fail(numbers: Numbers, home: Home) -> None:
    numbers.activate(NUMBER, HOME, AT)
    before = stored(numbers)

    numbers.fail(TAKEN, home, LATER)

    assert stored(numbers) == before


@pytest.mark.parametrize(("state", "fails"), [("releasing", False), ("released", True), ("failed", True)])
def test_a_failure_of_another_order_changes_only_failed_and_released_numbers(
    numbers: Numbers, numbers_table: Table, state: str, fails: bool
) -> None:
    set_state(numbers_table, state)

    numbers.fail(TAKEN, NEXT_HOME, AT)

    assert stored(numbers)["state"] == ("failed" if fails else state)
    assert stored(numbers)["orderId"] == ("order-2" if fails else "order-1")


def test_a_failure_without_a_number_is_an_error(numbers: Numbers) -> None:
    with pytest.raises(ValueError, match="record it on the order"):
        numbers.fail({"number": None, "code": "5018", "reason": "none available"}, HOME, AT)


def test_an_unknown_number_is_none(numbers: Numbers) -> None:
    assert numbers.get(NUMBER) is None


def test_numbers_of_one_state_are_listed_page_by_page(numbers: Numbers) -> None:
    mine = [f"+1910239876{digit}" for digit in range(5)]
    for number in reversed(mine):
        numbers.activate(number, HOME, AT)
    numbers.fail({**TAKEN, "number": "+19102398770"}, HOME, AT)

    first = numbers.list_by_state("active", limit=3)

    rest = numbers.list_by_state("active", limit=3, start=first.next_key)
    assert [item["number"] for item in (*first.items, *rest.items)] == mine
    assert rest.next_key is None
    assert [item["number"] for item in numbers.list_by_state("failed", limit=3).items] == ["+19102398770"]


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 100])
def test_numbers_of_all_states_are_listed_state_by_state_with_any_page_size(
    numbers: Numbers, numbers_table: Table, limit: int
) -> None:
    placed = [("active", 3), ("active", 7), ("failed", 1), ("failed", 2), ("released", 5)]
    for state, digit in reversed(placed):
        set_state(numbers_table, state, f"+1910239876{digit}")
    seen: list[tuple[str, int]] = []
    start: dict[str, Any] | None = None
    for _ in range(len(placed) + 1):
        page = numbers.list_by_states(STATES, limit=limit, start=start)
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

    found = numbers.list_by_order("demo", limit=10)
    assert [item["number"] for item in found.items] == [NUMBER, "+19102398770"]
    assert found.next_key is None


# Hosted numbers: expected, imported, released


HOSTED = Home(api="v1", customer_order_id="hosted", site_id="743", location_id="303716")
ORDERED = replace(HOSTED, order_id="order-3", application_id="a-1")
REMOVAL = Home(api="v1", customer_order_id="removal", site_id="743")
REFUSED: Failure = {"number": NUMBER, "code": "25040", "reason": "cannot be removed"}
LAST = "2026-02-03T04:05:08.000Z"


def test_an_expected_number_is_pending_at_its_home_without_an_order(numbers: Numbers) -> None:
    numbers.expect(NUMBER, HOSTED, AT)
    assert stored(numbers) == {
        "pk": f"NUMBER#{NUMBER}",
        "number": NUMBER,
        "state": "pending",
        "pendingAt": AT,
        "api": "v1",
        "customerOrderId": "hosted",
        "locationId": "303716",
        "siteId": "743",
    }


@pytest.mark.parametrize(
    ("state", "pending"),
    [("pending", False), ("active", False), ("releasing", False), ("failed", True), ("released", True)],
)
def test_only_a_failed_or_released_number_can_be_expected_again(
    numbers: Numbers, numbers_table: Table, state: str, pending: bool
) -> None:
    set_state(numbers_table, state)
    before = stored(numbers)

    numbers.expect(NUMBER, HOSTED, AT)

    assert stored(numbers)["state"] == ("pending" if pending else state)
    assert (stored(numbers) == before) is not pending


def test_expecting_a_number_again_changes_nothing(numbers: Numbers) -> None:
    numbers.expect(NUMBER, HOSTED, AT)
    numbers.expect(NUMBER, replace(HOSTED, customer_order_id="another"), LATER)
    assert (stored(numbers)["pendingAt"], stored(numbers)["customerOrderId"]) == (AT, "hosted")


def test_a_number_expected_again_loses_its_old_attributes(numbers: Numbers) -> None:
    numbers.expect(NUMBER, HOSTED, AT)
    numbers.fail(TAKEN, ORDERED, AT)

    numbers.expect(NUMBER, HOSTED, LATER)

    assert not stored(numbers).keys() & {"reason", "errorCode", "orderId", "applicationId", "detachedAt"}


def test_a_released_number_can_be_expected_again(numbers: Numbers) -> None:
    numbers.activate(NUMBER, ORDERED, AT, number_id="n-1")
    release_number(numbers)

    numbers.expect(NUMBER, HOSTED, LAST)

    assert stored(numbers)["state"] == "pending"
    assert "detachedAt" not in stored(numbers)


def test_an_expected_number_becomes_active_with_catapults_id(numbers: Numbers) -> None:
    numbers.expect(NUMBER, HOSTED, AT)

    numbers.activate(NUMBER, ORDERED, LATER, number_id="n-1")

    kept = stored(numbers)
    assert (kept["state"], kept["numberId"], kept["orderId"], kept["applicationId"]) == (
        "active",
        "n-1",
        "order-3",
        "a-1",
    )
    assert (kept["pendingAt"], kept["activeAt"]) == (AT, LATER)


def test_another_order_replaces_catapults_id(numbers: Numbers) -> None:
    numbers.activate(NUMBER, ORDERED, AT, number_id="n-1")
    numbers.activate(NUMBER, HOME, LATER)
    assert "numberId" not in stored(numbers)


def test_an_expected_number_that_fails_has_the_reason(numbers: Numbers) -> None:
    numbers.expect(NUMBER, HOSTED, AT)

    numbers.fail(TAKEN, ORDERED, LATER)

    kept = stored(numbers)
    assert (kept["state"], kept["reason"], kept["errorCode"], kept["orderId"]) == (
        "failed",
        "taken",
        "5005",
        "order-3",
    )


def test_a_number_that_failed_in_step_2_keeps_the_reason_in_step_4(numbers: Numbers) -> None:
    numbers.expect(NUMBER, HOSTED, AT)
    numbers.fail(TAKEN, ORDERED, AT)

    numbers.fail({**TAKEN, "reason": "something else"}, ORDERED, LATER)

    assert (stored(numbers)["reason"], stored(numbers)["failedAt"]) == ("taken", AT)


# Releases


def release_number(numbers: Numbers) -> None:
    numbers.start_release(NUMBER, REMOVAL, AT)
    numbers.record_detached(NUMBER, AT)
    numbers.release(NUMBER, LATER)


@pytest.mark.parametrize("state", ["pending", "active", "failed"])
def test_a_releasing_number_belongs_to_the_removal_and_keeps_its_location(
    numbers: Numbers, numbers_table: Table, state: str
) -> None:
    numbers.activate(NUMBER, ORDERED, AT, number_id="n-1")
    numbers_table.update(
        {"pk": f"NUMBER#{NUMBER}"}, assign={"state": state, "reason": "taken", "errorCode": "5005"}
    )

    numbers.start_release(NUMBER, REMOVAL, LATER)

    kept = stored(numbers)
    assert (kept["state"], kept["releasingAt"], kept["customerOrderId"]) == ("releasing", LATER, "removal")
    assert (kept["api"], kept["numberId"], kept["locationId"], kept["applicationId"]) == (
        "v1",
        "n-1",
        "303716",
        "a-1",
    )
    assert not kept.keys() & {"reason", "errorCode"}


def test_an_unknown_number_can_be_released(numbers: Numbers) -> None:
    numbers.start_release(NUMBER, REMOVAL, AT)
    assert stored(numbers) == {
        "pk": f"NUMBER#{NUMBER}",
        "number": NUMBER,
        "state": "releasing",
        "releasingAt": AT,
        "customerOrderId": "removal",
        "api": "v1",
        "siteId": "743",
    }


@pytest.mark.parametrize("state", ["releasing", "released"])
def test_a_releasing_or_released_number_keeps_its_state(
    numbers: Numbers, numbers_table: Table, state: str
) -> None:
    set_state(numbers_table, state)
    before = stored(numbers)

    numbers.start_release(NUMBER, REMOVAL, AT)

    assert stored(numbers) == before


def test_a_number_that_has_left_catapult_has_neither_its_id_nor_its_application(numbers: Numbers) -> None:
    numbers.activate(NUMBER, ORDERED, AT, number_id="n-1")
    numbers.start_release(NUMBER, REMOVAL, AT)

    numbers.record_detached(NUMBER, LATER)

    kept = stored(numbers)
    assert (kept["state"], kept["detachedAt"]) == ("releasing", LATER)
    assert not kept.keys() & {"numberId", "applicationId"}


def test_a_repeated_removal_keeps_the_detached_time(numbers: Numbers) -> None:
    numbers.start_release(NUMBER, REMOVAL, AT)
    numbers.record_detached(NUMBER, LATER)

    numbers.start_release(NUMBER, REMOVAL, LAST)

    assert stored(numbers)["detachedAt"] == LATER


def test_a_number_activated_during_a_removal_must_leave_catapult_again(
    numbers: Numbers,
) -> None:
    numbers.start_release(NUMBER, REMOVAL, AT)
    numbers.record_detached(NUMBER, AT)
    numbers.record_release_failure(REFUSED)
    numbers.activate(NUMBER, replace(ORDERED, order_id="order-4"), LATER, number_id="n-2")
    assert stored(numbers)["state"] == "active"
    numbers.start_release(NUMBER, replace(REMOVAL, customer_order_id="removal-2"), LAST)

    kept = stored(numbers)
    assert (kept["state"], kept["numberId"]) == ("releasing", "n-2")
    assert "detachedAt" not in kept


def test_a_released_number_has_no_reason(numbers: Numbers) -> None:
    numbers.start_release(NUMBER, REMOVAL, AT)
    numbers.record_release_failure(REFUSED)

    numbers.release(NUMBER, LATER)

    kept = stored(numbers)
    assert (kept["state"], kept["releasedAt"]) == ("released", LATER)
    assert not kept.keys() & {"reason", "errorCode"}


def test_a_repeated_release_changes_nothing(numbers: Numbers) -> None:
    release_number(numbers)
    before = stored(numbers)
    numbers.release(NUMBER, LAST)
    numbers.record_detached(NUMBER, LAST)

    numbers.record_release_failure(REFUSED)

    assert stored(numbers) == before


def test_a_number_that_was_not_removed_stays_releasing_with_the_reason(numbers: Numbers) -> None:
    numbers.activate(NUMBER, ORDERED, AT, number_id="n-1")
    numbers.start_release(NUMBER, REMOVAL, LATER)
    numbers.record_release_failure(REFUSED)
    kept = stored(numbers)
    assert (kept["state"], kept["reason"], kept["errorCode"]) == ("releasing", "cannot be removed", "25040")
    numbers.record_release_failure({**REFUSED, "code": None, "reason": "no reason given"})

    assert stored(numbers)["reason"] == "no reason given"
    assert "errorCode" not in stored(numbers)


@pytest.mark.parametrize("state", ["pending", "active", "failed", "released"])
def test_only_a_releasing_number_is_detached_or_released(
    numbers: Numbers, numbers_table: Table, state: str
) -> None:
    set_state(numbers_table, state)
    before = stored(numbers)
    numbers.record_detached(NUMBER, AT)
    numbers.record_release_failure(REFUSED)

    numbers.release(NUMBER, AT)

    assert stored(numbers) == before


def test_an_unknown_number_is_neither_detached_nor_released(numbers: Numbers) -> None:
    numbers.record_detached(NUMBER, AT)
    numbers.record_release_failure(REFUSED)

    numbers.release(NUMBER, AT)

    assert numbers.get(NUMBER) is None


def test_numbers_are_read_together_without_unknown_ones(numbers: Numbers) -> None:
    mine = [f"+1910239{each:04}" for each in range(150)]
    for number in mine[::10]:
        numbers.expect(number, HOSTED, AT)
    assert [item["number"] for item in numbers.get_all(mine)] == mine[::10]


def test_a_removal_lists_its_numbers(numbers: Numbers) -> None:
    numbers.activate(NUMBER, ORDERED, AT, number_id="n-1")

    numbers.start_release(NUMBER, REMOVAL, LATER)

    assert [item["number"] for item in numbers.list_by_order("removal", limit=10).items] == [NUMBER]
    assert numbers.list_by_order("hosted", limit=10).items == []


def test_failed_numbers_of_an_order_are_found_among_its_active_ones(
    numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numbers_module, "_PAGE_SIZE", 4)
    mine = [f"+1910239{each:04}" for each in range(12)]
    for number in mine:
        numbers.activate(number, ORDERED, AT)
    failed = [f"+1910240{each:04}" for each in range(3)]
    for number in failed:
        numbers.fail({**TAKEN, "number": number}, ORDERED, AT)

    found = [item["number"] for item in numbers.list_failed_by_order("hosted", limit=100)]

    assert found == failed
    assert len(numbers.list_failed_by_order("hosted", limit=2)) == 2
    assert numbers.list_failed_by_order("another", limit=100) == []
