"""An input that cannot be used: every wrong field named, as far as a state's cause can hold them."""

import pytest

from bandwidth_messaging.domain.problems import FieldProblem, InvalidInput

LONGEST_CAUSE = 32_768


def wrong(count: int) -> InvalidInput:
    return InvalidInput(
        FieldProblem(
            f"telephoneNumbers[{place}]",
            '"home" is not a phone number. Use E.164 (+19195551212) or ten digits.',
        )
        for place in range(count)
    )


@pytest.mark.parametrize("count", [1, 99, 100])
def test_up_to_a_hundred_wrong_fields_are_all_in_the_text(count: int) -> None:
    told = str(wrong(count)).split("; ")
    assert [each.partition(": ")[0] for each in told] == [f"telephoneNumbers[{n}]" for n in range(count)]


@pytest.mark.parametrize(("count", "more"), [(101, 1), (5000, 4900)])
def test_of_more_wrong_fields_the_text_has_a_hundred_and_the_count_of_the_others(
    count: int, more: int
) -> None:
    *told, last = str(wrong(count)).split("; ")
    assert len(told) == 100
    assert last == f"and {more} more"
    assert len(str(wrong(count))) < LONGEST_CAUSE


def test_the_problems_are_all_there_one_by_one() -> None:
    error = wrong(5000)
    assert len(error.problems) == 5000
    assert error.problems[4999].field == "telephoneNumbers[4999]"
