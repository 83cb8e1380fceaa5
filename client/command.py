"""Command line of the client: one command for each operation of openapi.json."""

import argparse
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import requests

from .api import Client, Problem
from .description import OPERATIONS, Argument, Operation

URL_VARIABLE: Final = "BANDWIDTH_MESSAGING_URL"
ALIASES: Final = {"sendMessage": ["send"]}
_FAILED, _WRONG_USE = 1, 2
# No argument of an operation has the name of an option of the command line.
_DESTINATION: Final = "argument "
_TYPES: Final[Mapping[str, Any]] = {"integer": int, "number": float}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. Return 0, 1 for an error response or a lost one, or 2 for wrong use."""
    parser = _build_parser()
    given = parser.parse_args(arguments)
    if not given.url:
        parser.error(f"give --url or set {URL_VARIABLE}: the stack's output ControlApiUrl")
    operation = OPERATIONS[given.operation]
    try:
        values = _read_body(given.body) if operation.has_body and given.body else {}
        values |= {
            name: value
            for name in operation.arguments
            if (value := getattr(given, _DESTINATION + name)) is not None
        }
        client = Client(given.url, region=given.region)
        if operation.is_list and given.all:
            _print_lines(client.items(operation.id, values))
        else:
            print(json.dumps(client.call(operation.id, values), indent=2, ensure_ascii=False))
    except Problem as problem:
        print(json.dumps(problem.content or {"status": problem.status}, indent=2), file=sys.stderr)
        return _FAILED
    except requests.RequestException as error:
        print(f"No response from {given.url}: {error}", file=sys.stderr)
        return _FAILED
    except (OSError, TypeError, ValueError) as error:
        print(error, file=sys.stderr)
        return _WRONG_USE
    return 0


def to_command(operation: str) -> str:
    """Return the command of an operation: sendMessage is send-message."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", operation).lower()


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bandwidth-messaging",
        description="Calls a stack's ControlApi. AWS credentials come from the environment or a profile.",
    )
    parser.add_argument(
        "--url", default=os.environ.get(URL_VARIABLE), help="the stack's output ControlApiUrl"
    )
    parser.add_argument("--region", help="AWS region of the stack; by default that of the URL")
    commands = parser.add_subparsers(required=True, metavar="command")
    for operation in OPERATIONS.values():
        _add_command(commands, operation)
    return parser


def _add_command(commands: Any, operation: Operation) -> None:
    command = commands.add_parser(
        to_command(operation.id),
        aliases=ALIASES.get(operation.id, []),
        help=operation.summary,
        description=operation.summary,
        # set-replies has a field named help. Its help is -h only.
        conflict_handler="resolve",
    )
    command.set_defaults(operation=operation.id)
    for name, argument in operation.arguments.items():
        # A body can come from a file, so that its fields are not required here.
        is_required = argument.is_required and argument.place != "body"
        command.add_argument(
            f"--{to_command(name)}", dest=_DESTINATION + name, required=is_required, **_option(argument)
        )
    if operation.has_body:
        command.add_argument(
            "--body", metavar="FILE", help="JSON file with fields of the body; - is standard input"
        )
    if operation.is_list:
        command.add_argument("--all", action="store_true", help="print the items of all pages, one per line")


def _option(argument: Argument) -> dict[str, Any]:
    """Return how argparse reads an argument of this schema."""
    types = {str(schema.get("type")) for schema in argument.schemas}
    described = {"help": argument.description.replace("%", "%%")}
    if "array" in types:
        return described | {"nargs": "+", "metavar": "VALUE"}
    if "boolean" in types:
        return described | {"action": argparse.BooleanOptionalAction}
    if choices := [choice for schema in argument.schemas for choice in schema.get("enum", ())]:
        return described | {"choices": choices}
    if "object" in types:
        return described | {"type": _parse_json, "metavar": "JSON"}
    kind = next((_TYPES[each] for each in types if each in _TYPES), str)
    return described | {"type": kind, "metavar": "VALUE"}


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        message = f"{text!r} is not JSON: {error}"
        raise argparse.ArgumentTypeError(message) from None


def _read_body(file: str) -> dict[str, Any]:
    text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    try:
        body = json.loads(text)
    except ValueError as error:
        message = f"{file} is not JSON: {error}"
        raise ValueError(message) from None
    if not isinstance(body, dict):
        message = f"{file} is not a JSON object."
        raise TypeError(message)
    return body


def _print_lines(items: Iterable[Any]) -> None:
    for item in items:
        print(json.dumps(item, ensure_ascii=False))


if __name__ == "__main__":
    sys.exit(main())
