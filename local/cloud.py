"""The local cloud: the real template on an AWS emulator, with the simulator as Bandwidth.

``python -m local.cloud up|down|status``. This module, ``local/deployment.py`` and ``local/emulator.py``
correct the differences between the emulator and AWS. The template has no code for them.
"""

import argparse
import fcntl
import json
import os
import secrets
import shutil
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import psutil
import requests

from local import deployment, processes
from local.build import ROOT, SAM
from local.deployment import Target
from local.processes import EMULATOR, SIMULATOR
from local.progress import CloudError, wait_for
from local.stack import APIS, DEFAULT_API, REGION, Stack, find_directory, find_stack_file

DIRECTORY = ROOT / ".local"
HOST = "127.0.0.1"
PORTS = {"current": (4566, 4567), "classic": (4568, 4569)}


def up(
    directory: Path = DIRECTORY,
    *,
    ports: tuple[int, int] | Literal["free"] | None = None,
    wait_scale: float = 1.0,
    apis: Sequence[str] = (DEFAULT_API,),
) -> list[Stack]:
    """Start missing processes, deploy changed sources, and return a stack for each of ``apis``.

    Each generation of Bandwidth's API has its own emulator and account. ``ports`` are those of emulator and
    simulator. None selects LOCAL_PORTS of the environment, or PORTS without it. ``wait_scale`` multiplies
    every wait of the state machines. Both apply until ``down``. Raises CloudError.
    """
    directory = directory.resolve()
    _check_prerequisites()
    with _lock(directory):
        sources = deployment.compute_source_digest()
        running = {api: _find_running(directory, api) for api in apis}
        outdated = [stack for stack in running.values() if stack and stack.sources != sources]
        if outdated:
            print("The sources have changed since they were deployed.", flush=True)
        targets = [_create_target(stack) for stack in outdated]
        missing = [api for api in apis if not running[api]]
        try:
            targets += [_start(directory, api, _choose_ports(ports, api), wait_scale) for api in missing]
            if targets:
                deployment.build_and_deploy(directory, targets)
        except BaseException as error:
            for api in missing:
                _stop(directory, api)
            if isinstance(error, CloudError):
                state = "The earlier deployment still runs." if outdated else "No process is left running."
                raise CloudError(f"{error} {state}") from None
            raise
        return [Stack.read(directory, api) for api in apis]


def down(directory: Path = DIRECTORY) -> bool:
    """Stop emulators, simulators and Lambda workers. Return False if nothing was running."""
    directory = directory.resolve()
    if not directory.exists():
        return False
    with _lock(directory):
        stopped = [_stop(directory, api) for api in APIS]
        return any(stopped)


def _check_prerequisites() -> None:
    if sys.version_info[:2] != (3, 13):
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise CloudError(
            f"The functions need Python 3.13. This is {version}. `make install` creates .venv with it."
        )
    if not SAM.exists():
        raise CloudError(
            f"sam is not installed beside {sys.executable}. `make install` installs it in .venv."
        )


@contextmanager
def _lock(directory: Path) -> Iterator[None]:
    """Hold the lock of a directory. One `up` or `down` runs at a time, and the others wait."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as file:
        wait_for("another up or down of this local cloud", lambda: _try_lock(file.fileno()), seconds=900)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _find_running(directory: Path, api: str) -> Stack | None:
    """Return the stack of a generation if both processes run and a deployment succeeded."""
    place = find_directory(directory, api)
    both_run = all(processes.is_running(module, place) for module in (EMULATOR, SIMULATOR))
    return Stack.read(directory, api) if both_run and find_stack_file(directory, api).exists() else None


def _create_target(stack: Stack) -> Target:
    return Target(
        stack.bandwidth_api,
        stack.endpoint_url,
        stack.simulator,
        stack.bandwidth,
        stack.access_key_id,
        stack.secret_access_key,
    )


def _start(directory: Path, api: str, ports: tuple[int, int], wait_scale: float) -> Target:
    # An interrupted start can leave one process, or both without a stack.
    _stop(directory, api)
    for port in ports:
        _check_port(port)
    emulator, simulator = (f"http://{HOST}:{port}" for port in ports)
    print(f"Starting the emulator at {emulator} and the simulator at {simulator}.", flush=True)
    key_id, key = f"LOCAL{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30)
    target = Target(api, emulator, simulator, _generate_account(), key_id, key)
    place = find_directory(directory, api)
    place.mkdir(exist_ok=True)
    _start_simulator(place, target)
    _start_emulator(place, target, wait_scale)
    return target


def _stop(directory: Path, api: str) -> bool:
    find_stack_file(directory, api).unlink(missing_ok=True)
    place = find_directory(directory, api)
    stopped = processes.stop(place)
    for name in ("tmp", "s3"):
        shutil.rmtree(place / name, ignore_errors=True)
    return stopped > 0


def _choose_ports(ports: tuple[int, int] | Literal["free"] | None, api: str) -> tuple[int, int]:
    chosen = ports or _parse_ports(os.environ.get("LOCAL_PORTS", "")) or PORTS[api]
    return _find_free_ports() if chosen == "free" else chosen


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise CloudError(
                f"Port {port} is in use by another program. "
                "Choose two other ports with LOCAL_PORTS=EMULATOR,SIMULATOR, or LOCAL_PORTS=free."
            ) from None


def _find_free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind((HOST, 0))
        other.bind((HOST, 0))
        return one.getsockname()[1], other.getsockname()[1]


def _generate_account() -> dict[str, str]:
    return {
        "account_id": str(secrets.randbelow(9_000_000) + 1_000_000),
        "site_id": str(secrets.randbelow(90_000) + 10_000),
        "user_id": f"u-{secrets.token_hex(12)}",
        "dashboard_user": f"dashboard-{secrets.token_hex(4)}",
        "dashboard_password": secrets.token_urlsafe(24),
        "messaging_token": f"t-{secrets.token_hex(12)}",
        "messaging_secret": secrets.token_urlsafe(24),
        "client_id": f"client-{secrets.token_hex(8)}",
        "client_secret": secrets.token_urlsafe(24),
    }


def _start_simulator(place: Path, target: Target) -> None:
    config = place / "simulator.json"
    config.touch(mode=0o600)
    config.write_text(json.dumps(target.bandwidth))
    arguments = [
        "--port",
        _port(target.simulator),
        "--config",
        str(config),
        "--callback-route",
        f"amazonaws.com={target.endpoint_url}",
        # The sample input has no letter of authorization.
        "--needs-letter",
        "off",
    ]
    log = place / "simulator.log"
    process = processes.start(SIMULATOR, arguments, _plain_environment(), log)
    wait_for(
        "the simulator",
        lambda: _is_healthy(process, f"{target.simulator}/_simulator/health", log),
        seconds=60,
    )


def _start_emulator(place: Path, target: Target, wait_scale: float) -> None:
    url = target.endpoint_url
    (place / "tmp").mkdir(exist_ok=True)
    environment = _plain_environment() | {
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": target.access_key_id,
        "AWS_SECRET_ACCESS_KEY": target.secret_access_key,
        "BIND_HOST": HOST,
        "MINISTACK_HOST": HOST,
        "GATEWAY_PORT": _port(url),
        "MINISTACK_REGION": REGION,
        "SFN_WAIT_SCALE": str(wait_scale),
        "TMPDIR": str(place / "tmp"),
        "S3_DATA_DIR": str(place / "s3"),
        "STATE_DIR": str(place / "state"),
        # Disables unused listeners and the access to a Docker daemon.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{place}/no-docker",
    }
    log = place / "emulator.log"
    process = processes.start(EMULATOR, [str(place)], environment, log)
    wait_for("the emulator", lambda: _is_healthy(process, f"{url}/_ministack/health", log), seconds=60)


def _port(url: str) -> str:
    return url.rpartition(":")[2]


def _plain_environment() -> dict[str, str]:
    """Return the environment of a function on AWS: without the user's AWS settings and proxies."""
    kept = ("HOME", "LANG", "LD_LIBRARY_PATH", "PATH")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONUNBUFFERED": "1",
        "TZ": "UTC",
    }


