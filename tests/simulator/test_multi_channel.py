"""Messages with RCS and a fallback: the API through Bandwidth's Python client, and the events."""

from collections.abc import Callable, Iterator
from typing import Any

import bandwidth as sdk
import pytest
from bandwidth.exceptions import ForbiddenException

from simulator.server import RunningSimulator
from tests.simulator.sdk_client import open_client
from tests.simulator.support import CONFIG, Client, Receiver, Setup

HANDSET = "+19195550142"
AGENT = "ExampleAgent"
CARD = {
    "orientation": "VERTICAL",
    "cardContent": {
        "title": "Your parcel",
        "media": {"fileUrl": "https://example.com/parcel.png", "height": "SHORT"},
        "suggestions": [
            {"type": "OPEN_URL", "text": "Track it", "postbackData": "dHJhY2s=", "url": "https://example.com"}
        ],
    },
    "suggestions": [{"type": "REPLY", "text": "Thanks", "postbackData": "dGhhbmtz"}],
}


@pytest.fixture
def api(bandwidth: RunningSimulator) -> Iterator[Any]:
    with open_client(bandwidth) as client:
        yield sdk.MultiChannelApi(client)


@pytest.fixture
def setup(set_up: Callable[..., Setup]) -> Setup:
    return set_up()


def body(setup: Setup, content: dict[str, Any]) -> dict[str, Any]:
    channels = [
        {"channel": "RBM", "from": AGENT, "applicationId": setup.application_id, "content": content},
        {
            "channel": "SMS",
            "from": setup.numbers[0],
            "applicationId": setup.application_id,
            "content": {"text": "Your parcel: https://example.com"},
        },
    ]
    return {"to": HANDSET, "channelList": channels, "tag": "a tag"}


def request(setup: Setup) -> Any:
    return sdk.MultiChannelMessageRequest.from_dict(body(setup, CARD))


def describe(event: dict[str, Any]) -> tuple[str, str, str]:
    return event["type"], event["message"]["channel"], event["message"]["from"]


def test_a_handset_with_rcs_gets_the_card(
    api: Any, control: Client, receiver: Receiver, setup: Setup
) -> None:
    accepted = api.create_multi_channel_message(CONFIG.account_id, request(setup))

    assert (accepted.links, accepted.errors) == ([], [])
    assert (accepted.data.to, accepted.data.tag, accepted.data.direction) == ([HANDSET], "a tag", "out")
    assert [each.actual_instance.owner for each in accepted.data.channel_list] == [AGENT, setup.numbers[0]]
    events = receiver.wait_for(2)
    assert sorted(map(describe, events)) == [
        ("message-delivered", "RBM", AGENT),
        ("message-sent", "RBM", AGENT),
    ]
    assert {event["message"]["id"] for event in events} == {accepted.data.id}
    assert {event["message"]["tag"] for event in events} == {"a tag"}
    [sent] = control.get("/messages").json()["messages"]
    assert (sent["channel"], sent["content"]["cardContent"]["title"]) == ("RBM", "Your parcel")


@pytest.mark.parametrize("reported", [False, True])
def test_a_handset_without_rcs_gets_the_sms_under_the_same_id(
    api: Any, control: Client, receiver: Receiver, setup: Setup, reported: bool
) -> None:
    control.put(f"/handsets/{HANDSET}", json={"rcs": False, "report_failure": reported})

    accepted = api.create_multi_channel_message(CONFIG.account_id, request(setup))

    events = receiver.wait_for(3 if reported else 2)
    failure = [("message-failed", "RBM", AGENT)] if reported else []
    assert sorted(map(describe, events)) == sorted(
        [
            *failure,
            ("message-delivered", "SMS", setup.numbers[0]),
            ("message-sent", "SMS", setup.numbers[0]),
        ]
    )
    assert {event["message"]["id"] for event in events} == {accepted.data.id}
    [sent] = control.get("/messages").json()["messages"]
    assert (sent["channel"], sent["text"]) == ("SMS", "Your parcel: https://example.com")


def test_a_handset_that_nothing_reaches_has_the_failure_of_the_last_channel(
    api: Any, control: Client, receiver: Receiver, setup: Setup
) -> None:
    control.put(f"/outcomes/{HANDSET}", json={"errorCode": 4720})

    api.create_multi_channel_message(CONFIG.account_id, request(setup))

    [event] = receiver.wait_for(1)
    assert (*describe(event), event["errorCode"]) == ("message-failed", "SMS", setup.numbers[0], 4720)


def test_rcs_without_a_fallback_fails_on_a_handset_without_rcs(
    api: Any, control: Client, receiver: Receiver, setup: Setup
) -> None:
    control.put(f"/handsets/{HANDSET}", json={"rcs": False})
    only = request(setup)
    only.channel_list = only.channel_list[:1]

    api.create_multi_channel_message(CONFIG.account_id, only)

    [event] = receiver.wait_for(1)
    assert (*describe(event), event["errorCode"]) == ("message-failed", "RBM", AGENT, 4754)


@pytest.mark.parametrize("path", ["/inbound", "/events"])
def test_an_agent_receives_what_a_handset_sends(
    api: Any, control: Client, receiver: Receiver, setup: Setup, path: str
) -> None:
    stop = {"from": HANDSET, "to": AGENT, "text": "STOP"}
    if path == "/events":
        stop["type"] = "suggestion-response"
    assert control.post(path, json=stop).status_code == 404
    api.create_multi_channel_message(CONFIG.account_id, request(setup))
    receiver.wait_for(2)

    assert control.post(path, json=stop).status_code == 202

    event = receiver.wait_for(3)[-1]
    assert (event["to"], event["message"]["owner"], event["message"]["channel"]) == (AGENT, AGENT, "RBM")


def test_wrong_fields_are_listed_with_their_paths(current: Client, setup: Setup) -> None:
    dial = {"type": "DIAL_PHONE", "text": "Call", "postbackData": "no base64!"}

    rejected = current.post("/messages/multiChannel", json=body(setup, {"text": "x", "suggestions": [dial]}))

    assert (rejected.status_code, rejected.json()["data"]) == (400, None)
    fields = {each["source"]["field"].rpartition(".")[2] for each in rejected.json()["errors"]}
    assert fields == {"postbackData", "phoneNumber"}


def test_another_account_is_forbidden(api: Any, setup: Setup) -> None:
    with pytest.raises(ForbiddenException) as rejected:
        api.create_multi_channel_message("9900001", request(setup))
    assert rejected.value.data.errors[0].type == "forbidden"
