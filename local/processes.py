"""The processes of a local cloud, which outlive the command that starts them.

The module finds them by their command lines, which contain the directory of the local cloud. A stored process
id could be outdated and identify a process of another program.
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

_TERMINATION_SECONDS = 5.0


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


def is_running(module: str, directory: Path) -> bool:
    """Return whether EMULATOR or SIMULATOR runs for this directory."""
    return any(process.info["cmdline"][1:3] == ["-m", module] for process in _list_processes(directory))


def stop(directory: Path) -> int:
    """Stop emulator, simulator and Lambda workers of this directory. Return the count of processes.

    A process that does not end within _TERMINATION_SECONDS is killed.
    """
    terminated: set[int] = set()
    deadline = time.monotonic() + _TERMINATION_SECONDS
    while processes := _list_processes(directory):
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                if time.monotonic() > deadline:
                    process.kill()
                elif process.pid not in terminated:
                    process.terminate()
            terminated.add(process.pid)
        time.sleep(0.05)
    return len(terminated)


def _list_processes(directory: Path) -> list[psutil.Process]:
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
