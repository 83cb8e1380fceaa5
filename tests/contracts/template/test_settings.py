"""Environment variables of the functions, compared with the settings that they read."""

from dataclasses import MISSING, fields
from typing import Any

import pytest

from bandwidth_messaging.runtime.settings import Settings
from tests.contracts.project import FUNCTIONS, Function
from tests.contracts.reachability import reachable_settings
from tests.contracts.template.deployed import DEPLOYED, GLOBALS


def setting_names(variables: dict[str, Any]) -> set[str]:
    """Return the settings that environment variables set, without those that no code reads.

    Powertools reads its own variables.
    """
    return {name.lower() for name in variables if not name.startswith("POWERTOOLS_")}


# The functions of the CallbackApi cannot have its URL, because the API depends on them.
CALLBACK_URLS = {"callback_url_v1", "callback_url_v2"}
BEHIND_THE_CALLBACK_API = {"AuthorizeCallback", "ReceiveCallback", "ReceiveNotification"}


def test_every_function_has_every_required_setting() -> None:
    required = {field.name for field in fields(Settings) if field.default is MISSING}
    assert setting_names(GLOBALS["Environment"]["Variables"]) == required | CALLBACK_URLS


def test_every_optional_setting_is_set_for_a_function() -> None:
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


@pytest.mark.parametrize("function", FUNCTIONS, ids=str)
def test_a_function_that_reads_an_optional_setting_has_it(function: Function) -> None:
    optional = {field.name for field in fields(Settings) if field.default is not MISSING}
    read = {name for name in optional if name.upper() in reachable_settings(function)}
    given = setting_names(DEPLOYED[function.logical_id].get("Environment", {}).get("Variables", {}))

    assert given - CALLBACK_URLS == read - CALLBACK_URLS
