"""The client of the Registration Center reads all pages and tolerates unknown fields."""

import json
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.errors import (
    BandwidthGarbled,
    BandwidthRejected,
    BandwidthUnauthorized,
    BandwidthUnavailable,
)
from bandwidth_messaging.bandwidth.registration_center import Registrations
from bandwidth_messaging.bandwidth.verifications import Verification, read_verification_change
from bandwidth_messaging.domain.step_outcomes import StepOutcome
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

    assert client(bandwidth).get_verification("+18005551212") == Verification(
        "UNVERIFIED", "no opt-in", is_submitted=True
    )
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


def test_a_number_with_a_submission_is_submitted(bandwidth: Server) -> None:
    body = {
        "phoneNumber": "+18005551212",
        "status": "PENDING",
        "internalTicketNumber": "acde070d",
        "createdDateTime": "2026-11-28T10:02:44.000Z",
        "modifiedDateTime": "2026-11-28T10:02:45.000Z",
        "submission": {"useCase": "2FA"},
    }
    bandwidth.respond_with(Response(200, json.dumps(body)))

    assert client(bandwidth).get_verification("+18005551212") == Verification(
        "PENDING",
        is_submitted=True,
        ticket="acde070d",
        created_at="2026-11-28T10:02:44.000Z",
        modified_at="2026-11-28T10:02:45.000Z",
    )


def test_a_submission_has_the_number_beside_its_fields(bandwidth: Server) -> None:
    bandwidth.respond_with(Response(202, ""))

    client(bandwidth).submit_verification("+18005551212", {"useCase": "2FA"})

    request = bandwidth.only_request
    assert (request.method, request.path) == ("POST", "/api/v2/accounts/9500149/tollFreeVerification")
    assert json.loads(request.body) == {"useCase": "2FA", "phoneNumbers": ["+18005551212"]}


def test_a_replaced_submission_is_wrapped(bandwidth: Server) -> None:
    bandwidth.respond_with(Response(202, ""))

    client(bandwidth).resubmit_verification("+18005551212", {"useCase": "2FA"})

    request = bandwidth.only_request
    assert request.method == "PUT"
    assert request.path.endswith("/phoneNumbers/%2B18005551212/tollFreeVerification")
    assert json.loads(request.body) == {"submission": {"useCase": "2FA"}}


def test_errors_of_fields_are_read(bandwidth: Server) -> None:
    errors = {"businessAddress.zip": ["is missing", "is short"], "useCase": "is unknown"}
    body = {"type": "validation", "description": "Invalid", "errors": errors}
    bandwidth.respond_with(Response(400, json.dumps(body)))

    with pytest.raises(BandwidthRejected) as raised:
        client(bandwidth).submit_verification("+18005551212", {})

    assert raised.value.code == "validation"
    assert raised.value.words == "Invalid; businessAddress.zip: is missing, is short; useCase: is unknown"


@pytest.mark.parametrize(
    ("known", "method", "outcome"),
    [
        ([], "POST", StepOutcome.CREATED),
        ([{"id": "s1", "callbackUrl": "https://other.example/"}], "POST", StepOutcome.CREATED),
        ([{"id": "s/2", "callbackUrl": "https://a.example/"}], "PUT", StepOutcome.UPDATED),
    ],
)
def test_a_url_is_subscribed_to_verifications_once(
    bandwidth: Server, known: list[Any], method: str, outcome: StepOutcome
) -> None:
    bandwidth.respond_with(Response(200, json.dumps({"data": known})), Response(201, "{}"))

    found = client(bandwidth).subscribe_to_verifications(
        callback_url="https://a.example/", credentials=BasicCredentials("user", "secret")
    )

    written = bandwidth.requests[-1]
    path = "/api/v2/accounts/9500149/tollFreeVerification/webhooks/subscriptions"
    assert (found, written.method) == (outcome, method)
    assert written.path == (f"{path}/s%2F2" if method == "PUT" else path)
    assert json.loads(written.body) == {
        "callbackUrl": "https://a.example/",
        "basicAuthentication": {"username": "user", "password": "secret"},
    }


def test_every_subscription_of_a_url_gets_the_password(bandwidth: Server) -> None:
    known = [{"id": each, "callbackUrl": "https://a.example/"} for each in ("s1", "s2")]
    written = Response(200, "{}")
    bandwidth.respond_with(Response(200, json.dumps({"data": known})), written, written)

    client(bandwidth).subscribe_to_verifications(
        callback_url="https://a.example/", credentials=BasicCredentials("user", "secret")
    )

    sent = [(each.method, each.path.rpartition("/")[2]) for each in bandwidth.requests]
    assert sent == [("GET", "subscriptions"), ("PUT", "s1"), ("PUT", "s2")]


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"phoneNumber": "+18005551212"}', '{"status": "VERIFIED"}']
)
def test_a_body_that_is_no_webhook_is_none(body: str) -> None:
    assert read_verification_change(body.encode()) is None


def test_a_webhook_has_number_status_and_reason() -> None:
    body = {
        "accountId": "9500149",
        "phoneNumber": "+18005551212",
        "status": "UNVERIFIED",
        "internalTicketNumber": "acde070d",
        "declineReasonDescription": "no opt-in",
        "resubmitAllowed": True,
    }

    assert read_verification_change(json.dumps(body).encode()) == (
        "+18005551212",
        Verification("UNVERIFIED", "no opt-in", is_submitted=True, may_resubmit=True, ticket="acde070d"),
    )
