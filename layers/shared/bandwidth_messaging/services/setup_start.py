"""Starts the execution of a set-up or a release once per request. Called by api/setup_routes."""

import hashlib
import json
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from bandwidth_messaging.domain.orders import Kind, OrderState, name_continuation, name_execution
from bandwidth_messaging.domain.problems import Conflict, FieldProblem, InvalidInput, ProblemCode
from bandwidth_messaging.domain.releases import NumberRelease
from bandwidth_messaging.domain.setups import HostedMessagingSetup, MessagingV2Setup
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.store.executions import StartRejected, execution_arn
from bandwidth_messaging.store.order_store import is_same_order
from bandwidth_messaging.store.setup_requests import hash_idempotency_key

if TYPE_CHECKING:
    from bandwidth_messaging.domain.orders import OrderItem
    from bandwidth_messaging.services.execution_endings import OrderEndings
    from bandwidth_messaging.store.executions import Executions
    from bandwidth_messaging.store.order_store import Orders
    from bandwidth_messaging.store.setup_requests import SetupRequestItem, SetupRequests

logger = logging.getLogger(__name__)

type Setup = HostedMessagingSetup | MessagingV2Setup | NumberRelease


class StartConflict(StrEnum):
    """Why a customerOrderId cannot be used for a set-up."""

    UNDONE = "undone"
    ENDED = "ended"
    NOT_ENDED = "not_ended"
    OTHER_ORDER = "other_order"
    OTHER_EXECUTION = "other_execution"


_CONFLICTS: Mapping[StartConflict, str] = {
    StartConflict.UNDONE: "That set-up was undone. Use another customerOrderId.",
    StartConflict.ENDED: "That set-up has ended ({}). Use another customerOrderId.",
    StartConflict.NOT_ENDED: (
        "That set-up has not ended ({}). GET /orders/{{customerOrderId}} returns its progress."
    ),
    StartConflict.OTHER_ORDER: "That set-up was started with different input. Use another customerOrderId.",
    StartConflict.OTHER_EXECUTION: "The execution {} was started with different input.",
}


def describe_conflict(customer_order_id: str, conflict: StartConflict, value: str = "") -> Conflict:
    """Return the error of a conflict. `value` is the order's state or the execution's name."""
    detail = f"customerOrderId '{customer_order_id}' is already used. {_CONFLICTS[conflict].format(value)}"
    return Conflict(detail, ProblemCode.CUSTOMER_ORDER_ID_USED)


class Started(NamedTuple):
    """The order and the execution of a set-up."""

    customer_order_id: str
    execution_arn: str


@dataclass(frozen=True)
class SetupStart:
    """Registers the order of a set-up or a release, and starts its execution."""

    orders: "Orders"
    setup_requests: "SetupRequests"
    executions: "Executions"
    endings: "OrderEndings"
    state_machines: Mapping[Kind, str]
    bandwidth_api: str

    def start(self, kind: Kind, setup: Setup, idempotency_key: str | None) -> Started:
        """Start an execution and return it.

        Requests with the same key and set-up start one execution. Every write precedes the start, so that a
        failed request can be repeated. Raises InvalidInput if the set-up is not valid for the generation of
        Bandwidth's API, or if the key was used for another set-up. Raises Conflict if the customerOrderId was
        used before.
        """
        if not isinstance(setup, NumberRelease) and (problems := setup.problems_with(self.bandwidth_api)):
            raise InvalidInput(problems)
        return _Start(self, kind, setup, idempotency_key).run()


