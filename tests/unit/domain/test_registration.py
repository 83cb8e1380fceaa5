"""What Bandwidth's words for a registration mean for a number's texts."""

from typing import Any

import phonenumbers
import pytest

from bandwidth_messaging.domain import registration
from bandwidth_messaging.domain.registration import (
    kind_of,
    of_campaign,
    of_new,
    of_no_campaign,
    of_verification,
    says_the_same,
    unknown,
    warning_of,
)

AT, LATER = "2026-11-22T12:00:00.000Z", "2026-11-22T13:00:00.000Z"
NUMBER = "+19195551212"


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("+19195551212", "10dlc"),
        ("+18005551212", "toll_free"),
        ("+18335551212", "toll_free"),
        ("+18885551212", "toll_free"),
        ("+18225551212", "10dlc"),
        ("+14165551212", "none"),
        ("+12423651234", "none"),
        ("+18765551212", "none"),
        ("+17875551212", "10dlc"),
        ("+447911123456", "none"),
        ("+4915112345678", "none"),
    ],
)
def test_the_kind_of_a_number(number: str, kind: str) -> None:
    assert kind_of(number) == kind


# The United States and its territories.
UNITED_STATES = {"US", "PR", "VI", "GU", "AS", "MP"}


def test_area_codes_outside_the_united_states_are_those_of_the_phonenumbers_library() -> None:
    for area_code in range(200, 1000):
        national = [area_code * 10**7 + exchange * 10**4 + 1234 for exchange in (222, 234, 555, 876)]
        numbers = [phonenumbers.PhoneNumber(country_code=1, national_number=each) for each in national]
        regions = {phonenumbers.region_code_for_number(number) for number in numbers} - {None}
        is_elsewhere = bool(regions) and not regions <= UNITED_STATES
        kind = kind_of(f"+1{area_code}5551234")
        assert (kind == "none") == is_elsewhere, (area_code, regions)


def test_a_number_that_needs_no_registration_has_no_warning() -> None:
    assert warning_of("+14165551212", of_no_campaign(AT)) is None
    assert warning_of(NUMBER, of_no_campaign(AT)) is not None


@pytest.mark.parametrize(
    ("campaign", "number", "state"),
    [
        ("REGISTERED", "SUCCESS", "registered"),
        ("registered", "success", "registered"),
        ("REGISTERED", "PROCESSING", "pending"),
        ("REGISTERED", "FAILURE", "unregistered"),
        ("REGISTERED", "SOMETHING_NEW", "unknown"),
        ("REGISTERED", "", "unknown"),
        ("REGISTERING", "SUCCESS", "pending"),
        ("SUSPENDED", "SUCCESS", "unregistered"),
        ("ERROR", "SUCCESS", "unregistered"),
        ("SOMETHING_NEW", "SUCCESS", "unknown"),
    ],
)
def test_campaign_and_number_must_both_be_registered(campaign: str, number: str, state: str) -> None:
    found = of_campaign("C1", campaign, number, AT)
    assert (found["state"], found["campaignId"], found["checkedAt"]) == (state, "C1", AT)
    assert ("reason" in found) == (state != "registered")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("VERIFIED", "registered"),
        ("PENDING", "pending"),
        ("UNVERIFIED", "unregistered"),
        ("REJECTED", "unregistered"),
        ("SOMETHING_NEW", "unknown"),
        (None, "unregistered"),
    ],
)
def test_a_toll_free_number_must_be_verified(status: str | None, state: str) -> None:
    found = of_verification(status, "no opt-in", AT)
    assert (found["kind"], found["state"]) == ("toll_free", state)


def test_a_declined_verification_says_why() -> None:
    assert of_verification("UNVERIFIED", "no opt-in", AT)["reason"] == (
        "its verification is UNVERIFIED (no opt-in)"
    )


def test_a_number_that_has_just_come_and_is_not_listed_is_given_time() -> None:
    assert of_new(of_no_campaign(AT))["state"] == "pending"
    assert of_new(of_verification(None, None, AT))["state"] == "pending"


def test_one_that_a_campaign_lists_as_failed_is_not() -> None:
    assert of_new(of_campaign("C1", "REGISTERED", "FAILURE", AT))["state"] == "unregistered"


@pytest.mark.parametrize("status", ["DECLINED", "EXPIRED", "expired"])
def test_campaigns_that_are_over_are_not_asked_for_numbers(status: str) -> None:
    assert not registration.may_have_numbers(status)


@pytest.mark.parametrize(
    "found",
    [
        None,
        unknown(NUMBER, "Bandwidth does not say", AT),
        of_campaign("C1", "REGISTERED", "SUCCESS", AT),
        of_campaign("C1", "REGISTERED", "PROCESSING", AT),
    ],
)
def test_only_what_is_known_to_be_unregistered_is_warned_of(found: Any) -> None:
    assert warning_of(NUMBER, found) is None


def test_a_warning_says_which_number_why_since_when_and_what_to_do() -> None:
    warning = str(warning_of(NUMBER, of_no_campaign(AT)))
    for words in (NUMBER, "no 10DLC campaign", AT, "register it", "CheckRegistration"):
        assert words in warning


def test_the_time_alone_is_no_news() -> None:
    assert says_the_same(of_no_campaign(AT), of_no_campaign(LATER))
    assert not says_the_same(of_no_campaign(AT), of_campaign("C1", "REGISTERED", "SUCCESS", AT))
    assert not says_the_same(None, of_no_campaign(AT))
