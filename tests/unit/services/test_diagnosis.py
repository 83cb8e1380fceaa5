"""Checks of the doctor that need no account: values of a secret, and the challenge of the callback API."""

from typing import Any

import pytest

from bandwidth_messaging.bandwidth.callback_probe import CallbackProbe
from bandwidth_messaging.services.callback_check import check_challenge
from bandwidth_messaging.services.diagnosis import explain_invalid_value
from tests.http_server import Response, run_server


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, "is missing"),
        ("", "is empty"),
        ("…", "is empty"),
        ("  ", "is empty"),
        ("value\n", "starts or ends with a space or a line break"),
        (" value", "starts or ends with a space or a line break"),
        ('"value"', "is enclosed in extra quotes"),
        (12345678, "is not a string"),
        ("value", None),
        ("a'b", None),
    ],
)
def test_an_invalid_value_of_a_secret_is_explained(value: Any, problem: str | None) -> None:
    assert explain_invalid_value(value) == problem


@pytest.mark.parametrize(
    "answer", [Response(401), Response(403), Response(204), Response(500), Response(lost=True)]
)
def test_a_callback_api_without_a_challenge_is_wrong(answer: Response) -> None:
    with run_server() as callback_api:
        callback_api.respond_with(answer)
        finding = check_challenge(callback_api.url, CallbackProbe(callback_api.url))

    assert finding.result == "wrong"
    assert "drops the event" in finding.found or "the connection was lost" in finding.found
