"""Views: stored items as the API and the events show them, in camelCase, without keys of the tables."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from bandwidth_messaging.domain.drift import DriftState
from bandwidth_messaging.domain.lanes import SECOND, Lane, to_rate, to_time
from bandwidth_messaging.domain.messages import RANKS, READ, MessageState, Waiting
from bandwidth_messaging.domain.next_steps import next_steps
from bandwidth_messaging.domain.numbers import STATES, NumberState
from bandwidth_messaging.domain.opt_outs import get_source
from bandwidth_messaging.domain.orders import OrderState
from bandwidth_messaging.domain.times import to_rfc3339
from bandwidth_messaging.domain.transfers import TransferState
from bandwidth_messaging.store.dynamodb import Item
from bandwidth_messaging.store.message_items import ATTEMPT, RECIPIENT

if TYPE_CHECKING:
    from bandwidth_messaging.domain.pools import Member

View = dict[str, Any]

_MESSAGE = (
    "messageId", "direction", "api", "from", "pool", "to", "owner", "text", "media", "rcs", "rcsFailure",
    "encoding", "segmentCount", "bandwidthSegmentCount", "tag", "priority", "channel", "carrierName",
    "expiration", "sendAt", "keyword", "replyTo", "suggestionResponse", "locationResponse", "applicationId",
    "bandwidthId", "state", "errorCode", "errorClass", "reason", "bandwidthReason", "warnings",
)  # fmt: skip
WAITING: Final = ("expectedAt", "waiting")
"""Fields of a message that are shown only while the message is accepted."""
# Sending resumes when a person fixes the credentials, or Bandwidth its service. The time is unknown.
_UNPREDICTABLE = (Waiting.CREDENTIALS, Waiting.BANDWIDTH_UNAVAILABLE)
_OUTCOME = ("state", "errorCode", "errorClass", "reason", "bandwidthReason", "carrierName")
_MESSAGE_TIMES = (*RANKS, READ, MessageState.RECEIVED)
_SENT_STATES = tuple(state for state, rank in RANKS.items() if rank >= RANKS[MessageState.SENT])
_FILE = ("name", "contentType", "bytes", "smil", "reason")
_NUMBER = (
    "number", "state", "api", "applicationId", "locationId", "siteId", "orderId", "customerOrderId", "reason",
    "errorCode", "registration", "preflight", "replies",
)  # fmt: skip
_ORDER = (
    "kind", "orderId", "applicationId", "locationId", "requested", "completed", "failed", "reason",
    "executionArn", "setupOrderId", "resources", "undoneBy",
)  # fmt: skip
_POOL = ("name", "numbers", "formerNumbers", "matchAreaCode", "updatedAt")
_DRIFT = ("counts", "findings")
_TRANSFER = ("executionArn", "action", "key", "reason")
_WEBHOOK = ("state", "types", "format", "reason")
_WEBHOOK_TIMES = ("created", "rotated", "disabled")
_ORDER_STATES = (
    OrderState.STARTED,
    OrderState.ORDERED,
    OrderState.COMPLETED,
    OrderState.PARTIAL,
    OrderState.FAILED,
    "undone",
)


def message_view(item: Mapping[str, Any], link: Callable[[str], View] | None = None) -> View:
    """Return a message as GET /messages/{messageId} shows it. `link` returns the link to an archived file."""
    view = _only(item, _MESSAGE) | {"times": _times(item, _MESSAGE_TIMES)}
    if view["state"] == MessageState.ACCEPTED:
        view |= _only(item, ("waiting",) if item.get("waiting") in _UNPREDICTABLE else WAITING)
    if "archive" in item:
        view["archivedMedia"] = [
            _only(file, _FILE) | (link(file["key"]) if link and "key" in file else {})
            for file in item["archive"]
            if file
        ]
    if item.get("direction") == "out":
        outcomes = {recipient: item.get(f"{RECIPIENT}{recipient}") for recipient in item.get("to", [])}
        view["recipients"] = {
            recipient: _outcome(outcome) if outcome else _only(item, _OUTCOME)
            for recipient, outcome in outcomes.items()
        }
        _add_outcome_of_group(view)
        if attempts := _attempts(item):
            view["attempts"] = attempts
    return view


def _attempts(item: Mapping[str, Any]) -> list[View]:
    """Return the earlier attempts that a carrier failed, oldest first."""
    attempts = [
        {"bandwidthId": name.removeprefix(ATTEMPT), **attempt}
        for name, attempt in item.items()
        if name.startswith(ATTEMPT)
    ]
    return sorted(attempts, key=lambda attempt: str(attempt["failedAt"]))


def _outcome(outcome: Item) -> View:
    times = _times(outcome, _MESSAGE_TIMES)
    return _only(outcome, _OUTCOME) | ({"times": times} if times else {})


def _add_outcome_of_group(view: View) -> None:
    """Add the time and the reason of a group message's state, derived from the recipients' outcomes."""
    state, recipients = view["state"], view["recipients"].values()
    timed = [recipient for recipient in recipients if recipient.get("times")]
    if not timed or state in view["times"]:
        return
    if state == MessageState.SENT:
        view["times"][state] = min(
            at for recipient in timed for name, at in recipient["times"].items() if name in _SENT_STATES
        )
    elif RANKS[state] > RANKS[MessageState.SENT]:
        view["times"][state] = max(recipient["times"][recipient["state"]] for recipient in timed)
    if state == MessageState.FAILED:
        failed = sum(recipient["state"] == state for recipient in recipients)
        view["reason"] = f"{failed} of {len(recipients)} recipients failed"


def opt_out_view(item: Mapping[str, Any]) -> View:
    """Return an opt-out as GET /opt-outs shows it."""
    return {
        "owner": item["ours"],
        "number": item["theirs"],
        **_only(item, ("since", "keyword")),
        "source": get_source(item),
        **_only(item, ("note",)),
    }


def opt_out_record_view(item: Mapping[str, Any]) -> View:
    """Return an opt-out or opt-in as PUT and DELETE /numbers/{number}/opt-outs/{recipient} show it."""
    return {"state": item["optOutState"], **opt_out_view(item)}


def number_view(item: Mapping[str, Any]) -> View:
    """Return a number as GET /numbers/{number} shows it."""
    return _only(item, _NUMBER) | {"times": _times(item, STATES)}


def order_view(
    customer_order_id: str, order: Mapping[str, Any], numbers: Sequence[Mapping[str, Any]] = ()
) -> View:
    """Return an order as GET /orders/{customerOrderId} shows it. Failed `numbers` are failures."""
    steps = sorted(order.get("steps", {}).items(), key=lambda step: step[1].get("startedAt", step[1]["at"]))
    failed_numbers = [
        {"number": item["number"], "code": item.get("errorCode"), "reason": item.get("reason")}
        for item in numbers
        if item["state"] == NumberState.FAILED
    ]
    advice = next_steps(customer_order_id, order)
    return {
        "customerOrderId": customer_order_id,
        "state": order.get("orderState"),
        **_only(order, _ORDER),
        "failures": order.get("failures", []) + failed_numbers,
        "steps": [{"name": name, **entry} for name, entry in steps],
        "times": _times(order, _ORDER_STATES),
    } | ({"nextSteps": advice} if advice else {})


def pool_summary_view(pool: Mapping[str, Any]) -> View:
    """Return a pool as GET /pools shows it."""
    return _only(pool, _POOL)


def pool_view(pool: Mapping[str, Any], members: "Sequence[Member]") -> View:
    """Return a pool as GET /pools/{name} shows it."""
    shown = [
        {"number": member.number, "usable": member.reason is None}
        | ({"reason": member.reason} if member.reason else {})
        for member in members
    ]
    return {**pool_summary_view(pool), "members": shown}


def rate_view(lane: Lane, now: int, *, is_set: bool) -> View:
    """Return a lane as GET /rates/{lane} shows it. `now` is in microseconds since 1970.

    `is_set` is whether the rate was set through the API. Else the stack's parameter sets the rate.
    """
    view: View = {
        "lane": lane.name,
        "segmentsPerSecond": None if lane.target is None else to_rate(lane.target),
        "source": "api" if is_set else "parameter",
        "backlogSeconds": round(lane.backlog(now) / SECOND, 1),
        "waitingSegments": lane.count_waiting(now),
    }
    if lane.slowed_at and lane.interval is not None:
        view["currentSegmentsPerSecond"] = to_rate(lane.interval)
        view["slowedAt"] = _to_text(lane.slowed_at)
    if lane.paused_until > now:
        view["pausedUntil"] = _to_text(lane.paused_until)
    return view


def drift_view(item: Item) -> View:
    """Return the drift as its events show it."""
    return {
        "state": item["driftState"],
        **_only(item, _DRIFT),
        "times": _times(item, (DriftState.FOUND, DriftState.ENDED)),
    }


def transfer_view(item: Item) -> View:
    """Return a transfer of opt-outs as its events show it."""
    return {
        "state": item["transferState"],
        **_only(item, _TRANSFER),
        "times": _times(item, TransferState),
    }


def webhook_event_view(item: Mapping[str, Any]) -> View:
    """Return a webhook as its events show it: without the URL, which may contain a token."""
    return {
        "name": item["webhookName"],
        **_only(item, _WEBHOOK),
        "times": _times(item, _WEBHOOK_TIMES),
    }


def webhook_view(item: Mapping[str, Any], *, secret: str | None = None) -> View:
    """Return a webhook as GET /webhooks/{name} shows it. `secret` is shown only when it is new."""
    view = webhook_event_view(item) | {"url": item["url"]}
    if "previousUntil" in item:
        view["previousSecretUntil"] = item["previousUntil"]
    return view | ({"secret": secret} if secret else {})


def _to_text(micros: int) -> str:
    return to_rfc3339(to_time(micros).isoformat())


def _only(item: Mapping[str, Any], names: Iterable[str]) -> View:
    return {name: item[name] for name in names if item.get(name) is not None}


def _times(item: Mapping[str, Any], states: Iterable[str]) -> View:
    return {state: item[f"{state}At"] for state in states if f"{state}At" in item}
