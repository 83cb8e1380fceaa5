"""The simulated Dashboard: every order type, limited supply, and closing a backorder."""

import re
from collections.abc import Mapping

import pytest
from lxml import etree

from simulator.account.number_supply import AREA_CODES, STATES, TOLL_FREE
from simulator.account.order_types import ORDER_TYPES
from simulator.server import RunningSimulator
from tests.simulator.support import Client, new_location

EXISTING = "ExistingTelephoneNumberOrderType"
# One of each with numbers that fit; the criteria in the order of the specification.
SEARCHES: Mapping[str, tuple[Mapping[str, str], str]] = {
    "AreaCodeSearchAndOrderType": ({"AreaCode": "910"}, r"910"),
    "RateCenterSearchAndOrderType": (
        {"RateCenter": "RALEIGH", "State": "NC", "EnableLCA": "false"},
        "|".join(STATES["NC"]),
    ),
    "NPANXXSearchAndOrderType": ({"NpaNxx": "919439", "EnableTNDetail": "true"}, "919439"),
    "CitySearchAndOrderType": ({"City": "Raleigh", "State": "nc"}, "|".join(STATES["NC"])),
    "StateSearchAndOrderType": ({"State": "RI"}, "401"),
    "ZIPSearchAndOrderType": ({"Zip": "27606"}, "|".join(AREA_CODES)),
    "LATASearchAndOrderType": ({"Lata": "426"}, "|".join(AREA_CODES)),
    "TollFreeVanitySearchAndOrderType": ({"TollFreeVanity": "newcars"}, f"({'|'.join(TOLL_FREE)})6392277"),
    "TollFreeWildCharSearchAndOrderType": ({"TollFreeWildCardPattern": "84*"}, "844"),
    "CombinedSearchAndOrderType": (
        {"AreaCode": "919", "LocalVanity": "TAXI", "EndsIn": "true", "EnableLCA": "false"},
        r"919...8294",
    ),
}


@pytest.fixture
def location_id(dashboard: Client) -> str:
    return new_location(dashboard).rsplit("/", 1)[1]


def body_of(
    order_type: str, criteria: Mapping[str, str], location_id: str, quantity: int | None = 2, **extra: str
) -> str:
    """Return an order. `extra` has additional child elements."""
    children_by_name = dict(criteria) | ({} if quantity is None else {"Quantity": str(quantity)})
    children = "".join(f"<{name}>{value}</{name}>" for name, value in children_by_name.items())
    more = "".join(f"<{name}>{value}</{name}>" for name, value in extra.items())
    return (
        f"<Order>{more}<{order_type}>{children}</{order_type}>"
        f"<SiteId>701</SiteId><PeerId>{location_id}</PeerId></Order>"
    )


def existing_body(numbers: list[str], location_id: str, **extra: str) -> str:
    listed = "".join(f"<TelephoneNumber>{each}</TelephoneNumber>" for each in numbers)
    reserved = "<ReservationIdList><ReservationId>r-1</ReservationId></ReservationIdList>"
    criteria = {"TelephoneNumberList": listed} if numbers else {}
    body = body_of(EXISTING, criteria, location_id, None, **extra)
    return body.replace(f"</{EXISTING}>", f"{reserved}</{EXISTING}>")


def place(dashboard: Client, body: str) -> str:
    """Place an order and return its id."""
    return dashboard.xml("POST", "/orders", body, 201).findtext("Order/id") or ""


def read_order(dashboard: Client, order_id: str) -> etree._Element:
    return dashboard.xml("GET", f"/orders/{order_id}", status=200)


def numbers(root: etree._Element) -> list[str]:
    return [each.text or "" for each in root.iterfind("CompletedNumbers/TelephoneNumber/FullNumber")]


def errors(root: etree._Element) -> list[tuple[str | None, str | None]]:
    return [
        (each.findtext("Code"), each.findtext("TelephoneNumber")) for each in root.iterfind("ErrorList/Error")
    ]


