"""Simulators of Bandwidth in this process, one for each account and settings, for all tests of a session."""

from contextlib import ExitStack

from simulator.account.config import AccountConfig
from simulator.server import RunningSimulator, serve
from simulator.simulator import Settings

_stack = ExitStack()
_running: dict[str, RunningSimulator] = {}


def empty_simulator(account: AccountConfig, settings: Settings) -> RunningSimulator:
    """Return the simulator with this account and these settings, reset if an earlier test has used it.

    To start one takes longer than most tests.
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
