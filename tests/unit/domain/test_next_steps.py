"""What may be done next about a set-up, in words."""

from typing import Any

import pytest

from bandwidth_messaging.domain.next_steps import next_steps

AGAIN = (
    'start messaging_v2 again with the same input and the customerOrderId "demo", under a new execution name'
)
UNDO = (
    "To see how to undo it all start release_numbers with "
    '{"customerOrderId": "demo", "everything": true, "dryRun": true}.'
)
MADE = {"applicationId": "a-1", "locationId": "561"}


def advice(state: str, **record: Any) -> str | None:
    return next_steps("demo", {"kind": "messaging_v2", "orderState": state, **record})


def step(state: str, at: str = "2026-01-01T00:00:00.000Z") -> dict[str, str]:
    return {"state": state, "at": at}


def test_what_was_refused_is_continued_once_the_reason_is_mended() -> None:
    assert advice("failed", reason="No.") == f"To continue, mend that and {AGAIN}; what exists is found."


def test_what_exists_is_named_with_the_way_to_undo_it() -> None:
    told = advice("failed", **MADE)
    assert told is not None
    assert told.endswith(f" There are application a-1, location 561. {UNDO}")


def test_an_order_that_bandwidth_ended_is_not_to_be_had_again_under_its_id() -> None:
    told = advice("failed", orderId="order-1", failed=2)
    assert told is not None
    assert told.startswith("To order anew start messaging_v2 with another customerOrderId; ")
    assert "Bandwidth's order order-1" in told


def test_an_order_at_its_deadline_is_waited_for_again_under_its_id() -> None:
    told = advice("failed", orderId="order-1", failed=0)
    assert told is not None
    assert AGAIN in told


@pytest.mark.parametrize("state", ["started", "ordered"])
def test_a_step_that_failed_for_technical_reasons_is_redriven(state: str) -> None:
    steps = {
        "Create application": step("succeeded"),
        "Create location": step("failed", "2026-01-01T00:00:01.000Z"),
    }
    told = advice(state, steps=steps)
    assert told == f"Create location failed: mend that and redrive the execution, or {AGAIN}."


@pytest.mark.parametrize("last", ["running", "succeeded"])
def test_while_it_goes_on_there_is_nothing_to_do(last: str) -> None:
    steps = {
        "Create application": step("failed"),
        "Create location": step(last, "2026-01-01T00:00:01.000Z"),
    }
    assert advice("started", steps=steps, **MADE) is None
    assert advice("started") is None


def test_numbers_that_came_can_text_and_may_be_given_back() -> None:
    told = advice("completed", orderId="order-1")
    assert told is not None
    assert told.startswith("The numbers can text: POST /messages with one of them as from.")
    assert told.endswith(UNDO)


def test_what_did_not_come_is_ordered_under_another_id() -> None:
    told = advice("partial")
    assert told == "For what did not come start messaging_v2 with another customerOrderId."


@pytest.mark.parametrize("state", ["failed", "completed", "partial"])
def test_a_removal_is_not_undone(state: str) -> None:
    told = next_steps(
        "demo",
        {
            "kind": "hosted_messaging",
            "orderState": state,
            "orderId": "order-1",
            "steps": {"Stop Sending": step("succeeded")},
        },
    )
    assert "undo" not in str(told)
    assert "text" not in str(told)


def test_a_release_that_failed_is_started_again() -> None:
    told = next_steps("demo", {"kind": "release_numbers", "orderState": "failed"})
    assert told == "Mend that, then start release_numbers again: what is gone already is skipped."
    assert next_steps("demo", {"kind": "release_numbers", "orderState": "completed"}) is None


def test_what_was_undone_needs_nothing_more() -> None:
    assert advice("completed", undoneBy="release-1", **MADE) is None
