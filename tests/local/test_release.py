"""The check before a release names everything that is missing."""

import json
import subprocess
from pathlib import Path

import pytest

from local import release

CHANGELOG = """# Changelog

## [Unreleased]

## [1.2.0] - 2027-01-15

- A change.

## [1.1.0] - 2026-12-01

- An earlier change.
"""


TEMPLATE = """Resources:
  Check:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: functions/room/, Handler: check.handler}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: statemachines/machine.asl.json
      DefinitionSubstitutions: {Check: !Ref Check.Alias}
"""
DEFINITION = {
    "StartAt": "Check",
    "States": {
        "Check": {
            "Type": "Task",
            "Resource": "arn:${Partition}:states:::lambda:invoke",
            "Arguments": {"FunctionName": "${Check}", "Payload": {"input": "{% $states.input %}"}},
            "Assign": {"checked": "{% $states.result.Payload %}"},
            "Next": "Done",
        },
        "Done": {"Type": "Pass", "Output": "{% $checked.orderId %}", "End": True},
    },
}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository whose commit is a complete release 1.2.0 after the release 1.1.0."""
    monkeypatch.setattr(release, "ROOT", tmp_path)
    monkeypatch.setattr(release, "RECORDS", tmp_path / "events/releases")
    files = {
        "CHANGELOG.md": CHANGELOG,
        "template.yaml": TEMPLATE,
        "statemachines/machine.asl.json": json.dumps(DEFINITION),
        "events/room/check.json": "{}",
        "events/executions/machine.json": "{}",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    git(tmp_path, "init", "--quiet")
    release.record("1.1.0")
    commit(tmp_path)
    git(tmp_path, "tag", "v1.1.0")
    (tmp_path / "events/room/check.json").write_text('{"input": 1}')
    release.record("1.2.0")
    commit(tmp_path)
    return tmp_path


def edit(path: Path, **parts: object) -> None:
    """Replace parts of a JSON file."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **parts}))


def git(repository: Path, *arguments: str) -> None:
    author = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    command = ["git", "-C", str(repository), *author, *arguments]
    subprocess.run(command, check=True)


def commit(repository: Path) -> None:
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "Release")


def test_a_complete_release_has_no_problems(repository: Path) -> None:
    assert release.find_problems() == []


@pytest.mark.parametrize(
    ("changelog", "problem"),
    [
        ("# Changelog\n\n## [Unreleased]\n\n- A change.\n", "CHANGELOG.md has no release."),
        (CHANGELOG.replace("[Unreleased]\n", "[Unreleased]\n\n- More.\n"), "[Unreleased] has entries"),
        (CHANGELOG.replace("[1.2.0]", "[next]"), "'next' is not a version"),
        (CHANGELOG.replace(" - 2027-01-15", ""), "[1.2.0] has no date"),
        (CHANGELOG.replace("- A change.\n", ""), "[1.2.0] has no entries"),
        (CHANGELOG.replace("[1.1.0]", "[1.10.0]"), "1.2.0 does not follow 1.10.0"),
    ],
)
def test_a_wrong_changelog_is_named(repository: Path, changelog: str, problem: str) -> None:
    (repository / "CHANGELOG.md").write_text(changelog)
    commit(repository)

    found, *_ = release.find_problems()

    assert problem in found


def test_a_record_of_an_earlier_state_is_out_of_date(repository: Path) -> None:
    edit(repository / "events/room/check.json", more=2)
    commit(repository)

    (found,) = release.find_problems()

    assert "releases/1.2.0.json is missing or out of date" in found


def test_the_record_of_an_earlier_release_must_equal_the_files_of_its_tag(repository: Path) -> None:
    edit(repository / "events/releases/1.1.0.json", requests={"room/check": {"other": 1}})
    commit(repository)

    (found,) = release.find_problems()

    assert found.startswith("events/releases/1.1.0.json: It differs from what the files of its release give.")


def test_a_record_without_its_tag_in_the_clone_is_not_compared(repository: Path) -> None:
    edit(repository / "events/releases/1.1.0.json", requests={"room/check": {"other": 1}})
    commit(repository)
    git(repository, "tag", "--delete", "v1.1.0")

    assert release.find_problems() == []


@pytest.mark.parametrize(
    ("parts", "gap"),
    [
        ({"states": []}, "It has no states."),
        (
            {"states": [{"machine": "machine", "target": "Check.Alias", "reads": []}]},
            "No state reads the result of its function.",
        ),
        ({"requests": {}}, "It has 0 sample requests for 1 functions."),
        ({"executions": {}}, "machine: it has states but no sample input."),
        (
            {"executions": {"machine": {}, "another.small": {}}},
            "another: it has a sample input but no states.",
        ),
    ],
)
def test_a_record_with_a_gap_is_named(repository: Path, parts: dict[str, object], gap: str) -> None:
    git(repository, "tag", "--delete", "v1.1.0")
    edit(repository / "events/releases/1.1.0.json", **parts)
    commit(repository)

    (found,) = release.find_problems()

    assert found.startswith(f"events/releases/1.1.0.json: {gap}")


def test_the_record_of_a_release_whose_executions_can_run_must_exist(repository: Path) -> None:
    (repository / "events/releases/1.1.0.json").unlink()
    commit(repository)

    (found,) = release.find_problems()

    assert found.startswith("events/releases/1.1.0.json is missing: executions of 1.1.0 can still run.")


def test_the_record_of_a_release_that_was_replaced_31_days_ago_may_be_deleted(repository: Path) -> None:
    oldest = "\n## [1.0.0] - 2026-11-01\n\n- The first change.\n"
    (repository / "CHANGELOG.md").write_text(CHANGELOG + oldest)
    commit(repository)

    assert release.find_problems() == []


def test_a_release_without_a_tag_is_recorded_with_its_commit(repository: Path) -> None:
    release.record("1.0.0", "HEAD~1")
    commit(repository)

    stored = json.loads((repository / "events/releases/1.0.0.json").read_text())
    assert stored["requests"] == {"room/check": {}}
    assert release.is_outdated("1.0.0", stored) is False
    assert release.is_outdated("1.0.0", stored | {"requests": {}})


def test_a_record_of_an_unknown_commit_is_refused(repository: Path) -> None:
    with pytest.raises(SystemExit, match="'v9' is not in this clone"):
        release.record("1.0.0", "v9")


def test_an_uncommitted_change_and_an_existing_tag_are_named(repository: Path) -> None:
    git(repository, "tag", "v1.2.0")
    (repository / "new.txt").touch()

    changed, tagged = release.find_problems()

    assert "The working tree has changes" in changed
    assert "The tag v1.2.0 exists" in tagged


def test_a_record_needs_a_version_of_three_numbers(repository: Path) -> None:
    with pytest.raises(SystemExit, match=r"'1\.2' is not a version"):
        release.record("1.2")
