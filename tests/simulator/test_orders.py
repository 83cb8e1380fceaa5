"""The simulated Dashboard: number orders, their outcomes, and their list."""

import re
from collections.abc import Iterator

import pytest
from lxml import etree

from simulator.server import serve
from simulator.simulator import Settings
from tests.simulator.support import (
    CONFIG,
    DASHBOARD_CREDENTIALS,
    Client,
    new_location,
    order_body,
    wait_until,
)

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture
def location_id(dashboard: Client) -> str:
    return new_location(dashboard).rsplit("/", 1)[1]


def place(dashboard: Client, location_id: str, customer_order_id: str = "", **options: object) -> str:
    """Place an order and return its id."""
    extra = f"<CustomerOrderId>{customer_order_id}</CustomerOrderId>" if customer_order_id else ""
    body = order_body(location_id, extra, **options)  # type: ignore[arg-type]
    return dashboard.xml("POST", "/orders", body, 201).findtext("Order/id") or ""


def numbers(root: etree._Element) -> list[str | None]:
    return [each.text for each in root.iterfind("CompletedNumbers/TelephoneNumber/FullNumber")]


def errors(root: etree._Element) -> list[tuple[str | None, str | None]]:
    return [
        (each.findtext("Code"), each.findtext("TelephoneNumber")) for each in root.iterfind("ErrorList/Error")
    ]


class TestPlacing:
    def test_the_documented_request_returns_the_documented_response(
        self, dashboard: Client, location_id: str
    ) -> None:
        response = dashboard.post("/orders", data=order_body(location_id, quantity=1))
        assert response.status_code == 201

        root = etree.fromstring(response.content)
        assert response.headers["Location"] == f"{dashboard.base}/orders/{root.findtext('Order/id')}"

        order = root.find("Order")

        assert order is not None
        assert [each.tag for each in root] == ["Order", "OrderStatus"]
        assert [each.tag for each in order] == [
            "OrderCreateDate",
            "PeerId",
            "BackOrderRequested",
            "id",
            "AreaCodeSearchAndOrderType",
            "PartialAllowed",
            "SiteId",
        ]
        assert TIME.fullmatch(order.findtext("OrderCreateDate") or "")
        assert order.findtext("PeerId") == location_id
        assert order.findtext("BackOrderRequested") == "false"
        assert order.findtext("PartialAllowed") == "true"
        assert order.findtext("AreaCodeSearchAndOrderType/AreaCode") == "910"
        assert order.findtext("AreaCodeSearchAndOrderType/Quantity") == "1"
        assert root.findtext("OrderStatus") == "RECEIVED"

    def test_the_response_contains_optional_fields(self, dashboard: Client, location_id: str) -> None:
        extra = (
            "<CustomerOrderId>run-0042</CustomerOrderId><PartialAllowed>false</PartialAllowed>"
            "<BackOrderRequested>true</BackOrderRequested>"
        )

        order = dashboard.xml("POST", "/orders", order_body(location_id, extra)).find("Order")

        assert order is not None
        assert order.findtext("CustomerOrderId") == "run-0042"
        assert order.findtext("PartialAllowed") == "false"
        assert order.findtext("BackOrderRequested") == "true"

    def test_without_a_peer_the_default_location_gets_the_numbers(
        self, dashboard: Client, location_id: str
    ) -> None:
        body = order_body(location_id).replace(f"<PeerId>{location_id}</PeerId>", "")
        assert dashboard.xml("POST", "/orders", body).findtext("Order/PeerId") == location_id

    @pytest.mark.parametrize(
        ("old", "new", "code"),
        [
            ("<AreaCode>910</AreaCode>", "", "5198"),
            ("<Quantity>2</Quantity>", "", "5198"),
            (">2<", ">5001<", "5215"),
            (">2<", ">0<", "5215"),
            (">2<", ">many<", "5215"),
            (">910<", ">112<", "5002"),
            (">910<", ">911<", "5002"),
            (">910<", ">9100<", "5002"),
            (">701<", ">702<", "5016"),
            ("<SiteId>701</SiteId>", "", "5022"),
            ("<PeerId>", "<PeerId>9", "5023"),
            ("<SiteId>", "<CustomerOrderId>under_score</CustomerOrderId><SiteId>", "5052"),
            ("<SiteId>", f"<CustomerOrderId>{'x' * 41}</CustomerOrderId><SiteId>", "5052"),
            ("<SiteId>", "<PartialAllowed>perhaps</PartialAllowed><SiteId>", "5217"),
            ("AreaCodeSearchAndOrderType", "SomethingElse", "5087"),
        ],
    )
    def test_errors_of_a_request_are_in_an_error_list(
        self, dashboard: Client, location_id: str, old: str, new: str, code: str
    ) -> None:
        root = dashboard.xml("POST", "/orders", order_body(location_id).replace(old, new), 400)
        assert (root.tag, errors(root)) == ("OrderResponse", [(code, None)])

    def test_an_order_without_a_peer_requires_a_default_location(self, dashboard: Client) -> None:
        root = dashboard.xml("POST", "/orders", order_body("").replace("<PeerId></PeerId>", ""), 400)
        assert errors(root) == [("5020", None)]

    def test_an_unknown_order_returns_404(self, dashboard: Client) -> None:
        root = dashboard.xml("GET", "/orders/a18a8979-ebed-42f0-ae5f-3cfa7941d4c2", status=404)
        assert (root.tag, root.findtext("ResponseStatus/ErrorCode")) == ("OrderResponse", "5035")


