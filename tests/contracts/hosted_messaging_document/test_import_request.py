"""Step 1, Create Import Request: the request as the document prints it."""

from typing import get_args

import pytest

from bandwidth_messaging.bandwidth.dashboard import Dashboard
from bandwidth_messaging.domain.orders import Action
from tests.contracts.hosted_messaging_document.document import (
    DASHBOARD,
    NUMBERS,
    ORDER,
    basic_authorization,
    printed_example,
    printed_response,
)
from tests.documents.examples import outline
from tests.http_server import Server


def order_import(dashboard: Dashboard, action: Action = "IMPORT", sip_peer_id: str | None = "303716") -> str:
    return dashboard.create_import_request(
        customer_order_id="ICPA123ABC",
        site_id="743",
        sip_peer_id=sip_peer_id,
        action=action,
        numbers=NUMBERS,
    )


def printed_import(action: str = "IMPORT") -> list[tuple[int, str, str]]:
    """Return the outline of the printed request with one of the two actions that it prints in brackets."""
    rows = outline(printed_example("create_import_request.request").body)
    assert (1, "Action", "[ IMPORT | REMOVE ]") in rows
    return [(depth, name, action if name == "Action" else text) for depth, name, text in rows]


@pytest.mark.parametrize("action", ["IMPORT", "REMOVE"])
def test_an_import_request_is_sent_as_the_document_prints_it(
    bandwidth: Server, dashboard: Dashboard, action: Action
) -> None:
    bandwidth.respond_with(printed_response("create_import_request.response", 201))
    order_import(dashboard, action)

    request, expected = bandwidth.only_request, printed_example("create_import_request.request")
    assert (request.method, request.path) == (expected.method, expected.url)
    assert request.headers["Authorization"] == basic_authorization(DASHBOARD)
    assert request.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert outline(request.body) == printed_import(action)
    assert request.body.split(b"\n")[0].replace(b"'", b'"').decode() == expected.body.splitlines()[0]


@pytest.mark.parametrize("action", ["IMPORT", "REMOVE"])
def test_a_request_without_a_location_lacks_only_the_location(
    bandwidth: Server, dashboard: Dashboard, action: Action
) -> None:
    bandwidth.respond_with(printed_response("create_import_request.response", 201))
    order_import(dashboard, action, sip_peer_id=None)
    assert outline(bandwidth.only_request.body) == [
        row for row in printed_import(action) if row[1] != "SipPeerId"
    ]


def test_the_order_id_comes_from_the_body(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(printed_response("create_import_request.response", 201))
    assert order_import(dashboard) == ORDER


class TestParametersOfAnImportRequest:
    @pytest.fixture(autouse=True)
    def _answered(self, bandwidth: Server) -> None:
        bandwidth.respond_with(printed_response("create_import_request.response", 201))

    def sent(self, bandwidth: Server, name: str) -> list[str]:
        return [text for _, element, text in outline(bandwidth.only_request.body) if element == name]

    def test_customer_order_id(self, bandwidth: Server, dashboard: Dashboard) -> None:
        order_import(dashboard)
        assert self.sent(bandwidth, "CustomerOrderID") == ["ICPA123ABC"]
        # Other resources, and later specifications of this resource, use this spelling.
        assert self.sent(bandwidth, "CustomerOrderId") == []

    def test_site_id(self, bandwidth: Server, dashboard: Dashboard) -> None:
        order_import(dashboard)
        assert self.sent(bandwidth, "SiteId") == ["743"]

    @pytest.mark.parametrize("value", ["303716", None])
    def test_sip_peer_id(self, bandwidth: Server, dashboard: Dashboard, value: str | None) -> None:
        order_import(dashboard, sip_peer_id=value)
        assert self.sent(bandwidth, "SipPeerId") == ([value] if value else [])

    @pytest.mark.parametrize("value", get_args(Action))
    def test_action(self, bandwidth: Server, dashboard: Dashboard, value: Action) -> None:
        order_import(dashboard, value)

        assert self.sent(bandwidth, "Action") == [value]
        assert printed_import(f"[ {' | '.join(get_args(Action))} ]") == outline(
            printed_example("create_import_request.request").body
        )
