"""The simulated account API: campaigns, verifications, number options, and unregistered numbers."""

from collections.abc import Callable, Iterator

import pytest
from lxml import etree

from simulator.server import RunningSimulator
from tests.simulator.support import (
    CONFIG,
    SMS_BODY,
    Client,
    Receiver,
    Setup,
    new_location,
    wait_until,
)

CAMPAIGN = "CEXMPL1"
A2P = (
    "<A2pLongCode>{}</A2pLongCode><A2pMessageClass>T</A2pMessageClass><A2pCampaignId>CEXMPL1</A2pCampaignId>"
)


def options(numbers: list[str], inner: str, extra: str = "") -> str:
    """Return an order for numbers in E.164."""
    listed = "".join(f"<TelephoneNumber>{each.removeprefix('+1')}</TelephoneNumber>" for each in numbers)
    group = f"<TnOptionGroup>{inner}<TelephoneNumbers>{listed}</TelephoneNumbers></TnOptionGroup>"
    return f"<TnOptionOrder>{extra}<TnOptionGroups>{group}</TnOptionGroups></TnOptionOrder>"


def campaign(action: str = "asSpecified", sms: str = "<Sms>on</Sms>") -> str:
    settings = f"<MessageClass>T</MessageClass><CampaignId>{CAMPAIGN}</CampaignId>"
    content = settings if action in ("asSpecified", "") else ""
    chosen = f"<Action>{action}</Action>" if action else ""
    return f"{sms}<A2pSettings>{content}{chosen}</A2pSettings>"


def place_order(dashboard: Client, body: str) -> etree._Element:
    """Place an order and return its final state."""
    created = dashboard.xml("POST", "/tnoptions", body, 201)
    return dashboard.xml("GET", f"/tnoptions/{created.findtext('TnOptionOrder/OrderId')}", status=200)


def errors(root: etree._Element) -> list[tuple[str | None, str | None]]:
    return [
        (each.findtext("Code"), each.findtext("TelephoneNumber")) for each in root.iterfind("ErrorList/Error")
    ]


def sms_with(long_code: str) -> str:
    return SMS_BODY.replace("<Protocol>", A2P.format(long_code) + "<Protocol>")


@pytest.fixture
def registry(bandwidth: RunningSimulator, dashboard: Client) -> Iterator[Client]:
    """A client of the registration API: paths start with /tendlc or /phoneNumbers."""
    base = f"{bandwidth.url}/api/v2/accounts/{CONFIG.account_id}"
    with Client(base, dashboard.credentials) as client:
        yield client


@pytest.fixture
def setup(dashboard: Client, control: Client, set_up: Callable[..., Setup]) -> Setup:
    """A setup whose location allows numbers on a registered campaign."""
    setup = set_up()
    control.put(f"/campaigns/{CAMPAIGN}", json={"status": "REGISTERED"})
    path = f"{setup.location_path}/products/messaging/features/sms"
    dashboard.xml("PUT", path, sms_with("DefaultOff"), 200)
    return setup


