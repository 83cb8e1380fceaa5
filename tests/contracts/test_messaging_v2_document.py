"""Requests are those of the document "Messaging 2.0 API Setup", and its responses are parsed."""

import base64
import json
from typing import Any

import pytest

from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.dashboard import Dashboard
from bandwidth_messaging.bandwidth.messaging import AcceptedMessage, Messaging
from bandwidth_messaging.domain.number_search import NumberSearch
from bandwidth_messaging.domain.orders import OrderStatus
from tests.documents.examples import Example, example, outline
from tests.http_server import ReceivedRequest, Response, Server

ACCOUNT, SITE, LOCATION, ORDER = "9500149", "743", "561", "a18a8979-ebed-42f0-ae5f-3cfa7941d4c2"
PLACEHOLDERS = {
    "accountId": ACCOUNT,
    "account": ACCOUNT,
    "subaccount": SITE,
    "location": LOCATION,
    "order": ORDER,
    "userId": "u-ly123",
    "your_bandwidth_number": "+19195551212",
    "yourTN": "+19195551213",
    "your_application_id": "05851417-c78b-4636-81a2-014a54d8f119",
}
TAG = "out_0f8fad5bd9cb469fa16570867728950e"

# The host of each API, which the tests replace with the local server.
HOSTS = {
    "dashboard": "https://dashboard.bandwidth.com/api",
    "messaging": "https://api.catapult.inetwork.com/v2",
}


@pytest.fixture
def dashboard(bandwidth: Server) -> Dashboard:
    return Dashboard(bandwidth.url, ACCOUNT, BasicCredentials("user", "password"))


@pytest.fixture
def messaging(bandwidth: Server) -> Messaging:
    return Messaging(bandwidth.url, "u-ly123", BasicCredentials("token", "secret"))


def printed_request(step: str) -> Example:
    """Return the request of a step as the document prints it."""
    return example(f"messaging_v2/{step}.request", **PLACEHOLDERS)


def response_example(step: str) -> Example:
    """Return the response of a step as the document prints it."""
    return example(f"messaging_v2/{step}.response", **PLACEHOLDERS)


def printed_response(step: str) -> Response:
    """Return the printed response of a step for the local server."""
    printed = response_example(step)
    return Response(printed.status, printed.body, dict(printed.headers.items()))


def assert_same_head(request: ReceivedRequest, printed: Example) -> None:
    """Check method, URL and credentials."""
    api = "messaging" if printed.url.startswith(HOSTS["messaging"]) else "dashboard"
    assert (request.method, HOSTS[api] + request.path) == (printed.method, printed.url)
    # The document prints {user:password}. Bandwidth's SDKs and its credentials guide send Basic credentials.
    user_and_password = printed.headers["Authorization"].strip("{}").encode()
    assert request.headers["Authorization"] == f"Basic {base64.b64encode(user_and_password).decode()}"


def assert_same_type(request: ReceivedRequest, printed: Example) -> None:
    """Check the media type."""
    assert request.headers["Content-Type"] == printed.headers["Content-Type"]


