"""Looking before the first send: Bandwidth takes messages of a number that is not set up with a 202, and then
drops them without a word (a location without an application), or calls nobody back.
"""

import logging
from collections.abc import Callable
from typing import Any

from bandwidth_messaging.bandwidth.errors import (
    BandwidthError,
    BandwidthGarbled,
    BandwidthRejected,
    BandwidthUnauthorized,
)
from bandwidth_messaging.domain.numbers import Preflight
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.metrics import count
from bandwidth_messaging.store.dynamodb import Item

logger = logging.getLogger(__name__)


def of_location(site_id: str, location_id: str, application_id: str, *, callback_url: str) -> Preflight:
    """Return whether a location has the application, and the application our callback URL.

    Raises what the look-ups raise.
    """
    dashboard, problems = wiring.dashboard(), []
    assigned = dashboard.assigned_application(site_id, location_id)
    if assigned != application_id:
        found = f"has the application {assigned}" if assigned else "is gone, or has no application"
        problems.append(f"location {location_id} {found}; assign the application {application_id} to it")
    application = dashboard.application(application_id)
    if application is None:
        problems.append(f"application {application_id} is gone; start the set-up again to have one")
    elif application.callback_url != callback_url:
        problems.append(f"application {application_id} calls back elsewhere; give it the URL {callback_url}")
    elif application.lacks:
        problems.append(
            f"application {application_id} has no {application.lacks}; give it the URL {callback_url}"
        )
    return _result(problems)


def of_catapult_application(application_id: str, *, callback_url: str) -> Preflight:
    """Return whether a Catapult application has our URL for incoming messages.

    Raises what the look-up raises.
    """
    application, problems = wiring.catapult().application(application_id), []
    if application is None:
        problems.append(f"Catapult application {application_id} is gone")
    elif application.incoming_message_url != callback_url:
        problems.append(
            f"Catapult application {application_id} sends incoming messages elsewhere; "
            f"give it the URL {callback_url}"
        )
    return _result(problems)


def attempt(look: Callable[[], Preflight]) -> Preflight | None:
    """Return what a look at Bandwidth says, None if nobody could look, whatever the reason."""
    try:
        return look()
    except BandwidthError as error:
        _tell_skipped(error)
        return None


def has_passed(number: Item) -> bool:
    """Return whether a number's item needs no preflight: it passed one, or it lacks what one looks up."""
    return number.get("preflight", {}).get("ok", False) or not all(_home(number))


def check_sender(number: Item, *, callback_url: str) -> list[str]:
    """Return what would make Bandwidth drop the messages of a V2 number's item, and record it there.

    The list is empty, and that is logged and counted, if the account API refuses the look-up. Raises
    BandwidthUnavailable.
    """
    home = _home(number)
    try:
        result = of_location(*home, callback_url=callback_url)
    except (BandwidthUnauthorized, BandwidthRejected, BandwidthGarbled) as error:
        _tell_skipped(error)
        return []
    wiring.numbers().record_preflight(number["number"], result)
    return result["problems"]


def _home(number: Item) -> list[Any]:
    return [number.get(name) for name in ("siteId", "locationId", "applicationId")]


def _result(problems: list[str]) -> Preflight:
    return {"at": now(), "ok": not problems, "problems": problems}


def _tell_skipped(error: BandwidthError) -> None:
    logger.warning("preflight skipped", extra={"reason": str(error)})
    count("PreflightSkipped")
