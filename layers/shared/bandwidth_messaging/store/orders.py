"""Orders: the record of each set-up, kept step by step while it runs."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from bandwidth_messaging.domain.orders import COMPLETED, FAILED, ORDERED, PARTIAL, STARTED, Failure, Kind
from bandwidth_messaging.store.dynamodb import Item, Table
from bandwidth_messaging.store.keys import order_key

_NOT_ENDED_WELL: Final = "NOT #orderState IN (:completed, :partial)"
STEP_IDS: Final = ("applicationId", "locationId", "orderId")
"""What a step may find or make."""
_ENDED_WELL: Final = {"completed": COMPLETED, "partial": PARTIAL}


class Orders:
    """The orders in the Numbers table, known by their CustomerOrderId."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, customer_order_id: str) -> Item | None:
        """Return an order's item."""
        return self._table.get(order_key(customer_order_id))

    def was_attempted(self, customer_order_id: str) -> bool:
        """Tell whether the order may be at Bandwidth."""
        return "orderAttemptedAt" in (self.get(customer_order_id) or {})

    def open(
        self,
        customer_order_id: str,
        *,
        kind: Kind,
        requested: int,
        execution_arn: str,
        at: str,
        digest: str | None = None,
        site_id: str | None = None,
    ) -> Literal["used", "undone"] | None:
        """Record that a set-up has started, or one that failed goes on; saying it again changes nothing.

        `digest` tells what the order asks for from every other. Return why the set-up may not go on under
        this id, None if it may: an order was tried under it that asked for something else, or what it brought
        was given back.
        """
        key = order_key(customer_order_id)
        record = self._table.update(
            key,
            keep={
                "kind": kind,
                "orderState": STARTED,
                "requested": requested,
                "executionArn": execution_arn,
                "startedAt": at,
                "steps": {},
            },
        )
        if digest is None or record is None:
            return None
        if "undoneAt" in record:
            # Its order is still COMPLETE at Bandwidth, and brings nothing any more.
            return "undone"
        # Until an order has been tried, a set-up may be started again with another input.
        asked = {"kind": kind, "digest": digest, "requested": requested, "siteId": site_id}
        untried = self._table.update(key, assign=asked, condition="attribute_not_exists(#orderAttemptedAt)")
        if untried is None and (record["kind"], record.get("digest")) != (kind, digest):
            return "used"
        if record["orderState"] == FAILED:
            self._go_on(key, record, execution_arn)
        return None

    def _go_on(self, key: Item, record: Item, execution_arn: str) -> None:
        """Take back that an order failed: another execution continues it."""
        self._table.update(
            key,
            assign={
                "orderState": ORDERED if "orderId" in record else STARTED,
                "executionArn": execution_arn,
                **dict.fromkeys(("failedAt", "reason", "completed", "failed", "failures")),
            },
            # Another that was started at the same time may be on its way; one that has failed is not.
            condition="#orderState = :failed AND #executionArn <> :execution",
            values={"failed": FAILED, "execution": execution_arn},
        )

    def record_step(
        self,
        customer_order_id: str,
        step: str,
        *,
        state: str,
        at: str,
        started_at: str | None = None,
        detail: str | None = None,
        found: Mapping[str, Any] | None = None,
    ) -> None:
        """Record that a step has started (running) or how it ended, and the ids it found or made.

        Nothing if no order is open.
        """
        found = found or {}
        entry = {
            "state": state,
            "at": at,
            "startedAt": started_at,
            "detail": detail,
            **{name: found.get(name) for name in STEP_IDS},
        }
        told = {name: value for name, value in entry.items() if value is not None}
        self._table.update(
            order_key(customer_order_id),
            assign={("steps", step): told, **found},
            condition="attribute_exists(#steps)",
        )

    def begin_ordering(self, customer_order_id: str, attempt: str, at: str) -> Item:
        """Claim the order's POST to Bandwidth for an attempt, a token of its own, and return the record.

        The claim is ours if its `orderAttempt` is ours; otherwise an earlier one stands, which may have
        been sent, and `orderId` is there if Bandwidth's answer was seen.
        """
        record = self._table.update(
            order_key(customer_order_id),
            keep={"orderAttempt": attempt, "orderAttemptedAt": at, "steps": {}, "orderState": STARTED},
        )
        assert record is not None  # noqa: S101 - an update without a condition returns the item
        return record

    def give_up_ordering(self, customer_order_id: str, attempt: str) -> bool:
        """Take back the claim of a POST that surely ordered nothing; return whether it still stood."""
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
        """Record Bandwidth's id of the order; a set-up that failed before and was started again goes on."""
        self._table.update(
            order_key(customer_order_id),
            assign={"orderId": order_id, "orderState": ORDERED, "reason": None},
            keep={"orderedAt": at},
            condition=_NOT_ENDED_WELL,
            values=_ENDED_WELL,
        )

    def await_notification(self, customer_order_id: str, token: str) -> Item:
        """Record the token that ends the wait for the order's next change; return the record.

        `subscriptionId` is in it if the order was subscribed to before.
        """
        record = self._table.update(
            order_key(customer_order_id), assign={"taskToken": token}, keep={"steps": {}}
        )
        assert record is not None  # noqa: S101 - an update without a condition returns the item
        return record

    def record_subscription(self, customer_order_id: str, subscription_id: str) -> None:
        """Record that changes of the order will be told."""
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
    ) -> Item | None:
        """Record how the order ended: counts, and what failed apart from single numbers. Return the record.

        An order that has brought numbers is not turned into a failed one, nor is one that is not open (a dry
        run has no record), and None returned. `resources` are
        what a release took away beside numbers, or left.
        """
        return self._table.update(
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
            condition=f"attribute_exists(#pk) AND {_NOT_ENDED_WELL}" if state == FAILED else None,
            values=_ENDED_WELL if state == FAILED else None,
        )

    def record_undone(self, customer_order_id: str, *, by: str, at: str) -> None:
        """Record that what a set-up made is gone, and by which release."""
        self._table.update(
            order_key(customer_order_id),
            assign={"undoneAt": at, "undoneBy": by},
            condition="attribute_exists(#kind)",
        )
