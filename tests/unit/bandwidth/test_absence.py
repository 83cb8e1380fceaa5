"""How the account API reports that a resource does not exist: a 404, a code, or its description."""

from collections.abc import Callable
from typing import Any

import pytest

from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.dashboard_current import DashboardCurrent
from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.domain.orders import OrderStatus
from tests.http_server import Response, Server

SITE, LOCATION = "743", "561"
URL = "https://abc.execute-api.us-east-1.amazonaws.com/live/notifications"
NOT_FOUND = OrderStatus("NOT_FOUND")
SPECIFIED = "Sip Peer '561' account '9500149' and site '743' does not exist"

# Each request with its result if the resource does not exist.
REQUESTS: dict[str, tuple[Callable[[DashboardCurrent], Any], Any]] = {
    "application": (lambda account: account.find_application("a-1"), None),
    "associated locations": (lambda account: account.list_application_locations("a-1"), set()),
    "assignment": (lambda account: account.find_assigned_application(SITE, LOCATION), None),
    "SMS": (lambda account: account.find_sms(SITE, LOCATION), None),
    "MMS": (lambda account: account.find_mms_protocol(SITE, LOCATION), None),
    "numbers of a location": (lambda account: account.list_location_numbers(SITE, LOCATION), None),
    "subscriptions": (lambda account: account.list_lost_number_subscriptions(URL), []),
    "disconnects": (lambda account: account.find_disconnect("release-1"), None),
    "order": (lambda account: account.order_status("o-1"), NOT_FOUND),
    "import": (lambda account: account.import_status("o-1", ["+19195550100"]), NOT_FOUND),
    "removal": (lambda account: account.import_status("o-1", ["+19195550100"], "REMOVE"), NOT_FOUND),
    "disconnect": (lambda account: account.disconnect_status("o-1", ["+19195550100"]), NOT_FOUND),
    "number options": (lambda account: account.options_status("o-1", ["+19195550100"]), NOT_FOUND),
    "letters": (lambda account: account.has_letter("o-1"), False),
    "delete application": (lambda account: account.delete_application("a-1"), False),
    "delete location": (lambda account: account.delete_location(SITE, LOCATION), False),
    "delete SMS": (lambda account: account.disable_sms(SITE, LOCATION), False),
    "delete MMS": (lambda account: account.disable_mms(SITE, LOCATION), False),
    "detach application": (lambda account: account.detach_application(SITE, LOCATION), False),
    "delete subscription": (lambda account: account.delete_subscription("s-1"), False),
}
every_request = pytest.mark.parametrize(("request_", "absent"), REQUESTS.values(), ids=REQUESTS)
CODES = ("1016", "5035", "12016", "13563", "13629", "13678")


@pytest.fixture
def account(bandwidth: Server) -> DashboardCurrent:
    return DashboardCurrent(f"{bandwidth.url}/api/v2", "9500149", BasicCredentials("client", "secret"))


def refusal(status: int, code: str | None, description: str) -> Response:
    element = f"<ErrorCode>{code}</ErrorCode>" if code else ""
    reason = f"<ResponseStatus>{element}<Description>{description}</Description></ResponseStatus>"
    return Response(status, f"<Response>{reason}</Response>")


@every_request
@pytest.mark.parametrize("status", [400, 404])
@pytest.mark.parametrize("code", CODES)
def test_a_code_identifies_a_missing_resource(
    bandwidth: Server,
    account: DashboardCurrent,
    request_: Callable[[DashboardCurrent], Any],
    absent: Any,
    status: int,
    code: str,
) -> None:
    bandwidth.respond_with(refusal(status, code, "no"))

    assert request_(account) == absent


@every_request
@pytest.mark.parametrize("description", ["The resource does not exist", SPECIFIED])
def test_the_description_decides_without_a_code(
    bandwidth: Server,
    account: DashboardCurrent,
    request_: Callable[[DashboardCurrent], Any],
    absent: Any,
    description: str,
) -> None:
    bandwidth.respond_with(refusal(400, None, description))

    assert request_(account) == absent


@every_request
@pytest.mark.parametrize(
    ("code", "description"), [("1003", "The field does not exist"), (None, "The account is locked")]
)
def test_other_rejections_stay_rejections(
    bandwidth: Server,
    account: DashboardCurrent,
    request_: Callable[[DashboardCurrent], Any],
    absent: Any,
    code: str | None,
    description: str,
) -> None:
    bandwidth.respond_with(refusal(400, code, description))

    with pytest.raises(BandwidthRejected, match=description):
        request_(account)
