"""Settings of a deployed function."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_lambda import LambdaClient


def read_variables(functions: "LambdaClient", name: str) -> dict[str, str]:
    """Return the environment variables of a function's newest code."""
    return functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]


def set_variables(functions: "LambdaClient", name: str, variables: "Mapping[str, str]") -> dict[str, str]:
    """Change environment variables of a function, and point its alias to the new version.

    Return all variables as they were before.
    """
    earlier = read_variables(functions, name)
    functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": {**earlier, **variables}}
    )
    version = functions.publish_version(FunctionName=name)["Version"]
    functions.update_alias(FunctionName=name, Name="live", FunctionVersion=version)
    return earlier
