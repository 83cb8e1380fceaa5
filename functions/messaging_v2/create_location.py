"""Messaging 2.0, "Create location (sippeer)": the group that the numbers will belong to."""

from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.workflow import StepInput, StepResult, step

_NAME_EXISTS = "13524"


class Request(StepInput):
    site_id: str
    location_name: str
    is_default_peer: bool | None


class Result(StepResult):
    location_id: str


@step("Create location", Request)
def handler(request: Request) -> Result:
    """Find the location by name in its site, or create it; a site's first location must be its default."""
    dashboard = wiring.dashboard()
    locations = dashboard.locations(request.site_id)
    for location in locations:
        if location.name == request.location_name:
            return Result(location_id=location.location_id, detail="found")
    is_default_peer = not locations if request.is_default_peer is None else request.is_default_peer
    try:
        created = dashboard.create_location(
            request.site_id, request.location_name, is_default_peer=is_default_peer
        )
    except BandwidthRejected as error:
        # Another set-up was faster by a moment.
        if error.code == _NAME_EXISTS:
            for location in dashboard.locations(request.site_id):
                if location.name == request.location_name:
                    return Result(location_id=location.location_id, detail="found")
        raise
    return Result(location_id=created, detail="created")
