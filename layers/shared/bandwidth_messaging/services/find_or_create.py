"""Finds a resource at Bandwidth by its name or creates it once, however many set-ups need it."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from bandwidth_messaging.bandwidth.errors import (
    BandwidthError,
    BandwidthOutcomeUnknown,
    BandwidthRejected,
    changed_nothing,
)
from bandwidth_messaging.domain.step_outcomes import StepOutcome
from bandwidth_messaging.domain.times import now, to_rfc3339

if TYPE_CHECKING:
    from bandwidth_messaging.store.created_resources import CreatedResources
    from bandwidth_messaging.store.leases import Leases

LEASE_DURATION: Final = timedelta(seconds=180)
"""Outlasts the longest Lambda timeout of a holder (120 s) plus one Bandwidth request still in flight."""


class Resolved(NamedTuple):
    """The id of a resource, how the step reached it, and how many others of its name were ignored."""

    id: str
    outcome: StepOutcome
    ignored_duplicates: int = 0


class Candidate(NamedTuple):
    """An existing resource of the wanted name. `mismatch` is why it is not usable, None if it is."""

    id: str
    mismatch: str | None


@dataclass(frozen=True)
class OwnedResources:
    """Creates resources at Bandwidth and records that this stack owns them."""

    leases: "Leases"
    created_resources: "CreatedResources"

    def find_or_create(
        self, resource: str, *, find: Callable[[], Resolved | None], create: Callable[[], str]
    ) -> Resolved:
        """Return the resource that `find` returns, or the one that `create` creates.

        `resource` is its kind and name. It is for resources whose names Bandwidth does not keep unique.
        While one run creates it, the others raise BandwidthOutcomeUnknown, so that they look again. If a run
        cannot know whether it created the resource, or died, the others wait for LEASE_DURATION.
        """
        if found := find():
            return found
        # Not the set-up's own id: the same set-up may run twice at once.
        holder, at = uuid.uuid4().hex, now()
        until = to_rfc3339((datetime.fromisoformat(at) + LEASE_DURATION).isoformat())
        if not self.leases.acquire(resource, holder, at=at, until=until):
            message = (
                f"another run is creating the {resource.replace('#', ' ')}, or ended without a result; "
                f"retry in {LEASE_DURATION.seconds} seconds"
            )
            raise BandwidthOutcomeUnknown(message)
        try:
            resolved = find() or Resolved(self.create(resource, create), StepOutcome.CREATED)
        except BandwidthError as error:
            if changed_nothing(error):
                self.leases.release(resource, holder)
            raise
        self.leases.release(resource, holder)
        return resolved

    def create(self, resource: str, create: Callable[[], str]) -> str:
        """Create a resource, record that this stack owns it, and return its id.

        The record begins before the request, so that a resource is known as owned although the response was
        lost. `resource` is its kind and name.
        """
        at = now()
        self.created_resources.begin(resource, at)
        try:
            created_id = create()
        except BandwidthError as error:
            if changed_nothing(error):
                self.created_resources.give_up(resource, at)
            raise
        self.created_resources.finish(resource, created_id, at)
        return created_id


def choose_candidate(step: str, resource: str, candidates: Sequence[Candidate]) -> Resolved | None:
    """Return the candidate to use, None if there are none.

    Of several usable ones it is the one with the lowest id, whatever their order. Raises BandwidthRejected
    if no candidate is usable: another system's messages must not be diverted. `step` and `resource` are for
    the error's text.
    """
    usable = sorted(candidate.id for candidate in candidates if candidate.mismatch is None)
    if usable:
        return Resolved(usable[0], StepOutcome.FOUND, len(candidates) - 1)
    for candidate in sorted(candidates):
        words = (
            f"{resource} exists as {candidate.id}, {candidate.mismatch}. Choose another applicationName, or "
            "rename or remove that application"
        )
        raise BandwidthRejected(step, words=words)
    return None
