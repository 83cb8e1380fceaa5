"""Orders in the Numbers table: the record of each set-up and release, updated by every step."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NotRequired, TypedDict, Unpack, cast

from bandwidth_messaging.domain.orders import Action, Failure, Kind, OrderItem, OrderState
from bandwidth_messaging.domain.problems import ExecutionReplaced
from bandwidth_messaging.domain.step_outcomes import StepOutcome
from bandwidth_messaging.store.dynamodb import Changes, InvalidStartKey, Item, Page, Table
from bandwidth_messaging.store.keys import order_key

_NOT_SUCCEEDED: Final = "NOT #orderState IN (:completed, :partial)"
STEP_IDS: Final = ("applicationId", "locationId", "orderId")
"""Names of the ids that a step may find or create."""
# What a failed execution leaves in the record.
_OUTCOME: Final = ("failedAt", "reason", "unstarted", "interrupted", "completed", "failed", "failures")
_SUCCEEDED: Final = {"completed": OrderState.COMPLETED, "partial": OrderState.PARTIAL}


def is_same_order(record: OrderItem, kind: Kind, digest: str) -> bool:
    """Return whether an order's record has the same kind and requests the same."""
    return (record["kind"], record["digest"]) == (kind, digest)


class Registration(TypedDict):
    """A set-up or a release that starts at a time (RFC 3339).

    `digest` distinguishes what is requested from every other request. `action` is that of a hosted set-up,
    and `generation` is the generation of Bandwidth's API that the set-up uses. `start_token` is unique for
    the request that starts the execution; an execution that registers itself has none.
    """

    kind: Kind
    requested: int
    execution_arn: str
    at: str
    digest: str
    site_id: NotRequired[str | None]
    action: NotRequired[Action | None]
    generation: NotRequired[str | None]
    start_token: NotRequired[str]


