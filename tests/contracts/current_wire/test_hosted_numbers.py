"""Requests that check, import and remove hosted numbers, in the current account API."""

import pytest

from bandwidth_messaging.bandwidth.dashboard_current import DashboardCurrent
from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.domain.orders import Action, OrderStatus
from tests.contracts.current_wire.wire import (
    AUTHORITY,
    LOCATION,
    OTHER_NUMBER,
    OWN_NUMBER,
    SITE,
    numbers_element,
    outline_numbers,
    path_below_account,
)
from tests.documents.examples import outline
from tests.http_server import Response, Server


def check_numbers(dashboard: DashboardCurrent, sip_peer_id: str | None = LOCATION) -> OrderStatus:
    return dashboard.check_numbers([OWN_NUMBER, OTHER_NUMBER], site_id=SITE, sip_peer_id=sip_peer_id)


def check_response(version: str, importable: str, errors: str = "") -> Response:
    payload = f"<ImportTnCheckerPayload>{importable}{errors}</ImportTnCheckerPayload>"
    return Response(200, f"<ImportTnCheckerResponse>{payload}</ImportTnCheckerResponse>")


def test_the_check_names_numbers_site_and_location(
    bandwidth: Server, dashboard: DashboardCurrent, version: str
) -> None:
    bandwidth.respond_with(
        check_response(version, numbers_element(version, OWN_NUMBER, OTHER_NUMBER), "<ImportTnErrors/>")
    )

    assert check_numbers(dashboard).completed == (OWN_NUMBER, OTHER_NUMBER)
    assert (bandwidth.only_request.method, path_below_account(bandwidth, version)) == (
        "POST",
        "/importTnChecker",
    )
    assert outline(bandwidth.only_request.body) == [
        (0, "ImportTnCheckerPayload", ""),
        *outline_numbers(1, version, OWN_NUMBER, OTHER_NUMBER),
        (1, "SiteId", SITE),
        (1, "SipPeerId", LOCATION),
    ]


def test_a_check_without_a_location_has_no_sip_peer_id(
    bandwidth: Server, dashboard: DashboardCurrent, version: str
) -> None:
    bandwidth.respond_with(check_response(version, numbers_element(version, OWN_NUMBER, OTHER_NUMBER)))
    check_numbers(dashboard, None)
    assert [name for _, name, _ in outline(bandwidth.only_request.body)][-1] == "SiteId"


def test_the_check_reports_the_reason_for_each_rejected_number(
    bandwidth: Server, dashboard: DashboardCurrent, version: str
) -> None:
    rejected = numbers_element(version, OTHER_NUMBER)
    error = (
        f"<ImportTnError><Code>19006</Code><Description>Bandwidth's.</Description>{rejected}</ImportTnError>"
    )
    bandwidth.respond_with(
        check_response(
            version, numbers_element(version, OWN_NUMBER), f"<ImportTnErrors>{error}</ImportTnErrors>"
        )
    )

    assert check_numbers(dashboard) == OrderStatus(
        "PARTIAL",
        completed=(OWN_NUMBER,),
        failures=({"number": OTHER_NUMBER, "code": "19006", "reason": "Bandwidth's."},),
    )


def test_a_number_that_the_check_does_not_mention_is_not_importable(
    bandwidth: Server, dashboard: DashboardCurrent, version: str
) -> None:
    bandwidth.respond_with(check_response(version, numbers_element(version, OWN_NUMBER)))
    assert check_numbers(dashboard).completed == (OWN_NUMBER,)


def import_numbers(dashboard: DashboardCurrent, action: Action = "IMPORT") -> str:
    return dashboard.create_import_request(
        customer_order_id="batch-0042",
        site_id=SITE,
        sip_peer_id=LOCATION,
        action=action,
        numbers=[OWN_NUMBER, OTHER_NUMBER],
        authority=AUTHORITY,
    )


def test_an_import_contains_the_subscriber_and_the_authorizing_person(
    bandwidth: Server, dashboard: DashboardCurrent, version: str
) -> None:
    order = "<ImportTnOrder><OrderId>order-1</OrderId></ImportTnOrder>"
    bandwidth.respond_with(Response(201, f"<ImportTnOrderResponse>{order}</ImportTnOrderResponse>"))

    assert import_numbers(dashboard) == "order-1"
    assert (
        path_below_account(bandwidth, version)
        == {"v1": "/importTnOrders", "v2": "/importTnOrders/messaging"}[version]
    )
    assert outline(bandwidth.only_request.body) == [
        (0, "ImportTnOrder", ""),
        (1, "CustomerOrderId", "batch-0042"),
        (1, "SiteId", SITE),
        (1, "SipPeerId", LOCATION),
        (1, "Subscriber", ""),
        (2, "Name", "Example Inc."),
        (2, "ServiceAddress", ""),
        (3, "HouseNumber", "900"),
        (3, "StreetName", "Main Street"),
        (3, "City", "Raleigh"),
        (3, "StateCode", "NC"),
        (3, "Zip", "27606"),
        (3, "County", "Wake"),
        (1, "LoaAuthorizingPerson", "Ada Example"),
        (1, "LoaType", "SUBSCRIBER"),
        *outline_numbers(1, version, OWN_NUMBER, OTHER_NUMBER),
    ]


