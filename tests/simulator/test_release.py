"""The simulated Dashboard: release of numbers, and deletion of resources in the valid order."""

from collections.abc import Callable

import pytest
from lxml import etree

from tests.simulator.support import (
    CONFIG,
    NUMBERS,
    Client,
    Setup,
    disconnect_body,
    import_body,
    new_location,
    order_body,
)

ROOT = "DisconnectTelephoneNumberOrderResponse"
TYPE = "DisconnectTelephoneNumberOrderType"


def disconnect(dashboard: Client, numbers: list[str], customer_order_id: str = "") -> etree._Element:
    """Place an order and return its final state."""
    body = disconnect_body(numbers, customer_order_id)
    order_id = dashboard.xml("POST", "/disconnects", body, 201).findtext("orderRequest/id")
    return dashboard.xml("GET", f"/disconnects/{order_id}", status=200)


def errors(root: etree._Element) -> list[tuple[str | None, str | None]]:
    return [
        (each.findtext("Code"), each.findtext("TelephoneNumber")) for each in root.iterfind("ErrorList/Error")
    ]


def gone(root: etree._Element) -> list[str]:
    return [f"+1{each.text}" for each in root.iterfind("DisconnectedTelephoneNumberList/TelephoneNumber")]


def code(root: etree._Element) -> str | None:
    return root.findtext("ResponseStatus/ErrorCode")


class TestDisconnecting:
    def test_the_published_request_returns_the_published_response(
        self, dashboard: Client, set_up: Callable[..., Setup]
    ) -> None:
        setup = set_up()
        body = disconnect_body(setup.numbers, "undo-1", "<Protected>UNCHANGED</Protected>")
        response = dashboard.post("/disconnects", data=body)
        assert response.status_code == 201

        root = etree.fromstring(response.content)
        order_id = root.findtext("orderRequest/id")

        assert response.headers["Location"] == f"{dashboard.base}/disconnects/{order_id}"
        assert [each.tag for each in root] == ["orderRequest", "OrderStatus"]
        assert [each.tag for each in root.iterfind("orderRequest/*")] == [
            "CustomerOrderId",
            "OrderCreateDate",
            "id",
            TYPE,
        ]
        assert [each.tag for each in root.iterfind(f"orderRequest/{TYPE}/*")] == [
            "TelephoneNumberList",
            "DisconnectMode",
            "Protected",
        ]
        assert (root.tag, root.findtext("OrderStatus")) == (ROOT, "RECEIVED")

    def test_released_numbers_leave_the_account(
        self, dashboard: Client, control: Client, set_up: Callable[..., Setup]
    ) -> None:
        setup = set_up()
        root = disconnect(dashboard, setup.numbers[:1])

        assert [each.tag for each in root] == [
            "DisconnectedTelephoneNumberList",
            "ErrorList",
            "orderRequest",
            "OrderStatus",
        ]
        assert (root.findtext("OrderStatus"), gone(root)) == ("COMPLETE", setup.numbers[:1])

        shown = control.get("/account").json()
        assert [each["number"] for each in shown["numbers"]] == setup.numbers[1:]

        [order] = shown["disconnects"]
        assert (order["status"], order["numbers"]) == ("COMPLETE", setup.numbers[:1])

    def test_a_number_of_another_account_returns_5006(
        self, dashboard: Client, set_up: Callable[..., Setup]
    ) -> None:
        setup = set_up()
        dashboard.xml("POST", "/externalTns", import_body(numbers=NUMBERS[:1]), 201)
        foreign_numbers = ["9195550199", NUMBERS[0]]
        root = disconnect(dashboard, [*setup.numbers, *foreign_numbers])

        assert (root.findtext("OrderStatus"), gone(root)) == ("PARTIAL", setup.numbers)
        assert errors(root) == [("5006", each) for each in foreign_numbers]

        again = disconnect(dashboard, setup.numbers)
        assert (again.findtext("OrderStatus"), gone(again)) == ("FAILED", [])

    def test_the_outcome_of_an_order_can_be_set(
        self, dashboard: Client, control: Client, set_up: Callable[..., Setup]
    ) -> None:
        setup = set_up()
        control.put("/orders/undo-1", json={"fate": "PARTIAL", "failed_numbers": setup.numbers[:1]})
        control.put("/orders/undo-2", json={"fate": "RECEIVED"})
        root = disconnect(dashboard, setup.numbers, "undo-1")

        assert (root.findtext("OrderStatus"), gone(root)) == ("PARTIAL", setup.numbers[1:])
        assert errors(root) == [("5006", setup.numbers[0].removeprefix("+1"))]

        waiting = disconnect(dashboard, setup.numbers[:1], "undo-2")
        assert [each.tag for each in waiting] == ["orderRequest", "OrderStatus"]
        assert len(control.get("/account").json()["numbers"]) == 1

    def test_orders_are_found_by_their_customer_order_id(
        self, dashboard: Client, set_up: Callable[..., Setup]
    ) -> None:
        setup = set_up()
        ids = [
            disconnect(dashboard, [number], name).findtext("orderRequest/id")
            for number, name in zip(setup.numbers, ("undo-1", "undo-2"), strict=True)
        ]
        root = dashboard.xml("GET", "/disconnects?customerOrderId=undo-2", status=200)

        assert root.findtext("ListOrderIdUserIdDate/TotalCount") == "1"

        [listed] = root.findall("ListOrderIdUserIdDate/OrderIdUserIdDate")
        assert (listed.findtext("orderId"), listed.findtext("OrderType")) == (ids[1], "disconnect")
        assert (listed.findtext("OrderStatus"), listed.findtext("CountOfTNs")) == ("COMPLETE", "1")

    @pytest.mark.parametrize(
        ("old", "new", "expected"),
        [
            (TYPE, "SomethingElse", "5001"),
            ("<TelephoneNumber>9195550100</TelephoneNumber>", "", "5001"),
            ("9195550100", "919555010", "1022"),
            ("<CustomerOrderId>", "<CustomerOrderId>under_score", "5052"),
        ],
    )
    def test_errors_of_a_request_are_in_an_error_list(
        self, dashboard: Client, old: str, new: str, expected: str
    ) -> None:
        body = disconnect_body(["9195550100"]).replace(old, new)
        root = dashboard.xml("POST", "/disconnects", body, 400)
        assert (root.tag, errors(root)) == (ROOT, [(expected, None)])

    def test_an_unknown_order_returns_404(self, dashboard: Client) -> None:
        root = dashboard.xml("GET", "/disconnects/a18a8979-ebed-42f0-ae5f-3cfa7941d4c2", status=404)
        assert (root.tag, code(root)) == (ROOT, "5035")


