"""What must exist in the AWS account before a deployment. Every check only reads.

Each check returns a finding as the doctor's checks do: `ok`, with a fix as advice; `wrong`, which makes the
deployment fail or the stack useless; or `unknown`, if AWS did not let it read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from bandwidth_messaging.services.diagnosis import Finding, Result, check_secret, ok, unknown, wrong
from bandwidth_messaging.services.doctor import list_secret_fields

_UPDATABLE: Final = {
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
    # Only with --disable-rollback, which keeps what was created. The next update continues.
    "CREATE_FAILED",
    "UPDATE_FAILED",
}
# `sam deploy` creates a stack in this state: its change set was never executed.
_ABSENT: Final = {None, "REVIEW_IN_PROGRESS"}
_SAM_STACK: Final = "aws-sam-cli-managed-default"
# For the functions behind the APIs, streams, schedules and state machines, which no queue limits.
_OTHER_CONCURRENCY: Final = 10
_CONCURRENCY_QUOTA: Final = "L-B99A9384"
_RECOMMENDED_CONCURRENCY: Final = 1000


@dataclass(frozen=True)
class Account:
    """An AWS account and region, and the stack to deploy there.

    ``client`` returns a boto3 client of a service in the stack's region. ``saved`` has the parameters that
    the configuration sets, ``parameters`` also the defaults of the others.
    """

    client: Callable[[str], Any]
    region: str
    stack_name: str
    s3_bucket: str | None
    template: Mapping[str, Any]
    saved: Mapping[str, str]
    parameters: Mapping[str, str]

    def check(self) -> Iterator[tuple[str, Finding]]:
        """Yield the name and the finding of each check. Without credentials the other checks are left out."""
        credentials = self.check_credentials()
        yield "credentials", credentials
        if credentials.result != Result.OK:
            return
        kept = self._list_kept_values()
        if kept:
            yield "parameters of the stack", _explain_kept_values(kept)
        for name, check in replace(self, parameters={**self.parameters, **kept}).list_checks():
            yield name, _run(check)

    def _list_kept_values(self) -> dict[str, str]:
        """Return the values of the stack that the deployment keeps, and that differ from the defaults.

        `sam deploy` passes UsePreviousValue for each parameter that the configuration does not set
        (https://github.com/aws/aws-sam-cli/issues/4180, 2026-11-29).
        """
        try:
            stack = self._describe_stack(self.stack_name)
        except (BotoCoreError, ClientError):
            # check_stack reports it.
            return {}
        values = {
            each["ParameterKey"]: each["ParameterValue"] for each in (stack or {}).get("Parameters", [])
        }
        return {
            name: values[name]
            for name, default in self.parameters.items()
            if name not in self.saved and values.get(name, default) != default
        }

    def list_checks(self) -> Iterator[tuple[str, Callable[[], Finding]]]:
        """Yield the name of each check that needs credentials, and the check."""
        yield "BandwidthSecretName", self.check_bandwidth_secret
        if self.parameters["ForwardEventsTo"]:
            yield "ForwardSecretName", self.check_forward_secret
        if self.parameters["LettersBucket"]:
            yield "LettersBucket", lambda: self.check_bucket(self.parameters["LettersBucket"])
        yield "AlarmTopicArn", self.check_topic
        yield "SendConcurrency", self.check_concurrency
        yield "stack_name", self.check_stack
        if self.s3_bucket:
            yield "s3_bucket", lambda: self.check_bucket(self.s3_bucket or "")
        else:
            yield "resolve_s3", self.check_sam_stack

    def check_credentials(self) -> Finding:
        try:
            identity = self.client("sts").get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            return wrong(
                f"AWS does not identify you in {self.region}: {error}",
                "run aws sso login or aws configure, or correct profile or region in the configuration",
            )
        return ok(f"account {identity['Account']}, region {self.region}, {identity['Arn']}")

    def check_bandwidth_secret(self) -> Finding:
        is_current = self.parameters["BandwidthApi"] == "current"
        return self._check_secret("BandwidthSecretName", list_secret_fields(is_current=is_current))

    def check_forward_secret(self) -> Finding:
        return self._check_secret("ForwardSecretName", ("header", "value"))

    def _check_secret(self, parameter: str, fields: Iterable[str]) -> Finding:
        name = self.parameters[parameter]
        try:
            text = self.client("secretsmanager").get_secret_value(SecretId=name).get("SecretString", "")
        except ClientError as error:
            if _code(error) == "InvalidRequestException":
                return wrong(
                    f'the secret "{name}" in {self.region} is scheduled for deletion',
                    f"run: aws secretsmanager restore-secret --secret-id {name} --region {self.region}",
                )
            if _code(error) != "ResourceNotFoundException":
                raise
            form = ", ".join(f'"{field}": "…"' for field in fields)
            return wrong(
                f'no secret "{name}" in {self.region}',
                f"create it in this region with {{{form}}} (docs/deploy.md, step 2), or correct {parameter}",
            )
        return check_secret(name, text, fields)

    def check_bucket(self, name: str) -> Finding:
        try:
            self.client("s3").head_bucket(Bucket=name)
        except ClientError as error:
            if _code(error) != "404":
                raise
            return wrong(f'no bucket "{name}"', "create the bucket, or correct its name")
        return ok(f"the bucket {name} exists")

    def check_topic(self) -> Finding:
        arn = self.parameters["AlarmTopicArn"]
        if not arn:
            return ok("alarms notify no one", "create a topic and set AlarmTopicArn (docs/deploy.md, step 8)")
        if (region := arn.split(":")[3]) != self.region:
            return wrong(
                f"{arn} is in {region}, and the stack in {self.region}",
                f"set AlarmTopicArn to a topic in {self.region}",
            )
        try:
            topic = self.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]
        except ClientError as error:
            if _code(error) not in ("NotFound", "NotFoundException"):
                raise
            return wrong(f"{arn} does not exist", "create the topic, or correct AlarmTopicArn")
        # https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns (2026-11-28)
        if topic.get("KmsMasterKeyId", "").endswith("alias/aws/sns"):
            return wrong(
                f"{arn} is encrypted with the key alias/aws/sns, and alarms cannot use that key",
                "encrypt it with a customer managed key that cloudwatch.amazonaws.com may use, or not at all",
            )
        if topic.get("SubscriptionsConfirmed", "0") == "0":
            return ok(
                f"{arn} exists, without a confirmed subscription", "subscribe to it and confirm the mail"
            )
        return ok(f"{arn} exists")

    def check_concurrency(self) -> Finding:
        settings = self.client("lambda").get_account_settings()
        free: int = settings["AccountLimit"]["UnreservedConcurrentExecutions"]
        sending, others = self._queue_concurrency()
        found = f"Lambda runs {free} functions at a time in {self.region}"
        increase = (
            "aws service-quotas request-service-quota-increase --service-code lambda --quota-code"
            f" {_CONCURRENCY_QUOTA} --desired-value {_RECOMMENDED_CONCURRENCY} --region {self.region}"
        )
        if sending >= free:
            return wrong(
                f"{found}, and sending takes up to {sending}: nothing is left for callbacks",
                f"lower SendConcurrency, or run: {increase}",
            )
        if sending + others + _OTHER_CONCURRENCY > free:
            return ok(f"{found}. A burst can throttle callbacks", f"before production run: {increase}")
        return ok(found)

    def _queue_concurrency(self) -> tuple[int, int]:
        """Return how many functions run at most for the send queues, and for all other queues."""
        sending = others = 0
        for resource in self.template["Resources"].values():
            for event in resource.get("Properties", {}).get("Events", {}).values():
                limit = event.get("Properties", {}).get("ScalingConfig", {}).get("MaximumConcurrency", 0)
                if limit == {"Ref": "SendConcurrency"}:
                    sending += int(self.parameters["SendConcurrency"])
                else:
                    others += limit
        return sending, others

    def check_stack(self) -> Finding:
        status = self._status_of(self.stack_name)
        if status in _ABSENT:
            return self._check_names()
        if status in _UPDATABLE:
            return ok(f"the stack {self.stack_name} exists ({status}) and will be updated")
        return wrong(
            f"the stack {self.stack_name} is {status}", _explain_status(self.stack_name, status or "")
        )

    def check_sam_stack(self) -> Finding:
        """Check the stack with the bucket that `sam deploy` uploads to. `sam deploy` creates it."""
        status = self._status_of(_SAM_STACK)
        if status in _ABSENT:
            return ok(f"sam deploy will create the stack {_SAM_STACK} with a bucket for its uploads")
        if status in _UPDATABLE:
            return ok(f"sam deploy uploads to the bucket of the stack {_SAM_STACK}")
        return wrong(f"the stack {_SAM_STACK} is {status}", _explain_status(_SAM_STACK, status or ""))

    def _status_of(self, stack_name: str) -> str | None:
        stack = self._describe_stack(stack_name)
        return stack["StackStatus"] if stack else None

    def _describe_stack(self, stack_name: str) -> dict[str, Any] | None:
        try:
            (stack,) = self.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
        except ClientError as error:
            if _code(error) == "ValidationError" and "does not exist" in str(error):
                return None
            raise
        described: dict[str, Any] = stack
        return described

    def _check_names(self) -> Finding:
        """Check that nothing has a name that a new stack gives. An earlier stack may have left it behind."""
        if existing := [*self._list_existing_log_groups(), *self._list_existing_buses()]:
            return wrong(
                f"a new stack {self.stack_name} cannot create what exists: {', '.join(existing)}",
                "delete it if nothing uses it (docs/deploy.md, Delete the stack), or change stack_name",
            )
        found = f"a new stack {self.stack_name} will be created"
        if self.parameters["DeletionProtection"] != "true":
            return ok(found)
        return ok(
            found,
            "deploy once with DeletionProtection = false: CloudFormation cannot undo a failed creation of"
            " protected tables",
        )

    def _list_existing_log_groups(self) -> Iterator[str]:
        logs = self.client("logs")
        for resource in self.template["Resources"].values():
            if resource["Type"] == "AWS::Logs::LogGroup":
                name = resource["Properties"]["LogGroupName"]["Fn::Sub"].replace(
                    "${AWS::StackName}", self.stack_name
                )
                groups = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
                if any(group["logGroupName"] == name for group in groups):
                    yield f"log group {name}"

    def _list_existing_buses(self) -> Iterator[str]:
        events = self.client("events")
        try:
            events.describe_event_bus(Name=self.stack_name)
        except ClientError as error:
            if _code(error) != "ResourceNotFoundException":
                raise
        else:
            yield f"event bus {self.stack_name}"


def _explain_kept_values(kept: Mapping[str, str]) -> Finding:
    listed = ", ".join(f'{name} = "{value}"' for name, value in kept.items())
    found = f"the deployment keeps what the configuration does not set: {listed}"
    fix = "set them in the configuration: these values to keep them, other values to change them"
    # The build is for the Architecture in the configuration.
    return wrong(found, f"{fix}. Then run make build again") if "Architecture" in kept else ok(found, fix)


def _explain_status(stack_name: str, status: str) -> str:
    if status.endswith("_IN_PROGRESS"):
        return "wait until the operation has ended"
    if status == "UPDATE_ROLLBACK_FAILED":
        return f"run: aws cloudformation continue-update-rollback --stack-name {stack_name}"
    return f"it can only be deleted: sam delete --stack-name {stack_name} (docs/deploy.md, Delete the stack)"


def _run(check: Callable[[], Finding]) -> Finding:
    """Run a check. An error of AWS that the check does not expect is a finding too."""
    try:
        return check()
    except ClientError as error:
        return unknown(
            f"AWS rejected {error.operation_name}: {_code(error)}",
            "use credentials that may call it, or check by hand",
        )
    except BotoCoreError as error:
        return unknown(f"AWS did not respond: {error}", "run the check again")


def _code(error: ClientError) -> str:
    code: str = error.response["Error"]["Code"]
    return code
