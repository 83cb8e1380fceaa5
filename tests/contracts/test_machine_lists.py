"""Expressions about lists, evaluated with zero, one and two items.

A JSONata sequence with one item is that item, one without items is nothing, and an index binds to the step
before it: `a.b[$ != null][0]` is the first item of each b. Step Functions fails an execution for an
expression that evaluates to nothing.
"""

import re
from typing import Any

import jsonata
import pytest

from tests.contracts.machine_definitions import expressions
from tests.contracts.project import MACHINES, machine

LIST_EXPRESSION = re.compile(r"\[|\$(append|count|sum|map|filter|reduce|sort|distinct|zip)\b")
# Lists of constants, and the limits of waits (tests/contracts/test_waits.py).
CONSTANTS = re.compile(r"in \['[^]]*\]|\$(min|max)\(\[")
PATH = re.compile(r"\$(\w+)((?:\.\w+)*)")


def value(expression: str, **variables: Any) -> Any:
    """Evaluate an expression of a state machine. Raises AssertionError if the value is undefined."""
    evaluated = jsonata.Jsonata(f"{{'value': {expression}}}")
    for name, content in variables.items():
        evaluated.assign(name, content)
    result = evaluated.evaluate(None)
    assert "value" in result, f"{expression} evaluates to nothing"
    return result["value"]


def states(**content: Any) -> dict[str, Any]:
    return {"states": content}


def results(field: str, *values: Any) -> dict[str, Any]:
    """Return the result of a Map whose iterations each returned {field: value}."""
    return states(result=[{field: each} for each in values])


def payload(field: str, values: Any) -> dict[str, Any]:
    return states(result={"Payload": {field: values}})


FIRST_REFUSAL = (
    "$count($states.result.refusal[$ != null]) > 0 ? ($states.result.refusal[$ != null])[0] : null"
)
RESOURCES_DONE = "[$append($done, $states.result.resource[outcome != 'left'])]"
RESOURCES_LEFT = "[$states.result.resource[outcome = 'left']]"
RELEASED = "[$append($plan.disconnect, $plan.remove.numbers)]"
FAILURES = "$append($checked.failures, $append($order.failures, $letter.failures))"
BATCH_FAILURES = "$append($order.failures, $append([], $states.result.failures))"

GONE = {"kind": "sms", "outcome": "deleted"}
GONE_TOO = {"kind": "mms", "outcome": "gone"}
LEFT = {"kind": "location", "outcome": "left"}
LEFT_TOO = {"kind": "application", "outcome": "left"}
SITE = {"siteId": "1", "numbers": ["+1"]}
SITE_OF_TWO = {"siteId": "2", "numbers": ["+2", "+3"]}

BATCHES: list[list[list[Any]]] = [
    [],
    [[]],
    [[], []],
    [[{"number": "2"}]],
    [[], [{"number": "2"}]],
    [[{"number": "2"}], [{"number": "3"}, {"number": "4"}]],
]

Case = tuple[str, dict[str, Any], Any]


def kept(expression: str, variable: str, field: str | None = None) -> list[Case]:
    """Return the cases of an expression that passes a list on as it is."""

    def given(items: list[Any]) -> dict[str, Any]:
        return {variable: {field: items} if field else items}

    return [(expression, given(items), items) for items in ([], [GONE], [GONE, LEFT])]


def counted(expression: str, variable: str, field: str | None = None, *, more: bool = True) -> list[Case]:
    """Return the cases of an expression that asks whether a list has items (`more`), or has none."""
    return [(expression, given, bool(items) is more) for _, given, items in kept("", variable, field)]


