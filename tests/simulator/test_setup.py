"""The simulated Dashboard: applications, locations, messaging features and assignment."""

from collections.abc import Callable
from uuid import UUID

import pytest
from lxml import etree

from simulator.server import RunningSimulator
from tests.simulator.support import (
    CONFIG,
    MMS_BODY,
    SMS_BODY,
    TIMEOUT,
    Client,
    Setup,
    assign_application,
    new_location,
)

APPLICATION = """
<Application>
  <AppName>Demo Server</AppName>
  <CallbackUrl>https://requestb.in/zuaqjbzu</CallbackUrl>
  <CallbackCreds/>
</Application>
"""


def tree(element: etree._Element) -> object:
    """Return an element as nested lists to compare a whole response."""
    return [element.tag, [tree(each) for each in element] or element.text]


def rejection(root: etree._Element) -> tuple[str, str | None]:
    """Return root element and code of a rejection with a ResponseStatus."""
    assert root.findtext("ResponseStatus/Description")
    return str(root.tag), root.findtext("ResponseStatus/ErrorCode")


def features(location: str, feature: str) -> str:
    return f"{location}/products/messaging/features/{feature}"


def settings(location: str) -> str:
    return f"{location}/products/messaging/applicationSettings"


def new_application(dashboard: Client) -> str:
    root = dashboard.xml("POST", "/applications", APPLICATION, 201)
    return root.findtext("Application/ApplicationId") or ""


class TestAccess:
    @pytest.mark.parametrize(
        "credentials", [None, ("dashboard-user", "wrong"), ("t-simulated", "messaging-secret")]
    )
    def test_wrong_credentials_return_401(
        self, dashboard: Client, credentials: tuple[str, str] | None
    ) -> None:
        with Client(dashboard.base, credentials) as client:
            assert client.get("/applications").status_code == 401

    def test_another_account_returns_403(self, bandwidth: RunningSimulator, dashboard: Client) -> None:
        with Client(f"{bandwidth.dashboard_url}/accounts/9900001", dashboard.credentials) as client:
            root = client.xml("GET", "/applications", status=403)
        assert rejection(root) == ("ApplicationProvisioningResponse", "1001")

    @pytest.mark.parametrize("path", ["/sites/701/nothing", "/applications/a/b", "/orders/1/2", ""])
    def test_unknown_paths_return_404(self, dashboard: Client, path: str) -> None:
        assert dashboard.get(path).status_code == 404


