"""make preflight: each finding about the AWS account."""

import json

import pytest

from bandwidth_messaging.services.diagnosis import Finding, Result
from local.preflight import report
from tests.aws import client
from tests.local.conftest import REGION, REQUIRED, SECRET, Setting

# Secrets


def test_a_missing_secret_is_named_with_region_and_fields(setting: Setting) -> None:
    setting.parameters["BandwidthSecretName"] = "prod/bandwidth"

    assert setting.find()["BandwidthSecretName"] == Finding(
        Result.WRONG,
        'no secret "prod/bandwidth" in us-east-1',
        'create it in this region with {"clientId": "…", "clientSecret": "…"} (docs/deploy.md, step 2),'
        " or correct BandwidthSecretName",
    )


def test_a_secret_that_is_scheduled_for_deletion_must_be_restored(setting: Setting) -> None:
    client("secretsmanager").delete_secret(SecretId=SECRET)

    assert setting.find()["BandwidthSecretName"] == Finding(
        Result.WRONG,
        f'the secret "{SECRET}" in us-east-1 is scheduled for deletion',
        f"run: aws secretsmanager restore-secret --secret-id {SECRET} --region us-east-1",
    )


def test_a_secret_needs_the_fields_of_the_generation(setting: Setting) -> None:
    setting.parameters["BandwidthApi"] = "classic"

    finding = setting.find()["BandwidthSecretName"]

    missing = ("dashboardUser", "dashboardPassword", "messagingToken", "messagingSecret")
    assert finding.result == Result.WRONG
    assert finding.found == f"in the secret {SECRET}: {'; '.join(f'{name} is missing' for name in missing)}"


