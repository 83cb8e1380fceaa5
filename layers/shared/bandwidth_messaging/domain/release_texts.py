"""Texts for people about a release. No code reads them."""

from collections.abc import Sequence
from typing import Final

from bandwidth_messaging.domain.orders import Failure
from bandwidth_messaging.domain.releases import KeepCode, KeepReason, PlannedResource, Resource

_KEEP_TEXTS: Final[dict[KeepCode, str]] = {
    KeepCode.NOT_OWNED: "no set-up of this stack created it",
    KeepCode.NUMBERS_AT_LOCATION: "{numbers} at location {locations}",
    KeepCode.NUMBERS_USE_APPLICATION: "in use by {numbers}",
    KeepCode.LOCATIONS_USE_APPLICATION: "in use by location {locations}",
    KeepCode.OTHER_APPLICATION_ASSIGNED: (
        "location {locations} sends its messages to the application {application_id}"
    ),
    KeepCode.APPLICATION_REPLACED: (
        "the set-up replaced the application {application_id}. Assign that application again if it should "
        "receive the messages"
    ),
    KeepCode.DEFAULT_LOCATION: (
        "it is the default location of site {site_id}, which Bandwidth deletes last (13558). Make another "
        "location the default, then start this release again"
    ),
    KeepCode.HOSTED_NUMBERS_REMAIN: "still in use: it reports losses of {numbers}",
    KeepCode.SUBSCRIPTIONS_NOT_LISTED: (
        "Bandwidth does not list subscriptions ({error}). Delete the one for {callback_url} at Bandwidth"
    ),
    KeepCode.REJECTED: "{error_code}{error}",
}


def describe_keep_reason(reason: KeepReason) -> str:
    """Return why a release keeps a resource, and what a person can do about it."""
    noun = "hosted number" if reason.code == KeepCode.HOSTED_NUMBERS_REMAIN else "number"
    return _KEEP_TEXTS[reason.code].format(
        numbers=_count(reason.numbers, f"other {noun}"),
        locations=", ".join(reason.location_ids),
        application_id=reason.application_id,
        site_id=reason.site_id,
        callback_url=reason.callback_url,
        error_code=f"{reason.error_code} " if reason.error_code else "",
        error=reason.error,
    )


def to_resource(planned: PlannedResource) -> Resource:
    """Return a planned resource as a release's input and output have it."""
    return Resource(
        what=planned.what,
        id=planned.id,
        site_id=planned.site_id,
        location_id=planned.location_id,
        reason=describe_keep_reason(planned.keep) if planned.keep else None,
    )


def describe_remainder(failures: Sequence[Failure], kept: Sequence[Resource], requested: int) -> str:
    """Return what a release did not finish, and what to do."""
    remainder = []
    if failures:
        first = failures[0]
        reason = f"{first['code'] or ''} {first['reason']}".strip()
        remainder.append(f"numbers not released: {len(failures)} of {requested} ({reason})")
    remainder += [f"{resource.what} {resource.id} not deleted ({resource.reason})" for resource in kept]
    return (
        f"{'; '.join(remainder)}. Resolve the cause, then start the release again with the same input: it "
        "continues with what remains"
    )


def _count(count: int, noun: str) -> str:
    """Return a count with its noun in singular or plural."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
