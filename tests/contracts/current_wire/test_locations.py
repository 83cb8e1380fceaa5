"""Requests that enable SMS and MMS of a location, in the current account API."""

from collections.abc import Callable

import pytest

from bandwidth_messaging.bandwidth.dashboard_current import DashboardCurrent
from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.bandwidth.locations import Sms
from tests.contracts.current_wire.wire import CAMPAIGN, LOCATION, SITE
from tests.documents.examples import outline
from tests.http_server import ReceivedRequest, Response, Server


def test_sms_does_not_set_the_proxy(bandwidth: Server, dashboard: DashboardCurrent) -> None:
    bandwidth.respond_with(Response(201))

    dashboard.enable_sms(SITE, LOCATION, toll_free=True, short_code=False)

    assert outline(bandwidth.only_request.body) == [
        (0, "SipPeerSmsFeature", ""),
        (1, "SipPeerSmsFeatureSettings", ""),
        (2, "TollFree", "true"),
        (2, "ShortCode", "false"),
        (2, "Protocol", "HTTP"),
        (2, "Zone1", "true"),
        *((2, f"Zone{zone}", "false") for zone in range(2, 6)),
        (1, "HttpSettings", ""),
    ]


def list_a2p_settings(request: ReceivedRequest) -> list[tuple[str, str]]:
    return [(name, text) for _, name, text in outline(request.body) if name.startswith("A2p")]


def rejection(code: str, description: str = "no") -> Response:
    reason = f"<ErrorCode>{code}</ErrorCode><Description>{description}</Description>"
    return Response(
        400,
        f"<SipPeerSmsFeatureResponse><ResponseStatus>{reason}</ResponseStatus></SipPeerSmsFeatureResponse>",
    )


ALLOWS_CAMPAIGNS = [("A2pLongCode", "DefaultOff")]
HAS_CAMPAIGN = [*ALLOWS_CAMPAIGNS, ("A2pMessageClass", "M"), ("A2pCampaignId", "CABC123")]


def enable_sms_for_campaign(dashboard: DashboardCurrent) -> None:
    dashboard.enable_sms(SITE, LOCATION, toll_free=True, short_code=True, campaign=CAMPAIGN)


def change_sms_for_campaign(dashboard: DashboardCurrent) -> None:
    settings = {"TollFree": "true", "A2pLongCode": "DefaultOff", "Protocol": "HTTP"}
    dashboard.change_sms(SITE, LOCATION, Sms(settings), campaign=CAMPAIGN)


both_ways = pytest.mark.parametrize("write", [enable_sms_for_campaign, change_sms_for_campaign])


@both_ways
def test_a_location_allows_campaigns_and_gets_none(
    bandwidth: Server, dashboard: DashboardCurrent, write: Callable[[DashboardCurrent], None]
) -> None:
    write(dashboard)

    assert list_a2p_settings(bandwidth.only_request) == ALLOWS_CAMPAIGNS


@both_ways
@pytest.mark.parametrize("code", ["13638", "13641"])
def test_a_location_gets_the_campaign_if_bandwidth_requires_it(
    bandwidth: Server, dashboard: DashboardCurrent, write: Callable[[DashboardCurrent], None], code: str
) -> None:
    bandwidth.respond_with(rejection(code), Response(201))

    write(dashboard)

    first, second = bandwidth.requests
    assert (list_a2p_settings(first), list_a2p_settings(second)) == (ALLOWS_CAMPAIGNS, HAS_CAMPAIGN)
    assert (second.method, second.path) == (first.method, first.path)


@both_ways
def test_an_external_campaign_that_the_location_must_have_is_rejected_with_the_reason(
    bandwidth: Server, dashboard: DashboardCurrent, write: Callable[[DashboardCurrent], None]
) -> None:
    bandwidth.respond_with(rejection("13638"), rejection("13682", "Campaign is not internal."))

    with pytest.raises(BandwidthRejected, match=r"13682 Campaign is not internal\. .*13638") as raised:
        write(dashboard)

    assert raised.value.code == "13682"
    assert len(bandwidth.requests) == 2


@both_ways
@pytest.mark.parametrize("code", ["13637", "13682"])
def test_other_rejections_are_not_retried_with_the_campaign(
    bandwidth: Server, dashboard: DashboardCurrent, write: Callable[[DashboardCurrent], None], code: str
) -> None:
    bandwidth.respond_with(rejection(code))

    with pytest.raises(BandwidthRejected, match=code):
        write(dashboard)

    assert len(bandwidth.requests) == 1


def test_a_location_without_a_campaign_is_rejected_if_bandwidth_requires_one(
    bandwidth: Server, dashboard: DashboardCurrent
) -> None:
    bandwidth.respond_with(rejection("13638"))

    with pytest.raises(BandwidthRejected, match="13638"):
        dashboard.enable_sms(SITE, LOCATION, toll_free=True, short_code=True)

    assert list_a2p_settings(bandwidth.only_request) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"A2pLongCode": "DefaultOff"}),
        ({"A2pLongCode": "OFF"}, {"A2pLongCode": "DefaultOff"}),
        ({"A2pLongCode": "DefaultOn", "A2pCampaignId": "COTHER"}, {}),
        ({"A2pLongCode": "ON", "A2pCampaignId": "COTHER"}, {}),
    ],
)
def test_a_location_keeps_its_campaign(before: dict[str, str], after: dict[str, str]) -> None:
    settings = {"TollFree": "true", "ShortCode": "true", "Protocol": "HTTP", "Zone1": "true"}
    changed = Sms(settings | before).with_more(toll_free=True, short_code=True, campaigns=True)
    assert changed.settings == settings | before | after


def test_mms_does_not_set_the_proxy(bandwidth: Server, dashboard: DashboardCurrent) -> None:
    bandwidth.respond_with(Response(201))

    dashboard.enable_mms(SITE, LOCATION)

    assert outline(bandwidth.only_request.body) == [
        (0, "MmsFeature", ""),
        (1, "MmsSettings", ""),
        (2, "Protocol", "HTTP"),
        (1, "Protocols", ""),
        (2, "HTTP", ""),
        (3, "HttpSettings", ""),
    ]
