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
import tarfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from samcli.yamlhelper import yaml_parse

from local.payload_reads import find_payload_reads, list_graph_states

ROOT: Final = Path(__file__).resolve().parent.parent
RECORDS: Final = ROOT / "events" / "releases"
_SERVICE_ERROR: Final = re.compile(r"(States|Lambda|Sandbox|Runtime|StepFunctions)\.|AwsUnavailable$")
EXECUTION_DURATION: Final = timedelta(days=31)
"""An execution lasts at most this long."""
_VERSION: Final = re.compile(r"\d+\.\d+\.\d+")
_HEADING: Final = re.compile(
    r"^## \[([^\]]+)\](?: - (\d{4}-\d\d-\d\d))?\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE
)


def describe(root: Path | None = None) -> dict[str, Any]:
    """Return what the state machines and sample events of a release expect of functions.

    `root` has the release's files; without it, the files are those of this repository. For each state that
    invokes a function or starts a machine: its target as in the template (``CheckInput.Alias``), the fields
    that it sends, the fields of the result that it or a later state reads (``remove.numbers`` is a field in
    another), and the errors that it matches by name.
    """
    root = root or ROOT
    resources = yaml_parse((root / "template.yaml").read_text())["Resources"]
    states = [
        state
        for each in resources.values()
        if each["Type"] == "AWS::Serverless::StateMachine"
        for state in _states(root, each["Properties"])
    ]
    functions = sorted({state["target"].partition(".")[0] for state in states} & resources.keys())
    samples = [
        _sample(root, resources[each]["Properties"])
        for each in functions
        if resources[each]["Type"] == "AWS::Serverless::Function"
    ]
    return {
        "states": states,
        "requests": {f"{path.parent.name}/{path.stem}": json.loads(path.read_text()) for path in samples},
        "executions": {
            path.stem: json.loads(path.read_text()) for path in sorted((root / "events/executions").iterdir())
        },
    }


def _states(root: Path, properties: dict[str, Any]) -> Iterator[dict[str, Any]]:
    path = root / properties["DefinitionUri"]
    machine, definition = path.name.partition(".")[0], json.loads(path.read_text())
    reads = find_payload_reads(definition)
    for title, state in list_graph_states(definition):
        if state["Type"] != "Task":
            continue
        arguments = state["Arguments"]
        target = arguments.get("FunctionName") or arguments["StateMachineArn"]
        substitution = properties["DefinitionSubstitutions"][target.strip("${}")]
        sent = arguments["Payload"] if "FunctionName" in arguments else arguments["Input"]
        rules = (*state.get("Retry", ()), *state.get("Catch", ()))
        errors = {error for rule in rules for error in rule["ErrorEquals"]}
        yield {
            "machine": machine,
            "state": title,
            "target": substitution.get("Ref") or ".".join(substitution["Fn::GetAtt"]),
            "sends": sorted(sent),
            "reads": sorted(reads.get(title, ())),
            "matches": sorted(error for error in errors if not _SERVICE_ERROR.match(error)),
        }


def _sample(root: Path, function: dict[str, Any]) -> Path:
    """Return the file of a function's sample event."""
    room, name = Path(function["CodeUri"]).name, function["Handler"].partition(".")[0]
    return root / "events" / room / f"{name}.json"


def describe_commit(revision: str) -> dict[str, Any] | None:
    """Return what the files of a commit or tag give, None if this clone does not have it."""
    git = ["git", "-C", str(ROOT)]
    found = subprocess.run(
        [*git, "rev-parse", "--quiet", "--verify", f"{revision}^{{commit}}"], check=False, capture_output=True
    )
    if found.returncode:
        return None
    command = [*git, "archive", revision, "template.yaml", "statemachines", "events"]
    archived = subprocess.run(command, check=True, capture_output=True)
    with TemporaryDirectory() as directory:
        with tarfile.open(fileobj=BytesIO(archived.stdout)) as files:
            files.extractall(directory, filter="data")
        return describe(Path(directory))


