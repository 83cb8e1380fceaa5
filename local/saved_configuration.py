"""The saved configuration of a stack: what `sam deploy` reads from its samconfig file."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import click
from samcli.cli.types import CfnParameterOverridesType
from samcli.lib.config.exceptions import SamConfigVersionException
from samcli.lib.config.samconfig import SamConfig

DEFAULT_FILE = Path("samconfig.bandwidth-messaging.toml")
"""The configuration of the stack with the default name."""


class ConfigurationError(Exception):
    """The configuration cannot be used. The message names the file and the fix."""


class ConfigurationChoice(NamedTuple):
    """A samconfig file, and the environment in it."""

    file: Path
    environment: str


@dataclass(frozen=True)
class SavedConfiguration:
    """A stack's configuration. Fields that the file does not have are None.

    ``parameters`` holds only the values in the file, without the template's defaults.
    """

    file: Path
    stack_name: str | None
    region: str | None
    profile: str | None
    s3_bucket: str | None
    parameters: dict[str, str]


def parse_choice(description: str | None) -> ConfigurationChoice:
    """Parse the command line of a tool that uses one configuration. Exits if it is invalid."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--config-file", type=Path, default=DEFAULT_FILE)
    parser.add_argument("--config-env", default="default")
    arguments = parser.parse_args()
    return ConfigurationChoice(arguments.config_file, arguments.config_env)


def read_configuration(file: Path, environment: str = "default") -> SavedConfiguration:
    """Read an environment of a samconfig file as `sam deploy` does. Raises ConfigurationError."""
    if not file.is_file():
        raise ConfigurationError(
            f"{file} does not exist. Copy samconfig.example.toml to {file} and fill in its values."
        )
    try:
        values = SamConfig(file.parent, file.name).get_all(["deploy"], "parameters", environment)
        overrides = values.get("parameter_overrides", {})
        parameters = CfnParameterOverridesType().convert(overrides, None, None)
    except (click.ClickException, SamConfigVersionException) as error:
        raise ConfigurationError(f"{file} cannot be read. {error.args[0]}") from None
    if not values:
        raise ConfigurationError(
            f"{file} has no environment {environment!r}. Choose one that it has with CONFIG_ENV=<name>."
        )
    return SavedConfiguration(
        file=file,
        stack_name=values.get("stack_name"),
        region=values.get("region"),
        profile=values.get("profile"),
        s3_bucket=values.get("s3_bucket"),
        parameters=parameters,
    )
