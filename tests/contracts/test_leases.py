"""A lease and a claim outlast the run that holds them. A run that waits for one of them outlasts it."""

from itertools import accumulate
from typing import Any

import pytest

from bandwidth_messaging.bandwidth.transport import TOTAL_SECONDS
from bandwidth_messaging.services.find_or_create import LEASE_DURATION
from bandwidth_messaging.services.order_placement import CLAIM_DURATION
from tests.contracts.project import FUNCTIONS, MACHINES, Function, machine
from tests.template import aliased, resources

DEFAULT_TIMEOUT = 60


def list_callers(*names: str) -> list[Function]:
    """Return the functions whose module calls one of these names."""
    return [each for each in FUNCTIONS if any(f"{name}(" in each.path.read_text() for name in names)]


LEASING = list_callers("find_or_create_application", "catapult_application().resolve")
ORDERING = list_callers("place_order_once", "number_disconnect().order", "number_import().place")


def states_of(function: Function) -> list[dict[str, Any]]:
    """Return the states that run a function."""
    states = []
    for name in MACHINES:
        deployed = resources("AWS::Serverless::StateMachine")
        (properties,) = [each for each in deployed.values() if name in str(each.get("DefinitionUri"))]
        names = {
            f"${{{placeholder}}}"
            for placeholder, value in properties["DefinitionSubstitutions"].items()
            if aliased(value) == function.logical_id
        }
        states += [
            state
            for state in machine(name)["States"].values()
            if state.get("Arguments", {}).get("FunctionName") in names
        ]
    return states


def attempts(state: dict[str, Any]) -> list[float]:
    """Return the times, in seconds, at which a state retries an unknown outcome if runs take no time."""
    (rule,) = [each for each in state["Retry"] if "BandwidthOutcomeUnknown" in each["ErrorEquals"]]
    assert rule["JitterStrategy"] == "NONE"
    delays = (
        min(rule["IntervalSeconds"] * rule["BackoffRate"] ** retry, rule["MaxDelaySeconds"])
        for retry in range(rule["MaxAttempts"])
    )
    return list(accumulate(delays))


def test_the_functions_that_lease_and_order_are_known() -> None:
    assert {str(each) for each in LEASING} == {
        "messaging_v2/create_application",
        "hosted_messaging/create_application",
        "hosted_messaging/prepare_location",
    }
    assert {str(each) for each in ORDERING} == {
        "messaging_v2/order_numbers",
        "hosted_messaging/create_import_request",
        "release_numbers/disconnect_numbers",
    }


@pytest.mark.parametrize("function", LEASING, ids=str)
def test_a_lease_outlasts_its_holder_and_the_request_in_flight(function: Function) -> None:
    deployed = resources("AWS::Serverless::Function")[function.logical_id]
    longest = deployed.get("Timeout", DEFAULT_TIMEOUT) + TOTAL_SECONDS
    assert LEASE_DURATION.total_seconds() > longest


@pytest.mark.parametrize("function", LEASING, ids=str)
def test_a_run_that_waits_for_a_lease_outlasts_it(function: Function) -> None:
    states = states_of(function)
    assert states
    for state in states:
        assert attempts(state)[-1] > LEASE_DURATION.total_seconds()


def test_a_claim_outlasts_its_request() -> None:
    # At most two tokens and two POSTs, each within the limit of a request.
    assert CLAIM_DURATION.total_seconds() > 4 * TOTAL_SECONDS


@pytest.mark.parametrize("function", ORDERING, ids=str)
def test_a_run_retries_twice_after_a_claim_expired(function: Function) -> None:
    states = states_of(function)

    assert states
    for state in states:
        # The first retry removes the claim. The second places the order.
        assert sum(each > CLAIM_DURATION.total_seconds() for each in attempts(state)) >= 2
