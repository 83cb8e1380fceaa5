"""The simulated Dashboard: current hosted messaging, from the check of numbers to their removal or loss."""

from collections.abc import Callable, Sequence

import pytest
from lxml import etree

from simulator.server import RunningSimulator
from tests.simulator.support import (
    CONFIG,
    Client,
    Receiver,
    Setup,
    new_location,
    text_body,
    wait_until,
)

HOSTED = ["3032281000", "3032280004"]
SUBSCRIBER = (
    "<Subscriber><Name>ABC Inc.</Name><ServiceAddress><HouseNumber>11235</HouseNumber>"
    "<StreetName>Back</StreetName><City>Denver</City><StateCode>CO</StateCode><Zip>27541</Zip>"
    "<County>Canyon</County></ServiceAddress></Subscriber>"
)


def listed(numbers: Sequence[str]) -> str:
    inside = "".join(f"<TelephoneNumber>{each}</TelephoneNumber>" for each in numbers)
    return f"<TelephoneNumbers>{inside}</TelephoneNumbers>"


def import_order(
    location_id: str = "", numbers: Sequence[str] = HOSTED, loa_type: str = "", extra: str = ""
) -> str:
    peer = f"<SipPeerId>{location_id}</SipPeerId>" if location_id else ""
    loa = f"<LoaType>{loa_type}</LoaType>" if loa_type else ""
    return (
        f"<ImportTnOrder>{extra}<SiteId>701</SiteId>{peer}{SUBSCRIBER}"
        f"<LoaAuthorizingPerson>Test Person</LoaAuthorizingPerson>{loa}{listed(numbers)}</ImportTnOrder>"
    )


def removal(numbers: Sequence[str] = HOSTED, extra: str = "") -> str:
    return f"<RemoveImportedTnOrder>{extra}{listed(numbers)}</RemoveImportedTnOrder>"


def check_body(numbers: Sequence[str] = HOSTED, location_id: str = "") -> str:
    peer = f"<SipPeerId>{location_id}</SipPeerId>" if location_id else ""
    root = "ImportTnCheckerPayload"
    return f"<{root}>{listed(numbers)}<SiteId>701</SiteId>{peer}</{root}>"


@pytest.fixture
def location_id(dashboard: Client) -> str:
    return new_location(dashboard).rsplit("/", 1)[1]


@pytest.fixture
def imported(dashboard: Client, control: Client) -> Callable[..., str]:
    """Import numbers with LoaType CARRIER and return the id of the order."""

    def run(location_id: str = "", numbers: Sequence[str] = HOSTED, extra: str = "") -> str:
        body = import_order(location_id, numbers, "CARRIER", extra)
        created = dashboard.xml("POST", "/importTnOrders", body, 201)
        return created.findtext("ImportTnOrder/OrderId") or ""

    return run


def status(dashboard: Client, order_id: str, path: str = "importTnOrders") -> str | None:
    return dashboard.xml("GET", f"/{path}/{order_id}", status=200).findtext("ProcessingStatus")


def errors(root: etree._Element, path: str = "Errors/Error") -> list[tuple[str | None, list[str | None]]]:
    return [
        (each.findtext("Code"), [number.text for number in each.iter("TelephoneNumber")])
        for each in root.iterfind(path)
    ]


