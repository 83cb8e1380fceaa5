"""Records how executions ended that could not record it themselves: a crash, a time-out, a stop by a person.

Called by record_execution for status changes of Step Functions, and by services/setup_start.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bandwidth_messaging.domain.next_steps import find_failed_step
from bandwidth_messaging.domain.orders import (
    OrderState,
    build_customer_order_id,
    is_customer_order_id,
    name_continuation,
)
from bandwidth_messaging.domain.texts import normalize
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.domain.transfers import MAX_KEY_CHARACTERS, TRANSFER_ACTIONS
from bandwidth_messaging.store.executions import ExecutionOutdated

if TYPE_CHECKING:
    from bandwidth_messaging.domain.orders import OrderItem
    from bandwidth_messaging.store.executions import Execution, Executions
    from bandwidth_messaging.store.order_store import Orders
    from bandwidth_messaging.store.transfer_store import Transfers

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class OrderEndings:
    """Keeps the orders equal to what became of their executions."""

    orders: "Orders"

    def record(self, execution: "Execution") -> None:
        """Fail the order of an execution that ended without success, or reopen that of a redriven one.

        An order that has ended, or that another execution continues, does not change. Nothing is recorded
        for an execution without an order: a dry run, or one whose input was invalid.
        """
        if (found := self._find_order(execution)) is None:
            logger.info("execution has no order", extra={"execution": execution.arn})
            return
        customer_order_id, order = found
        if execution.is_running and self.orders.reopen_redriven(customer_order_id, order, execution.arn):
            logger.info("execution redriven", extra={"customer_order_id": customer_order_id})
        self.fail_order(execution, customer_order_id, order)

    def fail_order(self, execution: "Execution", customer_order_id: str, order: "OrderItem") -> bool:
        """Fail the order of an execution that ended without success. Return False if nothing changed."""
        if not execution.has_failed:
            return False
        if order.get("executionArn") == execution.arn:
            reason = _reason(execution, order)
            is_recorded = self.orders.record_interrupted(
                customer_order_id, execution_arn=execution.arn, at=now(), reason=reason
            )
        else:
            reason = _reason(execution, {})
            is_recorded = self.orders.record_failed_continuation(
                customer_order_id, failed_at=order["failedAt"], at=now(), reason=reason
            )
        if is_recorded:
            logger.error(
                "execution ended without a record",
                extra={"customer_order_id": customer_order_id, "reason": reason},
            )
        return is_recorded

    def _find_order(self, execution: "Execution") -> "tuple[str, OrderItem] | None":
        """Return the order of an execution with its id.

        The id is in the input of a set-up, or derives from the execution's name. The input of a release names
        the set-up, whose order has another execution. An execution that continues a failed order is that
        order's only after its first state, so it is known by its name.
        """
        for customer_order_id in _possible_ids(execution):
            order = self.orders.get(customer_order_id)
            if order and (
                order.get("executionArn") == execution.arn
                or _is_continuation(execution, customer_order_id, order)
            ):
                return customer_order_id, order
        return None


@dataclass(frozen=True)
class ExecutionEndings:
    """Records how executions of all state machines ended. `opt_outs_state_machine` is an ARN."""

    executions: "Executions"
    orders: OrderEndings
    transfers: "Transfers"
    opt_outs_state_machine: str

    def record(self, execution_arn: str, status: str, redrive_count: int) -> None:
        """Record the end or the redrive of an execution on its order, or that of a transfer of opt-outs.

        The current status of the execution counts, so that events may arrive late, twice and in any order.
        Raises ExecutionOutdated if Step Functions does not return yet that the execution has reached the
        reported status after `redrive_count` redrives.
        """
        execution = self.executions.find(execution_arn)
        if execution is None:
            logger.info("execution does not exist", extra={"execution": execution_arn})
        elif execution.is_outdated(status, redrive_count):
            raise ExecutionOutdated(execution.arn)
        elif execution.machine == self.opt_outs_state_machine.rpartition(":")[2]:
            self._record_transfer(execution)
        else:
            self.orders.record(execution)

    def _record_transfer(self, execution: "Execution") -> None:
        if execution.is_running and self.transfers.record_redriven(execution.name, at=now()):
            logger.info("transfer redriven", extra={"execution": execution.arn})
        if not execution.has_failed:
            return
        reason, (action, key) = _reason(execution, {}), _read_transfer(execution.input)
        is_recorded = self.transfers.record_failed(
            execution.name,
            execution_arn=execution.arn,
            at=now(),
            reason=reason,
            action=action,
            key=key,
        )
        if is_recorded:
            extra = {"execution": execution.arn, "reason": reason}
            logger.error("transfer of opt-outs failed", extra=extra)


def _is_continuation(execution: "Execution", customer_order_id: str, order: "OrderItem") -> bool:
    """Return whether a request started the execution to continue the order, which is still as it failed."""
    return (
        order.get("orderState") == OrderState.FAILED
        and "failedAt" in order
        and execution.name == name_continuation(customer_order_id, order["failedAt"])
    )


def _possible_ids(execution: "Execution") -> Iterator[str]:
    given = execution.input.get("customerOrderId") if isinstance(execution.input, dict) else None
    if isinstance(given, str) and is_customer_order_id(normalize(given)):
        yield normalize(given)
    yield build_customer_order_id(execution.name)


def _read_transfer(given: Any) -> tuple[str | None, str | None]:
    """Return the action and the key of a transfer's input, without what is invalid."""
    fields = given if isinstance(given, dict) else {}
    action, key = fields.get("action"), fields.get("key")
    is_key = isinstance(key, str) and len(key) <= MAX_KEY_CHARACTERS
    return action if action in TRANSFER_ACTIONS else None, key if is_key else None


def _reason(execution: "Execution", order: Mapping[str, Any]) -> str:
    """Return why the execution ended, without its input and without its cause, which may quote the input."""
    if execution.status == "TIMED_OUT":
        return "The execution timed out."
    if execution.status == "ABORTED":
        return "The execution was stopped."
    if step := find_failed_step(order):
        # The record of a step keeps no text but that of explained errors.
        detail = order["steps"][step].get("detail", execution.error)
        return f"{step} failed: {detail}"
    return f"The execution failed ({execution.error or 'no error name'})."
