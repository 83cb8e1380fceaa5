"""Payloads of the state machines for 5,000 numbers: Step Functions allows 256 KiB for each."""

from typing import Any

import pytest

from simulator.account.number_list_orders import NumbersError
from tests.functions.conftest import Stack, sample
from tests.generations import only_current
from tests.in_process_machines import install_machines

LIMIT = 256 * 1024
NUMBERS = [f"+1919{2_000_000 + each}" for each in range(5000)]
AUTHORITY = {
    name: sample("executions/hosted_messaging")[name] for name in ("subscriber", "loaAuthorizingPerson")
}


@only_current
@pytest.mark.parametrize("importable", [0, 2500, 4950])
def test_a_dry_run_of_5000_numbers_with_different_reasons_stays_below_the_limit(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, importable: int
) -> None:
    def errors(numbers: list[str]) -> list[NumbersError]:
        return [NumbersError(19006, f"{each}: {'é' * 400}", [each]) for each in numbers[importable:]]

    def unlike(numbers: list[str]) -> list[NumbersError]:
        return [NumbersError(19006, f"{each[::-1]}: {'x' * 400}", [each]) for each in numbers[importable:]]

    machines = install_machines(monkeypatch)
    stack.simulator.simulator.imports.needs_letter = False
    # A check without a location is for the site's default.
    machines.run("hosted_messaging", AUTHORITY | {"telephoneNumbers": ["+19195550100"]})
    for each in (errors, unlike):
        monkeypatch.setattr(stack.simulator.simulator.importability, "errors", each)

        ended = machines.run("hosted_messaging", AUTHORITY | {"telephoneNumbers": NUMBERS, "dryRun": True})

        assert (ended.status, ended.cause) == ("SUCCEEDED", None)
        assert ended.largest_payload < LIMIT
        assert numbers_of(ended.output) == NUMBERS


def numbers_of(output: Any) -> list[str]:
    """Return the numbers of a dry run, importable or rejected."""
    refused = [number for each in output["refused"] for number in each["numbers"]]
    return sorted([*output["importable"], *refused])


@only_current
def test_a_set_up_whose_numbers_fail_for_long_reasons_stays_below_the_limit(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def errors(numbers: list[str]) -> list[NumbersError]:
        return [NumbersError(19006, f"{each[::-1]}: {'x' * 4000}", [each]) for each in numbers]

    machines = install_machines(monkeypatch)
    monkeypatch.setattr(stack.simulator.simulator.importability, "errors", errors)

    ended = machines.run("hosted_messaging", AUTHORITY | {"telephoneNumbers": NUMBERS[:110]})

    assert ended.status == "FAILED"
    assert str(ended.cause).startswith("none of the numbers can be imported")
    assert ended.largest_payload < LIMIT
