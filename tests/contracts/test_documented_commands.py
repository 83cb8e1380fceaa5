"""Commands of docs/operations.md that scripts use: their exit code tells success from failure."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.template import ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text()
SECTION = PAGE.partition("### Wait for an execution in a script\n")[2].partition("\n## ")[0]
INVOKE, WAIT = re.findall(r"^```\n(.+?)^```$", SECTION, re.DOTALL | re.MULTILINE)
STATUSES = [("SUCCEEDED", 0), ("FAILED", 1), ("TIMED_OUT", 1), ("ABORTED", 1)]


def run(command: str, folder: Path, program: str, script: str) -> "subprocess.CompletedProcess[str]":
    """Run a command with a program replaced by a script."""
    path = folder / program
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    environment = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "EXECUTION_ARN": "arn"}
    # The documented wait between two requests would only slow the test down.
    command = command.replace("sleep 10", "sleep 0")
    return subprocess.run(
        ["/bin/sh", "-c", command],
        check=False,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
    )


@pytest.mark.parametrize(("status", "code"), STATUSES)
def test_the_wait_for_an_execution_exits_with_1_unless_it_succeeded(
    tmp_path: Path, status: str, code: int
) -> None:
    # Running at the first request, ended at the second.
    script = f"if [ -e asked ]; then echo {status}; else touch asked; echo RUNNING; fi"

    finished = run(WAIT, tmp_path, "aws", script)

    assert (finished.returncode, finished.stdout.strip()) == (code, status)


def test_the_wait_for_an_execution_exits_with_1_if_it_cannot_be_read(tmp_path: Path) -> None:
    assert run(WAIT, tmp_path, "aws", "exit 254").returncode == 1


@pytest.mark.parametrize(("status", "code"), STATUSES)
def test_an_invoked_execution_exits_with_1_unless_it_succeeded(
    tmp_path: Path, status: str, code: int
) -> None:
    finished = run(INVOKE, tmp_path, ".venv/bin/sam", f"""echo '{{"name": "a", "status": "{status}"}}'""")

    assert finished.returncode == code
    assert status in (tmp_path / "execution.json").read_text()
