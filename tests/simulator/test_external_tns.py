"""The simulated Dashboard: import and removal of external numbers, in both published forms."""

import re
from typing import Any
from uuid import UUID

import pytest
from lxml import etree

from simulator.server import serve
from simulator.simulator import Settings
from tests.simulator.support import (
    CONFIG,
    DASHBOARD_CREDENTIALS,
    NUMBERS,
    Client,
    import_body,
    new_location,
    order_body,
    wait_until,
)

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
HEADER = ["OrderCreateDate", "AccountId", "CreatedByUser", "OrderId", "ProcessingStatus"]


def place(dashboard: Client, *args: Any, **options: Any) -> str:
    """Place an order and return its id in either form."""
    root = dashboard.xml("POST", "/externalTns", import_body(*args, **options), 201)
    return root.findtext(".//OrderId") or ""


def end(dashboard: Client, *args: Any, **options: Any) -> etree._Element:
    """Place an order and return its final state."""
    return dashboard.xml("GET", f"/externalTns/{place(dashboard, *args, **options)}", status=200)


def decide(control: Client, customer_order_id: str = "ICPA123ABC", **fate: Any) -> None:
    response = control.put(f"/orders/{customer_order_id}", json=fate)
    assert response.status_code == 200, response.text


def tags(element: etree._Element | None) -> list[str]:
    assert element is not None
    return [str(each.tag) for each in element]


def numbers(element: etree._Element, path: str) -> list[str | None]:
    return [each.text for each in element.iterfind(f"{path}TelephoneNumbers/TelephoneNumber")]


def errors(root: etree._Element) -> list[tuple[str | None, list[str | None]]]:
    assert all(each.findtext("Description") for each in root.iterfind("Errors/Error"))
    return [(each.findtext("Code"), numbers(each, "")) for each in root.iterfind("Errors/Error")]


def external(control: Client) -> list[str]:
    return [each["number"][2:] for each in control.get("/account").json()["external_numbers"]]


class TestCreateImportRequest:
    def test_the_documented_request_returns_the_documented_response(self, dashboard: Client) -> None:
        location_id = new_location(dashboard).rsplit("/", 1)[1]
        body = import_body(extra=f"<SipPeerId>{location_id}</SipPeerId>")
        response = dashboard.post("/externalTns", data=body)

        assert response.status_code == 201
        assert "Location" not in response.headers

        root = etree.fromstring(response.content)

        assert root.tag == "ExternalTnsOrderResponse"
        assert tags(root) == [*HEADER, "Order"]
        assert TIME.fullmatch(root.findtext("OrderCreateDate") or "")
        assert root.findtext("AccountId") == CONFIG.account_id
        assert root.findtext("CreatedByUser") == CONFIG.dashboard_user
        assert str(UUID(root.findtext("OrderId"))) == root.findtext("OrderId")
        assert root.findtext("ProcessingStatus") == "RECEIVED"

        fields = ["CustomerOrderID", "SiteId", "SipPeerId", "Action", "TelephoneNumbers"]

        assert tags(root.find("Order")) == fields
        assert [root.findtext(f"Order/{each}") for each in fields[:-1]] == [
            "ICPA123ABC",
            "701",
            location_id,
            "IMPORT",
        ]
        assert numbers(root, "Order/") == NUMBERS

    def test_the_current_spelling_of_the_id_is_accepted(self, dashboard: Client) -> None:
        body = import_body().replace("CustomerOrderID", "CustomerOrderId")
        root = dashboard.xml("POST", "/externalTns", body, 201)
        assert root.findtext("Order/CustomerOrderID") == "ICPA123ABC"

    @pytest.mark.parametrize(
        ("old", "new", "code"),
        [
            ("<Action>IMPORT</Action>", "", "25000"),
            ("IMPORT", "EXPORT", "25000"),
            ("<CustomerOrderID>ICPA123ABC</CustomerOrderID>", "", "1003"),
            ("ICPA123ABC", "x" * 41, "5052"),
            ("ICPA123ABC", "under_score", "5052"),
            ("<SiteId>701</SiteId>", "", "5022"),
            (">701<", ">702<", "5016"),
            ("<Action>", "<SipPeerId>1</SipPeerId><Action>", "5023"),
            ("<Action>", "<LoaType>SPOKEN</LoaType><Action>", "25110"),
            ("IMPORT</Action>", "REMOVE</Action><LoaType>CARRIER</LoaType>", "25100"),
            (">9199918388<", ">+19199918388<", "1022"),
            (">9199918388<", ">1199918388<", "1022"),
            (">9199918388<", ">4158714245<", "5072"),
        ],
    )
    def test_an_invalid_order_returns_its_error_code(
        self, dashboard: Client, old: str, new: str, code: str
    ) -> None:
        assert old in import_body()

        root = dashboard.xml("POST", "/externalTns", import_body().replace(old, new), 400)
        assert root.tag == "ExternalTnsOrderResponse"
        assert root.findtext("ResponseStatus/ErrorCode") == code
        assert root.findtext("ResponseStatus/Description")

    @pytest.mark.parametrize(("count", "code"), [(0, "1003"), (5001, "5215")])
    def test_too_few_or_too_many_numbers_are_rejected(self, dashboard: Client, count: int, code: str) -> None:
        body = import_body(numbers=[f"9195{each:06}" for each in range(count)])
        root = dashboard.xml("POST", "/externalTns", body, 400)
        assert root.findtext("ResponseStatus/ErrorCode") == code

    def test_wrong_credentials_return_401(self, dashboard: Client) -> None:
        with Client(dashboard.base, ("someone", "else")) as unauthorized:
            assert unauthorized.post("/externalTns", data=import_body()).status_code == 401


