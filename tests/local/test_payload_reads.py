"""What a state machine reads of the results of its functions."""

from typing import Any

import pytest

from local.payload_reads import find_payload_reads

INVOKE = "arn:${Partition}:states:::lambda:invoke"
END: dict[str, Any] = {"Type": "Succeed"}


def task(next_state: str | None, **parts: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": INVOKE,
        "Arguments": {"FunctionName": "${F}", "Payload": {}},
        **({"Next": next_state} if next_state else {"End": True}),
        **parts,
    }


def passing(next_state: str | None, **parts: Any) -> dict[str, Any]:
    return {"Type": "Pass", **({"Next": next_state} if next_state else {"End": True}), **parts}


def reads(**states: Any) -> dict[str, set[str]]:
    """Return the reads of a machine that starts at its first state."""
    return find_payload_reads({"StartAt": next(iter(states)), "States": states})


WHOLE = {"order": "{% $states.result.Payload %}"}


@pytest.mark.parametrize(
    "following",
    [
        passing(None, Output="{% $order.field %}"),
        passing(None, Output={"inside": ["{% 'a text ' & $order.field %}"]}),
        passing(None, Output="{% $append([$order.field], []) %}"),
        passing(None, Output="{% $exists($order.field) ? 1 : 2 %}"),
        passing(None, Output="{% true ? ($order).field : 2 %}"),
        {"Type": "Fail", "Error": "{% $order.field %}"},
        {"Type": "Wait", "Seconds": "{% $order.field * 2 %}", "End": True},
        {"Type": "Choice", "Choices": [{"Condition": "{% $order.field = 1 %}", "Next": "End"}]},
        {
            "Type": "Choice",
            "Choices": [{"Condition": "{% true %}", "Assign": {"a": "{% $order.field %}"}, "Next": "End"}],
        },
        {
            "Type": "Map",
            "Items": "{% $order.field %}",
            "ItemProcessor": {"StartAt": "I", "States": {"I": END}},
        },
        {
            "Type": "Map",
            "Items": [1],
            "ItemProcessor": {"StartAt": "I", "States": {"I": passing(None, Output="{% $order.field %}")}},
        },
    ],
    ids=str,
)
def test_a_field_that_a_later_state_reads_of_a_variable_is_found(following: dict[str, Any]) -> None:
    assert reads(First=task("Second", Assign=WHOLE), Second=following, End=END) == {"First": {"field"}}


def test_a_field_that_the_state_itself_reads_is_found() -> None:
    assert reads(First=task(None, Assign={"id": "{% $states.result.Payload.id %}"})) == {"First": {"id"}}


def test_a_field_of_an_output_is_found_in_the_next_state() -> None:
    first = task("Second", Output="{% $states.result.Payload %}")
    assert reads(First=first, Second=passing(None, Output="{% $states.input.field %}")) == {
        "First": {"field"}
    }


def test_a_field_is_found_through_an_object_and_a_second_variable() -> None:
    first = task("Second", Assign={"both": {"order": "{% $states.result.Payload %}"}})
    second = passing("Third", Assign={"copy": "{% [$both.order] %}"})
    third = passing(None, Output="{% {'id': $copy.id}.id %}")

    assert reads(First=first, Second=second, Third=third) == {"First": {"id"}}


def test_fields_of_the_elements_of_a_list_are_found_in_and_after_a_map() -> None:
    inner = {"I": passing(None, Output={"kept": "{% $states.input %}", "site": "{% $states.input.siteId %}"})}
    mapping = {
        "Type": "Map",
        "Items": "{% [$order.rows] %}",
        "ItemProcessor": {"StartAt": "I", "States": inner},
        "Assign": {"left": "{% [$states.result.kept[outcome = 'left']] %}"},
        "End": True,
    }

    found = reads(First=task("Second", Assign=WHOLE), Second=mapping)

    assert found == {"First": {"rows", "rows.siteId", "rows.outcome"}}


def test_a_variable_that_was_assigned_again_is_no_longer_the_result() -> None:
    states = {
        "First": task("Second", Assign=WHOLE),
        "Second": passing("Third", Assign={"order": {"state": "pending"}}),
        "Third": passing(None, Output="{% $order.state %}"),
    }

    assert reads(**states) == {}


def test_a_result_that_a_loop_reads_is_found() -> None:
    states = {
        "First": passing("Check", Assign={"order": {"since": None}}),
        "Check": task("Check", Assign=WHOLE) | {"Arguments": {"Payload": "{% $order.since %}"}},
    }

    assert reads(**states) == {"Check": {"since"}}


def test_the_error_of_a_catcher_is_not_a_result() -> None:
    catcher = {"ErrorEquals": ["E"], "Assign": {"failure": "{% $states.errorOutput %}"}, "Next": "End"}
    assert reads(First=task("End", Catch=[catcher]), End=passing(None, Output="{% $failure.Cause %}")) == {}


@pytest.mark.parametrize("expression", ["$order.*", "$order ~> $keys", "$map($order, function($o){$o.id})"])
def test_an_expression_that_cannot_be_followed_is_an_error(expression: str) -> None:
    with pytest.raises(ValueError, match="cannot be followed"):
        reads(First=task("Second", Assign=WHOLE), Second=passing(None, Output=f"{{% {expression} %}}"))