class TestTypes:
    def test_every_order_type_is_tested(self) -> None:
        assert {*SEARCHES, EXISTING} == set(ORDER_TYPES)

    @pytest.mark.parametrize("order_type", SEARCHES)
    def test_a_search_returns_matching_numbers_and_the_search(
        self, dashboard: Client, location_id: str, order_type: str
    ) -> None:
        criteria, fitting = SEARCHES[order_type]
        created = dashboard.xml("POST", "/orders", body_of(order_type, criteria, location_id), 201)

        root = read_order(dashboard, created.findtext("Order/id") or "")

        for each in (created, root):
            echoed = each.find(f"Order/{order_type}")
            assert echoed is not None
            assert [(child.tag, child.text) for child in echoed] == [*criteria.items(), ("Quantity", "2")]
        found = numbers(root)
        assert root.findtext("OrderStatus") == "COMPLETE"
        assert len(set(found)) == 2
        assert all(re.fullmatch(rf"({fitting})\d*", each) and len(each) == 10 for each in found)
        assert root.findtext("Summary") == f"2 numbers ordered in ({found[0][:3]})"

    def test_requested_numbers_are_ordered_unchanged(self, dashboard: Client, location_id: str) -> None:
        wanted = ["9195550103", "8005550101"]
        created = dashboard.xml("POST", "/orders", existing_body(wanted, location_id), 201)
        echoed = created.find(f"Order/{EXISTING}")

        assert echoed is not None
        assert [each.tag for each in echoed] == ["TelephoneNumberList", "ReservationIdList"]
        assert [each.text for each in echoed.iter("TelephoneNumber")] == wanted

        root = read_order(dashboard, created.findtext("Order/id") or "")
        assert (root.findtext("OrderStatus"), numbers(root)) == ("COMPLETE", wanted)

    @pytest.mark.parametrize(
        ("order_type", "criteria", "code"),
        [
            ("TollFreeVanitySearchAndOrderType", {}, "5199"),
            ("TollFreeVanitySearchAndOrderType", {"TollFreeVanity": "new cars"}, "5002"),
            ("TollFreeWildCharSearchAndOrderType", {"TollFreeWildCardPattern": "9**"}, "5002"),
            ("TollFreeWildCharSearchAndOrderType", {"TollFreeWildCardPattern": "81*"}, "5002"),
            ("TollFreeWildCharSearchAndOrderType", {}, "5224"),
            ("RateCenterSearchAndOrderType", {"RateCenter": "RALEIGH"}, "5224"),
            ("CitySearchAndOrderType", {"City": "", "State": "NC"}, "5224"),
            ("StateSearchAndOrderType", {"State": "ZZ"}, "5002"),
            ("StateSearchAndOrderType", {"State": "NC", "City": "RALEIGH"}, "5002"),
            ("NPANXXSearchAndOrderType", {"NpaNxx": "919039"}, "5002"),
            ("NPANXXSearchAndOrderType", {"NpaNxx": "919439", "EnableLCA": "maybe"}, "5002"),
            ("ZIPSearchAndOrderType", {"Zip": "2760"}, "5002"),
            ("LATASearchAndOrderType", {"Lata": "four"}, "5002"),
            ("CombinedSearchAndOrderType", {}, "5002"),
            ("CombinedSearchAndOrderType", {"EnableLCA": "true"}, "5002"),
            ("CombinedSearchAndOrderType", {"City": "RALEIGH"}, "5002"),
            ("CombinedSearchAndOrderType", {"AreaCode": "919", "EndsIn": "true"}, "5002"),
            ("CombinedSearchAndOrderType", {"AreaCode": "919", "LocalVanity": "AB"}, "5002"),
        ],
    )
    def test_an_invalid_search_returns_its_error_code(
        self, dashboard: Client, location_id: str, order_type: str, criteria: dict[str, str], code: str
    ) -> None:
        root = dashboard.xml("POST", "/orders", body_of(order_type, criteria, location_id), 400)
        assert errors(root) == [(code, None)]

    @pytest.mark.parametrize("order_type", SEARCHES)
    def test_a_quantity_is_required(self, dashboard: Client, location_id: str, order_type: str) -> None:
        criteria, _ = SEARCHES[order_type]
        body = body_of(order_type, criteria, location_id, None)
        assert errors(dashboard.xml("POST", "/orders", body, 400))[0][0] in ("5198", "5199", "5215")

    @pytest.mark.parametrize(
        ("wanted", "code"),
        [
            ([], "5212"),
            (["919555010"], "5213"),
            (["9190550100"], "5213"),
            (["9195550100", "9195550100"], "5093"),
            ([f"919{each:07}" for each in range(5_550_000, 5_555_001)], "5095"),
        ],
    )
    def test_invalid_requested_numbers_return_their_error_code(
        self, dashboard: Client, location_id: str, wanted: list[str], code: str
    ) -> None:
        assert errors(dashboard.xml("POST", "/orders", existing_body(wanted, location_id), 400)) == [
            (code, None)
        ]

    def test_two_order_types_at_once_are_rejected(self, dashboard: Client, location_id: str) -> None:
        body = body_of("StateSearchAndOrderType", {"State": "NC"}, location_id).replace(
            "<SiteId>", "<ZIPSearchAndOrderType><Zip>27606</Zip></ZIPSearchAndOrderType><SiteId>"
        )
        assert errors(dashboard.xml("POST", "/orders", body, 400)) == [("5087", None)]

    @pytest.mark.parametrize("order_type", SEARCHES)
    def test_the_outcome_can_be_set_for_every_type(
        self, dashboard: Client, control: Client, location_id: str, order_type: str
    ) -> None:
        control.put("/orders/run-1", json={"fate": "PARTIAL", "completed": 1})
        criteria, _ = SEARCHES[order_type]
        body = body_of(order_type, criteria, location_id, CustomerOrderId="run-1")

        root = read_order(dashboard, place(dashboard, body))

        assert (root.findtext("OrderStatus"), len(numbers(root))) == ("PARTIAL", 1)
        assert errors(root)[0][0] == "5005"

    def test_a_partial_outcome_takes_the_first_requested_numbers(
        self, dashboard: Client, control: Client, location_id: str
    ) -> None:
        control.put("/orders/run-1", json={"fate": "PARTIAL", "completed": 1})
        wanted = ["9195550110", "9195550111", "9195550112"]
        body = existing_body(wanted, location_id, CustomerOrderId="run-1")

        root = read_order(dashboard, place(dashboard, body))

        assert numbers(root) == wanted[:1]
        assert errors(root) == [("5005", each) for each in wanted[1:]]