class TestApplications:
    def test_the_documented_request_returns_the_documented_response(self, dashboard: Client) -> None:
        root = dashboard.xml("POST", "/applications", APPLICATION, 201)

        application_id = root.findtext("Application/ApplicationId")
        assert str(UUID(application_id)) == application_id
        assert tree(root) == [
            "ApplicationProvisioningResponse",
            [
                [
                    "Application",
                    [
                        ["ApplicationId", application_id],
                        ["ServiceType", "Messaging-V2"],
                        ["AppName", "Demo Server"],
                        ["CallbackUrl", "https://requestb.in/zuaqjbzu"],
                        ["CallbackCreds", None],
                    ],
                ]
            ],
        ]

    def test_names_are_not_unique(self, dashboard: Client) -> None:
        ids = {new_application(dashboard), new_application(dashboard)}
        listed = dashboard.xml("GET", "/applications", status=200)
        assert {each.text for each in listed.iterfind("ApplicationList/Application/ApplicationId")} == ids
        assert len(ids) == 2

    def test_an_account_without_applications_returns_an_empty_list(self, dashboard: Client) -> None:
        root = dashboard.xml("GET", "/applications")
        assert tree(root) == ["ApplicationProvisioningResponse", [["ApplicationList", None]]]

    def test_a_resource_is_returned_by_its_id(self, dashboard: Client) -> None:
        application_id = new_application(dashboard)
        root = dashboard.xml("GET", f"/applications/{application_id}", status=200)
        assert root.findtext("Application/AppName") == "Demo Server"

    def test_an_unknown_id_returns_404(self, dashboard: Client) -> None:
        root = dashboard.xml("GET", "/applications/299ab22a-d7e6-4cf6-9f4d-2089efc0c031", status=404)
        assert rejection(root) == ("ApplicationProvisioningResponse", "1016")

    def test_responses_never_contain_the_password(self, dashboard: Client) -> None:
        body = APPLICATION.replace(
            "<CallbackCreds/>",
            "<CallbackCreds><UserId>hook</UserId><Password>open-sesame</Password></CallbackCreds>",
        )

        responses = [dashboard.xml("POST", "/applications", body), dashboard.xml("GET", "/applications")]

        for root in responses:
            assert [each.text for each in root.iter("UserId")] == ["hook"]
            assert b"open-sesame" not in etree.tostring(root)

    def test_the_current_service_type_is_accepted(self, dashboard: Client) -> None:
        body = APPLICATION.replace("<AppName>", "<ServiceType>Messaging-V2</ServiceType><AppName>")
        dashboard.xml("POST", "/applications", body, 201)

    @pytest.mark.parametrize(
        ("old", "new", "code"),
        [
            ("<AppName>Demo Server</AppName>", "", "12806"),
            ("<AppName>Demo Server</AppName>", "<AppName/>", "12806"),
            ("<CallbackUrl>https://requestb.in/zuaqjbzu</CallbackUrl>", "", "12802"),
            ("https://requestb.in/zuaqjbzu", "requestb.in/zuaqjbzu", "12803"),
            ("https://requestb.in/zuaqjbzu", "ftp://requestb.in", "12803"),
            ("https://requestb.in/zuaqjbzu", "https://", "12803"),
            ("<AppName>", "<ServiceType>Fax</ServiceType><AppName>", "12801"),
        ],
    )
    def test_an_invalid_field_returns_its_error_code(
        self, dashboard: Client, old: str, new: str, code: str
    ) -> None:
        root = dashboard.xml("POST", "/applications", APPLICATION.replace(old, new), 400)
        assert rejection(root) == ("ApplicationProvisioningResponse", code)

    def test_credentials_require_https(self, dashboard: Client) -> None:
        body = APPLICATION.replace("https:", "http:").replace(
            "<CallbackCreds/>", "<CallbackCreds><UserId>u</UserId><Password>p</Password></CallbackCreds>"
        )
        assert rejection(dashboard.xml("POST", "/applications", body, 400))[1] == "12812"

    @pytest.mark.parametrize("body", ["", "no xml", "<Application>", "<SipPeer/>"])
    def test_a_body_without_an_application_returns_400(self, dashboard: Client, body: str) -> None:
        assert rejection(dashboard.xml("POST", "/applications", body, 400)) == (
            "ApplicationProvisioningResponse",
            None,
        )


class TestAssociatedLocations:
    def test_associated_locations_have_the_published_form(
        self, dashboard: Client, set_up: Callable[..., Setup]
    ) -> None:
        setup = set_up()

        root = dashboard.xml("GET", f"/applications/{setup.application_id}/associatedsippeers", status=200)

        assert root.tag == "AssociatedSipPeersResponse"
        [listed] = root.findall("AssociatedSipPeers/AssociatedSipPeer")
        assert {each.tag: each.text for each in listed} == {
            "SiteId": "701",
            "SiteName": "Simulated",
            "PeerId": setup.location_path.rsplit("/", 1)[1],
            "PeerName": "Bandwidth Messaging 2 test2",
        }

    def test_an_application_can_have_no_locations(
        self, dashboard: Client, set_up: Callable[..., Setup]
    ) -> None:
        setup = set_up(assign=False)

        root = dashboard.xml("GET", f"/applications/{setup.application_id}/associatedsippeers", status=200)

        assert [each.tag for each in root] == ["AssociatedSipPeers"]
        assert len(root[0]) == 0

    def test_an_unknown_application_returns_13629(self, dashboard: Client) -> None:
        root = dashboard.xml("GET", "/applications/non-existing/associatedsippeers", status=404)

        assert rejection(root) == ("AssociatedSipPeersResponse", "13629")


