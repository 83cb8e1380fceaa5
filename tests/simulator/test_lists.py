"""The simulated Dashboard: sites, numbers in service, single numbers, and numbers added without an order."""

from collections.abc import Callable

import pytest
from lxml import etree

from simulator.server import RunningSimulator
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


@pytest.fixture
def tns(bandwidth: RunningSimulator, dashboard: Client) -> Client:
    """A client of the account API's base path: paths start with /tns."""
    return Client(bandwidth.dashboard_url, dashboard.credentials)


def texts(root: etree._Element, path: str) -> list[str]:
    return [each.text or "" for each in root.iterfind(path)]


def appear(control: Client, number: str, location_id: str, **options: object) -> None:
    response = control.post("/numbers", json={"number": number, "location_id": location_id, **options})
    assert response.status_code == 201, response.text


class TestSites:
    def test_the_one_site_is_listed(self, dashboard: Client) -> None:
        root = dashboard.xml("GET", "/sites", status=200)
        assert (root.tag, texts(root, "Sites/Site/Id")) == ("SitesResponse", ["701"])

        site = dashboard.xml("GET", "/sites/701", status=200)
        assert (site.tag, site.findtext("Site/Id")) == ("SiteResponse", "701")
        assert site.findtext("Site/Name") == root.findtext("Sites/Site/Name")

    def test_an_unknown_site_returns_404(self, dashboard: Client) -> None:
        root = dashboard.xml("GET", "/sites/702", status=404)
        assert (root.tag, root.findtext("ResponseStatus/ErrorCode")) == ("SiteResponse", "12016")


class TestLists:
    def test_numbers_in_service_are_listed_page_by_page(self, dashboard: Client) -> None:
        location_id = new_location(dashboard).rsplit("/", 1)[1]
        dashboard.xml("POST", "/orders", order_body(location_id, quantity=5), 201)
        root = dashboard.xml("GET", "/inserviceNumbers", status=200)
        assert [each.tag for each in root] == ["TotalCount", "Links", "TelephoneNumbers"]

        everything = texts(root, "TelephoneNumbers/TelephoneNumber")
        assert (root.findtext("TotalCount"), root.findtext("TelephoneNumbers/Count")) == ("5", "5")
        assert everything == sorted(everything)

        pages = [dashboard.xml("GET", f"/inserviceNumbers?page={page}&size=2") for page in (1, 2, 3, 4)]

        assert [texts(each, "TelephoneNumbers/TelephoneNumber") for each in pages] == [
            everything[:2],
            everything[2:4],
            everything[4:],
            [],
        ]

    def test_the_next_page_is_linked(self, dashboard: Client) -> None:
        location_id = new_location(dashboard).rsplit("/", 1)[1]
        dashboard.xml("POST", "/orders", order_body(location_id, quantity=3), 201)
        root = dashboard.xml("GET", "/inserviceNumbers?size=2")
        link = root.findtext("Links/next") or ""

        assert link.startswith(f"Link=<{dashboard.base}/inserviceNumbers?")
        assert link.endswith('rel="next";')

        following = dashboard.xml("GET", link[len(f"Link=<{dashboard.base}") : link.index(">")])
        found = texts(following, "TelephoneNumbers/TelephoneNumber")

        assert len(found) == 1
        assert found[0] not in texts(root, "TelephoneNumbers/TelephoneNumber")
        assert following.find("Links/next") is None

    @pytest.mark.parametrize("query", ["page=0", "page=x", "size=0"])
    def test_invalid_pages_are_rejected(self, dashboard: Client, query: str) -> None:
        root = dashboard.xml("GET", f"/inserviceNumbers?{query}", status=400)
        assert root.findtext("ResponseStatus/ErrorCode") == "1006"

    def test_a_location_has_its_own_numbers(
        self, dashboard: Client, control: Client, set_up: Callable[..., Setup]
    ) -> None:
        setup = set_up()
        other = new_location(dashboard, "Other", default="false")
        appear(control, "+19195550170", other.rsplit("/", 1)[1])
        root = dashboard.xml("GET", f"{setup.location_path}/tns", status=200)
        path = "SipPeerTelephoneNumbers/SipPeerTelephoneNumber/FullNumber"

        assert root.tag == "SipPeerTelephoneNumbersResponse"
        assert [f"+1{each}" for each in texts(root, path)] == sorted(setup.numbers)
        assert texts(dashboard.xml("GET", f"{other}/tns"), path) == ["9195550170"]

        second = dashboard.xml("GET", f"{setup.location_path}/tns?page=2&size=1")
        assert [f"+1{each}" for each in texts(second, path)] == sorted(setup.numbers)[1:]

    def test_links_to_the_next_page_have_the_numbers_of_their_version(
        self, bandwidth: RunningSimulator, dashboard: Client, set_up: Callable[..., Setup]
    ) -> None:
        setup = set_up()
        second = sorted(setup.numbers)[1]
        for base, page in (("/api", second.removeprefix("+1")), ("/api/v2", second)):
            client = Client(f"{bandwidth.url}{base}/accounts/{CONFIG.account_id}", dashboard.credentials)
            root = client.xml("GET", f"{setup.location_path}/tns?size=1", status=200)
            link = root.findtext("Links/next") or ""
            assert f"page={page}>" in link

            query = link.partition("?")[2].partition(">")[0]
            following = client.xml("GET", f"{setup.location_path}/tns?{query}", status=200)

            assert texts(following, ".//FullNumber") == [page]

    def test_the_numbers_of_an_unknown_location_return_400(self, dashboard: Client) -> None:
        dashboard.xml("GET", "/sites/701/sippeers/1/tns", status=400)

    def test_hosted_numbers_are_in_service(self, dashboard: Client, set_up: Callable[..., Setup]) -> None:
        setup = set_up()
        extra = f"<SipPeerId>{setup.location_id}</SipPeerId>"
        dashboard.xml("POST", "/externalTns", import_body(numbers=NUMBERS[:1], extra=extra), 201)
        expected = sorted([*(each.removeprefix("+1") for each in setup.numbers), NUMBERS[0]])

        root = dashboard.xml("GET", "/inserviceNumbers")

        assert texts(root, "TelephoneNumbers/TelephoneNumber") == expected
        assert texts(dashboard.xml("GET", f"{setup.location_path}/tns"), ".//FullNumber") == expected


