"""Expressions about lists, evaluated with zero, one and two items.

In JSONata a sequence with one item is that item, and a sequence without items is undefined. An index binds to
the step before it: `a.b[$ != null][0]` is the first item of each b. Step Functions fails an execution if an
expression is undefined.
"""

import re
from typing import Any

import jsonata
import pytest

from tests.contracts.machine_definitions import expressions
from tests.contracts.project import MACHINES, machine

LIST_EXPRESSION = re.compile(r"\[|\$(append|count|sum|map|filter|reduce|sort|distinct|zip)\b")
# Lists of constants, and the limits of waits, which tests/contracts/test_waits.py covers.
CONSTANTS = re.compile(r"in \['[^]]*\]|\$(min|max)\(\[")
PATH = re.compile(r"\$(\w+)((?:\.\w+)*)")


def value(expression: str, **variables: Any) -> Any:
    """Evaluate an expression of a state machine. Raises AssertionError if the value is undefined."""
    evaluated = jsonata.Jsonata(f"{{'value': {expression}}}")
    for name, content in variables.items():
        evaluated.assign(name, content)
    result = evaluated.evaluate(None)
    assert "value" in result, f"{expression} is undefined"
    return result["value"]


def states(**content: Any) -> dict[str, Any]:
    """Return the variable `states` with this content."""
    return {"states": content}


def results(field: str, *values: Any) -> dict[str, Any]:
    """Return the result of a Map whose iterations each returned {field: value}."""
    return states(result=[{field: each} for each in values])


def payload(field: str, values: Any) -> dict[str, Any]:
    """Return the result of a function that returned {field: values}."""
    return states(result={"Payload": {field: values}})


FIRST_REJECTION = (
    "$count($states.result.refusal[$ != null]) > 0 ? ($states.result.refusal[$ != null])[0] : null"
)
RESOURCES_DONE = "[$append($done, $states.result.resource[outcome != 'left'])]"
RESOURCES_LEFT = "[$states.result.resource[outcome = 'left']]"
RELEASED = "[$append($plan.disconnect, $plan.remove.numbers)]"
FAILURES = "$append($checked.failures, $append($order.failures, $letter.failures))"
BATCH_FAILURES = "$append($order.failures, $append([], $states.result.failures))"

DELETED = {"kind": "sms", "outcome": "deleted"}
ABSENT = {"kind": "mms", "outcome": "gone"}
CHUNK = {"rows": 5000}
LEFT = {"kind": "location", "outcome": "left"}
LEFT_APPLICATION = {"kind": "application", "outcome": "left"}
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


def unchanged(expression: str, variable: str, field: str | None = None) -> list[Case]:
    """Return the cases of an expression whose value is a list."""

    def variables(items: list[Any]) -> dict[str, Any]:
        return {variable: {field: items} if field else items}

    return [(expression, variables(items), items) for items in ([], [DELETED], [DELETED, LEFT])]


def has_items(expression: str, variable: str, field: str | None = None, *, more: bool = True) -> list[Case]:
    """Return the cases of an expression that checks whether a list has items (`more`) or none."""
    return [
        (expression, variables, bool(items) is more) for _, variables, items in unchanged("", variable, field)
    ]