class TestPaths:
    @pytest.mark.parametrize("base", ["/api", "/api/v1", "/api/v2"])
    @pytest.mark.parametrize(
        "path", ["/sites/701/sippeers", "/Sites/701/sipPeers", "/SITES/701/SIPPEERS", "/sites/701/SipPeers/"]
    )
    def test_resource_names_match_in_any_letter_case(
        self, bandwidth: RunningSimulator, dashboard: Client, base: str, path: str
    ) -> None:
        account = f"{bandwidth.url}{base}/accounts/{CONFIG.account_id}"
        with Client(account, dashboard.credentials) as client:
            assert client.get(path).status_code == 200

    def test_ids_keep_their_case(self, dashboard: Client, set_up: Callable[..., Setup]) -> None:
        setup = set_up()

        assert dashboard.get(f"/Applications/{setup.application_id}").status_code == 200
        assert dashboard.get(f"/applications/{setup.application_id.upper()}").status_code == 404


class TestLocations:
    def test_the_response_is_empty_and_the_location_header_has_the_id(self, dashboard: Client) -> None:
        name = "<PeerName>Bandwidth Messaging 2 test2</PeerName>"
        body = f"<SipPeer>{name}<IsDefaultPeer>true</IsDefaultPeer></SipPeer>"
        response = dashboard.post("/sites/701/sippeers", data=body)
        assert (response.status_code, response.content) == (201, b"")

        start, location_id = response.headers["Location"].rsplit("/", 1)
        assert start == f"{dashboard.base}/sites/701/sippeers"
        assert location_id.isdigit()

    def test_locations_are_listed_with_their_ids(self, dashboard: Client) -> None:
        path = new_location(dashboard, "One")

        assert tree(dashboard.xml("GET", "/sites/701/sippeers", status=200)) == [
            "TNSipPeersResponse",
            [
                [
                    "SipPeers",
                    [
                        [
                            "SipPeer",
                            [
                                ["PeerId", path.rsplit("/", 1)[1]],
                                ["PeerName", "One"],
                                ["IsDefaultPeer", "true"],
                            ],
                        ]
                    ],
                ]
            ],
        ]

    def test_a_resource_is_returned_by_its_id(self, dashboard: Client) -> None:
        root = dashboard.xml("GET", new_location(dashboard, "One"), status=200)
        assert (root.tag, root.findtext("SipPeer/PeerName")) == ("SipPeerResponse", "One")

    def test_an_existing_name_returns_409(self, dashboard: Client) -> None:
        new_location(dashboard, "One")

        root = dashboard.xml(
            "POST", "/sites/701/sippeers", "<SipPeer><PeerName>One</PeerName></SipPeer>", 409
        )

        assert rejection(root) == ("SipPeerResponse", "13524")

    @pytest.mark.parametrize(
        ("name", "code"), [("", "13500"), ("x" * 51, "13501"), ("semi;colon", "13502"), ("One", "13522")]
    )
    def test_invalid_names_and_a_first_location_that_is_not_default_are_rejected(
        self, dashboard: Client, name: str, code: str
    ) -> None:
        body = f"<SipPeer><PeerName>{name}</PeerName><IsDefaultPeer>false</IsDefaultPeer></SipPeer>"
        assert rejection(dashboard.xml("POST", "/sites/701/sippeers", body, 400)) == ("SipPeerResponse", code)

    def test_a_new_default_location_replaces_the_old_one(self, dashboard: Client) -> None:
        new_location(dashboard, "One")
        new_location(dashboard, "Two")
        new_location(dashboard, "Three", default="false")

        listed = dashboard.xml("GET", "/sites/701/sippeers")

        assert [each.text for each in listed.iter("IsDefaultPeer")] == ["false", "true", "false"]

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_an_unknown_site_returns_404(self, dashboard: Client, method: str) -> None:
        root = dashboard.xml(
            method, "/sites/702/sippeers", "<SipPeer><PeerName>One</PeerName></SipPeer>", 404
        )
        assert rejection(root) == ("SipPeerResponse", "12016")

    @pytest.mark.parametrize(("method", "status"), [("GET", 400), ("DELETE", 404)])
    def test_an_unknown_location_is_13563(self, dashboard: Client, method: str, status: int) -> None:
        assert rejection(dashboard.xml(method, "/sites/701/sippeers/1", status=status)) == (
            "SipPeerResponse",
            "13563",
        )


