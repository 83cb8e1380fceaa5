"""Releasing: numbers that leave us, things that are taken away, and what of both is left."""

from collections.abc import Iterable, Iterator, Sequence, Sized
from functools import partial
from typing import TYPE_CHECKING

from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.domain.numbers import NumberState
from bandwidth_messaging.domain.orders import Failure
from bandwidth_messaging.domain.releases import Resource
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.services.parallel import for_each
from bandwidth_messaging.store.dynamodb import Item

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.dashboard import Dashboard
    from bandwidth_messaging.bandwidth.locations import Locations


def still_there(numbers: Iterable[str], account: "Locations") -> set[str]:
    """Return those of the numbers that are still at their locations, or whose location nobody knows."""
    homes: dict[tuple[str | None, str | None], set[str]] = {}
    for item in wiring.numbers().get_all(list(numbers), consistent=True):
        home = item.get("siteId"), item.get("locationId")
        homes.setdefault(home, set()).add(item["number"])
    found: set[str] = set()
    for (site_id, location_id), here in homes.items():
        if site_id is None or location_id is None:
            found |= here
        else:
            found |= here & (account.location_numbers(site_id, location_id) or {}).keys()
    return found


def told_apart(items: Iterable[Item]) -> Iterator[tuple[Item, bool]]:
    """Yield each number's record with whether it is hosted, which the set-up that brought it tells."""
    kinds: dict[str | None, str | None] = {None: None}
    for item in items:
        brought_by = item.get("customerOrderId")
        if brought_by not in kinds:
            kinds[brought_by] = (wiring.orders().get(str(brought_by)) or {}).get("kind")
        yield item, item.get("api") == "v1" or kinds[brought_by] == "hosted_messaging"


def hosted_numbers() -> set[str]:
    """Return the hosted numbers that are ours or on their way: we want to be told when one is taken away."""
    items = [
        item
        for state in (NumberState.ACTIVE, NumberState.PENDING)
        for item in wiring.numbers().all_in_state(state)
    ]
    return {item["number"] for item, is_hosted in told_apart(items) if is_hosted}


def may_be_gone(code: str | None) -> bool:
    """Tell whether a disconnect's error may mean that the number is not the account's any more."""
    from bandwidth_messaging.bandwidth.disconnect_orders import NOT_DISCONNECTED  # noqa: PLC0415 - loads lxml

    return code == NOT_DISCONNECTED


def not_gone(numbers: Sequence[str], code: str | None, account: "Locations") -> set[str]:
    """Return those of the numbers that an order refused with this code is still about."""
    return still_there(numbers, account) if may_be_gone(code) else set(numbers)


def record_gone(numbers: Iterable[str]) -> None:
    """Record that numbers have left us."""
    for_each(numbers, partial(wiring.numbers().release, at=now()))


def not_released(numbers: Sequence[str], refusal: str | None) -> list[Failure]:
    """Return which of the numbers have not left, and why: their own reason, or the `refusal` of all."""
    items = {item["number"]: item for item in wiring.numbers().get_all(numbers, consistent=True)}
    return [
        {
            "number": number,
            "code": items.get(number, {}).get("errorCode"),
            "reason": items.get(number, {}).get("reason") or refusal or "no reason given",
        }
        for number in numbers
        if items.get(number, {}).get("state") != NumberState.RELEASED
    ]


def what_is_left(failures: Sequence[Failure], stuck: Sequence[Resource], requested: int) -> str:
    """Return in words what a release has left behind, and what to do."""
    left = []
    if failures:
        first = failures[0]
        why = f"{first['code'] or ''} {first['reason']}".strip()
        left.append(f"numbers not released: {len(failures)} of {requested} ({why})")
    left += [f"{each.what} {each.id} is left ({each.reason})" for each in stuck]
    return f"{'; '.join(left)}. Mend that, and start again with the same input: it goes on with what is left"


def take_away(resource: Resource, account: "Dashboard") -> bool:
    """Take away a thing of the account; return whether it was still there.

    Raises BandwidthRejected if Bandwidth, or a number that is still there, keeps it.
    """
    site_id, location_id = str(resource.site_id), str(resource.location_id)
    if resource.what == "application":
        was_there = account.delete_application(resource.id)
    elif resource.what == "subscription":
        # A set-up that came since has renewed it, and goes on relying on it.
        if others := hosted_numbers():
            raise BandwidthRejected("Delete Resource", words=still_told_of(others))
        was_there = account.delete_subscription(resource.id)
    else:
        # A location without an application takes messages of its numbers and drops them.
        if numbers := account.location_numbers(site_id, location_id):
            words = f"{counted(numbers, 'number')} still at location {location_id}"
            raise BandwidthRejected("Delete Resource", words=words)
        take = {
            "assignment": account.detach_application,
            "mms": account.disable_mms,
            "sms": account.disable_sms,
            "location": account.delete_location,
        }[resource.what]
        was_there = take(site_id, location_id)
    return was_there


def still_told_of(numbers: Sized) -> str:
    """Return in words why the subscription to lost numbers is left."""
    return f"{counted(numbers, 'other hosted number')} left, whose loss it tells of"


def counted(numbers: Sized, what: str) -> str:
    """Return how many there are of what, in words."""
    return f"{len(numbers)} {what}{'' if len(numbers) == 1 else 's'}"
