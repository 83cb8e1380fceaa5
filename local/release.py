"""Releases: the record of what running executions expect of the functions, and the check before a release.

An execution of a state machine keeps the definition that it started with, for up to 31 days, and calls the
newest code.
``python -m local.release record 1.2.0`` writes what the definitions of this release expect to
``events/releases/1.2.0.json``. ``tests/contracts/test_releases.py`` holds the code against every record.
``python -m local.release check`` prints what is missing for a release, and fails if anything is.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from samcli.yamlhelper import yaml_parse

ROOT: Final = Path(__file__).resolve().parent.parent
RECORDS: Final = ROOT / "events" / "releases"
_SERVICE_ERROR: Final = re.compile(r"(States|Lambda|Sandbox|Runtime|StepFunctions)\.|AwsUnavailable$")
_VERSION: Final = re.compile(r"\d+\.\d+\.\d+")
_HEADING: Final = re.compile(
    r"^## \[([^\]]+)\](?: - (\d{4}-\d\d-\d\d))?\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE
)


def describe() -> dict[str, Any]:
    """Return what this release's state machines and sample events expect of functions.

    For each state that invokes a function or starts a machine: its target as in the template
    (``CheckInput.Alias``), the fields that it sends, the fields of the result that it reads, and the errors
    that it matches by name.
    """
    resources = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
    states = [
        state
        for each in resources.values()
        if each["Type"] == "AWS::Serverless::StateMachine"
        for state in _states(each["Properties"])
    ]
    functions = sorted({state["target"].partition(".")[0] for state in states} & resources.keys())
    samples = [
        _sample(resources[each]["Properties"])
        for each in functions
        if resources[each]["Type"] == "AWS::Serverless::Function"
    ]
    return {
        "states": states,
        "requests": {f"{path.parent.name}/{path.stem}": json.loads(path.read_text()) for path in samples},
        "executions": {
            path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "events/executions").iterdir())
        },
    }


def _states(properties: dict[str, Any]) -> Iterator[dict[str, Any]]:
    path = ROOT / properties["DefinitionUri"]
    machine, definition = path.name.partition(".")[0], json.loads(path.read_text())
    for title, state in _tasks(definition):
        arguments = state["Arguments"]
        target = arguments.get("FunctionName") or arguments["StateMachineArn"]
        substitution = properties["DefinitionSubstitutions"][target.strip("${}")]
        sent = arguments["Payload"] if "FunctionName" in arguments else arguments["Input"]
        used = json.dumps([state.get("Assign"), state.get("Output")])
        rules = (*state.get("Retry", ()), *state.get("Catch", ()))
        errors = {error for rule in rules for error in rule["ErrorEquals"]}
        yield {
            "machine": machine,
            "state": title,
            "target": substitution.get("Ref") or ".".join(substitution["Fn::GetAtt"]),
            "sends": sorted(sent),
            "reads": sorted(set(re.findall(r"\$states\.result\.Payload\.(\w+)", used))),
            "matches": sorted(error for error in errors if not _SERVICE_ERROR.match(error)),
        }


def _tasks(definition: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the states of a machine that invoke a function or start a machine, also those inside maps."""
    for title, state in definition["States"].items():
        if state["Type"] == "Task":
            yield title, state
        for inner in (*state.get("Branches", ()), *filter(None, [state.get("ItemProcessor")])):
            yield from _tasks(inner)


def _sample(function: dict[str, Any]) -> Path:
    """Return the file of a function's sample event."""
    room, name = Path(function["CodeUri"]).name, function["Handler"].partition(".")[0]
    return ROOT / "events" / room / f"{name}.json"


def record(version: str) -> None:
    """Write the record of a release. Exits with a message if the version is not like 1.2.0."""
    if not _VERSION.fullmatch(version):
        sys.exit(f"version: {version!r} is not a version. Use three numbers, such as 1.2.0.")
    RECORDS.mkdir(exist_ok=True)
    (RECORDS / f"{version}.json").write_text(_serialize(describe()))


def _serialize(described: dict[str, Any]) -> str:
    return json.dumps(described, indent=1, ensure_ascii=False) + "\n"


def find_problems() -> list[str]:
    """Return what keeps the current commit from being a release, each with its fix."""
    sections = _HEADING.findall((ROOT / "CHANGELOG.md").read_text())
    (_, _, unreleased), *released = sections
    if not released:
        return ["CHANGELOG.md has no release. Rename [Unreleased] to [1.0.0] - <date>, and add an empty one."]
    (version, day, changes), *earlier = released
    problems = []
    if unreleased.strip():
        problems.append(
            f"CHANGELOG.md: [Unreleased] has entries. Move them to [{version}] or to a new version."
        )
    if not _VERSION.fullmatch(version):
        return [*problems, f"CHANGELOG.md: {version!r} is not a version. Use three numbers, such as 1.2.0."]
    if not day:
        problems.append(f"CHANGELOG.md: [{version}] has no date. Write [{version}] - <year>-<month>-<day>.")
    if "\n- " not in changes:
        problems.append(f"CHANGELOG.md: [{version}] has no entries. List what has changed.")
    if earlier and _order(version) <= _order(earlier[0][0]):
        problems.append(f"CHANGELOG.md: {version} does not follow {earlier[0][0]}. Use a greater version.")
    stored = RECORDS / f"{version}.json"
    if not stored.exists() or stored.read_text() != _serialize(describe()):
        problems.append(
            f"events/releases/{version}.json is missing or out of date. Run"
            f" `.venv/bin/python -m local.release record {version}` and commit it."
        )
    if _git("status", "--porcelain"):
        problems.append("The working tree has changes. Commit them.")
    if _git("tag", "--list", f"v{version}"):
        problems.append(f"The tag v{version} exists already. Use a greater version.")
    return problems


def _order(version: str) -> tuple[int, ...]:
    return tuple(map(int, _VERSION.findall(version)[0].split("."))) if _VERSION.search(version) else ()


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.release", description="Record or check a release.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("record", help="write events/releases/<version>.json").add_argument("version")
    commands.add_parser("check", help="print what is missing for a release")
    options = parser.parse_args()
    if options.command == "record":
        record(options.version)
    elif problems := find_problems():
        sys.exit("\n".join(problems))
    else:
        print("The release is complete. Tag this commit.")


if __name__ == "__main__":
    main()
