"""A request ends at its deadline, however the server delays it."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from urllib3.util import connection

from bandwidth_messaging.bandwidth import transport
from bandwidth_messaging.bandwidth.errors import (
    BandwidthOutcomeUnknown,
    BandwidthUnavailable,
    changed_nothing,
)
from bandwidth_messaging.bandwidth.transport import Transport
from bandwidth_messaging.network.deadline import exchange
from tests.http_server import Response, Server


@pytest.fixture(autouse=True)
def _short_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "TOTAL_SECONDS", 0.3)


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that accepts connections and never responds."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def client(url: str) -> Transport:
    return Transport(url, lambda request: request, lambda _: None)


@pytest.mark.parametrize("body", ["", "x" * 1000])
def test_a_dripping_response_leaves_the_outcome_of_a_post_unknown(bandwidth: Server, body: str) -> None:
    # No read waits for long, so a time-out per read never ends this.
    bandwidth.respond_with(Response(200, body, drip_seconds=0.02))
    with pytest.raises(BandwidthOutcomeUnknown, match="in time"):
        client(bandwidth.url).send("POST", "/orders")


def test_a_dripping_response_to_a_read_is_unavailable(bandwidth: Server) -> None:
    bandwidth.respond_with(Response(200, "x" * 1000, drip_seconds=0.02))
    with pytest.raises(BandwidthUnavailable, match="in time"):
        client(bandwidth.url).send("GET", "/orders")


def test_a_tls_handshake_without_an_end_sends_nothing(silent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_CONNECT_TIMEOUT_SECONDS", 0.2)

    with pytest.raises(BandwidthUnavailable, match="no connection") as raised:
        client(f"https://127.0.0.1:{silent}").send("POST", "/orders")
    assert changed_nothing(raised.value)


def test_a_connection_after_the_deadline_sends_nothing(
    bandwidth: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = connection.create_connection

    def slow(*arguments: object, **options: object) -> socket.socket:
        time.sleep(0.4)
        return create(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(connection, "create_connection", slow)

    with pytest.raises(BandwidthUnavailable, match="no connection"):
        client(bandwidth.url).send("POST", "/orders")

    assert bandwidth.requests == []


def test_no_address_of_a_host_is_tried_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def time_out(_: socket.socket, address: object) -> None:
        tried.append(address)
        time.sleep(0.2)
        raise TimeoutError

    address = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("192.0.2.1", 443))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [address] * 6)
    monkeypatch.setattr(socket.socket, "connect", time_out)

    with pytest.raises(BandwidthUnavailable, match="timed out"):
        client("https://bandwidth.example").send("POST", "/orders")

    assert 0 < len(tried) <= 2


def test_the_next_request_of_the_session_works(bandwidth: Server) -> None:
    bandwidth.respond_with(Response(200, "late", drip_seconds=0.05), Response(201))
    api = client(bandwidth.url)

    with pytest.raises(BandwidthOutcomeUnknown):
        api.send("POST", "/orders")

    assert api.send("POST", "/orders").status == 201


def threads_of_the_client() -> set[threading.Thread]:
    """Return the running threads without those in which the test's server answers."""
    return {each for each in threading.enumerate() if "process_request_thread" not in each.name}


def test_no_thread_outlives_its_request(bandwidth: Server) -> None:
    before = threads_of_the_client()
    api = client(bandwidth.url)
    for _ in range(3):
        api.send("GET", "/orders")

    started = threads_of_the_client() - before

    # A timer that was canceled ends as soon as its thread runs again.
    assert all(isinstance(each, threading.Timer) and each.finished.is_set() for each in started)


def test_an_exchange_inside_another_ends_with_the_outer_one() -> None:
    with exchange(0.2) as outer, exchange(10) as inner:
        assert inner.seconds_left <= 0.2
    assert outer.seconds_left <= 0.2
