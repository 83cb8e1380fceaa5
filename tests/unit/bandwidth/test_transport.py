"""Each way a request can end is the error that tells what may be done next."""

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
from tests.http_server import Answer, Server, nobody_listens

CREDENTIALS = BasicCredentials("lorem", "the-password")
REPEATABLE = ["GET", "PUT", "DELETE"]


def client(base_url: str) -> Transport:
    return Transport(base_url, CREDENTIALS, lambda body: ErrorBody("5005", "no number") if body else None)


def send(server: Server, method: str, **options: Any) -> transport.Response:
    return client(server.url).send(method, "/accounts/9500149/orders", **options)


@pytest.mark.parametrize("method", ["POST", *REPEATABLE])
@pytest.mark.parametrize("status", [425, 429])
def test_refused_before_it_was_accepted_is_unavailable(bandwidth: Server, method: str, status: int) -> None:
    bandwidth.answers(Answer(status))
    with pytest.raises(BandwidthUnavailable, match=str(status)):
        send(bandwidth, method)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_another_server_error_leaves_the_outcome_of_a_post_unknown(bandwidth: Server, status: int) -> None:
    bandwidth.answers(Answer(status, "<html>out of order</html>"))
    with pytest.raises(BandwidthOutcomeUnknown, match=f"{status}.*unknown"):
        send(bandwidth, "POST")


@pytest.mark.parametrize("method", REPEATABLE)
def test_another_server_error_of_what_may_be_repeated_is_unavailable(bandwidth: Server, method: str) -> None:
    for status in (408, 500, 503):
        bandwidth.answers(Answer(status))
        with pytest.raises(BandwidthUnavailable, match=str(status)):
            send(bandwidth, method)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("body", ["", "<Error/>"])
def test_401_and_403_are_unauthorized_and_say_what_to_check(
    bandwidth: Server, status: int, body: str
) -> None:
    bandwidth.answers(Answer(status, body))
    with pytest.raises(BandwidthUnauthorized, match=f"{status}.*Check the credentials"):
        send(bandwidth, "GET")


@pytest.mark.parametrize("status", [400, 404, 409, 415, 422])
def test_any_other_client_error_is_rejected_with_code_and_words(bandwidth: Server, status: int) -> None:
    bandwidth.answers(Answer(status, "<Error/>"))
    with pytest.raises(BandwidthRejected) as raised:
        send(bandwidth, "POST")
    assert (raised.value.status, raised.value.code, raised.value.words) == (status, "5005", "no number")
    assert str(raised.value) == "POST /accounts/9500149/orders was rejected: 5005 no number"


def test_a_rejection_without_a_body_still_tells_its_status(bandwidth: Server) -> None:
    bandwidth.answers(Answer(404))
    with pytest.raises(BandwidthRejected, match="404") as raised:
        send(bandwidth, "GET")
    assert (raised.value.status, raised.value.code) == (404, None)


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_refused_connection_is_unavailable(method: str) -> None:
    with pytest.raises(BandwidthUnavailable, match="no connection"):
        client(nobody_listens()).send(method, "/accounts")


