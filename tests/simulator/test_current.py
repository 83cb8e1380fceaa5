"""The current messaging API: messages with the account id, and the message search."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from simulator.server import RunningSimulator
from tests.simulator.support import (
    CONFIG,
    Client,
    Receiver,
    Setup,
    assign_application,
    wait_until,
)

SetUp = Callable[..., Setup]
HANDSET = "+19195550142"
OTHER = "+19195550143"


@pytest.fixture
def setup(set_up: SetUp) -> Setup:
    return set_up()


def send(client: Client, setup: Setup, **changes: Any) -> requests.Response:
    message = {
        "from": setup.numbers[0],
        "to": [HANDSET],
        "text": "hi",
        "applicationId": setup.application_id,
    }
    return client.post("/messages", json={**message, **changes})


def search(client: Client, **query: Any) -> list[dict[str, Any]]:
    response = client.get("/messages", params=query)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["messages"]
    assert response.json()["totalCount"] == len(found)
    return found


class TestSending:
    def test_a_message_is_accepted_under_the_account_id(
        self, current: Client, receiver: Receiver, setup: Setup
    ) -> None:
        response = send(current, setup, tag="out_1")
        assert response.status_code == 202
        assert {each["message"]["id"] for each in receiver.wait_for(2)} == {response.json()["id"]}

    @pytest.mark.parametrize("sender", ["ACME", "Acme 24-7", "+Acme_&Co+"])
    def test_a_sender_can_be_alphanumeric(
        self, current: Client, receiver: Receiver, setup: Setup, sender: str
    ) -> None:
        response = send(current, setup, **{"from": sender})

        assert (response.status_code, response.json()["from"]) == (202, sender)
        delivered = receiver.wait_for(2)[-1]
        assert (delivered["type"], delivered["message"]["owner"]) == ("message-delivered", sender)

    @pytest.mark.parametrize("sender", ["123456", "Acme 24 by 7", "Acme!", "Ácme"])
    def test_an_invalid_sender_is_rejected(self, current: Client, setup: Setup, sender: str) -> None:
        response = send(current, setup, **{"from": sender})

        assert response.status_code == 400
        assert [each["fieldName"] for each in response.json()["fieldErrors"]] == ["from"]

    def test_the_classic_api_accepts_only_numbers_as_senders(self, messaging: Client, setup: Setup) -> None:
        assert send(messaging, setup, **{"from": "ACME"}).status_code == 400

    def test_a_sender_id_cannot_send_media(self, current: Client, receiver: Receiver, setup: Setup) -> None:
        send(current, setup, **{"from": "ACME", "media": ["https://a.example/b.png"]})

        [event] = receiver.wait_for(1)
        assert (event["type"], event["errorCode"]) == ("message-failed", 4001)

    @pytest.mark.parametrize("sender", ["ACME", "12345", "123456"])
    def test_an_inbound_message_can_have_a_sender_id_or_a_short_code(
        self, control: Client, receiver: Receiver, setup: Setup, sender: str
    ) -> None:
        response = control.post("/inbound", json={"from": sender, "to": setup.numbers[0], "text": "hi"})

        assert response.status_code == 202
        [event] = receiver.wait_for(1)
        assert event["message"]["from"] == sender

    def test_invalid_fields_are_named(self, current: Client, setup: Setup) -> None:
        response = send(current, setup, to=[])
        assert response.status_code == 400
        assert [each["fieldName"] for each in response.json()["fieldErrors"]] == ["to"]

    def test_the_classic_user_id_is_rejected(self, bandwidth: RunningSimulator, current: Client) -> None:
        url = f"{bandwidth.current_messaging_url}/users/{CONFIG.user_id}/messages"
        response = requests.post(url, json={}, auth=current.credentials, timeout=5)
        assert (response.status_code, response.json()["type"]) == (403, "forbidden")

    def test_a_request_without_credentials_returns_401(self, current: Client) -> None:
        with Client(current.base) as unauthorized:
            for path in ("/messages?messageId=1", "/media", "/media/a.png"):
                response = unauthorized.get(path)
                assert (response.status_code, response.json()["type"]) == (401, "unauthorized")

    def test_unknown_paths_return_404_in_their_own_form(self, current: Client) -> None:
        response = current.get("/nothing")
        assert response.status_code == 404
        assert response.json().keys() == {"timestamp", "status", "error", "message", "path"}

    def test_an_unknown_method_returns_405(self, current: Client) -> None:
        response = current.patch("/messages", json={})
        assert (response.status_code, response.json()["type"]) == (405, "method-not-allowed")


class TestCaptureAndCallbacks:
    def test_the_search_returns_only_metadata(
        self, current: Client, receiver: Receiver, setup: Setup
    ) -> None:
        response = send(current, setup, text="Привет", tag="private").json()
        receiver.wait_for(2)

        [found] = search(current, messageId=response["id"])

        assert found == {
            "messageId": response["id"],
            "accountId": CONFIG.account_id,
            "sourceTn": setup.numbers[0],
            "destinationTn": HANDSET,
            "messageStatus": "DELIVERED",
            "messageDirection": "OUTBOUND",
            "messageType": "sms",
            "segmentCount": 1,
            "receiveTime": response["time"],
            "messageSize": 12,
            "messageLength": 6,
            "attachmentCount": 0,
            "recipientCount": 1,
            "callingNumberCountryA3": "USA",
            "calledNumberCountryA3": "USA",
            "product": "LOCAL_A2P",
            "location": setup.location_id,
        }

    def test_the_search_has_messages_of_the_classic_api(
        self, current: Client, messaging: Client, setup: Setup
    ) -> None:
        response = send(messaging, setup).json()
        assert [each["messageId"] for each in search(current, sourceTn=setup.numbers[0])] == [response["id"]]

    def test_the_search_has_inbound_messages(self, current: Client, control: Client, setup: Setup) -> None:
        body = {"from": HANDSET, "to": setup.numbers[0], "media": ["https://a.example/b.png"]}
        message_id = control.post("/inbound", json=body).json()["id"]

        [found] = search(current, messageDirection="INBOUND")

        assert (found["messageId"], found["messageStatus"]) == (message_id, "RECEIVED")
        assert (found["sourceTn"], found["destinationTn"]) == (HANDSET, setup.numbers[0])
        assert (found["messageType"], found["attachmentCount"]) == ("mms", 1)

    @pytest.mark.parametrize(
        ("code", "status"), [(4720, "UNDELIVERED"), (4405, "FAILED"), (5100, "FAILED"), (9902, "UNDELIVERED")]
    )
    def test_the_search_has_failures_with_their_codes(
        self, current: Client, control: Client, receiver: Receiver, setup: Setup, code: int, status: str
    ) -> None:
        control.put(f"/outcomes/{HANDSET}", json={"errorCode": code})
        send(current, setup)
        receiver.wait_for(1)

        [found] = search(current, destinationTn=HANDSET)

        assert (found["messageStatus"], found["errorCode"]) == (status, code)

    def test_the_search_has_each_recipient_of_a_group(
        self, current: Client, control: Client, receiver: Receiver, setup: Setup
    ) -> None:
        control.put(f"/outcomes/{OTHER}", json={"errorCode": 4720})
        response = send(current, setup, to=[HANDSET, OTHER]).json()
        receiver.wait_for(4)

        found = {each["destinationTn"]: each for each in search(current, messageId=response["id"])}

        assert found[HANDSET]["messageStatus"] == "DELIVERED"
        assert found[OTHER]["messageStatus"] == "UNDELIVERED"
        assert found[HANDSET]["recipientCount"] == 2

    def test_the_search_returns_the_state_at_the_time_of_the_request(
        self, current: Client, control: Client, setup: Setup
    ) -> None:
        control.put(f"/outcomes/{HANDSET}", json={"seconds": 60})
        send(current, setup)
        assert [each["messageStatus"] for each in search(current, sourceTn=setup.numbers[0])] == ["ACCEPTED"]

    def test_the_search_returns_states_without_events(
        self, current: Client, control: Client, setup: Setup
    ) -> None:
        control.put(f"/outcomes/{HANDSET}", json={"types": []})
        send(current, setup)
        wait_until(lambda: search(current, messageStatus="DELIVERED"))
        assert control.get("/callbacks").json() == {"callbacks": []}

    def test_the_search_returns_swallowed_messages_as_accepted(
        self, current: Client, dashboard: Client, setup: Setup
    ) -> None:
        assign_application(dashboard, setup.location_path, "REMOVE")
        send(current, setup)
        [found] = search(current, sourceTn=setup.numbers[0])
        assert found["messageStatus"] == "ACCEPTED"


class TestFilters:
    @pytest.fixture
    def sent_ids(self, current: Client, receiver: Receiver, control: Client, setup: Setup) -> list[str]:
        """Send a text, a picture from the other number, and a message that fails. Return their ids."""
        control.put(f"/outcomes/{OTHER}", json={"errorCode": 4720})
        second = {"from": setup.numbers[1], "media": ["https://a.example/b.png"]}
        ids = [
            send(current, setup).json()["id"],
            send(current, setup, **second).json()["id"],
            send(current, setup, to=OTHER).json()["id"],
        ]
        receiver.wait_for(2 + 3 + 1)
        return ids

    @pytest.mark.parametrize(
        ("query", "positions"),
        [
            ({"sourceTn": "{0}"}, [0, 2]),
            ({"sourceTn": "{0},{1}"}, [0, 1, 2]),
            ({"destinationTn": "0143"}, None),
            ({"destinationTn": "50143"}, [2]),
            ({"destinationTn": "+1919555"}, [0, 1, 2]),
            ({"messageStatus": "DELIVERED"}, [0, 1]),
            ({"messageStatus": "UNDELIVERED", "sourceTn": "{0}"}, [2]),
            ({"messageType": "mms"}, [1]),
            ({"messageType": "rcs"}, []),
            ({"messageDirection": "OUTBOUND"}, [0, 1, 2]),
            ({"errorCode": "4720"}, [2]),
            ({"errorCode": "4405"}, []),
            ({"carrierName": "AT&T"}, []),
            ({"product": "LOCAL_A2P"}, [0, 1, 2]),
            ({"location": "500"}, []),
            ({"messageId": "nothing"}, []),
            ({"calledNumberCountryA3": "USA", "sourceTn": "{1}"}, [1]),
            ({"calledNumberCountryA3": "DEU"}, []),
            ({"fromSegmentCount": "1", "toSegmentCount": "1"}, [0, 1, 2]),
            ({"fromMessageSize": "3"}, []),
            ({"toMessageSize": "2"}, [0, 1, 2]),
            ({"toMessageSize": "-1"}, None),
            ({"bwQueued": "true"}, None),
            ({"messageStatus": "LOST"}, None),
            ({"messageDirection": "out"}, None),
            ({"messageType": "SMS"}, None),
            ({"errorCode": "many"}, None),
            ({"sourceTn": ",".join(["{0}"] * 11)}, None),
            ({"sourceTn": " 19195550142"}, None),
            ({"tag": "a"}, None),
            ({}, None),
            ({"limit": "10"}, None),
        ],
    )
    def test_filters_return_matching_messages_and_reject_invalid_values(
        self,
        current: Client,
        setup: Setup,
        sent_ids: list[str],
        query: dict[str, str],
        positions: list[int] | None,
    ) -> None:
        asked = {name: value.format(*setup.numbers) for name, value in query.items()}
        response = current.get("/messages", params=asked)
        if positions is None:
            assert (response.status_code, response.json()["type"]) == (400, "request-validation")
            return

        found = {each["messageId"] for each in response.json()["messages"]}

        assert found == {sent_ids[each] for each in positions}

    def test_the_time_range_is_at_most_14_days(self, current: Client, setup: Setup) -> None:
        now = datetime.now(UTC)

        send(current, setup)

        def found(**times: timedelta) -> int | None:
            query = {name: (now + each).isoformat(timespec="milliseconds") for name, each in times.items()}
            response = current.get("/messages", params=query)
            return len(response.json()["messages"]) if response.ok else None

        day, minute = timedelta(days=1), timedelta(minutes=1)
        assert found(fromDateTime=-minute) == 1
        assert found(fromDateTime=minute) == 0
        assert found(toDateTime=minute) == 1
        assert found(fromDateTime=-13 * day, toDateTime=day) == 1
        assert found(fromDateTime=-14 * day, toDateTime=day) is None
        assert found(fromDateTime=minute, toDateTime=-minute) is None

    @pytest.mark.parametrize("time", ["yesterday", "2026-02-03", "0001-01-01T00:00:00Z"])
    def test_an_invalid_time_is_rejected(self, current: Client, time: str) -> None:
        assert current.get("/messages", params={"toDateTime": time}).status_code == 400


class TestPages:
    def test_every_message_is_on_one_page(self, current: Client, setup: Setup) -> None:
        sent = [send(current, setup).json()["id"] for _ in range(5)]
        query: dict[str, str] = {"sourceTn": setup.numbers[0], "limit": "2", "sort": "receiveTime:asc"}
        pages: list[dict[str, Any]] = []
        while True:
            pages.append(current.get("/messages", params=query).json())
            if not (following := pages[-1]["pageInfo"].get("nextPageToken")):
                break
            query["pageToken"] = following
        listed = [[each["messageId"] for each in page["messages"]] for page in pages]

        assert listed == [sent[:2], sent[2:4], sent[4:]]
        assert {page["totalCount"] for page in pages} == {5}
        assert set(pages[1]["pageInfo"]) == {"prevPage", "prevPageToken", "nextPage", "nextPageToken"}

        back = urlsplit(pages[1]["pageInfo"]["prevPage"])
        assert back.path.endswith("/messages")

        first = current.get("/messages", params=dict(parse_qsl(back.query))).json()
        assert [each["messageId"] for each in first["messages"]] == listed[0]

    def test_the_newest_message_is_first_by_default(self, current: Client, setup: Setup) -> None:
        for number in setup.numbers:
            send(current, setup, **{"from": number})
        times = [each["receiveTime"] for each in search(current, messageDirection="OUTBOUND")]
        assert times == sorted(times, reverse=True)

        by_number = search(current, messageDirection="OUTBOUND", sort="sourceTn:desc")
        assert [each["sourceTn"] for each in by_number] == sorted(setup.numbers, reverse=True)

    @pytest.mark.parametrize(
        "query",
        [
            {"limit": "0"},
            {"limit": "10001"},
            {"limit": "x"},
            {"limit": "9999", "pageToken": "eyJvZmZzZXQiOiAyfQ=="},
            {"pageToken": "made-up"},
            {"pageToken": "W10="},
            {"sort": "receiveTime"},
            {"sort": "text:asc"},
        ],
    )
    def test_invalid_paging_is_rejected(self, current: Client, query: dict[str, str]) -> None:
        response = current.get("/messages", params={"messageId": "1", **query})
        assert (response.status_code, response.json()["type"]) == (400, "request-validation")

    def test_too_many_searches_return_retry_after(self, current: Client, control: Client) -> None:
        control.post("/faults", json={"path": "/messages$", "answer": {"status": 429}, "times": 2})
        response = current.get("/messages?messageId=1")
        assert (response.status_code, response.json()["type"]) == (429, "rate_limit_exceeded")
        assert int(response.headers["Retry-After"]) > 0

        sent = current.post("/messages", json={})
        assert (sent.status_code, sent.json()["type"]) == (429, "max-message-queue-size-exceeded")
        assert "Retry-After" not in sent.headers


class TestEvents:
    def test_a_read_message_has_an_event(
        self, current: Client, control: Client, receiver: Receiver, setup: Setup
    ) -> None:
        response = send(current, setup, tag="out_1").json()
        receiver.wait_for(2)
        sent = control.post("/events", json={"type": "message-read", "message_id": response["id"]})
        assert sent.status_code == 202

        event = receiver.wait_for(3)[-1]
        assert (event["type"], event["to"], event["message"]["tag"]) == ("message-read", HANDSET, "out_1")
        assert (event["message"]["text"], event["message"]["channel"]) == ("", "RBM")
        assert datetime.fromisoformat(event["eventTime"])

    def test_a_chosen_suggestion_has_an_event(
        self, control: Client, receiver: Receiver, setup: Setup
    ) -> None:
        body = {
            "type": "suggestion-response",
            "from": HANDSET,
            "to": setup.numbers[0],
            "text": "Yes",
            "postback_data": "eWVz",
            "paired_message_id": "out",
        }

        message_id = control.post("/events", json=body).json()["id"]

        [event] = receiver.wait_for(1)
        assert (event["type"], event["message"]["id"]) == ("suggestion-response", message_id)
        assert (event["message"]["from"], event["message"]["direction"]) == (HANDSET, "in")
        assert event["message"]["suggestionResponse"] == {
            "text": "Yes",
            "postbackData": "eWVz",
            "pairedMessageId": "out",
        }

    def test_a_location_response_has_an_event(
        self, control: Client, receiver: Receiver, setup: Setup
    ) -> None:
        body = {
            "type": "requested-location-response",
            "from": HANDSET,
            "to": setup.numbers[0],
            "latitude": "37.77",
            "longitude": "-122.42",
            "copies": 2,
        }

        control.post("/events", json=body)

        first, second = receiver.wait_for(2)
        assert first == second
        assert first["type"] == "requested-location-response"
        assert first["message"]["locationResponse"] == {"latitude": "37.77", "longitude": "-122.42"}

    def test_unknown_messages_and_numbers_return_404(self, control: Client, setup: Setup) -> None:
        unknown = control.post("/events", json={"type": "message-read", "message_id": "nothing"})
        assert unknown.status_code == 404
        body = {"type": "suggestion-response", "from": HANDSET, "to": "+19105559999"}
        assert control.post("/events", json=body).status_code == 404

    @pytest.mark.parametrize(
        ("body", "error"),
        [
            ({"type": "message-lost"}, "body: "),
            ({"type": "message-read"}, "message-read.message_id: "),
            ({"type": "suggestion-response", "from": "x", "to": HANDSET}, "suggestion-response.from: "),
        ],
    )
    def test_invalid_input_returns_422_with_an_error(self, control: Client, body: object, error: str) -> None:
        response = control.post("/events", json=body)
        assert response.status_code == 422
        assert response.json()["error"].startswith(error)
