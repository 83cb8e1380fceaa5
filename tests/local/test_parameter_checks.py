"""Saved parameters against the template. tests/contracts/template has values of each real parameter."""

from typing import Any

import pytest

from local.parameter_checks import fill_defaults, find_problems

DECLARED: dict[str, dict[str, Any]] = {
    "AccountId": {
        "Type": "String",
        "AllowedPattern": "[0-9]{1,20}",
        "ConstraintDescription": "must contain only digits",
        "Description": "Your account ID.",
    },
    "Hours": {"Type": "Number", "Default": 4, "MinValue": 1, "MaxValue": 6, "Description": "Hours."},
    "LogDays": {"Type": "Number", "Default": 30, "AllowedValues": [1, 30], "Description": "Days."},
    "Page": {
        "Type": "String",
        "Default": "false",
        "AllowedValues": ["true", "false"],
        "Description": "Page.",
    },
    "Words": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": ".*",
        "MaxLength": 5,
        "ConstraintDescription": "must have at most 5 characters",
        "Description": "Words.",
    },
}


def test_valid_values_have_no_problem() -> None:
    values = {"AccountId": "9900000", "Hours": "6", "LogDays": "30", "Page": "true", "Words": "stop"}

    assert find_problems(DECLARED, values) == {}


@pytest.mark.parametrize("values", [{}, {"AccountId": ""}])
def test_a_missing_value_is_explained_with_the_description(values: dict[str, str]) -> None:
    assert find_problems(DECLARED, values) == {"AccountId": "is missing. Your account ID."}


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("AccountId", "u-1", "must contain only digits"),
        ("AccountId", "1\n", "must contain only digits"),
        ("Hours", "0", "must be a number from 1 to 6"),
        ("Hours", "6.5", "must be a number from 1 to 6"),
        ("Hours", "six", "must be a number from 1 to 6"),
        ("Hours", "", "must be a number from 1 to 6"),
        ("LogDays", "2", "must be one of 1, 30"),
        ("Page", "True", "must be one of true, false"),
        ("Words", "longer", "must have at most 5 characters"),
    ],
)
def test_a_problem_names_the_value_and_the_rule(name: str, value: str, rule: str) -> None:
    problems = find_problems(DECLARED, {"AccountId": "1", name: value})

    assert problems == {name: f'"{value}" is not accepted: it {rule}'}


def test_an_unknown_parameter_is_reported_with_the_one_that_was_probably_meant() -> None:
    problems = find_problems(DECLARED, {"AccountId": "1", "AcountId": "1", "Colour": "red"})

    assert problems == {
        "AcountId": "is not a parameter of the template. Did you mean AccountId?",
        "Colour": "is not a parameter of the template.",
    }


def test_defaults_fill_what_is_not_saved() -> None:
    assert fill_defaults(DECLARED, {"AccountId": "1", "Hours": "2"}) == {
        "AccountId": "1",
        "Hours": "2",
        "LogDays": "30",
        "Page": "false",
        "Words": "",
    }
