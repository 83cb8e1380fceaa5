"""Each way a request can end is the error that tells what may be done next."""

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


def send(server: Server, method: str, **options: Any) -> transport.Answer:
    return client(server.url).send(method, "/accounts/9500149/orders", **options)


@pytest.mark.parametrize("method", ["POST", *REPEATABLE])
@pytest.mark.parametrize("status", [429, 503])
def test_refused_before_it_was_accepted_is_unavailable(bandwidth: Server, method: str, status: int) -> None:
    bandwidth.answers(Answer(status))
    with pytest.raises(BandwidthUnavailable, match=str(status)):
        send(bandwidth, method)


@pytest.mark.parametrize("status", [500, 502, 504])
def test_another_server_error_leaves_the_outcome_of_a_post_unknown(bandwidth: Server, status: int) -> None:
    bandwidth.answers(Answer(status, "<html>out of order</html>"))
    with pytest.raises(BandwidthOutcomeUnknown, match=f"{status}.*unknown"):
        send(bandwidth, "POST")


@pytest.mark.parametrize("method", REPEATABLE)
def test_another_server_error_of_what_may_be_repeated_is_unavailable(bandwidth: Server, method: str) -> None:
    bandwidth.answers(Answer(500))
    with pytest.raises(BandwidthUnavailable, match="500"):
        send(bandwidth, method)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("body", ["", "<Error/>"])
def test_401_and_403_are_unauthorized_and_say_what_to_check(
    bandwidth: Server, status: int, body: str
) -> None:
    bandwidth.answers(Answer(status, body))
    with pytest.raises(BandwidthUnauthorized, match=f"{status}.*check the credentials"):
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
    with pytest.raises(BandwidthOutcomeUnknown, match="no answer"):
        send(bandwidth, "POST", body=b"<Order/>")
    assert len(bandwidth.asked) == 1


@pytest.mark.parametrize("method", REPEATABLE)
def test_a_lost_answer_of_what_may_be_repeated_is_unavailable(bandwidth: Server, method: str) -> None:
    bandwidth.answers(Answer(lost=True))
    with pytest.raises(BandwidthUnavailable, match="no answer"):
        send(bandwidth, method)


def test_half_an_answer_leaves_the_outcome_of_a_post_unknown(bandwidth: Server) -> None:
    bandwidth.answers(Answer(201, "<OrderRes", headers={"Content-Length": "500", "Connection": "close"}))
    with pytest.raises(BandwidthOutcomeUnknown, match="no answer"):
        send(bandwidth, "POST")


@pytest.mark.parametrize(
    ("method", "error"), [("POST", BandwidthOutcomeUnknown), ("GET", BandwidthUnavailable)]
)
def test_an_answer_that_takes_too_long_is_a_lost_one(
    bandwidth: Server, monkeypatch: pytest.MonkeyPatch, method: str, error: type[BandwidthError]
) -> None:
    monkeypatch.setattr(transport, "_ANSWER_SECONDS", 0.05)
    bandwidth.answers(Answer(201, seconds=0.2))
    with pytest.raises(error, match="no answer"):
        send(bandwidth, method)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(bandwidth: Server, status: int) -> None:
    bandwidth.answers(Answer(status, headers={"Location": f"{bandwidth.url}/elsewhere"}), Answer(200))
    with pytest.raises(BandwidthRejected, match=str(status)):
        send(bandwidth, "POST")
    assert len(bandwidth.asked) == 1


@pytest.mark.parametrize("status", [300, 302, 304])
def test_a_3xx_that_leads_nowhere_is_no_success(bandwidth: Server, status: int) -> None:
    bandwidth.answers(Answer(status))
    with pytest.raises(BandwidthRejected, match=str(status)):
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