def test_a_host_that_is_not_known_is_unavailable() -> None:
    with pytest.raises(BandwidthUnavailable, match="no connection"):
        client("http://bandwidth.invalid").send("POST", "/accounts")


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_connection_that_takes_too_long_is_unavailable(
    bandwidth: Server, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    def too_long(*_: object, **__: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(connection, "create_connection", too_long)
    with pytest.raises(BandwidthUnavailable, match="no connection"):
        send(bandwidth, method)
    assert bandwidth.asked == []


def test_a_lost_answer_leaves_the_outcome_of_a_post_unknown(bandwidth: Server) -> None:
    bandwidth.answers(Answer(lost=True))
    with pytest.raises(BandwidthOutcomeUnknown, match="no response"):
        send(bandwidth, "POST", body=b"<Order/>")
    assert len(bandwidth.asked) == 1


@pytest.mark.parametrize("method", REPEATABLE)
def test_a_lost_answer_of_what_may_be_repeated_is_unavailable(bandwidth: Server, method: str) -> None:
    bandwidth.answers(Answer(lost=True))
    with pytest.raises(BandwidthUnavailable, match="no response"):
        send(bandwidth, method)


def test_half_an_answer_leaves_the_outcome_of_a_post_unknown(bandwidth: Server) -> None:
    bandwidth.answers(Answer(201, "<OrderRes", headers={"Content-Length": "500", "Connection": "close"}))
    with pytest.raises(BandwidthOutcomeUnknown, match="no response"):
        send(bandwidth, "POST")


@pytest.mark.parametrize(
    ("method", "error"), [("POST", BandwidthOutcomeUnknown), ("GET", BandwidthUnavailable)]
)
def test_an_answer_that_takes_too_long_is_a_lost_one(
    bandwidth: Server, monkeypatch: pytest.MonkeyPatch, method: str, error: type[BandwidthError]
) -> None:
    monkeypatch.setattr(transport, "RESPONSE_TIMEOUT_SECONDS", 0.05)
    bandwidth.answers(Answer(201, seconds=0.2))
    with pytest.raises(error, match="no response"):
        send(bandwidth, method)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(bandwidth: Server, status: int) -> None:
    bandwidth.answers(Answer(status, headers={"Location": f"{bandwidth.url}/elsewhere"}), Answer(200))
    with pytest.raises(BandwidthUnavailable, match=f"{status}.*Check the stack's URL parameter") as raised:
        send(bandwidth, "POST")
    assert raised.value.is_redirect
    assert len(bandwidth.asked) == 1


@pytest.mark.parametrize("status", [300, 302, 304])
def test_a_3xx_that_leads_nowhere_is_no_success(bandwidth: Server, status: int) -> None:
    bandwidth.answers(Answer(status))
    with pytest.raises(BandwidthUnavailable, match=str(status)):
        send(bandwidth, "PUT")


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_2xx_is_an_answer(bandwidth: Server, status: int) -> None:
    bandwidth.answers(Answer(status))
    assert send(bandwidth, "POST").status == status


@pytest.mark.parametrize(
    "location", ["https://dashboard.bandwidth.com/api/accounts/1/orders/561", "/orders/561", "/orders/561/"]
)
def test_a_created_id_is_the_last_segment_of_an_absolute_or_relative_location(
    bandwidth: Server, location: str
) -> None:
    bandwidth.answers(Answer(201, headers={"Location": location}))
    assert send(bandwidth, "POST").created_id == "561"


def test_a_created_answer_without_a_location_is_garbled(bandwidth: Server) -> None:
    bandwidth.answers(Answer(201))
    with pytest.raises(BandwidthGarbled, match="Location"):
        _ = send(bandwidth, "POST").created_id


def test_a_garbled_answer_keeps_a_digest_and_no_content(bandwidth: Server) -> None:
    bandwidth.answers(Answer(200, "something private"))
    error = send(bandwidth, "GET").garbled("tells no OrderStatus")
    assert "tells no OrderStatus" in str(error)
    assert "17 bytes, sha256 " in str(error)
    assert "private" not in str(error)


def test_a_query_goes_into_the_url_and_stays_out_of_errors(bandwidth: Server) -> None:
    bandwidth.answers(Answer(500))
    with pytest.raises(BandwidthUnavailable) as raised:
        send(bandwidth, "GET", params={"tn": "9195551212"})
    assert bandwidth.only.path == "/accounts/9500149/orders?tn=9195551212"
    assert "9195551212" not in str(raised.value)


def test_neither_netrc_nor_proxy_settings_change_who_we_are_or_where_we_go(
    bandwidth: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", nobody_listens())
    send(bandwidth, "GET")
    scheme, _, encoded = bandwidth.only.headers["Authorization"].partition(" ")
    assert (scheme, b64decode(encoded)) == ("Basic", b"lorem:the-password")


WAYS_TO_FAIL = [
    Answer(400, "<Error/>"),
    Answer(401),
    Answer(404),
    Answer(429),
    Answer(500),
    Answer(302, headers={"Location": "/elsewhere"}),
    Answer(lost=True),
]


@pytest.mark.parametrize("answer", WAYS_TO_FAIL)
def test_no_error_holds_the_password_or_what_was_sent(bandwidth: Server, answer: Answer) -> None:
    bandwidth.answers(answer)
    with pytest.raises(BandwidthError) as raised:
        send(bandwidth, "POST", body=b"<Password>callback-password</Password>")
    told = f"{raised.value!s} {raised.value!r} {vars(raised.value)}"
    for secret in ("the-password", "callback-password", b64encode(b"lorem:the-password").decode()):
        assert secret not in told


@pytest.mark.parametrize("answer", WAYS_TO_FAIL)
def test_no_other_exception_shows_behind_ours(bandwidth: Server, answer: Answer) -> None:
    bandwidth.answers(answer)
    with pytest.raises(BandwidthError) as raised:
        send(bandwidth, "POST")
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_credentials_show_the_user_and_not_the_password() -> None:
    assert repr(CREDENTIALS) == "BasicCredentials(username='lorem')"


# How long to wait


NOW = 1_763_800_000.25


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)


def wait_seconds(bandwidth: Server, reset: str | None, status: int = 429) -> int | None:
    bandwidth.answers(Answer(status, headers={} if reset is None else {"X-RateLimit-Reset": reset}))
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
def test_the_dashboard_says_in_seconds_when_to_come_again(
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
def test_catapult_says_in_milliseconds_when_to_come_again(
    bandwidth: Server, reset: str, seconds: int
) -> None:
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
def test_without_a_believable_word_nobody_knows_how_long_to_wait(
    bandwidth: Server, reset: str | None
) -> None:
    assert wait_seconds(bandwidth, reset) is None


def test_no_connection_says_nothing_of_how_long_to_wait() -> None:
    with pytest.raises(BandwidthUnavailable) as raised:
        client(nobody_listens()).send("POST", "/accounts")
    assert raised.value.wait_seconds is None


# What happens before the first byte


def test_a_prepared_request_is_signed_and_not_sent_until_it_is_called(bandwidth: Server) -> None:
    bandwidth.answers(Answer(201, "done"))
    post = client(bandwidth.url).prepare("POST", "/messages", body=b"{}")
    assert bandwidth.asked == []
    assert post().body == b"done"
    assert "Authorization" in bandwidth.only.headers


@pytest.mark.parametrize("base_url", ["bandwidth.example", "https://", "https://bandwidth.example:port"])
def test_a_request_that_cannot_be_built_is_unavailable_as_nothing_was_sent(base_url: str) -> None:
    with pytest.raises(BandwidthUnavailable, match="could not be sent"):
        client(base_url).prepare("POST", "/messages")


# What a body says against its status


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("status", [400, 401, 403, 409])
def test_a_body_that_means_later_is_believed_with_the_time_beside_it(bandwidth: Server, status: int) -> None:
    bandwidth.answers(Answer(status, "<Error/>", {"X-RateLimit-Reset": "1763800060000"}))
    later = Transport(bandwidth.url, CREDENTIALS, lambda _: ErrorBody("limit", "wait", BandwidthUnavailable))
    with pytest.raises(BandwidthUnavailable) as raised:
        later.send("POST", "/messages")
    assert raised.value.wait_seconds == 60


@pytest.mark.parametrize("status", [401, 403])
def test_a_body_that_means_a_refusal_is_believed(bandwidth: Server, status: int) -> None:
    bandwidth.answers(Answer(status, "<Error/>"))
    refused = Transport(bandwidth.url, CREDENTIALS, lambda _: ErrorBody("no", "never", BandwidthRejected))
    with pytest.raises(BandwidthRejected) as raised:
        refused.send("POST", "/messages")
    assert (raised.value.status, raised.value.code) == (status, "no")


@pytest.mark.parametrize(
    ("method", "error"), [("POST", BandwidthOutcomeUnknown), ("GET", BandwidthUnavailable)]
)
def test_a_503_that_may_have_done_it_is_unknown_of_a_post_only(
    bandwidth: Server, method: str, error: type[BandwidthError]
) -> None:
    bandwidth.answers(Answer(503, "<Error/>"))
    unknown = Transport(
        bandwidth.url, CREDENTIALS, lambda _: ErrorBody("gate", "look", BandwidthOutcomeUnknown)
    )
    with pytest.raises(error):
        unknown.send(method, "/messages")


@pytest.mark.parametrize("answer", WAYS_TO_FAIL)
def test_a_number_in_a_path_is_told_by_its_last_four_digits(bandwidth: Server, answer: Answer) -> None:
    bandwidth.answers(answer)
    with pytest.raises(BandwidthError, match=r"^GET /users/u-1/phoneNumbers/…1212 ") as raised:
        client(bandwidth.url).send("GET", "/users/u-1/phoneNumbers/%2B19195551212")
    assert "9195551212" not in repr(raised.value)
    assert bandwidth.only.path == "/users/u-1/phoneNumbers/%2B19195551212"