def test_a_removal_names_the_numbers_only(
    bandwidth: Server, dashboard: DashboardCurrent, version: str
) -> None:
    order = "<RemoveImportedTnOrder><OrderId>order-2</OrderId></RemoveImportedTnOrder>"
    bandwidth.respond_with(
        Response(201, f"<RemoveImportedTnOrdersResponse>{order}</RemoveImportedTnOrdersResponse>")
    )

    assert import_numbers(dashboard, "REMOVE") == "order-2"
    paths = {"v1": "/removeImportedTnOrders", "v2": "/removeImportedTnOrders/messaging"}
    assert path_below_account(bandwidth, version) == paths[version]
    assert outline(bandwidth.only_request.body) == [
        (0, "RemoveImportedTnOrder", ""),
        (1, "CustomerOrderId", "batch-0042"),
        *outline_numbers(1, version, OWN_NUMBER, OTHER_NUMBER),
    ]


def test_a_rejected_import_reports_the_first_of_its_repeated_errors(
    bandwidth: Server, dashboard: DashboardCurrent
) -> None:
    errors = "".join(
        f"<Errors><Code>{code}</Code><Description>The {what} id is invalid.</Description></Errors>"
        for code, what in (("7309", "site"), ("7312", "sippeer"))
    )
    body = (
        f"<ImportTnOrderResponse><ProcessingStatus>FAILED</ProcessingStatus>{errors}</ImportTnOrderResponse>"
    )
    bandwidth.respond_with(Response(400, body))

    with pytest.raises(BandwidthRejected, match="7309 The site id is invalid"):
        import_numbers(dashboard)


@pytest.mark.parametrize(
    ("action", "name"), [("IMPORT", "ImportTnOrder"), ("REMOVE", "RemoveImportedTnOrder")]
)
def test_an_order_is_found_by_its_own_customer_order_id_only(
    bandwidth: Server, dashboard: DashboardCurrent, version: str, action: Action, name: str
) -> None:
    def summary(customer: str, order: str) -> str:
        ids = f"<CustomerOrderId>{customer}</CustomerOrderId><OrderId>{order}</OrderId>"
        return f"<{name}Summary>{ids}<OrderStatus>COMPLETE</OrderStatus></{name}Summary>"

    both = summary("batch-0042", "order-1") + summary("batch-0043", "order-2")
    bandwidth.respond_with(Response(200, f"<{name}s><TotalCount>2</TotalCount>{both}</{name}s>"))
    assert dashboard.find_import_request("batch-0042", action) == "order-1"
    assert dashboard.find_import_request("batch-0044", action) is None
    assert bandwidth.requests[0].path.endswith("?customerOrderId=batch-0042")


@pytest.mark.parametrize("action", ["IMPORT", "REMOVE"])
@pytest.mark.parametrize("shows_failed", [True, False])
def test_an_ended_order_reports_its_failed_numbers_from_either_list(
    bandwidth: Server, dashboard: DashboardCurrent, version: str, action: Action, shows_failed: bool
) -> None:
    shown = (
        numbers_element(version, OWN_NUMBER, OTHER_NUMBER)
        if shows_failed
        else numbers_element(version, OWN_NUMBER)
    )
    error = (
        f"<Errors><Error><Code>7518</Code><Description>Not active.</Description>"
        f"{numbers_element(version, OTHER_NUMBER)}</Error></Errors>"
    )
    name = "ImportTnOrder" if action == "IMPORT" else "RemoveImportedTnOrder"
    bandwidth.respond_with(
        Response(200, f"<{name}>{shown}<ProcessingStatus>PARTIAL</ProcessingStatus>{error}</{name}>")
    )

    assert dashboard.import_status("order-1", [OWN_NUMBER, OTHER_NUMBER], action) == OrderStatus(
        "PARTIAL",
        completed=(OWN_NUMBER,),
        failures=({"number": OTHER_NUMBER, "code": "7518", "reason": "Not active."},),
    )
    assert path_below_account(bandwidth, version) == f"{dashboard.import_paths[action]}/order-1"
