"""Checks, before anything is created, that the account has the site and the location of an input."""

from typing import Literal

from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.domain.problems import FieldProblem, InvalidInput
from bandwidth_messaging.runtime import bandwidth_clients
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step


class Request(StepInput):
    """`location_field` is the name of the location's field in the state machine's input."""

    site_id: str
    location_id: str | None
    location_field: Literal["locationId", "sipPeerId"]


@step("Check Account", Request)
def handler(request: Request) -> StepResult:
    """Raise InvalidInput that names the site, or the given location, which the account does not have."""
    site_id, location_id = request.site_id, request.location_id
    try:
        locations = bandwidth_clients.dashboard().list_locations(site_id)
    except BandwidthRejected as error:
        if not error.is_absent:
            raise
        detail = f"the account has no site {site_id}; give another, or change the stack's BandwidthSiteId"
        raise InvalidInput([FieldProblem("siteId", detail)]) from None
    if location_id is not None and all(location.location_id != location_id for location in locations):
        detail = (
            f"site {site_id} has no location {location_id}; give one of that site, the siteId that has it, "
            "or leave it out"
        )
        raise InvalidInput([FieldProblem(request.location_field, detail)])
    return StepResult(detail=f"site {site_id} has {len(locations)} locations")
