"""Orders of new numbers: each order type has the element and criteria of the specification."""

from typing import Any

import pytest

from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.dashboard import Dashboard
from bandwidth_messaging.domain.number_search import NumberSearch
from bandwidth_messaging.domain.validation import parse
from tests.documents.examples import outline
from tests.http_server import Response, Server

ORDERED = Response(201, "<OrderResponse><Order><id>an-order</id></Order></OrderResponse>")
WAYS: list[tuple[dict[str, Any], str, dict[str, str]]] = [
    ({"areaCode": "910"}, "AreaCodeSearchAndOrderType", {"AreaCode": "910"}),
    (
        {"rateCenter": "RALEIGH", "state": "NC", "enableLca": True},
        "RateCenterSearchAndOrderType",
        {"RateCenter": "RALEIGH", "State": "NC", "EnableLCA": "true"},
    ),
    (
        {"npaNxx": "919555", "enableLca": False},
        "NPANXXSearchAndOrderType",
        {"NpaNxx": "919555", "EnableLCA": "false"},
    ),
    ({"city": "Raleigh", "state": "NC"}, "CitySearchAndOrderType", {"City": "Raleigh", "State": "NC"}),
    ({"state": "NC"}, "StateSearchAndOrderType", {"State": "NC"}),
    ({"zip": "27606"}, "ZIPSearchAndOrderType", {"Zip": "27606"}),
    ({"lata": "426"}, "LATASearchAndOrderType", {"Lata": "426"}),
    ({"tollFreeVanity": "CARS"}, "TollFreeVanitySearchAndOrderType", {"TollFreeVanity": "CARS"}),
    (
        {"tollFreeWildCardPattern": "80*"},
        "TollFreeWildCharSearchAndOrderType",
        {"TollFreeWildCardPattern": "80*"},
    ),
    (
        {"combined": {"npaNxxX": "9195551", "localVanity": "CAT", "endsIn": True, "zip": "27606"}},
        "CombinedSearchAndOrderType",
        {"NpaNxxX": "9195551", "Zip": "27606", "LocalVanity": "CAT", "EndsIn": "true"},
    ),
]


@pytest.mark.parametrize(("given", "order_type", "criteria"), WAYS, ids=[way for _, way, _ in WAYS])
def test_each_search_is_sent_as_its_order_type_with_criteria_and_quantity(
    bandwidth: Server, dashboard: Dashboard, given: dict[str, Any], order_type: str, criteria: dict[str, str]
) -> None:
    bandwidth.respond_with(ORDERED)
    dashboard.order_numbers(search=parse(NumberSearch, given), quantity=3, site_id="743", location_id="561")

    inside = "".join(f"<{name}>{text}</{name}>" for name, text in criteria.items())

    assert outline(bandwidth.only_request.body) == outline(
        f"<Order><{order_type}>{inside}<Quantity>3</Quantity></{order_type}>"
        "<SiteId>743</SiteId><PeerId>561</PeerId></Order>"
    )


def test_requested_numbers_are_sent_in_ten_digits(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(ORDERED)
    numbers = NumberSearch(telephone_numbers=["+19195551212", "+19195551213"])

    dashboard.order_numbers(search=numbers, quantity=2, site_id="743", location_id="561")

    assert outline(bandwidth.only_request.body) == [
        (0, "Order", ""),
        (1, "ExistingTelephoneNumberOrderType", ""),
        (2, "TelephoneNumberList", ""),
        (3, "TelephoneNumber", "9195551212"),
        (3, "TelephoneNumber", "9195551213"),
        (1, "SiteId", "743"),
        (1, "PeerId", "561"),
    ]


def test_requested_numbers_are_sent_in_e164_to_the_second_version(bandwidth: Server) -> None:
    bandwidth.respond_with(ORDERED)
    numbers = NumberSearch(telephone_numbers=["+19195551212"])
    dashboard = Dashboard(
        f"{bandwidth.url}/api/v2", "9500149", BasicCredentials("lorem", "dashboard-password")
    )

    dashboard.order_numbers(search=numbers, quantity=1, site_id="743", location_id="561")

    assert (3, "TelephoneNumber", "+19195551212") in outline(bandwidth.only_request.body)


def test_an_order_with_an_id_is_placed_even_if_the_response_has_errors(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    error = "<ErrorList><Error><Code>5017</Code><Description>Some are gone</Description></Error></ErrorList>"
    bandwidth.respond_with(
        Response(201, f"<OrderResponse><Order><id>an-order</id></Order>{error}</OrderResponse>")
    )
    search = NumberSearch(area_code="910")

    placed = dashboard.order_numbers(search=search, quantity=2, site_id="743", location_id="561")

    assert placed == "an-order"


@pytest.mark.parametrize(
    ("chosen", "elements"),
    [
        ({"partial_allowed": False}, [(1, "PartialAllowed", "false")]),
        ({"back_order_requested": True}, [(1, "BackOrderRequested", "true")]),
        (
            {"partial_allowed": False, "back_order_requested": True},
            [(1, "PartialAllowed", "false"), (1, "BackOrderRequested", "true")],
        ),
        ({"partial_allowed": True, "back_order_requested": False}, []),
    ],
)
def test_values_other_than_bandwidths_defaults_are_sent(
    bandwidth: Server, dashboard: Dashboard, chosen: dict[str, Any], elements: list[Any]
) -> None:
    bandwidth.respond_with(ORDERED)
    dashboard.order_numbers(
        search=NumberSearch(area_code="910"), quantity=3, site_id="743", location_id="561", **chosen
    )
    assert outline(bandwidth.only_request.body)[6:] == elements


def test_a_backorder_is_closed_with_the_documented_request(bandwidth: Server, dashboard: Dashboard) -> None:
    ended = "<OrderStatus>PARTIAL</OrderStatus><ErrorList><Error><Code>5017</Code></Error></ErrorList>"
    bandwidth.respond_with(Response(200, f"<OrderResponse>{ended}</OrderResponse>"))

    dashboard.close_order("an-order")

    assert (bandwidth.only_request.method, bandwidth.only_request.path) == (
        "PUT",
        "/accounts/9500149/orders/an-order",
    )
    assert outline(bandwidth.only_request.body) == [(0, "Order", ""), (1, "CloseOrder", "true")]
