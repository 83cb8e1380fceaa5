"""template.yaml: what holds for every function, table, endpoint and statement."""

import ast
import inspect
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, fields
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from bandwidth_messaging.bandwidth.transport import TOTAL_SECONDS
from bandwidth_messaging.domain.retries import growing_delay
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.settings import Settings
from bandwidth_messaging.services import message_delivery
from local.deployment import OUTPUTS
from local.stack import APIS, DEFAULT_API
from tests.contracts.project import FUNCTIONS, Function, pascal
from tests.template import ROOT, resources, template

DEPLOYED = resources("AWS::Serverless::Function")
MACHINES = resources("AWS::Serverless::StateMachine")
TABLES = resources("AWS::DynamoDB::Table")
GLOBALS = template()["Globals"]["Function"]
every_function = pytest.mark.parametrize("logical_id", DEPLOYED)
every_table = pytest.mark.parametrize("logical_id", TABLES)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(properties: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for policy in properties.get("Policies", ()):
        for statement in policy["Statement"]:
            # What goes with a part of the stack that is not always there is given only with it.
            yield statement["Fn::If"][1] if "Fn::If" in statement else statement


# The files of a bucket cannot be named one by one.
FILES = {"Fn::Sub": "${MediaBucket.Arn}/*"}
LETTERS = {"Fn::Sub": "arn:${AWS::Partition}:s3:::${LettersBucket}/*"}
QUARANTINED = {"Fn::Sub": "${QuarantineBucket.Arn}/*"}
DEAD_RECORDS = {"Fn::Sub": "${QuarantineBucket.Arn}/events/*"}
FILES_OF_BUCKETS = (FILES, LETTERS, QUARANTINED, DEAD_RECORDS)
# Nor can the executions of a state machine.
EXECUTIONS = [
    {
        "Fn::Sub": "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:"
        f"execution:${{{machine}.Name}}:*"
    }
    for machine in ("HostedMessaging", "MessagingV2")
]


# Permissions


@pytest.mark.parametrize("logical_id", [*DEPLOYED, *MACHINES])
def test_rights_are_statements_written_out_and_not_ready_made_policies(logical_id: str) -> None:
    policies = (DEPLOYED | MACHINES)[logical_id]["Policies"]
    assert all(isinstance(policy, dict) and policy.keys() == {"Statement"} for policy in policies)


@every_function
def test_a_function_names_each_action_and_each_resource(logical_id: str) -> None:
    for statement in statements(DEPLOYED[logical_id]):
        assert statement.keys() == {"Effect", "Action", "Resource"}
        assert not [action for action in as_list(statement["Action"]) if "*" in action]
        wide = [resource for resource in as_list(statement["Resource"]) if "*" in str(resource)]
        allowed = (*FILES_OF_BUCKETS, *EXECUTIONS)
        assert [resource for resource in wide if resource not in allowed] == []


def test_the_archive_is_written_by_one_function_and_read_by_another() -> None:
    rights = {
        logical_id: statement["Action"]
        for logical_id, properties in DEPLOYED.items()
        for statement in statements(properties)
        if statement["Resource"] == FILES
    }
    assert rights == {"ArchiveMedia": "s3:PutObject", "Browse": "s3:GetObject"}


def test_letters_are_read_only_and_only_by_those_who_check_and_send_them() -> None:
    rights = {
        logical_id: statement["Action"]
        for logical_id, properties in DEPLOYED.items()
        for statement in statements(properties)
        if statement["Resource"] == LETTERS
    }
    assert rights == {"CheckInput": "s3:GetObject", "HostedMessagingSendLetter": "s3:GetObject"}


def test_the_quarantine_is_written_by_what_bandwidth_calls_and_emptied_by_the_replay() -> None:
    rights = {
        logical_id: statement["Action"]
        for logical_id, properties in DEPLOYED.items()
        for statement in statements(properties)
        if statement["Resource"] in (QUARANTINED, DEAD_RECORDS)
    }
    assert rights == {
        "ReceiveCallback": "s3:PutObject",
        "ReceiveNotification": "s3:PutObject",
        "ReplayQuarantine": ["s3:GetObject", "s3:DeleteObject"],
        "PublishEvents": ["s3:PutObject", "s3:GetObject"],
    }


@pytest.mark.parametrize("logical_id", MACHINES)
def test_a_machine_has_one_statement_for_everything_and_that_for_logs_and_traces(logical_id: str) -> None:
    # The executions of a machine that another one runs have no narrower name.
    wide = [
        each
        for each in statements(MACHINES[logical_id])
        if "*" in str(each["Resource"]) and ":execution:${" not in str(each["Resource"])
    ]
    assert [each["Resource"] for each in wide] == ["*"]
    actions = wide[0]["Action"]
    assert all(re.match(r"(logs|xray):\w+$", action) for action in actions)


def test_no_function_has_a_role_or_rights_from_elsewhere() -> None:
    assert not {"Role", "ManagedPolicyArns"} & {key for each in DEPLOYED.values() for key in each}
    assert not {"Role", "Policies"} & GLOBALS.keys()


# Functions


@every_function
def test_a_function_runs_as_all_do(logical_id: str) -> None:
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


def test_developers_have_the_runtimes_python() -> None:
    assert (ROOT / ".python-version").read_text().strip() == "3.13"


@pytest.mark.parametrize("function", FUNCTIONS, ids=str)
def test_a_function_logs_into_the_group_of_its_room_for_a_limited_time(function: Function) -> None:
    properties = DEPLOYED[function.logical_id]
    group = resources("AWS::Logs::LogGroup")[properties["LoggingConfig"]["LogGroup"]["Ref"]]
    assert group == {
        "LogGroupName": {"Fn::Sub": f"/aws/lambda/${{AWS::StackName}}/{function.room}"},
        "RetentionInDays": {"Ref": "LogRetentionDays"},
    }


@pytest.mark.parametrize("logical_id", MACHINES)
def test_a_machine_logs_without_what_it_works_on(logical_id: str) -> None:
    logging = MACHINES[logical_id]["Logging"]
    assert logging["IncludeExecutionData"] is False
    (destination,) = logging["Destinations"]
    group = destination["CloudWatchLogsLogGroup"]["LogGroupArn"]["Fn::GetAtt"][0]
    assert resources("AWS::Logs::LogGroup")[group]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_each_room_and_the_state_machines_have_one_log_group() -> None:
    used = {each["LoggingConfig"]["LogGroup"]["Ref"] for each in DEPLOYED.values()}
    used |= {
        destination["CloudWatchLogsLogGroup"]["LogGroupArn"]["Fn::GetAtt"][0]
        for each in MACHINES.values()
        for destination in each["Logging"]["Destinations"]
    }
    assert set(resources("AWS::Logs::LogGroup")) == used
    assert len(used) == len({function.room for function in FUNCTIONS}) + 1


# Settings


def setting_names(variables: dict[str, Any]) -> set[str]:
    return {name.lower() for name in variables if not name.startswith("POWERTOOLS_")}


# The functions behind the CallbackApi cannot have its URL, because the API depends on them.
CALLBACK_URLS = {"callback_url_v1", "callback_url_v2"}
BEHIND_THE_CALLBACK_API = {"AuthorizeCallback", "ReceiveCallback", "ReceiveNotification"}


def test_every_function_has_every_required_setting() -> None:
    required = {field.name for field in fields(Settings) if field.default is MISSING}
    assert setting_names(GLOBALS["Environment"]["Variables"]) == required | CALLBACK_URLS


def test_functions_set_exactly_the_optional_settings() -> None:
    given = [
        setting_names(each["Environment"]["Variables"]) for each in DEPLOYED.values() if "Environment" in each
    ]
    optional = {field.name for field in fields(Settings) if field.default is not MISSING}
    assert set().union(*given) == optional


def test_the_callback_urls_end_with_their_version() -> None:
    variables = GLOBALS["Environment"]["Variables"]
    urls = [variables[name.upper()]["Fn::Sub"] for name in sorted(CALLBACK_URLS)]
    assert [url.rpartition("${CallbackApi.Stage}")[2] for url in urls] == ["/callbacks/v1", "/callbacks/v2"]


def test_the_callback_urls_are_empty_behind_the_callback_api() -> None:
    for logical_id in BEHIND_THE_CALLBACK_API:
        variables = DEPLOYED[logical_id]["Environment"]["Variables"]
        assert [variables[name.upper()] for name in CALLBACK_URLS] == ["", ""]


def wired_by(names: Iterable[str]) -> str:
    """Return the source of these functions of the wiring, and of those that they use in turn."""
    sources: dict[str, str] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        built = inspect.unwrap(vars(wiring)[name])
        if name in sources or not inspect.isfunction(built) or built.__module__ != wiring.__name__:
            continue
        sources[name] = inspect.getsource(built)
        used = {node.id for node in ast.walk(ast.parse(sources[name])) if isinstance(node, ast.Name)}
        waiting += used & vars(wiring).keys()
    return "".join(sources.values())


@pytest.mark.parametrize("function", FUNCTIONS, ids=str)
def test_a_function_that_reads_an_optional_setting_has_it(function: Function) -> None:
    optional = {field.name for field in fields(Settings) if field.default is not MISSING}
    source = function.path.read_text()
    source += wired_by(re.findall(r"\bwiring\.(\w+)", source))
    read = {name for name in optional if f"settings().{name}" in source}
    given = setting_names(DEPLOYED[function.logical_id].get("Environment", {}).get("Variables", {}))
    assert given - CALLBACK_URLS == read - CALLBACK_URLS


# Tables


@every_table
def test_a_table_survives_mistakes(logical_id: str) -> None:
    table = TABLES[logical_id]
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
    resource = template()["Resources"][logical_id]
    assert resource["UpdateReplacePolicy"] == "Retain"
    assert resource["DeletionPolicy"] in {"Retain", "RetainExceptOnCreate"}


@every_table
def test_a_table_is_paid_by_use_and_encrypted(logical_id: str) -> None:
    assert TABLES[logical_id]["BillingMode"] == "PAY_PER_REQUEST"
    assert TABLES[logical_id]["SSESpecification"] == {"SSEEnabled": True}


@every_table
def test_every_change_of_a_table_reaches_the_publisher(logical_id: str) -> None:
    assert TABLES[logical_id]["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    streams = [each["Properties"]["Stream"] for each in DEPLOYED["PublishEvents"]["Events"].values()]
    assert {"Fn::GetAtt": [logical_id, "StreamArn"]} in streams


@every_table
def test_a_table_defines_the_attributes_of_its_keys_and_no_others(logical_id: str) -> None:
    table = TABLES[logical_id]
    schemas = [table["KeySchema"], *(index["KeySchema"] for index in table["GlobalSecondaryIndexes"])]
    keys = {key["AttributeName"] for schema in schemas for key in schema}
    assert {each["AttributeName"] for each in table["AttributeDefinitions"]} == keys


def test_old_messages_are_deleted_by_the_attribute_that_says_when() -> None:
    assert TABLES["MessagesTable"]["TimeToLiveSpecification"] == {
        "AttributeName": "expiresAt",
        "Enabled": True,
    }
    assert "expiresAt" in (ROOT / "layers/shared/bandwidth_messaging/store/message_store.py").read_text()


# Queues and streams


@pytest.mark.parametrize(
    ("queue", "worker"), [("SendQueue", "DeliverMessage"), ("MediaQueue", "ArchiveMedia")]
)
def test_a_queued_message_stays_hidden_six_times_as_long_as_its_worker_may_take(
    queue: str, worker: str
) -> None:
    longest = DEPLOYED[worker].get("Timeout", GLOBALS["Timeout"])
    assert resources("AWS::SQS::Queue")[queue]["VisibilityTimeout"] >= 6 * longest


def test_the_worker_waits_for_a_message_longer_than_a_request_may_take_to_store_it() -> None:
    assert timedelta(seconds=3 * DEPLOYED["SendMessage"]["Timeout"]) < message_delivery.MAX_STORING_TIME


def test_a_message_that_is_never_stored_does_not_reach_the_dead_letters() -> None:
    redrive = resources("AWS::SQS::Queue")["SendQueue"]["RedrivePolicy"]
    seconds, looks = 0, 0
    with patch("random.uniform", lambda lowest, _: lowest):
        while seconds < message_delivery.MAX_STORING_TIME.total_seconds():
            looks += 1
            seconds += growing_delay(looks, longest=message_delivery.MAX_STORING_DELAY_SECONDS)
    # The same record may then wait out a message that a late retry has stored.
    assert looks < redrive["maxReceiveCount"] / 10


def test_a_claim_is_given_up_once_its_worker_cannot_live() -> None:
    timeout = timedelta(seconds=DEPLOYED["DeliverMessage"].get("Timeout", GLOBALS["Timeout"]))
    assert timeout == message_delivery.MAX_WORK_TIME
    # The claim takes up to 9 s: two tries of 1 s to connect and 3 s to read, and a pause.
    claim, request = timedelta(seconds=9), timedelta(seconds=TOTAL_SECONDS)
    # After a rejection the claim is undone, which takes as long as the claim.
    assert message_delivery.MAX_PREPARATION_TIME + claim + request + claim < timeout


@pytest.mark.parametrize("logical_id", resources("AWS::SQS::Queue"))
def test_queues_are_encrypted_and_keep_for_the_longest_time(logical_id: str) -> None:
    queue = resources("AWS::SQS::Queue")[logical_id]
    assert queue["SqsManagedSseEnabled"] is True
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600


def events(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for logical_id, properties in DEPLOYED.items():
        for event in properties.get("Events", {}).values():
            if event["Type"] == kind:
                yield logical_id, event["Properties"]


def test_one_bad_record_of_a_stream_or_queue_does_not_hold_up_the_others() -> None:
    sources = [*events("SQS"), *events("DynamoDB")]
    assert len(sources) == len(["SendQueue", "MediaQueue"]) + len(TABLES)
    assert all(source["FunctionResponseTypes"] == ["ReportBatchItemFailures"] for _, source in sources)


@pytest.mark.parametrize("source", [each for _, each in events("DynamoDB")])
def test_unpublished_changes_are_recorded_while_the_stream_still_holds_them(source: dict[str, Any]) -> None:
    stream_keeps = 24 * 3600
    assert source["MaximumRecordAgeInSeconds"] == stream_keeps / 2
    assert "MaximumRetryAttempts" not in source
    assert source["DestinationConfig"]["OnFailure"] == {
        "Type": "SQS",
        "Destination": {"Fn::GetAtt": ["EventsDeadLetterQueue", "Arn"]},
    }


@pytest.mark.parametrize("source", [each for _, each in events("DynamoDB")])
def test_a_batch_of_changes_is_what_one_request_announces_without_what_is_deleted(
    source: dict[str, Any],
) -> None:
    assert source["BatchSize"] == 10
    (filter_,) = source["FilterCriteria"]["Filters"]
    assert json.loads(filter_["Pattern"]) == {"eventName": ["INSERT", "MODIFY"]}


# Doors


# The page that describes the API; whoever may read it learns nothing that is not public.
OPEN = "PageApi"


def test_callers_of_the_control_api_sign_with_iam() -> None:
    api = resources("AWS::Serverless::Api")["ControlApi"]
    assert api["Auth"]["DefaultAuthorizer"] == "AWS_IAM"


def test_bandwidth_is_challenged_for_basic_credentials() -> None:
    api = resources("AWS::Serverless::Api")["CallbackApi"]
    challenge = api["GatewayResponses"]["UNAUTHORIZED"]
    assert challenge["StatusCode"] == 401
    assert re.fullmatch(
        r"'Basic realm=\".+\"'", challenge["ResponseParameters"]["Headers"]["WWW-Authenticate"]
    )
    authorizer = api["Auth"]["Authorizers"][api["Auth"]["DefaultAuthorizer"]]
    assert authorizer["FunctionArn"] == {"Fn::GetAtt": ["AuthorizeCallback", "Arn"]}
    # Without the header nobody asks the function; what it answers is cached for this caller alone.
    assert authorizer["FunctionPayloadType"] == "REQUEST"
    assert authorizer["Identity"]["Headers"] == ["Authorization"]
    assert authorizer["Identity"]["Context"] == ["identity.sourceIp"]
    assert authorizer["Identity"]["ReauthorizeEvery"] > 0


@pytest.mark.parametrize("logical_id", ["AuthorizeCallback", "ReceiveCallback"])
def test_a_callback_function_times_out_before_bandwidths_ten_seconds(logical_id: str) -> None:
    assert DEPLOYED[logical_id]["Timeout"] < 10


def test_only_one_api_has_no_authorizer() -> None:
    apis = resources("AWS::Serverless::Api")
    assert [name for name, api in apis.items() if "DefaultAuthorizer" not in api.get("Auth", {})] == [OPEN]
    for logical_id, endpoint in events("Api"):
        assert ("Auth" in endpoint) == (endpoint["RestApiId"] == {"Ref": OPEN}), logical_id


def test_the_public_endpoint_is_optional_and_its_function_has_no_permissions() -> None:
    behind = {logical_id for logical_id, endpoint in events("Api") if endpoint["RestApiId"] == {"Ref": OPEN}}
    assert behind == {"Describe"}
    assert DEPLOYED["Describe"]["Policies"] == []
    assert {endpoint["RestApiId"]["Ref"] for name, endpoint in events("Api") if name == "Describe"} == {OPEN}
    for logical_id in (OPEN, "Describe"):
        assert template()["Resources"][logical_id]["Condition"] == "HasApiPage"
    assert template()["Conditions"]["HasApiPage"] == {"Fn::Equals": [{"Ref": "ApiPage"}, "true"]}
    assert template()["Parameters"]["ApiPage"]["Default"] == "false"


def plain(path: str) -> str:
    """Return a path without the names of its parameters."""
    return re.sub(r"\{\w+\}", "{}", path)


@pytest.mark.parametrize("name", ["send_message", "start_setup", "browse", "describe"])
def test_the_endpoints_of_a_function_are_its_routes(name: str) -> None:
    room = "messages" if name == "send_message" else "control"
    routes = {
        (method.upper(), plain(path))
        for path, operations in Function(room, name).load().app.get_openapi_schema().paths.items()
        for method in operations.model_dump(exclude_none=True)
    }
    endpoints = {
        (endpoint["Method"], plain(endpoint["Path"]))
        for logical_id, endpoint in events("Api")
        if logical_id == pascal(name)
    }
    assert endpoints == routes


# Parameters and outputs


def test_the_local_cloud_finds_the_outputs_it_uses() -> None:
    assert set(template()["Outputs"]) >= OUTPUTS


def test_the_local_cloud_has_the_same_default_generation() -> None:
    assert template()["Parameters"]["BandwidthApi"]["Default"] == DEFAULT_API
    assert sorted(template()["Parameters"]["BandwidthApi"]["AllowedValues"]) == sorted(APIS)


def test_every_parameter_is_described_grouped_and_used() -> None:
    groups = template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(
        template()["Parameters"]
    )
    text = (ROOT / "template.yaml").read_text()
    for name, parameter in template()["Parameters"].items():
        assert parameter["Description"]
        assert re.search(rf"!Ref {name}\b|\$\{{{name}\}}", text), name


def test_classic_addresses_of_bandwidth_are_those_of_the_documents() -> None:
    documents = " ".join(path.read_text() for path in Path(ROOT / "tests/documents").glob("*/*.http"))
    addresses = [
        *template()["Mappings"]["Hosts"]["classic"].values(),
        template()["Parameters"]["CatapultUrl"]["Default"],
    ]
    assert [address for address in addresses if f" {address}/" not in documents] == []


def test_current_addresses_of_bandwidth_are_those_of_its_upgrade_guide() -> None:
    assert template()["Mappings"]["Hosts"]["current"] == {
        "DashboardUrl": "https://api.bandwidth.com/api/v2",
        "MessagingUrl": "https://messaging.bandwidth.com/api/v2",
    }


def test_each_address_of_bandwidth_can_be_set_and_is_the_generations_otherwise() -> None:
    hosts = template()["Mappings"]["Hosts"]
    assert hosts.keys() == set(template()["Parameters"]["BandwidthApi"]["AllowedValues"])
    variables = GLOBALS["Environment"]["Variables"]
    for name in hosts["classic"].keys() | hosts["current"].keys():
        assert template()["Parameters"][name]["Default"] == ""
        variable = variables[name.replace("Url", "_URL").upper()]
        assert variable == {
            "Fn::If": [
                f"Has{name}",
                {"Ref": name},
                {"Fn::FindInMap": ["Hosts", {"Ref": "BandwidthApi"}, name]},
            ]
        }