CASES: list[Case] = [
    (FIRST_REFUSAL, results("refusal"), None),
    (FIRST_REFUSAL, results("refusal", None), None),
    (FIRST_REFUSAL, results("refusal", "a"), "a"),
    (FIRST_REFUSAL, results("refusal", None, None), None),
    (FIRST_REFUSAL, results("refusal", None, "b"), "b"),
    (FIRST_REFUSAL, results("refusal", "a", None), "a"),
    (FIRST_REFUSAL, results("refusal", "a", "b"), "a"),
    (RESOURCES_DONE, {"done": [], **results("resource")}, []),
    (RESOURCES_DONE, {"done": [], **results("resource", GONE)}, [GONE]),
    (RESOURCES_DONE, {"done": [], **results("resource", LEFT)}, []),
    (RESOURCES_DONE, {"done": [], **results("resource", GONE, GONE_TOO)}, [GONE, GONE_TOO]),
    (RESOURCES_DONE, {"done": [GONE], **results("resource", LEFT)}, [GONE]),
    (RESOURCES_DONE, {"done": [GONE], **results("resource", GONE_TOO, LEFT)}, [GONE, GONE_TOO]),
    (RESOURCES_LEFT, results("resource"), []),
    (RESOURCES_LEFT, results("resource", GONE), []),
    (RESOURCES_LEFT, results("resource", LEFT), [LEFT]),
    (RESOURCES_LEFT, results("resource", GONE, LEFT), [LEFT]),
    (RESOURCES_LEFT, results("resource", LEFT, LEFT_TOO), [LEFT, LEFT_TOO]),
    (RELEASED, {"plan": {"disconnect": [], "remove": []}}, []),
    (RELEASED, {"plan": {"disconnect": ["+0"], "remove": []}}, ["+0"]),
    (RELEASED, {"plan": {"disconnect": [], "remove": [SITE]}}, ["+1"]),
    (RELEASED, {"plan": {"disconnect": ["+0"], "remove": [SITE]}}, ["+0", "+1"]),
    (RELEASED, {"plan": {"disconnect": [], "remove": [SITE, SITE_OF_TWO]}}, ["+1", "+2", "+3"]),
    *(
        (
            FAILURES,
            {"checked": {"failures": a}, "order": {"failures": b}, "letter": {"failures": c}},
            [*a, *b, *c],
        )
        for a in ([], [{"number": "1"}])
        for b in ([], [{"number": "2"}], [{"number": "2"}, {"number": "3"}])
        for c in ([], [{"number": "4"}])
    ),
    *(
        (
            BATCH_FAILURES,
            {"order": {"failures": a}, **results("failures", *batches)},
            [*a, *(failure for batch in batches for failure in batch)],
        )
        for a in ([], [{"number": "1"}])
        for batches in BATCHES
    ),
    *(
        ("$sum($append([0], $states.result.completed))", results("completed", *counts), sum(counts))
        for counts in ([], [2], [2, 3])
    ),
    *(
        (
            "$order.failed + $sum($append([0], $states.result.failed))",
            {"order": {"failed": 1}, **results("failed", *counts)},
            1 + sum(counts),
        )
        for counts in ([], [2], [2, 3])
    ),
    *kept("[$plan.disconnect]", "plan", "disconnect"),
    *kept("[$plan.remove]", "plan", "remove"),
    *kept("[$plan.leave]", "plan", "leave"),
    *kept("[$order.numbers]", "order", "numbers"),
    *kept("[$outcome.failures]", "outcome", "failures"),
    *kept("[$outcome.resources]", "outcome", "resources"),
    *kept("[$todo]", "todo"),
    *(
        ("[$append($done, $todo)]", {"done": a, "todo": b}, [*a, *b])
        for a in ([], [GONE])
        for b in ([], [LEFT])
    ),
    *(("[$states.input.numbers]", states(input={"numbers": n}), n) for n in ([], ["+1"], ["+1", "+2"])),
    *(("[$states.result.Payload.delete]", payload("delete", d), d) for d in ([], [GONE], [GONE, LEFT])),
    *counted("$count($batches) = 0", "batches", more=False),
    *counted("$count($plan.disconnect) > 0", "plan", "disconnect"),
    *counted("$count($plan.remove) > 0", "plan", "remove"),
    *counted("$count($todo) > 0", "todo"),
    *(
        ("$count($todo) > 0 and $tries < 3", {"todo": todo, "tries": tries}, bool(todo) and tries < 3)
        for todo in ([], [LEFT], [LEFT, LEFT_TOO])
        for tries in (1, 3)
    ),
]


def definition() -> set[str]:
    return {each.strip() for name in MACHINES for each in expressions(machine(name))}


@pytest.mark.parametrize(("expression", "variables", "expected"), CASES)
def test_an_expression_about_a_list_is_right_for_zero_one_and_two_items(
    expression: str, variables: dict[str, Any], expected: Any
) -> None:
    assert value(expression, **variables) == expected


def test_every_expression_about_a_list_has_its_cases_here() -> None:
    about_lists = {each for each in definition() if LIST_EXPRESSION.search(CONSTANTS.sub("", each))}

    assert about_lists == {expression for expression, _, _ in CASES}


@pytest.mark.parametrize("items", [[], ["a"], ["a", "b"], [["a"]], [["a"], ["b", "c"]]], ids=str)
def test_a_path_passes_a_list_on_as_it_is(items: list[Any]) -> None:
    for expression in definition():
        if path := PATH.fullmatch(expression):
            content: Any = items
            for field in reversed(path[2].split(".")[1:]):
                content = {field: content}
            assert value(expression, **{path[1]: content}) == items, expression