def _is_healthy(process: psutil.Popen, url: str, log: Path) -> bool:
    if process.poll() is not None:
        raise CloudError(f"The process for {url} ended at its start. {log} has the reason.")
    try:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


def _parse_ports(text: str) -> tuple[int, int] | Literal["free"] | None:
    if text in {"", "free"}:
        return "free" if text else None
    emulator, simulator = text.split(",")
    return int(emulator), int(simulator)


def chosen_api() -> str:
    """Return the generation of Bandwidth's API in BANDWIDTH_API. Raises CloudError for other values."""
    api = os.environ.get("BANDWIDTH_API") or DEFAULT_API
    if api not in APIS:
        raise CloudError(f"BANDWIDTH_API must be {' or '.join(APIS)}.")
    return api


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m local.cloud", description="Start, stop or show the local cloud."
    )
    parser.add_argument("command", choices=["up", "down", "status"])
    parser.add_argument(
        "--directory", type=Path, default=DIRECTORY, help="directory of its files; default: .local"
    )
    parser.add_argument(
        "--ports",
        type=_parse_ports,
        metavar="EMULATOR,SIMULATOR",
        help="two ports of 127.0.0.1, or free for any free ports; default: LOCAL_PORTS, else "
        + ", ".join(f"{one},{other} ({api})" for api, (one, other) in PORTS.items()),
    )
    parser.add_argument(
        "--wait-scale", type=float, default=1.0, help="multiplies every wait of the state machines"
    )
    parser.add_argument(
        "--api",
        nargs="+",
        choices=APIS,
        help=f"generations of Bandwidth's API, a stack for each; default: BANDWIDTH_API, else {DEFAULT_API}",
    )
    options = parser.parse_args()
    try:
        if options.command == "up":
            ports, wait_scale = options.ports, options.wait_scale
            apis = options.api or [chosen_api()]
            for stack in up(options.directory, ports=ports, wait_scale=wait_scale, apis=apis):
                _print_stack(stack)
        elif options.command == "down":
            print("The local cloud is down." if down(options.directory) else "Nothing was running.")
        elif stacks := [each for api in APIS if (each := _find_running(options.directory.resolve(), api))]:
            for stack in stacks:
                _print_stack(stack)
        else:
            sys.exit("The local cloud is down.")
    except CloudError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Interrupted.")


def _print_stack(stack: Stack) -> None:
    print(
        f"The local cloud is up.\n"
        f"  AWS         {stack.endpoint_url} (stack {stack.stack_name})\n"
        f"  Bandwidth   {stack.simulator} (API: {stack.bandwidth_api})\n"
        f"  ControlApi  {stack.control_api}\n"
        f"  API page    {stack.api_page}\n"
        f"For sam and aws:\n"
        f"  export AWS_ENDPOINT_URL={stack.endpoint_url} AWS_DEFAULT_REGION={stack.region} "
        f"AWS_ACCESS_KEY_ID={stack.access_key_id} AWS_SECRET_ACCESS_KEY={stack.secret_access_key}"
    )


if __name__ == "__main__":
    main()
