"""Requests that assign numbers to a campaign, in the current account API."""

from bandwidth_messaging.bandwidth.dashboard_current import DashboardCurrent
from tests.contracts.current_wire.wire import (
    CAMPAIGN,
    OTHER_NUMBER,
    OWN_NUMBER,
    format_number,
    outline_numbers,
    path_below_account,
)
from tests.documents.examples import outline
from tests.http_server import Response, Server


def test_numbers_are_assigned_to_a_campaign_as_specified(
    bandwidth: Server, dashboard: DashboardCurrent, version: str
) -> None:
    order = "<TnOptionOrder><OrderId>options-1</OrderId></TnOptionOrder>"
    bandwidth.respond_with(Response(201, f"<TnOptionOrderResponse>{order}</TnOptionOrderResponse>"))

    assert (
        dashboard.set_campaign([OWN_NUMBER, OTHER_NUMBER], CAMPAIGN, customer_order_id="demo") == "options-1"
    )
    assert (bandwidth.only_request.method, path_below_account(bandwidth, version)) == ("POST", "/tnoptions")
    assert outline(bandwidth.only_request.body) == [
        (0, "TnOptionOrder", ""),
        (1, "CustomerOrderId", "demo"),
        (1, "TnOptionGroups", ""),
        (2, "TnOptionGroup", ""),
        (3, "Sms", "on"),
        (3, "A2pSettings", ""),
        (4, "MessageClass", "M"),
        (4, "CampaignId", "CABC123"),
        (4, "Action", "asSpecified"),
        *outline_numbers(3, version, OWN_NUMBER, OTHER_NUMBER),
    ]


def options_response(status: str, inside: str = "") -> Response:
    head = f"<TnOptionOrder><OrderId>options-1</OrderId><ProcessingStatus>{status}</ProcessingStatus>"
    return Response(200, f"{head}{inside}</TnOptionOrder>")


def test_a_warning_in_an_options_order_is_not_a_failure(
    bandwidth: Server, dashboard: DashboardCurrent, version: str
) -> None:
    number = f"<TelephoneNumber>{format_number(OWN_NUMBER, version)}</TelephoneNumber>"
    warning = f"{number}<Description>SMS is on.</Description>"
    bandwidth.respond_with(
        options_response("COMPLETE", f"<Warnings><Warning>{warning}</Warning></Warnings><ErrorList/>")
    )

    status = dashboard.options_status("options-1", [OWN_NUMBER, OTHER_NUMBER])

    assert (status.ended_as, status.completed, status.failures) == (
        "completed",
        (OWN_NUMBER, OTHER_NUMBER),
        (),
    )


def test_an_options_order_reports_the_numbers_that_failed(
    bandwidth: Server, dashboard: DashboardCurrent, version: str
) -> None:
    number = f"<TelephoneNumber>{format_number(OTHER_NUMBER, version)}</TelephoneNumber>"
    error = f"<Error><Code>5133</Code><Description>No A2P.</Description>{number}</Error>"
    bandwidth.respond_with(options_response("PARTIAL", f"<ErrorList>{error}</ErrorList>"))

    status = dashboard.options_status("options-1", [OWN_NUMBER, OTHER_NUMBER])

    assert status.failures == ({"number": OTHER_NUMBER, "code": "5133", "reason": "No A2P."},)
