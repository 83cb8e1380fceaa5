"""The check before a release names everything that is missing."""

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


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository whose commit is a complete release 1.2.0."""
    monkeypatch.setattr(release, "ROOT", tmp_path)
    monkeypatch.setattr(release, "RECORDS", tmp_path / "releases")
    monkeypatch.setattr(release, "describe", lambda: {"states": []})
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    release.record("1.2.0")
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


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

    (found,) = release.find_problems()

    assert problem in found


def test_a_record_of_an_earlier_state_is_out_of_date(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "describe", lambda: {"states": ["new"]})

    (found,) = release.find_problems()

    assert "releases/1.2.0.json is missing or out of date" in found


def test_an_uncommitted_change_and_an_existing_tag_are_named(repository: Path) -> None:
    git(repository, "tag", "v1.2.0")
    (repository / "new.txt").touch()

    changed, tagged = release.find_problems()

    assert "The working tree has changes" in changed
    assert "The tag v1.2.0 exists" in tagged


def test_a_record_needs_a_version_of_three_numbers(repository: Path) -> None:
    with pytest.raises(SystemExit, match=r"'1\.2' is not a version"):
        release.record("1.2")
