"""Phone numbers as people type or paste them, as messaging writes them, as the Dashboard writes them.

Numbers of other countries are facts of libphonenumber's public tests, or numbers that regulators keep for
fiction (Ofcom: 020 7946 0xxx).
"""

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandwidth_messaging.domain.phone_numbers import (
    from_callback,
    from_ten_digits,
    last_four,
    to_e164,
    to_participant,
    to_ten_digits,
)

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
        "\u202a+1 (919) 555-1212\u202c",
        "\u200e919-555-1212",
        "\u2066919\u2069 555 1212\u200b",
        "919\u00ad555\u00ad1212",
        "919\u2212555\u22121212",
        "\uff0b\uff11 \uff08\uff19\uff11\uff19\uff09\uff15\uff15\uff15\uff0d\uff11\uff12\uff11\uff12",
        "٩١٩٥٥٥١٢١٢",
        "tel:+19195551212",
        "TEL:+1-919-555-1212",
        "tel:919-555-1212",
        "919/555/1212",
        "919/555-1212",
        "011 1 919 555 1212",
    ],
)
def test_every_notation_of_a_north_american_number_is_accepted(written: str) -> None:
    assert to_e164(written) == "+19195551212"


@pytest.mark.parametrize(
    ("written", "e164"),
    [
        ("+44 20 7946 0958", "+442079460958"),
        ("+442079460958", "+442079460958"),
        ("+44 020 7946 0958", "+442079460958"),
        ("+4402079460958", "+442079460958"),
        ("011 44 20 7946 0958", "+442079460958"),
        ("011-44-20-7946-0958", "+442079460958"),
        ("tel:+44-20-7946-0958", "+442079460958"),
        ("\u202d+44\u00a020\u00a07946\u00a00958\u202c", "+442079460958"),
        ("+44 20 7946 0958 ext. 5", None),
        ("+44 00 20 7946 0958", None),
        ("+64 3 331 6005", "+6433316005"),
        ("+64-3/331/6005", "+6433316005"),
        ("01164 3 331 6005", "+6433316005"),
        ("\uff0b\uff16\uff14 \uff13 \uff13\uff13\uff11 \uff16\uff10\uff10\uff15", "+6433316005"),
        ("+49 30/123456", "+4930123456"),
        ("+39 02 3661 8300", "+390236618300"),
        ("+390236618300", "+390236618300"),
        ("+54 11 15 1234 5678", "+5491112345678"),
        ("+54 11 15 12345678", "+5491112345678"),
        ("+541112345678", "+541112345678"),
        ("+800 1234 5678", "+80012345678"),
        ("+33 1 23", None),
        ("+44 20 7946 0958 0958", None),
        ("+999 123 456 789", None),
        ("+49 (30) 1234-56", "+4930123456"),
        ("+4722334455", "+4722334455"),
        ("+290 12345", "+29012345"),
        ("+123456789012345", None),
        ("+999999999999999", "+999999999999999"),
    ],
)
def test_an_international_number_needs_its_plus_and_its_length(written: str, e164: str | None) -> None:
    if e164:
        assert to_e164(written) == e164
    else:
        with pytest.raises(ValueError, match="is not a phone number"):
            to_e164(written)


@pytest.mark.parametrize(
    "written", ["+5215512345678", "+52 1 55 1234 5678", "011 52 1 55 1234 5678", "tel:+52-1-55-1234-5678"]
)
def test_mexicos_old_mobile_prefix_is_kept_in_every_notation(written: str) -> None:
    assert to_e164(written) == from_callback(to_e164(written)) == "+5215512345678"


@pytest.mark.parametrize("written", ["+525512345678", "+52 55 1234 5678"])
def test_a_mexican_number_has_ten_digits_after_the_country_code(written: str) -> None:
    assert to_e164(written) == "+525512345678"


@pytest.mark.parametrize("written", ["+52 1 55 1234 56789", "5215512345678"])
def test_mexicos_old_mobile_prefix_needs_a_country_code_and_ten_digits(written: str) -> None:
    with pytest.raises(ValueError, match="is not a phone number"):
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
        "tel:",
        "tel:+1-919-555-1212;ext=5",
        "(919) 555-1212 / 1213",
        "1-800-FLOWERS",
        "011",
        "0114",
        "00 44 20 7946 0958",
        "BANDWIDTH",
        "+1919555121²",
        "9" * 10_000,
        "919,555,1212",
    ],
)
def test_an_invalid_number_is_rejected_with_the_expected_form(written: str) -> None:
    with pytest.raises(ValueError, match=r"E\.164 \(\+19195551212\)"):
        to_e164(written)


