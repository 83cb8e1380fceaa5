"""The input of a set-up: short, forgiving in form, and every wrong field named."""

from typing import Any

import pytest

from bandwidth_messaging.domain.errors import InvalidInput
from bandwidth_messaging.domain.setups import MessagingV2Setup
from bandwidth_messaging.domain.validation import parse


def problems(**given: Any) -> dict[str, str]:
    """Return what is said of each wrong field."""
    with pytest.raises(InvalidInput) as raised:
        parse(MessagingV2Setup, given)
    assert str(raised.value) == "; ".join(f"{field}: {detail}" for field, detail in raised.value.problems)
    return dict(raised.value.problems)


def test_an_area_code_is_enough() -> None:
    setup = parse(MessagingV2Setup, {"areaCode": "910"})
    assert setup == MessagingV2Setup(
        area_code="910",
        quantity=1,
        application_name=None,
        location_name=None,
        is_default_peer=None,
        toll_free=True,
        short_code=True,
        site_id=None,
        deadline_hours=24,
        customer_order_id=None,
    )


def test_every_field_may_be_given() -> None:
    given = {
        "areaCode": "910",
        "quantity": 5000,
        "applicationName": "Demo Server",
        "locationName": "Bandwidth Messaging 2 test2",
        "isDefaultPeer": False,
        "tollFree": False,
        "shortCode": False,
        "siteId": "743",
        "deadlineHours": 0.5,
        "customerOrderId": "demo 2026-11",
    }
    assert parse(MessagingV2Setup, given).model_dump(by_alias=True) == given


def test_area_code_and_site_may_be_typed_as_numbers() -> None:
    setup = parse(MessagingV2Setup, {"areaCode": 910, "siteId": 743})
    assert (setup.area_code, setup.site_id) == ("910", "743")


def test_an_empty_input_misses_its_area_code() -> None:
    assert problems() == {"areaCode": "field required"}


@pytest.mark.parametrize("given", [None, [], "910", 910])
def test_an_input_that_is_no_object_is_refused(given: Any) -> None:
    with pytest.raises(InvalidInput, match="input: "):
        parse(MessagingV2Setup, given)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("areaCode", "91"),
        ("areaCode", "9100"),
        ("areaCode", "110"),
        ("areaCode", "91O"),
        ("areaCode", "910\n"),
        ("areaCode", True),
        ("areaCode", None),
        ("quantity", 0),
        ("quantity", -1),
        ("quantity", 5001),
        ("quantity", 1.5),
        ("quantity", "many"),
        ("quantity", None),
        ("applicationName", ""),
        ("applicationName", "x" * 51),
        ("locationName", ""),
        ("locationName", " "),
        ("locationName", "x" * 51),
        ("locationName", "no-dashes"),
        ("locationName", "no_underscores"),
        ("isDefaultPeer", "perhaps"),
        ("tollFree", "perhaps"),
        ("shortCode", None),
        ("siteId", "site"),
        ("siteId", ""),
        ("siteId", "-1"),
        ("deadlineHours", 0),
        ("deadlineHours", -1),
        ("deadlineHours", 169),
        ("deadlineHours", float("inf")),
        ("deadlineHours", float("nan")),
        ("customerOrderId", ""),
        ("customerOrderId", "under_score"),
        ("customerOrderId", "x" * 41),
        ("areacode", "910"),
        ("surprise", 1),
    ],
)
def test_a_wrong_field_is_named_alone(field: str, value: Any) -> None:
    assert list(problems(**{"areaCode": "910", field: value})) == [field]


def test_three_wrong_fields_are_all_named() -> None:
    told = problems(areaCode="9", quantity=9999, locationName="no-dashes")
    assert list(told) == ["areaCode", "quantity", "locationName"]
    assert told["quantity"] == "input should be less than or equal to 5000"
    assert told["locationName"] == "may hold letters, digits and spaces only"


def test_an_unknown_field_is_called_that() -> None:
    assert problems(areaCode="910", qantity=2) == {"qantity": "is not a field of this input"}


def test_what_was_given_is_not_repeated() -> None:
    assert "a private word" not in str(problems(areaCode="a private word", siteId="a private word"))