class TestCompletion:
    def test_the_status_has_the_documented_form(self, dashboard: Client, location_id: str) -> None:
        root = dashboard.xml("GET", f"/orders/{place(dashboard, location_id, quantity=1)}", status=200)

        assert [each.tag for each in root] == [
            "CompletedQuantity",
            "CreatedByUser",
            "LastModifiedDate",
            "OrderCompleteDate",
            "Order",
            "OrderStatus",
            "CompletedNumbers",
            "Summary",
            "FailedQuantity",
        ]
        assert root.find("Order/id") is None
        assert TIME.fullmatch(root.findtext("OrderCompleteDate") or "")
        assert root.findtext("CreatedByUser") == CONFIG.dashboard_user
        assert root.findtext("CompletedQuantity") == "1"
        assert root.findtext("OrderStatus") == "COMPLETE"
        assert root.findtext("Summary") == "1 number ordered in (910)"
        assert root.findtext("FailedQuantity") == "0"

    def test_numbers_have_ten_digits_and_are_unique(self, dashboard: Client, location_id: str) -> None:
        found = []

        for _ in range(3):
            order_id = place(dashboard, location_id, quantity=150)
            found += numbers(dashboard.xml("GET", f"/orders/{order_id}"))

        assert len(set(found)) == 450
        assert all(re.fullmatch(r"910[2-9]\d{6}", each or "") for each in found)

    def test_an_order_can_have_5000_numbers(self, dashboard: Client, location_id: str) -> None:
        root = dashboard.xml("GET", f"/orders/{place(dashboard, location_id, quantity=5000)}")
        assert len(numbers(root)) == 5000

    def test_an_order_is_received_before_its_outcome(self) -> None:
        with serve(CONFIG, Settings(order_seconds=0.5, callback_workers=1)) as slow:
            base = f"{slow.dashboard_url}/accounts/{CONFIG.account_id}"
            with Client(base, DASHBOARD_CREDENTIALS) as dashboard:
                order_id = place(dashboard, new_location(dashboard).rsplit("/", 1)[1])
                early = dashboard.xml("GET", f"/orders/{order_id}")
                assert early.findtext("OrderStatus") == "RECEIVED"
                assert early.findtext("CompletedQuantity") == "0"
                assert early.find("OrderCompleteDate") is None
                assert early.find("CompletedNumbers") is None
                wait_until(
                    lambda: dashboard.xml("GET", f"/orders/{order_id}").findtext("OrderStatus") == "COMPLETE"
                )


class TestOrderOutcomes:
    def test_a_partial_order_lists_failed_numbers(
        self, dashboard: Client, control: Client, location_id: str
    ) -> None:
        control.put("/orders/run-1", json={"fate": "PARTIAL", "completed": 1})

        root = dashboard.xml("GET", f"/orders/{place(dashboard, location_id, 'run-1', quantity=3)}")

        failed = [each.text for each in root.iterfind("FailedNumbers/FullNumber")]
        assert root.findtext("OrderStatus") == "PARTIAL"
        assert root.findtext("CompletedQuantity") == "1"
        assert root.findtext("FailedQuantity") == "2"
        assert root.findtext("Summary") == "1 out of 3 numbers ordered in (910)"
        assert len(numbers(root)) == 1
        assert len(failed) == 2
        assert not set(failed) & set(numbers(root))
        assert errors(root) == [("5005", each) for each in failed]

    def test_a_failed_order_has_one_error(self, dashboard: Client, control: Client, location_id: str) -> None:
        control.put("/orders/run-1", json={"fate": "FAILED"})

        root = dashboard.xml("GET", f"/orders/{place(dashboard, location_id, 'run-1')}")

        assert root.findtext("OrderStatus") == "FAILED"
        assert root.find("FailedNumbers") is None
        assert errors(root) == [("5018", None)]
        assert numbers(root) == []
        assert control.get("/account").json()["numbers"] == []

    def test_the_errors_of_an_order_can_be_set(
        self, dashboard: Client, control: Client, location_id: str
    ) -> None:
        chosen = [
            {"code": 5012, "description": "The account is locked"},
            {"code": 5005, "description": "Unavailable", "per_number": True},
        ]
        control.put("/orders/run-1", json={"fate": "FAILED", "errors": chosen})

        root = dashboard.xml("GET", f"/orders/{place(dashboard, location_id, 'run-1', quantity=1)}")

        assert errors(root) == [("5012", None), ("5005", root.findtext("FailedNumbers/FullNumber"))]

    def test_the_outcome_of_an_area_code_can_be_set(
        self, dashboard: Client, control: Client, location_id: str
    ) -> None:
        control.put("/area-codes/919", json={"fate": "FAILED"})
        control.put("/orders/spared", json={"fate": "COMPLETE"})
        statuses = [
            dashboard.xml("GET", f"/orders/{place(dashboard, location_id, *each)}").findtext("OrderStatus")
            for each in ([""], ["spared"])
        ]
        there = place(dashboard, location_id, area_code="919")
        spared = place(dashboard, location_id, "spared", area_code="919")

        statuses += [
            dashboard.xml("GET", f"/orders/{each}").findtext("OrderStatus") for each in (there, spared)
        ]

        assert statuses == ["COMPLETE", "COMPLETE", "FAILED", "COMPLETE"]

    def test_a_backorder_waits_until_its_outcome_changes(
        self, dashboard: Client, control: Client, location_id: str
    ) -> None:
        control.put("/orders/run-1", json={"fate": "BACKORDERED"})
        order_id = place(dashboard, location_id, "run-1")
        waiting = dashboard.xml("GET", f"/orders/{order_id}")

        assert waiting.findtext("OrderStatus") == "BACKORDERED"
        assert waiting.find("OrderCompleteDate") is None

        control.put("/orders/run-1", json={"fate": "COMPLETE"})
        assert dashboard.xml("GET", f"/orders/{order_id}").findtext("OrderStatus") == "COMPLETE"

    @pytest.mark.parametrize(("seconds", "status"), [(60, "BACKORDERED"), (0, "COMPLETE")])
    def test_a_backorder_can_complete_after_a_time(
        self, dashboard: Client, control: Client, location_id: str, seconds: int, status: str
    ) -> None:
        control.put("/orders/run-1", json={"fate": "BACKORDERED", "backordered_seconds": seconds})
        order_id = place(dashboard, location_id, "run-1")
        assert dashboard.xml("GET", f"/orders/{order_id}").findtext("OrderStatus") == status

    def test_a_final_status_does_not_change(
        self, dashboard: Client, control: Client, location_id: str
    ) -> None:
        order_id = place(dashboard, location_id, "run-1")
        before = dashboard.xml("GET", f"/orders/{order_id}")
        control.put("/orders/run-1", json={"fate": "FAILED"})
        assert etree.tostring(dashboard.xml("GET", f"/orders/{order_id}")) == etree.tostring(before)


