"""Two stacks whose replies are keywords of the other one: each answers once, and the loop ends."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from local.stack import Stack
from tests.e2e.test_messages import unused_number
from tests.e2e.test_sending import receive_text
from tests.machines import control, run, unique, wait_until

WORD = "HELP"


def order_answering_number(cloud: Stack, area_code: str) -> str:
    """Order a number that answers HELP with HELP."""
    name = unique("loop")
    own = {"applicationName": name, "locationName": name, "customerOrderId": name}
    execution = run(cloud, "messaging_v2", {"areaCode": area_code} | own)
    assert execution.output is not None, execution.cause
    number: str = execution.output["numbers"][0]
    response = cloud.call("PUT", f"/numbers/{quote(number)}/replies", {"help": WORD})
    assert response.ok, response.text
    return number


def sent_texts(cloud: Stack, to: str) -> Callable[[], list[Any]]:
    return lambda: control(cloud, "GET", f"/messages?to={quote(to)}")["messages"]


def test_two_stacks_that_answer_each_other_stop_after_one_reply_each(clouds: dict[str, Stack]) -> None:
    first, second = clouds["current"], clouds["classic"]
    ours, theirs = order_answering_number(first, "252"), order_answering_number(second, "980")

    # Each area code is used once, so that no number belongs to both stacks.
    # What one stack sends to the other's number arrives there.
    receive_text(first, theirs, ours, WORD)
    (reply,) = wait_until(sent_texts(first, theirs))
    receive_text(second, reply["from"], theirs, reply["text"])
    (answer,) = wait_until(sent_texts(second, ours))
    receive_text(first, answer["from"], ours, answer["text"])

    # A later text of a person is answered, so that the answer of the other stack has been handled before.
    person = unused_number()
    receive_text(first, person, ours, WORD)
    assert [each["text"] for each in wait_until(sent_texts(first, person))] == [WORD]
    assert len(sent_texts(first, theirs)()) == 1
    assert len(sent_texts(second, ours)()) == 1