class TestShortSupply:
    @pytest.mark.parametrize(
        ("partial", "backorder", "status", "taken"),
        [
            ("true", "true", "BACKORDERED", 3),
            ("false", "true", "BACKORDERED", 0),
            ("true", "false", "PARTIAL", 3),
            ("false", "false", "FAILED", 0),
        ],
    )
    def test_partial_and_backorder_follow_the_documented_table(
        self,
        dashboard: Client,
        control: Client,
        location_id: str,
        partial: str,
        backorder: str,
        status: str,
        taken: int,
    ) -> None:
        control.put("/supply/910", json={"available": 3})
        options = {"PartialAllowed": partial, "BackOrderRequested": backorder}
        body = body_of("AreaCodeSearchAndOrderType", {"AreaCode": "910"}, location_id, 5, **options)
        order_id = place(dashboard, body)

        root = read_order(dashboard, order_id)

        assert (root.findtext("OrderStatus"), root.findtext("CompletedQuantity")) == (status, str(taken))
        assert len(control.get("/account").json()["numbers"]) == taken
        assert control.get("/supply").json() == {"910": 3 - taken}
        assert errors(root) == ([] if status == "BACKORDERED" else [("5017", None)])
        assert root.findtext("FailedQuantity") == ("0" if status == "BACKORDERED" else str(5 - taken))

    def test_an_order_without_available_numbers_fails(
        self, dashboard: Client, control: Client, location_id: str
    ) -> None:
        control.put("/supply/NC", json={"available": 0})
        body = body_of("CitySearchAndOrderType", {"City": "Raleigh", "State": "nc"}, location_id)
        root = read_order(dashboard, place(dashboard, body))
        assert (root.findtext("OrderStatus"), errors(root)) == ("FAILED", [("5018", None)])

    @pytest.mark.parametrize("partial", ["true", "false"])
    def test_a_backorder_completes_when_numbers_become_available(
        self, dashboard: Client, control: Client, location_id: str, partial: str
    ) -> None:
        control.put("/supply/RI", json={"available": 1})
        options = {"PartialAllowed": partial, "BackOrderRequested": "true"}
        order_id = place(
            dashboard, body_of("StateSearchAndOrderType", {"State": "RI"}, location_id, 2, **options)
        )

        assert read_order(dashboard, order_id).findtext("OrderStatus") == "BACKORDERED"

        control.delete("/supply/RI")
        root = read_order(dashboard, order_id)
        assert (root.findtext("OrderStatus"), len(set(numbers(root)))) == ("COMPLETE", 2)
        assert len(control.get("/account").json()["numbers"]) == 2

    def test_a_vanity_has_few_numbers(self, dashboard: Client, location_id: str) -> None:
        body = body_of("TollFreeVanitySearchAndOrderType", {"TollFreeVanity": "flowers"}, location_id, 50)
        root = read_order(dashboard, place(dashboard, body))
        assert root.findtext("OrderStatus") == "PARTIAL"
        assert sorted(numbers(root)) == sorted(f"{each}3569377" for each in TOLL_FREE)

    def test_requested_numbers_can_be_unavailable(
        self, dashboard: Client, control: Client, location_id: str
    ) -> None:
        control.put("/supply/9195550121", json={"available": 0})
        place(dashboard, existing_body(["9195550122"], location_id))

        root = read_order(
            dashboard,
            place(dashboard, existing_body(["9195550120", "9195550121", "9195550122"], location_id)),
        )

        assert (root.findtext("OrderStatus"), numbers(root)) == ("PARTIAL", ["9195550120"])
        assert errors(root) == [("5005", "9195550121"), ("5005", "9195550122")]
        assert [each.text for each in root.iterfind("FailedNumbers/FullNumber")] == [
            "9195550121",
            "9195550122",
        ]

    def test_requested_numbers_can_be_all_or_none(
        self, dashboard: Client, control: Client, location_id: str
    ) -> None:
        control.put("/supply/9195550131", json={"available": 0})
        body = existing_body(["9195550130", "9195550131"], location_id, PartialAllowed="false")

        root = read_order(dashboard, place(dashboard, body))

        assert (root.findtext("OrderStatus"), errors(root)) == ("FAILED", [("5005", "9195550131")])
        assert control.get("/account").json()["numbers"] == []

    @pytest.mark.parametrize(
        "body",
        [
            existing_body(["9195550140"], "{}", BackOrderRequested="true"),
            body_of("NPANXXSearchAndOrderType", {"NpaNxx": "919439"}, "{}", BackOrderRequested="true"),
            body_of(
                "TollFreeVanitySearchAndOrderType",
                {"TollFreeVanity": "NEWCARS"},
                "{}",
                BackOrderRequested="true",
            ),
            body_of(
                "CombinedSearchAndOrderType",
                {"State": "NC", "LocalVanity": "TAXI"},
                "{}",
                BackOrderRequested="true",
            ),
        ],
    )
    def test_exact_searches_cannot_be_backordered(
        self, dashboard: Client, location_id: str, body: str
    ) -> None:
        root = dashboard.xml("POST", "/orders", body.replace("{}", location_id), 400)
        assert errors(root) == [("5522", None)]


