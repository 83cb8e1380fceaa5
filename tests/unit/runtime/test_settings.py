"""Settings are read from the environment once, and missing variables are named."""

from collections.abc import Iterator
from dataclasses import MISSING, fields

import pytest

from bandwidth_messaging.runtime.settings import Settings, settings

REQUIRED = [field.name.upper() for field in fields(Settings) if field.default is MISSING]
OPTIONAL = [field.name.upper() for field in fields(Settings) if field.default is not MISSING]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    for name in REQUIRED:
        monkeypatch.setenv(name, f"the {name}")
    for name in OPTIONAL:
        monkeypatch.delenv(name, raising=False)
    settings.cache_clear()
    yield monkeypatch
    settings.cache_clear()


def test_a_setting_has_the_value_of_the_variable_of_its_name() -> None:
    assert settings().numbers_table == "the NUMBERS_TABLE"
    assert all(getattr(settings(), name.lower()) == f"the {name}" for name in REQUIRED)


def test_optional_variables_may_be_missing() -> None:
    assert [getattr(settings(), name.lower()) for name in OPTIONAL] == [""] * len(OPTIONAL)


def test_an_optional_variable_is_read_if_it_is_set(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CALLBACK_URL_V2", "https://example.com/callbacks/v2")
    assert settings().callback_url_v2 == "https://example.com/callbacks/v2"


def test_the_error_names_each_missing_or_empty_variable(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("STACK_NAME")
    environment.delenv("EVENT_BUS")
    environment.setenv("NUMBERS_TABLE", "")

    with pytest.raises(RuntimeError) as raised:
        settings()

    assert str(raised.value) == "environment variables are missing: EVENT_BUS, NUMBERS_TABLE, STACK_NAME"


def test_a_failed_read_is_not_cached(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("STACK_NAME")
    with pytest.raises(RuntimeError, match="STACK_NAME"):
        settings()
    environment.setenv("STACK_NAME", "here now")

    assert settings().stack_name == "here now"
