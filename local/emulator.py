"""The AWS emulator: ministack behind ``local.gate``, with ten differences from AWS taken out.

ministack answers every exception of a Python function with the error type ``Runtime.HandlerError`` and ends
the function's process. On AWS the error type is the exception's class name, which is what the ``Retry`` and
``Catch`` of a state machine match, and the execution environment stays warm.

A change of a function ends the calls that are under way, or lets them hang; on AWS they end by themselves.

Its API Gateway decodes paths; REST APIs match them, and pass them to functions, percent-encoded as they came.

Its API Gateway does not know the caller's address as something that an authorizer's answer is cached by.

CloudFormation writes the slash of a media type as ~1, which its API Gateway takes as it is.

Its EventBridge has connections and API destinations, but its CloudFormation does not know them.

It takes a task's time limit as it is written, even an expression; here it is told, and shortened like a wait.
Who ends a task by its token needs a right to everything there; here, as on AWS, one to the token's machine.

It speaks no TLS, and nothing of ours leaves this machine; a bucket that asks for TLS takes that for TLS.

It derives the keys of a function's role from the names of function and role, so that whoever knows these has
the keys; here the secrets depend on the root user's too.

It unpacks a function's layers for every execution environment anew, which costs more than most functions do;
here they are unpacked once.

Everything the emulator should know comes in environment variables, see ``local/cloud.py``.
``python -m local.emulator DIRECTORY``: the directory only marks the process as belonging to that local cloud.
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

# The worker's own answer to an exception, and ours: what Lambda's Python runtime answers, and the traceback
# on the log. The first frame is the worker's.
_WORKER_ANSWER = 'json.dumps({"status": "error", "error": str(e), "trace": traceback.format_exc()})'
_AWS_ANSWER = (
    'traceback.print_exc() or json.dumps({"status": "ok", "result": {"' + RAISED + '": {'
    '"errorMessage": str(e), "errorType": type(e).__name__, "requestId": context.aws_request_id, '
    '"stackTrace": traceback.format_tb(e.__traceback__)[1:]}}})'
)


def name_exceptions() -> None:
    """Make failed Python functions answer as on AWS.

    Raises RuntimeError when this version of ministack is built differently from the one we pin.
    """
    script: str = lambda_runtime._PYTHON_WORKER_SCRIPT
    if script.count(_WORKER_ANSWER) != 1:
        raise RuntimeError(
            "this version of ministack answers exceptions in a way local/emulator.py does not know"
        )
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(_WORKER_ANSWER, _AWS_ANSWER)

    execute = lambda_svc._execute_function_warm

    def execute_and_tell_errors(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = execute(func, event, request_id)
        body = answer.get("body")
        if isinstance(body, dict) and RAISED in body:
            return {**answer, "body": body[RAISED], "error": True}
        return answer

    lambda_svc._execute_function_warm = execute_and_tell_errors


def let_calls_end() -> None:
    """Let what a function is at go on when it is changed, and end its process only then."""
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


def know_api_destinations() -> None:
    """Let stacks have connections and API destinations."""
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
    """CloudFormation's handlers of a resource type, made of EventBridge's own actions."""

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


def keep_paths_encoded() -> None:
    """Let REST APIs match paths, and pass them to functions, percent-encoded as they came."""
    handle = app._handle_execute_api_request

    def handle_encoded(host: str, path: str, *request: Any, raw_path: str | None = None, **more: Any) -> Any:
        return handle(host, raw_path or path, *request, raw_path=raw_path, **more)

    app._handle_execute_api_request = handle_encoded


def know_addresses() -> None:
    """Let the answers of authorizers be cached by the caller's address."""
    resolve = apigateway_v1._request_identity_sources
    address = "context.identity.sourceIp"

    def resolve_with_address(sources: str, headers: Any, *more: Any) -> tuple[bool, list[str]]:
        others = [each.strip() for each in sources.split(",") if each.strip() != address]
        present, values = resolve(",".join(others), headers, *more)
        # The address it tells functions.
        told = apigateway_v1._header_ci(headers, "x-forwarded-for") or "127.0.0.1"
        return present, [*values, told] if address in sources else values

    apigateway_v1._request_identity_sources = resolve_with_address


def read_media_types() -> None:
    """Let binary media types be written as in CloudFormation."""
    matches = apigateway_v1._media_type_matches

    def matches_with_slashes(media_type: Any, binary: Any) -> bool:
        return bool(matches(media_type, [each.replace("~1", "/") for each in binary or []]))

    apigateway_v1._media_type_matches = matches_with_slashes


def tell_time_limits() -> None:
    """Let the time limit of a task be an expression, and last as long as a wait of so many seconds."""
    execute = stepfunctions._execute_task

    def execute_within(state: dict[str, Any], given: Any, execution: Any, context: Any) -> Any:
        if isinstance(state.get("TimeoutSeconds"), str):
            seconds = stepfunctions._jsonata_state_field(state, "TimeoutSeconds", "number", given, context)
            state = {**state, "TimeoutSeconds": seconds * stepfunctions._SFN_WAIT_SCALE}
        return execute(state, given, execution, context)

    stepfunctions._execute_task = execute_within


def know_whose_tokens() -> None:
    """Let the resource of a call with a task's token be the machine of that task."""
    execute, invoke = stepfunctions._execute_task, stepfunctions._invoke_with_callback
    resource_of = iam_actions.extract_resource_arn
    machines: dict[str, str] = {}

    def execute_for(state: dict[str, Any], given: Any, execution: Any, context: Any) -> Any:
        return execute({**state, _MACHINE: execution["stateMachineArn"]}, given, execution, context)

    def invoke_for(resource: str, given: Any, token: str, state: dict[str, Any]) -> Any:
        machines[token] = state[_MACHINE]
        return invoke(resource, given, token, state)

    def machine_or_resource(service: str, method: str, path: str, headers: Any, body: Any, *more: Any) -> Any:
        told = json.loads(body) if service == "states" and body else {}
        return machines.get(told.get("taskToken", "")) or resource_of(
            service, method, path, headers, body, *more
        )

    stepfunctions._execute_task, stepfunctions._invoke_with_callback = execute_for, invoke_for
    iam_actions.extract_resource_arn = machine_or_resource


def pass_for_tls() -> None:
    """Let every request have come by TLS, as far as policies ask."""
    resolve = iam_evaluator._resolve_condition_key

    def resolve_with_tls(key: str, context: Any) -> Any:
        return "true" if key.lower() == "aws:securetransport" else resolve(key, context)

    iam_evaluator._resolve_condition_key = resolve_with_tls


def keep_function_keys_secret() -> None:
    """Let nobody compute the secret key and the session token of a function's role."""
    register = sts.register_session
    derived = lambda_runtime.execution_credentials

    def secret(of: str) -> str:
        key = os.environ["AWS_SECRET_ACCESS_KEY"].encode()
        return hmac.new(key, of.encode(), hashlib.sha256).hexdigest()

    def credentials(config: dict[str, Any]) -> dict[str, str]:
        issued: dict[str, str] = derived(config)
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
    """Let all execution environments load a layer from the same files."""
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
    let_calls_end()
    share_layers()
    know_api_destinations()
    keep_paths_encoded()
    know_addresses()
    read_media_types()
    tell_time_limits()
    know_whose_tokens()
    pass_for_tls()
    keep_function_keys_secret()
    app.app = gate.guard(app.app)
    sys.argv[1:] = []
    app.main()