class TestChecking:
    def test_the_published_request_returns_the_published_response(
        self, dashboard: Client, control: Client, location_id: str
    ) -> None:
        control.put(f"/importable/+1{HOSTED[1]}", json={"code": 19006})
        root = dashboard.xml("POST", "/importTnChecker", check_body(location_id=location_id), 200)
        assert root.tag == "ImportTnCheckerResponse"

        path = "ImportTnCheckerPayload/TelephoneNumbers/TelephoneNumber"
        assert [each.text for each in root.iterfind(path)] == HOSTED[:1]

        found = errors(root, "ImportTnCheckerPayload/ImportTnErrors/ImportTnError")
        assert found == [("19006", HOSTED[1:])]

        control.delete(f"/importable/{HOSTED[1]}")
        again = dashboard.xml("POST", "/importTnChecker", check_body(location_id=location_id), 200)
        assert errors(again, ".//ImportTnError") == []

    def test_the_checker_changes_nothing(self, dashboard: Client, control: Client, location_id: str) -> None:
        dashboard.xml("POST", "/importTnChecker", check_body(), 200)
        shown = control.get("/account").json()
        assert (shown["imports"], shown["external_numbers"]) == ([], [])

    def test_the_checker_accepts_a_request_without_site_and_location(self, dashboard: Client) -> None:
        body = check_body().replace("<SiteId>701</SiteId>", "")
        root = dashboard.xml("POST", "/importTnChecker", body, 200)
        path = "ImportTnCheckerPayload/TelephoneNumbers/TelephoneNumber"
        assert [each.text for each in root.iterfind(path)] == HOSTED

    def test_a_location_requires_its_site(self, dashboard: Client, location_id: str) -> None:
        body = check_body(location_id=location_id).replace("<SiteId>701</SiteId>", "")
        root = dashboard.xml("POST", "/importTnChecker", body, 400)
        assert [each.findtext("Code") for each in root.iterfind("Errors")] == ["7309"]

    def test_numbers_of_bandwidth_cannot_be_hosted(
        self, dashboard: Client, set_up: Callable[..., Setup]
    ) -> None:
        own = [each.removeprefix("+1") for each in set_up().numbers]
        root = dashboard.xml("POST", "/importTnChecker", check_body([*own, *HOSTED]), 200)
        assert errors(root, ".//ImportTnError") == [("19006", own)]

    def test_all_errors_are_returned_at_once(self, dashboard: Client, location_id: str) -> None:
        body = check_body(["303228100"]).replace(">701<", ">702<")
        root = dashboard.xml("POST", "/importTnChecker", body, 400)
        assert root.tag == "ImportTnCheckerResponse"
        assert [each.findtext("Code") for each in root.iterfind("Errors")] == ["7201", "7309"]

    def test_an_unpublished_code_is_rejected(self, control: Client) -> None:
        response = control.put(f"/importable/{HOSTED[0]}", json={"code": 19011})
        assert response.status_code == 422