CASES: list[Case] = [
    (FIRST_REJECTION, results("refusal"), None),
    (FIRST_REJECTION, results("refusal", None), None),
    (FIRST_REJECTION, results("refusal", "a"), "a"),
    (FIRST_REJECTION, results("refusal", None, None), None),
    (FIRST_REJECTION, results("refusal", None, "b"), "b"),
    (FIRST_REJECTION, results("refusal", "a", None), "a"),
    (FIRST_REJECTION, results("refusal", "a", "b"), "a"),
    (RESOURCES_DONE, {"done": [], **results("resource")}, []),
    (RESOURCES_DONE, {"done": [], **results("resource", DELETED)}, [DELETED]),
    (RESOURCES_DONE, {"done": [], **results("resource", LEFT)}, []),
    (RESOURCES_DONE, {"done": [], **results("resource", DELETED, ABSENT)}, [DELETED, ABSENT]),
    (RESOURCES_DONE, {"done": [DELETED], **results("resource", LEFT)}, [DELETED]),
    (RESOURCES_DONE, {"done": [DELETED], **results("resource", ABSENT, LEFT)}, [DELETED, ABSENT]),
    (RESOURCES_LEFT, results("resource"), []),
    (RESOURCES_LEFT, results("resource", DELETED), []),
    (RESOURCES_LEFT, results("resource", LEFT), [LEFT]),
    (RESOURCES_LEFT, results("resource", DELETED, LEFT), [LEFT]),
    (RESOURCES_LEFT, results("resource", LEFT, LEFT_APPLICATION), [LEFT, LEFT_APPLICATION]),
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
    *unchanged("[$plan.disconnect]", "plan", "disconnect"),
    *unchanged("[$plan.remove]", "plan", "remove"),
    *unchanged("[$plan.leave]", "plan", "leave"),
    *unchanged("[$order.numbers]", "order", "numbers"),
    *unchanged("[$outcome.failures]", "outcome", "failures"),
    *unchanged("[$outcome.resources]", "outcome", "resources"),
    *unchanged("[$todo]", "todo"),
    *(
        ("[$append($done, $todo)]", {"done": a, "todo": b}, [*a, *b])
        for a in ([], [DELETED])
        for b in ([], [LEFT])
    ),
    *(("[$states.input.numbers]", states(input={"numbers": n}), n) for n in ([], ["+1"], ["+1", "+2"])),
    *(("[$states.result.Payload.delete]", payload("delete", d), d) for d in ([], [DELETED], [DELETED, LEFT])),
    *(("[$states.result]", states(result=each), each) for each in ([], [CHUNK], [CHUNK, CHUNK])),
    *(("[$results]", {"results": each}, each) for each in ([], [CHUNK], [CHUNK, CHUNK])),
    *(("[$plan.chunks]", {"plan": {"chunks": each}}, each) for each in ([], [CHUNK], [CHUNK, CHUNK])),
    *has_items("$count($batches) = 0", "batches", more=False),
    *has_items("$count($plan.disconnect) > 0", "plan", "disconnect"),
    *has_items("$count($plan.remove) > 0", "plan", "remove"),
    *has_items("$count($todo) > 0", "todo"),
    *(
        ("$count($todo) > 0 and $tries < 3", {"todo": todo, "tries": tries}, bool(todo) and tries < 3)
        for todo in ([], [LEFT], [LEFT, LEFT_APPLICATION])
        for tries in (1, 3)
    ),
]


def all_expressions() -> set[str]:
    """Return the expressions of all state machines."""
    return {each.strip() for name in MACHINES for each in expressions(machine(name))}


@pytest.mark.parametrize(("expression", "variables", "expected"), CASES)
def test_a_list_expression_has_its_value_for_zero_one_and_two_items(
    expression: str, variables: dict[str, Any], expected: Any
) -> None:
    assert value(expression, **variables) == expected


def test_every_list_expression_has_cases() -> None:
    list_expressions = {each for each in all_expressions() if LIST_EXPRESSION.search(CONSTANTS.sub("", each))}

    assert list_expressions == {expression for expression, _, _ in CASES}


@pytest.mark.parametrize("items", [[], ["a"], ["a", "b"], [["a"]], [["a"], ["b", "c"]]], ids=str)
def test_the_value_of_a_path_to_a_list_is_the_list(items: list[Any]) -> None:
    for expression in all_expressions():
        if path := PATH.fullmatch(expression):
            content: Any = items
            for field in reversed(path[2].split(".")[1:]):
                content = {field: content}
            assert value(expression, **{path[1]: content}) == items, expression
