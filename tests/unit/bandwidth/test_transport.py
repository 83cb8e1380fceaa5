"""Each way in which a request can end has its own error class."""

import time
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest
from urllib3.util import connection

from bandwidth_messaging.bandwidth import transport
from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.errors import (
    BandwidthError,
    BandwidthGarbled,
    BandwidthOutcomeUnknown,
    BandwidthRejected,
    BandwidthUnauthorized,
    BandwidthUnavailable,
)
from bandwidth_messaging.bandwidth.transport import ErrorBody, Transport
from tests.http_server import Response, Server, unused_url

CREDENTIALS = BasicCredentials("lorem", "the-password")
REPEATABLE = ["GET", "PUT", "DELETE"]


def client(base_url: str) -> Transport:
    return Transport(base_url, CREDENTIALS, lambda body: ErrorBody("5005", "no number") if body else None)


def send(server: Server, method: str, **options: Any) -> transport.Response:
    return client(server.url).send(method, "/accounts/9500149/orders", **options)


@pytest.mark.parametrize("method", ["POST", *REPEATABLE])
@pytest.mark.parametrize("status", [425, 429])
def test_a_request_that_was_not_accepted_is_unavailable(bandwidth: Server, method: str, status: int) -> None:
    bandwidth.respond_with(Response(status))
    with pytest.raises(BandwidthUnavailable, match=str(status)):
        send(bandwidth, method)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_another_5xx_leaves_the_outcome_of_a_post_unknown(bandwidth: Server, status: int) -> None:
    bandwidth.respond_with(Response(status, "<html>out of order</html>"))
    with pytest.raises(BandwidthOutcomeUnknown, match=f"{status}.*unknown"):
        send(bandwidth, "POST")


@pytest.mark.parametrize("method", REPEATABLE)
def test_another_5xx_of_a_repeatable_request_is_unavailable(bandwidth: Server, method: str) -> None:
    for status in (408, 500, 503):
        bandwidth.respond_with(Response(status))
        with pytest.raises(BandwidthUnavailable, match=str(status)):
            send(bandwidth, method)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("body", ["", "<Error/>"])
def test_401_and_403_are_unauthorized_and_name_the_credentials(
    bandwidth: Server, status: int, body: str
) -> None:
    bandwidth.respond_with(Response(status, body))
    with pytest.raises(BandwidthUnauthorized, match=f"{status}.*Check the credentials"):
        send(bandwidth, "GET")


@pytest.mark.parametrize("status", [400, 404, 409, 415, 422])
def test_another_4xx_is_rejected_with_code_and_description(bandwidth: Server, status: int) -> None:
    bandwidth.respond_with(Response(status, "<Error/>"))

    with pytest.raises(BandwidthRejected) as raised:
        send(bandwidth, "POST")

    assert (raised.value.status, raised.value.code, raised.value.words) == (status, "5005", "no number")
    assert str(raised.value) == "POST /accounts/9500149/orders was rejected: 5005 no number"


def test_a_rejection_without_a_body_has_its_status(bandwidth: Server) -> None:
    bandwidth.respond_with(Response(404))
    with pytest.raises(BandwidthRejected, match="404") as raised:
        send(bandwidth, "GET")
    assert (raised.value.status, raised.value.code) == (404, None)


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_refused_connection_is_unavailable(method: str) -> None:
    with pytest.raises(BandwidthUnavailable, match="no connection"):
        client(unused_url()).send(method, "/accounts")