class TestImporting:
    def test_the_published_request_returns_the_published_response(
        self, dashboard: Client, location_id: str
    ) -> None:
        extra = "<CustomerOrderId>batch-1</CustomerOrderId>"
        response = dashboard.post("/importTnOrders", data=import_order(location_id, extra=extra))
        assert response.status_code == 201

        root = etree.fromstring(response.content)
        order = root.find("ImportTnOrder")
        assert order is not None

        order_id = order.findtext("OrderId")

        assert response.headers["Location"] == f"{dashboard.base}/importTnOrders/{order_id}"
        assert root.tag == "ImportTnOrderResponse"
        assert [each.tag for each in order] == [
            "CustomerOrderId",
            "OrderCreateDate",
            "AccountId",
            "CreatedByUser",
            "OrderId",
            "LastModifiedDate",
            "SiteId",
            "SipPeerId",
            "Subscriber",
            "LoaAuthorizingPerson",
            "LoaType",
            "TelephoneNumbers",
            "ProcessingStatus",
            "Errors",
        ]
        assert order.findtext("Subscriber/ServiceAddress/City") == "Denver"
        assert (order.findtext("LoaType"), order.findtext("ProcessingStatus")) == ("SUBSCRIBER", "PROCESSING")

    def test_a_subscriber_order_waits_for_a_letter(
        self, dashboard: Client, control: Client, location_id: str
    ) -> None:
        created = dashboard.xml("POST", "/importTnOrders", import_order(location_id), 201)
        order_id = created.findtext("ImportTnOrder/OrderId") or ""
        path = f"/importTnOrders/{order_id}/loas"
        assert status(dashboard, order_id) == "PROCESSING"

        before = dashboard.xml("GET", path, status=200)
        assert (before.tag, before.findtext("fileCount")) == ("fileListResponse", "0")

        letter = dashboard.post(path, data=b"%PDF-1.7 ...", headers={"Content-Type": "application/pdf"})
        assert letter.status_code == 201

        uploaded = etree.fromstring(letter.content)
        assert (uploaded.tag, uploaded.findtext("resultCode")) == ("fileUploadResponse", "0")

        after = dashboard.xml("GET", path, status=200)
        assert after.findtext("fileCount") == "1"
        assert after.findtext("fileNames") == uploaded.findtext("filename")
        assert status(dashboard, order_id) == "COMPLETE"

        [shown] = control.get("/account").json()["imports"]
        assert (shown["status"], shown["letters"]) == ("COMPLETE", 1)

    def test_a_subscriber_order_does_not_wait_if_letters_are_disabled(
        self, dashboard: Client, control: Client, location_id: str
    ) -> None:
        control.put("/letters", json={"needs_letter": False})
        created = dashboard.xml("POST", "/importTnOrders", import_order(location_id), 201)
        assert status(dashboard, created.findtext("ImportTnOrder/OrderId") or "") == "COMPLETE"

    @pytest.mark.parametrize(
        ("content", "content_type"), [(b"", "application/pdf"), (b"PK", "application/zip"), (b"x", "")]
    )
    def test_an_invalid_letter_is_rejected(
        self,
        dashboard: Client,
        imported: Callable[..., str],
        location_id: str,
        content: bytes,
        content_type: str,
    ) -> None:
        path = f"/importTnOrders/{imported(location_id)}/loas"

        response = dashboard.post(path, data=content, headers={"Content-Type": content_type})

        assert response.status_code == 400
        assert etree.fromstring(response.content).findtext("resultCode") == "1"
        assert dashboard.xml("GET", path).findtext("fileCount") == "0"

    def test_numbers_that_cannot_be_imported_fail(
        self, dashboard: Client, control: Client, imported: Callable[..., str], location_id: str
    ) -> None:
        control.put(f"/importable/{HOSTED[0]}", json={"code": 19005})
        root = dashboard.xml("GET", f"/importTnOrders/{imported(location_id)}", status=200)
        assert (root.tag, root.findtext("ProcessingStatus")) == ("ImportTnOrder", "PARTIAL")
        assert errors(root) == [("19005", HOSTED[:1])]

        hosted = control.get("/account").json()["external_numbers"]
        assert [each["number"] for each in hosted] == [f"+1{HOSTED[1]}"]

    def test_the_outcome_of_an_order_can_be_set(
        self, dashboard: Client, control: Client, imported: Callable[..., str], location_id: str
    ) -> None:
        control.put("/orders/batch-1", json={"fate": "FAILED"})
        order_id = imported(location_id, extra="<CustomerOrderId>batch-1</CustomerOrderId>")
        root = dashboard.xml("GET", f"/importTnOrders/{order_id}")
        assert (root.findtext("ProcessingStatus"), errors(root)) == ("FAILED", [("19010", [])])

    def test_orders_are_found_by_their_customer_order_id(
        self, dashboard: Client, imported: Callable[..., str], location_id: str
    ) -> None:
        imported(location_id, HOSTED[:1], "<CustomerOrderId>batch-1</CustomerOrderId>")
        wanted = imported(location_id, HOSTED[1:], "<CustomerOrderId>batch-2</CustomerOrderId>")
        root = dashboard.xml("GET", "/importTnOrders?customerOrderId=batch-2", status=200)
        assert (root.tag, root.findtext("TotalCount")) == ("ImportTnOrders", "1")

        [found] = root.findall("ImportTnOrderSummary")

        assert (found.findtext("OrderId"), found.findtext("CustomerOrderId")) == (wanted, "batch-2")
        assert (found.findtext("OrderStatus"), found.findtext("OrderType")) == (
            "COMPLETE",
            "import_tn_orders",
        )

    @pytest.mark.parametrize(
        ("old", "new", "codes"),
        [
            ("<SiteId>701</SiteId>", "", ["7309"]),
            ("<SipPeerId>", "<SipPeerId>9", ["7312"]),
            (SUBSCRIBER, "", ["7104"]),
            ("<Name>ABC Inc.</Name>", "", ["7105"]),
            ("ABC Inc.", "x" * 46, ["25131"]),
            ("<City>Denver</City><StateCode>CO</StateCode>", "", ["7110", "7111"]),
            ("ServiceAddress", "Address", ["7107"]),
            ("<LoaAuthorizingPerson>Test Person</LoaAuthorizingPerson>", "", ["7115"]),
            ("<SiteId>", "<LoaType>NOBODY</LoaType><SiteId>", ["25110"]),
            ("<SiteId>", "<CustomerOrderId>under_score</CustomerOrderId><SiteId>", ["5052"]),
            (listed(HOSTED), "<TelephoneNumbers/>", ["7316"]),
            (HOSTED[0], HOSTED[1], ["7360"]),
        ],
    )
    def test_errors_of_a_request_are_repeated_errors_elements(
        self, dashboard: Client, location_id: str, old: str, new: str, codes: list[str]
    ) -> None:
        body = import_order(location_id).replace(old, new)
        root = dashboard.xml("POST", "/importTnOrders", body, 400)
        assert root.tag == "ImportTnOrderResponse"
        assert [each.findtext("Code") for each in root.iterfind("Errors")] == codes

    def test_an_order_without_a_location_requires_a_default(self, dashboard: Client) -> None:
        root = dashboard.xml("POST", "/importTnOrders", import_order(), 400)
        assert [each.findtext("Code") for each in root.iterfind("Errors")] == ["7310"]

    @pytest.mark.parametrize("path", ["importTnOrders/x", "importTnOrders/x/loas"])
    def test_an_unknown_order_returns_404(self, dashboard: Client, path: str) -> None:
        dashboard.xml("GET", f"/{path}", status=404)

    def test_an_unknown_removal_returns_400_without_a_code(self, dashboard: Client) -> None:
        root = dashboard.xml("GET", "/removeImportedTnOrders/x", status=400)
        assert root.tag == "RemoveImportedTnOrdersReportResponse"
        assert [each.tag for each in root.iter()][1:] == ["ResponseStatus", "Description"]
        assert root.findtext("ResponseStatus/Description") == "The resource does not exist"


