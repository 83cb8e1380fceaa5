"""Authorization and routes of the APIs."""

import re

import pytest

from tests.contracts.project import Function, pascal
from tests.contracts.template.deployed import DEPLOYED, events
from tests.template import resources, template

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