def test_an_unknown_host_is_unavailable() -> None:
    with pytest.raises(BandwidthUnavailable, match="no connection"):
        client("http://bandwidth.invalid").send("POST", "/accounts")


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_slow_connection_is_unavailable(
    bandwidth: Server, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    def too_long(*_: object, **__: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(connection, "create_connection", too_long)

    with pytest.raises(BandwidthUnavailable, match="no connection"):
        send(bandwidth, method)

    assert bandwidth.requests == []


def test_a_lost_response_leaves_the_outcome_of_a_post_unknown(bandwidth: Server) -> None:
    bandwidth.respond_with(Response(lost=True))
    with pytest.raises(BandwidthOutcomeUnknown, match="no response"):
        send(bandwidth, "POST", body=b"<Order/>")
    assert len(bandwidth.requests) == 1


@pytest.mark.parametrize("method", REPEATABLE)
def test_a_lost_response_to_a_repeatable_request_is_unavailable(bandwidth: Server, method: str) -> None:
    bandwidth.respond_with(Response(lost=True))
    with pytest.raises(BandwidthUnavailable, match="no response"):
        send(bandwidth, method)


def test_a_partial_response_leaves_the_outcome_of_a_post_unknown(bandwidth: Server) -> None:
    bandwidth.respond_with(
        Response(201, "<OrderRes", headers={"Content-Length": "500", "Connection": "close"})
    )
    with pytest.raises(BandwidthOutcomeUnknown, match="no response"):
        send(bandwidth, "POST")


@pytest.mark.parametrize(
    ("method", "error"), [("POST", BandwidthOutcomeUnknown), ("GET", BandwidthUnavailable)]
)
def test_a_slow_response_is_a_lost_response(
    bandwidth: Server, monkeypatch: pytest.MonkeyPatch, method: str, error: type[BandwidthError]
) -> None:
    monkeypatch.setattr(transport, "RESPONSE_TIMEOUT_SECONDS", 0.05)
    bandwidth.respond_with(Response(201, seconds=0.2))
    with pytest.raises(error, match="no response"):
        send(bandwidth, method)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(bandwidth: Server, status: int) -> None:
    bandwidth.respond_with(
        Response(status, headers={"Location": f"{bandwidth.url}/elsewhere"}), Response(200)
    )

    with pytest.raises(BandwidthUnavailable, match=f"{status}.*Check the stack's URL parameter") as raised:
        send(bandwidth, "POST")

    assert raised.value.is_redirect
    assert len(bandwidth.requests) == 1


@pytest.mark.parametrize("status", [300, 302, 304])
def test_a_3xx_without_a_location_is_no_success(bandwidth: Server, status: int) -> None:
    bandwidth.respond_with(Response(status))
    with pytest.raises(BandwidthUnavailable, match=str(status)):
        send(bandwidth, "PUT")


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_2xx_is_a_response(bandwidth: Server, status: int) -> None:
    bandwidth.respond_with(Response(status))
    assert send(bandwidth, "POST").status == status


@pytest.mark.parametrize(
    "location", ["https://dashboard.bandwidth.com/api/accounts/1/orders/561", "/orders/561", "/orders/561/"]
)
def test_a_created_id_is_the_last_segment_of_an_absolute_or_relative_location(
    bandwidth: Server, location: str
) -> None:
    bandwidth.respond_with(Response(201, headers={"Location": location}))
    assert send(bandwidth, "POST").created_id == "561"


def test_a_201_without_a_location_is_garbled(bandwidth: Server) -> None:
    bandwidth.respond_with(Response(201))
    with pytest.raises(BandwidthGarbled, match="Location"):
        _ = send(bandwidth, "POST").created_id


def test_the_error_of_a_garbled_response_has_a_digest_and_no_content(bandwidth: Server) -> None:
    bandwidth.respond_with(Response(200, "something private"))

    error = send(bandwidth, "GET").garbled("has no OrderStatus")

    assert "has no OrderStatus" in str(error)
    assert "17 bytes, sha256 " in str(error)
    assert "private" not in str(error)


def test_a_query_is_in_the_url_and_not_in_errors(bandwidth: Server) -> None:
    bandwidth.respond_with(Response(500))

    with pytest.raises(BandwidthUnavailable) as raised:
        send(bandwidth, "GET", params={"tn": "9195551212"})

    assert bandwidth.only_request.path == "/accounts/9500149/orders?tn=9195551212"
    assert "9195551212" not in str(raised.value)


def test_netrc_and_proxy_settings_are_ignored(
    bandwidth: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", unused_url())

    send(bandwidth, "GET")

    scheme, _, encoded = bandwidth.only_request.headers["Authorization"].partition(" ")
    assert (scheme, b64decode(encoded)) == ("Basic", b"lorem:the-password")


WAYS_TO_FAIL = [
    Response(400, "<Error/>"),
    Response(401),
    Response(404),
    Response(429),
    Response(500),
    Response(302, headers={"Location": "/elsewhere"}),
    Response(lost=True),
]


@pytest.mark.parametrize("answer", WAYS_TO_FAIL)
def test_no_error_contains_the_password_or_the_body(bandwidth: Server, answer: Response) -> None:
    bandwidth.respond_with(answer)
    with pytest.raises(BandwidthError) as raised:
        send(bandwidth, "POST", body=b"<Password>callback-password</Password>")
    shown = f"{raised.value!s} {raised.value!r} {vars(raised.value)}"
    for secret in ("the-password", "callback-password", b64encode(b"lorem:the-password").decode()):
        assert secret not in shown


@pytest.mark.parametrize("answer", WAYS_TO_FAIL)
def test_errors_have_no_cause_of_the_http_library(bandwidth: Server, answer: Response) -> None:
    bandwidth.respond_with(answer)

    with pytest.raises(BandwidthError) as raised:
        send(bandwidth, "POST")

    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_the_repr_of_credentials_hides_the_password() -> None:
    assert repr(CREDENTIALS) == "BasicCredentials(username='lorem')"


# How long to wait


NOW = 1_763_800_000.25


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)


def wait_seconds(bandwidth: Server, reset: str | None, status: int = 429) -> int | None:
    bandwidth.respond_with(Response(status, headers={} if reset is None else {"X-RateLimit-Reset": reset}))
    with pytest.raises(BandwidthUnavailable) as raised:
        send(bandwidth, "POST")
    return raised.value.wait_seconds


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("status", [425, 429])
@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("1763800060", 60),
        ("1763800001", 1),
        ("1763800000", 1),
        ("1763799000", 1),
        ("0", 1),
        ("1763886400", 86_400),
    ],
)
def test_the_wait_of_the_dashboard_is_in_seconds(
    bandwidth: Server, status: int, reset: str, seconds: int
) -> None:
    assert wait_seconds(bandwidth, reset, status) == seconds


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("1763800060000", 60),
        ("1763800060300", 61),
        ("1763800000251", 1),
        ("1763800000250", 1),
        ("1763799000000", 1),
    ],
)
def test_the_wait_of_catapult_is_in_milliseconds(bandwidth: Server, reset: str, seconds: int) -> None:
    assert wait_seconds(bandwidth, reset) == seconds


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    "reset",
    [
        None,
        "",
        "soon",
        "-5",
        "1763800060.5",
        "+1763800060",
        "1_763_800_060",
        "Sat, 22 Nov 2026 02:00:00 GMT",
        "²",
        "1763886461",
        "99999999999",
        "1763800060000000",
        "9" * 400,
        "9" * 5000,
    ],
)
def test_an_implausible_wait_is_ignored(bandwidth: Server, reset: str | None) -> None:
    assert wait_seconds(bandwidth, reset) is None


