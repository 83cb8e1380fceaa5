"""Media are fetched from Bandwidth's hosts only, up to a maximum size."""

from typing import Any

import pytest

from bandwidth_messaging.bandwidth import transport
from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.errors import (
    BandwidthRejected,
    BandwidthUnauthorized,
    BandwidthUnavailable,
)
from bandwidth_messaging.bandwidth.media_api import File, Media
from bandwidth_messaging.bandwidth.transport import Transport
from tests.http_server import Response, Server, run_server

CREDENTIALS = BasicCredentials("t-token", "secret")
PATH = "/v2/users/u-1/media/m-1/0/a.png"
PICTURE = b"\x89PNG" * 1000


def media(*base_urls: str) -> Media:
    return Media(base_urls, CREDENTIALS)


def test_a_file_is_fetched_with_our_credentials(bandwidth: Server) -> None:
    bandwidth.respond_with(Response(200, PICTURE, {"Content-Type": "image/PNG; name=a"}))

    fetched = media(f"{bandwidth.url}/v2").fetch(bandwidth.url + PATH, max_bytes=len(PICTURE))

    assert fetched == File("image/png", PICTURE)
    assert (bandwidth.only_request.method, bandwidth.only_request.path) == ("GET", PATH)
    assert bandwidth.only_request.headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/users/u-1/media/a.png",
        "/api/v2/users/5000001/media/m-1%2F0%2Fa%20b.png",
        "/messaging/api/v2/users/5000001/media/m-1/0/a.png?version=2",
    ],
)
def test_the_path_of_a_url_is_sent_unchanged(bandwidth: Server, path: str) -> None:
    media(f"{bandwidth.url}/v2").fetch(bandwidth.url + path, max_bytes=1)
    assert bandwidth.only_request.path == path


@pytest.mark.parametrize(
    "url",
    [
        "https://messaging.bandwidth.com/api/v2/users/9/media/m-1/0/a.png",
        "https://MESSAGING.bandwidth.com:443/api/v2/users/9/media/m-1/0/a.png",
        "https://api.catapult.inetwork.com/v1/users/u-1/media/a.png",
    ],
)
def test_the_allowed_hosts_are_the_current_one_and_the_configured_ones(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def send(self: Transport, method: str, path: str, **_: Any) -> Any:
        asked.append(self._base_url + path)
        raise BandwidthUnavailable("not today")

    monkeypatch.setattr(Transport, "send", send)

    with pytest.raises(BandwidthUnavailable):
        media("https://api.catapult.inetwork.com/v1").fetch(url, max_bytes=1)

    assert asked == [url.replace("MESSAGING", "messaging").replace(":443", "")]


ELSEWHERE = [
    "https://example.com/api/v2/users/9/media/a.png",
    "http://messaging.bandwidth.com/api/v2/users/9/media/a.png",
    "https://messaging.bandwidth.com:8443/api/v2/users/9/media/a.png",
    "https://messaging.bandwidth.com.example.com/api/v2/users/9/media/a.png",
    "https://user@messaging.bandwidth.com/api/v2/users/9/media/a.png",
    "https://messaging.bandwidth.com@example.com/api/v2/users/9/media/a.png",
    "https://example.com#@messaging.bandwidth.com/api/v2/users/9/media/a.png",
    "https://example.com\\@messaging.bandwidth.com/api/v2/users/9/media/a.png",
    "https://messaging.bandwidth.com/api/v2/users/9/messages?from=1",
    "https://messaging.bandwidth.com/api/v2/users/9/media/",
    "https://messaging.bandwidth.com/api/v2/users/9/media/../messages",
    "https://messaging.bandwidth.com/api/v2/users/9/media/%2e%2e/messages",
    "https://messaging.bandwidth.com",
    "http://169.254.169.254/latest/meta-data/users/1/media/a",
    "file:///users/1/media/a",
    "//messaging.bandwidth.com/api/v2/users/9/media/a.png",
    "a.png",
    "http://[",
    "",
]


@pytest.mark.parametrize("url", ELSEWHERE)
def test_other_urls_are_rejected_without_a_request(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Transport, "send", lambda *_, **__: pytest.fail("it was asked for"))

    with pytest.raises(BandwidthRejected) as refused:
        media("https://api.catapult.inetwork.com/v1").fetch(url, max_bytes=1)

    assert refused.value.words == "The URL is not a media URL at Bandwidth."
    assert "example.com" not in str(refused.value)


def test_a_redirect_is_not_followed(bandwidth: Server) -> None:
    with run_server() as elsewhere:
        bandwidth.respond_with(Response(302, headers={"Location": elsewhere.url + PATH}))
        with pytest.raises(BandwidthUnavailable) as refused:
            media(bandwidth.url).fetch(bandwidth.url + PATH, max_bytes=1)
        assert elsewhere.requests == []
    assert refused.value.status == 302


def test_a_deleted_file_is_absent(bandwidth: Server) -> None:
    bandwidth.respond_with(
        Response(404, '{"status": 404, "error": "Not Found", "message": "No message available"}')
    )
    with pytest.raises(BandwidthRejected) as refused:
        media(bandwidth.url).fetch(bandwidth.url + PATH, max_bytes=1)
    assert refused.value.status == 404


@pytest.mark.parametrize("headers", [{}, {"Content-Length": ""}, {"Content-Length": "4"}])
def test_no_more_than_the_limit_is_read_with_any_header(bandwidth: Server, headers: dict[str, str]) -> None:
    bandwidth.respond_with(Response(200, PICTURE, headers))
    if headers == {"Content-Length": "4"}:
        assert media(bandwidth.url).fetch(bandwidth.url + PATH, max_bytes=4).content == PICTURE[:4]
        return
    with pytest.raises(BandwidthRejected, match="more than 3999 bytes"):
        media(bandwidth.url).fetch(bandwidth.url + PATH, max_bytes=len(PICTURE) - 1)


def test_a_truncated_file_is_unavailable(bandwidth: Server) -> None:
    bandwidth.respond_with(Response(200, PICTURE, {"Content-Length": str(len(PICTURE) + 1)}))
    with pytest.raises(BandwidthUnavailable):
        media(bandwidth.url).fetch(bandwidth.url + PATH, max_bytes=10_000)


def test_a_slow_file_is_unavailable(bandwidth: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "TOTAL_SECONDS", 0.2)
    bandwidth.respond_with(Response(200, PICTURE, drip_seconds=0.05))
    with pytest.raises(BandwidthUnavailable):
        media(bandwidth.url).fetch(bandwidth.url + PATH, max_bytes=10_000)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (429, BandwidthUnavailable),
        (500, BandwidthUnavailable),
        (503, BandwidthUnavailable),
        (401, BandwidthUnauthorized),
        (403, BandwidthUnauthorized),
    ],
)
def test_temporary_and_permanent_errors_are_different(
    bandwidth: Server, status: int, error: type[Exception]
) -> None:
    bandwidth.respond_with(Response(status))
    with pytest.raises(error):
        media(bandwidth.url).fetch(bandwidth.url + PATH, max_bytes=1)
