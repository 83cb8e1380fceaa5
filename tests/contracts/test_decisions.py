"""Code never decides by a text for people: no comparison reads a detail, a reason or a list of next steps."""

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contracts.machine_definitions import expressions, own_parts, states
from tests.contracts.person_facing_texts import TEXTS, list_readings
from tests.contracts.project import MACHINES
from tests.template import ROOT

SOURCES = sorted(
    path
    for folder in ("functions", "layers/shared/bandwidth_messaging")
    for path in (ROOT / folder).rglob("*.py")
)
ALLOWED = {
    # Bandwidth reports an absent removal order without a code. Only its description says that it is absent.
    ("bandwidth/errors.py", "_ABSENT_WORDS in self.words"),
    # Records of earlier versions have no outcome. No code writes these details now, so they cannot change.
    ("domain/step_outcomes.py", "detail.startswith(_LEGACY_REPLACEMENT)"),
    ("domain/step_outcomes.py", "_LEGACY_OUTCOMES.get(detail)"),
    # The words of a text that a person sent. The law demands a decision by them (47 CFR 64.1200(a)(10)).
    ("domain/keywords.py", "word not in self._words"),
    ("domain/keywords.py", "self._words.get(word, (None, ''))"),
    ("domain/keywords.py", "word in _SINGLE"),
    ("domain/keywords.py", "_REQUESTS.search(' '.join(words))"),
}

DIRECT_READINGS = {
    "an item": 'item["detail"] == "created"',
    "an item that may be absent": '" in place of " in item.get("detail", "")',
    "an attribute": 'step.detail.startswith("found")',
    "a converted text": 'str(item["reason"]) in {"a", "b"}',
    "a regular expression": 're.search("13524", error.words)',
    "a split text": 'error.words.partition(":")',
    "an element of a list of texts": 'item["nextSteps"][0] == "Redrive"',
    "a formatted text": 'f"{item.reason}." == "No."',
    "a key of a table": '{"created": 1}[item["detail"]]',
    "a key of a table with a default": 'KINDS.get(step.detail, "none")',
    "a match statement": 'match item["detail"]:\n  case "created":\n    pass',
    "a removed entry": 'item.pop("reason") == "no"',
    "an entry with a default": 'item.setdefault("detail", "") == "created"',
    "Bandwidth's own text": 'item["bandwidthReason"] == "no"',
    "an attribute with Bandwidth's own text": 'message.bandwidth_reason == "no"',
    "a text that says what to fix": 'item["fix"] == "Set it."',
    "a mapping pattern": 'match item:\n  case {"detail": "created"}:\n    pass',
    "a class pattern": 'match item:\n  case Step(detail="created" | "found"):\n    pass',
    "a nested pattern": 'match item:\n  case [{"step": {"reason": "no"}}]:\n    pass',
    "a generator": 'any(text == "no" for text in item["problems"])',
}
READINGS_IN_A_FUNCTION = {
    "a variable": """
text = item["detail"]
return text == "created"
""",
    "a variable of a variable": """
text = item["detail"]
lowered = text.lower()
return "created" in lowered
""",
    "an assignment expression": """
if text := item.get("reason"):
    return text.startswith("no ")
""",
    "one of two values": """
text = item["reason"] if item else "created"
return text == "created"
""",
    "an element of a tuple": """
pair = (item["state"], item["detail"])
return pair[1] == "created"
""",
    "an unpacked tuple": """
state, text = item["state"], item["detail"]
return text == "created"
""",
    "a tuple that is unpacked later": """
pair = (item["state"], item["detail"])
state, text = pair
return text == "created"
""",
    "the rest of a tuple": """
state, *rest = item["state"], item["detail"]
return rest[0] == "created"
""",
    "an entry of a dictionary": """
record = {"state": item["state"], "text": item["detail"]}
return record["text"] == "created"
""",
    "an entry that may be absent": """
record = {"state": item["state"], "text": item["detail"]}
return record.get("text") == "created"
""",
    "an entry of a nested dictionary": """
record = {"step": {"text": item["detail"]}}
return record["step"]["text"] == "created"
""",
    "a loop": """
for text in item["nextSteps"]:
    if text == "Redrive":
        return True
""",
    "a loop over pairs": """
for state, text in [("failed", item["reason"])]:
    if text == "no":
        return True
""",
    "a loop over the entries of a dictionary": """
for key, text in {"text": item["detail"]}.items():
    if text == "created":
        return True
""",
    "a list of texts": """
texts = [step.detail for step in item]
return "created" in texts
""",
    "a parameter": """
return reason == "no"
""",
    "a key": """
text = item["detail"]
return KINDS[text]
""",
    "a pattern that captures": """
match (item["state"], item["detail"]):
    case (state, text):
        return text == "created"
""",
    "a mapping pattern that captures": """
match item:
    case {"detail": text}:
        return text == "created"
""",
    "a class pattern that captures": """
match item:
    case Step(detail=text):
        return text.startswith("created")
""",
    "the text of an exception": """
try:
    f()
except ValueError as problem:
    return "no" in str(problem)
""",
    "a formatted exception": """
return f"{error}".startswith("no")
""",
    "the arguments of an exception": """
return error.args[0] == "no"
""",
    "a nested function": """
text = item["detail"]
def is_created():
    return text == "created"
return is_created
""",
}
NO_READINGS = {
    "an absent text": 'return item["reason"] is None',
    "an outcome": 'return item["outcome"] == "created"',
    "an attribute of an exception": "return error.status == 404",
    "an absent text in a pattern": """
match item:
    case {"detail": None}:
        return True
""",
    "a pattern that captures a text": """
match item:
    case {"outcome": "created", "detail": text}:
        return text
""",
    "an argument": "return f(item.detail)",
    "another element of a tuple": """
pair = (item["state"], item["detail"])
return pair[0] == "created"
""",
    "another element of an unpacked tuple": """
state, text = item["state"], item["detail"]
return state == "created"
""",
    "another entry of a dictionary": """
record = {"state": item["state"], "text": item["detail"]}
return record["state"] == "created"
""",
    "a truth value": """
text = item["reason"]
return bool(text)
""",
}


