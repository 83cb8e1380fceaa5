"""Meaning of Bandwidth's failure codes."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandwidth_messaging.domain import failures
from bandwidth_messaging.domain.failures import (
    ErrorClass,
    Failure,
    find_failure,
    is_delivery_unknown,
    is_opt_out,
)

FILE = Path(failures.__file__).with_name("failure_codes.json")

# dev.bandwidth.com/docs/messaging/errors, by what somebody would have to do about them.
DOCUMENTED: dict[ErrorClass, list[int]] = {
    "request": [4001, 4301, 4302, 4303, 4350, 4401, 4420, 4421, 4435, 4451, 4452, 4492, 4493],
    "sender": [4403, 4405, 4407, 4431, 4433, 4476, 4481, 4740, 4773, 4774, 4795, 5229],
    "recipient": [4404, 4406, 4408, 4409, 4432, 4434, 4482, 4700, 4701, 4720, 4721, 4730, 4753, 4754],
    "opt_out": [4475, 4775],
    "spam": [4470, 4750, 4770, 4771, 4772],
    "media": [4410, 4411, 4412, 4710, 4711, 4712],
    "size": [4735, 4751, 4752],
    "expired": [4360],
    "volume": [4780, 4781, 4785],
    "away": [4702],
    "short_code": [4790, 4791, 4792, 4793, 4794],
    "service": [5100, 5101, 5106, 5111, 5201, 5211, 5220, 5231, 5500, 5501, 5999],
    "carrier": [5600, 5610, 5620, 5630, 5650],
    "unknown": [9902, 9999],
}
CODES = sorted(code for codes in DOCUMENTED.values() for code in codes)

# deliveryCode of the V1 API (Catapult), and the code of today that says the same.
V1 = {
    100: 5500,
    187: 4470,
    188: 4470,
    189: 4470,
    482: 4401,
    600: 5600,
    610: 5610,
    620: 5620,
    630: 5630,
    650: 5650,
    700: 4700,
    720: 4720,
    740: 4740,
    750: 4750,
    751: 4751,
    770: 4770,
    775: 4775,
    902: 9902,
    999: 9999,
}


def known(code: int) -> Failure:
    found = find_failure(code)
    assert found is not None
    return found


def said(code: int) -> tuple[str, str]:
    found = known(code)
    return found.error_class, found.words


def catalogue() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(FILE.read_text())
    return loaded


def entries() -> dict[str, dict[str, Any]]:
    return catalogue()["codes"] | catalogue()["rules"]


def test_the_catalogue_has_every_documented_code_and_no_other() -> None:
    assert sorted(catalogue()["codes"]) == [str(code) for code in CODES]
    assert catalogue()["v1"] == {str(old): new for old, new in V1.items()}


def test_the_catalogue_names_its_source() -> None:
    assert "dev.bandwidth.com/docs/messaging/errors" in catalogue()["source"]["codes"]
    assert set(catalogue()["source"]) == {"codes", "rules", "v1"}


def test_each_code_is_listed_once() -> None:
    def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    json.loads(FILE.read_text(), object_pairs_hook=each_once)


@pytest.mark.parametrize("code", entries())
def test_each_entry_has_a_known_class_and_words(code: str) -> None:
    entry = entries()[code]
    assert set(entry) == {"class", "words"}
    assert entry["class"] in get_args(ErrorClass)


@pytest.mark.parametrize("code", entries())
def test_the_words_are_a_sentence_without_codes(code: str) -> None:
    words = entries()[code]["words"]
    assert re.fullmatch(r"[A-Z].{20,}\.", words)
    assert not re.search(r"\d|  |\s\.", words)


def test_every_class_is_used() -> None:
    assert {entry["class"] for entry in entries().values()} == set(get_args(ErrorClass))


def test_each_code_is_of_its_class() -> None:
    assert {code: known(code).error_class for code in CODES} == {
        code: error_class for error_class, codes in DOCUMENTED.items() for code in codes
    }


def test_a_failure_in_full() -> None:
    assert find_failure(4721) == Failure(
        code=4721,
        error_class="recipient",
        words="The recipient's number has been deactivated.",
    )


@pytest.mark.parametrize(("old", "new"), V1.items())
def test_a_code_of_v1_has_the_meaning_of_the_current_code(old: int, new: int) -> None:
    assert known(old).code == old
    assert said(old) == said(new)


@pytest.mark.parametrize(("old", "new"), [(475, 4475), (781, 4781), (211, 5211)])
def test_an_unlisted_code_of_v1_is_the_current_code_without_its_first_digit(old: int, new: int) -> None:
    assert said(old) == said(new)


@pytest.mark.parametrize(
    ("code", "error_class"),
    [
        (4000, "request"),
        (4199, "request"),
        (4499, "request"),
        (4769, "carrier"),
        (4999, "request"),
        (5000, "service"),
        (5299, "service"),
        (5699, "carrier"),
        (9000, "unknown"),
    ],
)
def test_the_first_digits_explain_an_unlisted_code(code: int, error_class: str) -> None:
    assert code not in CODES
    found = known(code)
    assert (found.code, found.error_class) == (code, error_class)


@pytest.mark.parametrize("code", [None, 0, 1, 47, 345, 1000, 3999, 6000, 8999, 10_000, 47_750, -775, -4775])
def test_other_numbers_have_no_meaning(code: int | None) -> None:
    assert find_failure(code) is None
    assert not is_opt_out(code)
    assert not is_delivery_unknown(code)


@given(st.integers())
def test_any_number_has_a_meaning_or_none(code: int) -> None:
    found = find_failure(code)
    assert found is None or (found.code == code and found.words)


@given(st.integers(4000, 5999) | st.integers(9000, 9999))
def test_every_number_in_the_ranges_of_v2_has_a_meaning(code: int) -> None:
    assert known(code).code == code


def test_four_codes_mean_an_opt_out() -> None:
    assert [code for code in range(10_000) if is_opt_out(code)] == [475, 775, 4475, 4775]


def test_codes_that_start_with_nine_leave_the_delivery_open() -> None:
    assert [code for code in range(10_000) if is_delivery_unknown(code)] == [902, 999, *range(9000, 10_000)]


def test_the_catalogue_is_read_on_first_use_and_only_then() -> None:
    used = """
from bandwidth_messaging.domain import failures
assert failures._catalogue.cache_info().currsize == 0
failures.find_failure(4720), failures.find_failure(4775)
assert failures._catalogue.cache_info().misses == 1
"""
    layer = Path(failures.__file__).parents[2]
    subprocess.run([sys.executable, "-c", used], env={"PYTHONPATH": str(layer)}, check=True, timeout=60)