class TestFeatures:
    def test_the_documented_sms_request_returns_the_documented_response(self, dashboard: Client) -> None:
        path = features(new_location(dashboard), "sms")

        root = dashboard.xml("POST", path, SMS_BODY, 201)

        assert tree(root) == [
            "SipPeerSmsFeatureResponse",
            [
                [
                    "SipPeerSmsFeature",
                    [
                        [
                            "SipPeerSmsFeatureSettings",
                            [
                                ["TollFree", "true"],
                                ["ShortCode", "true"],
                                ["Protocol", "HTTP"],
                                ["Zone1", "true"],
                                ["Zone2", "false"],
                                ["Zone3", "false"],
                                ["Zone4", "false"],
                                ["Zone5", "false"],
                            ],
                        ],
                        ["HttpSettings", [["ProxyPeerId", "539692"]]],
                    ],
                ]
            ],
        ]
        assert tree(dashboard.xml("GET", path, status=200)) == tree(root)

    def test_the_documented_mms_request_returns_the_documented_response(self, dashboard: Client) -> None:
        location = new_location(dashboard)
        dashboard.xml("POST", features(location, "sms"), SMS_BODY)

        root = dashboard.xml("POST", features(location, "mms"), MMS_BODY, 201)

        assert tree(root) == [
            "MmsFeatureResponse",
            [
                [
                    "MmsFeature",
                    [
                        ["MmsSettings", [["protocol", "HTTP"]]],
                        ["Protocols", [["HTTP", [["HttpSettings", [["proxyPeerId", "539692"]]]]]]],
                    ],
                ]
            ],
        ]
        assert tree(dashboard.xml("GET", features(location, "mms"), status=200)) == tree(root)

    def test_the_current_forms_are_accepted(self, dashboard: Client) -> None:
        location = new_location(dashboard)
        proxy = "<ProxyPeerId>539692</ProxyPeerId>"
        dashboard.xml("POST", features(location, "sms"), SMS_BODY.replace(proxy, ""), 201)
        mms = MMS_BODY.replace(proxy, "").replace("protocol>", "Protocol>")

        root = dashboard.xml("POST", features(location, "mms"), mms, 201)

        assert [each.text for each in root.iter("proxyPeerId")] == ["539692"]

    def test_the_response_contains_the_proxy_peer(self, dashboard: Client) -> None:
        body = SMS_BODY.replace("539692", "500017")
        root = dashboard.xml("POST", features(new_location(dashboard), "sms"), body, 201)
        assert [each.text for each in root.iter("ProxyPeerId")] == ["500017"]

    def test_mms_before_sms_is_rejected(self, dashboard: Client) -> None:
        root = dashboard.xml("POST", features(new_location(dashboard), "mms"), MMS_BODY, 400)
        assert rejection(root) == ("MmsFeatureResponse", "13623")

    @pytest.mark.parametrize(
        ("old", "new", "code"),
        [
            (">HTTP<", ">SMPP<", "13608"),
            ("<Zone3>false</Zone3>", "", "1003"),
            ("<TollFree>true", "<TollFree>maybe", "1006"),
            ("HttpSettings>", "SmppHosts>", "13608"),
        ],
    )
    def test_invalid_sms_settings_return_their_error_code(
        self, dashboard: Client, old: str, new: str, code: str
    ) -> None:
        path = features(new_location(dashboard), "sms")

        assert rejection(dashboard.xml("POST", path, SMS_BODY.replace(old, new), 400)) == (
            "SipPeerSmsFeatureResponse",
            code,
        )

    @pytest.mark.parametrize(
        ("old", "new", "code"),
        [
            ("<protocol>HTTP<", "<protocol>MM4<", "13608"),
            ("<protocol>HTTP</protocol>", "", "1003"),
            ("<HTTP>", "", ""),
        ],
    )
    def test_invalid_mms_settings_return_their_error_code(
        self, dashboard: Client, old: str, new: str, code: str
    ) -> None:
        location = new_location(dashboard)
        dashboard.xml("POST", features(location, "sms"), SMS_BODY)
        root = dashboard.xml("POST", features(location, "mms"), MMS_BODY.replace(old, new), 400)
        assert rejection(root) == ("MmsFeatureResponse", code or None)

    @pytest.mark.parametrize("feature", ["sms", "mms"])
    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    def test_an_absent_feature_returns_404(self, dashboard: Client, method: str, feature: str) -> None:
        location = new_location(dashboard)
        if feature == "mms":
            dashboard.xml("POST", features(location, "sms"), SMS_BODY)
        body = {"sms": SMS_BODY, "mms": MMS_BODY}[feature] if method == "PUT" else ""
        dashboard.xml(method, features(location, feature), body, 404)

    def test_put_updates_a_feature(self, dashboard: Client) -> None:
        path = features(new_location(dashboard), "sms")
        dashboard.xml("POST", path, SMS_BODY)
        dashboard.xml("PUT", path, SMS_BODY.replace("<ShortCode>true", "<ShortCode>false"), 200)

        root = dashboard.xml("GET", path)

        assert root.findtext("SipPeerSmsFeature/SipPeerSmsFeatureSettings/ShortCode") == "false"

    def test_mms_must_be_disabled_before_sms(self, dashboard: Client) -> None:
        location = new_location(dashboard)
        dashboard.xml("POST", features(location, "sms"), SMS_BODY)

        dashboard.xml("POST", features(location, "mms"), MMS_BODY)

        assert rejection(dashboard.xml("DELETE", features(location, "sms"), status=400))[1] == "13624"
        assert dashboard.delete(features(location, "mms")).status_code == 200
        assert dashboard.delete(features(location, "sms")).status_code == 200
        assert dashboard.get(features(location, "sms")).status_code == 404


