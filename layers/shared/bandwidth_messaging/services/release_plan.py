"""The plan of a release: what goes and what is left, read from our records and from Bandwidth.

A thing goes if one of our set-ups made it and nothing else uses it. All else is left, with the reason.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from bandwidth_messaging.bandwidth.errors import BandwidthRejected, BandwidthUnauthorized
from bandwidth_messaging.domain.numbers import NumberState
from bandwidth_messaging.domain.orders import OrderState
from bandwidth_messaging.domain.phone_numbers import last_four
from bandwidth_messaging.domain.problems import FieldProblem, InvalidInput
from bandwidth_messaging.domain.releases import Resource
from bandwidth_messaging.domain.texts import normalized
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.services.number_release import counted, hosted_numbers, still_told_of, told_apart
from bandwidth_messaging.store.dynamodb import Item

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.applications import Applications
    from bandwidth_messaging.bandwidth.catapult import Catapult
    from bandwidth_messaging.bandwidth.dashboard import Dashboard
    from bandwidth_messaging.bandwidth.locations import Location, Locations
    from bandwidth_messaging.bandwidth.subscriptions import Subscriptions

_RELEASE: Final = "release_numbers"
Fate = Literal["disconnect", "remove", "releasedBefore", "neverCame"]

_NOT_OURS: Final = "no set-up of this stack has made it"


# Numbers


def numbers_named(numbers: Sequence[str]) -> list[Item]:
    """Return the records of numbers (E.164). Raises InvalidInput that tells of those without one."""
    items = wiring.numbers().get_all(numbers, consistent=True)
    known = {item["number"] for item in items}
    if unknown := [number for number in numbers if number not in known]:
        detail = f"…{last_four(unknown[0])} is not one of our numbers; GET /numbers lists them"
        more = f"; and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        raise InvalidInput([FieldProblem("telephoneNumbers", detail + more)])
    return items


def set_up(customer_order_id: str) -> Item:
    """Return the record of a set-up. Raises InvalidInput if it is none."""
    order = wiring.orders().get(customer_order_id)
    if order is None or order.get("kind") == _RELEASE:
        what = "there is no set-up" if order is None else "a release, not a set-up, has the id"
        raise InvalidInput([FieldProblem("customerOrderId", f"{what} {customer_order_id!r}")])
    return order


def numbers_of(customer_order_id: str, order: Item, account: "Dashboard") -> list[Item]:
    """Return the records of the numbers that a set-up brought, those too that it never heard of.

    Raises InvalidInput while Bandwidth is still at work on its order: more numbers may come.
    """
    items = wiring.numbers().all_of_order(customer_order_id)
    if (
        order.get("orderState") in {OrderState.COMPLETED, OrderState.PARTIAL}
        or "orderAttemptedAt" not in order
    ):
        return items
    known = {item["number"] for item in items}
    is_hosted = order["kind"] == "hosted_messaging"
    order_id = order.get("orderId")
    if order_id is None:
        find = account.find_import_request if is_hosted else account.find_order
        order_id = find(customer_order_id)
        if order_id is None:
            return items
    # An import brings no number without a record.
    status = account.import_status(order_id, []) if is_hosted else account.order_status(order_id)
    if status.ended_as is None and not status.is_incomplete:
        detail = (
            f"its order {order_id} is still {status.status} at Bandwidth, and more numbers may come; "
            "wait for its end, or close it there"
        )
        raise InvalidInput([FieldProblem("customerOrderId", detail)])
    late = [number for number in status.completed if number not in known]
    home = {"siteId": site_of(order), "customerOrderId": customer_order_id}
    return items + [{"number": number, "state": "not recorded", **home} for number in late]


def fates_of(items: Iterable[Item]) -> Iterator[tuple[Item, Fate]]:
    """Yield each number's record with what is to become of it."""
    for item, is_hosted in told_apart(items):
        yield item, _fate(item, is_hosted=is_hosted)


def _fate(item: Item, *, is_hosted: bool) -> Fate:
    if item["state"] == NumberState.RELEASED:
        return "releasedBefore"
    # A hosted number that Catapult refused is on the account all the same; its record has an application.
    if item["state"] == NumberState.FAILED and not (is_hosted and item.get("applicationId")):
        return "neverCame"
    return "remove" if is_hosted else "disconnect"


# What stands around them


def site_of(order: Item) -> str:
    """Return the site of a set-up."""
    return str(order.get("siteId") or settings().bandwidth_site_id)


def uses_catapult(order: Item) -> bool:
    """Tell whether a set-up made, or found, its application in Catapult."""
    return "Create Application" in order.get("steps", {}) and not wiring.is_current()


def around_a_location(
    order: Item, account: "Dashboard", numbers: Collection[str], *, notification_url: str
) -> tuple[list[Resource], list[Resource]]:
    """Return what of a set-up whose numbers text from a location goes, in that order, and what is left.

    `numbers` are those that are released before. What is not there is in neither list.
    """
    site_id, location_id = site_of(order), order.get("locationId")
    locations = _locations(account, site_id)
    location = next((each for each in locations if each.location_id == location_id), None)
    found: list[Resource] = []
    if location is not None:
        found += _of_location(order, site_id, location, locations, account, numbers)
    going = {resource.what for resource in found if resource.reason is None}
    if application_id := order.get("applicationId"):
        used = set() if location is None or "assignment" in going else {location.location_id}
        found += _application(order, application_id, account, used, location)
    if "Prepare Location" in order.get("steps", {}):
        found += _subscriptions(account, numbers, notification_url)
    return _sorted(found)


