"""make preflight: each finding before a deployment. moto simulates the account."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from bandwidth_messaging.services.diagnosis import Finding, Result
from local import preflight
from local.preflight import check_all, create_client
from local.saved_configuration import SavedConfiguration
from tests.aws import aws, client

REGION = "us-east-1"
SECRET = "bandwidth-messaging/bandwidth"
CREDENTIALS = {"clientId": "client", "clientSecret": "secret"}
REQUIRED = {"BandwidthAccountId": "9900000", "BandwidthSiteId": "13651"}
READS = ("Get", "Describe", "List", "Head")


class Setting:
    """An account with everything that a first deployment needs. A test removes what it is about."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.parameters = dict(REQUIRED)
        self.stack_name: str | None = "texts"
        self.region: str | None = REGION
        self.profile: str | None = None
        self.s3_bucket: str | None = None
        self.build = Path("nothing-built")
        self.free_concurrency = 1000
        self.subscriptions = 1
        # Status by name.
        self.stacks: dict[str, str] = {}
        self.operations: list[str] = []
        client("secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps(CREDENTIALS))
        call = BaseClient._make_api_call

        def answer(aws_client: Any, operation: str, request: dict[str, Any]) -> Any:
            self.operations.append(operation)
            match operation:
                # moto does not have these two, the second not without more packages.
                case "GetAccountSettings":
                    return {"AccountLimit": {"UnreservedConcurrentExecutions": self.free_concurrency}}
                case "DescribeStacks":
                    return {"Stacks": [{"StackStatus": self._status_of(request["StackName"])}]}
            response = call(aws_client, operation, request)
            if operation == "GetTopicAttributes":
                # moto does not count.
                response["Attributes"]["SubscriptionsConfirmed"] = str(self.subscriptions)
            return response

        monkeypatch.setattr(BaseClient, "_make_api_call", answer)
        # Creating a client takes longer than most checks.
        monkeypatch.setattr(preflight, "create_client", lambda _session, service: client(service))

    def find(self) -> dict[str, Finding]:
        """Run all checks, and return the findings by name."""
        configuration = SavedConfiguration(
            file=Path("samconfig.toml"),
            stack_name=self.stack_name,
            region=self.region,
            profile=self.profile,
            s3_bucket=self.s3_bucket,
            parameters=self.parameters,
        )
        return dict(check_all(configuration, self.build))

    def create_topic(self, **attributes: str) -> str:
        """Create a topic, set it as AlarmTopicArn, and return its ARN."""
        arn: str = client("sns").create_topic(Name="alarms", Attributes=attributes)["TopicArn"]
        self.parameters["AlarmTopicArn"] = arn
        return arn

    def _status_of(self, name: str) -> str:
        if name not in self.stacks:
            message = f"Stack with id {name} does not exist"
            raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStacks")
        return self.stacks[name]


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Setting]:
    # The AWS CLI of this machine takes a second.
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with aws():
        yield Setting(monkeypatch)


@pytest.fixture
def aws_cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that installs an `aws` that prints a version."""

    def install(version: str) -> None:
        program = tmp_path / "aws"
        program.write_text(f"#!/bin/sh\necho '{version}'\n")
        program.chmod(0o755)
        monkeypatch.setattr(shutil, "which", {"aws": str(program)}.get)

    return install


def test_an_account_that_is_ready_has_no_wrong_finding(
    setting: Setting, aws_cli: Callable[[str], None]
) -> None:
    aws_cli("aws-cli/2.31.0 Python/3.13.7 Linux/6.8")
    setting.create_topic()

    findings = setting.find()

    assert {name: finding.result for name, finding in findings.items()} == dict.fromkeys(
        (
            "parameters",
            "Architecture",
            "AWS CLI",
            "credentials",
            "BandwidthSecretName",
            "AlarmTopicArn",
            "SendConcurrency",
            "stack_name",
            "resolve_s3",
        ),
        Result.OK,
    )
    assert [name for name, finding in findings.items() if finding.fix] == ["Architecture"]


def test_every_request_only_reads(setting: Setting) -> None:
    setting.create_topic()
    setting.s3_bucket = "uploads"
    setting.parameters |= {"ForwardEventsTo": "https://example.com", "LettersBucket": "letters"}
    setting.find()
    setting.s3_bucket = None
    setting.stacks["texts"] = "CREATE_COMPLETE"
    setting.operations.clear()

    setting.find()

    assert setting.operations
    assert [name for name in setting.operations if not name.startswith(READS)] == []


# Configuration


def test_a_wrong_parameter_is_named_with_value_rule_and_file(setting: Setting) -> None:
    setting.parameters["SendConcurrency"] = "1"

    finding = setting.find()["SendConcurrency"]

    assert finding == Finding(
        Result.WRONG,
        '"1" is not accepted: it must be a whole number from 2 to 1000',
        "correct SendConcurrency in samconfig.toml (docs/deploy.md, Parameters)",
    )


def test_the_account_is_checked_although_a_parameter_is_wrong(setting: Setting) -> None:
    setting.parameters |= {"SendConcurrency": "many", "AlarmTopicArn": "alarms"}

    findings = setting.find()

    assert findings["BandwidthSecretName"].result == Result.OK
    assert findings["SendConcurrency"].result == findings["AlarmTopicArn"].result == Result.WRONG


@pytest.mark.parametrize("name", [None, "1st", "a_b", "a" * 129])
def test_a_stack_needs_a_valid_name(setting: Setting, name: str | None) -> None:
    setting.stack_name = name

    finding = setting.find()["stack_name"]

    assert (finding.result, finding.fix) == (Result.WRONG, "correct stack_name in samconfig.toml")
    assert f'"{name or ""}"' in finding.found


def test_a_region_must_be_set(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    setting.region = None
    monkeypatch.delenv("AWS_DEFAULT_REGION")

    assert setting.find()["region"] == Finding(
        Result.WRONG, "no region is set", "set region in samconfig.toml"
    )


def test_a_profile_that_does_not_exist_is_named(setting: Setting) -> None:
    setting.profile = "work"

    finding = setting.find()["profile"]

    assert finding.result == Result.WRONG
    assert "(work)" in finding.found
    assert finding.fix == "correct profile in samconfig.toml, or run aws configure"


def test_without_credentials_nothing_else_is_read(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setattr(preflight, "create_client", create_client)

    findings = setting.find()

    assert findings["credentials"].result == Result.WRONG
    assert "Unable to locate credentials" in findings["credentials"].found
    assert list(findings)[-1] == "credentials"
