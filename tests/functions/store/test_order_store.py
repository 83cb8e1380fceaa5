"""Orders: opened once, recorded step by step, ordered at most once, and final after they end."""

from collections.abc import Callable
from typing import Any

import pytest

from bandwidth_messaging.domain.orders import Failure, Kind
from bandwidth_messaging.domain.problems import ExecutionReplaced
from bandwidth_messaging.store.order_store import Orders

AT, LATER, LAST = "2026-02-03T04:05:06.000Z", "2026-02-03T04:05:07.000Z", "2026-02-03T04:05:08.000Z"


def opened(orders: Orders, at: str = AT, requested: int = 2) -> Orders:
    orders.open(
        "demo",
        kind="messaging_v2",
        requested=requested,
        execution_arn="arn:execution",
        at=at,
        digest="digest",
    )
    return orders


def open_with(
    orders: Orders,
    digest: str,
    execution_arn: str = "arn:1",
    kind: Kind = "hosted_messaging",
    requested: int = 2,
) -> str | None:
    return orders.open(
        "demo", kind=kind, requested=requested, execution_arn=execution_arn, at=AT, digest=digest
    )


def stored(orders: Orders) -> dict[str, Any]:
    item = orders.get("demo")
    assert item is not None
    return dict(item)


def test_an_opened_order_is_started(orders: Orders) -> None:
    assert stored(opened(orders)) == {
        "pk": "ORDER#demo",
        "kind": "messaging_v2",
        "orderState": "started",
        "requested": 2,
        "executionArn": "arn:execution",
        "startedAt": AT,
        "startToken": "arn:execution",
        "digest": "digest",
        "steps": {},
    }


def test_opening_an_ordered_order_again_changes_nothing(orders: Orders) -> None:
    opened(orders).record_ordered("demo", "order-1", LATER)
    before = stored(orders)

    opened(orders, at=LAST, requested=9)

    assert stored(orders) == before


def test_another_input_is_rejected_while_an_execution_can_run(orders: Orders) -> None:
    assert open_with(orders, "first", "arn:1") is None
    before = stored(orders)

    assert open_with(orders, "second", "arn:2") == "used"
    assert stored(orders) == before
    assert open_with(orders, "first", "arn:3") is None


def test_another_input_is_accepted_after_a_failure_before_any_order_attempt(orders: Orders) -> None:
    open_with(orders, "first", "arn:1")
    orders.finish("demo", "failed", at=LATER, reason="no such site")
    assert open_with(orders, "second", "arn:2", requested=9) is None

    kept = stored(orders)
    assert (kept["orderState"], kept["digest"], kept["requested"]) == ("started", "second", 9)
    assert kept["executionArn"] == "arn:2"
    assert open_with(orders, "first", "arn:1") == "used"
    assert open_with(orders, "third", "arn:3") == "used"


def test_of_two_other_inputs_after_a_failure_the_first_is_accepted(orders: Orders) -> None:
    open_with(orders, "first", "arn:1")
    orders.finish("demo", "failed", at=LATER, reason="no such site")
    register, refusals = orders.register, list[str | None]()

    def register_late(*arguments: Any, **fields: Any) -> Any:
        """Let another execution continue the order after this one has read its record."""
        record = register(*arguments, **fields)
        orders.register = register  # type: ignore[method-assign]
        refusals.append(open_with(orders, "second", "arn:2"))
        return record

    orders.register = register_late  # type: ignore[method-assign]
    refusals.append(open_with(orders, "third", "arn:3"))

    assert refusals == [None, "used"]
    assert (stored(orders)["digest"], stored(orders)["executionArn"]) == ("second", "arn:2")


@pytest.mark.parametrize("fails", [False, True])
def test_the_kind_of_a_record_does_not_change(orders: Orders, fails: bool) -> None:
    open_with(orders, "first", "arn:1")
    if fails:
        orders.finish("demo", "failed", at=LATER, reason="no such site")
    before = stored(orders)

    assert open_with(orders, "release", "arn:2", kind="release_numbers") == "used"
    assert stored(orders) == before


