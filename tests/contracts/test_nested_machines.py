"""State machines that start another state machine."""

import pytest

from bandwidth_messaging.services.setup_check import SETUPS
from tests.contracts.machine_definitions import aliases, runs_a_machine, states, substitutions
from tests.contracts.project import MACHINES, pascal
from tests.template import resources

every_nested_machine = pytest.mark.parametrize(
    ("name", "title"),
    [(name, title) for name in MACHINES for title, state in states(name).items() if runs_a_machine(state)],
)


@every_nested_machine
def test_a_nested_machine_belongs_to_the_stack_and_may_be_started_and_awaited(name: str, title: str) -> None:
    placeholder = states(name)[title]["Arguments"]["StateMachineArn"].strip("${}")
    logical_id = substitutions(name)[placeholder]

    assert logical_id in map(pascal, MACHINES)
    (policy,) = resources("AWS::Serverless::StateMachine")[pascal(name)]["Policies"]
    permissions = {str(each["Action"]): each["Resource"] for each in policy["Statement"]}
    assert permissions["states:StartExecution"] == {"Fn::GetAtt": [logical_id, "Arn"]}
    assert f":execution:${{{logical_id}.Name}}:*" in str(
        permissions["['states:DescribeExecution', 'states:StopExecution']"]
    )
    assert "StepFunctionsGetEventsForStepFunctionsExecutionRule" in str(
        permissions["['events:PutTargets', 'events:PutRule', 'events:DescribeRule']"]
    )


@every_nested_machine
def test_the_input_of_a_nested_machine_has_only_fields_of_its_model(name: str, title: str) -> None:
    given = states(name)[title]["Arguments"]
    (model,) = [
        model
        for kind, model in SETUPS.items()
        if pascal(kind) == substitutions(name)[given["StateMachineArn"].strip("${}")]
    ]

    assert set(given["Input"]) <= aliases(model)


@every_nested_machine
def test_the_outer_machine_continues_if_a_nested_machine_fails(name: str, title: str) -> None:
    state = states(name)[title]
    assert [rule["ErrorEquals"] for rule in state["Catch"]] == [["States.TaskFailed"]]
    retried = {error for rule in state["Retry"] for error in rule["ErrorEquals"]}
    assert all(error.startswith("StepFunctions.") for error in retried)