class TestCleaningUp:
    def test_the_valid_order_of_deletions_leaves_nothing(
        self, dashboard: Client, control: Client, set_up: Callable[..., Setup]
    ) -> None:
        setup = set_up()
        messaging = f"{setup.location_path}/products/messaging"
        steps = [
            ("PUT", f"{messaging}/applicationSettings"),
            ("DELETE", f"{messaging}/features/mms"),
            ("DELETE", f"{messaging}/features/sms"),
            ("DELETE", setup.location_path),
            ("DELETE", f"/applications/{setup.application_id}"),
        ]
        rejections = [dashboard.xml("DELETE", path, status=400) for _, path in steps[2:]]

        assert [code(each) for each in rejections] == ["13624", "13555", "12107"]
        assert "Bandwidth Messaging 2 test2" in (rejections[2].findtext("ResponseStatus/Description") or "")

        disconnect(dashboard, setup.numbers)
        for method, path in steps:
            body = "<ApplicationsSettings>REMOVE</ApplicationsSettings>" if method == "PUT" else None
            response = dashboard.request(method, path, data=body)
            assert response.status_code == 200, response.text
        shown = control.get("/account").json()

        assert (shown["applications"], shown["locations"], shown["numbers"]) == ([], [], [])
        assert [dashboard.delete(path).status_code for _, path in steps[1:]] == [400, 400, 404, 404]

    def test_messaging_cannot_be_disabled_while_numbers_exist(
        self, dashboard: Client, set_up: Callable[..., Setup]
    ) -> None:
        setup = set_up(mms=False)
        path = f"{setup.location_path}/products/messaging/features/sms"
        assert code(dashboard.xml("DELETE", path, status=400)) == "13673"

    def test_a_location_with_features_cannot_be_deleted(
        self, dashboard: Client, set_up: Callable[..., Setup]
    ) -> None:
        setup = set_up()
        disconnect(dashboard, setup.numbers)
        expected = []

        for feature in ("mms", "sms"):
            expected.append(code(dashboard.xml("DELETE", setup.location_path, status=400)))
            dashboard.delete(f"{setup.location_path}/products/messaging/features/{feature}")

        assert expected == ["13622", "13613"]
        assert dashboard.delete(setup.location_path).status_code == 200

    def test_the_default_location_can_only_be_deleted_last(self, dashboard: Client) -> None:
        default = new_location(dashboard, "One")

        other = new_location(dashboard, "Two", default="false")

        assert code(dashboard.xml("DELETE", default, status=400)) == "13558"
        assert [dashboard.delete(each).status_code for each in (other, default)] == [200, 200]
        assert code(dashboard.xml("DELETE", default, status=404)) == "13563"

    def test_a_location_with_a_backorder_cannot_be_deleted(self, dashboard: Client, control: Client) -> None:
        location = new_location(dashboard)
        control.put("/orders/run-1", json={"fate": "BACKORDERED"})
        body = order_body(location.rsplit("/", 1)[1], "<CustomerOrderId>run-1</CustomerOrderId>")
        order_id = dashboard.xml("POST", "/orders", body, 201).findtext("Order/id")

        assert code(dashboard.xml("DELETE", location, status=400)) == "13681"

        dashboard.xml("PUT", f"/orders/{order_id}", "<Order><CloseOrder>true</CloseOrder></Order>", 200)
        assert dashboard.delete(location).status_code == 200

    def test_a_detached_application_can_be_deleted(
        self, dashboard: Client, control: Client, set_up: Callable[..., Setup]
    ) -> None:
        setup = set_up(assign=False)
        assert dashboard.delete(f"/applications/{setup.application_id}").status_code == 200
        assert control.get("/account").json()["applications"] == []

    def test_every_deletion_requires_credentials(self, dashboard: Client) -> None:
        with Client(dashboard.base, (CONFIG.dashboard_user, "wrong")) as unauthorized:
            assert unauthorized.post("/disconnects", data=disconnect_body(["9195550100"])).status_code == 401
            assert unauthorized.delete("/applications/x").status_code == 401
