"""Registrations that follow from Bandwidth's statuses."""

from typing import Any

import phonenumbers
import pytest

from bandwidth_messaging.domain import registration
from bandwidth_messaging.domain.registration import (
    Registration,
    allow_for_listing_delay,
    build_assigned_registration,
    build_campaign_registration,
    build_toll_free_registration,
    build_unknown_registration,
    build_unlisted_registration,
    classify_number,
    explain_unregistered,
    is_unchanged,
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
def test_a_number_is_classified_by_country_and_prefix(number: str, kind: str) -> None:
    assert classify_number(number) == kind


# The United States and its territories.
UNITED_STATES = {"US", "PR", "VI", "GU", "AS", "MP"}


def test_area_codes_outside_the_united_states_are_those_of_the_phonenumbers_library() -> None:
    for area_code in range(200, 1000):
        national = [area_code * 10**7 + exchange * 10**4 + 1234 for exchange in (222, 234, 555, 876)]
        numbers = [phonenumbers.PhoneNumber(country_code=1, national_number=each) for each in national]
        regions = {phonenumbers.region_code_for_number(number) for number in numbers} - {None}
        is_elsewhere = bool(regions) and not regions <= UNITED_STATES
        kind = classify_number(f"+1{area_code}5551234")
        assert (kind == "none") == is_elsewhere, (area_code, regions)


def test_a_number_that_needs_no_registration_is_never_unregistered() -> None:
    assert explain_unregistered("+14165551212", build_unlisted_registration(AT)) is None
    assert explain_unregistered(NUMBER, build_unlisted_registration(AT)) is not None


@pytest.mark.parametrize(
    ("campaign", "number", "state"),
    [
        ("REGISTERED", "SUCCESS", "registered"),
        ("registered", "success", "registered"),
        ("REGISTERED", "PROCESSING", "pending"),
        ("REGISTERED", "FAILURE", "unregistered"),
        ("REGISTERED", "SOMETHING_NEW", "unknown"),
        ("REGISTERED", "", "unknown"),
        ("SUCCESS", "SUCCESS", "registered"),
        ("REGISTERING", "SUCCESS", "pending"),
        ("PENDING", "SUCCESS", "pending"),
        ("UNREGISTERING", "SUCCESS", "pending"),
        ("DECLINED", "SUCCESS", "unregistered"),
        ("REJECTED", "SUCCESS", "unregistered"),
        ("EXPIRED", "SUCCESS", "unregistered"),
        ("SUSPENDED", "SUCCESS", "unregistered"),
        ("ERROR", "SUCCESS", "unregistered"),
        ("SOMETHING_NEW", "SUCCESS", "unknown"),
    ],
)
def test_campaign_and_number_must_both_be_registered(campaign: str, number: str, state: str) -> None:
    found = build_campaign_registration("C1", campaign, number, AT)
    assert (found["state"], found["campaignId"], found["checkedAt"]) == (state, "C1", AT)
    assert ("reason" in found) == (state != "registered")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("VERIFIED", "registered"),
        ("PENDING", "pending"),
        ("UNVERIFIED", "unregistered"),
        ("REJECTED", "unregistered"),
        ("DENIED", "unregistered"),
        ("RESTRICTED", "unregistered"),
        ("SOMETHING_NEW", "unknown"),
        (None, "unregistered"),
    ],
)
def test_a_toll_free_number_must_be_verified(status: str | None, state: str) -> None:
    found = build_toll_free_registration(status, "no opt-in", AT)
    assert (found["kind"], found["state"]) == ("toll_free", state)


def test_a_rejected_verification_has_bandwidths_reason() -> None:
    assert build_toll_free_registration("UNVERIFIED", "no opt-in", AT)["reason"] == (
        "the toll-free verification is UNVERIFIED (no opt-in)"
    )


def test_a_new_number_that_is_not_listed_yet_is_pending() -> None:
    assert allow_for_listing_delay(build_unlisted_registration(AT))["state"] == "pending"
    assert allow_for_listing_delay(build_toll_free_registration(None, None, AT))["state"] == "pending"


def test_a_new_number_that_a_campaign_lists_as_failed_is_unregistered() -> None:
    assert (
        allow_for_listing_delay(build_campaign_registration("C1", "REGISTERED", "FAILURE", AT))["state"]
        == "unregistered"
    )


@pytest.mark.parametrize("status", ["DECLINED", "EXPIRED", "REJECTED", "expired"])
def test_an_ended_campaign_has_no_numbers(status: str) -> None:
    assert not registration.may_have_numbers(status)


@pytest.mark.parametrize(
    "found",
    [
        None,
        build_unknown_registration(NUMBER, "Bandwidth does not say", AT),
        build_campaign_registration("C1", "REGISTERED", "SUCCESS", AT),
        build_campaign_registration("C1", "REGISTERED", "PROCESSING", AT),
    ],
)
def test_only_an_unregistered_number_is_explained(found: Any) -> None:
    assert explain_unregistered(NUMBER, found) is None


def test_the_explanation_has_number_reason_time_and_remedy() -> None:
    warning = str(explain_unregistered(NUMBER, build_unlisted_registration(AT)))
    for words in (NUMBER, "no 10DLC campaign", AT, "Register the number", "CheckRegistration"):
        assert words in warning


def test_registrations_that_differ_in_time_only_are_unchanged() -> None:
    assert is_unchanged(build_unlisted_registration(AT), build_unlisted_registration(LATER))
    assert not is_unchanged(
        build_unlisted_registration(AT), build_campaign_registration("C1", "REGISTERED", "SUCCESS", AT)
    )
    assert not is_unchanged(None, build_unlisted_registration(AT))


@pytest.mark.parametrize("status", ["REGISTERED", "PENDING", "UNREGISTERING", "SUSPENDED", "SOMETHING_NEW"])
def test_a_campaign_that_has_not_ended_may_have_numbers(status: str) -> None:
    assert registration.may_have_numbers(status)


def test_a_number_just_assigned_to_a_campaign_is_pending() -> None:
    expected: Registration = {
        "kind": registration.RegistrationKind.TEN_DLC,
        "state": registration.RegistrationState.PENDING,
        "checkedAt": AT,
        "campaignId": "C1",
        "reason": "the number was just assigned to campaign C1",
    }

    assert build_assigned_registration("C1", None, AT) == expected


def test_a_number_that_a_campaign_rejected_is_unregistered_with_bandwidths_reason() -> None:
    found = build_assigned_registration("C1", "5132 No such campaign", AT)

    assert (found["state"], found["campaignId"]) == ("unregistered", "C1")
    assert found["reason"] == "Bandwidth did not assign campaign C1: 5132 No such campaign"
