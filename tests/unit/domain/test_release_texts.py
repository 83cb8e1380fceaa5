"""The texts about kept resources: each code has one, with its ids and counts."""

import pytest

from bandwidth_messaging.domain.release_texts import describe_keep_reason, to_resource
from bandwidth_messaging.domain.releases import KeepCode, KeepReason, PlannedResource
from bandwidth_messaging.domain.step_outcomes import StepOutcome
from bandwidth_messaging.domain.step_texts import describe_outcome


@pytest.mark.parametrize("code", KeepCode)
def test_every_code_has_a_text_without_gaps(code: KeepCode) -> None:
    reason = KeepReason(
        code=code,
        numbers=1,
        site_id="743",
        location_ids=("561",),
        application_id="a-1",
        callback_url="https://example.com",
        error="{not a field}",
    )

    text = describe_keep_reason(reason)

    assert text
    assert "None" not in text


@pytest.mark.parametrize(("numbers", "noun"), [(1, "1 other number "), (2, "2 other numbers ")])
def test_a_count_has_its_noun_in_singular_or_plural(numbers: int, noun: str) -> None:
    reason = KeepReason(code=KeepCode.NUMBERS_AT_LOCATION, numbers=numbers, location_ids=("561",))

    assert describe_keep_reason(reason) == f"{noun}at location 561"


def test_a_rejection_shows_bandwidths_code_and_description() -> None:
    reason = KeepReason(code=KeepCode.REJECTED, error_code="13558", error="The default location.")

    assert describe_keep_reason(reason) == "13558 The default location."


def test_a_planned_resource_has_no_reason_unless_it_is_kept() -> None:
    assert to_resource(PlannedResource(what="sms", id="561")).reason is None


def test_an_outcome_is_described_with_its_facts() -> None:
    assert describe_outcome(StepOutcome.CREATED) == "created"
    assert describe_outcome(StepOutcome.UPDATED, added=("TollFree",)) == "updated; added TollFree"
