"""Fixtures that call handlers with Lambda events. moto simulates AWS, the simulator Bandwidth."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aws_lambda_powertools.utilities import parameters

from bandwidth_messaging.domain.numbers import Preflight
from bandwidth_messaging.runtime import bandwidth_clients, stores, wiring
from bandwidth_messaging.runtime import settings as settings_module
from simulator.account.config import AccountConfig
from simulator.server import RunningSimulator
from simulator.simulator import Settings
from tests import permissions
from tests.aws import aws, client, create_once
from tests.contracts.project import Function
from tests.openapi import find_operation, schema_errors
from tests.simulators import empty_simulator
from tests.template import create_table, resources

ROOT = Path(__file__).parents[2]
CALLBACK_URL = "https://abcdef1234.execute-api.us-east-1.amazonaws.com/live/callbacks/v2"
NOTIFICATION_URL = CALLBACK_URL.replace("/v2", "/orders")
# The result of a preflight without problems.
PASSED: Preflight = {"at": "2026-01-01T00:00:00.000Z", "ok": True, "problems": []}
CONFIG = AccountConfig(
    account_id="5000001",
    site_id="1001",
    user_id="u-simulated",
    dashboard_user="dashboard",
    dashboard_password="dashboard-password-in-tests",
    messaging_token="t-simulated",
    messaging_secret="messaging-secret-in-tests",
    client_id="client-in-tests",
    client_secret="client-secret-in-tests",
)


MESSAGING_CREDENTIALS = {
    "messagingToken": CONFIG.messaging_token,
    "messagingSecret": CONFIG.messaging_secret,
}
SECRETS = {
    "classic": {
        "dashboardUser": CONFIG.dashboard_user,
        "dashboardPassword": CONFIG.dashboard_password,
        **MESSAGING_CREDENTIALS,
    },
    # V1 numbers still use the messaging credentials, with the current API too.
    "current": {
        "clientId": CONFIG.client_id,
        "clientSecret": CONFIG.client_secret,
        **MESSAGING_CREDENTIALS,
    },
}


@dataclass
class Context:
    """The Lambda context of an invocation."""

    function_name: str = "function"
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:function"
    aws_request_id: str = "request-1"


@dataclass
class Stack:
    """The deployed resources that the functions use, and the Bandwidth simulator."""

    simulator: RunningSimulator
    dynamodb: Any
    sqs: Any
    secrets: Any
    s3: Any
    send_queue: str
    high_send_queue: str
    quarantine_queue: str
    events_dead_letter_queue: str
    media_queue: str
    webhook_queue: str
    webhook_dead_letter_queue: str

    def receive_messages(self, queue_url: str) -> list[Any]:
        """Receive the next messages of a queue, at most ten."""
        response = self.sqs.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
        )
        messages: list[Any] = response.get("Messages", [])
        return messages

    def make_visible(self) -> None:
        """Make the messages visible that were received and not deleted."""
        from moto.backends import get_backend  # noqa: PLC0415

        for queue in get_backend("sqs")["123456789012"]["us-east-1"].queues.values():
            for message in queue._messages:
                message.change_visibility(0)

    def add_fault(self, path: str, **fault: Any) -> None:
        """Add a fault to the next request to Bandwidth whose path matches."""
        from simulator.faults import Fault  # noqa: PLC0415

        self.simulator.simulator.faults.add(Fault(path=path, **fault))

    def requests(self, method: str, path: str) -> int:
        """Count the requests that Bandwidth received."""
        return len(self.simulator.simulator.capture.requests(path, method, bodies=False))


@pytest.fixture
def stack(generation: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """Return the tables, queues and secrets of the stack, and an empty Bandwidth account."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "test")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "test")
    config = replace(CONFIG, generation=generation)
    with aws():
        simulator = empty_simulator(config, Settings(receipt_seconds=0.01, order_seconds=0))
        stack = _build(simulator, generation)
        environment = {
            "STACK_NAME": "bandwidth-messaging",
            "NUMBERS_TABLE": "NumbersTable",
            "MESSAGES_TABLE": "MessagesTable",
            "USAGE_TABLE": "UsageTable",
            "USAGE_COUNTS": "false",
            "SEGMENT_PRICE": "0",
            "MMS_PRICE": "0",
            "MESSAGE_RETENTION_DAYS": "90",
            "ENFORCE_OPT_OUTS": "true",
            "OPT_OUT_SCOPE": "number",
            "SEND_DEADLINE_HOURS": "4",
            "LONGEST_SEND_DELAY_SECONDS": "900",
            "UNCONFIRMED_MINUTES": "180",
            "UNREGISTERED_SENDERS": "refuse",
            "SEND_QUEUE_URL": stack.send_queue,
            "HIGH_SEND_QUEUE_URL": stack.high_send_queue,
            "ACCOUNT_RATE": "0",
            "CAMPAIGN_RATE": "0",
            "TOLL_FREE_RATE": "0",
            "NUMBER_RATE": "0",
            "HIGH_PRIORITY_SHARE": "20",
            "BACKLOG_POLICY": "refuse",
            "QUARANTINE_QUEUE_URL": stack.quarantine_queue,
            "EVENT_BUS": "bandwidth-messaging",
            "EVENTS_DEAD_LETTER_QUEUE_URL": stack.events_dead_letter_queue,
            "BANDWIDTH_API": generation,
            "MEDIA_BUCKET": "media",
            "MEDIA_QUEUE_URL": stack.media_queue,
            "BANDWIDTH_SECRET": "bandwidth-messaging/bandwidth",
            "CALLBACK_SECRET": "callback",
            "BANDWIDTH_ACCOUNT_ID": CONFIG.account_id,
            "BANDWIDTH_SITE_ID": CONFIG.site_id,
            "TOKEN_URL": simulator.token_url,
            "DASHBOARD_URL": {
                "classic": simulator.dashboard_url,
                "current": simulator.current_dashboard_url,
            }[generation],
            "CALLBACK_URL_V1": CALLBACK_URL.replace("/v2", "/v1"),
            "CALLBACK_PROBE_URL": CALLBACK_URL,
            "CALLBACK_URL_V2": CALLBACK_URL,
            "NOTIFICATION_URL": NOTIFICATION_URL,
            "CATAPULT_URL": f"{simulator.url}/v1",
            "BANDWIDTH_USER_ID": CONFIG.user_id,
            "MESSAGING_URL": {
                "classic": simulator.messaging_url,
                "current": simulator.current_messaging_url,
            }[generation],
            "FILES_BUCKET": "files",
            "QUARANTINE_BUCKET": "quarantine",
            "KEYWORD_LANGUAGES": "en,fr,es",
            "UPLOAD_BUCKET": "uploads",
            "WEBHOOK_QUEUE_URL": stack.webhook_queue,
            "WEBHOOK_DEAD_LETTER_QUEUE_URL": stack.webhook_dead_letter_queue,
            "WEBHOOK_SECRET": "webhooks",
            "WEBHOOKS_ALLOW_LOCAL": "true",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        clear_caches()
        yield stack
        clear_caches()


def _create_resources(generation: str) -> None:
    for table in resources("AWS::DynamoDB::Table"):
        create_table(client("dynamodb"), table)
    secrets = client("secretsmanager")
    secrets.create_secret(Name="bandwidth-messaging/bandwidth", SecretString=json.dumps(SECRETS[generation]))
    secrets.create_secret(
        Name="callback", SecretString=json.dumps({"username": "bandwidth", "password": "callback:password"})
    )
    secrets.create_secret(Name="webhooks", SecretString="master-secret-of-webhooks-in-tests")
    client("events").create_event_bus(Name="bandwidth-messaging")


def _build(simulator: RunningSimulator, generation: str) -> Stack:
    create_once(generation, ["dynamodb", "secretsmanager", "events"], lambda: _create_resources(generation))
    sqs, s3 = client("sqs"), client("s3")
    s3.create_bucket(Bucket="media")
    s3.create_bucket(Bucket="files")
    s3.create_bucket(Bucket="uploads")
    s3.create_bucket(Bucket="quarantine")
    return Stack(
        simulator=simulator,
        dynamodb=client("dynamodb"),
        sqs=sqs,
        secrets=client("secretsmanager"),
        s3=s3,
        send_queue=sqs.create_queue(QueueName="send")["QueueUrl"],
        high_send_queue=sqs.create_queue(QueueName="high-send")["QueueUrl"],
        quarantine_queue=sqs.create_queue(QueueName="quarantine")["QueueUrl"],
        events_dead_letter_queue=sqs.create_queue(QueueName="events-dead-letters")["QueueUrl"],
        media_queue=sqs.create_queue(QueueName="media")["QueueUrl"],
        webhook_queue=sqs.create_queue(QueueName="webhooks")["QueueUrl"],
        webhook_dead_letter_queue=sqs.create_queue(QueueName="webhooks-dead-letters")["QueueUrl"],
    )


# Creating them is slow, and they do not depend on the environment of a test.
CLIENTS = [
    stores._session,
    stores._dynamodb,
    stores._sqs,
    stores._s3,
    stores.secrets_manager,
    stores.step_functions,
    stores.events,
]


def clear_caches() -> None:
    """Clear the caches of a Lambda environment, except its AWS clients."""
    parameters.clear_caches()
    settings_module.settings.cache_clear()
    for module in (bandwidth_clients, stores, wiring):
        for built in vars(module).values():
            is_cached = hasattr(built, "cache_clear") and built.__module__ == module.__name__
            if is_cached and built not in CLIENTS:
                built.cache_clear()


def clear_clients() -> None:
    """Clear the cached AWS clients."""
    for client_builder in CLIENTS:
        client_builder.cache_clear()


@cache
def sample(name: str) -> Any:
    """Return the sample event of a function, for example "messages/send_message"."""
    return json.loads((ROOT / "events" / f"{name}.json").read_text())


def call(module: ModuleType, event: Any) -> Any:
    """Call a function's handler with JSON input and return its JSON result, as Lambda does."""
    with permissions.recording(call.__code__) as called:
        response = json.loads(json.dumps(module.handler(json.loads(json.dumps(event)), Context())))
    # moto does not check policies. AWS rejects an action that the policy lacks.
    assert called <= permissions.allowed(logical_id_of(module))
    return response


def logical_id_of(module: ModuleType) -> str:
    """Return the logical id of the function with this module."""
    _, room, name = module.__name__.split(".")
    return Function(room, name).logical_id


def api_event(
    method: str,
    path: str,
    body: Any = None,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> Any:
    """Return the sample API Gateway proxy event with this request."""
    event = json.loads(json.dumps(sample("messages/send_message")))
    all_headers = event["headers"] | (headers or {})
    return event | {
        "headers": all_headers,
        "multiValueHeaders": {name: [value] for name, value in all_headers.items()},
        "httpMethod": method,
        "path": path,
        "resource": path,
        "body": json.dumps(body) if body is not None else None,
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()}
        if query
        else None,
        "requestContext": event["requestContext"] | {"httpMethod": method, "path": f"/live{path}"},
    }


def call_api(module: ModuleType, method: str, path: str, **parts: Any) -> tuple[int, Any]:
    """Call an API function, and return the status and the JSON of the body.

    Checks the body against the schema in docs/openapi.json.
    """
    response = call(module, api_event(method, path, **parts))
    status, body = response["statusCode"], json.loads(response["body"])
    if operation := find_operation(method, path):
        (content_type,) = response["multiValueHeaders"]["Content-Type"]
        assert (
            schema_errors(operation["responses"][str(status)]["content"][content_type]["schema"], body) == []
        )
    return status, body
