"""What the doctor finds out without an account: a secret's values, and whether a door asks who is there."""

from typing import Any

import pytest

from bandwidth_messaging.services import callback_check
from bandwidth_messaging.services.diagnosis import problem_with
from tests.http_server import Answer, serving


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, "is missing"),
        ("", "is empty"),
        ("…", "is empty"),
        ("  ", "is empty"),
        ("value\n", "has a space or a line break at an end"),
        (" value", "has a space or a line break at an end"),
        ('"value"', "is in quotes of its own"),
        (12345678, "is not text"),
        ("value", None),
        ("a'b", None),
    ],
)
def test_what_is_wrong_with_a_value(value: Any, problem: str | None) -> None:
    assert problem_with(value) == problem


@pytest.mark.parametrize("answer", [Answer(401), Answer(403), Answer(204), Answer(500), Answer(lost=True)])
def test_a_callback_api_that_does_not_challenge(answer: Answer) -> None:
    with serving() as door:
        door.answers(answer)
        found = callback_check.challenge(door.url)
    assert found.result == "wrong"
    assert "the event is lost" in found.found or "the connection broke off" in found.found
