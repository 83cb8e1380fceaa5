"""The client and its command line against the functions, as API Gateway calls them."""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from botocore.credentials import Credentials
from requests.adapters import BaseAdapter

from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.runtime import stores
from client import OPERATIONS, Client, Problem, command
from functions.control import browse, change_opt_outs, set_rate, set_replies, start_setup
from functions.messages import cancel_message, send_message
from tests.functions.conftest import PASSED, Stack, api_event, call
from tests.openapi import find_operation, operations

URL = "https://abcdef1234.execute-api.us-east-1.amazonaws.com/live"
OURS, THEIRS = "+19102398766", "+19195551234"
AT = "2026-01-01T00:00:00.000Z"
HOME = Home(api="v2", customer_order_id="order-1", location_id="500001", site_id="1001")
FUNCTIONS: dict[str, ModuleType] = {
    "sendMessage": send_message,
    "cancelMessage": cancel_message,
    "recordOptOut": change_opt_outs,
    "endOptOut": change_opt_outs,
    "setReplies": set_replies,
    "setRate": set_rate,
    "startMessagingV2": start_setup,
    "startHostedMessaging": start_setup,
    "startRelease": start_setup,
}


class Gateway(BaseAdapter):
    """Passes requests to the functions as API Gateway does, and keeps them.

    `responses` come instead of the next responses: a status, a problem's status and code, or an exception.
    """

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[requests.PreparedRequest] = []
        self.responses: list[int | tuple[int, str] | Exception] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self.requests.append(request)
        planned = self.responses.pop(0) if self.responses else None
        if isinstance(planned, Exception):
            raise planned
        if planned:
            status, code = planned if isinstance(planned, tuple) else (planned, "internal_error")
            return self._response(status, json.dumps({"status": status, "code": code, "detail": "no"}))
        assert request.method
        assert request.url
        url = urlsplit(request.url)
        path = url.path.removeprefix("/live")
        operation = find_operation(request.method, path)
        assert operation, path
        event = api_event(
            request.method, path, query=dict(parse_qsl(url.query)) or None, headers=dict(request.headers)
        )
        module = FUNCTIONS.get(operation["operationId"], browse)
        result = call(module, event | {"body": request.body})
        return self._response(result["statusCode"], result["body"])

    def _response(self, status: int, body: str) -> requests.Response:
        response = requests.Response()
        response.status_code = status
        response.raw = io.BytesIO(body.encode())
        return response

    def close(self) -> None:
        """Close nothing."""