def in_a_function(body: str) -> ast.Module:
    """Return a module with a function that has this body."""
    return ast.parse(
        "def f(item, reason, error):\n" + "".join(f"    {line}\n" for line in body.strip().splitlines())
    )


@pytest.mark.parametrize("code", DIRECT_READINGS.values(), ids=DIRECT_READINGS)
def test_reading_a_text_is_recognized(code: str) -> None:
    assert list(list_readings(ast.parse(code)))


@pytest.mark.parametrize("body", READINGS_IN_A_FUNCTION.values(), ids=READINGS_IN_A_FUNCTION)
def test_reading_a_text_through_variables_is_recognized(body: str) -> None:
    assert list(list_readings(in_a_function(body)))


@pytest.mark.parametrize("body", NO_READINGS.values(), ids=NO_READINGS)
def test_other_code_is_not_reading(body: str) -> None:
    assert list(list_readings(in_a_function(body))) == []


def test_variables_of_one_function_do_not_count_in_another() -> None:
    code = """
def first(item):
    text = item["detail"]
    return text

def second(item):
    text = item["state"]
    return text == "failed"
"""
    assert list(list_readings(ast.parse(code))) == []


def test_no_code_decides_by_a_text_for_people() -> None:
    found = {
        ("/".join(path.parts[-2:]), ast.unparse(node))
        for path in SOURCES
        for node in list_readings(ast.parse(path.read_text()))
    }

    assert found == ALLOWED


WORDS = re.compile(rf"\b({'|'.join(sorted(TEXTS))})\b")
# Fields of a state that pass a text on unchanged, or as the cause of a failed execution.
PASSED_ON = {
    ("reason", "$order.reason"),
    ("reason", "$outcome.reason"),
    ("nextSteps", "$order.nextSteps"),
    ("nextSteps", "$outcome.nextSteps"),
    (
        "Cause",
        (
            r"$replace($outcome.reason, /\.$/, '') & '. Resolve the cause, then start release_numbers again. "
            "It skips what is already released.'"
        ),
    ),
    ("Cause", r"$replace($failure.reason, /\.$/, '') & '. Resolve the cause, then start again.'"),
    (
        "Cause",
        (
            r"$replace($failure.reason, /\.$/, '') & '. ' & ($failure.nextSteps ? $failure.nextSteps : "
            "'Resolve the cause, then start again.')"
        ),
    ),
}


def list_texts(value: Any, field: str = "") -> Iterator[tuple[str, str]]:
    """Yield the expressions of a part of a machine that mention a text for people, with their fields."""
    match value:
        case dict():
            for name, inner in value.items():
                yield from list_texts(inner, name)
        case list():
            for inner in value:
                yield from list_texts(inner, field)
        case str():
            yield from ((field, each.strip()) for each in expressions(value) if WORDS.search(each))


@pytest.mark.parametrize(
    "expression", ["$step.detail = 'created'", "$letter['detail'] = 'sent'", "$contains($reason, 'no')"]
)
def test_a_machine_that_mentions_a_text_is_recognized(expression: str) -> None:
    choice = {"Type": "Choice", "Choices": [{"Condition": f"{{% {expression} %}}", "Next": "End"}]}

    assert list(list_texts(choice)) == [("Condition", expression)]


def test_no_state_machine_decides_by_a_text_for_people() -> None:
    mentioned = {
        text for name in MACHINES for state in states(name).values() for text in list_texts(own_parts(state))
    }

    assert mentioned == PASSED_ON