class TestOneNumber:
    def test_a_number_is_returned_as_published(
        self, tns: Client, dashboard: Client, set_up: Callable[..., Setup]
    ) -> None:
        setup = set_up()
        number = setup.numbers[0].removeprefix("+1")
        root = tns.xml("GET", f"/tns/{number}", status=200)

        assert root.tag == "TelephoneNumberResponse"
        assert [each.tag for each in root] == [
            "TelephoneNumber",
            "Status",
            "LastModifiedDate",
            "OrderId",
            "SiteId",
            "AccountId",
        ]
        assert (root.findtext("TelephoneNumber"), root.findtext("Status")) == (number, "Inservice")
        assert (root.findtext("SiteId"), root.findtext("AccountId")) == ("701", CONFIG.account_id)

        listed = dashboard.xml("GET", "/orders?page=1&size=300").findtext(
            "ListOrderIdUserIdDate/OrderIdUserIdDate/orderId"
        )
        assert root.findtext("OrderId") == listed

    def test_the_details_of_a_number_have_its_location(
        self, tns: Client, set_up: Callable[..., Setup]
    ) -> None:
        setup = set_up()
        number = setup.numbers[0].removeprefix("+1")

        details = tns.xml("GET", f"/tns/{number}/tndetails", status=200).find("TelephoneNumberDetails")

        assert details is not None
        assert (details.findtext("FullNumber"), details.findtext("Status")) == (number, "Inservice")
        assert details.findtext("SipPeer/PeerId") == setup.location_id
        assert details.findtext("Site/Id") == "701"
        assert tns.xml("GET", f"/tns/{number}/sippeers").findtext("Id") == setup.location_id
        assert tns.xml("GET", f"/tns/{number}/sites").findtext("Id") == "701"

    def test_a_released_number_ages(
        self, tns: Client, dashboard: Client, set_up: Callable[..., Setup]
    ) -> None:
        setup = set_up()
        kept, released = (each.removeprefix("+1") for each in setup.numbers)
        dashboard.xml("POST", "/disconnects", disconnect_body([released]), 201)

        assert tns.xml("GET", f"/tns/{released}").findtext("Status") == "Aging"
        assert texts(dashboard.xml("GET", "/inserviceNumbers"), ".//TelephoneNumber") == [kept]

        query = f"accountId={CONFIG.account_id}"
        for status, expected in (
            ("Inservice", [kept]),
            ("Aging", [released]),
            ("Inservice,Aging", [kept, released]),
        ):
            found = tns.xml("GET", f"/tns?{query}&status={status}", status=200)
            assert sorted(texts(found, ".//FullNumber")) == sorted(expected)
            assert found.findtext("TelephoneNumberCount") == str(len(expected))

    def test_a_released_number_can_be_ordered_again(
        self, tns: Client, dashboard: Client, set_up: Callable[..., Setup]
    ) -> None:
        setup = set_up()
        number = setup.numbers[0].removeprefix("+1")
        listed = f"<TelephoneNumberList><TelephoneNumber>{number}</TelephoneNumber></TelephoneNumberList>"
        dashboard.xml("POST", "/disconnects", disconnect_body([number]), 201)
        order = (
            f"<Order><ExistingTelephoneNumberOrderType>{listed}</ExistingTelephoneNumberOrderType>"
            f"<SiteId>701</SiteId><PeerId>{setup.location_id}</PeerId></Order>"
        )

        dashboard.xml("POST", "/orders", order, 201)

        assert tns.xml("GET", f"/tns/{number}").findtext("Status") == "Inservice"

    @pytest.mark.parametrize("path", ["", "/tndetails", "/sites", "/sippeers"])
    def test_an_unknown_number_returns_404(self, tns: Client, path: str) -> None:
        root = tns.xml("GET", f"/tns/9195550199{path}", status=404)
        assert root.tag == "TelephoneNumberResponse"

    def test_an_invalid_number_returns_400(self, tns: Client) -> None:
        assert tns.xml("GET", "/tns/hello", status=400).findtext("ResponseStatus/ErrorCode") == "1022"

    def test_a_page_has_at_most_2500_numbers(self, tns: Client) -> None:
        assert tns.xml("GET", "/tns?size=2501", status=400).findtext("ResponseStatus/ErrorCode") == "1006"

    def test_numbers_of_another_account_are_not_listed(
        self, tns: Client, set_up: Callable[..., Setup]
    ) -> None:
        set_up()
        assert tns.xml("GET", "/tns?accountId=1").findtext("TelephoneNumberCount") == "0"

    def test_the_list_requires_credentials(self, tns: Client) -> None:
        with Client(tns.base) as unauthorized:
            assert unauthorized.get("/tns/9195550100").status_code == 401


