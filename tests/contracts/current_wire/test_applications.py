"""Requests for applications and their responses, in the current account API."""

import pytest

from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.dashboard_current import DashboardCurrent
from tests.contracts.current_wire.wire import ACCOUNT, CALLBACK_URL, CREDENTIALS, path_below_account
from tests.documents.examples import outline
from tests.http_server import Response, Server


def test_an_application_has_its_type_and_both_callback_urls_with_credentials(
    bandwidth: Server, dashboard: DashboardCurrent, version: str
) -> None:
    application = "<Application><ApplicationId>app-1</ApplicationId></Application>"
    bandwidth.respond_with(
        Response(201, f"<ApplicationProvisioningResponse>{application}</ApplicationProvisioningResponse>")
    )

    created = dashboard.create_application("Alerts", CALLBACK_URL, BasicCredentials("user", "password"))

    assert created == "app-1"
    assert (bandwidth.only_request.method, path_below_account(bandwidth, version)) == (
        "POST",
        "/applications",
    )
    assert bandwidth.only_request.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert outline(bandwidth.only_request.body) == [
        (0, "Application", ""),
        (1, "ServiceType", "Messaging-V2"),
        (1, "AppName", "Alerts"),
        (1, "InboundCallbackUrl", CALLBACK_URL),
        (1, "InboundCallbackCreds", ""),
        (2, "UserId", "user"),
        (2, "Password", "password"),
        (1, "OutboundCallbackUrl", CALLBACK_URL),
        (1, "OutboundCallbackCreds", ""),
        (2, "UserId", "user"),
        (2, "Password", "password"),
        (1, "RequestedCallbackTypes", ""),
        (2, "CallbackType", "message-delivered"),
        (2, "CallbackType", "message-failed"),
        (2, "CallbackType", "message-sending"),
    ]


@pytest.mark.parametrize(
    ("urls", "read"),
    [
        ({"CallbackUrl": "a"}, "a"),
        ({"MsgCallbackUrl": "a", "CallbackUrl": "b"}, "a"),
        ({"InboundCallbackUrl": "a", "OutboundCallbackUrl": "a", "MsgCallbackUrl": "b"}, "a"),
        ({"InboundCallbackUrl": "a"}, "a"),
        ({"InboundCallbackUrl": "a", "OutboundCallbackUrl": "b"}, "a and b"),
        ({}, None),
    ],
)
def test_the_callback_url_is_read_from_whichever_element_contains_it(
    bandwidth: Server, urls: dict[str, str], read: str | None
) -> None:
    elements = "".join(f"<{name}>{url}</{name}>" for name, url in urls.items())
    element = f"<Application><ApplicationId>app-1</ApplicationId>{elements}</Application>"
    bandwidth.respond_with(Response(200, f"<A><ApplicationList>{element}</ApplicationList></A>"))

    (application,) = DashboardCurrent(bandwidth.url, ACCOUNT, CREDENTIALS).list_applications()

    assert application.callback_url == read


@pytest.mark.parametrize(
    ("service_type", "is_for_messaging"),
    [("Messaging-V2", True), ("Messaging", True), ("Voice-V2", False), ("Voice", False)],
)
def test_both_published_service_types_are_messaging(
    bandwidth: Server, service_type: str, is_for_messaging: bool
) -> None:
    inside = f"<ApplicationId>app-1</ApplicationId><ServiceType>{service_type}</ServiceType>"
    bandwidth.respond_with(Response(200, f"<A><Application>{inside}</Application></A>"))

    application = DashboardCurrent(bandwidth.url, ACCOUNT, CREDENTIALS).find_application("app-1")

    assert application is not None
    assert application.is_for_messaging is is_for_messaging