def around_catapult(
    order: Item, catapult: "Catapult", numbers: Collection[str]
) -> tuple[list[Resource], list[Resource]]:
    """Return the Catapult application of a hosted set-up: in the first list if it goes, else the second."""
    application_id = order.get("applicationId")
    application = catapult.application(application_id) if application_id else None
    if application is None:
        return [], []
    reason = None
    if others := catapult.numbers(application.application_id).keys() - set(numbers):
        reason = f"{counted(others, 'other number')} still use it"
    elif not _is_ours(
        order, "Create Application", "catapult application", application.name, application.application_id
    ):
        reason = _NOT_OURS
    return _sorted([Resource(what="catapultApplication", id=application.application_id, reason=reason)])


def _locations(account: "Locations", site_id: str) -> "list[Location]":
    try:
        return account.locations(site_id)
    except BandwidthRejected as error:
        if error.is_absent:
            return []
        raise


def _of_location(
    order: Item,
    site_id: str,
    location: "Location",
    locations: "Sequence[Location]",
    account: "Dashboard",
    numbers: Collection[str],
) -> Iterator[Resource]:
    location_id = location.location_id
    others = (account.location_numbers(site_id, location_id) or {}).keys() - set(numbers)
    in_use = f"{counted(others, 'other number')} still at location {location_id}" if others else None
    is_ours = _is_ours(order, "Create location", f"location#{site_id}", location.name, location_id)
    there = {
        "assignment": account.assigned_application(site_id, location_id),
        "mms": account.mms_protocol(site_id, location_id),
        "sms": account.sms(site_id, location_id),
    }
    for (what, state), found in zip(_FEATURES, there.values(), strict=True):
        if found is not None:
            reason = in_use or (None if is_ours else _reason_to_keep(order, state))
            if what == "assignment" and found != order.get("applicationId"):
                reason = f"location {location_id} sends its messages to the application {found}"
            yield Resource(what=what, id=location_id, site_id=site_id, location_id=location_id, reason=reason)
    reason = in_use or (None if is_ours else _NOT_OURS)
    if reason is None and location.is_default_peer and len(locations) > 1:
        reason = (
            f"it is the default of site {site_id}, which Bandwidth deletes last (13558); "
            "make another location the default, then start this again"
        )
    yield Resource(what="location", id=location_id, site_id=site_id, location_id=location_id, reason=reason)


_FEATURES: Final[tuple[tuple[Literal["assignment", "mms", "sms"], str], ...]] = (
    ("assignment", "Assign Application to Location"),
    ("mms", "Enable MMS on Location"),
    ("sms", "Enable SMS on Location"),
)


def _reason_to_keep(order: Item, state: str) -> str | None:
    """Return why a feature of a location that is not ours is left, None if this set-up switched it on."""
    how = _how(order, state)
    if " in place of " in how:
        return f"the set-up {how}; assign that one again, if it is to have its messages back"
    return None if how in {"enabled", "assigned"} else _NOT_OURS


def _application(
    order: Item, application_id: str, account: "Applications", used: set[str], location: "Location | None"
) -> Iterator[Resource]:
    application = account.application(application_id)
    if application is None:
        return
    going = {location.location_id} - used if location else set()
    reason = None
    if users := sorted((account.locations_of(application_id) | used) - going):
        reason = f"used by location {', '.join(users)}"
    elif not _is_ours(order, "Create application", "application", application.name, application_id):
        reason = _NOT_OURS
    yield Resource(what="application", id=application_id, reason=reason)


def _subscriptions(account: "Subscriptions", numbers: Collection[str], url: str) -> Iterator[Resource]:
    """Yield what tells of lost numbers: every hosted set-up asks for it, and the last takes it away."""
    try:
        found = account.subscriptions_to_lost_numbers(url)
    except (BandwidthRejected, BandwidthUnauthorized) as error:
        # A set-up goes on where it may not subscribe, and so does its undoing.
        reason = f"Bandwidth does not list subscriptions ({error}); delete there the one that calls {url}"
        yield Resource(what="subscription", id="MESSAGING_LOST", reason=reason)
        return
    others = hosted_numbers() - set(numbers) if found else set()
    for subscription_id in found:
        yield Resource(
            what="subscription", id=subscription_id, reason=still_told_of(others) if others else None
        )


def _is_ours(order: Item, state: str, kind: str, name: str, thing_id: str) -> bool:
    thing = f"{kind}#{normalized(name)}"
    return _how(order, state) == "created" or wiring.created_resources().is_ours(thing, thing_id)


def _how(order: Item, state: str) -> str:
    """Return the word for how a step of a set-up came by its thing: created, found, given, was on, ..."""
    steps: Mapping[str, Any] = order.get("steps", {})
    return str(steps.get(state, {}).get("detail", ""))


def _sorted(found: list[Resource]) -> tuple[list[Resource], list[Resource]]:
    return (
        [resource for resource in found if resource.reason is None],
        [resource for resource in found if resource.reason is not None],
    )
