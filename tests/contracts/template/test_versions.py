"""Published versions: everything invokes an alias, and every change of code, layer or parameters moves it."""

import re
from functools import cache
from typing import Any

import boto3
import pytest
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from tests.contracts.template.deployed import DEPLOYED, GLOBALS, MACHINES, every_function
from tests.template import ROOT, resources, template

PUBLIC = {"SendMessage", "ReceiveCallback"}


@cache
def translate(canary_updates: str = "false") -> dict[str, dict[str, Any]]:
    """Return the resources that CloudFormation gets from SAM."""
    parsed = yaml_parse((ROOT / "template.yaml").read_text())
    for logical_id, resource in parsed["Resources"].items():
        for name in {"CodeUri", "ContentUri", "DefinitionUri"} & resource.get("Properties", {}).keys():
            resource["Properties"][name] = f"s3://bucket/{logical_id}"
    required = {"BandwidthAccountId": "1", "BandwidthSiteId": "2", "AWS::Region": "us-east-1"}
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="us-east-1"))
    translated: dict[str, Any] = translator.translate(parsed, required | {"CanaryUpdates": canary_updates})
    return translated["Resources"]


def of_type(kind: str, **options: str) -> dict[str, dict[str, Any]]:
    """Return the translated resources of a type, by logical id."""
    return {name: each for name, each in translate(**options).items() if each["Type"] == kind}


def test_every_function_and_machine_publishes_versions_behind_an_alias() -> None:
    assert GLOBALS["AutoPublishAlias"] == "live"
    assert GLOBALS["AutoPublishAliasAllProperties"] is True
    assert {name for name in DEPLOYED if f"{name}Aliaslive" in of_type("AWS::Lambda::Alias")} == set(DEPLOYED)
    aliases = of_type("AWS::StepFunctions::StateMachineAlias")
    assert {name for name in MACHINES if f"{name}Aliaslive" in aliases} == set(MACHINES)


@every_function
def test_a_new_layer_or_parameter_replaces_the_version(logical_id: str) -> None:
    # SAM derives the version's logical id from the template's text, in which neither changes.
    description = DEPLOYED[logical_id]["VersionDescription"]
    assert description == {"Fn::Sub": "layer ${SharedLayer}"}


def test_the_settings_and_with_them_the_layer_change_with_every_parameter() -> None:
    (settings,) = resources("AWS::AppConfig::HostedConfigurationVersion").values()
    _, values = settings["Content"]["Fn::Join"]
    assert sorted(each["Ref"] for each in values) == sorted(template()["Parameters"])
    (layer,) = of_type("AWS::Lambda::LayerVersion").values()
    assert "${Settings}" in layer["Properties"]["Description"]["Fn::Sub"]


@every_function
def test_a_function_is_never_equal_to_a_version_that_a_rolled_back_update_left(logical_id: str) -> None:
    # Lambda would publish nothing, and the deployment would fail. The numbers of layer versions are unique.
    (layer,) = of_type("AWS::Lambda::LayerVersion")
    function = translate()[logical_id]["Properties"]
    assert function["Layers"] == [{"Ref": layer}]
    # AppConfig gives the number of a deleted version to the next one.
    assert "Settings" not in str(function["Environment"])


@pytest.mark.parametrize(
    "kind", ["AWS::Lambda::Permission", "AWS::Lambda::EventSourceMapping", "AWS::Lambda::EventInvokeConfig"]
)
def test_no_trigger_names_a_function_without_its_alias(kind: str) -> None:
    named = [each["Properties"] for each in of_type(kind).values()]
    assert named
    assert [
        each
        for each in named
        if each.get("Qualifier") != "live" and not str(each["FunctionName"]).endswith("Aliaslive'}")
    ] == []


def test_no_schedule_and_no_api_names_a_function_without_its_alias() -> None:
    schedules = of_type("AWS::Scheduler::Schedule").values()
    assert schedules
    assert [each for each in schedules if "Aliaslive" not in str(each["Properties"]["Target"]["Arn"])] == []
    apis = "".join(str(each["Properties"]["Body"]) for each in of_type("AWS::ApiGateway::RestApi").values())
    invoked = re.findall(r"functions/\$\{([^}]+)\}/invocations", apis)
    authorizers = re.findall(r"'__FunctionArn__': \{'Ref': '(\w+)'\}", apis)
    assert len(authorizers) == invoked.count("__FunctionArn__") == 1
    assert [
        each
        for each in (*invoked, *authorizers)
        if each != "__FunctionArn__" and not each.endswith("Aliaslive")
    ] == []


def test_an_update_moves_each_alias_at_once_by_default() -> None:
    assert [each for each in of_type("AWS::Lambda::Alias").values() if "UpdatePolicy" in each] == []
    assert of_type("AWS::CodeDeploy::Application") == {}


def test_canary_updates_watch_only_the_new_versions_of_the_two_public_functions() -> None:
    groups = of_type("AWS::CodeDeploy::DeploymentGroup", canary_updates="true")
    aliases = of_type("AWS::Lambda::Alias", canary_updates="true")
    alarms = of_type("AWS::CloudWatch::Alarm", canary_updates="true")

    assert {name for name in DEPLOYED if "UpdatePolicy" in aliases[f"{name}Aliaslive"]} == PUBLIC
    for name in PUBLIC:
        group = groups[f"{name}DeploymentGroup"]["Properties"]
        watching = {
            f"{name}CanaryAlarm": ("FunctionName", "ExecutedVersion"),
            f"{name}CanaryRequestsAlarm": ("functionName", "functionVersion"),
        }
        assert group["AlarmConfiguration"]["Alarms"] == [{"Name": {"Ref": alarm}} for alarm in watching]
        for alarm, (function, version) in watching.items():
            given = alarms[alarm]["Properties"]["Dimensions"]
            dimensions = {each["Name"]: each["Value"] for each in given}
            assert dimensions[function] == {"Ref": name}
            assert dimensions[version] == aliases[f"{name}Aliaslive"]["Properties"]["FunctionVersion"]


def test_earlier_layers_are_kept_for_the_earlier_versions() -> None:
    (layer,) = of_type("AWS::Lambda::LayerVersion").values()
    assert layer["DeletionPolicy"] == layer["UpdateReplacePolicy"] == "Retain"
    assert {each["DeletionPolicy"] for each in of_type("AWS::Lambda::Version").values()} == {"Retain"}