class TestCampaigns:
    def test_campaigns_are_listed_in_pages(self, registry: Client, control: Client) -> None:
        for name in ("C1", "C2", "C3"):
            control.put(f"/campaigns/{name}", json={"status": "REGISTERED"})
        first = registry.get("/tendlc/campaigns?limit=2").json()

        assert [each["campaignId"] for each in first["data"]] == ["C1", "C2"]
        assert first["page"] == {"pageNumber": 0, "pageSize": 2, "totalElements": 3, "totalPages": 2}

        second = registry.get("/tendlc/campaigns?limit=2&offset=2").json()
        assert [(each["campaignId"], each["status"]) for each in second["data"]] == [("C3", "REGISTERED")]

    def test_a_campaign_is_returned_by_its_id(self, registry: Client, control: Client) -> None:
        control.put("/campaigns/C1", json={"status": "PENDING"})

        assert registry.get("/tendlc/campaigns/C1").json()["data"]["status"] == "PENDING"
        assert control.delete("/campaigns/C1").status_code == 200
        for path in ("/tendlc/campaigns/C1", "/tendlc/campaigns/C1/phoneNumbers"):
            assert registry.get(path).status_code == 404
        assert control.delete("/campaigns/C1").status_code == 404

    def test_a_campaign_has_the_numbers_with_its_option(
        self, registry: Client, dashboard: Client, control: Client, setup: Setup
    ) -> None:
        path = f"/tendlc/campaigns/{CAMPAIGN}/phoneNumbers"

        assert registry.get(path).json()["data"] == []
        assert (
            place_order(dashboard, options(setup.numbers[:1], campaign())).findtext("ProcessingStatus")
            == "COMPLETE"
        )
        assert registry.get(path).json()["data"] == [{"phoneNumber": setup.numbers[0], "status": "SUCCESS"}]

        numbers = {setup.numbers[0]: "FAILURE"}
        control.put(f"/campaigns/{CAMPAIGN}", json={"status": "REGISTERED", "numbers": numbers})
        assert registry.get(path).json()["data"] == [{"phoneNumber": setup.numbers[0], "status": "FAILURE"}]

    @pytest.mark.parametrize(("long_code", "count"), [("ON", 2), ("DefaultOn", 2), ("DefaultOff", 0)])
    def test_a_campaign_has_the_numbers_of_its_location(
        self, registry: Client, dashboard: Client, setup: Setup, long_code: str, count: int
    ) -> None:
        path = f"{setup.location_path}/products/messaging/features/sms"
        dashboard.xml("PUT", path, sms_with(long_code), 200)
        assert len(registry.get(f"/tendlc/campaigns/{CAMPAIGN}/phoneNumbers").json()["data"]) == count

    @pytest.mark.parametrize("denied", ["role", "feature"])
    def test_a_missing_permission_returns_403(self, registry: Client, control: Client, denied: str) -> None:
        control.put("/registration", json={"denied": denied})

        response = registry.get("/tendlc/campaigns")
        assert response.status_code == 403
        assert response.json()["errors"][0]["description"]
        assert registry.get("/phoneNumbers/+18005550100/tollFreeVerification").status_code == 404

    def test_credentials_account_and_pages_are_checked(self, registry: Client) -> None:
        with Client(registry.base) as unauthorized:
            assert unauthorized.get("/tendlc/campaigns").status_code == 401
        with Client(registry.base.replace(CONFIG.account_id, "1"), registry.credentials) as other:
            assert other.get("/tendlc/campaigns").status_code == 403
        assert registry.get("/tendlc/campaigns?limit=251").status_code == 400


class TestTollFree:
    PATH = "/phoneNumbers/+18005550100/tollFreeVerification"

    def test_a_verification_is_returned(self, registry: Client, control: Client) -> None:
        assert registry.get(self.PATH).status_code == 404

        control.put("/toll-free/+18005550100", json={"status": "UNVERIFIED", "decline_reason": "no opt-in"})

        shown = registry.get(self.PATH).json()
        assert {name: shown[name] for name in shown if "DateTime" not in name and "Ticket" not in name} == {
            "phoneNumber": "+18005550100",
            "status": "UNVERIFIED",
            "declineReasonDescription": "no opt-in",
            "resubmitAllowed": False,
        }

    def test_a_missing_permission_returns_403(self, registry: Client, control: Client) -> None:
        control.put("/registration", json={"toll_free_denied": True})
        assert registry.get(self.PATH).status_code == 403
        assert registry.get("/tendlc/campaigns").status_code == 200