class TestClosing:
    CLOSE = "<Order><CloseOrder>true</CloseOrder></Order>"

    @pytest.mark.parametrize(("available", "status", "code"), [(1, "PARTIAL", "5017"), (0, "FAILED", "5018")])
    def test_a_closed_backorder_keeps_its_numbers(
        self, dashboard: Client, control: Client, location_id: str, available: int, status: str, code: str
    ) -> None:
        control.put("/supply/401", json={"available": available})
        criteria = {"State": "RI"}
        body = body_of("StateSearchAndOrderType", criteria, location_id, BackOrderRequested="true")
        order_id = place(dashboard, body)
        closed = dashboard.xml("PUT", f"/orders/{order_id}", self.CLOSE, 200)
        control.delete("/supply/401")

        root = read_order(dashboard, order_id)

        assert etree.tostring(closed) == etree.tostring(root)
        assert (root.findtext("OrderStatus"), errors(root)) == (status, [(code, None)])
        assert len(numbers(root)) == available

    def test_a_backorder_outcome_can_have_completed_numbers(
        self, dashboard: Client, control: Client, location_id: str
    ) -> None:
        control.put("/orders/run-1", json={"fate": "BACKORDERED", "completed": 1})
        body = body_of("StateSearchAndOrderType", {"State": "RI"}, location_id, CustomerOrderId="run-1")
        order_id = place(dashboard, body)
        assert read_order(dashboard, order_id).findtext("CompletedQuantity") == "1"

        root = dashboard.xml("PUT", f"/orders/{order_id}", self.CLOSE, 200)
        assert root.findtext("OrderStatus") == "PARTIAL"

    def test_only_a_backorder_can_be_closed(self, dashboard: Client, location_id: str) -> None:
        order_id = place(dashboard, body_of("StateSearchAndOrderType", {"State": "RI"}, location_id))
        root = dashboard.xml("PUT", f"/orders/{order_id}", self.CLOSE, 400)
        assert errors(root) == [("5060", None)]

    def test_an_update_can_only_close_an_order(
        self, dashboard: Client, control: Client, location_id: str
    ) -> None:
        control.put("/orders/run-1", json={"fate": "BACKORDERED"})
        body = body_of("StateSearchAndOrderType", {"State": "RI"}, location_id, CustomerOrderId="run-1")
        order_id = place(dashboard, body)
        root = dashboard.xml("PUT", f"/orders/{order_id}", "<Order><Name>New</Name></Order>", 400)

        assert errors(root) == [("5002", None)]

        dashboard.xml("PUT", "/orders/a18a8979-ebed-42f0-ae5f-3cfa7941d4c2", self.CLOSE, 404)


