"""The AWS emulator: ministack behind ``local.gate``. This module removes these differences from AWS:

- ministack reports every exception of a Python function as ``Runtime.HandlerError`` and ends the function's
  process. On AWS, the error type is the exception's class name, and the execution environment stays warm.
  ``Retry`` and ``Catch`` of a state machine match the error type.
- An update of a function ends its running invocations. On AWS they complete.
- API Gateway decodes paths. On AWS, REST APIs match percent-encoded paths and pass them to functions.
- API Gateway does not accept the caller's address as part of an authorizer's cache key.
- CloudFormation writes the slash of a media type as ~1. API Gateway does not decode it.
- CloudFormation does not support EventBridge's connections and API destinations, nor versions and aliases of
  state machines. A state cannot run an alias of a state machine.
- A REST API whose body changes gets a new id. On AWS, it keeps its id and its URL.
- CloudFormation does not support alarms on metric math. Here, such an alarm exists but is never evaluated.
- Step Functions does not support an expression as a task's timeout, and the wait scale does not apply to it.
- To complete a task by its token, ministack requires a permission on every resource. On AWS, a permission on
  the state machine of the token is sufficient.
- To start an alias of a state machine, ministack requires a permission on the alias. On AWS, a permission on
  the state machine is sufficient.
- The emulator has no TLS. All traffic stays on this machine, so policies that require TLS are satisfied.
- ministack derives the keys of a function's role from the names of function and role, so any program could
  compute them. Here, they also depend on the root user's secret key.
- ministack unpacks the layers of a function for every execution environment. This takes longer than most
  invocations. Here, they are unpacked once.

``local/cloud.py`` configures the emulator with environment variables. In
``python -m local.emulator DIRECTORY``, the directory only identifies the local cloud of the process.
"""

import functools
import hashlib
import hmac
import io
import json
import os
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator, lambda_runtime
from ministack.services import apigateway_v1, eventbridge, lambda_svc, stepfunctions, sts
from ministack.services.cloudformation import provisioners

from local import gate

RAISED = "_raised"
_MACHINE = "_machine"

# The worker's response to an exception, and its replacement: the response of Lambda's Python runtime, with
# the traceback in the log. The first frame is the worker's.
_WORKER_RESPONSE = 'json.dumps({"status": "error", "error": str(e), "trace": traceback.format_exc()})'
_AWS_RESPONSE = (
    'traceback.print_exc() or json.dumps({"status": "ok", "result": {"' + RAISED + '": {'
    '"errorMessage": str(e), "errorType": type(e).__name__, "requestId": context.aws_request_id, '
    '"stackTrace": traceback.format_tb(e.__traceback__)[1:]}}})'
)


