"""Creates what numbers need at Bandwidth before they can text. Steps of both set-ups call it.

One method per heading of "Messaging 2.0 API Setup". A second run creates nothing twice. A resource that
another system uses is not changed: the run ends with BandwidthRejected, whose text says what to do.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from bandwidth_messaging.bandwidth.errors import (
    BandwidthError,
    BandwidthRejected,
    BandwidthUnauthorized,
)
from bandwidth_messaging.bandwidth.locations import HTTP
from bandwidth_messaging.domain.step_outcomes import StepOutcome
from bandwidth_messaging.domain.texts import is_same_text
from bandwidth_messaging.services.find_or_create import (
    Candidate,
    OwnedResources,
    Resolved,
    choose_candidate,
)

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.applications import Application
    from bandwidth_messaging.bandwidth.credentials import BasicCredentials
    from bandwidth_messaging.bandwidth.dashboard import Dashboard
    from bandwidth_messaging.bandwidth.locations import Location
    from bandwidth_messaging.bandwidth.registration_center import Registrations
    from bandwidth_messaging.domain.orders import Campaign

logger = logging.getLogger(__name__)

_NAME_EXISTS: Final = "13524"


class SmsFeature(NamedTuple):
    """How SMS came to be enabled, and which settings were switched on where it was enabled before."""

    outcome: StepOutcome
    added: tuple[str, ...] = ()


class Assignment(NamedTuple):
    """How an application came to be assigned, and which application it replaced."""

    outcome: StepOutcome
    replaced_application_id: str | None = None


@dataclass(frozen=True)
class Provisioning:
    """Applications and locations of the account, ready for messages."""

    account: "Dashboard"
    resources: OwnedResources
    callback_credentials: "Callable[[], BasicCredentials]"

    def find_or_create_application(self, name: str, *, callback_url: str) -> Resolved:
        """Return the application of this name that calls back to this stack ("Create application").

        A new one gets the stack's callback credentials. An application for another service, with another
        callback URL, or without one of the current API's two callback URLs, is not usable.
        """

        def find() -> Resolved | None:
            candidates = [
                Candidate(each.application_id, _find_mismatch(each, callback_url))
                for each in self.account.list_applications()
                if is_same_text(each.name, name)
            ]
            return choose_candidate("Create application", f"application {name!r}", candidates)

        return self.resources.find_or_create(
            f"application#{name}",
            find=find,
            create=lambda: self.account.create_application(name, callback_url, self.callback_credentials()),
        )

    def find_or_create_location(
        self,
        site_id: str,
        *,
        name: str,
        location_id: str | None = None,
        is_default_peer: bool | None = None,
    ) -> Resolved:
        """Return a site's location: the given one, or the one of this name ("Create location").

        A site's first location becomes its default unless `is_default_peer` decides. Bandwidth keeps names
        unique in a site.
        """
        existing = self.account.list_locations(site_id)
        if location_id is not None:
            if all(each.location_id != location_id for each in existing):
                words = f"site {site_id} has no location {location_id}. Give another locationId, or none"
                raise BandwidthRejected("Create location", words=words)
            return Resolved(location_id, StepOutcome.GIVEN)
        if found := _find_by_name(name, existing):
            return found
        is_default = not existing if is_default_peer is None else is_default_peer
        try:
            created_id = self.resources.create(
                f"location#{site_id}#{name}",
                lambda: self.account.create_location(site_id, name, is_default_peer=is_default),
            )
        except BandwidthRejected as error:
            # Another set-up has just created it.
            if error.code == _NAME_EXISTS and (
                found := _find_by_name(name, self.account.list_locations(site_id))
            ):
                return found
            raise
        return Resolved(created_id, StepOutcome.CREATED)

    def enable_sms(
        self,
        site_id: str,
        location_id: str,
        *,
        toll_free: bool,
        short_code: bool,
        campaign: "Campaign | None" = None,
    ) -> SmsFeature:
        """Enable SMS at a location, or add missing settings ("Enable SMS on Location (sippeer)").

        With a `campaign`, numbers of the location can be assigned to it. No setting is switched off.
        """
        current = self.account.find_sms(site_id, location_id)
        if current is None:
            self.account.enable_sms(
                site_id, location_id, toll_free=toll_free, short_code=short_code, campaign=campaign
            )
            return SmsFeature(StepOutcome.CREATED)
        if current.protocol not in {HTTP, None}:
            raise _other_protocol("Enable SMS on Location", location_id, "SMS", current.protocol)
        wanted = current.with_more(toll_free=toll_free, short_code=short_code, campaigns=campaign is not None)
        if wanted == current:
            return SmsFeature(StepOutcome.FOUND)
        self.account.change_sms(site_id, location_id, wanted, campaign=campaign)
        added = (name for name, value in wanted.settings.items() if current.settings.get(name) != value)
        return SmsFeature(StepOutcome.UPDATED, tuple(added))

    def enable_mms(self, site_id: str, location_id: str) -> StepOutcome:
        """Enable MMS at a location unless it is enabled ("Enable MMS on Location (sippeer)")."""
        protocol = self.account.find_mms_protocol(site_id, location_id)
        if protocol is None:
            self.account.enable_mms(site_id, location_id)
            return StepOutcome.CREATED
        if protocol != HTTP:
            raise _other_protocol("Enable MMS on Location", location_id, "MMS", protocol)
        return StepOutcome.FOUND

    def assign_application(
        self, site_id: str, location_id: str, application_id: str, *, replace: bool = False
    ) -> Assignment:
        """Assign an application to a location ("Assign Application to Location (sippeer)").

        Only with `replace` does it replace another application, whose owner then gets no more messages. The
        assignment is read back: Bandwidth accepts messages of a location without an application with a 202,
        and drops them.
        """
        step = "Assign Application to Location"
        before = self.account.find_assigned_application(site_id, location_id)
        if before == application_id:
            return Assignment(StepOutcome.FOUND)
        if before is not None and not replace:
            words = (
                f"location {location_id} sends its messages to the application {before}. Choose another "
                "locationName, or give replaceApplication: true to replace that application"
            )
            raise BandwidthRejected(step, words=words)
        self.account.assign_application(site_id, location_id, application_id)
        assigned = self.account.find_assigned_application(site_id, location_id)
        if assigned != application_id:
            words = (
                f"location {location_id} has the application {assigned} after the assignment of "
                f"{application_id}. Check the location in Bandwidth's Dashboard, then start the set-up again"
            )
            raise BandwidthRejected(step, words=words)
        return Assignment(StepOutcome.UPDATED if before else StepOutcome.CREATED, before)

    def subscribe_to_lost_numbers(self, *, callback_url: str) -> StepOutcome:
        """Subscribe to notifications of hosted numbers that lost messaging.

        Numbers text without it, so an error of Bandwidth is logged and returned as `rejected`.
        """
        try:
            return self.account.subscribe_to_lost_numbers(
                callback_url=callback_url, credentials=self.callback_credentials()
            )
        except BandwidthError as error:
            logger.warning("subscription failed", extra={"reason": f"{type(error).__name__}: {error}"})
            return StepOutcome.REJECTED


def check_campaign(registrations: "Registrations", campaign_id: str) -> None:
    """Check that the account has a campaign, before numbers are bought for it.

    Raises BandwidthRejected if the account has no such campaign. With credentials that cannot see campaigns
    (401, 403) nothing is checked; Bandwidth then rejects the options of the numbers.
    """
    try:
        is_known = registrations.has_campaign(campaign_id)
    except BandwidthUnauthorized as error:
        logger.warning("campaign check skipped", extra={"reason": str(error)})
        return
    if not is_known:
        words = (
            f"Campaign ID {campaign_id!r} was not found on the account. Give one that the Bandwidth App "
            "lists under Registration, or share the campaign with Bandwidth first"
        )
        raise BandwidthRejected("Enable SMS on Location", words=words)


def _find_mismatch(application: "Application", callback_url: str) -> str | None:
    # The URL of another system may hold a password, so that the text leaves it out.
    if not application.is_for_messaging:
        return f"of the service type {application.service_type}"
    if application.callback_url != callback_url:
        return "with another callback URL"
    return f"without {application.missing_callback_url}" if application.missing_callback_url else None


def _find_by_name(name: str, locations: "list[Location]") -> Resolved | None:
    matches = (each for each in locations if is_same_text(each.name, name))
    return next((Resolved(each.location_id, StepOutcome.FOUND) for each in matches), None)


def _other_protocol(step: str, location_id: str, feature: str, protocol: str | None) -> BandwidthRejected:
    words = (
        f"{feature} of location {location_id} uses {protocol}, not {HTTP}, so another system receives its "
        "messages. Choose another locationName, or change the location in Bandwidth's Dashboard"
    )
    return BandwidthRejected(step, words=words)
