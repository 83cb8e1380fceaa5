"""Messaging 2.0 with the current API: local numbers are assigned to their campaign."""

from typing import Any

import pytest

from bandwidth_messaging.bandwidth.errors import BandwidthOutcomeUnknown, BandwidthRejected
from bandwidth_messaging.runtime import stores
from functions.control import browse
from functions.messages import send_message
from functions.messaging_v2 import create_location, enable_sms, set_number_options
from functions.setups import check_input
from simulator.account.numbers import AccountNumber
from simulator.account.registrations import Campaign
from tests.functions.conftest import CONFIG, PASSED, Stack, call, call_api, sample
from tests.functions.messages.test_sending import HOME
from tests.generations import only_current

pytestmark = only_current

CAMPAIGN = "CABC123"
ORDER = sample("messaging_v2/set_number_options")["customerOrderId"]
LOCAL, OTHER, TOLL_FREE = "+19105550100", "+19105550101", "+18005550100"


@pytest.fixture
def account(stack: Stack) -> Stack:
    """An account with a registered campaign, and numbers at a location that allows campaigns."""
    simulator = stack.simulator.simulator
    simulator.registrations.set_campaign(Campaign(CAMPAIGN, "REGISTERED", {}))
    call(check_input, sample("setups/check_input") | {"executionName": ORDER})
    at = call(create_location, sample("messaging_v2/create_location"))["locationId"]
    given = {"siteId": CONFIG.site_id, "locationId": at, "campaignId": CAMPAIGN}
    call(enable_sms, sample("messaging_v2/enable_sms") | given)
    for number in (LOCAL, OTHER, TOLL_FREE):
        digits = number.removeprefix("+1")
        simulator.account.numbers.add(AccountNumber(digits, CONFIG.site_id, at, order_id="order-1"))
        stores.numbers().activate(number, HOME, "2026-01-01T00:00:00.000Z", preflight=PASSED)
    return stack


def options(numbers: list[str], order_id: str | None = None, campaign: str = CAMPAIGN) -> Any:
    given = {"numbers": numbers, "optionsOrderId": order_id, "campaignId": campaign}
    return call(set_number_options, sample("messaging_v2/set_number_options") | given)


def ended(numbers: list[str], campaign: str = CAMPAIGN) -> Any:
    placed = options(numbers, campaign=campaign)
    assert placed["state"] == "pending"
    return options(numbers, placed["optionsOrderId"], campaign)


def registration(number: str) -> Any:
    return call_api(browse, "GET", f"/numbers/{number}")[1].get("registration")


def orders(stack: Stack) -> list[Any]:
    return stack.simulator.simulator.number_options.find()


def enabled_sms(account: Stack, campaign: str = CAMPAIGN) -> Any:
    """Enable SMS again at the location, with a campaign; return its A2P settings."""
    (location,) = account.simulator.simulator.account.locations()
    location.sms = None
    given = {"siteId": CONFIG.site_id, "locationId": location.id, "campaignId": campaign}
    call(enable_sms, sample("messaging_v2/enable_sms") | given)
    settings: dict[str, str] = location.sms.settings if location.sms else {}
    return {name: value for name, value in settings.items() if name.startswith("A2p")}


@pytest.mark.parametrize("is_external", [False, True])
def test_the_location_allows_campaigns_and_has_none(account: Stack, is_external: bool) -> None:
    registered = Campaign(CAMPAIGN, "REGISTERED", is_external=is_external)
    account.simulator.simulator.registrations.set_campaign(registered)

    assert enabled_sms(account) == {"A2pLongCode": "DefaultOff"}


def test_numbers_are_assigned_to_an_external_campaign(account: Stack) -> None:
    registered = Campaign(CAMPAIGN, "REGISTERED", is_external=True)
    account.simulator.simulator.registrations.set_campaign(registered)

    enabled_sms(account)

    assert ended([LOCAL])["state"] == "completed"