class TestDrift:
    def test_numbers_can_be_added_and_removed_without_an_order(
        self, tns: Client, dashboard: Client, control: Client, set_up: Callable[..., Setup]
    ) -> None:
        setup = set_up()
        appear(control, "+19195550180", setup.location_id)

        assert tns.xml("GET", "/tns/9195550180/tndetails").findtext(".//PeerId") == setup.location_id
        assert tns.xml("GET", "/tns/9195550180").find("OrderId") is None
        assert control.delete("/numbers/+19195550180").status_code == 200
        assert control.delete(f"/numbers/{setup.numbers[0]}").status_code == 200
        assert control.delete(f"/numbers/{setup.numbers[0]}").status_code == 404

        found = texts(dashboard.xml("GET", "/inserviceNumbers"), ".//TelephoneNumber")
        assert [f"+1{each}" for each in found] == setup.numbers[1:]

        tns.xml("GET", f"/tns/{setup.numbers[0].removeprefix('+1')}", status=404)

    def test_hosted_numbers_can_be_added_and_removed_without_an_order(
        self, tns: Client, control: Client, set_up: Callable[..., Setup]
    ) -> None:
        setup = set_up()
        appear(control, "+19195550181", setup.location_id, hosted=True)
        details = tns.xml("GET", "/tns/9195550181/tndetails")

        assert texts(details, ".//ServiceType") == ["Hosted Messaging"]
        assert control.get("/account").json()["external_numbers"] == [
            {"number": "+19195550181", "site_id": "701", "location_id": setup.location_id}
        ]

        control.delete("/numbers/+19195550181")
        assert control.get("/account").json()["external_numbers"] == []

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"number": "+19195550182", "location_id": "1"}, 404),
            ({"number": "+4420", "location_id": "{}"}, 422),
            ({"number": "+19195550182"}, 422),
        ],
    )
    def test_invalid_input_returns_an_error(
        self, dashboard: Client, control: Client, body: dict[str, str], status: int
    ) -> None:
        location_id = new_location(dashboard).rsplit("/", 1)[1]
        request = {name: value.replace("{}", location_id) for name, value in body.items()}

        response = control.post("/numbers", json=request)

        assert response.status_code == status
        assert response.json()["error"]


class TestChangingAnApplication:
    BODY = "<Application><AppName>Alerts 2</AppName><CallbackUrl>https://b.example/v2</CallbackUrl></Application>"

    def test_put_replaces_an_application(self, dashboard: Client, set_up: Callable[..., Setup]) -> None:
        setup = set_up(credentials=("hook", "open-sesame"))
        path = f"/applications/{setup.application_id}"
        root = dashboard.xml("PUT", path, self.BODY, 200)
        assert root.findtext("Application/ApplicationId") == setup.application_id

        shown = dashboard.xml("GET", path)
        assert shown.findtext("Application/CallbackUrl") == "https://b.example/v2"
        assert shown.findtext("Application/AppName") == "Alerts 2"
        assert shown.find("Application/CallbackCreds/UserId") is None

    def test_an_invalid_update_changes_nothing(self, dashboard: Client, set_up: Callable[..., Setup]) -> None:
        setup = set_up()
        path = f"/applications/{setup.application_id}"

        for old, new, code in (
            ("https://b.example/v2", "", "12802"),
            ("<AppName>", "<ServiceType>Voice-V2</ServiceType><AppName>", "12964"),
        ):
            root = dashboard.xml("PUT", path, self.BODY.replace(old, new), 400)
            assert root.findtext("ResponseStatus/ErrorCode") == code

        assert dashboard.xml("GET", path).findtext("Application/AppName") == "Alerts"

    def test_an_unknown_application_returns_404(self, dashboard: Client) -> None:
        dashboard.xml("PUT", "/applications/299ab22a-d7e6-4cf6-9f4d-2089efc0c031", self.BODY, 404)
