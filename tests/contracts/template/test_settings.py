"""Environment variables of the functions, compared with the settings that they read."""

import ast
import inspect
import re
from collections.abc import Iterable
from dataclasses import MISSING, fields
from typing import Any

import pytest

from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.settings import Settings
from tests.contracts.project import FUNCTIONS, Function
from tests.contracts.template.deployed import DEPLOYED, GLOBALS


def setting_names(variables: dict[str, Any]) -> set[str]:
    return {name.lower() for name in variables if not name.startswith("POWERTOOLS_")}


# The functions behind the CallbackApi cannot have its URL, because the API depends on them.
CALLBACK_URLS = {"callback_url_v1", "callback_url_v2"}
BEHIND_THE_CALLBACK_API = {"AuthorizeCallback", "ReceiveCallback", "ReceiveNotification"}


def test_every_function_has_every_required_setting() -> None:
    required = {field.name for field in fields(Settings) if field.default is MISSING}
    assert setting_names(GLOBALS["Environment"]["Variables"]) == required | CALLBACK_URLS


def test_functions_set_exactly_the_optional_settings() -> None:
    given = [
        setting_names(each["Environment"]["Variables"]) for each in DEPLOYED.values() if "Environment" in each
    ]
    optional = {field.name for field in fields(Settings) if field.default is not MISSING}

    assert set().union(*given) == optional


def test_the_callback_urls_end_with_their_version() -> None:
    variables = GLOBALS["Environment"]["Variables"]
    urls = [variables[name.upper()]["Fn::Sub"] for name in sorted(CALLBACK_URLS)]
    assert [url.rpartition("${CallbackApi.Stage}")[2] for url in urls] == ["/callbacks/v1", "/callbacks/v2"]


def test_the_callback_urls_are_empty_behind_the_callback_api() -> None:
    for logical_id in BEHIND_THE_CALLBACK_API:
        variables = DEPLOYED[logical_id]["Environment"]["Variables"]
        assert [variables[name.upper()] for name in CALLBACK_URLS] == ["", ""]


def wired_by(names: Iterable[str]) -> str:
    """Return the source of these functions of the wiring, and of those that they use in turn."""
    sources: dict[str, str] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        built = inspect.unwrap(vars(wiring)[name])
        if name in sources or not inspect.isfunction(built) or built.__module__ != wiring.__name__:
            continue
        sources[name] = inspect.getsource(built)
        used = {node.id for node in ast.walk(ast.parse(sources[name])) if isinstance(node, ast.Name)}
        waiting += used & vars(wiring).keys()
    return "".join(sources.values())


@pytest.mark.parametrize("function", FUNCTIONS, ids=str)
def test_a_function_that_reads_an_optional_setting_has_it(function: Function) -> None:
    optional = {field.name for field in fields(Settings) if field.default is not MISSING}
    source = function.path.read_text()
    source += wired_by(re.findall(r"\bwiring\.(\w+)", source))
    read = {name for name in optional if f"settings().{name}" in source}
    given = setting_names(DEPLOYED[function.logical_id].get("Environment", {}).get("Variables", {}))

    assert given - CALLBACK_URLS == read - CALLBACK_URLS