class TestGetStatus:
    def test_a_complete_order_has_the_documented_form(self, dashboard: Client) -> None:
        root = end(dashboard)

        assert root.tag == "ExternalTnsOrder"
        assert tags(root) == [*HEADER, "Order"]
        assert root.findtext("ProcessingStatus") == "COMPLETE"
        assert tags(root.find("Order")) == ["CustomerOrderID", "SiteId", "Action", "TelephoneNumbers"]
        assert numbers(root, "Order/") == NUMBERS

    def test_an_unknown_order_returns_404_without_a_code(self, dashboard: Client) -> None:
        root = dashboard.xml("GET", "/externalTns/65e03a35-6b97-48a5-8126-f47bad02df2a", status=404)
        assert root.tag == "ExternalTnsOrderResponse"
        assert tags(root.find("ResponseStatus")) == ["Description"]

    def test_received_then_processing_then_complete(self) -> None:
        with serve(CONFIG, Settings(order_seconds=0.4, callback_workers=1)) as slow:
            base = f"{slow.dashboard_url}/accounts/{CONFIG.account_id}"
            with Client(base, DASHBOARD_CREDENTIALS) as dashboard:
                root = dashboard.xml("POST", "/externalTns", import_body(), 201)
                order_id, seen = root.findtext("OrderId"), [root.findtext("ProcessingStatus") or ""]

                def read_is_complete() -> bool:
                    root = dashboard.xml("GET", f"/externalTns/{order_id}")
                    seen.append(root.findtext("ProcessingStatus") or "")
                    return seen[-1] == "COMPLETE"

                wait_until(read_is_complete)
                assert list(dict.fromkeys(seen)) == ["RECEIVED", "PROCESSING", "COMPLETE"]

    @pytest.mark.parametrize("status", ["RECEIVED", "PROCESSING"])
    def test_an_order_can_stay_until_its_outcome_changes(
        self, dashboard: Client, control: Client, status: str
    ) -> None:
        decide(control, fate=status)
        order_id = place(dashboard)
        assert dashboard.xml("GET", f"/externalTns/{order_id}").findtext("ProcessingStatus") == status
        assert external(control) == []

        decide(control, fate="COMPLETE")
        assert dashboard.xml("GET", f"/externalTns/{order_id}").findtext("ProcessingStatus") == "COMPLETE"
        assert external(control) == NUMBERS

    def test_an_order_may_have_5000_numbers(self, dashboard: Client) -> None:
        many = [f"9195{each:06}" for each in range(5000)]
        assert numbers(end(dashboard, numbers=many), "Order/") == many


