"""Bandwidth simulators in this process. Tests with the same account and settings share one."""

from contextlib import ExitStack

from simulator.account.config import AccountConfig
from simulator.server import RunningSimulator, serve
from simulator.simulator import Settings

_stack = ExitStack()
_running: dict[str, RunningSimulator] = {}


def empty_simulator(account: AccountConfig, settings: Settings) -> RunningSimulator:
    """Return the simulator with this account and these settings, and reset it if a test has used it.

    Tests share simulators because starting one takes longer than most tests.
    """
    key = repr((account, settings))
    if key in _running:
        _running[key].simulator.reset()
    else:
        _running[key] = _stack.enter_context(serve(account, settings))
    return _running[key]


def close_simulators() -> None:
    """Stop every simulator that empty_simulator started."""
    _running.clear()
    _stack.close()
