"""Fixtures of all tiers: loopback-only network, simulator, local cloud. Also sorts and counts the tiers."""

import functools
import gc
import ipaddress
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import botocore.loaders
import botocore.useragent
import hypothesis
import pytest

from local.cloud import down, up
from local.progress import CloudError
from local.stack import APIS, DEFAULT_API, Stack
from simulator.account.config import AccountConfig
from simulator.server import RunningSimulator
from simulator.simulator import Settings
from tests.simulators import close_simulators, empty_simulator

# The order in which they run. The cloud starts in the background while the first tiers run.
TIERS = [
    "unit",
    "local",
    "simulator",
    "contracts",
    "functions",
    "benchmarks",
    "faults",
    "workflows",
    "e2e",
    "updates",
]
CLOUD_TIERS = {"faults", "workflows", "e2e"}

ROOT = Path(__file__).parent.parent
# Separate from a developer's own local cloud.
CLOUD = ROOT / ".local" / "test"
WAIT_SCALE = 0.05

ACCOUNT = AccountConfig(
    account_id="9900778",
    site_id="2297",
    user_id="u-4f7yyv3qmsqhcq2tc2hfvvy",
    dashboard_user="dashboard-user",
    dashboard_password="dashboard-password",
    messaging_token="messaging-token",
    messaging_secret="messaging-secret",
)


def tier(nodeid: str) -> str:
    """Return the folder of tests/ that contains a test."""
    _, *folders, _ = ["", *nodeid.split("/")]
    return folders[1] if len(folders) > 1 else "other"


# Network and environment


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "generations(*names): see tests/generations.py")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    # botocore reads its service descriptions once per session object, and many tests create some.
    read = functools.cache(botocore.loaders.JSONFileLoader().load_file)
    botocore.loaders.JSONFileLoader.load_file = lambda _self, file_path: read(file_path)  # type: ignore[assignment,method-assign]
    # botocore builds the header User-Agent anew for each request, from the same parts.
    botocore.useragent.sanitize_user_agent_string_component = functools.cache(
        botocore.useragent.sanitize_user_agent_string_component
    )
    # A busy machine can be slow. That must not fail a property.
    hypothesis.settings.register_profile("patient", deadline=None)
    hypothesis.settings.load_profile("patient")


@pytest.fixture(scope="session", autouse=True)
def _only_loopback() -> Iterator[None]:
    """Fail a test that connects to another machine."""
    connect, getaddrinfo = socket.socket.connect, socket.getaddrinfo

    def connect_to_loopback(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _reject_other_machines(address[0])
        connect(self, address)

    def look_up_loopback(host: Any, *arguments: Any, **options: Any) -> Any:
        # RFC 2606 reserves .invalid. The test must not depend on a resolver.
        if str(host).endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        _reject_other_machines(host)
        return getaddrinfo(host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_to_loopback)
        patch.setattr(socket, "getaddrinfo", look_up_loopback)
        yield


def _reject_other_machines(host: Any) -> None:
    name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    try:
        is_loopback = name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        pytest.fail(f"A test tried to reach {name}; tests stay on this machine.")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    mark = metafunc.definition.get_closest_marker("generations")
    if mark and "generation" in metafunc.fixturenames:
        metafunc.parametrize("generation", mark.args, indirect=True)


@pytest.fixture
def generation(request: pytest.FixtureRequest) -> str:
    """Return the generation of Bandwidth's API of the stack and the account. See tests/generations.py."""
    chosen: str = getattr(request, "param", DEFAULT_API)
    return chosen


# The simulator


@pytest.fixture
def simulator() -> RunningSimulator:
    """Return an empty simulator of ACCOUNT in this process. Its orders end after 0.05 seconds."""
    return empty_simulator(ACCOUNT, Settings(receipt_seconds=0.05, order_seconds=0.05, retry_seconds=0.05))


# The local cloud


@pytest.fixture(scope="session")
def clouds() -> dict[str, Stack]:
    """Return the stacks of the real template on an emulator, by generation of Bandwidth's API.

    All tests and workers share them. Waits are scaled by WAIT_SCALE.
    """
    try:
        # Waits for the stacks that start in the background.
        stacks = up(CLOUD, ports="free", wait_scale=WAIT_SCALE, apis=APIS)
    except CloudError as error:
        pytest.fail(str(error), pytrace=False)
    return {stack.bandwidth_api: stack for stack in stacks}


@pytest.fixture
def cloud(clouds: dict[str, Stack], generation: str) -> Stack:
    """Return the stack of the test's generation."""
    return clouds[generation]


class Cloud:
    """Starts the local cloud in the background if a collected test needs it, and stops it at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self._reporter: pytest.TerminalReporter = config.pluginmanager.getplugin("terminalreporter")
        self._is_collect_only: bool = config.option.collectonly
        self._process: subprocess.Popen[bytes] | None = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        self._start_if_needed(ids)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._start_if_needed([item.nodeid for item in session.items])

    def _start_if_needed(self, nodeids: Sequence[str]) -> None:
        if (
            self._process
            or self._is_collect_only
            or not any(tier(nodeid) in CLOUD_TIERS for nodeid in nodeids)
        ):
            return
        down(CLOUD)
        CLOUD.mkdir(parents=True, exist_ok=True)
        log = CLOUD / "up.log"
        options = ["--directory", str(CLOUD), "--ports", "free", "--wait-scale", str(WAIT_SCALE)]
        options += ["--api", *APIS]
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local.cloud", "up", *options],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._print(f"local cloud: starting in the background, see {log.relative_to(ROOT)}")
        threading.Thread(target=self._report_start, args=(self._process, log), daemon=True).start()

    def _report_start(self, process: subprocess.Popen[bytes], log: Path) -> None:
        start = time.monotonic()
        status = process.wait()
        seconds = time.monotonic() - start
        last_line = log.read_text().splitlines()[-1:]
        self._print(f"local cloud: {'did not start' if status else 'up'} after {seconds:.0f} s")
        if status:
            self._print(" ".join(last_line))

    def _print(self, line: str) -> None:
        self._reporter.ensure_newline()
        self._reporter.write_line(line)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        if self._process:
            self._process.wait()
            down(CLOUD)


def pytest_sessionfinish() -> None:
    close_simulators()


def pytest_sessionstart(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        session.config.pluginmanager.register(Cloud(session.config))


def pytest_collection_finish() -> None:
    # Python's garbage collector would look at every collected test again and again.
    gc.freeze()


# Order and count of the tiers


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {name: position for position, name in enumerate(TIERS)}
    items.sort(key=lambda item: order.get(tier(item.nodeid), -1))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counts: dict[str, Counter[str]] = {}
    for outcome in ("passed", "failed", "error", "skipped", "xfailed", "xpassed"):
        for report in terminalreporter.stats.get(outcome, []):
            counts.setdefault(tier(report.nodeid), Counter())[outcome] += 1
    terminalreporter.section("tests per tier")
    for name in sorted(counts, key=lambda name: TIERS.index(name) if name in TIERS else -1):
        results = ", ".join(f"{count} {outcome}" for outcome, count in counts[name].items())
        terminalreporter.write_line(f"{name:<12}{results}")
    measured = [
        pair for report in terminalreporter.stats.get("passed", []) for pair in report.user_properties
    ]
    if measured:
        terminalreporter.section("measured")
    for name, value in measured:
        terminalreporter.write_line(f"{name}: {value}")