def test_create_application_is_sent_as_the_document_prints_it(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    bandwidth.respond_with(printed_response("create_application"))

    dashboard.create_application("Demo Server", "https://requestb.in/zuaqjbzu")

    assert_same_head(bandwidth.only_request, printed_request("create_application"))
    assert_same_type(bandwidth.only_request, printed_request("create_application"))
    assert outline(bandwidth.only_request.body) == outline(printed_request("create_application").body)


def test_an_application_with_credentials_differs_only_in_the_callback_credentials(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    bandwidth.respond_with(printed_response("create_application"))
    dashboard.create_application(
        "Demo Server", "https://requestb.in/zuaqjbzu", BasicCredentials("bandwidth", "callback-password")
    )

    *printed, (depth, name, _) = outline(printed_request("create_application").body)
    assert name == "CallbackCreds"
    assert outline(bandwidth.only_request.body) == [
        *printed,
        (depth, "CallbackCreds", ""),
        (depth + 1, "UserId", "bandwidth"),
        (depth + 1, "Password", "callback-password"),
    ]


def test_the_application_id_comes_from_the_body(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(printed_response("create_application"))
    created = dashboard.create_application("Demo Server", "https://requestb.in/zuaqjbzu")
    assert created == "7cc3c4f7-3b8f-4fff-a211-45070792b431"


def test_create_location_is_sent_as_the_document_prints_it(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(printed_response("create_location"))

    dashboard.create_location(SITE, "Bandwidth Messaging 2 test2", is_default_peer=True)

    assert_same_head(bandwidth.only_request, printed_request("create_location"))
    assert_same_type(bandwidth.only_request, printed_request("create_location"))
    assert outline(bandwidth.only_request.body) == outline(printed_request("create_location").body)


def test_the_location_id_comes_from_the_location_header_of_an_empty_response(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    bandwidth.respond_with(printed_response("create_location"))
    assert response_example("create_location").body == ""
    assert dashboard.create_location(SITE, "Any name", is_default_peer=False) == LOCATION


def test_enable_sms_is_sent_as_the_document_prints_it(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(printed_response("enable_sms"))

    dashboard.enable_sms(SITE, LOCATION, toll_free=True, short_code=True)

    assert_same_head(bandwidth.only_request, printed_request("enable_sms"))
    assert_same_type(bandwidth.only_request, printed_request("enable_sms"))
    assert outline(bandwidth.only_request.body) == outline(printed_request("enable_sms").body)


@pytest.mark.parametrize(("toll_free", "short_code"), [(False, True), (True, False), (False, False)])
def test_only_toll_free_and_short_code_of_enable_sms_depend_on_the_arguments(
    bandwidth: Server, dashboard: Dashboard, toll_free: bool, short_code: bool
) -> None:
    dashboard.enable_sms(SITE, LOCATION, toll_free=toll_free, short_code=short_code)

    chosen = {"TollFree": str(toll_free).lower(), "ShortCode": str(short_code).lower()}

    assert outline(bandwidth.only_request.body) == [
        (depth, name, chosen.get(name, text))
        for depth, name, text in outline(printed_request("enable_sms").body)
    ]


def test_enable_mms_is_sent_as_the_document_prints_it(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(printed_response("enable_mms"))

    dashboard.enable_mms(SITE, LOCATION)

    assert_same_head(bandwidth.only_request, printed_request("enable_mms"))
    assert_same_type(bandwidth.only_request, printed_request("enable_mms"))
    assert outline(bandwidth.only_request.body) == outline(printed_request("enable_mms").body)


@pytest.mark.parametrize("feature", ["sms", "mms"])
def test_a_feature_is_enabled_if_the_location_response_matches_the_document(
    bandwidth: Server, dashboard: Dashboard, feature: Any
) -> None:
    bandwidth.respond_with(Response(200, response_example(f"enable_{feature}").body))

    if feature == "sms":
        sms = dashboard.find_sms(SITE, LOCATION)
        # The printed settings already have everything that a set-up needs.
        assert sms is not None
        assert sms == sms.with_more(toll_free=True, short_code=True)
    else:
        assert dashboard.find_mms_protocol(SITE, LOCATION) == "HTTP"

    assert bandwidth.only_request.method == "GET"
    assert HOSTS["dashboard"] + bandwidth.only_request.path == printed_request(f"enable_{feature}").url


def test_assign_application_is_sent_as_the_document_prints_it(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    bandwidth.respond_with(printed_response("assign_application"))

    dashboard.assign_application(SITE, LOCATION, "299ab22a-d7e6-4cf6-9f4d-2089efc0c031")

    assert_same_head(bandwidth.only_request, printed_request("assign_application"))
    assert_same_type(bandwidth.only_request, printed_request("assign_application"))
    assert outline(bandwidth.only_request.body) == outline(printed_request("assign_application").body)


def test_the_assigned_application_is_read_from_the_documents_response(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    bandwidth.respond_with(printed_response("assign_application"))
    assert dashboard.find_assigned_application(SITE, LOCATION) == "299ab22a-d7e6-4cf6-9f4d-2089efc0c031"
    assert bandwidth.only_request.method == "GET"
    assert HOSTS["dashboard"] + bandwidth.only_request.path == printed_request("assign_application").url


def order(dashboard: Dashboard, customer_order_id: str | None = None) -> str:
    return dashboard.order_numbers(
        search=NumberSearch(area_code="910"),
        quantity=1,
        site_id=SITE,
        location_id=LOCATION,
        customer_order_id=customer_order_id,
    )


def test_order_available_numbers_is_sent_as_the_document_prints_it(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    bandwidth.respond_with(printed_response("order_numbers"))

    order(dashboard)

    assert_same_head(bandwidth.only_request, printed_request("order_numbers"))
    assert_same_type(bandwidth.only_request, printed_request("order_numbers"))
    assert outline(bandwidth.only_request.body) == outline(printed_request("order_numbers").body)


def test_an_order_with_a_customer_order_id_adds_only_that(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(printed_response("order_numbers"))
    order(dashboard, "demo-2026-11")

    (root, added, *rest) = outline(bandwidth.only_request.body)

    assert added == (1, "CustomerOrderId", "demo-2026-11")
    assert [root, *rest] == outline(printed_request("order_numbers").body)


def test_the_order_id_comes_from_the_body(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(printed_response("order_numbers"))
    assert order(dashboard) == ORDER


def test_the_order_id_is_read_from_a_response_without_an_order_status(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    printed = response_example("order_numbers").body

    without = printed.replace("<OrderStatus>RECEIVED</OrderStatus>", "")

    assert without != printed
    bandwidth.respond_with(Response(201, without))
    assert order(dashboard) == ORDER


def test_check_order_status_is_sent_as_the_document_prints_it_without_a_media_type(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    bandwidth.respond_with(printed_response("check_order_status"))

    dashboard.order_status(ORDER)

    assert_same_head(bandwidth.only_request, printed_request("check_order_status"))
    assert bandwidth.only_request.body == b""
    assert "Content-Type" not in bandwidth.only_request.headers


def test_a_complete_order_has_its_numbers_in_e164(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(printed_response("check_order_status"))
    status = dashboard.order_status(ORDER)
    assert status == OrderStatus("COMPLETE", completed=("+19102398766",), failures=())
    assert status.ended_as == "completed"


def test_a_received_order_is_in_progress(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(Response(200, response_example("order_numbers").body))
    status = dashboard.order_status(ORDER)
    assert (status.status, status.ended_as) == ("RECEIVED", None)


def send(messaging: Messaging) -> AcceptedMessage:
    return messaging.prepare_send(
        sender="+19195551212",
        to=("+19195551213",),
        text="Good morning, this is a test message",
        application_id="05851417-c78b-4636-81a2-014a54d8f119",
        tag=TAG,
    )()


def test_send_text_message_is_sent_as_the_document_prints_it_with_the_message_id_as_tag(
    bandwidth: Server, messaging: Messaging
) -> None:
    bandwidth.respond_with(printed_response("send_text_message"))
    send(messaging)

    printed = printed_request("send_text_message")
    assert_same_head(bandwidth.only_request, printed)
    assert_same_type(bandwidth.only_request, printed)
    *sent, added = json.loads(bandwidth.only_request.body).items()
    assert added == ("tag", TAG)
    assert sent == list(json.loads(printed.body).items())


def test_the_message_id_comes_from_the_body_which_has_no_segment_count(
    bandwidth: Server, messaging: Messaging
) -> None:
    bandwidth.respond_with(printed_response("send_text_message"))
    assert send(messaging) == AcceptedMessage("15047516192013g5tuga77zsa6jrp", segment_count=None)
