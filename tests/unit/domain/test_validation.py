"""Errors of fields are in words."""

from typing import Annotated

import pytest

from bandwidth_messaging.domain.problems import InvalidInput
from bandwidth_messaging.domain.validation import CamelModel, Digits, Shape, parse


class Place(CamelModel):
    area_code: Annotated[str, Digits, Shape(r"^[2-9][0-9]{2}$", "is not an area code: three digits")]


@pytest.mark.parametrize("wrong", ["91", "9191", "191", "91x", "919\n", ""])
def test_a_text_of_another_shape_is_rejected_with_the_rule(wrong: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        parse(Place, {"areaCode": wrong})

    assert raised.value.problems == (("areaCode", "is not an area code: three digits"),)


@pytest.mark.parametrize("right", ["919", 919])
def test_a_text_of_the_shape_is_accepted(right: str | int) -> None:
    assert parse(Place, {"areaCode": right}).area_code == "919"


def test_the_schema_has_the_pattern() -> None:
    properties = Place.model_json_schema()["properties"]
    assert properties["areaCode"]["pattern"] == "^[2-9][0-9]{2}$"
