"""An AWS account of moto, and a configuration for it."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from bandwidth_messaging.services.diagnosis import Finding
from local import preflight
from local.preflight import check_all
from local.saved_configuration import SavedConfiguration
from tests.aws import aws, client

REGION = "us-east-1"
SECRET = "bandwidth-messaging/bandwidth"
CREDENTIALS = {"clientId": "client", "clientSecret": "secret"}
REQUIRED = {"BandwidthAccountId": "9900000", "BandwidthSiteId": "13651"}


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
        self.denied = ""
        # Status by name.
        self.stacks: dict[str, str] = {}
        self.stack_parameters: dict[str, str] = {}
        self.operations: list[str] = []
        client("secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps(CREDENTIALS))
        call = BaseClient._make_api_call  # type: ignore[attr-defined]

        def answer(aws_client: Any, operation: str, request: dict[str, Any]) -> Any:
            self.operations.append(operation)
            if operation == self.denied:
                raise ClientError({"Error": {"Code": "AccessDeniedException"}}, operation)
            match operation:
                # moto does not have these two, the second not without more packages.
                case "GetAccountSettings":
                    return {"AccountLimit": {"UnreservedConcurrentExecutions": self.free_concurrency}}
                case "DescribeStacks":
                    status = self._status_of(request["StackName"])
                    return {"Stacks": [{"StackStatus": status, "Parameters": self._list_parameters()}]}
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
            file=Path("samconfig.bandwidth-messaging.toml"),
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

    def _list_parameters(self) -> list[dict[str, str]]:
        values = self.stack_parameters.items()
        return [{"ParameterKey": name, "ParameterValue": value} for name, value in values]

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