@pytest.mark.parametrize("tried", [False, True])
def test_an_order_that_was_undone_is_not_opened_again(orders: Orders, tried: bool) -> None:
    open_with(orders, "first")
    if tried:
        orders.begin_ordering("demo", "first", AT)
    orders.record_undone("demo", by="release-1", at=LATER)
    before = stored(orders)

    assert open_with(orders, "first") == "undone"
    assert open_with(orders, "second") == "undone"
    assert stored(orders) == before


def failed(orders: Orders, order_id: str | None) -> Orders:
    open_with(orders, "first")
    orders.begin_ordering("demo", "first", AT)
    if order_id:
        orders.record_ordered("demo", order_id, AT)
    failure: Failure = {"number": None, "code": "5018", "reason": "none available"}
    orders.finish("demo", "failed", at=LATER, failed=2, failures=[failure], reason="the deadline passed")
    return orders


@pytest.mark.parametrize(("order_id", "state"), [(None, "started"), ("order-1", "ordered")])
def test_a_failed_order_continues_in_another_execution(
    orders: Orders, order_id: str | None, state: str
) -> None:
    failed(orders, order_id)
    assert open_with(orders, "first", "arn:2") is None

    kept = stored(orders)
    assert (kept["orderState"], kept["executionArn"], kept["startedAt"]) == (state, "arn:2", AT)
    assert not kept.keys() & {"failedAt", "reason", "completed", "failed", "failures"}


def test_a_failed_order_does_not_continue_in_the_same_execution(
    orders: Orders,
) -> None:
    failed(orders, "order-1")
    before = stored(orders)

    open_with(orders, "first", before["executionArn"])

    assert stored(orders) == before


def test_a_failed_order_does_not_continue_with_another_input(orders: Orders) -> None:
    failed(orders, "order-1")
    before = stored(orders)
    assert open_with(orders, "second", "arn:2") == "used"
    opened(orders)

    assert stored(orders) == before


def test_of_two_executions_that_continue_an_order_the_first_owns_it(orders: Orders) -> None:
    failed(orders, "order-1")
    open_with(orders, "first", "arn:2")

    open_with(orders, "first", "arn:3")

    assert (stored(orders)["orderState"], stored(orders)["executionArn"]) == ("ordered", "arn:2")


@pytest.mark.parametrize("state", ["completed", "partial"])
def test_opening_a_completed_order_again_changes_nothing(orders: Orders, state: str) -> None:
    failed(orders, "order-1").finish("demo", state, at=LAST, completed=2)
    before = stored(orders)

    assert open_with(orders, "first", "arn:2") is None
    assert stored(orders) == before


def test_an_absent_order_is_none(orders: Orders) -> None:
    assert orders.get("demo") is None


# Executions that another one has replaced


def replaced(orders: Orders) -> Orders:
    """Stop the execution arn:1, and let arn:2 continue its order."""
    open_with(orders, "first", "arn:1")
    orders.record_interrupted("demo", execution_arn="arn:1", at=LATER, reason="stopped")
    open_with(orders, "first", "arn:2")
    return orders


def wait_as(orders: Orders, execution_arn: str | None) -> None:
    orders.await_notification("demo", "another-token", "order-1", execution_arn=execution_arn)


def run_step_as(orders: Orders, execution_arn: str | None) -> None:
    orders.record_step(
        "demo",
        "Create location",
        state="failed",
        at=LAST,
        execution_arn=execution_arn,
        found={"locationId": "9"},
    )


def end_as(state: str) -> Callable[[Orders, str | None], None]:
    def end(orders: Orders, execution_arn: str | None) -> None:
        orders.finish("demo", state, at=LAST, execution_arn=execution_arn, reason="the old execution")

    return end


every_change = pytest.mark.parametrize(
    "change", [end_as("failed"), end_as("partial"), end_as("completed"), wait_as, run_step_as]
)


@every_change
def test_a_replaced_execution_cannot_change_the_order(
    orders: Orders, change: Callable[[Orders, str | None], None]
) -> None:
    replaced(orders).await_notification("demo", "token", "order-1", execution_arn="arn:2")
    before = stored(orders)

    with pytest.raises(ExecutionReplaced, match="demo is now processed by the execution arn:2"):
        change(orders, "arn:1")

    assert stored(orders) == before