class TestImpossibleOrders:
    @pytest.mark.parametrize("partial_allowed", ["true", "false"])
    def test_an_order_that_no_number_matches_fails_alone(
        self, dashboard: Client, location_id: str, partial_allowed: str
    ) -> None:
        contradiction = {"NpaNxxX": "9194391", "LocalVanity": "TAXI", "EndsIn": "true"}
        order_type = "CombinedSearchAndOrderType"
        body = body_of(order_type, contradiction, location_id, PartialAllowed=partial_allowed)

        root = read_order(dashboard, place(dashboard, body))

        assert root.findtext("OrderStatus") == "FAILED"
        assert errors(root) == [("5018", None)]
        body = body_of("StateSearchAndOrderType", {"State": "RI"}, location_id)
        assert read_order(dashboard, place(dashboard, body)).findtext("OrderStatus") == "COMPLETE"

    def test_an_internal_error_fails_one_order_and_no_later_request(
        self,
        bandwidth: RunningSimulator,
        dashboard: Client,
        location_id: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def fail(*_: object) -> list[str]:
            raise IndexError

        body = body_of("StateSearchAndOrderType", {"State": "RI"}, location_id)

        with monkeypatch.context() as broken:
            broken.setattr(bandwidth.simulator.supply, "take", fail)
            failed = read_order(dashboard, place(dashboard, body))

        assert failed.findtext("OrderStatus") == "FAILED"
        assert read_order(dashboard, place(dashboard, body)).findtext("OrderStatus") == "COMPLETE"
