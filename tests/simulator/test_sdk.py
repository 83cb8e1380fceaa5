"""Bandwidth's Python client with the simulator. Any error or misread value is a simulator bug."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import bandwidth as sdk
import pytest
from bandwidth.exceptions import (
    ApiException,
    BadRequestException,
    ForbiddenException,
    NotFoundException,
    UnauthorizedException,
)

from simulator.server import RunningSimulator
from tests.simulator.sdk_client import open_client
from tests.simulator.support import CONFIG, Client, Receiver, Setup

HANDSET = "+19195550142"
OTHER = "+19195550143"
PICTURE = b"\x89PNG\r\n\x1a\n\x00picture"


@pytest.fixture
def client(bandwidth: RunningSimulator) -> Iterator[Any]:
    with open_client(bandwidth) as client:
        yield client


@pytest.fixture
def messages(client: Any) -> Any:
    return sdk.MessagesApi(client)


@pytest.fixture
def media(client: Any) -> Any:
    return sdk.MediaApi(client)


@pytest.fixture
def setup(set_up: Callable[..., Setup]) -> Setup:
    return set_up()


def request(setup: Setup, **changes: Any) -> Any:
    fields = {"applicationId": setup.application_id, "to": [HANDSET], "from": setup.numbers[0], "text": "hi"}
    return sdk.MessageRequest(**{**fields, **changes})


class TestCredentials:
    def test_one_token_serves_many_calls(self, media: Any, control: Client) -> None:
        for _ in range(3):
            media.list_media(CONFIG.account_id)
        assert control.get("/oauth2").json()["tokens_issued"] == 1

    def test_a_revoked_token_is_unauthorized(self, media: Any, control: Client) -> None:
        media.list_media(CONFIG.account_id)

        control.put("/oauth2", json={"revoke": True})

        with pytest.raises(UnauthorizedException) as rejected:
            media.list_media(CONFIG.account_id)
        assert rejected.value.data.type == "unauthorized"

    def test_user_and_password_serve_messaging(self, bandwidth: RunningSimulator) -> None:
        configuration = sdk.Configuration(
            host=bandwidth.current_messaging_url,
            ignore_operation_servers=True,
            username=CONFIG.messaging_token,
            password=CONFIG.messaging_secret,
        )

        assert sdk.MediaApi(sdk.ApiClient(configuration)).list_media(CONFIG.account_id) == []


class TestMessages:
    def test_a_message_is_created(self, messages: Any, receiver: Receiver, setup: Setup) -> None:
        expiration = datetime.now(UTC) + timedelta(hours=1)
        optional = {"media": ["https://a.example/b.png"], "tag": "t", "priority": "high"}
        sent = request(setup, to=[HANDSET, OTHER], expiration=expiration, **optional)

        response = messages.create_message(CONFIG.account_id, sent)

        assert response.additional_properties == {}
        assert (response.direction, response.segment_count) == ("out", 1)
        assert (response.to, response.var_from, response.owner) == ([HANDSET, OTHER], *[setup.numbers[0]] * 2)
        assert (response.text, response.media, response.tag, response.priority) == ("hi", *optional.values())
        assert response.expiration == expiration
        assert {each["message"]["id"] for each in receiver.wait_for(6)} == {response.id}

    def test_messages_are_listed_by_page(self, messages: Any, receiver: Receiver, setup: Setup) -> None:
        sent = [messages.create_message(CONFIG.account_id, request(setup)).id for _ in range(3)]

        receiver.wait_for(6)
        found: list[Any] = []
        token = None
        while True:
            page = messages.list_messages(
                CONFIG.account_id,
                source_tn=setup.numbers[0],
                message_status=sdk.MessageStatusEnum.DELIVERED,
                message_direction=sdk.ListMessageDirectionEnum.OUTBOUND,
                message_type=sdk.MessageTypeEnum.SMS,
                from_date_time=(datetime.now(UTC) - timedelta(days=1)).isoformat(),
                product=sdk.ProductTypeEnum.LOCAL_A2_P,
                location=setup.location_id,
                sort="receiveTime:asc",
                limit=2,
                limit_total_count=True,
                page_token=token,
            )
            assert (page.total_count, page.additional_properties) == (3, {})
            assert page.page_info.additional_properties == {}
            found.extend(page.messages)
            if not (token := page.page_info.next_page_token):
                break
        assert [each.message_id for each in found] == sent
        for each in found:
            assert each.additional_properties == {}
            assert (each.destination_tn, each.account_id) == (HANDSET, CONFIG.account_id)
            assert (each.message_length, each.recipient_count, each.attachment_count) == (2, 1, 0)
            assert datetime.now(UTC) - each.receive_time < timedelta(minutes=1)

    def test_inbound_and_failed_messages_are_listed(
        self, messages: Any, receiver: Receiver, control: Client, setup: Setup
    ) -> None:
        control.put(f"/outcomes/{HANDSET}", json={"errorCode": 4720})
        messages.create_message(CONFIG.account_id, request(setup))
        control.post("/inbound", json={"from": HANDSET, "to": setup.numbers[0], "text": "hi"})
        receiver.wait_for(2)
        [failed] = messages.list_messages(CONFIG.account_id, error_code=4720).messages

        assert failed.message_status == "UNDELIVERED"

        [received] = messages.list_messages(CONFIG.account_id, source_tn=HANDSET).messages
        assert (received.message_status, received.message_direction) == ("RECEIVED", "INBOUND")

    def test_invalid_fields_raise_an_exception_with_their_names(self, messages: Any, setup: Setup) -> None:
        with pytest.raises(BadRequestException) as rejected:
            messages.create_message(CONFIG.account_id, request(setup, to=["nobody"], text=""))

        assert rejected.value.data.type == "request-validation"
        assert {each.field_name for each in rejected.value.data.field_errors} == {"to", "text"}
        assert all(each.description for each in rejected.value.data.field_errors)

    def test_a_search_without_a_filter_raises_an_exception(self, messages: Any) -> None:
        with pytest.raises(BadRequestException) as rejected:
            messages.list_messages(CONFIG.account_id)
        assert rejected.value.data.description == "At least one filter is required"

    def test_another_account_is_forbidden(self, messages: Any, setup: Setup) -> None:
        with pytest.raises(ForbiddenException) as rejected:
            messages.create_message("9900001", request(setup))
        assert rejected.value.data.type == "forbidden"

    def test_a_throttled_search_has_retry_after_and_a_throttled_message_has_not(
        self, messages: Any, control: Client, setup: Setup
    ) -> None:
        control.post("/faults", json={"path": "/messages$", "answer": {"status": 429}, "times": 2})
        with pytest.raises(ApiException) as search:
            messages.list_messages(CONFIG.account_id, message_id="1")

        assert (search.value.status, search.value.data.type) == (429, "rate_limit_exceeded")
        assert search.value.headers["Retry-After"] == "1"

        with pytest.raises(ApiException) as sending:
            messages.create_message(CONFIG.account_id, request(setup))
        assert (sending.value.status, sending.value.data.type) == (429, "max-message-queue-size-exceeded")


class TestMedia:
    @pytest.mark.parametrize("name", ["a.png", "pictures/a b.png"])
    def test_media_is_uploaded_downloaded_and_deleted(self, media: Any, name: str) -> None:
        kind = {"_content_type": "image/png", "cache_control": "no-cache"}
        media.upload_media(CONFIG.account_id, name, PICTURE, **kind)
        got = media.get_media_with_http_info(CONFIG.account_id, name)

        assert (got.status_code, bytes(got.data)) == (200, PICTURE)
        assert (got.headers["Content-Type"], got.headers["Cache-Control"]) == ("image/png", "no-cache")

        [listed] = media.list_media(CONFIG.account_id)
        assert listed.additional_properties == {}
        assert (listed.media_name, listed.content_length) == (name, len(PICTURE))
        assert media.delete_media_with_http_info(CONFIG.account_id, name).status_code == 204

        with pytest.raises(NotFoundException) as absent:
            media.get_media(CONFIG.account_id, name)
        assert json.loads(absent.value.body).keys() == {"type", "description"}
        assert media.list_media(CONFIG.account_id) == []

    def test_inbound_media_is_downloaded_by_the_path_of_its_url(
        self, media: Any, receiver: Receiver, control: Client, setup: Setup
    ) -> None:
        body = {"from": HANDSET, "to": setup.numbers[0], "media": [{"name": "a.png", "bytes": 7}]}

        control.post("/inbound", json=body)

        [event] = receiver.wait_for(1)
        [url] = event["message"]["media"]
        _, media_id = url.split(f"/users/{CONFIG.account_id}/media/")
        assert bytes(media.get_media(CONFIG.account_id, media_id)) == bytes(7)


class TestCallbacks:
    """Events parsed by Bandwidth's client, without unknown members."""

    def read(self, event: dict[str, Any]) -> Any:
        parsed = sdk.Callback.from_dict(event).actual_instance
        assert parsed.additional_properties == {}
        assert parsed.message.additional_properties == {}
        assert parsed.description
        return parsed

    @pytest.mark.parametrize("optional", [{}, {"media": ["https://a.example/b.png"], "tag": "t"}])
    def test_events_of_outgoing_messages_are_parsed(
        self,
        messages: Any,
        receiver: Receiver,
        control: Client,
        setup: Setup,
        optional: dict[str, object],
    ) -> None:
        types = ["message-sending", "message-sent", "message-delivered", "message-failed"]
        control.put(f"/outcomes/{HANDSET}", json={"types": types, "errorCode": 4770})
        response = messages.create_message(CONFIG.account_id, request(setup, **optional))
        receiver.wait_for(4)

        control.post("/events", json={"type": "message-read", "message_id": response.id})

        parsed = [self.read(each) for each in receiver.wait_for(5)]
        assert {type(each) for each in parsed} == {sdk.StatusCallback}
        assert [each.type for each in parsed] == [*types, "message-read"]
        assert [each.error_code for each in parsed] == [None, None, None, 4770, None]
        assert [each.event_time is not None for each in parsed] == [False] * 4 + [True]
        assert {(each.message.id, each.message.text, each.to) for each in parsed} == {
            (response.id, "", HANDSET)
        }

    @pytest.mark.parametrize(
        "message",
        [
            {"text": "hi"},
            {"media": ["https://a.example/b.png"], "others": [OTHER]},
            {"text": "hi", "media": [{"name": "a.png", "bytes": 1}]},
        ],
    )
    def test_events_of_inbound_messages_are_parsed(
        self, receiver: Receiver, control: Client, setup: Setup, message: dict[str, object]
    ) -> None:
        control.post("/inbound", json={"from": HANDSET, "to": setup.numbers[0], **message})

        [parsed] = [self.read(each) for each in receiver.wait_for(1)]
        assert isinstance(parsed, sdk.InboundCallback)
        assert (parsed.type, parsed.message.direction) == ("message-received", "in")
        assert parsed.message.to == [setup.numbers[0], *([OTHER] if "others" in message else [])]

    def test_events_of_rich_message_responses_are_parsed(
        self, receiver: Receiver, control: Client, setup: Setup
    ) -> None:
        both = {"from": HANDSET, "to": setup.numbers[0]}
        suggestion = {"text": "Yes", "postback_data": "eWVz", "paired_message_id": "1"}
        control.post("/events", json={"type": "suggestion-response", **both, **suggestion})
        receiver.wait_for(1)
        place = {"latitude": "37.77", "longitude": "-122.42"}

        control.post("/events", json={"type": "requested-location-response", **both, **place})

        chosen, located = [self.read(each) for each in receiver.wait_for(2)]
        assert {type(chosen), type(located)} == {sdk.InboundCallback}
        assert chosen.message.suggestion_response.to_dict() == {
            "text": "Yes",
            "postbackData": "eWVz",
            "pairedMessageId": "1",
        }
        assert located.message.location_response.to_dict() == place
        assert {chosen.message.channel, located.message.channel} == {"RBM"}