@every_change
@pytest.mark.parametrize("execution_arn", ["arn:2", "arn:equal", None])
def test_other_executions_change_the_order(
    orders: Orders, change: Callable[[Orders, str | None], None], execution_arn: str | None
) -> None:
    before = stored(replaced(orders))

    change(orders, execution_arn)

    assert stored(orders) != before


def test_each_execution_before_the_last_is_replaced(orders: Orders) -> None:
    replaced(orders).record_interrupted("demo", execution_arn="arn:2", at=LATER, reason="stopped")
    open_with(orders, "first", "arn:3")

    for arn in ("arn:1", "arn:2"):
        with pytest.raises(ExecutionReplaced):
            end_as("failed")(orders, arn)


def test_a_replaced_execution_can_continue_the_order_when_the_new_one_has_failed(orders: Orders) -> None:
    replaced(orders).finish("demo", "failed", at=LATER, execution_arn="arn:2", reason="rejected")

    open_with(orders, "first", "arn:1")

    end_as("completed")(orders, "arn:1")
    with pytest.raises(ExecutionReplaced, match="arn:1"):
        end_as("failed")(orders, "arn:2")


# Steps


def test_a_step_is_recorded_with_its_resources(orders: Orders) -> None:
    opened(orders).record_step(
        "demo",
        "Create application",
        state="succeeded",
        at=LATER,
        started_at=AT,
        detail="found",
        found={"applicationId": "a-1", "requested": 3},
    )

    kept = stored(orders)
    assert kept["steps"] == {
        "Create application": {
            "state": "succeeded",
            "at": LATER,
            "startedAt": AT,
            "detail": "found",
            "applicationId": "a-1",
        }
    }
    assert (kept["applicationId"], kept["requested"]) == ("a-1", 3)


def test_a_repeated_step_has_its_last_outcome(orders: Orders) -> None:
    opened(orders).record_step(
        "demo", "Create location", state="failed", at=AT, detail="BandwidthRejected: no"
    )
    orders.record_step("demo", "Create location", state="succeeded", at=LATER)
    assert stored(orders)["steps"] == {"Create location": {"state": "succeeded", "at": LATER}}


def test_a_step_does_not_replace_another_step(orders: Orders) -> None:
    opened(orders).record_step("demo", "Create application", state="succeeded", at=AT)
    orders.record_step("demo", "Enable SMS on Location", state="succeeded", at=LATER)
    assert stored(orders)["steps"].keys() == {"Create application", "Enable SMS on Location"}


def test_a_step_of_no_open_order_is_not_recorded(orders: Orders) -> None:
    orders.record_step("demo", "Create application", state="succeeded", at=AT)
    assert orders.get("demo") is None


# Ordering


def test_the_first_attempt_claims_the_order(orders: Orders) -> None:
    record = opened(orders).begin_ordering("demo", "first", LATER)
    assert (record["orderAttempt"], record["orderAttemptedAt"]) == ("first", LATER)
    assert "orderId" not in record


def test_a_later_attempt_returns_the_earlier_claim(orders: Orders) -> None:
    opened(orders).begin_ordering("demo", "first", AT)
    record = orders.begin_ordering("demo", "second", LATER)
    assert (record["orderAttempt"], record["orderAttemptedAt"]) == ("first", AT)


def test_of_two_concurrent_attempts_one_claims_the_order(orders: Orders) -> None:
    opened(orders).begin_ordering("demo", "first", AT)
    assert orders.begin_ordering("demo", "second", AT)["orderAttempt"] == "first"


def test_an_attempt_after_the_response_returns_the_order(orders: Orders) -> None:
    opened(orders).begin_ordering("demo", "first", AT)
    orders.record_ordered("demo", "order-1", LATER)
    assert orders.begin_ordering("demo", "second", LAST)["orderId"] == "order-1"


def test_an_order_without_a_record_can_still_be_claimed(orders: Orders) -> None:
    assert orders.begin_ordering("demo", "first", AT)["orderState"] == "started"


def test_a_claim_without_an_order_can_be_released(orders: Orders) -> None:
    opened(orders).begin_ordering("demo", "first", AT)
    assert orders.release_claim("demo", "first")
    assert orders.begin_ordering("demo", "second", LATER)["orderAttempt"] == "second"