def test_no_finding_shows_a_value_of_the_secret(setting: Setting, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = {"clientId": "hidden-client ", "clientSecret": '"hidden-secret"'}
    client("secretsmanager").put_secret_value(SecretId=SECRET, SecretString=json.dumps(wrong))

    report(setting.find().items())

    printed = capsys.readouterr().out
    assert "clientId starts or ends with a space" in printed
    assert "hidden" not in printed


def test_the_secret_of_forwarded_events_is_checked_if_events_are_forwarded(setting: Setting) -> None:
    assert "ForwardSecretName" not in setting.find()
    setting.parameters["ForwardEventsTo"] = "https://example.com/events"

    assert setting.find()["ForwardSecretName"].result == Result.WRONG

    content = json.dumps({"header": "x-api-key", "value": "key"})
    client("secretsmanager").create_secret(Name="bandwidth-messaging/forward", SecretString=content)
    assert setting.find()["ForwardSecretName"].result == Result.OK


# Topic and buckets


def test_without_a_topic_the_advice_is_to_set_one(setting: Setting) -> None:
    finding = setting.find()["AlarmTopicArn"]

    assert (finding.result, finding.found) == (Result.OK, "alarms notify no one")
    assert finding.fix


def test_a_topic_that_does_not_exist_is_wrong(setting: Setting) -> None:
    arn = setting.create_topic()
    setting.parameters["AlarmTopicArn"] = f"{arn}-2"

    assert setting.find()["AlarmTopicArn"] == Finding(
        Result.WRONG, f"{arn}-2 does not exist", "create the topic, or correct AlarmTopicArn"
    )


def test_a_topic_in_another_region_is_wrong(setting: Setting) -> None:
    arn = setting.create_topic().replace(REGION, "eu-west-1")
    setting.parameters["AlarmTopicArn"] = arn

    assert setting.find()["AlarmTopicArn"] == Finding(
        Result.WRONG,
        f"{arn} is in eu-west-1, and the stack in us-east-1",
        "set AlarmTopicArn to a topic in us-east-1",
    )


def test_a_topic_with_the_key_of_aws_is_wrong_because_alarms_cannot_use_the_key(setting: Setting) -> None:
    setting.create_topic(KmsMasterKeyId="alias/aws/sns")

    finding = setting.find()["AlarmTopicArn"]

    assert finding.result == Result.WRONG
    assert "alias/aws/sns" in finding.found


def test_a_topic_without_a_confirmed_subscription_is_advice(setting: Setting) -> None:
    arn = setting.create_topic()
    setting.subscriptions = 0

    assert setting.find()["AlarmTopicArn"] == Finding(
        Result.OK, f"{arn} exists, without a confirmed subscription", "subscribe to it and confirm the mail"
    )


def test_buckets_must_exist(setting: Setting) -> None:
    setting.parameters["LettersBucket"] = "letters-of-acme"
    setting.s3_bucket = "uploads-of-acme"
    missing = setting.find()
    for name in ("letters-of-acme", "uploads-of-acme"):
        client("s3").create_bucket(Bucket=name)

    found = setting.find()

    assert missing["LettersBucket"].found == 'no bucket "letters-of-acme"'
    assert missing["s3_bucket"].found == 'no bucket "uploads-of-acme"'
    assert {found[name].result for name in ("LettersBucket", "s3_bucket")} == {Result.OK}
    assert "resolve_s3" not in found


# Concurrency


def test_a_new_account_is_advised_to_request_more_concurrency(setting: Setting) -> None:
    setting.free_concurrency = 10

    finding = setting.find()["SendConcurrency"]

    assert finding.result == Result.OK
    assert "10 functions at a time in us-east-1" in finding.found
    assert "run: aws service-quotas request-service-quota-increase" in (finding.fix or "")


def test_sending_must_leave_concurrency_for_callbacks(setting: Setting) -> None:
    setting.free_concurrency = 100
    # Each of the two send queues has this concurrency.
    setting.parameters["SendConcurrency"] = "50"

    finding = setting.find()["SendConcurrency"]

    assert finding.result == Result.WRONG
    assert "sending takes up to 100" in finding.found
    assert (finding.fix or "").startswith("lower SendConcurrency, or run: ")
    setting.parameters["SendConcurrency"] = "30"
    assert setting.find()["SendConcurrency"].fix is None


# Stack


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED"])
def test_a_stack_that_can_be_updated_is_ok(setting: Setting, status: str) -> None:
    setting.stacks["texts"] = status

    assert setting.find()["stack_name"] == Finding(
        Result.OK, f"the stack texts exists ({status}) and will be updated"
    )


@pytest.mark.parametrize(
    ("status", "fix"),
    [
        ("UPDATE_IN_PROGRESS", "wait until the operation has ended"),
        ("UPDATE_ROLLBACK_FAILED", "run: aws cloudformation continue-update-rollback --stack-name texts"),
        ("ROLLBACK_COMPLETE", "it can only be deleted: sam delete --stack-name texts"),
        ("ROLLBACK_FAILED", "it can only be deleted: sam delete --stack-name texts"),
        ("DELETE_FAILED", "it can only be deleted: sam delete --stack-name texts"),
    ],
)
def test_a_stack_that_cannot_be_updated_is_wrong(setting: Setting, status: str, fix: str) -> None:
    setting.stacks["texts"] = status

    finding = setting.find()["stack_name"]

    assert (finding.result, finding.found) == (Result.WRONG, f"the stack texts is {status}")
    assert (finding.fix or "").startswith(fix)


def test_values_that_a_deployment_keeps_are_listed(setting: Setting) -> None:
    setting.stacks["texts"] = "UPDATE_COMPLETE"
    setting.parameters["NumberRate"] = "2"
    setting.stack_parameters = REQUIRED | {"NumberRate": "5", "Webhooks": "true", "ApiPage": "false"}

    finding = setting.find()["parameters of the stack"]

    assert finding == Finding(
        Result.OK,
        'the deployment keeps what the configuration does not set: Webhooks = "true"',
        "set them in the configuration: these values to keep them, other values to change them",
    )


def test_the_account_is_checked_with_the_values_that_a_deployment_keeps(setting: Setting) -> None:
    setting.stacks["texts"] = "UPDATE_COMPLETE"
    setting.stack_parameters = {"LettersBucket": "missing"}

    assert setting.find()["LettersBucket"].result == Result.WRONG


def test_a_stack_for_another_processor_than_the_build_is_wrong(setting: Setting) -> None:
    setting.stacks["texts"] = "UPDATE_COMPLETE"
    setting.stack_parameters = {"Architecture": "x86_64"}

    finding = setting.find()["parameters of the stack"]

    assert finding.result == Result.WRONG
    assert 'Architecture = "x86_64"' in finding.found


@pytest.mark.parametrize("stacks", [{}, {"texts": "REVIEW_IN_PROGRESS"}])
def test_a_new_stack_is_ok(setting: Setting, stacks: dict[str, str]) -> None:
    setting.stacks = stacks

    assert setting.find()["stack_name"] == Finding(Result.OK, "a new stack texts will be created")


def test_a_new_stack_should_not_protect_its_tables_yet(setting: Setting) -> None:
    setting.parameters["DeletionProtection"] = "true"

    finding = setting.find()["stack_name"]

    assert finding.result == Result.OK
    assert (finding.fix or "").startswith("deploy once with DeletionProtection = false")
    setting.stacks["texts"] = "CREATE_COMPLETE"
    assert setting.find()["stack_name"].fix is None


def test_a_new_stack_cannot_create_what_an_earlier_one_left(setting: Setting) -> None:
    logs = client("logs")
    for name in ("texts/messages", "texts/checks-of-another", "texts-2/checks"):
        logs.create_log_group(logGroupName=f"/aws/lambda/{name}")
    client("events").create_event_bus(Name="texts")

    finding = setting.find()["stack_name"]

    assert finding.result == Result.WRONG
    assert finding.found == (
        "a new stack texts cannot create what exists: log group /aws/lambda/texts/messages, event bus texts"
    )
    setting.stacks["texts"] = "UPDATE_COMPLETE"
    assert setting.find()["stack_name"].result == Result.OK


def test_the_stack_of_sam_must_not_have_failed(setting: Setting) -> None:
    setting.stacks["aws-sam-cli-managed-default"] = "ROLLBACK_COMPLETE"

    finding = setting.find()["resolve_s3"]

    assert finding.result == Result.WRONG
    assert finding.found == "the stack aws-sam-cli-managed-default is ROLLBACK_COMPLETE"
    setting.stacks["aws-sam-cli-managed-default"] = "CREATE_COMPLETE"
    assert setting.find()["resolve_s3"].result == Result.OK
