"""Reads and sets the rates of lanes. The rates API and GET /messages/{messageId} call it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bandwidth_messaging.domain.lanes import ACCOUNT, Lane, expect, tickets_from_items, to_micros, to_time
from bandwidth_messaging.domain.messages import MessageState, Waiting
from bandwidth_messaging.domain.registration import RegistrationKind, classify_number
from bandwidth_messaging.domain.times import now, to_rfc3339
from bandwidth_messaging.store.lane_store import from_item

if TYPE_CHECKING:
    from bandwidth_messaging.domain.messages import MessageItem
    from bandwidth_messaging.services.pacing import DefaultRates
    from bandwidth_messaging.store.lane_store import Lanes


# Messages change a busy lane all the time.
_ATTEMPTS: Final = 5


class LaneRate(NamedTuple):
    """A lane, and whether its rate was set through the API. Else the stack's parameter sets the rate."""

    lane: Lane
    is_set: bool


@dataclass(frozen=True)
class LaneRates:
    """The rates of lanes: those that were set through the API, and the defaults of the parameters."""

    lanes: "Lanes"
    defaults: "DefaultRates"

    def get(self, name: str) -> LaneRate:
        """Return a lane with its rate. A lane that no message has used is empty."""
        return self._lane_rate(name, self.lanes.get(name), self.lanes.rates())

    def list_all(self) -> list[LaneRate]:
        """Return the account's lane, and the lanes whose rate was set through the API, by name."""
        rates = self.lanes.rates()
        names = [ACCOUNT, *sorted(name for name in rates if name != ACCOUNT)]
        items = self.lanes.get_all(names)
        return [self._lane_rate(name, items.get(name, {}), rates) for name in names]

    def set_rate(self, name: str, interval: int | None) -> LaneRate:
        """Set the microseconds per segment of a lane. None returns to the stack's parameter.

        Messages that wait get new slots at once. The rate also ends a pause or a slow-down after a throttle.
        """
        rates = self.lanes.set_rate(name, interval)
        item = self.lanes.get(name)
        lane, is_set = self._lane_rate(name, item, rates)
        for _ in range(_ATTEMPTS):
            if not item:
                break
            done, found = self.lanes.replace(lane, lane.reset(to_micros(now())))
            item = found or {}
            lane, is_set = self._lane_rate(name, item, rates)
            if done:
                break
        return LaneRate(lane, is_set)

    def expect(self, message: "MessageItem") -> str | None:
        """Return when a message is expected to be sent: at its slots as the lanes are now, else as stored.

        Returns None if no rate limited the message when it was accepted.
        """
        stored = message.get("expectedAt")
        tickets = tickets_from_items(message.get("tickets", {}))
        waits_for_rate = message.get("waiting", Waiting.RATE) == Waiting.RATE
        if message["state"] != MessageState.ACCEPTED or not waits_for_rate or not tickets:
            return stored
        at = to_micros(now())
        rates, items = self.lanes.rates(), self.lanes.get_all({*tickets, ACCOUNT})
        lanes = {name: self._lane_rate(name, items.get(name, {}), rates).lane for name in (*tickets, ACCOUNT)}
        slot = max(lanes[name].slot(ticket) for name, ticket in tickets.items())
        if ACCOUNT not in tickets and lanes[ACCOUNT].is_limited:
            is_high = message.get("priority") == "high"
            if slot > at:
                slot = expect([*lanes.values()], slot, at, high=is_high)
            else:
                next_slot = lanes[ACCOUNT].next_slot(at, high=is_high)
                slot = _estimate(next_slot, to_micros(stored) if stored else at, at)
        return to_rfc3339(to_time(max(at, slot)).isoformat())

    def _lane_rate(self, name: str, item: Mapping[str, Any], rates: Mapping[str, Any]) -> LaneRate:
        target = rates.get(name, self._find_default(name))
        return LaneRate(
            from_item(name, item, target=target, high_share=self.defaults.high_share), name in rates
        )

    def _find_default(self, name: str) -> int | None:
        """Return the rate of the stack's parameter for a lane."""
        kind, _, number = name.partition(":")
        if kind == ACCOUNT:
            return self.defaults.account
        if kind == "campaign":
            return self.defaults.campaign
        is_toll_free = classify_number(number) is RegistrationKind.TOLL_FREE
        return self.defaults.toll_free if is_toll_free else self.defaults.number


def _estimate(next_slot: int, stored: int, at: int) -> int:
    """Return when a message is probably sent that waits for the account with a ticket that its item lacks.

    The end of the account's backlog is too late, because messages behind this one may wait there too. The
    time estimated at acceptance is better, unless the account has become slower or faster.
    """
    return min(next_slot, stored) if stored > at else next_slot
