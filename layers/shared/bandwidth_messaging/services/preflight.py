"""Checks the set-up of a number at Bandwidth before the number sends its first message.

Bandwidth accepts messages of a number that is not set up with a 202. It then drops them silently (a location
without an application), or sends no callbacks.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bandwidth_messaging.bandwidth.errors import (
    BandwidthError,
    BandwidthGarbled,
    BandwidthRejected,
    BandwidthUnauthorized,
)
from bandwidth_messaging.domain.times import now

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.catapult import Catapult
    from bandwidth_messaging.bandwidth.dashboard import Dashboard
    from bandwidth_messaging.domain.numbers import Home, Preflight
    from bandwidth_messaging.store.dynamodb import Item
    from bandwidth_messaging.store.number_store import Numbers

logger = logging.getLogger(__name__)


def has_passed(number: "Item") -> bool:
    """Return whether a number's item needs no preflight.

    The number passed one before, or its item lacks an id that the preflight needs.
    """
    return number.get("preflight", {}).get("ok", False) or not all(_location_ids(number))


@dataclass(frozen=True)
class PreflightCheck:
    """Looks up locations and applications at Bandwidth. The callback URLs are those of the stack."""

    dashboard: "Callable[[], Dashboard]"
    catapult: "Callable[[], Catapult]"
    numbers: "Callable[[], Numbers]"
    callback_url_v1: str
    callback_url_v2: str
    count: Callable[[str], None]

    def check_home(self, home: "Home") -> "Preflight | None":
        """Check the application of a V1 home, or the location of a V2 home.

        Return None if Bandwidth's API fails, whatever the reason. That is logged and counted.
        """
        try:
            if home.api == "v1":
                return self.check_catapult_application(str(home.application_id))
            return self.check_location(home.site_id, str(home.location_id), str(home.application_id))
        except BandwidthError as error:
            self._report_skipped(error)
            return None

    def check_sender(self, number: "Item") -> list[str]:
        """Check the set-up of a V2 number, record the result in its item, and return the problems.

        The list is empty if the account API rejects the look-up. That is logged and counted. Raises
        BandwidthUnavailable.
        """
        try:
            result = self.check_location(*_location_ids(number))
        except (BandwidthUnauthorized, BandwidthRejected, BandwidthGarbled) as error:
            self._report_skipped(error)
            return []
        self.numbers().record_preflight(number["number"], result)
        return result["problems"]

    def check_location(self, site_id: str, location_id: str, application_id: str) -> "Preflight":
        """Check that a location has the application, and that the application has the callback URL.

        Raises the errors of the look-ups.
        """
        dashboard, problems = self.dashboard(), []
        assigned = dashboard.find_assigned_application(site_id, location_id)
        if assigned != application_id:
            status = (
                f"has the application {assigned}" if assigned else "does not exist, or has no application"
            )
            problems.append(f"location {location_id} {status}; assign the application {application_id} to it")
        application = dashboard.find_application(application_id)
        if application is None:
            problems.append(
                f"application {application_id} does not exist; start the set-up again to create one"
            )
        elif application.callback_url != self.callback_url_v2:
            problems.append(
                f"application {application_id} has another callback URL; set it to {self.callback_url_v2}"
            )
        elif application.missing_callback_url:
            problems.append(
                f"application {application_id} has no {application.missing_callback_url}; "
                f"set it to {self.callback_url_v2}"
            )
        return _result(problems)

    def check_catapult_application(self, application_id: str) -> "Preflight":
        """Check that a Catapult application has the callback URL for incoming messages.

        Raises the errors of the look-up.
        """
        application, problems = self.catapult().find_application(application_id), []
        if application is None:
            problems.append(f"Catapult application {application_id} does not exist")
        elif application.incoming_message_url != self.callback_url_v1:
            problems.append(
                f"Catapult application {application_id} sends incoming messages to another URL; "
                f"set it to {self.callback_url_v1}"
            )
        return _result(problems)

    def _report_skipped(self, error: BandwidthError) -> None:
        logger.warning("preflight skipped", extra={"reason": str(error)})
        self.count("PreflightSkipped")


def _location_ids(number: "Item") -> list[Any]:
    return [number.get(name) for name in ("siteId", "locationId", "applicationId")]


def _result(problems: list[str]) -> "Preflight":
    return {"at": now(), "ok": not problems, "problems": problems}
