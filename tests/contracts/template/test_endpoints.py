"""Authorization and routes of the APIs."""

import re

import pytest

from tests.contracts.project import Function, pascal
from tests.contracts.template.deployed import DEPLOYED, events
from tests.template import resources, template

# This API serves only the OpenAPI document, which is public.
PUBLIC_API = "PageApi"


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
    assert authorizer["FunctionArn"] == {"Ref": "AuthorizeCallback.Alias"}
    # API Gateway rejects requests without the header, and caches a result by header and source address.
    assert authorizer["FunctionPayloadType"] == "REQUEST"
    assert authorizer["Identity"]["Headers"] == ["Authorization"]
    assert authorizer["Identity"]["Context"] == ["identity.sourceIp"]
    assert authorizer["Identity"]["ReauthorizeEvery"] > 0


@pytest.mark.parametrize("logical_id", ["AuthorizeCallback", "ReceiveCallback"])
def test_a_callback_function_responds_within_the_ten_seconds_of_bandwidth(logical_id: str) -> None:
    assert DEPLOYED[logical_id]["Timeout"] < 10


def test_only_one_api_has_no_authorizer() -> None:
    apis = resources("AWS::Serverless::Api")
    assert [name for name, api in apis.items() if "DefaultAuthorizer" not in api.get("Auth", {})] == [
        PUBLIC_API
    ]
    for logical_id, endpoint in events("Api"):
        assert ("Auth" in endpoint) == (endpoint["RestApiId"] == {"Ref": PUBLIC_API}), logical_id


def test_the_public_endpoint_is_optional_and_its_function_has_no_permissions() -> None:
    behind = {
        logical_id for logical_id, endpoint in events("Api") if endpoint["RestApiId"] == {"Ref": PUBLIC_API}
    }

    assert behind == {"Describe"}
    assert DEPLOYED["Describe"]["Policies"] == []
    assert {endpoint["RestApiId"]["Ref"] for name, endpoint in events("Api") if name == "Describe"} == {
        PUBLIC_API
    }
    for logical_id in (PUBLIC_API, "Describe"):
        assert template()["Resources"][logical_id]["Condition"] == "HasApiPage"
    assert template()["Conditions"]["HasApiPage"] == {"Fn::Equals": [{"Ref": "ApiPage"}, "true"]}
    assert template()["Parameters"]["ApiPage"]["Default"] == "false"


def without_names(path: str) -> str:
    """Return a path without the names of its parameters."""
    return re.sub(r"\{\w+\}", "{}", path)


@pytest.mark.parametrize(
    "name",
    [
        "send_message",
        "start_setup",
        "browse",
        "change_pools",
        "set_rate",
        "set_replies",
        "describe",
        "verify_number",
    ],
)
def test_the_endpoints_of_a_function_are_its_routes(name: str) -> None:
    room = "messages" if name == "send_message" else "control"
    routes = {
        (method.upper(), without_names(path))
        for path, operations in Function(room, name).load().app.get_openapi_schema().paths.items()
        for method in operations.model_dump(exclude_none=True)
    }
    endpoints = {
        (endpoint["Method"], without_names(endpoint["Path"]))
        for logical_id, endpoint in events("Api")
        if logical_id == pascal(name)
    }

    assert endpoints == routes
