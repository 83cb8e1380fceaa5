"""The client of the Registration Center reads all pages and tolerates unknown fields."""

import json
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.errors import (
    BandwidthGarbled,
    BandwidthUnauthorized,
    BandwidthUnavailable,
)
from bandwidth_messaging.bandwidth.registration_center import Registrations, Verification
from tests.http_server import Response, Server

PAGE = 250


def client(server: Server, base: str = "/api", seconds: float = 60) -> Registrations:
    return Registrations(
        server.url + base, "9500149", BasicCredentials("client", "client-secret"), seconds=seconds
    )


def listed(data: list[Any], total: int | None = None) -> Response:
    page = {} if total is None else {"page": {"pageNumber": 0, "pageSize": PAGE, "totalElements": total}}
    return Response(200, json.dumps({"data": data, "errors": [], "links": []} | page))


def numbers(start: int, count: int) -> list[dict[str, str]]:
    return [
        {"phoneNumber": f"+1919555{number:04}", "status": "SUCCESS"} for number in range(start, start + count)
    ]


@pytest.mark.parametrize("base", ["/api", "/api/v1", "/api/v2"])
def test_requests_use_version_2_for_any_base_url(bandwidth: Server, base: str) -> None:
    bandwidth.respond_with(listed([], 0))
    client(bandwidth, base).list_campaigns()
    assert urlsplit(bandwidth.only_request.path).path == "/api/v2/accounts/9500149/tendlc/campaigns"


def test_campaigns_are_listed_with_their_status(bandwidth: Server) -> None:
    bandwidth.respond_with(
        listed(
            [{"campaignId": "C1", "status": "REGISTERED", "usecase": "MIXED"}, {"campaignId": "C2"}, {}], 3
        )
    )
    assert client(bandwidth).list_campaigns() == {"C1": "REGISTERED", "C2": ""}


@pytest.mark.parametrize(
    ("answer", "has"),
    [
        (Response(200, json.dumps({"data": {"campaignId": "C 1", "status": "PENDING"}})), True),
        (Response(404, json.dumps({"errors": [{"description": "Campaign not found"}]})), False),
    ],
)
def test_a_missing_campaign_is_not_an_error(bandwidth: Server, answer: Response, has: bool) -> None:
    bandwidth.respond_with(answer)

    assert client(bandwidth).has_campaign("C 1") is has

    assert bandwidth.only_request.path == "/api/v2/accounts/9500149/tendlc/campaigns/C%201"


def test_five_thousand_numbers_cost_twenty_requests(bandwidth: Server) -> None:
    bandwidth.respond_with(*(listed(numbers(start, PAGE), 5000) for start in range(0, 5000, PAGE)))
    assert len(client(bandwidth).list_campaign_numbers("C1")) == 5000

    queries = [parse_qs(urlsplit(each.path).query) for each in bandwidth.requests]
    assert [(query["limit"], query["offset"]) for query in queries] == [
        (["250"], [str(start)]) for start in range(0, 5000, PAGE)
    ]


def test_without_a_page_block_a_short_page_is_the_last_page(bandwidth: Server) -> None:
    bandwidth.respond_with(listed(numbers(0, PAGE)), listed(numbers(PAGE, 1)))
    assert len(client(bandwidth).list_campaign_numbers("C1")) == PAGE + 1
    assert len(bandwidth.requests) == 2


def test_a_list_shorter_than_its_total_is_garbled(bandwidth: Server) -> None:
    bandwidth.respond_with(listed(numbers(0, 1), 2), listed([], 2))
    with pytest.raises(BandwidthGarbled, match="lists 1 of 2"):
        client(bandwidth).list_campaign_numbers("C1")


@pytest.mark.parametrize("body", ["", "<html>", "[]", '{"data": null}', '{"data": {}}'])
def test_a_response_without_a_list_is_garbled(bandwidth: Server, body: str) -> None:
    bandwidth.respond_with(Response(200, body))
    with pytest.raises(BandwidthGarbled):
        client(bandwidth).list_campaigns()


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_verification_has_status_and_reason(bandwidth: Server, wrapped: bool) -> None:
    body = {"phoneNumber": "+18005551212", "status": "UNVERIFIED", "declineReasonDescription": "no opt-in"}
    bandwidth.respond_with(Response(200, json.dumps({"data": body} if wrapped else body)))

    assert client(bandwidth).get_verification("+18005551212") == Verification("UNVERIFIED", "no opt-in")
    assert (
        bandwidth.only_request.path
        == "/api/v2/accounts/9500149/phoneNumbers/%2B18005551212/tollFreeVerification"
    )


def test_a_blocked_number_is_restricted(bandwidth: Server) -> None:
    bandwidth.respond_with(Response(200, '{"status": "VERIFIED", "blocked": true, "blockedReason": "fraud"}'))
    assert client(bandwidth).get_verification("+18005551212") == Verification("RESTRICTED", "fraud")


def test_a_number_without_a_verification_request_has_none(bandwidth: Server) -> None:
    bandwidth.respond_with(Response(404, '{"type": "not-found", "description": "no request"}'))
    assert client(bandwidth).get_verification("+18005551212") is None


@pytest.mark.parametrize(
    "body",
    [
        '{"errors": [{"type": "forbidden", "description": "client does not have access rights"}]}',
        '{"type": "forbidden", "description": "client does not have access rights"}',
    ],
)
def test_an_access_error_has_bandwidths_description(bandwidth: Server, body: str) -> None:
    bandwidth.respond_with(Response(403, body))
    with pytest.raises(BandwidthUnauthorized) as raised:
        client(bandwidth).list_campaigns()
    assert (raised.value.status, raised.value.words) == (403, "client does not have access rights")


@pytest.mark.parametrize("body", ["", "[]", "<html>", "7", '{"errors": [7]}'])
def test_a_403_with_any_body_is_an_access_error(bandwidth: Server, body: str) -> None:
    bandwidth.respond_with(Response(403, body))
    with pytest.raises(BandwidthUnauthorized):
        client(bandwidth).list_campaigns()


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of each wait; the clock advances without waiting."""
    clock, seconds = [1000.0], list[float]()

    def sleep(wait: float) -> None:
        # The server in Bandwidth's place sleeps for no time at all.
        seconds.extend([wait] if wait else [])
        clock[0] += wait

    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    return seconds


def test_a_429_is_retried_after_a_wait(bandwidth: Server, slept: list[float]) -> None:
    bandwidth.respond_with(Response(429), Response(429), listed([], 0))
    assert client(bandwidth).list_campaigns() == {}
    assert slept == [5, 5]


def test_a_429_is_not_retried_beyond_the_time_limit(bandwidth: Server, slept: list[float]) -> None:
    bandwidth.respond_with(Response(429))
    with pytest.raises(BandwidthUnavailable, match="429"):
        client(bandwidth, seconds=12).list_campaigns()
    assert slept == [5, 5]


def test_a_503_is_not_retried(bandwidth: Server, slept: list[float]) -> None:
    bandwidth.respond_with(Response(503))
    with pytest.raises(BandwidthUnavailable):
        client(bandwidth).list_campaigns()
    assert slept == []
