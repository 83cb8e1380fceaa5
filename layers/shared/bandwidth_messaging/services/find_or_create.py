"""Finding a thing at Bandwidth by its name or making it: there is one, however many set-ups want it."""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from bandwidth_messaging.bandwidth.errors import (
    BandwidthError,
    BandwidthOutcomeUnknown,
    BandwidthRejected,
    changed_nothing,
)
from bandwidth_messaging.domain.times import now, rfc3339
from bandwidth_messaging.runtime import wiring

LEASE_DURATION: Final = timedelta(seconds=180)
"""Outlasts the longest Lambda timeout of a holder (120 s) plus a request that is still in flight then."""


class Made(NamedTuple):
    """A thing's id, and a word for how it came: created, found, given."""

    id: str
    how: str


class Namesake(NamedTuple):
    """A thing of the wanted name, and what tells that it is somebody else's (None: it is ours)."""

    id: str
    other: str | None


def find_or_create(name: str, *, find: Callable[[], Made | None], make: Callable[[], str]) -> Made:
    """Return what `find` finds, or what `make` makes, for things whose names may come twice at Bandwidth.

    While one run makes it, others that miss it raise BandwidthOutcomeUnknown, to look again. After a run that
    may have made it, but cannot know, or that died, the others wait for LEASE_DURATION.
    """
    if found := find():
        return found
    # Not the set-up's own id: the same set-up may have been started twice at once.
    leases, holder, at = wiring.leases(), uuid.uuid4().hex, now()
    until = rfc3339((datetime.fromisoformat(at) + LEASE_DURATION).isoformat())
    if not leases.take(name, holder, at=at, until=until):
        message = f"another run is just making the {name.replace('#', ' ')}, or died over it; try later"
        raise BandwidthOutcomeUnknown(message)
    try:
        made = find() or Made(create_owned(name, make), "created")
    except BandwidthError as error:
        if changed_nothing(error):
            leases.give_back(name, holder)
        raise
    leases.give_back(name, holder)
    return made


def create_owned(thing: str, make: Callable[[], str]) -> str:
    """Return the id of what `make` makes, and keep that one of our set-ups made it.

    That is kept before, too, and so known of a thing whose answer was lost: `thing` is its kind and name.
    """
    created_resources, at = wiring.created_resources(), now()
    created_resources.begin(thing, at)
    try:
        made_id = make()
    except BandwidthError as error:
        if changed_nothing(error):
            created_resources.give_up(thing, at)
        raise
    created_resources.finish(thing, made_id, at)
    return made_id


def choose_owned(step: str, wanted: str, namesakes: Sequence[Namesake]) -> Made | None:
    """Return the one to use of all things of a name (`wanted`, in words), None if there is none.

    Of several of ours the one with the lowest id, however they are listed. Raises BandwidthRejected if the
    name is taken by others only, whose messages must not be diverted.
    """
    ours = sorted(namesake.id for namesake in namesakes if namesake.other is None)
    if ours:
        more = len(namesakes) - 1
        return Made(ours[0], f"found; {more} more of this name left alone" if more else "found")
    for namesake in sorted(namesakes):
        words = (
            f"there is an {wanted} already, {namesake.id}, {namesake.other}; "
            "choose another applicationName, or rename or remove that one"
        )
        raise BandwidthRejected(step, words=words)
    return None
