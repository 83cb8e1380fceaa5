"""OAuth2: all APIs share one token, which is renewed in time or after a 401, and never logged."""

import json
import threading
import time
from base64 import b64decode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.errors import (
    BandwidthError,
    BandwidthOutcomeUnknown,
    BandwidthUnauthorized,
    BandwidthUnavailable,
)
from bandwidth_messaging.bandwidth.oauth import OAuthClient
from bandwidth_messaging.bandwidth.transport import Transport
from tests.http_server import ReceivedRequest, Response, Server, unused_url

OLD = BasicCredentials("client", "old-client-secret")
NEW = BasicCredentials("client", "new-client-secret")
TOKEN_PATH = "/api/v1/oauth2/token"
OK = Response(200)


def token(value: str = "token-1", seconds: int = 3600) -> Response:
    body = {"access_token": value, "token_type": "Bearer", "expires_in": seconds}
    return Response(200, json.dumps(body))


def refusal(status: int = 401) -> Response:
    return Response(status, json.dumps({"error": "invalid_client"}))


def client(server: Server, reread: Callable[[], BasicCredentials] = lambda: OLD) -> OAuthClient:
    return OAuthClient(server.url + TOKEN_PATH, OLD, reread)


def api(server: Server, auth: OAuthClient) -> Transport:
    return Transport(server.url, auth, lambda _: None)


def bearer(asked: ReceivedRequest) -> str:
    return asked.headers["Authorization"]