class TestPartialAndFailed:
    def test_a_partial_order_has_the_documented_form(self, dashboard: Client, control: Client) -> None:
        decide(control, fate="PARTIAL", failed_numbers=["+19199918388"])

        root = end(dashboard)

        assert tags(root) == [*HEADER, "Order", "Errors"]
        assert root.findtext("ProcessingStatus") == "PARTIAL"
        assert tags(root.find("Errors/Error")) == ["Code", "Description", "TelephoneNumbers"]
        assert errors(root) == [("25090", ["9199918388"])]
        assert numbers(root, "Order/") == NUMBERS
        assert external(control) == NUMBERS[1:]

    @pytest.mark.parametrize("keep", [True, False])
    def test_failed_numbers_can_be_absent_from_the_order(
        self, dashboard: Client, control: Client, keep: bool
    ) -> None:
        decide(control, fate="PARTIAL", failed_numbers=NUMBERS[:1], keep_failed_numbers=keep)
        root = end(dashboard)
        assert numbers(root, "Order/") == (NUMBERS if keep else NUMBERS[1:])

        listed = dashboard.xml("GET", "/externalTns?customerOrderId=ICPA123ABC")
        assert numbers(listed, "ExternalTnsOrder/Order/") == (NUMBERS if keep else NUMBERS[1:])

    @pytest.mark.parametrize(("completed", "good"), [(None, 2), (0, 0), (3, 3), (9, 4)])
    def test_the_count_of_completed_numbers_can_be_set(
        self, dashboard: Client, control: Client, completed: int | None, good: int
    ) -> None:
        decide(control, fate="PARTIAL", completed=completed)

        root = end(dashboard)

        assert root.findtext("ProcessingStatus") == "PARTIAL"
        assert errors(root)[0][1] == NUMBERS[good:]
        assert external(control) == NUMBERS[:good]

    def test_each_error_has_its_numbers(self, dashboard: Client, control: Client) -> None:
        chosen = [
            {"code": 13552, "description": "Telephone numbers already exist.", "numbers": NUMBERS[:1]},
            {"code": 25070, "description": "The carrier is unknown.", "numbers": NUMBERS[2:]},
        ]

        decide(control, fate="PARTIAL", errors=chosen)

        assert errors(end(dashboard)) == [("13552", NUMBERS[:1]), ("25070", NUMBERS[2:])]
        assert external(control) == NUMBERS[1:2]

    def test_a_failure_can_list_no_numbers(self, dashboard: Client, control: Client) -> None:
        decide(control, fate="FAILED")

        root = end(dashboard)

        assert root.findtext("ProcessingStatus") == "FAILED"
        assert tags(root.find("Errors/Error")) == ["Code", "Description"]
        assert external(control) == []

    def test_a_failure_can_list_every_number(self, dashboard: Client, control: Client) -> None:
        error = {"code": 25060, "description": "Bandwidth-owned", "per_number": True}
        decide(control, fate="FAILED", errors=[error])
        assert errors(end(dashboard)) == [("25060", NUMBERS)]

    def test_a_partial_order_can_omit_its_failed_numbers(self, dashboard: Client, control: Client) -> None:
        error = {"code": 25080, "description": "Cannot be provisioned"}
        decide(control, fate="PARTIAL", completed=3, errors=[error], keep_failed_numbers=False)

        root = end(dashboard)

        assert errors(root) == [("25080", [])]
        assert numbers(root, "Order/") == NUMBERS[:3]

    def test_a_number_ordered_from_bandwidth_cannot_be_imported(
        self, dashboard: Client, control: Client
    ) -> None:
        location_id = new_location(dashboard).rsplit("/", 1)[1]
        order_id = dashboard.xml("POST", "/orders", order_body(location_id, quantity=1)).findtext("Order/id")

        own = dashboard.xml("GET", f"/orders/{order_id}").findtext(".//FullNumber") or ""

        root = end(dashboard, numbers=[own, *NUMBERS])
        assert (root.findtext("ProcessingStatus"), errors(root)) == ("PARTIAL", [("25060", [own])])
        assert external(control) == NUMBERS


class TestImportAndRemove:
    def test_imported_numbers_belong_to_the_location(self, dashboard: Client, control: Client) -> None:
        location_id = new_location(dashboard).rsplit("/", 1)[1]
        place(dashboard, numbers=NUMBERS[:1])
        shown = control.get("/account").json()["external_numbers"]
        assert shown == [{"number": "+19199918388", "site_id": "701", "location_id": location_id}]

    def test_a_site_without_a_location_is_accepted(self, dashboard: Client, control: Client) -> None:
        place(dashboard, numbers=NUMBERS[:1])
        shown = control.get("/account").json()["external_numbers"]
        assert shown == [{"number": "+19199918388", "site_id": "701", "location_id": None}]

    def test_a_second_import_succeeds_and_moves_the_number(self, dashboard: Client, control: Client) -> None:
        place(dashboard, "first")
        location_id = new_location(dashboard).rsplit("/", 1)[1]
        root = end(dashboard, "second", numbers=NUMBERS[:1])
        assert (root.findtext("ProcessingStatus"), errors(root)) == ("COMPLETE", [])

        shown = control.get("/account").json()["external_numbers"]
        assert [each["location_id"] for each in shown] == [location_id, None, None, None]

    def test_removed_numbers_leave_the_account(self, dashboard: Client, control: Client) -> None:
        place(dashboard, "in")

        root = end(dashboard, "out", "REMOVE", NUMBERS[1:])
        assert root.findtext("ProcessingStatus") == "COMPLETE"
        assert root.findtext("Order/Action") == "REMOVE"
        assert external(control) == NUMBERS[:1]

    def test_the_removal_of_an_unknown_number_fails(self, dashboard: Client, control: Client) -> None:
        end(dashboard, "in", numbers=NUMBERS[:2])
        root = end(dashboard, "out", "REMOVE", NUMBERS[1:3])
        assert (root.findtext("ProcessingStatus"), errors(root)) == ("PARTIAL", [("25120", NUMBERS[2:3])])

        root = end(dashboard, "again", "REMOVE", NUMBERS[1:3])
        assert (root.findtext("ProcessingStatus"), errors(root)) == ("FAILED", [("25120", NUMBERS[1:3])])
        assert external(control) == NUMBERS[:1]