def test_the_location_has_the_campaign_if_the_account_requires_one(account: Stack) -> None:
    account.simulator.simulator.registrations.location_campaign_required = True

    found = enabled_sms(account)

    assert found == {"A2pLongCode": "DefaultOff", "A2pMessageClass": "M", "A2pCampaignId": CAMPAIGN}


def test_an_external_campaign_that_the_account_requires_of_the_location_is_rejected(account: Stack) -> None:
    registrations = account.simulator.simulator.registrations
    registrations.location_campaign_required = True
    registrations.set_campaign(Campaign(CAMPAIGN, "REGISTERED", is_external=True))

    with pytest.raises(BandwidthRejected, match=r"13682 .*13638.*support"):
        enabled_sms(account)


def test_a_campaign_that_the_account_does_not_have_stops_before_numbers_are_bought(account: Stack) -> None:
    with pytest.raises(BandwidthRejected, match="'COTHER' was not found"):
        enabled_sms(account, "COTHER")

    assert account.simulator.simulator.account.locations()[0].sms is None


@pytest.mark.parametrize("denied", ["role", "feature"])
def test_credentials_that_cannot_see_campaigns_do_not_stop_a_set_up(account: Stack, denied: Any) -> None:
    account.simulator.simulator.registrations.denied = denied

    assert enabled_sms(account, "COTHER") == {"A2pLongCode": "DefaultOff"}


def test_numbers_are_assigned_and_their_registration_says_so(account: Stack) -> None:
    result = ended([LOCAL, OTHER])
    assert (result["state"], result["failed"], result["failures"]) == ("completed", 0, [])
    found = registration(LOCAL)
    assert (found["state"], found["campaignId"]) == ("pending", CAMPAIGN)

    number = account.simulator.simulator.account.numbers.get("9105550100")
    assert number is not None
    assert number.options.campaign_id == CAMPAIGN


def test_numbers_that_are_assigned_already_are_no_failure(account: Stack) -> None:
    ended([LOCAL])
    assert ended([LOCAL])["state"] == "completed"


def test_toll_free_numbers_are_verified_instead(account: Stack) -> None:
    ended([LOCAL, TOLL_FREE])

    (order,) = orders(account)

    assert order.numbers == ("9105550100",)
    assert registration(TOLL_FREE) is None
    assert options([TOLL_FREE])["state"] == "completed"
    assert len(orders(account)) == 1


def test_a_rejected_number_has_the_reason_and_cannot_send(account: Stack) -> None:
    account.simulator.simulator.registrations.set_campaign(Campaign("CDEAD", "REJECTED", {}))
    result = ended([LOCAL], campaign="CDEAD")
    assert (result["state"], result["failed"]) == ("failed", 1)
    found = registration(LOCAL)
    assert found["state"] == "unregistered"
    assert found["reason"].startswith("Bandwidth did not assign campaign CDEAD: 12220 ")
    body = {"from": LOCAL, "to": "+19195551234", "text": "Good morning"}

    status, problem = call_api(send_message, "POST", "/messages", body=body)

    assert status == 422
    assert "12220" in problem["errors"][0]["detail"]


def test_a_rejected_order_is_a_failure_of_each_number(account: Stack) -> None:
    status = "<ResponseStatus><ErrorCode>5132</ErrorCode></ResponseStatus>"
    body = f"<TnOptionOrderResponse>{status}</TnOptionOrderResponse>"
    account.add_fault("/tnoptions", method="POST", answer={"status": 400, "body": body})

    result = options([LOCAL, OTHER])

    assert (result["state"], result["failed"]) == ("failed", 2)
    assert "5132" in registration(OTHER)["reason"]


def test_after_a_lost_response_the_same_order_is_placed_again(account: Stack) -> None:
    account.add_fault("/tnoptions", method="POST", lose_answer=True)

    with pytest.raises(BandwidthOutcomeUnknown):
        options([LOCAL])

    assert ended([LOCAL])["state"] == "completed"
    assert registration(LOCAL)["state"] == "pending"
