"""Orders store outcomes of steps, and the action and generation of the set-up, for decisions in code."""

from typing import Any

from bandwidth_messaging.domain.orders import Action
from bandwidth_messaging.domain.step_outcomes import StepOutcome
from bandwidth_messaging.store.order_store import Orders

AT, LATER = "2026-02-03T04:05:06.000Z", "2026-02-03T04:05:07.000Z"
STEP = "Assign Application to Location"


def open_order(
    orders: Orders, *, action: Action = "IMPORT", generation: str = "classic", run: str = "1"
) -> dict[str, Any]:
    orders.open(
        "demo",
        kind="hosted_messaging",
        requested=1,
        execution_arn=f"arn:{run}",
        at=AT,
        digest=action,
        action=action,
        generation=generation,
    )
    order: Any = orders.get("demo")
    return dict(order)


def facts(order: dict[str, Any]) -> tuple[str, str]:
    return order["action"], order["generation"]


def test_an_opened_order_keeps_its_action_and_generation(orders: Orders) -> None:
    assert facts(open_order(orders)) == ("IMPORT", "classic")


def test_a_repeated_start_does_not_change_them(orders: Orders) -> None:
    open_order(orders)

    assert facts(open_order(orders, generation="current")) == ("IMPORT", "classic")


def test_an_execution_that_continues_a_failed_order_records_its_own_generation(orders: Orders) -> None:
    open_order(orders)
    orders.finish("demo", "failed", at=LATER)

    assert facts(open_order(orders, generation="current", run="2")) == ("IMPORT", "current")


def test_another_input_after_a_failure_records_its_own_action(orders: Orders) -> None:
    open_order(orders)
    orders.finish("demo", "failed", at=LATER)

    assert facts(open_order(orders, action="REMOVE", run="2")) == ("REMOVE", "classic")


def test_a_step_keeps_its_outcome_and_the_replaced_application(orders: Orders) -> None:
    open_order(orders)

    orders.record_step(
        "demo",
        STEP,
        state="succeeded",
        at=LATER,
        outcome=StepOutcome.UPDATED,
        replaced_application_id="a-1",
    )

    stored: Any = orders.get("demo")
    assert stored["steps"][STEP] == {
        "state": "succeeded",
        "at": LATER,
        "outcome": "updated",
        "replacedApplicationId": "a-1",
    }
    assert "replacedApplicationId" not in stored