class TestFinding:
    def test_orders_are_found_by_their_customer_order_id(self, dashboard: Client, location_id: str) -> None:
        place(dashboard, location_id, "run-1")
        wanted = [place(dashboard, location_id, "run-2"), place(dashboard, location_id, "run-2")]
        root = dashboard.xml("GET", "/orders?customerOrderId=run-2&page=1&size=300", status=200)
        assert root.tag == "ResponseSelectWrapper"

        listed = root.findall("ListOrderIdUserIdDate/OrderIdUserIdDate")

        assert root.findtext("ListOrderIdUserIdDate/TotalCount") == "2"
        assert [each.findtext("orderId") for each in listed] == wanted
        for each in listed:
            # The published list omits it.
            assert each.find("CustomerOrderId") is None
            assert each.findtext("OrderStatus") == "COMPLETE"
            assert each.findtext("OrderType") == "new_number"
            assert each.findtext("CountOfTNs") == "2"
            assert TIME.fullmatch(each.findtext("OrderDate") or "")
            assert TIME.fullmatch(each.findtext("lastModifiedDate") or "")

    def test_an_empty_list_returns_404(self, dashboard: Client) -> None:
        dashboard.xml("GET", "/orders?customerOrderId=nothing&page=1&size=300", status=404)

    @pytest.mark.parametrize(
        "query", ["customerOrderId=run-1", "page=1", "size=300", "page=1&size=0", "page=2&size=1"]
    )
    def test_a_list_requires_page_and_size(self, dashboard: Client, location_id: str, query: str) -> None:
        place(dashboard, location_id, "run-1")
        root = dashboard.xml("GET", f"/orders?{query}", status=400)
        assert root.findtext("ErrorList/Error/Code") == "1006"

    def test_a_list_is_filtered_by_status_and_paged(
        self, dashboard: Client, control: Client, location_id: str
    ) -> None:
        control.put("/orders/bad", json={"fate": "FAILED"})
        orders = [place(dashboard, location_id, name) for name in ("good-1", "bad", "good-2")]
        root = dashboard.xml("GET", "/orders?status=complete&page=1&size=1", status=200)

        assert root.findtext("ListOrderIdUserIdDate/TotalCount") == "2"
        assert [each.text for each in root.iter("orderId")] == [orders[0]]

        link = root.findtext("ListOrderIdUserIdDate/Links/next") or ""
        assert f"?page={orders[2]}&size=1>" in link

        root = dashboard.xml("GET", f"/orders?status=complete&page={orders[2]}&size=1", status=200)
        assert [each.text for each in root.iter("orderId")] == [orders[2]]
        assert root.find("ListOrderIdUserIdDate/Links/next") is None


@pytest.fixture(autouse=True)
def _no_secrets(control: Client) -> Iterator[None]:
    """Check after each test that the control API shows no password."""
    yield
    for path in ("/account", "/requests?bodies=1"):
        assert CONFIG.dashboard_password not in control.get(path).text