def test_only_the_current_claim_can_be_released(orders: Orders) -> None:
    opened(orders).begin_ordering("demo", "first", AT)
    assert not orders.release_claim("demo", "second")
    orders.release_claim("demo", "first")

    assert not orders.release_claim("demo", "first")


def test_a_claim_with_an_order_cannot_be_released(orders: Orders) -> None:
    opened(orders).begin_ordering("demo", "first", AT)

    orders.record_ordered("demo", "order-1", LATER)

    assert not orders.release_claim("demo", "first")
    assert stored(orders)["orderAttemptedAt"] == AT


def test_a_placed_order_has_bandwidths_id_and_the_first_time(orders: Orders) -> None:
    opened(orders).record_ordered("demo", "order-1", AT)

    orders.record_ordered("demo", "order-1", LATER)

    kept = stored(orders)
    assert (kept["orderState"], kept["orderId"], kept["orderedAt"]) == ("ordered", "order-1", AT)


def interrupted(orders: Orders) -> Orders:
    open_with(orders, "first", "arn:1")
    orders.record_interrupted("demo", execution_arn="arn:1", at=AT, reason="stopped")
    return orders


def test_an_order_that_is_placed_after_an_interruption_has_its_id_and_stays_failed(orders: Orders) -> None:
    assert not interrupted(orders).record_ordered("demo", "order-1", LATER)

    kept = stored(orders)
    assert (kept["orderState"], kept["reason"], kept["interrupted"]) == ("failed", "stopped", True)
    assert (kept["orderId"], kept["orderedAt"]) == ("order-1", LATER)


def test_an_order_that_is_continued_while_it_is_placed_is_ordered(
    orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = interrupted(orders)._table
    update = table.update

    def update_late(*arguments: Any, **changes: Any) -> Any:
        """Let another execution continue the order between the two writes."""
        monkeypatch.setattr(table, "update", update)
        open_with(orders, "first", "arn:2")
        return update(*arguments, **changes)

    monkeypatch.setattr(table, "update", update_late)

    assert orders.record_ordered("demo", "order-1", LATER)

    kept = stored(orders)
    assert (kept["orderState"], kept["orderId"], kept["executionArn"]) == ("ordered", "order-1", "arn:2")


# The end


@pytest.mark.parametrize("state", ["completed", "partial", "failed"])
def test_an_ended_order_has_its_counts_and_failures(orders: Orders, state: str) -> None:
    opened(orders).finish(
        "demo",
        state,
        at=LATER,
        completed=1,
        failed=1,
        failures=[{"number": None, "code": "5018", "reason": "none available"}],
        reason="short",
    )

    kept = stored(orders)
    assert (kept["orderState"], kept[f"{state}At"], kept["completed"], kept["failed"], kept["reason"]) == (
        state,
        LATER,
        1,
        1,
        "short",
    )
    assert kept["failures"] == [{"number": None, "code": "5018", "reason": "none available"}]


@pytest.mark.parametrize("state", ["completed", "partial"])
def test_a_completed_order_cannot_fail(orders: Orders, state: str) -> None:
    opened(orders).finish("demo", state, at=LATER, completed=2)
    before = stored(orders)

    orders.finish("demo", "failed", at=LAST, reason="a step after it")

    assert stored(orders) == before


@pytest.mark.parametrize("state", ["completed", "partial"])
def test_a_completed_order_is_not_placed_again(orders: Orders, state: str) -> None:
    opened(orders).finish("demo", state, at=LATER, completed=2)
    orders.record_ordered("demo", "order-2", LAST)
    assert stored(orders)["orderState"] == state


def test_an_absent_order_cannot_fail(orders: Orders) -> None:
    assert orders.finish("demo", "failed", at=AT, reason="no such site") is None
    assert orders.get("demo") is None


def test_an_order_that_completes_after_a_failure_loses_the_reason(orders: Orders) -> None:
    opened(orders).finish(
        "demo",
        "failed",
        at=AT,
        failures=[{"number": None, "code": None, "reason": "no"}],
        reason="the deadline passed",
    )

    orders.finish("demo", "completed", at=LATER, completed=2)

    kept = stored(orders)
    assert (kept["orderState"], kept["completed"]) == ("completed", 2)
    assert "reason" not in kept
    assert "failures" not in kept