@pytest.mark.parametrize(
    "written",
    [
        "+44 (0)20 7946 0958",
        "+44(0)2079460958",
        "+44 ( 0 ) 20 7946 0958",
        "+49 (0) 30 123456",
        "+64(0)64123456",
        "+39 (0) 2 3661 8300",
        "011 44 (0)20 7946 0958",
        "+1 (0) 919 555 1212",
        "\uff0b44\uff080\uff0920 7946 0958",
    ],
)
def test_a_zero_in_brackets_after_the_country_code_is_rejected(written: str) -> None:
    with pytest.raises(ValueError, match=r"has a \(0\) after the country code\. Leave the \(0\) out\."):
        to_e164(written)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("12", '"12"'),
        ("home", '"home"'),
        ("919 555", '"919 555"'),
        ("919-555-121", '"xxx-xx5-121"'),
        ("+44 (0)20 7946 0958", '"+xx (x)xx xxxx 0958"'),
        ("a\nb", '"a?b"'),
        ("x" * 50, f'"{"x" * 40}..."'),
    ],
)
def test_the_error_shows_the_value_with_masked_digits(written: str, shown: str) -> None:
    with pytest.raises(ValueError, match=re.escape(shown)):
        to_e164(written)


@pytest.mark.parametrize(
    ("written", "is_loaded"),
    [
        ("+19195551212", False),
        ("(919) 555-1212", False),
        ("+442179460958", False),
        ("12", False),
        ("BANDWIDTH", False),
        ("+5215512345678", False),
        ("+44 20 7946 0958", True),
    ],
)
def test_the_library_is_loaded_only_if_needed(written: str, is_loaded: bool) -> None:
    code = (
        "import contextlib, sys\n"
        "from bandwidth_messaging.domain.phone_numbers import to_e164\n"
        f"with contextlib.suppress(ValueError): to_e164({written!r})\n"
        "sys.exit('phonenumbers' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": "layers/shared"}, check=False)
    assert ran.returncode == is_loaded


@pytest.mark.parametrize(
    ("written", "party"),
    [
        ("(919) 555-1212", "+19195551212"),
        ("12345", "12345"),
        ("611", "611"),
        ("BANDWIDTH", "BANDWIDTH"),
        ("My Shop 24", "My Shop 24"),
        ("ada@example.com", "ada@example.com"),
    ],
)
def test_a_participant_can_be_a_short_code_or_a_name(written: str, party: str) -> None:
    assert to_participant(written) == party


@pytest.mark.parametrize("written", ["", " ", "12", "123456789", "+12", "a\nb", "x" * 501])
def test_an_invalid_participant_is_rejected(written: str) -> None:
    with pytest.raises(ValueError, match="is not a phone number"):
        to_participant(written)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("+19195551212", "+19195551212"),
        ("19195551212", "+19195551212"),
        ("9195551212", "+19195551212"),
        (" +19195551212 ", "+19195551212"),
        ("+4402079460958", "+4402079460958"),
        ("447700900123", "+447700900123"),
        ("+5215512345678", "+5215512345678"),
        ("5215512345678", "+5215512345678"),
        ("+52 1 55 1234 5678", "+5215512345678"),
        ("+525512345678", "+525512345678"),
        ("12345", "12345"),
        ("1800FLOWERS", "1800FLOWERS"),
    ],
)
def test_a_number_of_a_callback_becomes_e164_or_does_not_change(written: str, stored: str) -> None:
    assert from_callback(written) == stored


@given(st.text(alphabet="+0123456789 ().-", max_size=20) | st.text())
def test_every_text_is_rejected_or_becomes_stable_e164(written: str) -> None:
    try:
        e164 = to_e164(written)
    except ValueError:
        return

    assert E164.fullmatch(e164)
    assert to_e164(e164) == e164
    assert [int(digit) for digit in written if digit.isdecimal()][-4:] == [int(digit) for digit in e164[-4:]]


@given(
    ten_digits, st.sampled_from(["", "1", "+1", "1-", "+1 "]), st.sampled_from(["", " ", "-", ".", "\u2013"])
)
def test_prefix_and_punctuation_do_not_matter(digits: str, prefix: str, between: str) -> None:
    assert to_e164(prefix + between.join([digits[:3], digits[3:6], digits[6:]])) == f"+1{digits}"


@given(ten_digits)
def test_ten_digits_and_e164_convert_to_each_other(digits: str) -> None:
    assert from_ten_digits(digits) == f"+1{digits}"
    assert to_ten_digits(from_ten_digits(digits)) == digits


def test_e164_instead_of_ten_digits_does_not_change() -> None:
    assert from_ten_digits("+19195551212") == "+19195551212"


def test_a_log_shows_four_digits() -> None:
    assert last_four("+19195551212") == "1212"