class TestAssignment:
    def test_the_documented_request_returns_the_documented_response(self, dashboard: Client) -> None:
        application_id, location = new_application(dashboard), new_location(dashboard)

        dashboard.xml("POST", features(location, "sms"), SMS_BODY)

        root = assign_application(dashboard, location, application_id)
        assert tree(root) == [
            "ApplicationsSettingsResponse",
            [["ApplicationsSettings", [["HttpMessagingV2AppId", application_id]]]],
        ]
        assert tree(dashboard.xml("GET", settings(location), status=200)) == tree(root)

    def test_a_location_without_an_application_returns_an_empty_element(self, dashboard: Client) -> None:
        root = dashboard.xml("GET", settings(new_location(dashboard)), status=200)
        assert tree(root) == ["ApplicationsSettingsResponse", [["ApplicationsSettings", None]]]

    @pytest.mark.parametrize(
        "body",
        [
            "<ApplicationsSettings>REMOVE</ApplicationsSettings>",
            "<ApplicationsSettings><HttpMessagingV2AppId>REMOVE</HttpMessagingV2AppId></ApplicationsSettings>",
        ],
    )
    def test_remove_detaches_the_application(self, dashboard: Client, body: str) -> None:
        application_id, location = new_application(dashboard), new_location(dashboard)
        dashboard.xml("POST", features(location, "sms"), SMS_BODY)
        assign_application(dashboard, location, application_id)

        dashboard.xml("PUT", settings(location), body, 200)

        assert dashboard.xml("GET", settings(location)).find("ApplicationsSettings/*") is None

    @pytest.mark.parametrize(("application_id", "code"), [("no-such-id", "13629"), ("", "13628")])
    def test_invalid_ids_return_their_error_code(
        self, dashboard: Client, application_id: str, code: str
    ) -> None:
        location = new_location(dashboard)
        dashboard.xml("POST", features(location, "sms"), SMS_BODY)
        root = assign_application(dashboard, location, application_id, 400)
        assert rejection(root) == ("ApplicationsSettingsResponse", code)

    def test_an_application_requires_sms(self, dashboard: Client) -> None:
        application_id, location = new_application(dashboard), new_location(dashboard)
        assert rejection(assign_application(dashboard, location, application_id, 400))[1] == "13645"


def test_the_simulator_starts_in_less_than_a_second(bandwidth: RunningSimulator, control: Client) -> None:
    health = control.get("/health", timeout=TIMEOUT)
    assert health.json() == {"status": "ok", "callbacks_pending": 0}
    assert bandwidth.simulator.account.config == CONFIG
