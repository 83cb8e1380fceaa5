"""The advice about what to do next with a set-up or a release."""

from typing import Any

import pytest

from bandwidth_messaging.domain.next_steps import next_steps

AGAIN = (
    'start messaging_v2 again with the same input and the customerOrderId "demo", under a new execution name'
)
UNDO = (
    "To plan how to undo it all, start release_numbers with "
    '{"customerOrderId": "demo", "everything": true, "dryRun": true}.'
)
EXISTING = {"applicationId": "a-1", "locationId": "561"}


def advice(state: str, **record: Any) -> str | None:
    return next_steps("demo", {"kind": "messaging_v2", "orderState": state, **record})


def step(state: str, at: str = "2026-01-01T00:00:00.000Z") -> dict[str, str]:
    return {"state": state, "at": at}


def test_a_rejected_set_up_is_continued_after_the_cause_is_resolved() -> None:
    text = advice("failed", reason="No.")
    assert text == f"To continue, resolve the cause and {AGAIN}. It finds existing resources."


def test_the_advice_names_existing_resources_and_how_to_undo_them() -> None:
    text = advice("failed", **EXISTING)
    assert text is not None
    assert text.endswith(f" Existing: application a-1, location 561. {UNDO}")


def test_an_order_that_ended_at_bandwidth_is_ordered_again_under_another_id() -> None:
    text = advice("failed", orderId="order-1", failed=2)

    assert text is not None
    assert text.startswith("To order again, start messaging_v2 with another customerOrderId. ")
    assert "Bandwidth's order order-1" in text


def test_an_order_that_was_placed_before_its_execution_ended_costs_money() -> None:
    text = advice("failed", interrupted=True, orderId="order-1")

    assert text is not None
    assert text.startswith(f"To continue, resolve the cause and {AGAIN}. It finds existing resources. ")
    assert (
        "Bandwidth continues its order order-1 although the execution has ended. "
        "Numbers that arrive cost money until they are released." in text
    )


@pytest.mark.parametrize("record", [{"interrupted": True}, {"orderId": "order-1"}], ids=str)
def test_an_order_that_was_not_placed_or_not_interrupted_has_no_such_advice(record: dict[str, Any]) -> None:
    assert "cost money" not in str(advice("failed", **record))


def test_an_order_at_its_deadline_is_continued_under_its_id() -> None:
    text = advice("failed", orderId="order-1", failed=0)
    assert text is not None
    assert AGAIN in text


@pytest.mark.parametrize("state", ["started", "ordered"])
def test_a_step_that_failed_for_technical_reasons_is_redriven(state: str) -> None:
    steps = {
        "Create application": step("succeeded"),
        "Create location": step("failed", "2026-01-01T00:00:01.000Z"),
    }
    text = advice(state, steps=steps)
    assert text == f"Create location failed. Resolve the cause and redrive the execution, or {AGAIN}."


@pytest.mark.parametrize("last", ["running", "succeeded"])
def test_there_is_no_advice_while_the_execution_runs(last: str) -> None:
    steps = {
        "Create application": step("failed"),
        "Create location": step(last, "2026-01-01T00:00:01.000Z"),
    }
    assert advice("started", steps=steps, **EXISTING) is None
    assert advice("started") is None


def test_numbers_of_a_completed_set_up_can_send_and_be_released() -> None:
    text = advice("completed", orderId="order-1")

    assert text is not None
    assert text.startswith("The numbers can send: POST /messages with one of them as from.")
    assert text.endswith(UNDO)


def test_failed_numbers_are_ordered_under_another_id() -> None:
    text = advice("partial")
    assert text == "For the numbers that failed, start messaging_v2 with another customerOrderId."


STOPPED = {"Stop Sending": {"state": "succeeded", "at": "2026-02-03T04:05:06.000Z"}}


# Orders of earlier versions have no action.
@pytest.mark.parametrize("removal", [{"action": "REMOVE"}, {"steps": STOPPED}])
@pytest.mark.parametrize("state", ["failed", "completed", "partial"])
def test_a_removal_is_neither_undone_nor_sent_from(state: str, removal: dict[str, Any]) -> None:
    order = {"kind": "hosted_messaging", "orderState": state, "orderId": "order-1"}

    text = next_steps("demo", order | removal)

    assert "undo" not in str(text)
    assert "can send" not in str(text)


@pytest.mark.parametrize("import_", [{"action": "IMPORT"}, {"steps": {}}])
def test_numbers_of_a_completed_import_can_send_and_be_released(import_: dict[str, Any]) -> None:
    order = {"kind": "hosted_messaging", "orderState": "completed", "orderId": "order-1"}

    text = str(next_steps("demo", order | import_))

    assert text.startswith("The numbers can send")
    assert "undo" in text


def test_a_release_that_failed_is_started_again() -> None:
    text = next_steps("demo", {"kind": "release_numbers", "orderState": "failed"})
    assert text == "Resolve the cause, then start release_numbers again. It skips what is already released."
    assert next_steps("demo", {"kind": "release_numbers", "orderState": "completed"}) is None


def test_there_is_no_advice_about_an_undone_set_up() -> None:
    assert advice("completed", undoneBy="release-1", **EXISTING) is None