class TestOptions:
    def test_the_published_request_returns_the_published_response(
        self, dashboard: Client, setup: Setup
    ) -> None:
        extra = "<CustomerOrderId>opt-1</CustomerOrderId>"
        response = dashboard.post("/tnoptions", data=options(setup.numbers, campaign(), extra))
        assert response.status_code == 201

        created = etree.fromstring(response.content)
        order_id = created.findtext("TnOptionOrder/OrderId")
        assert response.headers["Location"] == f"{dashboard.base}/tnoptions/{order_id}"
        assert created.findtext("TnOptionOrder/ProcessingStatus") == "RECEIVED"

        root = dashboard.xml("GET", f"/tnoptions/{order_id}", status=200)

        assert [each.tag for each in root] == [
            "CustomerOrderId",
            "OrderCreateDate",
            "AccountId",
            "CreatedByUser",
            "OrderId",
            "LastModifiedDate",
            "ProcessingStatus",
            "TnOptionGroups",
            "ErrorList",
            "Warnings",
        ]
        assert root.findtext("TnOptionGroups/TnOptionGroup/A2pSettings/CampaignId") == CAMPAIGN

        listed = dashboard.xml("GET", "/tnoptions?customerOrderId=opt-1", status=200)
        assert listed.findtext("TnOptionOrderSummary/OrderId") == order_id

    def test_an_existing_option_is_a_warning_and_not_an_error(self, dashboard: Client, setup: Setup) -> None:
        root = place_order(dashboard, options(setup.numbers, "<Sms>on</Sms>"))
        assert (root.findtext("ProcessingStatus"), errors(root)) == ("COMPLETE", [])
        warned = [each.findtext("TelephoneNumber") for each in root.iterfind("Warnings/Warning")]
        assert [f"+1{each}" for each in warned] == setup.numbers

    def test_a_numbers_details_show_its_campaign(
        self, bandwidth: RunningSimulator, dashboard: Client, setup: Setup
    ) -> None:
        place_order(dashboard, options(setup.numbers, campaign()))
        with Client(bandwidth.dashboard_url, dashboard.credentials) as tns:
            path = f"/tns/{setup.numbers[0].removeprefix('+1')}/tndetails"
            settings = tns.xml("GET", path).find("TelephoneNumberDetails/MessagingSettings")
            assert settings is not None
            assert settings.findtext("CampaignId") == CAMPAIGN
            assert (settings.findtext("MessageClass"), settings.findtext("A2pState")) == ("T", "overridden")
            place_order(dashboard, options(setup.numbers, campaign("systemDefault")))
            assert tns.xml("GET", path).findtext(".//A2pState") == "systemDefault"

    def test_a_number_without_sms_cannot_send(
        self, dashboard: Client, current: Client, receiver: Receiver, setup: Setup
    ) -> None:
        place_order(dashboard, options(setup.numbers, "<Sms>off</Sms>"))
        message = {"from": setup.numbers[0], "to": ["+19195550142"], "text": "hi"}
        current.post("/messages", json={**message, "applicationId": setup.application_id})
        assert receiver.wait_for(1)[0]["errorCode"] == 4001

    def test_each_number_has_its_error(self, dashboard: Client, control: Client, setup: Setup) -> None:
        location_id = setup.location_id
        for number, hosted in (("+18005550199", False), ("+13032281000", True)):
            body = {"number": number, "location_id": location_id, "hosted": hosted}
            assert control.post("/numbers", json=body).status_code == 201
        unknown = "+19195550199"
        numbers = [*setup.numbers, "+13032281000", "+18005550199", unknown]
        root = place_order(dashboard, options(numbers, campaign()))

        assert root.findtext("ProcessingStatus") == "PARTIAL"
        assert errors(root) == [("5128", "3032281000"), ("5076", unknown.removeprefix("+1"))]

        off = place_order(dashboard, options(["+18005550199"], campaign("off")))
        assert (off.findtext("ProcessingStatus"), errors(off)) == ("FAILED", [("5135", "8005550199")])

    @pytest.mark.parametrize(
        ("long_code", "action", "code"),
        [("ON", "asSpecified", "5217"), ("OFF", "asSpecified", "5133"), ("OFF", "off", None)],
    )
    def test_the_location_must_allow_number_options(
        self, dashboard: Client, setup: Setup, long_code: str, action: str, code: str | None
    ) -> None:
        path = f"{setup.location_path}/products/messaging/features/sms"
        body = sms_with("ON") if long_code == "ON" else SMS_BODY
        dashboard.xml("PUT", path, body, 200)

        root = place_order(dashboard, options(setup.numbers[:1], campaign(action)))

        assert [each for each, _ in errors(root)] == ([code] if code else [])

    def test_a_campaign_must_be_registered(self, dashboard: Client, control: Client, setup: Setup) -> None:
        control.put(f"/campaigns/{CAMPAIGN}", json={"status": "PENDING"})
        root = place_order(dashboard, options(setup.numbers, campaign()))
        assert root.findtext("ProcessingStatus") == "FAILED"
        assert {each for each, _ in errors(root)} == {"12220"}

    def test_the_outcome_of_an_order_can_be_set(
        self, dashboard: Client, control: Client, setup: Setup
    ) -> None:
        control.put("/orders/opt-1", json={"fate": "PARTIAL", "failed_numbers": setup.numbers[:1]})
        extra = "<CustomerOrderId>opt-1</CustomerOrderId>"
        root = place_order(dashboard, options(setup.numbers, campaign(), extra))

        assert root.findtext("ProcessingStatus") == "PARTIAL"
        assert errors(root) == [("5003", setup.numbers[0].removeprefix("+1"))]

        [shown] = control.get("/account").json()["number_options"]
        assert (shown["status"], shown["failed_numbers"]) == ("PARTIAL", setup.numbers[:1])

    @pytest.mark.parametrize(
        ("inner", "code"),
        [
            ("<Sms>perhaps</Sms>", "5113"),
            ("", "5115"),
            (campaign(sms="<Sms>off</Sms>"), "5132"),
            (campaign("sometimes"), "5138"),
            (campaign().replace("asSpecified", "off"), "5134"),
            (campaign().replace(f"<CampaignId>{CAMPAIGN}</CampaignId>", ""), "1003"),
        ],
    )
    def test_errors_of_a_request_are_in_an_error_list(self, dashboard: Client, inner: str, code: str) -> None:
        root = dashboard.xml("POST", "/tnoptions", options(["+19195550100"], inner), 400)
        assert (root.tag, errors(root)) == ("TnOptionOrderResponse", [(code, None)])

    def test_numbers_are_in_the_form_of_the_version(self, dashboard: Client) -> None:
        body = options(["9195550100"], "<Sms>on</Sms>").replace("9195550100", "+19195550100")
        assert errors(dashboard.xml("POST", "/tnoptions", body, 400)) == [("1022", None)]
        dashboard.xml("GET", "/tnoptions/nothing", status=404)

    def test_each_status_is_reported(self, dashboard: Client, receiver: Receiver, setup: Setup) -> None:
        body = (
            f"<Subscription><OrderType>tnoptions</OrderType><CallbackSubscription><URL>{receiver.url}</URL>"
            "<Expiry>60</Expiry></CallbackSubscription></Subscription>"
        )

        assert dashboard.post("/subscriptions", data=body).status_code == 201

        place_order(dashboard, options(setup.numbers, campaign()))
        wait_until(lambda: len(receiver.received) == 2)
        statuses = {etree.fromstring(each.body).findtext("Status") for each in receiver.received}
        assert statuses == {"RECEIVED", "COMPLETE"}