def name_exceptions() -> None:
    """Report exceptions of Python functions as AWS does.

    Raises RuntimeError if the installed version of ministack differs from the pinned one.
    """
    script: str = lambda_runtime._PYTHON_WORKER_SCRIPT
    if script.count(_WORKER_RESPONSE) != 1:
        raise RuntimeError("local/emulator.py does not support this version of ministack. Run make install.")
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(_WORKER_RESPONSE, _AWS_RESPONSE)

    execute = lambda_svc._execute_function_warm

    def execute_and_name_errors(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        response: dict[str, Any] = execute(func, event, request_id)
        body = response.get("body")
        if isinstance(body, dict) and RAISED in body:
            return {**response, "body": body[RAISED], "error": True}
        return response

    lambda_svc._execute_function_warm = execute_and_name_errors


def complete_running_invocations() -> None:
    """End the process of an updated function after its running invocations have completed."""
    kill, release = lambda_runtime.kill_workers, lambda_svc.release_worker
    outdated: set[Any] = set()

    def kill_idle(workers: Sequence[Any]) -> None:
        with lambda_runtime._lock:
            busy = {worker for worker in workers if worker and worker.in_use}
            outdated.update(busy)
        kill([worker for worker in workers if worker not in busy])

    def release_and_kill(worker: Any) -> None:
        release(worker)
        if worker in outdated:
            outdated.discard(worker)
            kill([worker])

    lambda_runtime.kill_workers, lambda_svc.release_worker = kill_idle, release_and_kill


def support_api_destinations() -> None:
    """Support connections and API destinations in CloudFormation."""
    provisioners._RESOURCE_HANDLERS |= {
        "AWS::Events::Connection": _handlers(
            eventbridge._create_connection,
            eventbridge._update_connection,
            eventbridge._delete_connection,
            lambda name: eventbridge._connections[name]["ConnectionArn"],
        ),
        "AWS::Events::ApiDestination": _handlers(
            eventbridge._create_api_destination,
            eventbridge._update_api_destination,
            eventbridge._delete_api_destination,
            lambda name: eventbridge._api_destinations[name]["ApiDestinationArn"],
        ),
    }


def _handlers(
    create: Callable[[Any], Any],
    update: Callable[[Any], Any],
    delete: Callable[[Any], Any],
    arn: Callable[[str], str],
) -> dict[str, Callable[..., Any]]:
    """Return CloudFormation handlers of a resource type, built from EventBridge's actions."""

    def act(action: Callable[[Any], Any], name: str, properties: Any) -> tuple[str, dict[str, str]]:
        status, _, body = action({"Name": name, **properties})
        if status != HTTPStatus.OK:
            raise ValueError(body)
        return name, {"Arn": arn(name)}

    return {
        "create": lambda logical_id, new, stack: act(create, f"{stack}-{logical_id}", new),
        "update": lambda name, _old, new, _stack: act(update, name, new),
        "delete": lambda name, _properties: delete({"Name": name}),
    }


def support_machine_versions() -> None:
    """Support versions and aliases of state machines in CloudFormation, and states that run an alias."""

    def act(action: Callable[[Any], Any], data: Any) -> Any:
        status, _, body = action(data)
        if status != HTTPStatus.OK:
            raise ValueError(body)
        return json.loads(body)

    def publish(properties: Any) -> tuple[str, dict[str, str]]:
        data = {
            "stateMachineArn": properties["StateMachineArn"],
            "revisionId": properties["StateMachineRevisionId"],
        }
        arn = act(stepfunctions._publish_state_machine_version, data)["stateMachineVersionArn"]
        return arn, {"Arn": arn}

    def routing(properties: Any) -> list[dict[str, Any]]:
        version = properties["DeploymentPreference"]["StateMachineVersionArn"]
        return [{"stateMachineVersionArn": version, "weight": 100}]

    def create_alias(_logical_id: str, new: Any, _stack: str) -> tuple[str, dict[str, str]]:
        data = {"name": new["Name"], "routingConfiguration": routing(new)}
        arn = act(stepfunctions._create_state_machine_alias, data)["stateMachineAliasArn"]
        return arn, {"Arn": arn}

    def update_alias(arn: str, _old: Any, new: Any, _stack: str) -> tuple[str, dict[str, str]]:
        data = {"stateMachineAliasArn": arn, "routingConfiguration": routing(new)}
        act(stepfunctions._update_state_machine_alias, data)
        return arn, {"Arn": arn}

    start_and_wait = stepfunctions._start_sync_execution

    def start_alias_and_wait(data: Any) -> Any:
        machine = stepfunctions._resolve_state_machine_arn(data["stateMachineArn"])
        return start_and_wait({**data, "stateMachineArn": machine})

    # A state that runs a machine and waits for its end.
    stepfunctions._start_sync_execution = start_alias_and_wait
    provisioners._RESOURCE_HANDLERS |= {
        "AWS::StepFunctions::StateMachineVersion": {
            "create": lambda _logical_id, new, _stack: publish(new),
            # A version never changes. A new revision gets a version of its own.
            "update": lambda _arn, _old, new, _stack: publish(new),
            "delete": lambda arn, _: stepfunctions._delete_state_machine_version(
                {"stateMachineVersionArn": arn}
            ),
        },
        "AWS::StepFunctions::StateMachineAlias": {
            "create": create_alias,
            "update": update_alias,
            "delete": lambda arn, _: stepfunctions._delete_state_machine_alias({"stateMachineAliasArn": arn}),
        },
    }


def keep_api_ids() -> None:
    """Keep the id, and so the URL, of a REST API when CloudFormation changes its body."""
    update = provisioners._apigw_rest_api_update
    # The gateway responses stay: the emulator does not import them, see local/deployment.py.
    parts = (
        apigateway_v1._rest_apis,
        apigateway_v1._resources,
        apigateway_v1._authorizers_v1,
        apigateway_v1._models,
        apigateway_v1._request_validators,
        apigateway_v1._documentation_parts,
    )

    def update_in_place(api_id: str, old: Any, new: Any, stack: str, logical_id: str) -> Any:
        if new.get("Body") == old.get("Body"):
            return update(api_id, old, new, stack, logical_id)
        imported, _ = provisioners._apigw_rest_api_create(logical_id, new, stack)
        for part in parts:
            if imported in part:
                part[api_id] = part.pop(imported)
        apigateway_v1._rest_apis[api_id]["id"] = api_id
        return api_id, provisioners._apigw_rest_api_attrs(api_id)

    provisioners._RESOURCE_HANDLERS["AWS::ApiGateway::RestApi"]["update"] = update_in_place


def accept_metric_math() -> None:
    """Create an alarm on metric math as one on a metric without data."""
    build_record = provisioners._cw_metric_alarm_record

    def build_idle_record(name: str, properties: dict[str, Any]) -> Any:
        if "Metrics" in properties:
            idle = {"Namespace": "MetricMath", "MetricName": name, "Statistic": "Sum", "Period": 60}
            properties = {key: value for key, value in properties.items() if key != "Metrics"} | idle
        return build_record(name, properties)

    provisioners._cw_metric_alarm_record = build_idle_record


def keep_paths_encoded() -> None:
    """Match paths of REST APIs, and pass them to functions, percent-encoded as received."""
    handle = app._handle_execute_api_request

    def handle_encoded(host: str, path: str, *request: Any, raw_path: str | None = None, **more: Any) -> Any:
        return handle(host, raw_path or path, *request, raw_path=raw_path, **more)

    app._handle_execute_api_request = handle_encoded


def cache_authorizers_by_address() -> None:
    """Support the caller's address as part of the cache key of an authorizer."""
    resolve = apigateway_v1._request_identity_sources
    address = "context.identity.sourceIp"

    def resolve_with_address(sources: str, headers: Any, *more: Any) -> tuple[bool, list[str]]:
        others = [each.strip() for each in sources.split(",") if each.strip() != address]
        present, values = resolve(",".join(others), headers, *more)
        # ministack passes this address to functions.
        caller = apigateway_v1._header_ci(headers, "x-forwarded-for") or "127.0.0.1"
        return present, [*values, caller] if address in sources else values

    apigateway_v1._request_identity_sources = resolve_with_address


def decode_media_types() -> None:
    """Decode binary media types as CloudFormation writes them."""
    matches = apigateway_v1._media_type_matches

    def matches_with_slashes(media_type: Any, binary: Any) -> bool:
        return bool(matches(media_type, [each.replace("~1", "/") for each in binary or []]))

    apigateway_v1._media_type_matches = matches_with_slashes


def scale_task_timeouts() -> None:
    """Support expressions as timeouts of tasks, and apply the wait scale to timeouts."""
    execute = stepfunctions._execute_task

    def execute_within(state: dict[str, Any], data: Any, execution: Any, context: Any) -> Any:
        if isinstance(state.get("TimeoutSeconds"), str):
            seconds = stepfunctions._jsonata_state_field(state, "TimeoutSeconds", "number", data, context)
            state = {**state, "TimeoutSeconds": seconds * stepfunctions._SFN_WAIT_SCALE}
        return execute(state, data, execution, context)

    stepfunctions._execute_task = execute_within


def authorize_machines() -> None:
    """Use the state machine as the resource of calls with a task token, a version or an alias."""
    execute, invoke = stepfunctions._execute_task, stepfunctions._invoke_with_callback
    resource_of = iam_actions.extract_resource_arn
    machines: dict[str, str] = {}

    def execute_for(state: dict[str, Any], data: Any, execution: Any, context: Any) -> Any:
        return execute({**state, _MACHINE: execution["stateMachineArn"]}, data, execution, context)

    def invoke_for(resource: str, data: Any, token: str, state: dict[str, Any]) -> Any:
        machines[token] = state[_MACHINE]
        return invoke(resource, data, token, state)

    def machine_or_resource(service: str, method: str, path: str, headers: Any, body: Any, *more: Any) -> Any:
        request = json.loads(body) if service == "states" and body else {}
        arn: str = machines.get(request.get("taskToken", "")) or resource_of(
            service, method, path, headers, body, *more
        )
        # Without the version or the alias.
        return ":".join(arn.split(":")[:7]) if service == "states" and ":stateMachine:" in arn else arn

    stepfunctions._execute_task, stepfunctions._invoke_with_callback = execute_for, invoke_for
    iam_actions.extract_resource_arn = machine_or_resource


def report_tls() -> None:
    """Report TLS to policies for every request."""
    resolve = iam_evaluator._resolve_condition_key

    def resolve_with_tls(key: str, context: Any) -> Any:
        return "true" if key.lower() == "aws:securetransport" else resolve(key, context)

    iam_evaluator._resolve_condition_key = resolve_with_tls


def keep_function_keys_secret() -> None:
    """Derive the secret key and the session token of a function's role from a secret."""
    register = sts.register_session
    derive = lambda_runtime.execution_credentials

    def secret(derived_key: str) -> str:
        key = os.environ["AWS_SECRET_ACCESS_KEY"].encode()
        return hmac.new(key, derived_key.encode(), hashlib.sha256).hexdigest()

    def credentials(config: dict[str, Any]) -> dict[str, str]:
        issued: dict[str, str] = derive(config)
        return issued | {
            name: secret(issued[name]) for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        }

    def register_secretly(access_key: str, session: dict[str, Any]) -> None:
        # Only the sessions of execution_credentials never expire.
        if "Expiration" not in session:
            session |= {name: secret(session[name]) for name in ("SecretAccessKey", "SessionToken")}
        register(access_key, session)

    sts.register_session = register_secretly
    lambda_runtime.execution_credentials = lambda_svc.execution_credentials = credentials


def share_layers() -> None:
    """Unpack a layer once for all execution environments."""
    spawn = lambda_runtime.Worker._spawn

    @functools.cache
    def unpacked(layer: str) -> str:
        directory = tempfile.mkdtemp(prefix="layer-")
        with zipfile.ZipFile(io.BytesIO(lambda_svc._resolve_layer_zip(layer))) as archive:
            archive.extractall(directory)
        return directory

    def spawn_sharing(worker: Any) -> None:
        config = worker.config
        with unpacking:
            directories = os.pathsep.join(unpacked(layer["Arn"]) for layer in config["Layers"])
        variables = {**config["Environment"]["Variables"], "_LAMBDA_LAYERS_DIRS": directories}
        worker.config = {**config, "Layers": [], "Environment": {"Variables": variables}}
        try:
            spawn(worker)
        finally:
            worker.config = config

    unpacking = threading.Lock()
    lambda_runtime.Worker._spawn = spawn_sharing


if __name__ == "__main__":
    name_exceptions()
    complete_running_invocations()
    share_layers()
    support_api_destinations()
    support_machine_versions()
    accept_metric_math()
    keep_api_ids()
    keep_paths_encoded()
    cache_authorizers_by_address()
    decode_media_types()
    scale_task_timeouts()
    authorize_machines()
    report_tls()
    keep_function_keys_secret()
    app.app = gate.guard(app.app)
    sys.argv[1:] = []
    app.main()
