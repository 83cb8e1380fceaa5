"""Code never decides by a text for people: no comparison reads a detail, a reason or a list of next steps."""

import ast
import json
from collections.abc import Iterator

import pytest

from tests.template import ROOT

TEXTS = frozenset({"detail", "reason", "words", "nextSteps", "next_steps", "problems"})
SEARCHES = frozenset(
    {"startswith", "endswith", "find", "index", "count", "partition", "rpartition", "split"}
    | {"search", "match", "fullmatch"}
)
SOURCES = sorted(
    path
    for folder in ("functions", "layers/shared/bandwidth_messaging")
    for path in (ROOT / folder).rglob("*.py")
)
# Bandwidth reports an absent removal order without a code, so that its own description is the last resort.
ALLOWED = {("bandwidth/errors.py", "_ABSENT_WORDS in self.words")}


def is_text(node: ast.AST) -> bool:
    """Return whether an expression is an attribute or an item with a text for people."""
    match node:
        case (
            ast.Attribute(attr=name)
            | ast.Subscript(slice=ast.Constant(value=name))
            | ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=name), *_])
        ):
            return name in TEXTS
        case (
            ast.Call(func=ast.Attribute(attr="lower" | "strip" | "casefold", value=inner))
            | ast.Call(func=ast.Name(id="str"), args=[inner])
        ):
            return is_text(inner)
        case ast.BoolOp(values=values):
            return any(map(is_text, values))
    return False


def is_empty(node: ast.AST) -> bool:
    """Return whether an expression is a value that a missing text is compared with."""
    return isinstance(node, ast.Constant) and node.value in {None, ""}


def reading(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the expressions that compare a text for people with another text, or search in it."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=left, comparators=others):
                sides = [left, *others]
                if any(map(is_text, sides)) and not any(map(is_empty, sides)):
                    yield node
            case ast.Call(func=ast.Attribute(attr=name, value=value), args=args) if name in SEARCHES:
                if is_text(value) or any(map(is_text, args)):
                    yield node
            case ast.Match(subject=subject):
                if is_text(subject):
                    yield node


@pytest.mark.parametrize(
    "code",
    [
        'item["detail"] == "created"',
        '" in place of " in item.get("detail", "")',
        'step.detail.startswith("found")',
        'str(item["reason"]) in {"a", "b"}',
        're.search("13524", error.words)',
        'error.words.partition(":")',
    ],
)
def test_reading_a_text_is_recognized(code: str) -> None:
    assert list(reading(ast.parse(code)))


@pytest.mark.parametrize("code", ['item["reason"] is None', 'item["outcome"] == "created"', "f(item.detail)"])
def test_passing_a_text_on_is_not_reading(code: str) -> None:
    assert not list(reading(ast.parse(code)))


def test_no_code_decides_by_a_text_for_people() -> None:
    found = {
        (str(path.relative_to(ROOT)), ast.unparse(node))
        for path in SOURCES
        for node in reading(ast.parse(path.read_text()))
    }
    assert {
        (file, code)
        for file, code in found
        if not any(file.endswith(known) and code == allowed for known, allowed in ALLOWED)
    } == set()


def test_no_state_machine_decides_by_a_text_for_people() -> None:
    for path in sorted((ROOT / "statemachines").glob("*.json")):
        states = json.loads(path.read_text())["States"]
        conditions = [
            choice["Condition"]
            for state in states.values()
            if state["Type"] == "Choice"
            for choice in state["Choices"]
        ]
        assert conditions
        assert [each for each in conditions if any(f".{text}" in each for text in TEXTS)] == []
