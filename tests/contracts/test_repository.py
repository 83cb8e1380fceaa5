"""The repository: requirements are pinned, and no file names a registry or a home directory."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.template import ROOT

REQUIREMENTS = ["layers/shared/requirements.txt", "requirements-dev.txt"]
# The brackets keep a pattern from matching itself.
REGISTRY = re.compile(r"p[y]pi\.org|p[y]thonhosted|index[-]url|find[-]links|/s[i]mple/|registry\.n[p]mjs")
HOME = re.compile(r"(?<![\w.~-])/(home|Users|root|mnt)/\w")


def tracked() -> Iterator[tuple[str, str]]:
    """Yield name and text of every text file that is tracked, or new and not ignored."""
    git = shutil.which("git")
    assert git, "git is not installed"
    listed = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        content = path.read_bytes() if path.is_file() else b""
        if b"\0" not in content:
            yield name, content.decode()


def requirements(name: str) -> list[str]:
    """Return the lines of a requirements file without comments."""
    lines = (line.partition("#")[0].strip() for line in (ROOT / name).read_text().splitlines())
    return [line for line in lines if line]


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_every_requirement_is_pinned_to_one_version(name: str) -> None:
    loose = [
        line
        for line in requirements(name)
        if not re.fullmatch(r"[A-Za-z0-9._-]+(\[[\w,-]+\])?==[\w.]+", line)
    ]
    assert loose in ([], ["-r layers/shared/requirements.txt"])


def test_only_the_layer_has_requirements_for_lambda() -> None:
    lists = [name for name, _ in tracked() if "/" in name and Path(name).match("requirements*.txt")]
    assert lists == ["layers/shared/requirements.txt"]


def test_the_layer_has_no_library_of_the_lambda_runtime() -> None:
    packed = {re.split(r"[\[=]", line)[0] for line in requirements("layers/shared/requirements.txt")}
    assert not packed & {"boto3", "botocore", "s3transfer", "urllib3"}


def test_the_development_requirements_include_those_of_the_layer() -> None:
    assert "-r layers/shared/requirements.txt" in requirements("requirements-dev.txt")


def test_no_file_names_a_package_registry() -> None:
    assert [(name, match[0]) for name, text in tracked() for match in REGISTRY.finditer(text)] == []


def test_no_file_names_a_home_directory() -> None:
    homes = re.compile(f"{HOME.pattern}|{re.escape(str(ROOT))}/|{re.escape(str(Path.home()))}/")
    assert [(name, match[0]) for name, text in tracked() for match in homes.finditer(text)] == []
