"""Checks parameters against the template before the upload. CloudFormation does so after it."""

import difflib
import re
from collections.abc import Mapping
from typing import Any, Final

# CloudFormation's limit, if a parameter has no MaxLength.
_MAX_CHARACTERS: Final = 4096


def find_problems(declared: Mapping[str, Mapping[str, Any]], values: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with each parameter, by name. Valid parameters are left out.

    ``declared`` is the section Parameters of the template, ``values`` the saved values.
    """
    problems = {name: _explain_unknown(name, declared) for name in values if name not in declared}
    for name, declaration in declared.items():
        if not values.get(name) and "Default" not in declaration:
            problems[name] = f"is missing. {declaration['Description']}"
        elif name in values and (rule := find_broken_rule(declaration, values[name])):
            problems[name] = f'"{values[name]}" is not accepted: it {rule}'
    return problems


def find_broken_rule(declaration: Mapping[str, Any], value: str) -> str | None:
    """Return the rule of a parameter that a value breaks, as "must …"; None for a valid value."""
    if allowed := [str(each) for each in declaration.get("AllowedValues", [])]:
        return None if value in allowed else f"must be one of {', '.join(allowed)}"
    if declaration["Type"] == "Number":
        least, most = declaration["MinValue"], declaration["MaxValue"]
        fits = re.fullmatch(r"-?\d+(\.\d+)?", value) and least <= float(value) <= most
        return None if fits else f"must be a number from {least} to {most}"
    is_short = len(value) <= declaration.get("MaxLength", _MAX_CHARACTERS)
    # CloudFormation requires that the pattern matches the entire value.
    if is_short and re.fullmatch(declaration["AllowedPattern"], value):
        return None
    rule: str = declaration["ConstraintDescription"]
    return rule


def fill_defaults(declared: Mapping[str, Mapping[str, Any]], values: Mapping[str, str]) -> dict[str, str]:
    """Return the values that the stack gets: the saved ones, and the template's defaults."""
    defaults = {name: str(each["Default"]) for name, each in declared.items() if "Default" in each}
    return defaults | dict(values)


def _explain_unknown(name: str, declared: Mapping[str, Any]) -> str:
    similar = difflib.get_close_matches(name, declared, n=1)
    return f"is not a parameter of the template.{f' Did you mean {similar[0]}?' if similar else ''}"
