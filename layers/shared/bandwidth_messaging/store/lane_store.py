"""The lanes in the Numbers table, one item each, and the item that holds the rates set through the API."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from bandwidth_messaging.domain.lanes import Extend, Lane, Load, Ticket, Track, TrackName
from bandwidth_messaging.store.keys import lane_key, rates_key

if TYPE_CHECKING:
    from bandwidth_messaging.store.dynamodb import Attempt, Item, Table

# A track's attributes in the lane's item: positions issued, base and clock.
_ATTRIBUTES: Final = {
    name: tuple(f"{name}{part}" for part in ("Issued", "Base", "Clock")) for name in TrackName
}

# Prefix of the attributes of the account's lane that hold the loads of narrower lanes.
_LOAD: Final = "load "
type LoadChanges = Mapping[str, Load | None]
"""Loads by the names of their lanes. None removes a load."""


class Lanes:
    """The lanes and the configured rates."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def get(self, name: str) -> "Item":
        """Return the item of a lane, empty if no message has used the lane."""
        return self._table.get(lane_key(name)) or {}

    def rates(self) -> "Item":
        """Return the rates set through the API: names of lanes to microseconds per segment."""
        return _without_key(self._table.get(rates_key()) or {})

    def set_rate(self, name: str, interval: int | None) -> "Item":
        """Set the microseconds per segment of a lane. None returns to the stack's parameter.

        Return all rates set through the API.
        """
        return _without_key(self._table.update(rates_key(), assign={name: interval}) or {})

    def get_all(self, names: Iterable[str]) -> "dict[str, Item]":
        """Return the items of lanes by their names. Lanes that no message has used are left out."""
        keys = {lane_key(name)["pk"]: name for name in names}
        items = self._table.get_all([{"pk": key} for key in keys], consistent=True) if keys else []
        return {keys[item["pk"]]: item for item in items}

    def extend(self, name: str, change: Extend, loads: "LoadChanges") -> "Item":
        """Issue more positions of a busy track, and record loads. Return the item of the lane."""
        issued, _, _ = _ATTRIBUTES[change.track]
        attempt = self._table.attempt(
            lane_key(name), assign=loads_to_item(loads), add={issued: change.segments}
        )
        return attempt.item or {}

    def release_ticket(self, name: str, ticket: Ticket) -> None:
        """Release a ticket's positions if the lane has issued none after them."""
        issued, _, _ = _ATTRIBUTES[ticket.track]
        self._table.attempt(
            lane_key(name),
            add={issued: -ticket.segments},
            condition="#issued = :end",
            names={"issued": issued},
            values={"end": ticket.position + ticket.segments},
        )

    def replace(self, known: Lane, changed: Lane, loads: "LoadChanges | None" = None) -> "Attempt":
        """Store a changed lane if it still is as known. The result has the item of the lane in any case.

        Loads are stored as they are, because workers change them all the time.
        """
        before, after = to_item(known), to_item(changed)
        differing = {name: after.get(name) for name in before | after if before.get(name) != after.get(name)}
        return self._table.change(
            lane_key(known.name), before, differing, unguarded=loads_to_item(loads or {})
        )


def _without_key(rates: "Item") -> "Item":
    return {name: interval for name, interval in rates.items() if name not in rates_key()}


def to_item(lane: Lane) -> dict[str, int]:
    """Return the attributes of a lane's item, without its loads. Zero and None are not stored."""
    item = {"interval": lane.interval, "pausedUntil": lane.paused_until, "slowedAt": lane.slowed_at}
    for name, track in lane.tracks.items():
        item |= dict(zip(_ATTRIBUTES[name], (track.issued, track.base, track.clock), strict=True))
    return {name: value for name, value in item.items() if value}


def from_item(name: str, item: Mapping[str, Any], *, target: int | None, high_share: int) -> Lane:
    """Return a lane from its item, or a new lane from an empty one."""
    tracks = {
        track: Track(item[issued], item.get(base, 0), item.get(clock, 0))
        for track, (issued, base, clock) in _ATTRIBUTES.items()
        if issued in item
    }
    return Lane(
        name=name,
        target=target,
        interval=item.get("interval"),
        high_share=high_share,
        tracks=tracks,
        paused_until=item.get("pausedUntil", 0),
        slowed_at=item.get("slowedAt", 0),
        loads={
            name.removeprefix(_LOAD): Load(load["interval"], load["end"])
            for name, load in item.items()
            if name.startswith(_LOAD)
        },
    )


def loads_to_item(loads: "LoadChanges") -> "Item":
    """Return changes of loads as attributes of the item of the account's lane."""
    return {
        f"{_LOAD}{lane}": {"interval": load.interval, "end": load.end} if load else None
        for lane, load in loads.items()
    }
