"""The numbers of an order: exactly one order type, and all problems reported at once."""

from typing import Any

import pytest

from bandwidth_messaging.domain.number_search import NumberSearch
from bandwidth_messaging.domain.problems import InvalidInput
from bandwidth_messaging.domain.setups import MessagingV2Setup
from bandwidth_messaging.domain.validation import parse

WAYS: dict[str, dict[str, Any]] = {
    "areaCode": {"areaCode": "910"},
    "rateCenter": {"rateCenter": "RALEIGH", "state": "NC"},
    "npaNxx": {"npaNxx": "919555"},
    "city": {"city": "Winston-Salem", "state": "NC"},
    "state": {"state": "NC"},
    "zip": {"zip": "02108"},
    "lata": {"lata": "426"},
    "tollFreeVanity": {"tollFreeVanity": "CARS"},
    "tollFreeWildCardPattern": {"tollFreeWildCardPattern": "80*"},
    "combined": {"combined": {"areaCode": "919", "localVanity": "CAT", "endsIn": True}},
    "telephoneNumbers": {"telephoneNumbers": ["+19195551212", "+19195551213"]},
}
every_way = pytest.mark.parametrize("way", WAYS)


def problems(given: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(InvalidInput) as raised:
        parse(MessagingV2Setup, given)
    return dict(raised.value.problems)


@every_way
def test_each_order_type_is_recognized_by_its_field(way: str) -> None:
    setup = parse(MessagingV2Setup, WAYS[way] | {"quantity": 2, "deadlineHours": 1})
    assert (setup.order_type, setup.search()) == (way, WAYS[way])
    assert parse(NumberSearch, setup.search()).order_type == way


@every_way
def test_two_order_types_are_both_reported(way: str) -> None:
    other = "tollFreeVanity" if way != "tollFreeVanity" else "areaCode"

    found = problems(WAYS[way] | WAYS[other])

    assert set(found) == {way, other}
    assert all(words.startswith("give only one of ") for words in found.values())


def test_problems_of_fields_and_of_their_combination_are_reported_together() -> None:
    found = problems(
        {"areaCode": "91", "zip": "27606", "quantity": 5001, "enableLca": True, "county": "Wake"}
    )
    assert set(found) == {"areaCode", "zip", "quantity", "enableLca", "county"}
    assert found["areaCode"] == "is not an area code: three digits, the first from 2 to 9"


@pytest.mark.parametrize("way", ["rateCenter", "city"])
def test_rate_center_and_city_require_a_state(way: str) -> None:
    assert problems({way: WAYS[way][way]}) == {"state": f"is required with {way}"}


@pytest.mark.parametrize("way", ["rateCenter", "npaNxx"])
def test_enable_lca_requires_rate_center_or_npa_nxx(way: str) -> None:
    assert parse(MessagingV2Setup, WAYS[way] | {"enableLca": True}).criteria()["enableLca"] is True
    assert problems({"zip": "27606", "enableLca": True}) == {"enableLca": "requires rateCenter or npaNxx"}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"rateCenter": "", "state": "NC"}, "rateCenter"),
        ({"rateCenter": "RAL\u0000", "state": "NC"}, "rateCenter"),
        ({"npaNxx": "91955"}, "npaNxx"),
        ({"npaNxx": "919155"}, "npaNxx"),
        ({"city": "\ud800", "state": "NC"}, "city"),
        ({"state": "North Carolina"}, "state"),
        ({"zip": "2760"}, "zip"),
        ({"lata": "42"}, "lata"),
        ({"tollFreeVanity": "CAR"}, "tollFreeVanity"),
        ({"tollFreeWildCardPattern": "9**"}, "tollFreeWildCardPattern"),
        ({"combined": {}}, "combined"),
        ({"combined": {"enableLca": True}}, "combined"),
        ({"combined": {"areaCode": "919", "endsIn": True}}, "combined"),
        ({"combined": {"city": "Raleigh"}}, "combined"),
        ({"combined": {"areaCode": "9"}}, "combined.areaCode"),
        ({"telephoneNumbers": []}, "telephoneNumbers"),
        ({"telephoneNumbers": ["home"]}, "telephoneNumbers[0]"),
        ({"telephoneNumbers": ["9195551212", "+442079460000"]}, "telephoneNumbers[1]"),
        ({"telephoneNumbers": [f"+1919555{n:04}" for n in range(5001)]}, "telephoneNumbers"),
    ],
)
def test_an_invalid_field_is_the_only_problem(given: dict[str, Any], field: str) -> None:
    assert list(problems(given)) == [field]


def test_small_letters_and_integers_are_accepted() -> None:
    assert parse(NumberSearch, {"state": "nc"}).search() == {"state": "NC"}
    assert parse(NumberSearch, {"npaNxx": 919555}).search() == {"npaNxx": "919555"}


def test_null_is_the_same_as_an_absent_field() -> None:
    assert parse(NumberSearch, {"areaCode": None, "zip": "27606"}).order_type == "zip"


# Quantity


@pytest.mark.parametrize(("way", "quantity"), [("areaCode", 1), ("telephoneNumbers", 2)])
def test_the_quantity_is_optional(way: str, quantity: int) -> None:
    assert parse(MessagingV2Setup, WAYS[way]).requested == quantity


def test_given_numbers_count_once_each() -> None:
    written = {"telephoneNumbers": ["(919) 555-1212", "19195551212", "9195551213"], "quantity": 2}
    assert parse(MessagingV2Setup, written).requested == 2


@pytest.mark.parametrize("quantity", [1, 3])
def test_a_quantity_other_than_the_count_of_numbers_is_a_problem(quantity: int) -> None:
    found = problems(WAYS["telephoneNumbers"] | {"quantity": quantity})
    assert found == {"quantity": f"is {quantity}, but telephoneNumbers has 2. Omit quantity"}


EXACT = {
    "npaNxx": WAYS["npaNxx"],
    "tollFreeVanity": WAYS["tollFreeVanity"],
    "telephoneNumbers": WAYS["telephoneNumbers"],
    "localVanity": WAYS["combined"],
    "npaNxxX": {"combined": {"npaNxxX": "9195551"}},
}


@pytest.mark.parametrize("given", EXACT.values(), ids=EXACT)
def test_exact_numbers_cannot_be_backordered(given: dict[str, Any]) -> None:
    assert problems(given | {"backOrderRequested": True}) == {
        "backOrderRequested": "does not apply to telephone numbers, exchanges (npaNxx) or vanity numbers. "
        "Omit it"
    }


@pytest.mark.parametrize("way", sorted(WAYS.keys() - EXACT.keys() - {"combined"}))
def test_other_searches_can_be_backordered(way: str) -> None:
    assert parse(MessagingV2Setup, WAYS[way] | {"backOrderRequested": True}).back_order_requested
