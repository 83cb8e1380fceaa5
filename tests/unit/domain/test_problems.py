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
def test_the_message_names_up_to_a_hundred_fields(count: int) -> None:
    listed = str(wrong(count)).split("; ")
    assert [each.partition(": ")[0] for each in listed] == [f"telephoneNumbers[{n}]" for n in range(count)]


@pytest.mark.parametrize(("count", "more"), [(101, 1), (5000, 4900)])
def test_the_message_counts_the_fields_after_the_hundredth(count: int, more: int) -> None:
    *listed, last = str(wrong(count)).split("; ")

    assert len(listed) == 100
    assert last == f"and {more} more"
    assert len(str(wrong(count))) < LONGEST_CAUSE


def test_problems_lists_every_field() -> None:
    error = wrong(5000)
    assert len(error.problems) == 5000
    assert error.problems[4999].field == "telephoneNumbers[4999]"