class _Start:
    """One request to start a set-up or a release."""

    def __init__(self, service: SetupStart, kind: Kind, setup: Setup, idempotency_key: str | None) -> None:
        self._orders = service.orders
        self._requests = service.setup_requests
        self._executions = service.executions
        self._endings = service.endings
        self._state_machine = service.state_machines[kind]
        self._generation = service.bandwidth_api
        self._kind: Kind = kind
        self._setup = setup
        self._key = idempotency_key
        self._input = setup.model_dump(by_alias=True, exclude_unset=True)
        self._digest = hashlib.sha256(json.dumps([kind, self._input], sort_keys=True).encode()).hexdigest()
        self._at = now()
        self._start_token = uuid.uuid4().hex
        # Whether this request registered or reopened the order.
        self._is_first = False

    def run(self) -> Started:
        request = self._request()
        customer_order_id, name = request["startsOrder"], request["executionName"]
        arn = self._arn(name)
        try:
            is_started = self._executions.start(self._state_machine, name, self._input)
        except StartRejected as error:
            if self._is_first:
                self._record_rejected_start(customer_order_id, error.code)
            raise
        if not is_started and not self._has_input(arn):
            raise describe_conflict(customer_order_id, StartConflict.OTHER_EXECUTION, name)
        return Started(customer_order_id, arn)

    def _request(self) -> "SetupRequestItem":
        """Return the request under the key, or record this request."""
        request = self._requests.get(self._key) if self._key else None
        is_repeated = request is not None
        if request is None:
            request = self._new_request()
        if request["requestDigest"] != self._digest:
            problem = FieldProblem("Idempotency-Key", "was used for another request. Use a new key.")
            raise InvalidInput([problem], ProblemCode.IDEMPOTENCY_KEY_REUSED)
        if is_repeated:
            self._is_first = self._orders.reopen_unstarted(
                request["startsOrder"],
                execution_arn=self._arn(request["executionName"]),
                start_token=self._start_token,
                at=self._at,
            )
        return request

    def _new_request(self) -> "SetupRequestItem":
        """Register the order and record the request. Return the first request under the key."""
        unique = hash_idempotency_key(self._key) if self._key else uuid.uuid4().hex
        if isinstance(self._setup, NumberRelease):
            # Its customerOrderId is that of the set-up. The machine names the release after its execution.
            customer_order_id = f"release-{unique}"
        else:
            customer_order_id = self._setup.customer_order_id or f"setup-{unique}"
        if not isinstance(self._setup, MessagingV2Setup) and self._setup.dry_run:
            # A dry run has no order. The set-up itself may follow with the same customerOrderId.
            name = f"dry-run-{unique}"
        else:
            name = self._register(customer_order_id)
        request: SetupRequestItem = {
            "requestDigest": self._digest,
            "startsOrder": customer_order_id,
            "executionName": name,
            "requestedAt": self._at,
        }
        return self._requests.add(self._key, request) if self._key else request

    def _register(self, customer_order_id: str) -> str:
        """Register the order and return the name of the execution that starts or continues the order.

        Each failure can be continued once: the name contains the time of the failure. Raises Conflict.
        """
        name = name_execution(customer_order_id)
        digest = self._setup.digest()
        order = self._orders.register(
            customer_order_id,
            kind=self._kind,
            requested=self._setup.requested,
            execution_arn=self._arn(name),
            at=self._at,
            digest=digest,
            action=self._setup.action if isinstance(self._setup, HostedMessagingSetup) else None,
            generation=self._generation,
            start_token=self._start_token,
        )
        state = order["orderState"]
        is_same = is_same_order(order, self._kind, digest)
        if "undoneAt" in order:
            conflict = StartConflict.UNDONE
        elif state in {OrderState.COMPLETED, OrderState.PARTIAL}:
            conflict = StartConflict.ENDED
        elif state != OrderState.FAILED:
            if is_same:
                # Registering adds the token to an order of an earlier version, which may be running.
                self._is_first = (order["startToken"], order["startedAt"]) == (self._start_token, self._at)
                if not self._is_first and self._records_failure(
                    customer_order_id, order, order["executionArn"]
                ):
                    return self._register(customer_order_id)
                return order["executionArn"].rpartition(":")[2]
            conflict = StartConflict.NOT_ENDED
        elif not is_same and (order["kind"] != self._kind or "orderAttemptedAt" in order):
            conflict = StartConflict.OTHER_ORDER
        else:
            continuation = name_continuation(customer_order_id, order["failedAt"])
            if self._records_failure(customer_order_id, order, self._arn(continuation)):
                return self._register(customer_order_id)
            return continuation
        raise describe_conflict(customer_order_id, conflict, state)

    def _records_failure(self, customer_order_id: str, order: "OrderItem", arn: str) -> bool:
        """Record that an order's execution has failed if the order lacks it. Return whether it did.

        Step Functions does not guarantee that it reports how an execution ended.
        """
        execution = self._executions.find(arn)
        return execution is not None and self._endings.fail_order(execution, customer_order_id, order)

    def _has_input(self, arn: str) -> bool:
        execution = self._executions.find(arn)
        return execution is not None and execution.input == self._input

    def _record_rejected_start(self, customer_order_id: str, code: str) -> None:
        logger.error("execution not started", extra={"customer_order_id": customer_order_id, "error": code})
        reason = f"Step Functions did not start the execution ({code})."
        self._orders.record_unstarted(
            customer_order_id, start_token=self._start_token, at=now(), reason=reason
        )

    def _arn(self, name: str) -> str:
        return execution_arn(self._state_machine, name)