class TestLocations:
    def test_campaigns_are_settings_of_sms(self, dashboard: Client, setup: Setup) -> None:
        path = f"{setup.location_path}/products/messaging/features/sms"

        settings = dashboard.xml("GET", path).find("SipPeerSmsFeature/SipPeerSmsFeatureSettings")

        assert settings is not None
        assert [each.tag for each in settings][:6] == [
            "TollFree",
            "ShortCode",
            "A2pLongCode",
            "A2pMessageClass",
            "A2pCampaignId",
            "Protocol",
        ]

    @pytest.mark.parametrize(
        ("a2p", "code"),
        [
            (A2P.format("SOMETIMES"), "13636"),
            (A2P.format("ON").replace("<A2pCampaignId>CEXMPL1</A2pCampaignId>", ""), "13638"),
            (A2P.format("ON").replace("CEXMPL1", "CUNKNOWN"), "13639"),
            (A2P.format("ON").replace(">T<", ">T T<"), "13640"),
            (A2P.format("ON").replace("<A2pMessageClass>T</A2pMessageClass>", ""), "13641"),
            (A2P.format("OFF"), "13642"),
            ("<A2pCampaignId>CEXMPL1</A2pCampaignId>", "13637"),
        ],
    )
    def test_invalid_campaign_settings_return_their_error_code(
        self, dashboard: Client, control: Client, a2p: str, code: str
    ) -> None:
        control.put(f"/campaigns/{CAMPAIGN}", json={"status": "REGISTERED"})
        path = f"{new_location(dashboard)}/products/messaging/features/sms"
        body = SMS_BODY.replace("<Protocol>", a2p + "<Protocol>")
        if code == "13637":
            body = body.replace("<TollFree>true", "<TollFree>false").replace(
                "<ShortCode>true", "<ShortCode>false"
            )

        root = dashboard.xml("POST", path, body, 400)

        assert root.findtext("ResponseStatus/ErrorCode") == code

    def sms_code(self, dashboard: Client, a2p: str, status: int) -> str | None:
        """Enable SMS with these A2P settings at a new location; return the code of the rejection."""
        path = f"{new_location(dashboard)}/products/messaging/features/sms"
        body = SMS_BODY.replace("<Protocol>", a2p + "<Protocol>")
        return dashboard.xml("POST", path, body, status).findtext("ResponseStatus/ErrorCode")

    @pytest.mark.parametrize("long_code", ["ON", "DefaultOn", "DefaultOff"])
    def test_an_external_campaign_cannot_be_assigned_to_a_location(
        self, dashboard: Client, control: Client, long_code: str
    ) -> None:
        control.put(f"/campaigns/{CAMPAIGN}", json={"status": "REGISTERED", "external": True})

        assert self.sms_code(dashboard, A2P.format(long_code), 400) == "13682"

    def test_numbers_can_have_campaigns_if_the_location_has_none(self, dashboard: Client) -> None:
        assert self.sms_code(dashboard, "<A2pLongCode>DefaultOff</A2pLongCode>", 201) is None

    @pytest.mark.parametrize(
        ("more", "code"),
        [
            ("", "13638"),
            ("<A2pMessageClass>T</A2pMessageClass>", "13638"),
            (f"<A2pCampaignId>{CAMPAIGN}</A2pCampaignId>", "13641"),
        ],
    )
    def test_an_account_can_require_a_campaign_for_the_location(
        self, dashboard: Client, control: Client, more: str, code: str
    ) -> None:
        control.put(f"/campaigns/{CAMPAIGN}", json={"status": "REGISTERED"})
        control.put("/registration", json={"location_campaign_required": True})

        assert self.sms_code(dashboard, f"<A2pLongCode>DefaultOff</A2pLongCode>{more}", 400) == code


