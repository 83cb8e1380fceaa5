"""The V2 messaging API: one request per text, and its error bodies."""

import json
from typing import Any

import pytest

from bandwidth_messaging.bandwidth.errors import (
    BandwidthGarbled,
    BandwidthOutcomeUnknown,
    BandwidthRejected,
    BandwidthUnauthorized,
    BandwidthUnavailable,
)
from bandwidth_messaging.bandwidth.messaging import AcceptedMessage, Messaging
from tests.http_server import Response, Server

TEXT = "Good morning, a private word"


def send(
    messaging: Messaging, *, to: tuple[str, ...] = ("+19195551213",), text: str = TEXT
) -> AcceptedMessage:
    return messaging.prepare_send(
        sender="+19195551212", to=to, text=text, application_id="an-application", tag="out_1"
    )()


def test_an_accepted_message_has_bandwidths_id_and_segment_count(
    bandwidth: Server, messaging: Messaging
) -> None:
    bandwidth.respond_with(Response(202, '{"id": "1562", "segmentCount": 2}'))
    assert send(messaging) == AcceptedMessage("1562", 2)


def test_one_recipient_is_a_string_and_several_are_a_list(bandwidth: Server, messaging: Messaging) -> None:
    bandwidth.respond_with(Response(202, '{"id": "1562"}'))
    send(messaging)

    send(messaging, to=("+19195551213", "+19195551214"))

    assert [json.loads(asked.body)["to"] for asked in bandwidth.requests] == [
        "+19195551213",
        ["+19195551213", "+19195551214"],
    ]


def sent(bandwidth: Server) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(bandwidth.only_request.body)
    return body


PLAIN = {
    "from": "+19195551212",
    "to": "+19195551213",
    "text": TEXT,
    "applicationId": "an-application",
    "tag": "out_1",
}


def test_empty_fields_are_left_out(bandwidth: Server, messaging: Messaging) -> None:
    bandwidth.respond_with(Response(202, '{"id": "1562"}'))
    send(messaging)
    assert list(sent(bandwidth).items()) == list(PLAIN.items())


def test_all_fields_are_sent(bandwidth: Server, messaging: Messaging) -> None:
    bandwidth.respond_with(Response(202, '{"id": "1562"}'))
    messaging.prepare_send(
        sender="+19195551212",
        to=("+19195551213", "+19195551214"),
        text=TEXT,
        application_id="an-application",
        tag="out_1",
        media=("https://example.com/a.png", "https://example.com/b.png"),
        priority="high",
        expiration="2099-12-31T23:59:59.000Z",
    )()
    assert sent(bandwidth) == PLAIN | {
        "to": ["+19195551213", "+19195551214"],
        "media": ["https://example.com/a.png", "https://example.com/b.png"],
        "priority": "high",
        "expiration": "2099-12-31T23:59:59.000Z",
    }


def test_a_message_with_media_only_has_no_text(bandwidth: Server, messaging: Messaging) -> None:
    bandwidth.respond_with(Response(202, '{"id": "1562"}'))

    messaging.prepare_send(
        sender="+19195551212",
        to=("+19195551213",),
        text="",
        application_id="an-application",
        tag="out_1",
        media=("https://example.com/a.png",),
    )()

    without_text = {name: value for name, value in PLAIN.items() if name != "text"}
    assert sent(bandwidth) == without_text | {"media": ["https://example.com/a.png"]}


def test_the_classic_api_sends_only_the_fallback_of_rcs(bandwidth: Server, messaging: Messaging) -> None:
    # A message that was accepted with the current API, before the stack was changed to the classic one.
    bandwidth.respond_with(Response(202, '{"id": "1562"}'))
    messaging.prepare_send(
        sender="+19195551212",
        to=("+19195551213",),
        text=TEXT,
        application_id="an-application",
        tag="out_1",
        rcs={"from": "ExampleAgent", "text": "Hello"},
    )()
    assert sent(bandwidth) == PLAIN