class TestLaterShape:
    FLAT: tuple[str, ...] = (
        *HEADER[:-1],
        "LastModifiedDate",
        "ProcessingStatus",
        "CustomerOrderId",
        "SiteId",
        "Action",
        "LoaType",
        "TelephoneNumbers",
        "Errors",
    )

    def test_the_later_form_of_an_order_is_flat(self, dashboard: Client, control: Client) -> None:
        decide(control, fate="COMPLETE", shape="later")
        root = dashboard.xml("POST", "/externalTns", import_body(), 201)

        assert root.tag == "ExternalTnsOrderResponse"
        assert tags(root) == ["ExternalTnsOrder"]
        assert tags(root.find("ExternalTnsOrder")) == list(self.FLAT)
        assert root.findtext("ExternalTnsOrder/LoaType") == "CARRIER"

        status = dashboard.xml("GET", f"/externalTns/{root.findtext('ExternalTnsOrder/OrderId')}")
        assert (status.tag, tags(status)) == ("ExternalTnsOrder", list(self.FLAT))
        assert status.findtext("ProcessingStatus") == "COMPLETE"
        assert tags(status.find("Errors")) == []

    def test_the_later_form_contains_its_errors(self, dashboard: Client, control: Client) -> None:
        decide(control, fate="PARTIAL", shape="later", failed_numbers=NUMBERS[:1])
        root = end(dashboard)
        assert errors(root) == [("25090", NUMBERS[:1])]
        assert numbers(root, "") == NUMBERS

    def test_the_form_can_be_set_per_order(self, dashboard: Client, control: Client) -> None:
        decide(control, "later", fate="COMPLETE", shape="later")
        assert end(dashboard, "later").find("Order") is None
        assert end(dashboard, "document").find("Order") is not None

    def test_the_form_can_be_set_for_all_orders_and_makes_the_id_optional(self) -> None:
        with serve(CONFIG, Settings(order_seconds=0, external_tns_shape="later")) as later:
            base = f"{later.dashboard_url}/accounts/{CONFIG.account_id}"
            with Client(base, DASHBOARD_CREDENTIALS) as dashboard:
                body = import_body().replace("<CustomerOrderID>ICPA123ABC</CustomerOrderID>", "")
                root = dashboard.xml("POST", "/externalTns", body, 201)
                assert root.find("ExternalTnsOrder/CustomerOrderId") is None
                assert end(dashboard).findtext("CustomerOrderId") == "ICPA123ABC"


class TestFinding:
    def test_orders_are_found_by_their_customer_order_id(self, dashboard: Client) -> None:
        place(dashboard, "run-1")
        wanted = [place(dashboard, "run-2"), place(dashboard, "run-2")]

        root = dashboard.xml("GET", "/externalTns?customerOrderId=run-2", status=200)

        assert root.tag == "ExternalTnsOrders"
        assert tags(root) == ["TotalCount", "ExternalTnsOrder", "ExternalTnsOrder"]
        assert root.findtext("TotalCount") == "2"
        assert [each.text for each in root.iter("OrderId")] == wanted

    def test_an_empty_list_returns_404(self, dashboard: Client) -> None:
        dashboard.xml("GET", "/externalTns?customerOrderId=nothing", status=404)

    def test_the_list_omits_failed_numbers_as_published(self, dashboard: Client, control: Client) -> None:
        decide(control, fate="PARTIAL", failed_numbers=NUMBERS[:1])
        place(dashboard)
        root = dashboard.xml("GET", "/externalTns?status=partial")
        assert numbers(root, "ExternalTnsOrder/Order/") == NUMBERS[1:]
