"""Drift: differences between Bandwidth's account and the records of the stack's numbers."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from hashlib import sha256
from json import dumps
from typing import Final, NotRequired, TypedDict

from bandwidth_messaging.domain.numbers import NumberState

MAX_SHOWN_FINDINGS: Final = 100
"""How many findings are stored and returned. The counts cover all findings."""


class DriftState(StrEnum):
    """Whether the account and the records differ."""

    FOUND = "found"
    ENDED = "ended"


class DriftKind(StrEnum):
    """What happened to the number of a finding."""

    APPEARED = "appeared"
    VANISHED = "vanished"
    LOST_MESSAGING = "lostMessaging"


class DriftCause(StrEnum):
    """What Bandwidth's account shows."""

    LISTED_AT_LOCATION = "listed_at_location"
    NOT_LISTED_AT_LOCATION = "not_listed_at_location"
    MOVED = "moved"
    LOCATION_MISSING = "location_missing"
    SMS_OFF_AT_LOCATION = "sms_off_at_location"
    SMS_OFF_FOR_NUMBER = "sms_off_for_number"
    LOCATION_APPLICATION = "location_application"
    LISTED_IN_CATAPULT = "listed_in_catapult"
    NOT_LISTED_IN_CATAPULT = "not_listed_in_catapult"
    CATAPULT_APPLICATION = "catapult_application"


_REASONS: Final = {
    DriftCause.LISTED_AT_LOCATION: "{location} lists the number",
    DriftCause.NOT_LISTED_AT_LOCATION: "{location} does not list the number",
    DriftCause.MOVED: "the number was moved to {other_location}",
    DriftCause.LOCATION_MISSING: "{location} does not exist",
    DriftCause.SMS_OFF_AT_LOCATION: "SMS is off at {location}",
    DriftCause.SMS_OFF_FOR_NUMBER: "SMS is off for the number",
    DriftCause.LOCATION_APPLICATION: "{location} has {application}, expected {expected}",
    DriftCause.LISTED_IN_CATAPULT: "the number has {application} in Catapult",
    DriftCause.NOT_LISTED_IN_CATAPULT: "Catapult does not list the number",
    DriftCause.CATAPULT_APPLICATION: "the number has {application} in Catapult, expected {expected}",
}


@dataclass(frozen=True)
class Finding:
    """One difference: of one `number` (E.164), or of `numbers` numbers at one location.

    `application_id` and `other_location_id` are what Bandwidth reports. `recorded_state` is the state that
    the record of an appeared number has.
    """

    kind: DriftKind
    cause: DriftCause
    number: str | None = None
    numbers: int | None = None
    site_id: str | None = None
    location_id: str | None = None
    other_location_id: str | None = None
    application_id: str | None = None
    expected_application_id: str | None = None
    recorded_state: NumberState | None = None

    @property
    def identity(self) -> str:
        """Return a text that is equal for equal findings only. Sorts by kind."""
        return dumps([self.kind, asdict(self)], sort_keys=True)


class FindingView(TypedDict):
    """A finding as events, the handler's result and the drift item show it."""

    what: str
    number: NotRequired[str]
    numbers: NotRequired[int]
    siteId: NotRequired[str]
    locationId: NotRequired[str]
    reason: str


class DriftItem(TypedDict, total=False):
    """The drift item of the Numbers table. `endedAt` is set while there is no drift."""

    driftState: str
    digest: str
    counts: dict[str, int]
    findings: list[FindingView]
    foundAt: str
    endedAt: str


def count_findings(findings: Iterable[Finding]) -> dict[str, int]:
    """Return the number of numbers per kind, without kinds that did not occur."""
    counts: Counter[str] = Counter()
    for finding in findings:
        counts[str(finding.kind)] += finding.numbers or 1
    return dict(counts)


def sort_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings in an order that does not depend on the order they were found in."""
    return sorted(findings, key=lambda finding: finding.identity)


def digest_findings(findings: Sequence[Finding]) -> str:
    """Return a digest of sorted findings. Equal findings have equal digests."""
    return sha256("\n".join(finding.identity for finding in findings).encode()).hexdigest()


def show_findings(findings: Sequence[Finding]) -> list[FindingView]:
    """Return the first MAX_SHOWN_FINDINGS findings as views."""
    return [_show(finding) for finding in findings[:MAX_SHOWN_FINDINGS]]


def _show(finding: Finding) -> FindingView:
    view: FindingView = {"what": str(finding.kind), "reason": _explain(finding)}
    if finding.number is not None:
        view["number"] = finding.number
    if finding.numbers is not None:
        view["numbers"] = finding.numbers
    if finding.site_id is not None:
        view["siteId"] = finding.site_id
    if finding.location_id is not None:
        view["locationId"] = finding.location_id
    return view


def _explain(finding: Finding) -> str:
    """Return the reason of a finding as a sentence for people."""
    reason = _REASONS[finding.cause].format(
        location=f"location {finding.location_id}",
        other_location=f"location {finding.other_location_id}",
        application=f"application {finding.application_id}" if finding.application_id else "no application",
        expected=f"application {finding.expected_application_id}",
    )
    if finding.recorded_state:
        return f"{reason}, and the stack's record of the number is {finding.recorded_state}"
    return reason