class Orders:
    """The orders in the Numbers table, known by their CustomerOrderId."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, customer_order_id: str) -> OrderItem | None:
        """Return an order's item, None if the order does not exist."""
        return cast("OrderItem | None", self._table.get(order_key(customer_order_id)))

    def list_by_kinds(self, kinds: Sequence[Kind], *, limit: int, start: Item | None = None) -> Page:
        """Return a page of the orders of these kinds, kind by kind, the latest start first.

        Raises InvalidStartKey if `start` is not a key that this method returned.
        """
        if start and start.get("kind") not in kinds:
            raise InvalidStartKey
        entries: list[Item] = []
        for kind in kinds[[*kinds].index(start["kind"]) if start else 0 :]:
            page = self._table.query(
                "ordersByKind", {"kind": kind}, limit=limit - len(entries), start=start, newest_first=True
            )
            start = None
            entries += page.items
            if len(entries) == limit:
                break
        orders = self._table.get_all([{"pk": entry["pk"]} for entry in entries])
        return Page(orders, entries[-1] if len(entries) == limit else None)

    def was_attempted(self, customer_order_id: str) -> bool:
        """Return whether the order may exist at Bandwidth."""
        return "orderAttemptedAt" in (self.get(customer_order_id) or {})

    def register(self, customer_order_id: str, **registration: Unpack[Registration]) -> OrderItem:
        """Record that a set-up or a release starts. Return the record. An existing record stays as it is."""
        record = self._table.update(
            order_key(customer_order_id),
            keep={
                "orderState": OrderState.STARTED,
                "kind": registration["kind"],
                "executionArn": registration["execution_arn"],
                "startedAt": registration["at"],
                "steps": {},
                **_request(registration),
                "generation": registration.get("generation"),
                "startToken": registration.get("start_token", registration["execution_arn"]),
            },
        )
        # An update without a condition always returns the item.
        return cast("OrderItem", record)

    def record_unstarted(self, customer_order_id: str, *, start_token: str, at: str, reason: str) -> None:
        """Fail an order whose execution did not start, unless the order has changed meanwhile.

        `start_token` is that of the request that registered or reopened the order.
        """
        self._table.update(
            order_key(customer_order_id),
            assign={
                "orderState": OrderState.FAILED,
                "failedAt": at,
                "reason": reason,
                "unstarted": True,
            },
            condition="#orderState = :started AND #startToken = :token AND #steps = :noSteps",
            values={"started": OrderState.STARTED, "token": start_token, "noSteps": {}},
        )

    def reopen_unstarted(
        self, customer_order_id: str, *, execution_arn: str, start_token: str, at: str
    ) -> bool:
        """Reopen an order whose execution did not start, so that the same execution can start.

        Return False, with nothing changed, if the order is not one of these.
        """
        order = self._table.update(
            order_key(customer_order_id),
            assign={
                "orderState": OrderState.STARTED,
                "startedAt": at,
                "startToken": start_token,
                **dict.fromkeys(("failedAt", "reason", "unstarted")),
            },
            condition="#unstarted = :yes AND #orderState = :failed AND #executionArn = :arn",
            values={"yes": True, "failed": OrderState.FAILED, "arn": execution_arn},
        )
        return order is not None

    def open(
        self, customer_order_id: str, **registration: Unpack[Registration]
    ) -> Literal["used", "undone"] | None:
        """Register an execution, or let it continue a failed one. A repeated call changes nothing.

        Return None if the execution may use this id. Return "used" if it belongs to a different
        request, and "undone" if its set-up was undone. A changed request may continue a failed execution only
        if no order was attempted before.
        """
        record = self.register(customer_order_id, **registration)
        if "undoneAt" in record:
            # Its order is still COMPLETE at Bandwidth, but its numbers are released.
            return "undone"
        if (
            record["orderState"] == OrderState.FAILED
            and record["executionArn"] != registration["execution_arn"]
        ):
            record = self._continue(customer_order_id, record, registration)
        elif record["startToken"] != registration["execution_arn"]:
            self._confirm_start(customer_order_id, registration["execution_arn"])
        return None if is_same_order(record, registration["kind"], registration["digest"]) else "used"

    def _confirm_start(self, customer_order_id: str, arn: str) -> None:
        """Record that an order's execution runs, even if a request recorded that it did not start.

        Of two equal requests, Step Functions can accept one and reject the other. With the new token,
        `record_unstarted` no longer matches the order.
        """
        self._table.update(
            order_key(customer_order_id),
            assign={
                "orderState": OrderState.STARTED,
                "startToken": arn,
                **dict.fromkeys(("failedAt", "reason", "unstarted")),
            },
            condition="#executionArn = :arn AND (#orderState = :started OR #unstarted = :yes)",
            values={"arn": arn, "started": OrderState.STARTED, "yes": True},
        )

    def record_interrupted(self, customer_order_id: str, *, execution_arn: str, at: str, reason: str) -> bool:
        """Fail an order whose execution ended without recording its outcome.

        Return False, with nothing changed, if the order has ended or another execution continues it.
        """
        order = self._table.update(
            order_key(customer_order_id),
            assign={
                "orderState": OrderState.FAILED,
                "failedAt": at,
                "reason": reason,
                "interrupted": True,
                "taskToken": None,
            },
            condition="#executionArn = :arn AND #orderState IN (:started, :ordered)",
            values={
                "arn": execution_arn,
                "started": OrderState.STARTED,
                "ordered": OrderState.ORDERED,
            },
        )
        return order is not None

    def record_failed_continuation(
        self, customer_order_id: str, *, failed_at: str, at: str, reason: str
    ) -> bool:
        """Record that the execution that was to continue a failed order ended before its first state did.

        The new `failedAt` lets another execution continue the order. Return False, with nothing changed, if
        the order has changed since it failed at `failed_at`.
        """
        order = self._table.update(
            order_key(customer_order_id),
            assign={"failedAt": at, "reason": reason},
            condition="#orderState = :failed AND #failedAt = :before",
            values={"failed": OrderState.FAILED, "before": failed_at},
        )
        return order is not None

    def reopen_redriven(self, customer_order_id: str, order: OrderItem, execution_arn: str) -> bool:
        """Reopen an interrupted order whose execution was redriven. Return False if nothing changed."""
        reopened = self._table.update(
            order_key(customer_order_id),
            assign={
                "orderState": OrderState.ORDERED if "orderId" in order else OrderState.STARTED,
                **dict.fromkeys(("failedAt", "reason", "interrupted")),
            },
            condition="#executionArn = :arn AND #orderState = :failed AND #interrupted = :yes",
            values={"arn": execution_arn, "failed": OrderState.FAILED, "yes": True},
        )
        return reopened is not None

    def _continue(self, customer_order_id: str, record: OrderItem, registration: Registration) -> OrderItem:
        """Let an execution continue a failed order unless another one already does. Return the record."""
        kind = registration["kind"]
        condition = "#orderState = :failed AND #executionArn = :before AND #kind = :kind"
        values = {"failed": OrderState.FAILED, "before": record["executionArn"], "kind": kind}
        changes: Item = {"generation": registration.get("generation")}
        # A replaced execution that is redriven at Check Input continues the order again.
        before = [*record.get("replacedExecutions", ()), record["executionArn"]]
        replaced = [each for each in before if each != registration["execution_arn"]]
        if not is_same_order(record, kind, registration["digest"]):
            condition += " AND attribute_not_exists(#orderAttemptedAt)"
            changes |= _request(registration)
        _, found = self._table.attempt(
            order_key(customer_order_id),
            assign={
                **changes,
                "orderState": OrderState.ORDERED if "orderId" in record else OrderState.STARTED,
                "executionArn": registration["execution_arn"],
                "replacedExecutions": replaced or None,
                **dict.fromkeys(_OUTCOME),
            },
            condition=condition,
            values=values,
        )
        return cast("OrderItem | None", found) or record

    def record_step(
        self,
        customer_order_id: str,
        step: str,
        *,
        state: str,
        at: str,
        execution_arn: str | None = None,
        started_at: str | None = None,
        detail: str | None = None,
        outcome: StepOutcome | None = None,
        replaced_application_id: str | None = None,
        found: Mapping[str, Any] | None = None,
    ) -> None:
        """Record that a step has started (running) or how it ended, and the ids it found or created.

        Code decides by `outcome` and `replaced_application_id`; `detail` is for people. Nothing is recorded
        if the order does not exist. Raises ExecutionReplaced.
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
        given = {name: value for name, value in entry.items() if value is not None}
        self._update_unless_replaced(
            customer_order_id,
            execution_arn,
            assign={("steps", step): given, **found},
            condition="attribute_exists(#steps)",
        )

    def begin_ordering(self, customer_order_id: str, attempt: str, at: str) -> OrderItem:
        """Claim the order's POST to Bandwidth for an attempt, a unique token, and return the record.

        The claim succeeded if the record's `orderAttempt` is this attempt. Otherwise an earlier attempt may
        have sent the request; `orderId` is set if it got a response.
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
        # An update without a condition always returns the item.
        return cast("OrderItem", record)

    def release_claim(self, customer_order_id: str, attempt: str) -> bool:
        """Release the claim of a POST that certainly ordered nothing. Return whether it still existed."""
        return (
            self._table.update(
                order_key(customer_order_id),
                assign={"orderAttempt": None, "orderAttemptedAt": None},
                condition="#orderAttempt = :attempt AND attribute_not_exists(#orderId)",
                values={"attempt": attempt},
            )
            is not None
        )

    def record_ordered(self, customer_order_id: str, order_id: str, at: str) -> bool:
        """Record Bandwidth's id of the order. A failed set-up that was started again continues.

        An interrupted order gets the id and stays failed, because no execution continues it: the step was in
        progress when its execution was stopped. Return whether the order continues.
        """
        key = order_key(customer_order_id)
        recorded, order = self._table.attempt(
            key,
            assign={"orderId": order_id, "orderState": OrderState.ORDERED, "reason": None},
            keep={"orderedAt": at},
            condition=f"{_NOT_SUCCEEDED} AND attribute_not_exists(#interrupted)",
            values=_SUCCEEDED,
        )
        if recorded or not order or "interrupted" not in order:
            return True
        interrupted = self._table.update(
            key,
            assign={"orderId": order_id},
            keep={"orderedAt": at},
            condition="attribute_exists(#interrupted)",
        )
        # Otherwise an execution has continued the order meanwhile.
        return interrupted is None and self.record_ordered(customer_order_id, order_id, at)

    def await_notification(
        self, customer_order_id: str, token: str, order_id: str, *, execution_arn: str | None = None
    ) -> OrderItem:
        """Record the token of the task that the next notification completes. Return the record.

        `order_id` is the order at Bandwidth that the task waits for: the set-up's or the release's own, or an
        order of number options. Raises ExecutionReplaced.
        """
        record = self._update_unless_replaced(
            customer_order_id,
            execution_arn,
            assign={"taskToken": token, "awaitedOrderId": order_id},
            keep={"steps": {}},
        )
        # The update has no other condition.
        return cast("OrderItem", record)

    def record_subscription(self, customer_order_id: str, subscription_id: str, order_id: str) -> None:
        """Record the subscription to the notifications of an order at Bandwidth."""
        self._table.update(
            order_key(customer_order_id),
            assign={"subscriptionId": subscription_id, "subscribedOrderId": order_id},
        )

    def finish(
        self,
        customer_order_id: str,
        state: str,
        *,
        at: str,
        execution_arn: str | None = None,
        completed: int = 0,
        failed: int = 0,
        failures: Sequence[Failure] = (),
        reason: str | None = None,
        resources: Sequence[Mapping[str, Any]] = (),
    ) -> OrderItem | None:
        """Record the final state of the order with its counts and failures. Return the record.

        A failure is not recorded, and None is returned, if the order completed numbers or does not exist (a
        dry run has no record). `resources` are those that a release deleted or left. Raises
        ExecutionReplaced.
        """
        record = self._update_unless_replaced(
            customer_order_id,
            execution_arn,
            assign={
                "orderState": state,
                f"{state}At": at,
                "completed": completed,
                "failed": failed,
                "failures": list(failures) or None,
                "reason": reason,
                "resources": list(resources) or None,
                "taskToken": None,
                "interrupted": None,
            },
            condition=f"attribute_exists(#pk) AND {_NOT_SUCCEEDED}" if state == OrderState.FAILED else None,
            values=_SUCCEEDED if state == OrderState.FAILED else None,
        )
        return cast("OrderItem | None", record)

    def _update_unless_replaced(
        self,
        customer_order_id: str,
        execution_arn: str | None,
        *,
        assign: Changes,
        keep: Changes | None = None,
        condition: str | None = None,
        values: Item | None = None,
    ) -> Item | None:
        """Update an order for an execution, as Table.update does.

        Raises ExecutionReplaced if another execution continues the order. Definitions of earlier versions
        send no `execution_arn`.
        """
        values = dict(values or {})
        if execution_arn:
            is_current = "NOT contains(#replacedExecutions, :execution)"
            condition = f"{condition} AND {is_current}" if condition else is_current
            values["execution"] = execution_arn
        done, item = self._table.attempt(
            order_key(customer_order_id), assign=assign, keep=keep, condition=condition, values=values
        )
        if not done and item and execution_arn in item.get("replacedExecutions", ()):
            raise ExecutionReplaced(customer_order_id, item["executionArn"])
        return item if done else None

    def record_undone(self, customer_order_id: str, *, by: str, at: str) -> None:
        """Record that the release `by` (its CustomerOrderId) deleted the resources of a set-up."""
        self._table.update(
            order_key(customer_order_id),
            assign={"undoneAt": at, "undoneBy": by},
            condition="attribute_exists(#kind)",
        )


def _request(registration: Registration) -> Item:
    """Return the attributes that a changed request changes in the order's record."""
    return {
        "digest": registration["digest"],
        "requested": registration["requested"],
        "siteId": registration.get("site_id"),
        "action": registration.get("action"),
    }
