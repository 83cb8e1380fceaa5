"""Runtime, layer and log group of every function and state machine."""

import pytest

from tests.contracts.project import FUNCTIONS, Function
from tests.contracts.template.deployed import DEPLOYED, GLOBALS, MACHINES, every_function
from tests.template import ROOT, resources, template


@every_function
def test_every_function_has_the_runtime_layer_and_tracing_of_the_globals(logical_id: str) -> None:
    assert GLOBALS["Runtime"] == "python3.13"
    assert GLOBALS["Architectures"] == [{"Ref": "Architecture"}]
    assert GLOBALS["Layers"] == [{"Ref": "SharedLayer"}]
    assert GLOBALS["Tracing"] == "Active"
    assert not {"Runtime", "Architectures", "Layers", "Tracing"} & DEPLOYED[logical_id].keys()


def test_the_layer_is_built_for_the_same_runtime_and_processor() -> None:
    layer = template()["Resources"]["SharedLayer"]
    assert layer["Metadata"] == {"BuildMethod": "python3.13", "BuildArchitecture": {"Ref": "Architecture"}}
    assert layer["Properties"]["CompatibleRuntimes"] == ["python3.13"]
    assert layer["Properties"]["CompatibleArchitectures"] == [{"Ref": "Architecture"}]


def test_the_development_python_is_that_of_the_runtime() -> None:
    assert (ROOT / ".python-version").read_text().strip() == "3.13"


@pytest.mark.parametrize("function", FUNCTIONS, ids=str)
def test_a_function_logs_to_the_group_of_its_room_which_expires(function: Function) -> None:
    properties = DEPLOYED[function.logical_id]
    group = resources("AWS::Logs::LogGroup")[properties["LoggingConfig"]["LogGroup"]["Ref"]]

    assert group == {
        "LogGroupName": {"Fn::Sub": f"/aws/lambda/${{AWS::StackName}}/{function.room}"},
        "RetentionInDays": {"Ref": "LogRetentionDays"},
    }


@pytest.mark.parametrize("logical_id", MACHINES)
def test_a_machine_logs_no_execution_data(logical_id: str) -> None:
    logging = MACHINES[logical_id]["Logging"]

    assert logging["IncludeExecutionData"] is False
    (destination,) = logging["Destinations"]
    group = destination["CloudWatchLogsLogGroup"]["LogGroupArn"]["Fn::GetAtt"][0]
    assert resources("AWS::Logs::LogGroup")[group]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_each_room_the_state_machines_and_the_export_have_one_log_group() -> None:
    used = {each["LoggingConfig"]["LogGroup"]["Ref"] for each in DEPLOYED.values()}
    used |= {
        destination["CloudWatchLogsLogGroup"]["LogGroupArn"]["Fn::GetAtt"][0]
        for each in MACHINES.values()
        for destination in each["Logging"]["Destinations"]
    }

    assert set(resources("AWS::Logs::LogGroup")) == used | {"AnalyticsLogs"}
    assert len(used) == len({function.room for function in FUNCTIONS}) + 1