def test_a_missing_connection_has_no_wait() -> None:
    with pytest.raises(BandwidthUnavailable) as raised:
        client(unused_url()).send("POST", "/accounts")
    assert raised.value.wait_seconds is None


# What happens before the first byte


def test_a_prepared_request_is_signed_but_not_sent(bandwidth: Server) -> None:
    bandwidth.respond_with(Response(201, "done"))

    post = client(bandwidth.url).prepare("POST", "/messages", body=b"{}")

    assert bandwidth.requests == []
    assert post().body == b"done"
    assert "Authorization" in bandwidth.only_request.headers


@pytest.mark.parametrize("base_url", ["bandwidth.example", "https://", "https://bandwidth.example:port"])
def test_a_request_that_cannot_be_built_is_unavailable(base_url: str) -> None:
    with pytest.raises(BandwidthUnavailable, match="could not be sent"):
        client(base_url).prepare("POST", "/messages")


# What a body says against its status


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("status", [400, 401, 403, 409])
def test_a_throttling_body_overrides_the_status_and_keeps_the_wait(bandwidth: Server, status: int) -> None:
    bandwidth.respond_with(Response(status, "<Error/>", {"X-RateLimit-Reset": "1763800060000"}))
    later = Transport(bandwidth.url, CREDENTIALS, lambda _: ErrorBody("limit", "wait", BandwidthUnavailable))

    with pytest.raises(BandwidthUnavailable) as raised:
        later.send("POST", "/messages")

    assert raised.value.wait_seconds == 60


@pytest.mark.parametrize("status", [401, 403])
def test_a_rejecting_body_overrides_the_status(bandwidth: Server, status: int) -> None:
    bandwidth.respond_with(Response(status, "<Error/>"))
    refused = Transport(bandwidth.url, CREDENTIALS, lambda _: ErrorBody("no", "never", BandwidthRejected))

    with pytest.raises(BandwidthRejected) as raised:
        refused.send("POST", "/messages")

    assert (raised.value.status, raised.value.code) == (status, "no")


@pytest.mark.parametrize(
    ("method", "error"), [("POST", BandwidthOutcomeUnknown), ("GET", BandwidthUnavailable)]
)
def test_a_503_with_possible_effect_is_unknown_for_a_post_only(
    bandwidth: Server, method: str, error: type[BandwidthError]
) -> None:
    bandwidth.respond_with(Response(503, "<Error/>"))
    unknown = Transport(
        bandwidth.url, CREDENTIALS, lambda _: ErrorBody("gate", "look", BandwidthOutcomeUnknown)
    )
    with pytest.raises(error):
        unknown.send(method, "/messages")


@pytest.mark.parametrize("answer", WAYS_TO_FAIL)
def test_an_error_shows_the_last_four_digits_of_a_number_in_its_path(
    bandwidth: Server, answer: Response
) -> None:
    bandwidth.respond_with(answer)

    with pytest.raises(BandwidthError, match=r"^GET /users/u-1/phoneNumbers/…1212 ") as raised:
        client(bandwidth.url).send("GET", "/users/u-1/phoneNumbers/%2B19195551212")

    assert "9195551212" not in repr(raised.value)
    assert bandwidth.only_request.path == "/users/u-1/phoneNumbers/%2B19195551212"