def paths(server: Server) -> list[str]:
    return [asked.path for asked in server.requests]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The current time in a list. Tests change its item."""
    now = [1_795_000_000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    return now


def test_a_token_request_is_a_form_signed_with_client_id_and_secret(bandwidth: Server) -> None:
    bandwidth.respond_with(token(), OK)

    api(bandwidth, client(bandwidth)).send("POST", "/orders", body=b"<Order/>")

    asked, used = bandwidth.requests
    assert (asked.method, asked.path, asked.body) == ("POST", TOKEN_PATH, b"grant_type=client_credentials")
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert b64decode(bearer(asked).removeprefix("Basic ")) == b"client:old-client-secret"
    assert (used.path, used.body, bearer(used)) == ("/orders", b"<Order/>", "Bearer token-1")


def test_account_api_and_messages_share_one_token(bandwidth: Server) -> None:
    bandwidth.respond_with(token(), OK)
    auth = client(bandwidth)
    api(bandwidth, auth).send("GET", "/orders")

    api(bandwidth, auth).send("POST", "/messages")

    assert paths(bandwidth) == [TOKEN_PATH, "/orders", "/messages"]


def test_sixteen_threads_request_one_token(bandwidth: Server) -> None:
    bandwidth.respond_with(token(), OK)
    auth, together = client(bandwidth), threading.Barrier(16)

    def send(_: int) -> int:
        together.wait()
        return api(bandwidth, auth).send("GET", "/orders").status

    with ThreadPoolExecutor(16) as threads:
        assert set(threads.map(send, range(16))) == {200}

    assert sorted(paths(bandwidth)) == [TOKEN_PATH, *["/orders"] * 16]


@pytest.mark.parametrize(("seconds", "is_kept"), [(3539, True), (3540, False)])
def test_a_token_is_kept_until_a_minute_before_it_ends(
    bandwidth: Server, clock: list[float], seconds: int, is_kept: bool
) -> None:
    bandwidth.respond_with(token(), OK, token("token-2"), OK)
    transport = api(bandwidth, client(bandwidth))
    transport.send("GET", "/orders")
    clock[0] += seconds
    if is_kept:
        bandwidth.respond_with(OK)

    transport.send("GET", "/orders")

    assert bearer(bandwidth.requests[-1]) == ("Bearer token-1" if is_kept else "Bearer token-2")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_rejected_token_is_renewed_and_the_request_repeated_once(bandwidth: Server, method: str) -> None:
    bandwidth.respond_with(token(), Response(401), token("token-2"), Response(201, "done"))
    answer = api(bandwidth, client(bandwidth)).send(
        method, "/orders", body=b"<Order/>", content_type="application/xml", params={"page": "1"}
    )
    assert (answer.status, answer.body) == (201, b"done")

    first, _, again = bandwidth.requests[1:]
    assert (first.method, first.path, first.body) == (again.method, again.path, again.body)
    assert again.headers["Content-Type"] == "application/xml"
    assert [bearer(each) for each in (first, again)] == ["Bearer token-1", "Bearer token-2"]


def test_a_request_rejected_with_a_new_token_too_is_unauthorized(bandwidth: Server) -> None:
    bandwidth.respond_with(token(), Response(401), token("token-2"), Response(401))
    with pytest.raises(BandwidthUnauthorized, match="Check the credentials"):
        api(bandwidth, client(bandwidth)).send("POST", "/orders")
    assert len(bandwidth.requests) == 4


def test_a_token_that_another_thread_renewed_is_reused(bandwidth: Server) -> None:
    bandwidth.respond_with(token(), OK, token("token-2"), OK)
    auth = client(bandwidth)

    api(bandwidth, auth).send("GET", "/orders")

    assert auth._valid_token(rejected="token-1") == "token-2"
    assert auth._valid_token(rejected="token-1") == "token-2"
    assert paths(bandwidth).count(TOKEN_PATH) == 2


def test_a_403_does_not_renew_the_token(bandwidth: Server) -> None:
    bandwidth.respond_with(token(), Response(403))
    with pytest.raises(BandwidthUnauthorized, match="permissions of their user"):
        api(bandwidth, client(bandwidth)).send("GET", "/orders")
    assert len(bandwidth.requests) == 2


def test_a_lost_response_to_the_repeated_request_is_an_unknown_outcome(bandwidth: Server) -> None:
    bandwidth.respond_with(token(), Response(401), token("token-2"), Response(lost=True))
    with pytest.raises(BandwidthOutcomeUnknown):
        api(bandwidth, client(bandwidth)).send("POST", "/orders")


# Rotation


def test_a_rejected_secret_is_read_again_at_once(bandwidth: Server) -> None:
    bandwidth.respond_with(refusal(), token(), OK)

    api(bandwidth, client(bandwidth, reread=lambda: NEW)).send("POST", "/orders")

    first, second, _ = bandwidth.requests
    assert [b64decode(bearer(each).removeprefix("Basic ")) for each in (first, second)] == [
        b"client:old-client-secret",
        b"client:new-client-secret",
    ]


def test_the_current_secret_is_cached_after_it_was_read_again(bandwidth: Server) -> None:
    bandwidth.respond_with(refusal(), token(), Response(401), token("token-2"), OK)
    reads = iter([NEW])

    api(bandwidth, client(bandwidth, reread=lambda: next(reads))).send("POST", "/orders")

    assert paths(bandwidth).count(TOKEN_PATH) == 3


def test_bandwidths_error_is_raised_if_the_secret_cannot_be_read_again(bandwidth: Server) -> None:
    def fails() -> BasicCredentials:
        raise RuntimeError("Secrets Manager is away")

    bandwidth.respond_with(refusal())
    with pytest.raises(BandwidthUnauthorized, match="invalid_client"):
        api(bandwidth, client(bandwidth, reread=fails)).send("POST", "/orders")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 302])
def test_a_rejected_client_is_unauthorized_and_the_error_names_the_secrets_fields(
    bandwidth: Server, status: int
) -> None:
    bandwidth.respond_with(refusal(status))
    with pytest.raises(BandwidthUnauthorized, match=f"{status} invalid_client.*clientId and clientSecret"):
        api(bandwidth, client(bandwidth)).send("POST", "/orders")
    assert paths(bandwidth) == [TOKEN_PATH]


# Without a token nothing is ordered or sent


@pytest.mark.parametrize(
    "answer",
    [
        Response(500),
        Response(503, "<html>out of order</html>"),
        Response(429),
        Response(lost=True),
        Response(200, "no JSON"),
        Response(200, "[]"),
        Response(200, '{"token_type": "Bearer"}'),
        Response(200, '{"access_token": null, "expires_in": 3600}'),
        Response(200, '{"access_token": 17, "expires_in": 3600}'),
    ],
)
def test_a_failing_token_endpoint_is_unavailable_and_nothing_else_is_sent(
    bandwidth: Server, answer: Response
) -> None:
    bandwidth.respond_with(answer)

    with pytest.raises(BandwidthUnavailable, match="The request was not sent") as raised:
        api(bandwidth, client(bandwidth)).send("POST", "/orders")

    # A status would be that of the request itself, which never went out.
    assert raised.value.status is None
    assert paths(bandwidth) == [TOKEN_PATH]


def test_a_token_endpoint_that_cannot_be_reached_is_unavailable() -> None:
    auth = OAuthClient(unused_url(), OLD, lambda: OLD)
    with pytest.raises(BandwidthUnavailable, match="The request was not sent"):
        Transport(unused_url(), auth, lambda _: None).send("POST", "/orders")


@pytest.mark.parametrize("broken", ["token\\n-1", "token-1\\r\\nX-Other: 1", "t\u00f6ken-1", "token 1", ""])
def test_a_token_that_cannot_be_a_header_is_unauthorized_and_nothing_else_is_sent(
    bandwidth: Server, broken: str
) -> None:
    bandwidth.respond_with(Response(200, f'{{"access_token": "{broken}", "expires_in": 3600}}'))
    prepare = api(bandwidth, client(bandwidth)).prepare

    with pytest.raises(BandwidthUnauthorized, match="is not valid in an HTTP header") as raised:
        prepare("POST", "/messages")

    assert paths(bandwidth) == [TOKEN_PATH]
    assert "token-1" not in str(raised.value)


@pytest.mark.parametrize("lifetime", ["null", "NaN", '"soon"', "[]", "1e999", '"3600"', "-5"])
def test_a_token_whose_lifetime_is_not_known_is_used(bandwidth: Server, lifetime: str) -> None:
    bandwidth.respond_with(
        Response(200, f'{{"access_token": "token-1", "expires_in": {lifetime}}}'), Response(201)
    )
    assert api(bandwidth, client(bandwidth)).send("POST", "/orders").status == 201


@pytest.mark.parametrize("lifetime", ["null", "NaN"])
def test_a_token_whose_lifetime_is_not_known_is_fetched_again_for_the_next_request(
    bandwidth: Server, lifetime: str
) -> None:
    fetched = Response(200, f'{{"access_token": "token-1", "expires_in": {lifetime}}}')
    bandwidth.respond_with(fetched, Response(201), fetched, Response(201))
    auth = client(bandwidth)
    for _ in range(2):
        api(bandwidth, auth).send("POST", "/orders")

    assert paths(bandwidth).count(TOKEN_PATH) == 2


# Secrets stay out of errors


@pytest.mark.parametrize(
    "answers",
    [
        [refusal()],
        [Response(500, "token-1 old-client-secret")],
        [Response(200, '{"access_token": ["token-1"], "expires_in": 3600}')],
        [token(), Response(401), token(), Response(401)],
        [token(), Response(500)],
        [token(), Response(lost=True)],
    ],
)
def test_no_error_contains_the_secret_or_the_token(bandwidth: Server, answers: list[Response]) -> None:
    bandwidth.respond_with(*answers)
    auth = client(bandwidth)

    with pytest.raises(BandwidthError) as raised:
        api(bandwidth, auth).send("POST", "/orders")

    shown = f"{raised.value!s} {raised.value!r} {vars(raised.value)} {auth!r}"
    assert "token-1" not in shown
    assert "old-client-secret" not in shown
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