class TestSending:
    def send(self, current: Client, setup: Setup, receiver: Receiver, number: str) -> object:
        """Send a message and return its error code; None if it was delivered."""
        message = {"from": number, "to": ["+19195550142"], "text": "hi"}
        sent = current.post("/messages", json={**message, "applicationId": setup.application_id})
        assert sent.status_code == 202
        final = ("message-delivered", "message-failed")

        def end() -> dict[str, object] | None:
            ends = (each for each in receiver.events() if each["message"]["id"] == sent.json()["id"])
            return next((each for each in ends if each["type"] in final), None)

        return wait_until(end).get("errorCode")

    def test_registration_matters_only_if_enforced(
        self, current: Client, receiver: Receiver, control: Client, setup: Setup
    ) -> None:
        number = setup.numbers[0]
        assert self.send(current, setup, receiver, number) is None
        control.put("/registration", json={"enforce_registration": True})
        assert self.send(current, setup, receiver, number) == 4476

    def test_a_registered_number_can_send(
        self, dashboard: Client, current: Client, receiver: Receiver, control: Client, setup: Setup
    ) -> None:
        control.put("/registration", json={"enforce_registration": True})
        place_order(dashboard, options(setup.numbers[:1], campaign()))
        assert self.send(current, setup, receiver, setup.numbers[0]) is None
        assert self.send(current, setup, receiver, setup.numbers[1]) == 4476

        numbers = {setup.numbers[0]: "PROCESSING"}
        control.put(f"/campaigns/{CAMPAIGN}", json={"status": "REGISTERED", "numbers": numbers})
        assert self.send(current, setup, receiver, setup.numbers[0]) == 4476

    def test_a_toll_free_number_requires_a_verification(
        self, current: Client, receiver: Receiver, control: Client, setup: Setup
    ) -> None:
        number = "+18005550198"
        control.post("/numbers", json={"number": number, "location_id": setup.location_id})
        control.put("/registration", json={"enforce_registration": True})
        assert self.send(current, setup, receiver, number) == 4795

        control.put(f"/toll-free/{number}", json={"status": "VERIFIED"})
        assert self.send(current, setup, receiver, number) is None

        control.put(f"/toll-free/{number}", json={"status": "VERIFIED", "blocked_reason": "complaints"})
        assert self.send(current, setup, receiver, number) == 4795
