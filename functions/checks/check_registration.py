"""Looks up what carriers know of our numbers (10DLC campaigns, toll-free verification), and records it."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import Field

from bandwidth_messaging.domain import registration
from bandwidth_messaging.domain.numbers import NumberItem, NumberState
from bandwidth_messaging.domain.registration import Registration
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.domain.validation import CamelModel, PhoneNumber, parse
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.logging import logger
from bandwidth_messaging.services.parallel import for_each
from bandwidth_messaging.services.registration_check import look_up

# Of the function's five minutes; the rest is for recording.
_SECONDS: Final = 200
# Each toll-free number is a request of its own: a verified one can wait, and so can what is beyond the limit.
_LASTS: Final = timedelta(days=1)
_MOST_TOLL_FREE: Final = 200


class Request(CamelModel):
    """Numbers to look up, in the forms people type; all that are due if left out."""

    numbers: list[PhoneNumber] | None = Field(None, min_length=1)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Return how many active numbers were looked up, how many are of which state, and how many were written.

    What has not changed is written again once a day. Raises InvalidInput, and what keeps Bandwidth from
    telling.
    """
    numbers = parse(Request, event).numbers
    # DynamoDB refuses to read one key twice in a request.
    asked_for = list(dict.fromkeys(numbers)) if numbers else None
    counts: Counter[str] = Counter()
    if wiring.is_current():
        known = _known(asked_for)
        kinds = {number: registration.kind_of(number) for number in known}
        toll_free = [number for number, kind in kinds.items() if kind == "toll_free"]
        others = [number for number, kind in kinds.items() if kind != "toll_free"]
        registrations = wiring.registrations(seconds=_SECONDS)
        for numbers in (others, toll_free if asked_for else _due(toll_free, known)):
            looked_up = look_up(numbers, registrations)
            found = {number: _given_time(known[number], each) for number, each in looked_up.items()}
            news = [number for number, each in found.items() if _is_news(known[number], each)]
            for_each(news, partial(_record, found))
            counts.update({"numbers": len(found), "written": len(news)})
            counts.update(each["state"] for each in found.values())
    logger.info("registrations looked up", extra={"counts": counts})
    return dict(counts)


def _known(asked_for: list[str] | None) -> dict[str, NumberItem]:
    """Return the active numbers that were asked for, or all, without those that text through V1.

    V1 is older than campaigns, and its numbers may be registered with another carrier.
    """
    items = (
        wiring.numbers().get_all(asked_for)
        if asked_for
        else wiring.numbers().list_all_by_state(NumberState.ACTIVE)
    )
    return {
        item["number"]: item for item in items if item["state"] == NumberState.ACTIVE and item["api"] == "v2"
    }


def _due(numbers: list[str], known: Mapping[str, NumberItem]) -> list[str]:
    """Return the toll-free numbers to look up, those that were not looked up for longest first."""
    due = [number for number in numbers if not _is_settled(known[number].get("registration"))]
    due.sort(key=lambda number: str(known[number].get("registration", {}).get("checkedAt", "")))
    return due[:_MOST_TOLL_FREE]


def _is_settled(known: Registration | None) -> bool:
    return known is not None and known["state"] == "registered" and _is_recent(known)


def _is_recent(known: Registration) -> bool:
    return datetime.fromisoformat(now()) - datetime.fromisoformat(known["checkedAt"]) < _LASTS


def _given_time(item: NumberItem, found: Registration) -> Registration:
    """Return what counts of a number: one that was just put into a campaign has a day to be listed there."""
    known: Registration | None = item.get("registration")
    is_on_its_way = known is not None and known["state"] == "pending" and "campaignId" in known
    return known if known and is_on_its_way and "campaignId" not in found and _is_recent(known) else found


def _is_news(item: NumberItem, found: Registration) -> bool:
    known: Registration | None = item.get("registration")
    return known is None or not registration.says_the_same(known, found) or not _is_recent(known)


def _record(found: Mapping[str, Registration], number: str) -> None:
    wiring.numbers().record_registration(number, found[number])
