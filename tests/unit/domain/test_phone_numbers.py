"""Telephone numbers as people type them, as messaging writes them, as the Dashboard writes them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandwidth_messaging.domain.phone_numbers import from_ten_digits, last_four, to_e164, to_ten_digits

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
ten_digits = st.from_regex(r"[2-9][0-9]{2}[2-9][0-9]{6}", fullmatch=True)


@pytest.mark.parametrize(
    "written",
    [
        "9195551212",
        "19195551212",
        "+19195551212",
        "(919) 555-1212",
        "919-555-1212",
        "919.555.1212",
        "919 555 1212",
        "1-919-555-1212",
        "1 (919) 555-1212",
        "+1 919 555 1212",
        "+1 (919) 555-1212",
        "  +1\u00a0919\u2011555\u20131212\n",
    ],
)
def test_a_north_american_number_is_understood_however_it_is_typed(written: str) -> None:
    assert to_e164(written) == "+19195551212"


@pytest.mark.parametrize(
    ("written", "e164"),
    [
        ("+44 20 7946 0958", "+442079460958"),
        ("+49 (30) 1234-56", "+4930123456"),
        ("+4722334455", "+4722334455"),
        ("+290 12345", "+29012345"),
        ("+123456789012345", None),
        ("+999999999999999", "+999999999999999"),
    ],
)
def test_a_number_of_elsewhere_needs_its_plus_and_its_length(written: str, e164: str | None) -> None:
    if e164:
        assert to_e164(written) == e164
    else:
        with pytest.raises(ValueError, match="telephone number"):
            to_e164(written)


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "+",
        "911",
        "55512",
        "5551212",
        "919555121",
        "91955512123",
        "29195551212",
        "0195551212",
        "9191551212",
        "+1919555121",
        "+1 1 919 555 1212",
        "+191955512123",
        "+0123456789",
        "++19195551212",
        "442079460958",
        "+4420794609581234",
        "919-555-1212 ext. 5",
        "tel:+19195551212",
        "919/555/1212",
        "BANDWIDTH",
        "+1919555121²",
        "٩١٩٥٥٥١٢١٢",
        "919,555,1212",
    ],
)
def test_what_is_no_telephone_number_is_refused_with_the_form_that_is_wanted(written: str) -> None:
    with pytest.raises(ValueError, match=r"E\.164 \(\+19195551212\)"):
        to_e164(written)


@given(st.text(alphabet="+0123456789 ().-", max_size=20) | st.text())
def test_whatever_is_typed_is_refused_or_becomes_e164_that_stays_as_it_is(written: str) -> None:
    try:
        e164 = to_e164(written)
    except ValueError:
        return
    assert E164.fullmatch(e164)
    assert to_e164(e164) == e164
    assert [digit for digit in written if digit.isdigit()][-7:] == list(e164[-7:])


@given(
    ten_digits, st.sampled_from(["", "1", "+1", "1-", "+1 "]), st.sampled_from(["", " ", "-", ".", "\u2013"])
)
def test_prefix_and_punctuation_change_nothing(digits: str, prefix: str, between: str) -> None:
    assert to_e164(prefix + between.join([digits[:3], digits[3:6], digits[6:]])) == f"+1{digits}"


@given(ten_digits)
def test_ten_digits_and_e164_turn_into_each_other(digits: str) -> None:
    assert from_ten_digits(digits) == f"+1{digits}"
    assert to_ten_digits(from_ten_digits(digits)) == digits


def test_e164_where_ten_digits_are_expected_passes_through() -> None:
    assert from_ten_digits("+19195551212") == "+19195551212"


def test_a_log_shows_four_digits() -> None:
    assert last_four("+19195551212") == "1212"
