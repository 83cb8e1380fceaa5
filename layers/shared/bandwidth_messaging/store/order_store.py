"""Stores the order of each set-up or release, and the records of its steps."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, cast

from bandwidth_messaging.domain.orders import Action, Failure, Kind, OrderItem, OrderState
from bandwidth_messaging.domain.step_outcomes import StepOutcome
from bandwidth_messaging.store.dynamodb import Item, Table
from bandwidth_messaging.store.keys import order_key

_NOT_ENDED_WELL: Final = "NOT #orderState IN (:completed, :partial)"
STEP_IDS: Final = ("applicationId", "locationId", "orderId")
"""Ids that a step may find or create."""
_ENDED_WELL: Final = {"completed": OrderState.COMPLETED, "partial": OrderState.PARTIAL}


def is_same_order(record: OrderItem, kind: Kind, digest: str) -> bool:
    """Return whether an order's record is of the same kind and asks for the same."""
    return (record["kind"], record["digest"]) == (kind, digest)


class Orders:
    """The orders in the Numbers table, identified by their CustomerOrderId."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, customer_order_id: str) -> OrderItem | None:
        """Return an order's item."""
        return cast("OrderItem | None", self._table.get(order_key(customer_order_id)))

    def was_attempted(self, customer_order_id: str) -> bool:
        """Return whether the order may exist at Bandwidth."""
        return "orderAttemptedAt" in (self.get(customer_order_id) or {})

    def register(
        self,
        customer_order_id: str,
        *,
        kind: Kind,
        requested: int,
        execution_arn: str,
        at: str,
        digest: str,
        site_id: str | None = None,
        action: Action | None = None,
        generation: str | None = None,
    ) -> OrderItem:
        """Record that a set-up or a release starts, and return the record. An existing record is not changed.

        `digest` distinguishes the request from every other request. `action` is that of a hosted set-up, and
        `generation` is the generation of Bandwidth's API that the set-up uses.
        """
        record = self._table.update(
            order_key(customer_order_id),
            keep={
                "kind": kind,
                "orderState": OrderState.STARTED,
                "requested": requested,
                "executionArn": execution_arn,
                "startedAt": at,
                "digest": digest,
                "siteId": site_id,
                "action": action,
                "generation": generation,
                "steps": {},
            },
        )
        assert record is not None  # noqa: S101 - an update without a condition returns the item
        return cast("OrderItem", record)

    def record_unstarted(self, customer_order_id: str, *, registered_at: str, at: str, reason: str) -> None:
        """Fail an order whose execution did not start, unless the order has changed meanwhile."""
        self._table.update(
            order_key(customer_order_id),
            assign={
                "orderState": OrderState.FAILED,
                "failedAt": at,
                "reason": reason,
                "unstarted": True,
            },
            condition="#orderState = :started AND #startedAt = :registeredAt AND #steps = :noSteps",
            values={"started": OrderState.STARTED, "registeredAt": registered_at, "noSteps": {}},
        )

    def reopen_unstarted(self, customer_order_id: str, *, execution_arn: str, at: str) -> bool:
        """Reopen an order whose execution did not start, so that the same execution can start.

        Return False, with nothing changed, if the order is not one of these.
        """
        order = self._table.update(
            order_key(customer_order_id),
            assign={
                "orderState": OrderState.STARTED,
                "startedAt": at,
                **dict.fromkeys(("failedAt", "reason", "unstarted")),
            },
            condition="#unstarted = :yes AND #orderState = :failed AND #executionArn = :arn",
            values={"yes": True, "failed": OrderState.FAILED, "arn": execution_arn},
        )
        return order is not None

    def open(
        self,
        customer_order_id: str,
        *,
        kind: Kind,
        requested: int,
        execution_arn: str,
        at: str,
        digest: str,
        site_id: str | None = None,
        action: Action | None = None,
        generation: str | None = None,
    ) -> Literal["used", "undone"] | None:
        """Register an execution, or let it continue one that failed. Repeated, it changes nothing.

        Returns None if the execution may continue under this id. Returns `used` if the id belongs to an
        execution with another input, and `undone` if the set-up was undone. Another input is accepted only
        after a failure before the first attempt to order.
        """
        record = self.register(
            customer_order_id,
            kind=kind,
            requested=requested,
            execution_arn=execution_arn,
            at=at,
            digest=digest,
            site_id=site_id,
            action=action,
            generation=generation,
        )
        if "undoneAt" in record:
            # The order is still COMPLETE at Bandwidth, but its numbers were released.
            return "undone"
        if record["orderState"] == OrderState.FAILED and record["executionArn"] != execution_arn:
            request = {"digest": digest, "requested": requested, "siteId": site_id, "action": action}
            record = self._continue(
                customer_order_id, record, execution_arn, kind, request, {"generation": generation}
            )
        return None if is_same_order(record, kind, digest) else "used"

    def _continue(
        self,
        customer_order_id: str,
        record: OrderItem,
        execution_arn: str,
        kind: Kind,
        request: Item,
        current: Item,
    ) -> OrderItem:
        """Let an execution continue a failed order, unless another one already does; return the record."""
        condition = "#orderState = :failed AND #executionArn = :before AND #kind = :kind"
        values = {"failed": OrderState.FAILED, "before": record["executionArn"], "kind": kind}
        changes = current
        if not is_same_order(record, kind, request["digest"]):
            condition += " AND attribute_not_exists(#orderAttemptedAt)"
            changes = current | request
        _, found = self._table.attempt(
            order_key(customer_order_id),
            assign={
                **changes,
                "orderState": OrderState.ORDERED if "orderId" in record else OrderState.STARTED,
                "executionArn": execution_arn,
                **dict.fromkeys(("failedAt", "reason", "completed", "failed", "failures")),
            },
            condition=condition,
            values=values,
        )
        return cast("OrderItem", found) if found else record

    def record_step(
        self,
        customer_order_id: str,
        step: str,
        *,
        state: str,
        at: str,
        started_at: str | None = None,
        detail: str | None = None,
        outcome: StepOutcome | None = None,
        replaced_application_id: str | None = None,
        found: Mapping[str, Any] | None = None,
    ) -> None:
        """Record that a step has started (running) or how it ended, and the ids it found or created.

        Code decides by `outcome` and `replaced_application_id`; `detail` is for people. Nothing is recorded
        if no order is open.
        """
        found = found or {}
        entry = {
            "state": state,
            "at": at,
            "startedAt": started_at,
            "detail": detail,
            "outcome": outcome,
            "replacedApplicationId": replaced_application_id,
            **{name: found.get(name) for name in STEP_IDS},
        }
        record = {name: value for name, value in entry.items() if value is not None}
        self._table.update(
            order_key(customer_order_id),
            assign={("steps", step): record, **found},
            condition="attribute_exists(#steps)",
        )

    def begin_ordering(self, customer_order_id: str, attempt: str, at: str) -> OrderItem:
        """Claim the order's POST to Bandwidth for an attempt, a token of its own, and return the record.

        If `orderAttempt` of the record is another attempt, an earlier run claimed the POST and may have sent
        it. `orderId` is present if that run received Bandwidth's response.
        """
        record = self._table.update(
            order_key(customer_order_id),
            keep={
                "orderAttempt": attempt,
                "orderAttemptedAt": at,
                "steps": {},
                "orderState": OrderState.STARTED,
            },
        )
        assert record is not None  # noqa: S101 - an update without a condition returns the item
        return cast("OrderItem", record)

    def release_claim(self, customer_order_id: str, attempt: str) -> bool:
        """Delete the claim of a POST that ordered nothing. Return whether the attempt held the claim."""
        return (
            self._table.update(
                order_key(customer_order_id),
                assign={"orderAttempt": None, "orderAttemptedAt": None},
                condition="#orderAttempt = :attempt AND attribute_not_exists(#orderId)",
                values={"attempt": attempt},
            )
            is not None
        )

    def record_ordered(self, customer_order_id: str, order_id: str, at: str) -> None:
        """Record Bandwidth's id of the order. A failed set-up that was restarted becomes ordered again."""
        self._table.update(
            order_key(customer_order_id),
            assign={"orderId": order_id, "orderState": OrderState.ORDERED, "reason": None},
            keep={"orderedAt": at},
            condition=_NOT_ENDED_WELL,
            values=_ENDED_WELL,
        )

    def await_notification(self, customer_order_id: str, token: str) -> OrderItem:
        """Record the task token that ends the wait for the order's next notification; return the record.

        The record has `subscriptionId` if the order already has a subscription.
        """
        record = self._table.update(
            order_key(customer_order_id), assign={"taskToken": token}, keep={"steps": {}}
        )
        assert record is not None  # noqa: S101 - an update without a condition returns the item
        return cast("OrderItem", record)

    def record_subscription(self, customer_order_id: str, subscription_id: str) -> None:
        """Record the subscription to notifications of the order."""
        self._table.update(order_key(customer_order_id), assign={"subscriptionId": subscription_id})

    def finish(
        self,
        customer_order_id: str,
        state: str,
        *,
        at: str,
        completed: int = 0,
        failed: int = 0,
        failures: Sequence[Failure] = (),
        reason: str | None = None,
        resources: Sequence[Mapping[str, Any]] = (),
    ) -> OrderItem | None:
        """Record how the order ended, its counts and its failures. Return the record.

        Returns None, with nothing changed, if the state is failed and the order completed numbers or has no
        record (a dry run has none). `resources` are those that a release deleted or kept.
        """
        record = self._table.update(
            order_key(customer_order_id),
            assign={
                "orderState": state,
                f"{state}At": at,
                "completed": completed,
                "failed": failed,
                "failures": list(failures) or None,
                "reason": reason,
                "resources": list(resources) or None,
                "taskToken": None,
            },
            condition=f"attribute_exists(#pk) AND {_NOT_ENDED_WELL}" if state == OrderState.FAILED else None,
            values=_ENDED_WELL if state == OrderState.FAILED else None,
        )
        return cast("OrderItem | None", record)

    def record_undone(self, customer_order_id: str, *, by: str, at: str) -> None:
        """Record which release undid the set-up."""
        self._table.update(
            order_key(customer_order_id),
            assign={"undoneAt": at, "undoneBy": by},
            condition="attribute_exists(#kind)",
        )
