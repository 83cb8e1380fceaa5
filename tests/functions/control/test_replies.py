"""Replies of a number to STOP, START and HELP, which count instead of those of the stack's parameters."""

from http import HTTPStatus
from typing import Any

import pytest

from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.runtime import stores
from functions.control import browse, set_replies
from tests.functions.conftest import Stack, call_api

OURS, OTHERS = "+19195551212", "+19195551214"
AT, LATER = "2026-02-03T04:05:06.000Z", "2026-02-03T05:05:06.000Z"
PATH = f"/numbers/{OURS}/replies"
STOP, HELP = "Acme: no more texts. Reply START to resume.", "Acme: call (919) 555-0100."


@pytest.fixture(autouse=True)
def _number(stack: Stack) -> None:
    stores.numbers().activate(OURS, Home(api="v2", customer_order_id="order-1", site_id="743"), AT)


def put(body: Any) -> Any:
    status, number = call_api(set_replies, "PUT", PATH, body=body)
    assert status == HTTPStatus.OK, number
    return number


def shown() -> Any:
    return call_api(browse, "GET", f"/numbers/{OURS}")[1].get("replies")


def test_the_number_shows_its_replies() -> None:
    assert shown() is None

    number = put({"stop": STOP, "help": HELP})

    assert number["replies"] == shown() == {"stop": STOP, "help": HELP}
    assert number["number"] == OURS


def test_an_empty_text_is_no_reply_and_null_is_that_of_the_stack() -> None:
    put({"stop": STOP, "start": "Welcome back.", "help": HELP})

    put({"stop": "", "start": None})

    assert shown() == {"stop": ""}


@pytest.mark.parametrize("body", [{}, {"stop": None, "start": None, "help": None}])
def test_a_number_without_replies_has_those_of_the_stack(body: Any) -> None:
    put({"stop": STOP})

    assert "replies" not in put(body)
    assert shown() is None


@pytest.mark.parametrize("body", [{"stop": STOP}, {}])
def test_repeating_the_request_changes_nothing(body: Any) -> None:
    put(body)
    before = stores.numbers().get(OURS)

    put(body)

    # The item has a version, which each write raises.
    assert stores.numbers().get(OURS) == before


def test_a_blank_text_is_no_reply() -> None:
    assert put({"stop": " \n"})["replies"] == {"stop": ""}


def test_a_release_keeps_the_replies() -> None:
    put({"stop": STOP})

    stores.numbers().start_release(OURS, Home(api="v2", customer_order_id="order-1", site_id="743"), LATER)

    assert shown() == {"stop": STOP}


@pytest.mark.parametrize("body", [{"stop": STOP}, {}])
def test_a_number_of_another_stack_is_a_404(body: Any) -> None:
    status, problem = call_api(set_replies, "PUT", f"/numbers/{OTHERS}/replies", body=body)

    assert status == HTTPStatus.NOT_FOUND
    assert problem["detail"].startswith(f"{OTHERS} is not a number of this stack.")
    assert stores.numbers().get(OTHERS) is None


def test_a_reply_of_320_characters_is_accepted() -> None:
    assert put({"help": "x" * 320})["replies"] == {"help": "x" * 320}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"stop": "x" * 321}, "stop"),
        ({"help": "a\x00b"}, "help"),
        ({"start": 1}, "start"),
        ({"Stop": STOP}, "Stop"),
    ],
)
def test_an_invalid_reply_is_a_422_with_its_name(body: Any, field: str) -> None:
    status, problem = call_api(set_replies, "PUT", PATH, body=body)

    assert (status, [error["field"] for error in problem["errors"]]) == (422, [field])