@pytest.mark.parametrize("text", ["Grüße 👋", 'quote " and \\ backslash', "line\nbreak", "\u0000"])
def test_a_text_is_sent_unchanged(bandwidth: Server, messaging: Messaging, text: str) -> None:
    bandwidth.respond_with(Response(202, '{"id": "1562"}'))
    send(messaging, text=text)
    assert json.loads(bandwidth.only_request.body)["text"] == text


@pytest.mark.parametrize(
    "body",
    [
        "", "<html/>", "{}", "[]", "null", '"1562"', '{"id": null}', '{"id": ""}', '{"id": 15}',
        '{"id": NaN}',         '{"id": "a b"}', f'{{"id": "{"1" * 201}"}}', "[" * 100_000,
    ],
)  # fmt: skip
def test_a_202_without_an_id_is_garbled(bandwidth: Server, messaging: Messaging, body: str) -> None:
    bandwidth.respond_with(Response(202, body))
    with pytest.raises(BandwidthGarbled, match=r"has no (valid )?id"):
        send(messaging)


@pytest.mark.parametrize(
    ("written", "count"),
    [
        ("1", 1), ('"2"', 2), ("1.0", 1), ("1.5", None), ("NaN", None), ("Infinity", None), ("true", None),
        ("null", None), ('"many"', None), ("-1", None), ("0", None), ("1" * 40, None),
        ('"1" ', 1), ("[1]", None),
    ],
)  # fmt: skip
def test_an_invalid_segment_count_is_ignored(
    bandwidth: Server, messaging: Messaging, written: str, count: int | None
) -> None:
    bandwidth.respond_with(Response(202, f'{{"id": "1562", "segmentCount": {written}}}'))
    assert send(messaging) == AcceptedMessage("1562", count)


OWN = '{"type": "internal-server-error", "description": "Try again."}'


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_5xx_with_bandwidths_error_body_had_no_effect(
    bandwidth: Server, messaging: Messaging, status: int
) -> None:
    bandwidth.respond_with(Response(status, OWN))
    with pytest.raises(BandwidthUnavailable, match=str(status)):
        send(messaging)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
@pytest.mark.parametrize(
    "body", ["", "<html>Bad gateway</html>", "{}", '{"type": "x"}', '{"message": "down"}', "[]"]
)
def test_a_5xx_without_bandwidths_error_body_is_unknown(
    bandwidth: Server, messaging: Messaging, status: int, body: str
) -> None:
    bandwidth.respond_with(Response(status, body))
    with pytest.raises(BandwidthOutcomeUnknown, match=str(status)):
        send(messaging)


@pytest.mark.parametrize("status", [425, 429])
def test_a_425_had_no_effect(bandwidth: Server, messaging: Messaging, status: int) -> None:
    bandwidth.respond_with(Response(status, headers={"Retry-After": "7"}))
    with pytest.raises(BandwidthUnavailable) as raised:
        send(messaging)
    assert raised.value.wait_seconds == 7


@pytest.mark.parametrize("location", ["https://example.com/", "http://[", "//", ""])
def test_the_error_of_a_redirect_names_the_parameter(
    bandwidth: Server, messaging: Messaging, location: str
) -> None:
    bandwidth.respond_with(Response(302, headers={"Location": location}))
    with pytest.raises(BandwidthUnavailable, match="URL parameter") as raised:
        send(messaging)
    assert raised.value.is_redirect


@pytest.mark.parametrize(("status", "error"), [(400, BandwidthRejected), (403, BandwidthUnauthorized)])
@pytest.mark.parametrize(
    ("quoted", "shown"),
    [
        ("https://b.s3.amazonaws.com/a.png?X-Amz-Signature=SECRET&b=c", "https://b.s3.amazonaws.com/a.png?…"),
        ("HTTPS://me:SECRET@example.com/v1", "HTTPS://…@example.com/v1"),
        ("https://me:SE@CRET@example.com/v1?a=SECRET", "https://…@example.com/v1?…"),
    ],
)
def test_an_error_that_quotes_a_url_hides_its_secrets(
    bandwidth: Server,
    messaging: Messaging,
    status: int,
    error: type[Exception],
    quoted: str,
    shown: str,
) -> None:
    body = {
        "type": "request-validation",
        "description": "No.",
        "fieldErrors": [{"fieldName": "media", "description": f"'{quoted}' is not valid"}],
    }
    bandwidth.respond_with(Response(status, json.dumps(body)))

    with pytest.raises(error) as raised:
        send(messaging)

    assert vars(raised.value)["words"] == f"No. (media: '{shown}' is not valid)"
    assert "SECRET" not in str(raised.value)