def record(version: str, commit: str | None = None) -> None:
    """Write the record of a release, of this state or of an earlier commit.

    Exits with a message if the version is not like 1.2.0, or the commit does not exist.
    """
    if not _VERSION.fullmatch(version):
        sys.exit(f"version: {version!r} is not a version. Use three numbers, such as 1.2.0.")
    described = describe_commit(commit) if commit else describe()
    if described is None:
        sys.exit(f"--commit: {commit!r} is not in this clone. Fetch it: `git fetch --tags --unshallow`.")
    if commit and commit != f"v{version}":
        # A release without a tag: its record names the commit.
        described = {"commit": _git("rev-parse", f"{commit}^{{commit}}"), **described}
    RECORDS.mkdir(parents=True, exist_ok=True)
    (RECORDS / f"{version}.json").write_text(_serialize(described))


def _serialize(described: dict[str, Any]) -> str:
    return json.dumps(described, indent=1, ensure_ascii=False) + "\n"


def find_gaps(stored: dict[str, Any]) -> list[str]:
    """Return what a record lacks, whichever release it describes."""
    states, requests = stored.get("states", []), stored.get("requests", {})
    if not states:
        return ["It has no states."]
    machines = {state["machine"] for state in states}
    sampled = {name.partition(".")[0] for name in stored.get("executions", {})}
    gaps = [f"{name}: it has states but no sample input." for name in sorted(machines - sampled)]
    gaps += [f"{name}: it has a sample input but no states." for name in sorted(sampled - machines)]
    targets = {state["target"].partition(".")[0] for state in states}
    # A state can also start a machine, whose logical id is the name of its file: HostedMessaging.
    files = {name.replace("_", "") for name in machines}
    functions = [name for name in targets if name.lower() not in files]
    if len(functions) != len(requests):
        gaps.append(f"It has {len(requests)} sample requests for {len(functions)} functions.")
    if not any(state["reads"] for state in states):
        gaps.append("No state reads the result of its function.")
    return gaps


def is_outdated(version: str, stored: dict[str, Any]) -> bool | None:
    """Return whether a record differs from what the files of its release give.

    These are the files of the tag, or of the commit that the record names. Return None if this clone has
    neither.
    """
    described = describe_commit(stored.get("commit", f"v{version}"))
    recorded = {name: part for name, part in stored.items() if name != "commit"}
    return None if described is None else described != recorded


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
    problems += [problem for path in sorted(RECORDS.glob("*.json")) for problem in _check_record(path)]
    problems += [
        f"events/releases/{each}.json is missing: executions of {each} can still run. Run"
        f" `.venv/bin/python -m local.release record {each} --commit v{each}` and commit it."
        for each in _list_running(earlier, day)
        if not (RECORDS / f"{each}.json").exists()
    ]
    if _git("status", "--porcelain"):
        problems.append("The working tree has changes. Commit them.")
    if _git("tag", "--list", f"v{version}"):
        problems.append(f"The tag v{version} exists already. Use a greater version.")
    return problems


def _check_record(path: Path) -> list[str]:
    """Return what is wrong with a record of any release."""
    stored = json.loads(path.read_text())
    problems = find_gaps(stored)
    if is_outdated(path.stem, stored):
        problems.append("It differs from what the files of its release give.")
    fix = f"Write it again: `.venv/bin/python -m local.release record {path.stem} --commit <commit or tag>`."
    return [f"events/releases/{path.name}: {problem} {fix}" for problem in problems]


def _list_running(earlier: list[tuple[str, str, str]], day: str) -> list[str]:
    """Return the earlier versions that were the newest within EXECUTION_DURATION before a day."""
    newest = date.fromisoformat(day) if day else datetime.now(UTC).date()
    running, replaced = [], newest
    for version, released, _ in earlier:
        if newest - replaced > EXECUTION_DURATION:
            break
        running.append(version)
        replaced = date.fromisoformat(released) if released else newest
    return running


def _order(version: str) -> tuple[int, ...]:
    return tuple(map(int, _VERSION.findall(version)[0].split("."))) if _VERSION.search(version) else ()


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.release", description="Record or check a release.")
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record", help="write events/releases/<version>.json")
    recording.add_argument("version")
    recording.add_argument(
        "--commit", help="a commit or tag with the files of the release; default: this state"
    )
    commands.add_parser("check", help="print what is missing for a release")
    options = parser.parse_args()
    if options.command == "record":
        record(options.version, options.commit)
    elif problems := find_problems():
        sys.exit("\n".join(problems))
    else:
        print("The release is complete. Tag this commit.")


if __name__ == "__main__":
    main()
