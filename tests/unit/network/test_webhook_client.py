"""Requests to webhooks: signed headers are passed on, and no redirect or private address is followed."""

import datetime as dt
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bandwidth_messaging.network import webhook_client
from bandwidth_messaging.network.deadline import bounded_session
from bandwidth_messaging.network.webhook_client import NOT_PUBLIC, WebhookClient, WebhookResponse
from tests.http_server import Response, Server, run_server, unused_url

local = WebhookClient(allow_local=True)


@pytest.fixture
def endpoint() -> Iterator[Server]:
    with run_server() as server:
        yield server


def test_the_request_has_the_body_and_the_headers(endpoint: Server) -> None:
    response = local.post(f"{endpoint.url}/events?token=a", b'{"a":1}', {"webhook-id": "1"})

    assert response.is_success
    request = endpoint.only_request
    assert (request.method, request.path, request.body) == ("POST", "/events?token=a", b'{"a":1}')
    assert request.headers["webhook-id"] == "1"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"].startswith("bandwidth-messaging")


@pytest.mark.parametrize("status", [200, 204, 299])
def test_any_2xx_is_a_success(endpoint: Server, status: int) -> None:
    endpoint.respond_with(Response(status))

    assert local.post(endpoint.url, b"{}", {}).is_success


def test_a_redirect_is_a_failure_and_is_not_followed(endpoint: Server) -> None:
    endpoint.respond_with(Response(302, headers={"Location": f"{endpoint.url}/other"}))

    assert local.post(endpoint.url, b"{}", {}) == WebhookResponse(302)
    assert endpoint.only_request.path == "/"


@pytest.mark.parametrize(
    ("header", "seconds"), [("120", 120), ("", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None)]
)
def test_the_wish_for_a_pause_is_read_in_seconds(endpoint: Server, header: str, seconds: int | None) -> None:
    endpoint.respond_with(Response(503, headers={"Retry-After": header}))

    assert local.post(endpoint.url, b"{}", {}) == WebhookResponse(503, seconds)


def test_a_request_without_a_response_fails_with_the_reason(endpoint: Server) -> None:
    endpoint.respond_with(Response(lost=True))

    assert local.post(endpoint.url, b"{}", {}).failure == "the connection was lost"
    refused = local.post(unused_url(), b"{}", {})
    assert refused == WebhookResponse(failure="the server refused the connection")
    assert not refused.is_success


def test_a_response_that_drips_ends_at_the_deadline(
    endpoint: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_client, "TOTAL_SECONDS", 0.3)
    # Each byte arrives within the read time-out, and the response would be a success after seconds.
    endpoint.respond_with(Response(drip_seconds=0.05))

    assert local.post(endpoint.url, b"{}", {}).failure == "the server did not respond in time"


def test_a_host_that_cannot_be_encoded_is_a_failure() -> None:
    assert local.post(f"http://{'a' * 64}.example.com/", b"{}", {}).failure


def test_the_body_of_the_response_is_not_read(endpoint: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_client, "TOTAL_SECONDS", 5)
    endpoint.respond_with(Response(200, headers={"Content-Length": "1000000"}))

    assert local.post(endpoint.url, b"{}", {}).is_success


def test_plain_http_is_never_sent_outside_the_local_cloud(endpoint: Server) -> None:
    response = WebhookClient(allow_local=False).post(endpoint.url, b"{}", {})

    assert response.failure
    assert endpoint.requests == []


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A certificate for 127.0.0.1 that the client trusts, in a file with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file = tmp_path / "certificate.pem"
    file.write_bytes(key.private_bytes(pem, private, serialization.NoEncryption()) + signed.public_bytes(pem))

    def trusting_session() -> requests.Session:
        session = bounded_session()
        session.verify = str(file)
        return session

    monkeypatch.setattr(webhook_client, "bounded_session", trusting_session)
    return file


@pytest.mark.parametrize(
    ("allow_local", "result", "received"),
    [(True, WebhookResponse(204), ["/events"]), (False, WebhookResponse(failure=NOT_PUBLIC), [])],
)
def test_no_request_reaches_an_address_that_is_not_public(
    certificate: Path, allow_local: bool, result: WebhookResponse, received: list[str]
) -> None:
    paths = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            paths.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        client = WebhookClient(allow_local=allow_local)

        assert client.post(f"https://127.0.0.1:{server.server_port}/events", b"{}", {}) == result
        thread.join()
    assert paths == received
