"""What numbers need at Bandwidth before they can text: found and mended where it is, made where it is not.

One function per heading of "Messaging 2.0 API Setup". A second run makes nothing twice, and what serves
something else is left alone: the run then ends with BandwidthRejected, which says what to do.
"""

import logging
from typing import TYPE_CHECKING, Final

from bandwidth_messaging.bandwidth.applications import Applications
from bandwidth_messaging.bandwidth.errors import (
    BandwidthError,
    BandwidthRejected,
    BandwidthUnauthorized,
)
from bandwidth_messaging.bandwidth.locations import HTTP, Location, Locations
from bandwidth_messaging.bandwidth.subscriptions import Subscriptions
from bandwidth_messaging.domain.orders import Campaign
from bandwidth_messaging.domain.texts import is_same_text
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.services.find_or_create import (
    Made,
    Namesake,
    choose_owned,
    create_owned,
    find_or_create,
)

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.registration_center import Registrations

logger = logging.getLogger(__name__)

_NAME_EXISTS: Final = "13524"


def application(account: Applications, name: str, *, callback_url: str) -> Made:
    """Return the application of this name that calls back to us ("Create application").

    It is made with our callback credentials. One with another callback URL, or without one of today's two, or
    of another service than messaging, is not ours.
    """

    def find() -> Made | None:
        namesakes = [
            Namesake(
                found.application_id,
                f"of the service type {found.service_type}"
                if not found.is_for_messaging
                else "with another callback URL"
                if found.callback_url != callback_url
                else f"without {found.lacks}"
                if found.lacks
                else None,
            )
            for found in account.applications()
            if is_same_text(found.name, name)
        ]
        return choose_owned("Create application", f"application {name!r}", namesakes)

    return find_or_create(
        f"application#{name}",
        find=find,
        make=lambda: account.create_application(name, callback_url, wiring.callback_credentials()),
    )


def location(
    account: Locations,
    site_id: str,
    *,
    name: str,
    location_id: str | None = None,
    is_default_peer: bool | None = None,
) -> Made:
    """Return a site's location: the one given by its id, or the one of this name ("Create location").

    A site's first location becomes its default unless `is_default_peer` says otherwise. Bandwidth itself
    keeps names apart in a site.
    """
    there = account.locations(site_id)
    if location_id is not None:
        if all(each.location_id != location_id for each in there):
            words = f"site {site_id} has no location {location_id} any more"
            raise BandwidthRejected("Create location", words=words)
        return Made(location_id, "given")
    if found := _named(name, there):
        return found
    is_default = not there if is_default_peer is None else is_default_peer
    try:
        made = create_owned(
            f"location#{site_id}#{name}",
            lambda: account.create_location(site_id, name, is_default_peer=is_default),
        )
        return Made(made, "created")
    except BandwidthRejected as error:
        # Another set-up was faster by a moment.
        if error.code == _NAME_EXISTS and (found := _named(name, account.locations(site_id))):
            return found
        raise


def _named(name: str, there: list[Location]) -> Made | None:
    return next((Made(each.location_id, "found") for each in there if is_same_text(each.name, name)), None)


def sms(
    account: Locations,
    site_id: str,
    location_id: str,
    *,
    toll_free: bool,
    short_code: bool,
    campaign: Campaign | None = None,
) -> str:
    """Let SMS be on at a location, and tell how that came ("Enable SMS on Location (sippeer)").

    With a `campaign` the location's numbers can be put on it. Settings that lack what is asked for get it;
    nothing that is on is taken away.
    """
    found = account.sms(site_id, location_id)
    if found is None:
        account.enable_sms(
            site_id, location_id, toll_free=toll_free, short_code=short_code, campaign=campaign
        )
        return "enabled"
    if found.protocol not in {HTTP, None}:
        raise _other_protocol("Enable SMS on Location", location_id, "SMS", found.protocol)
    wanted = found.with_more(toll_free=toll_free, short_code=short_code, campaigns=campaign is not None)
    if wanted == found:
        return "was on"
    account.change_sms(site_id, location_id, wanted, campaign=campaign)
    changed = [name for name, value in wanted.settings.items() if found.settings.get(name) != value]
    return f"was on; added {', '.join(changed)}"


def check_campaign(registrations: "Registrations", campaign_id: str) -> None:
    """Check that the account has a campaign, before numbers are bought for it.

    Raises BandwidthRejected if it has none. Credentials that cannot see campaigns (401, 403) check nothing;
    Bandwidth then refuses the numbers' options.
    """
    try:
        is_known = registrations.has_campaign(campaign_id)
    except BandwidthUnauthorized as error:
        logger.warning("campaign not checked", extra={"reason": str(error)})
        return
    if not is_known:
        words = (
            f"Campaign ID {campaign_id!r} was not found on the account; give one that the Bandwidth App "
            "lists under Registration, or share the campaign with Bandwidth first"
        )
        raise BandwidthRejected("Enable SMS on Location", words=words)


def mms(account: Locations, site_id: str, location_id: str) -> str:
    """Let MMS be on at a location, and tell how that came ("Enable MMS on Location (sippeer)")."""
    protocol = account.mms_protocol(site_id, location_id)
    if protocol is None:
        account.enable_mms(site_id, location_id)
        return "enabled"
    if protocol != HTTP:
        raise _other_protocol("Enable MMS on Location", location_id, "MMS", protocol)
    return "was on"


def _other_protocol(step: str, location_id: str, feature: str, protocol: str | None) -> BandwidthRejected:
    words = (
        f"{feature} of location {location_id} goes through {protocol}, not {HTTP}, and so to another system; "
        "choose another locationName, or change it in Bandwidth's Dashboard"
    )
    return BandwidthRejected(step, words=words)


def assignment(
    account: Locations, site_id: str, location_id: str, application_id: str, *, replace: bool = False
) -> str:
    """Let a location send its messages to an application, and tell how that came ("Assign Application …").

    The place of another application is taken only with `replace`: its owner would lose the messages. What was
    assigned is read back, since Bandwidth takes messages from a location without an application with a 202,
    and drops them silently.
    """
    step = "Assign Application to Location"
    before = account.assigned_application(site_id, location_id)
    if before == application_id:
        return "was assigned"
    if before is not None and not replace:
        words = (
            f"location {location_id} sends its messages to the application {before}; choose another "
            "locationName, or give replaceApplication: true to let them come here instead"
        )
        raise BandwidthRejected(step, words=words)
    account.assign_application(site_id, location_id, application_id)
    assigned = account.assigned_application(site_id, location_id)
    if assigned != application_id:
        words = (
            f"location {location_id} has application {assigned} after the assignment, not {application_id}"
        )
        raise BandwidthRejected(step, words=words)
    return f"assigned in place of {before}" if before else "assigned"


def news_of_lost_numbers(account: Subscriptions, *, callback_url: str) -> str:
    """Ask to be told, with our callback credentials, when hosted numbers are taken away; return how.

    Numbers text without it, so nothing is raised where it fails.
    """
    try:
        return account.subscribe_to_lost_numbers(
            callback_url=callback_url, credentials=wiring.callback_credentials()
        )
    except BandwidthError as error:
        logger.warning("not subscribed", extra={"reason": f"{type(error).__name__}: {error}"})
        return f"not asked for ({type(error).__name__})"