@pytest.fixture
def gateway(stack: Stack, state_machine: str, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """A stack with an active number, whose API is at URL. Retries do not wait."""
    stores.numbers().activate(OURS, HOME, AT, preflight=PASSED)
    monkeypatch.setattr("client.api.time.sleep", lambda _: None)
    gateway = Gateway()
    mount = requests.Session.__init__

    def with_gateway(session: requests.Session) -> None:
        mount(session)
        session.mount(URL, gateway)

    monkeypatch.setattr(requests.Session, "__init__", with_gateway)
    return gateway


@pytest.fixture
def client(gateway: Gateway) -> Client:
    return Client(URL, credentials=Credentials("key", "secret"))


def new_message(**fields: Any) -> dict[str, Any]:
    return {"from": OURS, "to": THEIRS, "text": "Hello"} | fields


def keys(gateway: Gateway) -> list[Any]:
    return [request.headers.get("idempotency-key") for request in gateway.requests]


def test_the_client_has_every_operation_and_argument_of_the_document() -> None:
    for method, path, described in operations():
        operation = OPERATIONS[described["operationId"]]
        assert (operation.method, operation.path) == (method, path)
        assert {each["name"] for each in described.get("parameters", ())} <= operation.arguments.keys()
        assert operation.has_body == ("requestBody" in described)
    assert len(OPERATIONS) == len(list(operations()))


def test_no_parameter_and_body_field_of_an_operation_share_a_name() -> None:
    for _, _, described in operations():
        operation = OPERATIONS[described["operationId"]]
        parameters = {each["name"] for each in described.get("parameters", ())}
        assert {name for name, each in operation.arguments.items() if each.place != "body"} == parameters


def test_a_sent_message_can_be_read_listed_and_canceled(client: Client) -> None:
    sent = client.call("sendMessage", new_message(tag="shop"))
    argument = {"messageId": sent["messageId"]}

    assert sent["state"] == "accepted"
    assert client.call("getMessage", argument)["text"] == "Hello"
    filters = {"number": OURS, "tag": "shop", "from": "2026-01-01T00:00:00+01:00"}
    assert [item["messageId"] for item in client.items("listMessages", filters)] == [sent["messageId"]]
    assert client.call("cancelMessage", argument)["state"] == "canceled"


def test_the_items_of_all_pages_are_read(client: Client, gateway: Gateway) -> None:
    sent = [client.call("sendMessage", new_message(text=str(number)))["messageId"] for number in range(5)]
    gateway.requests.clear()

    listed = [item["messageId"] for item in client.items("listMessages", {"number": OURS, "limit": 2})]

    assert sorted(listed) == sorted(sent)
    assert len(gateway.requests) == 3


def test_a_request_is_signed_for_the_region_of_the_url(client: Client, gateway: Gateway) -> None:
    client.call("listNumbers")

    authorization = gateway.requests[0].headers["Authorization"]
    assert authorization.startswith("AWS4-HMAC-SHA256 Credential=key/")
    assert "/us-east-1/execute-api/aws4_request" in authorization


def test_a_netrc_file_does_not_replace_the_signature(
    client: Client, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    file = tmp_path / "netrc"
    file.write_text("default login me password secret\n")
    monkeypatch.setenv("NETRC", str(file))

    client.call("listNumbers")

    assert gateway.requests[0].headers["Authorization"].startswith("AWS4-HMAC-SHA256 ")


def test_a_missing_region_is_explained_with_the_variable_that_sets_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/missing")
    credentials = Credentials("key", "secret")
    with pytest.raises(ValueError, match="No AWS region") as raised:
        Client("https://api.example.com", credentials=credentials)
    (variable,) = re.findall(r"\bAWS_\w+", str(raised.value))

    monkeypatch.setenv(variable, "eu-west-1")

    assert Client("https://api.example.com", credentials=credentials)


def test_a_plus_is_encoded_in_paths_and_queries(client: Client, gateway: Gateway) -> None:
    assert client.call("getNumber", {"number": OURS})["number"] == OURS
    client.call("listMessages", {"number": OURS})

    assert [(request.url or "").removeprefix(URL) for request in gateway.requests] == [
        "/numbers/%2B19102398766",
        "/messages?number=%2B19102398766",
    ]


def test_an_error_response_is_a_problem(client: Client) -> None:
    stores.opt_outs().record(OURS, THEIRS, opted_out=True, keyword="stop", at=AT)

    with pytest.raises(Problem, match=r"^409 opted_out: \+19195551234 opted out") as raised:
        client.call("sendMessage", new_message())

    assert (raised.value.status, raised.value.code) == (409, "opted_out")
    assert raised.value.request_id


def test_the_problem_of_invalid_fields_names_them(client: Client) -> None:
    with pytest.raises(Problem, match=r'^422 invalid_field: to\[0\]: "12" is not a phone number') as raised:
        client.call("sendMessage", new_message(to=["12"]))

    assert [error["field"] for error in raised.value.errors] == ["to[0]"]


@pytest.mark.parametrize(
    "failure", [500, 503, (429, "throttled"), requests.ConnectionError("reset"), requests.ReadTimeout("slow")]
)
def test_a_request_is_repeated_with_the_same_key(client: Client, gateway: Gateway, failure: Any) -> None:
    gateway.responses = [failure, failure]

    assert client.call("sendMessage", new_message())["state"] == "accepted"

    assert len(gateway.requests) == 3
    (key,) = set(keys(gateway))
    assert key


@pytest.mark.parametrize("failure", [500, requests.ReadTimeout("slow")])
def test_a_rotation_of_a_secret_is_not_repeated(client: Client, gateway: Gateway, failure: Any) -> None:
    gateway.responses = [failure]

    with pytest.raises((Problem, requests.ReadTimeout)):
        client.call("rotateWebhookSecret", {"name": "crm"})

    assert len(gateway.requests) == 1


def test_each_message_has_a_key_of_its_own(client: Client, gateway: Gateway) -> None:
    for _ in range(2):
        client.call("sendMessage", new_message())
    client.call("sendMessage", new_message(**{"idempotency-key": "order-1"}))

    assert len(set(keys(gateway))) == 3
    assert keys(gateway)[2] == "order-1"


@pytest.mark.parametrize("failure", [(429, "rate_backlog"), (403, "access_denied"), (409, "opted_out")])
def test_other_problems_are_not_repeated(client: Client, gateway: Gateway, failure: Any) -> None:
    gateway.responses = [failure]

    with pytest.raises(Problem):
        client.call("sendMessage", new_message())

    assert len(gateway.requests) == 1


def test_the_fourth_failure_is_the_result(client: Client, gateway: Gateway) -> None:
    gateway.responses = [503] * 4
    with pytest.raises(Problem, match=r"^503"):
        client.call("listNumbers")
    gateway.responses = [requests.ConnectionError("reset")] * 4
    with pytest.raises(requests.ConnectionError):
        client.call("listNumbers")

    assert len(gateway.requests) == 8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (new_message(colour="red"), "sendMessage has no colour. It has idempotency-key, from, to"),
        ({"to": THEIRS}, "sendMessage needs from."),
    ],
)
def test_a_wrong_argument_is_named_and_nothing_is_sent(
    client: Client, gateway: Gateway, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        client.call("sendMessage", arguments)

    assert gateway.requests == []


def test_null_returns_a_lane_to_the_rate_of_the_stack(client: Client) -> None:
    client.call("setRate", {"lane": OURS, "segmentsPerSecond": 2.5})

    assert client.call("setRate", {"lane": OURS, "segmentsPerSecond": None})["source"] == "parameter"


# The command line


@pytest.fixture
def run(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run a command, and return its exit code, its output and its errors."""
    monkeypatch.setenv(command.URL_VARIABLE, URL)

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = command.main(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


type Run = Callable[..., tuple[int, str, str]]


def test_a_command_sends_a_message_and_prints_it(run: Run) -> None:
    code, out, _ = run("send", "--from", OURS, "--to", THEIRS, "--text", "Hello", "--tag", "shop")

    shown = json.loads("{" + out.partition("{\n")[2])
    assert (code, shown["state"], shown["tag"], shown["to"]) == (0, "accepted", "shop", [THEIRS])


def test_a_command_sends_rcs_that_is_given_as_json(run: Run) -> None:
    rcs = {"from": "ExampleAgent", "text": "Hello by RCS"}

    code, out, _ = run("send", "--from", OURS, "--to", THEIRS, "--text", "Hello", "--rcs", json.dumps(rcs))

    shown = json.loads("{" + out.partition("{\n")[2])
    assert (code, shown["text"], shown["rcs"]) == (0, "Hello", rcs)


def test_a_command_lists_all_items_one_per_line(run: Run) -> None:
    for number in range(3):
        run("send", "--from", OURS, "--to", THEIRS, "--text", str(number))

    code, out, _ = run("list-messages", "--number", OURS, "--limit", "1", "--all", "--direction", "out")

    lines = [line for line in out.splitlines() if line.startswith('{"messageId"')]
    assert (code, len(lines)) == (0, 3)


def test_a_command_reads_the_body_from_a_file(run: Run, tmp_path: Any) -> None:
    file = tmp_path / "message.json"
    file.write_text(json.dumps({"from": OURS, "to": THEIRS, "text": "From a file"}))

    code, out, _ = run("send", "--body", str(file), "--text", "From an option")

    assert code == 0
    assert '"text": "From an option"' in out


def test_a_problem_is_printed_and_the_exit_code_is_1(run: Run) -> None:
    code, _, err = run("get-message", "--message-id", "out_1")

    assert (code, json.loads(err)["code"]) == (1, "not_found")


def test_a_lost_response_is_printed_and_the_exit_code_is_1(run: Run, gateway: Gateway) -> None:
    gateway.responses = [requests.ConnectionError("reset")] * 4

    code, _, err = run("list-numbers")

    assert (code, err) == (1, f"No response from {URL}: reset\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("send", "--to", THEIRS), "sendMessage needs from."),
        (("send", "--body", "/missing.json"), "No such file"),
    ],
)
def test_wrong_use_is_explained_and_the_exit_code_is_2(
    run: Run, arguments: tuple[str, ...], message: str
) -> None:
    code, _, err = run(*arguments)

    assert code == 2
    assert message in err


def test_a_body_that_is_not_json_is_named_by_its_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "message.json"
    file.write_text('{"from"')

    code, _, err = run("send", "--body", str(file))

    assert code == 2
    assert err.startswith(f"{file} is not JSON: ")


def test_an_option_that_is_not_json_is_shown(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        run("send", "--from", OURS, "--to", THEIRS, "--rcs", '{"from"')

    assert raised.value.code == 2
    assert """--rcs: '{"from"' is not JSON: """ in capsys.readouterr().err


def test_without_a_url_the_command_says_where_to_find_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(command.URL_VARIABLE)

    with pytest.raises(SystemExit) as raised:
        command.main(["list-numbers"])

    assert raised.value.code == 2
    assert "ControlApiUrl" in capsys.readouterr().err


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_has_a_command(operation: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        command.main([command.to_command(operation), "-h"])

    assert raised.value.code == 0
    assert OPERATIONS[operation].summary.split()[0] in capsys.readouterr().out