def test_a_field_error_without_a_description_keeps_the_rest(bandwidth: Server, messaging: Messaging) -> None:
    fields = '[{"fieldName": "to"}, {"description": "is wrong"}, 5]'
    body = f'{{"type": "bad-request", "description": "No.", "fieldErrors": {fields}}}'
    bandwidth.respond_with(Response(400, body))

    with pytest.raises(BandwidthRejected) as raised:
        send(messaging)

    assert raised.value.words == "No. (to: is wrong; a field: is wrong; a field is wrong)"


def test_a_rejection_names_type_description_and_every_wrong_field(
    bandwidth: Server, messaging: Messaging
) -> None:
    error = {
        "type": "request-validation",
        "description": "Your request could not be accepted.",
        "fieldErrors": [
            {"fieldName": "to", "description": "is not a telephone number"},
            {"fieldName": "applicationId", "description": "is missing"},
        ],
    }
    bandwidth.respond_with(Response(400, json.dumps(error)))

    with pytest.raises(BandwidthRejected) as raised:
        send(messaging)

    assert (raised.value.status, raised.value.code) == (400, "request-validation")
    assert raised.value.words == (
        "Your request could not be accepted. (to: is not a telephone number; applicationId: is missing)"
    )


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (
            '{"type": "unsupported-content-type", "description": "Not JSON."}',
            "unsupported-content-type",
            "Not JSON.",
        ),
        (
            '{"timestamp": 1, "status": 404, "error": "Not Found", "message": "No message available"}',
            None,
            "No message available",
        ),
        ('{"type": "x", "description": "y", "fieldErrors": null}', "x", "y"),
        ("<html>Not found</html>", None, "HTTP 415 without a description"),
        ('["unexpected"]', None, "HTTP 415 without a description"),
        ('{"fieldErrors": ["to"]}', None, "no description (a field is wrong)"),
        ("{}", None, "no reason given"),
    ],
)
def test_error_bodies_of_every_form_are_rejections(
    bandwidth: Server, messaging: Messaging, body: str, code: str | None, words: str
) -> None:
    bandwidth.respond_with(Response(415, body))
    with pytest.raises(BandwidthRejected) as raised:
        send(messaging)
    assert (raised.value.code, raised.value.words) == (code, words)


def test_a_full_queue_at_bandwidth_is_unavailable(bandwidth: Server, messaging: Messaging) -> None:
    bandwidth.respond_with(
        Response(429, '{"type": "max-message-queue-size-exceeded", "description": "Full."}')
    )
    with pytest.raises(BandwidthUnavailable):
        send(messaging)


def test_wrong_token_or_secret_is_unauthorized(bandwidth: Server, messaging: Messaging) -> None:
    bandwidth.respond_with(
        Response(401, '{"type": "authentication-error", "description": "Access is denied."}')
    )
    with pytest.raises(BandwidthUnauthorized, match="Access is denied"):
        send(messaging)


@pytest.mark.parametrize("answer", [Response(500), Response(lost=True)])
def test_a_message_with_unknown_outcome_is_sent_once(
    bandwidth: Server, messaging: Messaging, answer: Response
) -> None:
    bandwidth.respond_with(answer)

    with pytest.raises(BandwidthOutcomeUnknown) as raised:
        send(messaging)

    assert len(bandwidth.requests) == 1
    assert TEXT not in str(raised.value)
    assert "messaging-secret" not in repr(raised.value)
