"""Starts a set-up's execution once for each request to POST /setups/…"""

import hashlib
import json
import re
import uuid
from typing import Any, NamedTuple

from bandwidth_messaging.domain.orders import Kind, OrderState
from bandwidth_messaging.domain.problems import Conflict, FieldProblem, InvalidInput
from bandwidth_messaging.domain.setups import HostedMessagingSetup, MessagingV2Setup
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.store.dynamodb import Item
from bandwidth_messaging.store.order_store import is_same_order
from bandwidth_messaging.store.setup_requests import id_of_key

STARTED_BEFORE = "A set-up with the customerOrderId {!r} was started before, and {}."

type Setup = HostedMessagingSetup | MessagingV2Setup


class Started(NamedTuple):
    """A set-up's order and its execution."""

    customer_order_id: str
    execution_arn: str


def start(kind: Kind, state_machine: str, setup: Setup, idempotency_key: str | None) -> Started:
    """Start an execution of the state machine (ARN) and return it.

    The same key and set-up are one execution, however often they come. Every write comes before the start, so
    that a failed request can be repeated. Raises InvalidInput if the key was used for another set-up, and
    Conflict if the customerOrderId was.
    """
    given = setup.model_dump(by_alias=True, exclude_unset=True)
    digest = hashlib.sha256(json.dumps([kind, given], sort_keys=True).encode()).hexdigest()
    request = wiring.setup_requests().get(idempotency_key) if idempotency_key else None
    if request is None:
        request = _new_request(kind, state_machine, setup, idempotency_key, digest)
    if request["requestDigest"] != digest:
        problem = FieldProblem("Idempotency-Key", "was used for another set-up; choose a new one")
        raise InvalidInput([problem])
    customer_order_id, name = request["startsOrder"], request["executionName"]
    arn = _execution_arn(state_machine, name)
    is_started = _start_execution(state_machine, name, given)
    if not is_started and not (idempotency_key and _has_input(arn, given)):
        raise Conflict(STARTED_BEFORE.format(customer_order_id, f"is the execution {name}"))
    return Started(customer_order_id, arn)


def _new_request(
    kind: Kind, state_machine: str, setup: Setup, idempotency_key: str | None, digest: str
) -> Item:
    """Register the order and record the request under its key; return the one that came first under it."""
    unique = id_of_key(idempotency_key) if idempotency_key else uuid.uuid4().hex
    customer_order_id = setup.customer_order_id or f"setup-{unique}"
    if isinstance(setup, HostedMessagingSetup) and setup.dry_run:
        # It has no order, and may be followed by the set-up itself under the same id.
        name = f"dry-run-{unique}"
    else:
        name = _register(kind, state_machine, setup, customer_order_id)
    if not idempotency_key:
        return {"requestDigest": digest, "startsOrder": customer_order_id, "executionName": name}
    return wiring.setup_requests().add(
        idempotency_key,
        digest=digest,
        customer_order_id=customer_order_id,
        execution_name=name,
        at=now(),
    )


def _register(kind: Kind, state_machine: str, setup: Setup, customer_order_id: str) -> str:
    """Register the order and return the name of the execution that starts or continues it.

    Each failure is continued once: its time is in the name. Raises Conflict if it may not be continued.
    """
    # A name may hold no spaces, and is unique for 90 days.
    name = customer_order_id.replace(" ", "_")
    order = wiring.orders().register(
        customer_order_id,
        kind=kind,
        requested=setup.requested,
        execution_arn=_execution_arn(state_machine, name),
        at=now(),
        digest=setup.digest(),
    )
    state = order["orderState"]
    is_same = is_same_order(order, kind, setup.digest())
    if "undoneAt" in order:
        problem = "was undone; choose another customerOrderId"
    elif state in {OrderState.COMPLETED, OrderState.PARTIAL}:
        problem = f"has ended ({state})"
    elif state != OrderState.FAILED:
        problem = "" if is_same else f"has not ended ({state})"
    elif not is_same and (order["kind"] != kind or "orderAttemptedAt" in order):
        problem = "asked for something else; choose another customerOrderId"
    else:
        return f"{name}-again-{re.sub(r'[^0-9]', '', order['failedAt'])}"
    if problem:
        raise Conflict(STARTED_BEFORE.format(customer_order_id, problem))
    return name


def _execution_arn(state_machine: str, name: str) -> str:
    return f"{state_machine.replace(':stateMachine:', ':execution:')}:{name}"


def _start_execution(state_machine: str, name: str, given: dict[str, Any]) -> bool:
    """Start an execution; return whether it runs, False if its name was used before.

    Step Functions starts a running execution with the same name and input only once.
    """
    client = wiring.step_functions()
    try:
        client.start_execution(stateMachineArn=state_machine, name=name, input=json.dumps(given))
    except client.exceptions.ExecutionAlreadyExists:
        return False
    return True


def _has_input(execution_arn: str, given: dict[str, Any]) -> bool:
    execution = wiring.step_functions().describe_execution(executionArn=execution_arn)
    return bool(json.loads(execution["input"]) == given)
