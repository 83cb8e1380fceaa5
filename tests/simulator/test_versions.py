"""The versions and generations of the account API: number formats, elements and credentials."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from lxml import etree

from simulator.account.config import Generation
from simulator.server import RunningSimulator, serve
from tests.simulator.support import (
    CONFIG,
    DASHBOARD_CREDENTIALS,
    MMS_BODY,
    NUMBERS,
    QUICK,
    SMS_BODY,
    Client,
    Received,
    Receiver,
    Setup,
    disconnect_body,
    import_body,
    new_location,
    order_body,
    text_body,
    wait_until,
)

PROXY = "<ProxyPeerId>539692</ProxyPeerId>"
APPLICATION = (
    "<Application><AppName>Alerts</AppName><CallbackUrl>https://a.example/v2</CallbackUrl></Application>"
)


@contextmanager
def serve_account(generation: Generation, base: str = "/api") -> Iterator[Client]:
    """A client of an account of this generation, with a token if required."""
    with (
        serve(replace(CONFIG, generation=generation), QUICK) as running,
        Client(f"{running.url}{base}/accounts/{CONFIG.account_id}") as client,
    ):
        if generation == "current":
            issued = running.simulator.account.tokens.issue(CONFIG.client_id, CONFIG.client_secret)
            client.headers["Authorization"] = f"Bearer {issued}"
        else:
            client.auth = DASHBOARD_CREDENTIALS
        yield client


@pytest.fixture
def versions(bandwidth: RunningSimulator, dashboard: Client) -> dict[str, Client]:
    """A client of the same account at each base path."""
    account = f"accounts/{CONFIG.account_id}"
    return {
        base: Client(f"{bandwidth.url}{base}/{account}", dashboard.credentials)
        for base in ("/api", "/api/v1", "/api/v2")
    }


def texts(root: etree._Element, tag: str) -> list[str]:
    return [each.text or "" for each in root.iter(tag)]


class TestNumbers:
    @pytest.mark.parametrize(("base", "prefix"), [("/api", ""), ("/api/v1", ""), ("/api/v2", "+1")])
    def test_each_version_has_its_number_format(
        self, versions: dict[str, Client], base: str, prefix: str
    ) -> None:
        client = versions[base]
        path = new_location(client)
        created = client.xml("POST", "/orders", order_body(path.rsplit("/", 1)[1], quantity=1), 201)
        order = client.xml("GET", f"/orders/{created.findtext('Order/id')}")
        [number] = texts(order, "FullNumber")

        assert number == f"{prefix}910{number[-7:]}"
        assert texts(client.xml("GET", "/inserviceNumbers"), "TelephoneNumber") == [number]
        assert texts(client.xml("GET", f"{path}/tns"), "FullNumber") == [number]

        tns = Client(client.base.rsplit("/accounts", 1)[0], client.credentials)
        assert tns.xml("GET", f"/tns/{number}").findtext("TelephoneNumber") == number

        body = disconnect_body(["0000000000"]).replace("0000000000", number)
        disconnect = client.xml("POST", "/disconnects", body, 201)
        assert disconnect.findtext(".//TelephoneNumber") == number

        order_status = client.xml("GET", f"/disconnects/{disconnect.findtext('orderRequest/id')}")
        assert texts(order_status, "TelephoneNumber") == [number, number]

    def test_v2_requires_requested_numbers_in_e164(self, versions: dict[str, Client]) -> None:
        client = versions["/api/v2"]
        location_id = new_location(client).rsplit("/", 1)[1]
        listed = "<TelephoneNumberList><TelephoneNumber>{}</TelephoneNumber></TelephoneNumberList>"
        body = (
            f"<Order><ExistingTelephoneNumberOrderType>{listed}</ExistingTelephoneNumberOrderType>"
            f"<SiteId>701</SiteId><PeerId>{location_id}</PeerId></Order>"
        )
        rejected = client.xml("POST", "/orders", body.replace("{}", "9195550100"), 400)

        assert rejected.findtext("ErrorList/Error/Code") == "1022"

        created = client.xml("POST", "/orders", body.replace("{}", "+19195550100"), 201)
        assert texts(created, "TelephoneNumber") == ["+19195550100"]

        versions["/api/v1"].xml("POST", "/orders", body.replace("{}", "+19195550101"), 400)

    def test_v2_rejects_ten_digits_everywhere(self, versions: dict[str, Client]) -> None:
        client = versions["/api/v2"]
        rejected = client.xml("POST", "/disconnects", disconnect_body(["9195550100"]), 400)
        assert rejected.findtext("ErrorList/Error/Code") == "1022"

        tns = Client(client.base.rsplit("/accounts", 1)[0], client.credentials)
        assert tns.xml("GET", "/tns/9195550100", status=400).findtext(".//ErrorCode") == "1022"

    @pytest.mark.parametrize(
        ("base", "number_format", "prefix"),
        [("/api/v2", "", "+1"), ("/api/v1", "", ""), ("/api/v2", "LEGACY", ""), ("/api/v1", "E164", "+1")],
    )
    def test_notifications_have_the_numbers_of_their_subscription(
        self,
        versions: dict[str, Client],
        receiver: Receiver,
        base: str,
        number_format: str,
        prefix: str,
    ) -> None:
        wanted = f"<NumberFormat>{number_format}</NumberFormat>" if number_format else ""
        body = (
            f"<Subscription><OrderType>orders</OrderType><CallbackSubscription>"
            f"<URL>{receiver.url}</URL><Expiry>60</Expiry>{wanted}</CallbackSubscription></Subscription>"
        )
        client = versions[base]

        assert client.post("/subscriptions", data=body).status_code == 201

        location_id = new_location(client).rsplit("/", 1)[1]
        client.xml("POST", "/orders", order_body(location_id, quantity=1), 201)
        wait_until(lambda: receiver.received)

        assert (etree.fromstring(receiver.received[0].body).findtext(".//TelephoneNumber") or "").startswith(
            f"{prefix}910"
        )

    def test_v2_has_no_external_numbers(self, versions: dict[str, Client]) -> None:
        # An empty list also returns 404.
        statuses = {base: each.post("/externalTns").status_code for base, each in versions.items()}
        assert statuses == {"/api": 400, "/api/v1": 400, "/api/v2": 404}


class TestGenerations:
    def test_basic_users_exist_only_in_the_classic_generation(self) -> None:
        with serve_account("classic") as client:
            assert client.get("/applications").status_code == 200

        with serve_account("current") as client:
            assert client.get("/applications").status_code == 200
            client.headers.pop("Authorization")
            client.auth = DASHBOARD_CREDENTIALS
            assert client.get("/applications").status_code == 401

    @pytest.mark.parametrize(("generation", "status"), [("classic", 201), ("both", 201), ("current", 400)])
    def test_current_applications_require_a_service_type(self, generation: Generation, status: int) -> None:
        typed = APPLICATION.replace("<AppName>", "<ServiceType>Messaging-V2</ServiceType><AppName>")
        with serve_account(generation) as client:
            root = client.xml("POST", "/applications", APPLICATION, status)
            assert root.findtext("ResponseStatus/ErrorCode") == ("12801" if status == 400 else None)
            client.xml("POST", "/applications", typed, 201)

    @pytest.mark.parametrize(("generation", "status"), [("classic", 400), ("both", 201), ("current", 201)])
    def test_the_classic_generation_requires_a_proxy_peer(self, generation: Generation, status: int) -> None:
        with serve_account(generation) as client:
            path = f"{new_location(client)}/products/messaging/features"
            root = client.xml("POST", f"{path}/sms", SMS_BODY.replace(PROXY, ""), status)
            if status == 400:
                assert root.findtext("ResponseStatus/ErrorCode") == "1003"
                client.xml("POST", f"{path}/sms", SMS_BODY, 201)

            mms = client.xml("POST", f"{path}/mms", MMS_BODY.replace(PROXY, ""), status)

            assert texts(mms, "proxyPeerId") == ([] if status == 400 else ["539692"])

    def test_the_current_generation_rejects_external_numbers(self) -> None:
        with serve_account("current") as client:
            new_location(client)
            root = client.xml("POST", "/externalTns", import_body(numbers=NUMBERS[:1]), 403)
            assert root.findtext("ResponseStatus/ErrorCode") == "25010"

    def test_the_classic_generation_ignores_current_elements(self) -> None:
        body = APPLICATION.replace("CallbackUrl>", "InboundCallbackUrl>")
        with serve_account("classic") as client:
            root = client.xml("POST", "/applications", body, 400)
            assert root.findtext("ResponseStatus/ErrorCode") == "12802"

    def test_the_current_generation_responds_in_the_current_form(self) -> None:
        typed = APPLICATION.replace("<AppName>", "<ServiceType>Messaging-V2</ServiceType><AppName>")

        with serve_account("current") as client:
            root = client.xml("POST", "/applications", typed, 201)

        assert root.findtext("Application/InboundCallbackUrl") == "https://a.example/v2"
        assert root.findtext("Application/OutboundCallbackUrl") == "https://a.example/v2"


class TestCurrentApplications:
    BODY = (
        "<Application><ServiceType>Messaging-V2</ServiceType><AppName>Alerts</AppName>"
        "<InboundCallbackUrl>{url}/in</InboundCallbackUrl>"
        "<InboundCallbackCreds><UserId>in-user</UserId><Password>open-sesame</Password></InboundCallbackCreds>"
        "<OutboundCallbackUrl>{url}/out</OutboundCallbackUrl>"
        "<OutboundCallbackCreds><UserId>out-user</UserId><Password>open-barley</Password>"
        "</OutboundCallbackCreds><RequestedCallbackTypes><CallbackType>message-delivered</CallbackType>"
        "<CallbackType>message-failed</CallbackType></RequestedCallbackTypes></Application>"
    )

    def application(self, dashboard: Client, receiver: Receiver, location_path: str, body: str = BODY) -> str:
        """Assign an application to the location and return its id."""
        root = dashboard.xml("POST", "/applications", body.replace("{url}", receiver.url), 201)
        application_id = root.findtext("Application/ApplicationId") or ""
        settings = f"<HttpMessagingV2AppId>{application_id}</HttpMessagingV2AppId>"
        path = f"{location_path}/products/messaging/applicationSettings"
        dashboard.xml("PUT", path, f"<ApplicationsSettings>{settings}</ApplicationsSettings>", 200)
        return application_id

    def test_current_applications_are_returned_without_passwords(
        self, dashboard: Client, control: Client
    ) -> None:
        body = self.BODY.replace("{url}", "https://a.example")
        root = dashboard.xml("POST", "/applications", body, 201)
        application = root.find("Application")

        assert application is not None
        assert [each.tag for each in application] == [
            "ApplicationId",
            "ServiceType",
            "AppName",
            "InboundCallbackUrl",
            "InboundCallbackCreds",
            "OutboundCallbackUrl",
            "OutboundCallbackCreds",
            "RequestedCallbackTypes",
        ]
        assert texts(root, "UserId") == ["in-user", "out-user"]
        assert texts(root, "CallbackType") == ["message-delivered", "message-failed"]

        stored = dashboard.xml("GET", f"/applications/{application.findtext('ApplicationId')}")
        assert etree.tostring(stored) == etree.tostring(root)

        shown = control.get("/account").text + control.get("/requests?bodies=1").text
        for secret in (b"open-sesame", b"open-barley"):
            assert secret not in etree.tostring(root)
            assert secret.decode() not in shown

        [listed] = control.get("/account").json()["applications"]

        assert (listed["callback_url"], listed["outbound_url"]) == (
            "https://a.example/in",
            "https://a.example/out",
        )

    def test_events_go_to_the_url_of_their_direction(
        self,
        dashboard: Client,
        current: Client,
        receiver: Receiver,
        control: Client,
        set_up: Callable[..., Setup],
    ) -> None:
        setup = set_up()
        application_id = self.application(dashboard, receiver, setup.location_path)

        def response(request: Received) -> int | tuple[int, dict[str, str]]:
            return 200 if request.authorization else (401, {"WWW-Authenticate": 'Basic realm="callbacks"'})

        receiver.responses = response
        message = text_body(application_id, setup.numbers[0])

        assert current.post("/messages", json=message).ok

        control.post("/inbound", json={"from": "+19195550142", "to": setup.numbers[0], "text": "ho"})
        wait_until(
            lambda: len(receiver.received) == 4 and control.get("/health").json()["callbacks_pending"] == 0
        )
        taken = [each for each in receiver.received if each.authorization]

        assert {each.path.rsplit("/", 1)[1]: each.events[0]["type"] for each in taken} == {
            "in": "message-received",
            "out": "message-delivered",
        }
        assert len({each.authorization for each in taken}) == 2

    def test_outbound_events_without_a_url_are_not_sent(
        self,
        dashboard: Client,
        current: Client,
        receiver: Receiver,
        control: Client,
        set_up: Callable[..., Setup],
    ) -> None:
        setup = set_up()

        body = APPLICATION.replace("CallbackUrl>", "InboundCallbackUrl>").replace(
            "https://a.example", "{url}"
        )
        application_id = self.application(dashboard, receiver, setup.location_path, body)
        message = text_body(application_id, setup.numbers[0])
        assert current.post("/messages", json=message).ok
        assert control.get("/callbacks").json() == {"callbacks": []}

    @pytest.mark.parametrize(
        ("old", "new", "code"),
        [
            ("<InboundCallbackUrl>https://a.example/in</InboundCallbackUrl>", "", "12802"),
            ("https://a.example/out", "a.example/out", "12803"),
            ("https://a.example/out", "http://a.example/out", "12812"),
            (">message-failed<", ">message-eaten<", "1006"),
            (">Messaging-V2<", ">Fax<", "12801"),
            ("<AppName>", "<MsgCallbackUrl>https://a.example</MsgCallbackUrl><AppName>", "13065"),
            ("<AppName>", "<CallbackCreds><UserId>u</UserId></CallbackCreds><AppName>", "13066"),
        ],
    )
    def test_an_invalid_application_returns_its_error_code(
        self, dashboard: Client, old: str, new: str, code: str
    ) -> None:
        body = self.BODY.replace("{url}", "https://a.example").replace(old, new)
        root = dashboard.xml("POST", "/applications", body, 400)
        assert root.findtext("ResponseStatus/ErrorCode") == code

    def test_a_voice_application_cannot_be_assigned(
        self, dashboard: Client, set_up: Callable[..., Setup]
    ) -> None:
        setup = set_up(assign=False)
        body = "<Application><ServiceType>Voice-V2</ServiceType><AppName>Calls</AppName></Application>"
        root = dashboard.xml("POST", "/applications", body, 201)
        settings = f"<HttpMessagingV2AppId>{root.findtext('.//ApplicationId')}</HttpMessagingV2AppId>"
        path = f"{setup.location_path}/products/messaging/applicationSettings"

        rejected = dashboard.xml("PUT", path, f"<ApplicationsSettings>{settings}</ApplicationsSettings>", 400)

        assert rejected.findtext("ResponseStatus/ErrorCode") == "13648"
