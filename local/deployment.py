"""The real template, built and deployed onto the emulator with the SAM CLI."""

import hashlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local.build import ROOT, SAM, compile_bytecode
from local.function_settings import read_variables, set_variables
from local.progress import CloudError, wait_for
from local.stack import REGION, Stack, client, find_directory

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_lambda import LambdaClient

STACK = "bandwidth-messaging"
# The template's defaults.
BANDWIDTH_SECRET_NAME = "bandwidth-messaging/bandwidth"  # noqa: S105
FORWARD_SECRET_NAME = "bandwidth-messaging/forward"  # noqa: S105
LETTERS_BUCKET = "letters-of-authorization"
SAM_CONFIGURATION = ROOT / "samconfig.toml"
OUTPUTS = {
    "ApiPageUrl",
    "CallbackApiUrl",
    "CallbackSecretArn",
    "ControlApiUrl",
    "EventBusName",
    "HostedMessagingStateMachineArn",
    "FilesBucketName",
    "MessagesTableName",
    "MessagingV2StateMachineArn",
    "NumbersTableName",
    "OptOutsStateMachineArn",
    "QuarantineQueueUrl",
    "ReleaseNumbersStateMachineArn",
    "SendQueueUrl",
}


def compute_source_digest() -> str:
    """Return a digest of the sources to deploy."""
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    yield SAM_CONFIGURATION
    yield ROOT / "template.yaml"
    for folder in ("functions", "layers", "statemachines"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


@dataclass(frozen=True)
class Target:
    """An emulator to deploy to, with its simulator. Stack describes the fields."""

    api: str
    endpoint_url: str
    simulator: str
    bandwidth: dict[str, str] = field(repr=False)
    access_key_id: str
    secret_access_key: str = field(repr=False)

    def client(self, service: str) -> Any:
        """Return a boto3 client of the emulator with the root user's keys."""
        return client(service, self.endpoint_url, self.access_key_id, self.secret_access_key)


def build_and_deploy(directory: Path, targets: Sequence[Target]) -> None:
    """Deploy the sources to the emulators and write the stack files. Raises CloudError."""
    sources = compute_source_digest()
    _build(directory)
    with ThreadPoolExecutor() as executor:
        # Raises the first failure after all deployments have ended.
        list(executor.map(lambda target: _deploy(directory, target), targets))
    for target in targets:
        _describe(target, sources).write(directory)


def _build(directory: Path) -> None:
    arguments = ["build", "--template-file", str(ROOT / "template.yaml"), "--base-dir", str(ROOT)]
    parameters = ["--parameter-overrides", f"Architecture={_architecture()}"]
    _sam([*arguments, *parameters], directory, directory / "build.log")
    _allow_plain_http(directory)
    if sys.platform != "linux":
        _rebuild_layer_for_this_machine(directory)
    compile_bytecode(directory / ".aws-sam" / "build")


def _allow_plain_http(directory: Path) -> None:
    """Allow http:// URLs as parameters of the built template, because the simulator has no certificate."""
    built = directory / ".aws-sam" / "build" / "template.yaml"
    text = built.read_text()
    if "https://[^" not in text:
        raise CloudError(
            "The template has no URL pattern that starts with https://[^. Change _allow_plain_http in"
            " local/deployment.py."
        )
    built.write_text(text.replace("https://[^", "https?://[^"))


def _rebuild_layer_for_this_machine(directory: Path) -> None:
    """Replace the packages of the layer. SAM builds them for Linux, and the emulator runs on this machine."""
    requirements = ROOT / "layers" / "shared" / "requirements.txt"
    target = directory / ".aws-sam" / "build" / "SharedLayer" / "python"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade"]
    subprocess.run([*command, "--requirement", requirements, "--target", target], check=True)


def _deploy(directory: Path, target: Target) -> None:
    simulator, bandwidth = target.simulator, target.bandwidth
    _put_secrets(target)
    dashboard = {"classic": f"{simulator}/api", "current": f"{simulator}/api/v2"}
    messaging = {"classic": f"{simulator}/v2", "current": f"{simulator}/messaging/api/v2"}
    parameters = {
        "ApiPage": "true",
        "Architecture": _architecture(),
        "BandwidthApi": target.api,
        "BandwidthAccountId": bandwidth["account_id"],
        "BandwidthSiteId": bandwidth["site_id"],
        "BandwidthUserId": bandwidth["user_id"],
        "TokenUrl": f"{simulator}/api/v1/oauth2/token",
        "DashboardUrl": dashboard[target.api],
        "MessagingUrl": messaging[target.api],
        "CatapultUrl": f"{simulator}/v1",
        "LettersBucket": LETTERS_BUCKET,
        "MediaArchive": "true",
        "Webhooks": "true",
        # The simulated account has no campaign, so a registration check would block all messages.
        "RegistrationSchedule": "rate(365 days)",
        # No server listens on this port. A test sets its own URL.
        "ForwardEventsTo": "http://127.0.0.1:9/events",
    }
    # Without quotes, sam ends a value at its first space.
    overrides = [f'{name}="{value}"' for name, value in parameters.items()]
    target.client("s3").create_bucket(Bucket=LETTERS_BUCKET)
    cloudformation: CloudFormationClient = target.client("cloudformation")
    log = find_directory(directory, target.api) / "deploy.log"
    since = datetime.now(UTC)
    try:
        arguments = ["deploy", "--stack-name", STACK, "--parameter-overrides", *overrides]
        _sam(arguments, directory, log, target)
    except CloudError:
        if failed := _failed_resource(cloudformation, since):
            raise CloudError(f"sam deploy failed at {failed} Its output is in {log}.") from None
        raise
    _put_gateway_responses(cloudformation, target)
    _put_concurrency(target)
    _set_urls(cloudformation, target)
    functions: LambdaClient = target.client("lambda")
    for function in ("ManageWebhooks", "SendWebhook"):
        # Webhooks of the local cloud are on this machine, and have no certificate.
        set_variables(functions, _physical_id(cloudformation, function), {"WEBHOOKS_ALLOW_LOCAL": "true"})
    # Without webhooks the rule would only start a function for each event. docs/events.md enables it.
    rule = _physical_id(cloudformation, "WebhookRule")
    target.client("events").disable_rule(Name=rule, EventBusName=STACK)


def _architecture() -> str:
    return "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64"


def _sam(arguments: list[str], directory: Path, log: Path, target: Target | None = None) -> None:
    command = arguments[0]
    print(f"sam {command}", flush=True)
    configuration = ["--config-file", str(SAM_CONFIGURATION), "--config-env", "local"]
    with log.open("wb") as output:
        # sam writes .aws-sam to the current directory, and each local cloud needs its own.
        process = subprocess.Popen(
            [SAM, *arguments, *configuration],
            cwd=directory,
            env=_environment(target),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(f"sam {command}", lambda: process.poll() is not None, seconds=600)
        finally:
            process.kill()
            process.wait()
    if process.returncode:
        errors = [line for line in log.read_text().splitlines() if line.startswith("Error")]
        raise CloudError(f"sam {command} failed. Its output is in {log}. {' '.join(errors[-1:])}".strip())


def _environment(target: Target | None) -> dict[str, str]:
    """Return the user's environment with the target as AWS. Without a target, AWS is unreachable."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return inherited | {
        "AWS_ACCESS_KEY_ID": target.access_key_id if target else "none",
        "AWS_SECRET_ACCESS_KEY": target.secret_access_key if target else "none",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": target.endpoint_url if target else "http://127.0.0.1:9",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        # sam searches PATH for the runtime's interpreter, python3.13.
        "PATH": f"{SAM.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "SAM_CLI_POLL_DELAY": "0.5",
        "SAM_CLI_TELEMETRY": "0",
    }


def _put_secrets(target: Target) -> None:
    secretsmanager = target.client("secretsmanager")
    fields = {
        "classic": {
            "dashboardUser": "dashboard_user",
            "dashboardPassword": "dashboard_password",
            "messagingToken": "messaging_token",
            "messagingSecret": "messaging_secret",
        },
        "current": {"clientId": "client_id", "clientSecret": "client_secret"},
    }
    contents = {
        BANDWIDTH_SECRET_NAME: {field: target.bandwidth[name] for field, name in fields[target.api].items()},
        FORWARD_SECRET_NAME: {"header": "X-Api-Key", "value": "key-of-the-local-cloud"},
    }
    for name, content in contents.items():
        try:
            secretsmanager.create_secret(Name=name, SecretString=json.dumps(content))
        except secretsmanager.exceptions.ResourceExistsException:
            secretsmanager.put_secret_value(SecretId=name, SecretString=json.dumps(content))


def _put_gateway_responses(cloudformation: "CloudFormationClient", target: Target) -> None:
    """Create the gateway responses of each API. The emulator does not import them from the OpenAPI body."""
    apigateway = target.client("apigateway")
    template: Any = cloudformation.get_template(StackName=STACK, TemplateStage="Processed")["TemplateBody"]
    for name, resource in template["Resources"].items():
        if resource["Type"] != "AWS::ApiGateway::RestApi":
            continue
        responses = resource["Properties"]["Body"].get("x-amazon-apigateway-gateway-responses", {})
        if not responses:
            continue
        detail = cloudformation.describe_stack_resource(StackName=STACK, LogicalResourceId=name)
        api_id = detail["StackResourceDetail"]["PhysicalResourceId"]
        for kind, response in responses.items():
            optional = {"statusCode": str(response["statusCode"])} if "statusCode" in response else {}
            apigateway.put_gateway_response(
                restApiId=api_id,
                responseType=kind,
                responseParameters=response.get("responseParameters", {}),
                responseTemplates=response.get("responseTemplates", {}),
                **optional,
            )
        # Gateway responses apply from the next deployment.
        for stage in apigateway.get_stages(restApiId=api_id)["item"]:
            apigateway.create_deployment(restApiId=api_id, stageName=stage["stageName"])


def _put_concurrency(target: Target) -> None:
    """Set the concurrency of event sources as numbers. The emulator stores Number parameters as text."""
    functions = target.client("lambda")
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        if maximum := mapping.get("ScalingConfig", {}).get("MaximumConcurrency"):
            scaling = {"MaximumConcurrency": int(maximum)}
            functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig=scaling)


def _set_urls(cloudformation: "CloudFormationClient", target: Target) -> None:
    """Set URLs of the APIs to those of the emulator, because no REST API host resolves to it.

    They are the URL that the doctor calls, and the one that the API page shows.
    """
    functions: LambdaClient = target.client("lambda")
    for function, variable, source in (
        ("Doctor", "CALLBACK_PROBE_URL", "CALLBACK_URL_V2"),
        ("Describe", "CONTROL_API_URL", "CONTROL_API_URL"),
    ):
        name = _physical_id(cloudformation, function)
        url = _emulator_url(read_variables(functions, name)[source], target.endpoint_url)
        set_variables(functions, name, {variable: url})


def _physical_id(cloudformation: "CloudFormationClient", logical_id: str) -> str:
    described = cloudformation.describe_stack_resource(StackName=STACK, LogicalResourceId=logical_id)
    return described["StackResourceDetail"]["PhysicalResourceId"]


def _describe(target: Target, sources: str) -> Stack:
    endpoint_url = target.endpoint_url
    cloudformation: CloudFormationClient = target.client("cloudformation")
    described = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", [])}
    if missing := sorted(OUTPUTS - outputs.keys()):
        raise CloudError(f"The template has no outputs {', '.join(missing)}. Add them or change OUTPUTS.")
    secret = target.client("secretsmanager").get_secret_value(SecretId=outputs["CallbackSecretArn"])
    callback = json.loads(secret["SecretString"])
    return Stack(
        endpoint_url=endpoint_url,
        region=REGION,
        control_api=_emulator_url(outputs["ControlApiUrl"], endpoint_url),
        api_page=_emulator_url(outputs["ApiPageUrl"], endpoint_url),
        callback_api=_emulator_url(outputs["CallbackApiUrl"], endpoint_url),
        simulator=target.simulator,
        stack_name=described["StackName"],
        numbers_table=outputs["NumbersTableName"],
        files_bucket=outputs["FilesBucketName"],
        messages_table=outputs["MessagesTableName"],
        event_bus=outputs["EventBusName"],
        send_queue=outputs["SendQueueUrl"],
        quarantine_queue=outputs["QuarantineQueueUrl"],
        state_machines={
            "hosted_messaging": outputs["HostedMessagingStateMachineArn"],
            "messaging_v2": outputs["MessagingV2StateMachineArn"],
            "opt_outs": outputs["OptOutsStateMachineArn"],
            "release_numbers": outputs["ReleaseNumbersStateMachineArn"],
        },
        access_key_id=target.access_key_id,
        secret_access_key=target.secret_access_key,
        callback_user=callback["username"],
        callback_password=callback["password"],
        bandwidth=target.bandwidth,
        bandwidth_api=target.api,
        sources=sources,
    )


def _emulator_url(url: str, endpoint_url: str) -> str:
    """Return the emulator's URL for https://{id}.execute-api.{region}.amazonaws.com/{stage}/…."""
    host, _, path = url.removeprefix("https://").partition("/")
    stage, _, rest = path.partition("/")
    return f"{endpoint_url}/restapis/{host.partition('.')[0]}/{stage}/_user_request_/{rest}".rstrip("/")


def _failed_resource(cloudformation: "CloudFormationClient", since: datetime) -> str:
    """Return the first resource that failed after `since` and the reason; an empty text without one."""
    try:
        newest_first = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    except ClientError:
        return ""
    for event in reversed(newest_first):
        failed = event["ResourceStatus"].endswith("_FAILED") and event["LogicalResourceId"] != STACK
        if failed and event["Timestamp"] >= since:
            reason = event.get("ResourceStatusReason", "no reason").rstrip(".")
            return f"{event['LogicalResourceId']} ({event['ResourceType']}): {reason}."
    return ""