class TestSendingFromHostedNumbers:
    def test_imported_numbers_send_and_receive_through_v2_at_their_location(
        self,
        dashboard: Client,
        current: Client,
        receiver: Receiver,
        control: Client,
        imported: Callable[..., str],
        set_up: Callable[..., Setup],
    ) -> None:
        setup = set_up()
        imported(setup.location_id)
        number = f"+1{HOSTED[0]}"
        found = dashboard.xml("GET", f"{setup.location_path}/tns")

        assert {HOSTED[0], HOSTED[1]} <= {each.text for each in found.iter("FullNumber")}

        message = text_body(setup.application_id, number)

        assert current.post("/messages", json=message).status_code == 202

        control.post("/inbound", json={"from": "+19195550142", "to": number, "text": "ho"})
        wait_until(lambda: len(receiver.events()) == 3)
        types = {each["type"] for each in receiver.events()}
        assert types == {"message-sent", "message-delivered", "message-received"}

    def test_removed_numbers_do_not_send_or_receive(
        self,
        dashboard: Client,
        control: Client,
        imported: Callable[..., str],
        set_up: Callable[..., Setup],
    ) -> None:
        setup = set_up()
        imported(setup.location_id)
        created = dashboard.xml("POST", "/removeImportedTnOrders", removal(), 201)

        assert created.tag == "RemoveImportedTnOrdersResponse"
        assert created.findtext("RemoveImportedTnOrder/ProcessingStatus") == "PROCESSING"

        order_id = created.findtext("RemoveImportedTnOrder/OrderId") or ""
        assert status(dashboard, order_id, "removeImportedTnOrders") == "COMPLETE"
        assert control.get("/account").json()["external_numbers"] == []

        inbound = {"from": "+19195550142", "to": f"+1{HOSTED[0]}", "text": "ho"}
        assert control.post("/inbound", json=inbound).status_code == 404


class TestRemoving:
    def test_a_number_that_was_not_imported_returns_5158(
        self, dashboard: Client, imported: Callable[..., str], location_id: str
    ) -> None:
        imported(location_id, HOSTED[:1])
        created = dashboard.xml("POST", "/removeImportedTnOrders", removal(), 201)
        order_id = created.findtext("RemoveImportedTnOrder/OrderId")

        root = dashboard.xml("GET", f"/removeImportedTnOrders/{order_id}", status=200)

        assert (root.tag, root.findtext("ProcessingStatus")) == ("RemoveImportedTnOrder", "PARTIAL")
        assert errors(root) == [("5158", HOSTED[1:])]

    def test_removals_are_found_by_their_customer_order_id(
        self, dashboard: Client, imported: Callable[..., str], location_id: str
    ) -> None:
        imported(location_id)
        body = removal(extra="<CustomerOrderId>undo-1</CustomerOrderId>")
        created = dashboard.xml("POST", "/removeImportedTnOrders", body, 201)

        root = dashboard.xml("GET", "/removeImportedTnOrders?customerOrderId=undo-1", status=200)

        [found] = root.findall("RemoveImportedTnOrderSummary")
        assert found.findtext("OrderId") == created.findtext("RemoveImportedTnOrder/OrderId")
        assert found.findtext("OrderStatus") == "COMPLETE"

    def test_an_empty_removal_is_rejected(self, dashboard: Client) -> None:
        root = dashboard.xml("POST", "/removeImportedTnOrders", removal([]), 400)
        assert [each.findtext("Code") for each in root.iterfind("Errors")] == ["5073"]


