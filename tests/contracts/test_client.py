"""The package of the client has its files and its command."""

import tomllib
from importlib import import_module
from typing import Any

import pytest

from tests.template import ROOT

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "client" / "pyproject.toml").read_text())
(PACKAGE,) = PROJECT["tool"]["setuptools"]["packages"]


def test_the_package_has_every_file_of_the_client() -> None:
    data = {path.name for path in (ROOT / "client").iterdir() if path.is_file() and path.suffix != ".py"}

    assert PROJECT["tool"]["setuptools"]["package-dir"] == {PACKAGE: "."}
    assert {*PROJECT["tool"]["setuptools"]["package-data"][PACKAGE], "pyproject.toml"} == data


def test_the_command_exists() -> None:
    ((name, target),) = PROJECT["project"]["scripts"].items()
    module, _, function = target.partition(":")

    assert name == "bandwidth-messaging"
    assert callable(getattr(import_module(module.replace(PACKAGE, "client")), function))


@pytest.mark.parametrize("path", sorted((ROOT / "client").glob("*.py")), ids=lambda path: path.name)
def test_the_client_imports_nothing_of_the_repository(path: Any) -> None:
    """The package is installed without the rest of the repository."""
    source = path.read_text()

    assert not [
        name
        for name in ("bandwidth_messaging", "functions", "local", "simulator", "client")
        if f"from {name}" in source or f"import {name}" in source
    ]
