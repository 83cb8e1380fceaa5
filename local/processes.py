"""The processes of a local cloud, which outlive the command that starts them.

They are found by their command lines, which name the directory they belong to; there is no record of process
ids that could go stale and point at a stranger.
"""

import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

EMULATOR = "local.emulator"
SIMULATOR = "simulator"

_GRACE = 5.0  # seconds a process gets to end by itself before it is killed


def start(module: str, arguments: list[str], environment: Mapping[str, str], log: Path) -> psutil.Popen:
    """Start ``python -m module`` detached from this process, with its output in the file ``log``."""
    with log.open("wb") as output:
        return psutil.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=Path(__file__).parent.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def running(module: str, directory: Path) -> bool:
    """Return whether EMULATOR or SIMULATOR runs for this directory."""
    return any(process.info["cmdline"][1:3] == ["-m", module] for process in _belonging_to(directory))


def stop(directory: Path) -> int:
    """Stop emulator, simulator and Lambda workers of this directory. Return the number of processes."""
    asked: set[int] = set()
    killing_since = time.monotonic() + _GRACE
    while processes := _belonging_to(directory):
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                if time.monotonic() > killing_since:
                    process.kill()
                elif process.pid not in asked:
                    process.terminate()
            asked.add(process.pid)
        time.sleep(0.05)
    return len(asked)


def _belonging_to(directory: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if _belongs(process.info["cmdline"] or [], str(directory))
    ]


def _belongs(command: list[str], directory: str) -> bool:
    match command:
        case [_, "-m", module, *arguments] if module in (EMULATOR, SIMULATOR):
            return any(each == directory or each.startswith(f"{directory}/simulator.") for each in arguments)
        case [_, script]:
            return script.startswith(f"{directory}/tmp/ministack-lambda-")
    return False