class TestLostNumbers:
    @pytest.mark.parametrize("topic", ["importtnorders", "removeImportedTnOrders"])
    def test_subscribers_are_notified_of_orders(
        self,
        dashboard: Client,
        receiver: Receiver,
        imported: Callable[..., str],
        location_id: str,
        topic: str,
    ) -> None:
        body = (
            f"<Subscription><OrderType>{topic}</OrderType><CallbackSubscription><URL>{receiver.url}</URL>"
            "<Expiry>60</Expiry></CallbackSubscription></Subscription>"
        )

        assert dashboard.post("/subscriptions", data=body).status_code == 201

        imported(location_id)
        dashboard.xml("POST", "/removeImportedTnOrders", removal(), 201)
        expected = ["COMPLETE"] if topic == "importtnorders" else ["COMPLETE", "PROCESSING"]
        wait_until(lambda: len(receiver.received) == len(expected))
        notifications = [etree.fromstring(each.body) for each in receiver.received]

        assert sorted(each.findtext("Status") or "" for each in notifications) == expected
        assert {each.findtext("OrderType") for each in notifications} == {topic}

    def test_a_number_that_vanishes_is_reported_and_a_removed_number_is_not(
        self,
        dashboard: Client,
        receiver: Receiver,
        control: Client,
        imported: Callable[..., str],
        location_id: str,
    ) -> None:
        body = (
            "<Subscription><EventType>MESSAGING_LOST</EventType><CallbackSubscription>"
            f"<URL>{receiver.url}</URL><Expiry>60</Expiry></CallbackSubscription></Subscription>"
        )

        assert dashboard.post("/subscriptions", data=body).status_code == 201

        imported(location_id)
        dashboard.xml("POST", "/removeImportedTnOrders", removal(HOSTED[1:]), 201)
        control.delete(f"/numbers/+1{HOSTED[0]}")
        wait_until(lambda: receiver.received)
        [notification] = [etree.fromstring(each.body) for each in receiver.received]

        assert notification.findtext("EventType") == "MESSAGING_LOST"
        assert notification.find("OrderType") is None
        assert [
            each.text for each in notification.iterfind("ImpactedTelephoneNumbers/TelephoneNumber")
        ] == HOSTED[:1]


class TestVersions:
    def test_v2_has_separate_paths_and_e164_numbers(
        self, bandwidth: RunningSimulator, dashboard: Client, location_id: str
    ) -> None:
        base = f"{bandwidth.url}/api/v2/accounts/{CONFIG.account_id}"
        numbers = [f"+1{each}" for each in HOSTED]
        with Client(base, dashboard.credentials) as client:
            assert client.get("/importTnOrders").status_code == 404
            body = import_order(location_id, numbers, "CARRIER")
            created = client.xml("POST", "/importTnOrders/messaging", body, 201)
            order_id = created.findtext("ImportTnOrder/OrderId")
            order = client.xml("GET", f"/importTnOrders/messaging/{order_id}", status=200)
            assert [each.text for each in order.iter("TelephoneNumber")] == numbers
            files = client.xml("GET", f"/importTnOrders/messaging/{order_id}/loas", status=200)
            assert files.findtext("fileCount") == "0"
            checked = client.xml("POST", "/importTnChecker", check_body(numbers), 200)
            assert [each.text for each in checked.iter("TelephoneNumber")] == numbers
            client.xml("POST", "/removeImportedTnOrders/messaging", removal(numbers), 201)
            rejected = client.xml("POST", "/removeImportedTnOrders/messaging", removal(), 400)
            assert [each.findtext("Code") for each in rejected.iterfind("Errors")] == ["1022"]
