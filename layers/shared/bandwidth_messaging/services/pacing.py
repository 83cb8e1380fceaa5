"""Paces messages at the rates of their lanes. POST /messages reserves, the send queue's worker waits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bandwidth_messaging.domain.lanes import (
    ACCOUNT,
    MAX_SLEEP,
    SECOND,
    Extend,
    Lane,
    Ticket,
    Tickets,
    TrackName,
    is_late,
)
from bandwidth_messaging.domain.registration import RegistrationKind, classify_number
from bandwidth_messaging.store.lane_store import from_item

if TYPE_CHECKING:
    from bandwidth_messaging.store.lane_store import Lanes, LoadChanges
    from bandwidth_messaging.store.opt_out_store import SendFacts

# Writers that see an idle lane at the same time: one changes it, the others then extend it.
_ATTEMPTS: Final = 5


class Reserved(NamedTuple):
    """A ticket of a lane, and the time when it is due in microseconds since 1970."""

    lane: str
    ticket: Ticket
    slot: int


class Pace(NamedTuple):
    """When a message may be sent, in microseconds since 1970, and the tickets that it has so far."""

    slot: int
    tickets: Tickets


@dataclass(frozen=True)
class DefaultRates:
    """The rates of the stack's parameters, in microseconds per segment. None is no limit.

    `high_share` is the percentage of a lane's rate that is reserved for messages with high priority.
    """

    account: int | None
    campaign: int | None
    toll_free: int | None
    number: int | None
    high_share: int


@dataclass(frozen=True)
class Pacing:
    """Reserves slots of lanes. A lane without a configured rate limits only after Bandwidth throttled it."""

    lanes: "Lanes"
    defaults: DefaultRates

    def issue(
        self,
        lane: Lane,
        segments: int,
        now: int,
        *,
        high: bool = False,
        late: bool = False,
        source: Lane | None = None,
    ) -> Reserved:
        """Reserve the next positions of a lane. `late` may reserve them on the late track.

        `source` is the narrower lane that the message comes from. The same write records its load.
        """
        loads = lane.change_loads(source, now) if source else {}
        for _ in range(_ATTEMPTS):
            adjusted = lane.adjusted(now) or lane
            track = adjusted.choose_track(now, high=high, late=late)
            change = adjusted.reserve(track, segments, now)
            if isinstance(change, Extend):
                if adjusted is lane:
                    return self._extend(lane, change, loads)
                change = adjusted.extended(change)
            is_done, item = self.lanes.replace(lane, change, loads)
            lane = self._updated(lane, item)
            if is_done:
                return _reserved(lane, track, segments)
        # Others keep changing the lane, so that it is busy.
        return self._extend(lane, Extend(TrackName.NORMAL, segments), loads)

    def pace(self, lanes: Sequence[Lane], tickets: Tickets, segments: int, now: int, *, high: bool) -> Pace:
        """Return when a message may be sent, so that all of its lanes keep their rates.

        A missing ticket is reserved, and one that is too late is replaced. Both happen on one lane only if
        the message is due on the lanes before it: it would hold a slot that it cannot use. A ticket whose
        slot passes while the message waits for another lane stays valid.
        """
        tickets, slot = dict(tickets), now
        limited = [lane for each in lanes if (lane := self._recover(each, now)).is_limited]
        held = max((lane.slot(tickets[lane.name]) for lane in limited if lane.name in tickets), default=now)
        for lane in limited:
            ticket = tickets.get(lane.name)
            if ticket is None or (
                lane.is_late(ticket, now) and (lane.slot(ticket) == held or is_late(held, now))
            ):
                source = limited[0] if lane is not limited[0] else None
                reserved = self.issue(lane, segments, now, high=high, late=ticket is not None, source=source)
                tickets[lane.name] = reserved.ticket
                slot = max(slot, reserved.slot)
            else:
                slot = max(slot, lane.slot(ticket))
            if slot - now > MAX_SLEEP:
                break
        return Pace(slot, tickets)

    def lanes_of(self, number: str, facts: "SendFacts") -> list[Lane]:
        """Return the lanes of a number's messages: its narrowest one, and the account's."""
        account = self._lane(ACCOUNT, facts.rates.get(ACCOUNT, self.defaults.account), facts.account_lane)
        narrow = self._narrow_lane(number, facts.sender or {}, facts.rates)
        return [narrow, account] if narrow else [account]

    def find_narrow_rate(
        self, number: str, sender: Mapping[str, Any], rates: Mapping[str, Any]
    ) -> tuple[str, int | None]:
        """Return the narrowest lane of a number's messages, and its configured microseconds per segment.

        It is the number's lane, or that of its campaign. The interval is None if neither has a rate. `sender`
        is the number's item, `rates` the item of the rates set through the API.
        """
        is_toll_free = classify_number(number) is RegistrationKind.TOLL_FREE
        name = f"number:{number}"
        target = rates.get(name, self.defaults.toll_free if is_toll_free else self.defaults.number)
        if target is None and (campaign_id := sender.get("registration", {}).get("campaignId")):
            campaign = f"campaign:{campaign_id}"
            target = rates.get(campaign, self.defaults.campaign)
            return (name, None) if target is None else (campaign, target)
        return name, target

    def slow_down(self, lane: Lane, now: int, wait_seconds: int | None) -> None:
        """Slow a lane down that Bandwidth throttled. `wait_seconds` is the delay that Bandwidth requests."""
        if slowed := lane.slowed(now, (wait_seconds or 0) * SECOND):
            self.lanes.replace(lane, slowed)

    def _recover(self, lane: Lane, now: int) -> Lane:
        """Return a lane at the rate that it should have now. A backlog recovers without new messages too."""
        adjusted = lane.adjusted(now) if lane.tracks else None
        return self._updated(lane, self.lanes.replace(lane, adjusted).item) if adjusted else lane

    def _narrow_lane(self, number: str, sender: Mapping[str, Any], rates: Mapping[str, Any]) -> Lane | None:
        """Return the lane of a number or of its campaign, None if only the account's lane applies."""
        name, target = self.find_narrow_rate(number, sender, rates)
        return None if target is None else self._lane(name, target, self.lanes.get(name))

    def _extend(self, lane: Lane, change: Extend, loads: "LoadChanges") -> Reserved:
        extended = self._updated(lane, self.lanes.extend(lane.name, change, loads))
        return _reserved(extended, change.track, change.segments)

    def _lane(self, name: str, target: int | None, item: Mapping[str, Any]) -> Lane:
        return from_item(name, item, target=target, high_share=self.defaults.high_share)

    def _updated(self, lane: Lane, item: Mapping[str, Any] | None) -> Lane:
        return self._lane(lane.name, lane.target, item or {})


def _reserved(lane: Lane, track: TrackName, segments: int) -> Reserved:
    """Return the positions that a track issued last."""
    ticket = Ticket(track, lane.track(track).issued - segments, segments)
    return Reserved(lane.name, ticket, lane.slot(ticket))
