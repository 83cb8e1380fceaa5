"""What goes over the wire to Bandwidth's API of today, and what comes back.

Elements and fields are those of Bandwidth's published specifications (Numbers API, both versions; Messaging
API); the values are invented.
"""

import json
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.dashboard_current import DashboardCurrent
from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.bandwidth.locations import Sms
from bandwidth_messaging.bandwidth.messaging import AcceptedMessage, FoundMessage
from bandwidth_messaging.bandwidth.messaging_current import MessagingCurrent
from bandwidth_messaging.domain.imports import Authority, Subscriber
from bandwidth_messaging.domain.messages import MessageState
from bandwidth_messaging.domain.orders import Action, Campaign, OrderStatus
from tests.documents.examples import outline
from tests.http_server import Answer, Asked, Server, serving

ACCOUNT, SITE, LOCATION = "9500149", "743", "561"
CALLBACK_URL = "https://abc.execute-api.us-east-1.amazonaws.com/live/callbacks/v2"
CREDENTIALS = BasicCredentials("client", "secret")
OURS, OTHER = "+19195550100", "+19195550101"
AUTHORITY = Authority(
    subscriber=Subscriber(
        name="Example Inc.",
        house_number="900",
        street_name="Main Street",
        city="Raleigh",
        state_code="NC",
        zip="27606",
        county="Wake",
    ),
    loa_authorizing_person="Ada Example",
)
CAMPAIGN = Campaign("CABC123", "M")
Outline = list[tuple[int, str, str]]


@pytest.fixture
def bandwidth() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture(params=["v1", "v2"])
def version(request: pytest.FixtureRequest) -> str:
    """The account API's two versions, told apart by the end of the base URL."""
    name: str = request.param
    return name


@pytest.fixture
def dashboard(bandwidth: Server, version: str) -> DashboardCurrent:
    return DashboardCurrent(bandwidth.url + base(version), ACCOUNT, CREDENTIALS)


def base(version: str) -> str:
    return "/api/v2" if version == "v2" else "/api"


def path_of(bandwidth: Server, version: str) -> str:
    """Return what was asked for, below the account."""
    return bandwidth.only.path.removeprefix(f"{base(version)}/accounts/{ACCOUNT}")


def written(number: str, version: str) -> str:
    return number if version == "v2" else number.removeprefix("+1")


def listed(depth: int, version: str, *numbers: str) -> Outline:
    return [
        (depth, "TelephoneNumbers", ""),
        *((depth + 1, "TelephoneNumber", written(number, version)) for number in numbers),
    ]


def numbers_xml(version: str, *numbers: str) -> str:
    inside = "".join(f"<TelephoneNumber>{written(each, version)}</TelephoneNumber>" for each in numbers)
    return f"<TelephoneNumbers>{inside}</TelephoneNumbers>"


# Application and location


def test_an_application_has_its_type_and_both_callback_urls_with_credentials(
    bandwidth: Server, dashboard: DashboardCurrent, version: str
) -> None:
    answer = "<Application><ApplicationId>app-1</ApplicationId></Application>"
    bandwidth.answers(
        Answer(201, f"<ApplicationProvisioningResponse>{answer}</ApplicationProvisioningResponse>")
    )
    created = dashboard.create_application("Alerts", CALLBACK_URL, BasicCredentials("user", "password"))
    assert created == "app-1"
    assert (bandwidth.only.method, path_of(bandwidth, version)) == ("POST", "/applications")
    assert bandwidth.only.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert outline(bandwidth.only.body) == [
        (0, "Application", ""),
        (1, "ServiceType", "Messaging-V2"),
        (1, "AppName", "Alerts"),
        (1, "InboundCallbackUrl", CALLBACK_URL),
        (1, "InboundCallbackCreds", ""),
        (2, "UserId", "user"),
        (2, "Password", "password"),
        (1, "OutboundCallbackUrl", CALLBACK_URL),
        (1, "OutboundCallbackCreds", ""),
        (2, "UserId", "user"),
        (2, "Password", "password"),
        (1, "RequestedCallbackTypes", ""),
        (2, "CallbackType", "message-delivered"),
        (2, "CallbackType", "message-failed"),
        (2, "CallbackType", "message-sending"),
    ]


@pytest.mark.parametrize(
    ("urls", "read"),
    [
        ({"CallbackUrl": "a"}, "a"),
        ({"MsgCallbackUrl": "a", "CallbackUrl": "b"}, "a"),
        ({"InboundCallbackUrl": "a", "OutboundCallbackUrl": "a", "MsgCallbackUrl": "b"}, "a"),
        ({"InboundCallbackUrl": "a"}, "a"),
        ({"InboundCallbackUrl": "a", "OutboundCallbackUrl": "b"}, "a and b"),
        ({}, None),
    ],
)
def test_the_callback_url_is_read_from_whichever_element_contains_it(
    bandwidth: Server, urls: dict[str, str], read: str | None
) -> None:
    elements = "".join(f"<{name}>{url}</{name}>" for name, url in urls.items())
    application = f"<Application><ApplicationId>app-1</ApplicationId>{elements}</Application>"
    bandwidth.answers(Answer(200, f"<A><ApplicationList>{application}</ApplicationList></A>"))
    (found,) = DashboardCurrent(bandwidth.url, ACCOUNT, CREDENTIALS).list_applications()
    assert found.callback_url == read


@pytest.mark.parametrize(
    ("service_type", "is_for_messaging"),
    [("Messaging-V2", True), ("Messaging", True), ("Voice-V2", False), ("Voice", False)],
)
def test_both_published_service_types_are_messaging(
    bandwidth: Server, service_type: str, is_for_messaging: bool
) -> None:
    inside = f"<ApplicationId>app-1</ApplicationId><ServiceType>{service_type}</ServiceType>"
    bandwidth.answers(Answer(200, f"<A><Application>{inside}</Application></A>"))

    found = DashboardCurrent(bandwidth.url, ACCOUNT, CREDENTIALS).find_application("app-1")

    assert found is not None
    assert found.is_for_messaging is is_for_messaging


def test_sms_leaves_the_proxy_to_the_server(bandwidth: Server, dashboard: DashboardCurrent) -> None:
    bandwidth.answers(Answer(201))
    dashboard.enable_sms(SITE, LOCATION, toll_free=True, short_code=False)
    assert outline(bandwidth.only.body) == [
        (0, "SipPeerSmsFeature", ""),
        (1, "SipPeerSmsFeatureSettings", ""),
        (2, "TollFree", "true"),
        (2, "ShortCode", "false"),
        (2, "Protocol", "HTTP"),
        (2, "Zone1", "true"),
        *((2, f"Zone{zone}", "false") for zone in range(2, 6)),
        (1, "HttpSettings", ""),
    ]


def a2p_of(request: Asked) -> list[tuple[str, str]]:
    return [(name, text) for _, name, text in outline(request.body) if name.startswith("A2p")]


def refused(code: str, description: str = "no") -> Answer:
    reason = f"<ErrorCode>{code}</ErrorCode><Description>{description}</Description>"
    return Answer(
        400,
        f"<SipPeerSmsFeatureResponse><ResponseStatus>{reason}</ResponseStatus></SipPeerSmsFeatureResponse>",
    )


ALLOWS_CAMPAIGNS = [("A2pLongCode", "DefaultOff")]
HAS_CAMPAIGN = [*ALLOWS_CAMPAIGNS, ("A2pMessageClass", "M"), ("A2pCampaignId", "CABC123")]


def enable_sms_for_campaign(dashboard: DashboardCurrent) -> None:
    dashboard.enable_sms(SITE, LOCATION, toll_free=True, short_code=True, campaign=CAMPAIGN)


def change_sms_for_campaign(dashboard: DashboardCurrent) -> None:
    settings = {"TollFree": "true", "A2pLongCode": "DefaultOff", "Protocol": "HTTP"}
    dashboard.change_sms(SITE, LOCATION, Sms(settings), campaign=CAMPAIGN)


both_ways = pytest.mark.parametrize("write", [enable_sms_for_campaign, change_sms_for_campaign])


@both_ways
def test_a_location_only_allows_its_numbers_on_campaigns(
    bandwidth: Server, dashboard: DashboardCurrent, write: Callable[[DashboardCurrent], None]
) -> None:
    write(dashboard)

    assert a2p_of(bandwidth.only) == ALLOWS_CAMPAIGNS


@both_ways
@pytest.mark.parametrize("code", ["13638", "13641"])
def test_a_location_gets_the_campaign_if_bandwidth_requires_it(
    bandwidth: Server, dashboard: DashboardCurrent, write: Callable[[DashboardCurrent], None], code: str
) -> None:
    bandwidth.answers(refused(code), Answer(201))

    write(dashboard)

    first, second = bandwidth.asked
    assert (a2p_of(first), a2p_of(second)) == (ALLOWS_CAMPAIGNS, HAS_CAMPAIGN)
    assert (second.method, second.path) == (first.method, first.path)


@both_ways
def test_an_external_campaign_that_the_location_must_have_is_rejected_with_the_reason(
    bandwidth: Server, dashboard: DashboardCurrent, write: Callable[[DashboardCurrent], None]
) -> None:
    bandwidth.answers(refused("13638"), refused("13682", "Campaign is not internal."))

    with pytest.raises(BandwidthRejected, match=r"13682 Campaign is not internal\. .*13638") as raised:
        write(dashboard)

    assert raised.value.code == "13682"
    assert len(bandwidth.asked) == 2


@both_ways
@pytest.mark.parametrize("code", ["13637", "13682"])
def test_other_rejections_are_not_retried_with_the_campaign(
    bandwidth: Server, dashboard: DashboardCurrent, write: Callable[[DashboardCurrent], None], code: str
) -> None:
    bandwidth.answers(refused(code))

    with pytest.raises(BandwidthRejected, match=code):
        write(dashboard)

    assert len(bandwidth.asked) == 1


def test_without_a_campaign_to_give_a_required_one_is_a_rejection(
    bandwidth: Server, dashboard: DashboardCurrent
) -> None:
    bandwidth.answers(refused("13638"))

    with pytest.raises(BandwidthRejected, match="13638"):
        dashboard.enable_sms(SITE, LOCATION, toll_free=True, short_code=True)

    assert a2p_of(bandwidth.only) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"A2pLongCode": "DefaultOff"}),
        ({"A2pLongCode": "OFF"}, {"A2pLongCode": "DefaultOff"}),
        ({"A2pLongCode": "DefaultOn", "A2pCampaignId": "COTHER"}, {}),
        ({"A2pLongCode": "ON", "A2pCampaignId": "COTHER"}, {}),
    ],
)
def test_a_location_that_has_a_campaign_already_keeps_it(
    before: dict[str, str], after: dict[str, str]
) -> None:
    settings = {"TollFree": "true", "ShortCode": "true", "Protocol": "HTTP", "Zone1": "true"}
    more = Sms(settings | before).with_more(toll_free=True, short_code=True, campaigns=True)
    assert more.settings == settings | before | after


def test_mms_leaves_the_proxy_to_the_server_too(bandwidth: Server, dashboard: DashboardCurrent) -> None:
    bandwidth.answers(Answer(201))
    dashboard.enable_mms(SITE, LOCATION)
    assert outline(bandwidth.only.body) == [
        (0, "MmsFeature", ""),
        (1, "MmsSettings", ""),
        (2, "Protocol", "HTTP"),
        (1, "Protocols", ""),
        (2, "HTTP", ""),
        (3, "HttpSettings", ""),
    ]


# Hosted numbers


def check(dashboard: DashboardCurrent, sip_peer_id: str | None = LOCATION) -> OrderStatus:
    return dashboard.check_numbers([OURS, OTHER], site_id=SITE, sip_peer_id=sip_peer_id)


def checked(version: str, importable: str, errors: str = "") -> Answer:
    payload = f"<ImportTnCheckerPayload>{importable}{errors}</ImportTnCheckerPayload>"
    return Answer(200, f"<ImportTnCheckerResponse>{payload}</ImportTnCheckerResponse>")


def test_the_check_names_numbers_site_and_location(
    bandwidth: Server, dashboard: DashboardCurrent, version: str
) -> None:
    bandwidth.answers(checked(version, numbers_xml(version, OURS, OTHER), "<ImportTnErrors/>"))
    assert check(dashboard).completed == (OURS, OTHER)
    assert (bandwidth.only.method, path_of(bandwidth, version)) == ("POST", "/importTnChecker")
    assert outline(bandwidth.only.body) == [
        (0, "ImportTnCheckerPayload", ""),
        *listed(1, version, OURS, OTHER),
        (1, "SiteId", SITE),
        (1, "SipPeerId", LOCATION),
    ]


def test_without_a_location_the_check_is_for_the_sites_default(
    bandwidth: Server, dashboard: DashboardCurrent, version: str
) -> None:
    bandwidth.answers(checked(version, numbers_xml(version, OURS, OTHER)))
    check(dashboard, None)
    assert [name for _, name, _ in outline(bandwidth.only.body)][-1] == "SiteId"


def test_the_check_reports_the_reason_for_each_rejected_number(
    bandwidth: Server, dashboard: DashboardCurrent, version: str
) -> None:
    refused = numbers_xml(version, OTHER)
    error = (
        f"<ImportTnError><Code>19006</Code><Description>Bandwidth's.</Description>{refused}</ImportTnError>"
    )
    bandwidth.answers(
        checked(version, numbers_xml(version, OURS), f"<ImportTnErrors>{error}</ImportTnErrors>")
    )
    assert check(dashboard) == OrderStatus(
        "PARTIAL",
        completed=(OURS,),
        failures=({"number": OTHER, "code": "19006", "reason": "Bandwidth's."},),
    )


def test_a_check_that_names_a_number_nowhere_does_not_call_it_importable(
    bandwidth: Server, dashboard: DashboardCurrent, version: str
) -> None:
    bandwidth.answers(checked(version, numbers_xml(version, OURS)))
    assert check(dashboard).completed == (OURS,)


def import_numbers(dashboard: DashboardCurrent, action: Action = "IMPORT") -> str:
    return dashboard.create_import_request(
        customer_order_id="batch-0042",
        site_id=SITE,
        sip_peer_id=LOCATION,
        action=action,
        numbers=[OURS, OTHER],
        authority=AUTHORITY,
    )


def test_an_import_contains_the_subscriber_and_the_authorizing_person(
    bandwidth: Server, dashboard: DashboardCurrent, version: str
) -> None:
    order = "<ImportTnOrder><OrderId>order-1</OrderId></ImportTnOrder>"
    bandwidth.answers(Answer(201, f"<ImportTnOrderResponse>{order}</ImportTnOrderResponse>"))
    assert import_numbers(dashboard) == "order-1"
    assert (
        path_of(bandwidth, version) == {"v1": "/importTnOrders", "v2": "/importTnOrders/messaging"}[version]
    )
    assert outline(bandwidth.only.body) == [
        (0, "ImportTnOrder", ""),
        (1, "CustomerOrderId", "batch-0042"),
        (1, "SiteId", SITE),
        (1, "SipPeerId", LOCATION),
        (1, "Subscriber", ""),
        (2, "Name", "Example Inc."),
        (2, "ServiceAddress", ""),
        (3, "HouseNumber", "900"),
        (3, "StreetName", "Main Street"),
        (3, "City", "Raleigh"),
        (3, "StateCode", "NC"),
        (3, "Zip", "27606"),
        (3, "County", "Wake"),
        (1, "LoaAuthorizingPerson", "Ada Example"),
        (1, "LoaType", "SUBSCRIBER"),
        *listed(1, version, OURS, OTHER),
    ]


def test_a_removal_names_the_numbers_only(
    bandwidth: Server, dashboard: DashboardCurrent, version: str
) -> None:
    order = "<RemoveImportedTnOrder><OrderId>order-2</OrderId></RemoveImportedTnOrder>"
    bandwidth.answers(
        Answer(201, f"<RemoveImportedTnOrdersResponse>{order}</RemoveImportedTnOrdersResponse>")
    )
    assert import_numbers(dashboard, "REMOVE") == "order-2"
    paths = {"v1": "/removeImportedTnOrders", "v2": "/removeImportedTnOrders/messaging"}
    assert path_of(bandwidth, version) == paths[version]
    assert outline(bandwidth.only.body) == [
        (0, "RemoveImportedTnOrder", ""),
        (1, "CustomerOrderId", "batch-0042"),
        *listed(1, version, OURS, OTHER),
    ]


def test_a_rejected_import_reports_the_first_of_its_repeated_errors(
    bandwidth: Server, dashboard: DashboardCurrent
) -> None:
    errors = "".join(
        f"<Errors><Code>{code}</Code><Description>The {what} id is invalid.</Description></Errors>"
        for code, what in (("7309", "site"), ("7312", "sippeer"))
    )
    body = (
        f"<ImportTnOrderResponse><ProcessingStatus>FAILED</ProcessingStatus>{errors}</ImportTnOrderResponse>"
    )
    bandwidth.answers(Answer(400, body))
    with pytest.raises(BandwidthRejected, match="7309 The site id is invalid"):
        import_numbers(dashboard)


@pytest.mark.parametrize(
    ("action", "name"), [("IMPORT", "ImportTnOrder"), ("REMOVE", "RemoveImportedTnOrder")]
)
def test_an_order_is_found_by_its_customer_order_id_and_by_no_other(
    bandwidth: Server, dashboard: DashboardCurrent, version: str, action: Action, name: str
) -> None:
    def summary(customer: str, order: str) -> str:
        ids = f"<CustomerOrderId>{customer}</CustomerOrderId><OrderId>{order}</OrderId>"
        return f"<{name}Summary>{ids}<OrderStatus>COMPLETE</OrderStatus></{name}Summary>"

    both = summary("batch-0042", "order-1") + summary("batch-0043", "order-2")
    bandwidth.answers(Answer(200, f"<{name}s><TotalCount>2</TotalCount>{both}</{name}s>"))
    assert dashboard.find_import_request("batch-0042", action) == "order-1"
    assert dashboard.find_import_request("batch-0044", action) is None
    assert bandwidth.asked[0].path.endswith("?customerOrderId=batch-0042")


@pytest.mark.parametrize("action", ["IMPORT", "REMOVE"])
@pytest.mark.parametrize("shows_failed", [True, False])
def test_an_ended_order_reports_its_failed_numbers_from_either_list(
    bandwidth: Server, dashboard: DashboardCurrent, version: str, action: Action, shows_failed: bool
) -> None:
    shown = numbers_xml(version, OURS, OTHER) if shows_failed else numbers_xml(version, OURS)
    error = (
        f"<Errors><Error><Code>7518</Code><Description>Not active.</Description>"
        f"{numbers_xml(version, OTHER)}</Error></Errors>"
    )
    name = "ImportTnOrder" if action == "IMPORT" else "RemoveImportedTnOrder"
    bandwidth.answers(
        Answer(200, f"<{name}>{shown}<ProcessingStatus>PARTIAL</ProcessingStatus>{error}</{name}>")
    )
    assert dashboard.import_status("order-1", [OURS, OTHER], action) == OrderStatus(
        "PARTIAL",
        completed=(OURS,),
        failures=({"number": OTHER, "code": "7518", "reason": "Not active."},),
    )
    assert path_of(bandwidth, version) == f"{dashboard.import_paths[action]}/order-1"


def test_a_letter_is_the_documents_bytes_with_their_type(
    bandwidth: Server, dashboard: DashboardCurrent, version: str
) -> None:
    uploaded = "<filename>order-1-1.pdf</filename><resultCode>0</resultCode>"
    bandwidth.answers(Answer(201, f"<fileUploadResponse>{uploaded}</fileUploadResponse>"))
    dashboard.send_letter("order-1", b"%PDF-1.7 signed", "application/pdf")
    assert path_of(bandwidth, version) == f"{dashboard.import_paths['IMPORT']}/order-1/loas?documentType=LOA"
    assert (bandwidth.only.method, bandwidth.only.body) == ("POST", b"%PDF-1.7 signed")
    assert bandwidth.only.headers["Content-Type"] == "application/pdf"


def test_a_letter_rejected_inside_a_201_response_is_an_error(
    bandwidth: Server, dashboard: DashboardCurrent
) -> None:
    result = "<resultCode>5151</resultCode><resultMessage>No right.</resultMessage>"
    bandwidth.answers(Answer(201, f"<fileUploadResponse>{result}</fileUploadResponse>"))
    with pytest.raises(BandwidthRejected, match="5151 No right"):
        dashboard.send_letter("order-1", b"%PDF", "application/pdf")


@pytest.mark.parametrize(("count", "has"), [("0", False), ("1", True)])
def test_the_list_of_files_shows_whether_a_letter_exists(
    bandwidth: Server, dashboard: DashboardCurrent, count: str, has: bool
) -> None:
    body = f"<fileListResponse><fileCount>{count}</fileCount><resultCode>0</resultCode></fileListResponse>"
    bandwidth.answers(Answer(200, body))
    assert dashboard.has_letter("order-1") is has


def test_an_order_without_a_list_of_files_has_no_letter(
    bandwidth: Server, dashboard: DashboardCurrent
) -> None:
    bandwidth.answers(Answer(404))
    assert dashboard.has_letter("order-1") is False


# Campaigns


def test_numbers_are_assigned_to_a_campaign_as_specified(
    bandwidth: Server, dashboard: DashboardCurrent, version: str
) -> None:
    order = "<TnOptionOrder><OrderId>options-1</OrderId></TnOptionOrder>"
    bandwidth.answers(Answer(201, f"<TnOptionOrderResponse>{order}</TnOptionOrderResponse>"))
    assert dashboard.set_campaign([OURS, OTHER], CAMPAIGN, customer_order_id="demo") == "options-1"
    assert (bandwidth.only.method, path_of(bandwidth, version)) == ("POST", "/tnoptions")
    assert outline(bandwidth.only.body) == [
        (0, "TnOptionOrder", ""),
        (1, "CustomerOrderId", "demo"),
        (1, "TnOptionGroups", ""),
        (2, "TnOptionGroup", ""),
        (3, "Sms", "on"),
        (3, "A2pSettings", ""),
        (4, "MessageClass", "M"),
        (4, "CampaignId", "CABC123"),
        (4, "Action", "asSpecified"),
        *listed(3, version, OURS, OTHER),
    ]


def options(status: str, inside: str = "") -> Answer:
    head = f"<TnOptionOrder><OrderId>options-1</OrderId><ProcessingStatus>{status}</ProcessingStatus>"
    return Answer(200, f"{head}{inside}</TnOptionOrder>")


def test_a_warning_in_an_options_order_is_not_a_failure(
    bandwidth: Server, dashboard: DashboardCurrent, version: str
) -> None:
    warning = (
        f"<TelephoneNumber>{written(OURS, version)}</TelephoneNumber><Description>SMS is on.</Description>"
    )
    bandwidth.answers(options("COMPLETE", f"<Warnings><Warning>{warning}</Warning></Warnings><ErrorList/>"))
    status = dashboard.options_status("options-1", [OURS, OTHER])
    assert (status.ended_as, status.completed, status.failures) == ("completed", (OURS, OTHER), ())


def test_an_options_order_reports_the_numbers_that_failed(
    bandwidth: Server, dashboard: DashboardCurrent, version: str
) -> None:
    number = f"<TelephoneNumber>{written(OTHER, version)}</TelephoneNumber>"
    error = f"<Error><Code>5133</Code><Description>No A2P.</Description>{number}</Error>"
    bandwidth.answers(options("PARTIAL", f"<ErrorList>{error}</ErrorList>"))
    status = dashboard.options_status("options-1", [OURS, OTHER])
    assert status.failures == ({"number": OTHER, "code": "5133", "reason": "No A2P."},)


# Messages


@pytest.fixture
def messaging(bandwidth: Server) -> MessagingCurrent:
    return MessagingCurrent(f"{bandwidth.url}/api/v2", ACCOUNT, CREDENTIALS)


@pytest.mark.parametrize("to", [(OTHER,), (OTHER, "+19195550102")])
def test_recipients_are_always_a_list(
    bandwidth: Server, messaging: MessagingCurrent, to: tuple[str, ...]
) -> None:
    bandwidth.answers(Answer(202, json.dumps({"id": "message-1", "segmentCount": 1})))
    taken = messaging.prepare_send(sender=OURS, to=to, text="Hi", application_id="app-1", tag="out_1")()
    assert taken == AcceptedMessage("message-1", 1)
    assert bandwidth.only.path == f"/api/v2/users/{ACCOUNT}/messages"
    assert json.loads(bandwidth.only.body) == {
        "from": OURS,
        "to": list(to),
        "text": "Hi",
        "applicationId": "app-1",
        "tag": "out_1",
    }


def search(messaging: MessagingCurrent) -> list[FoundMessage]:
    return messaging.find_sent(
        OURS, OTHER, since="2026-11-22T10:00:00.000Z", until="2026-11-22T10:03:00.000Z"
    )


def test_the_search_is_for_what_went_from_one_number_to_another_in_a_time(
    bandwidth: Server, messaging: MessagingCurrent
) -> None:
    bandwidth.answers(Answer(200, json.dumps({"totalCount": 0, "pageInfo": {}, "messages": []})))
    assert search(messaging) == []
    asked = urlsplit(bandwidth.only.path)
    assert (bandwidth.only.method, asked.path) == ("GET", f"/api/v2/users/{ACCOUNT}/messages")
    assert parse_qs(asked.query) == {
        "sourceTn": [OURS],
        "destinationTn": [OTHER],
        "messageDirection": ["OUTBOUND"],
        "fromDateTime": ["2026-11-22T10:00:00.000Z"],
        "toDateTime": ["2026-11-22T10:03:00.000Z"],
    }


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        ("ACCEPTED", None, "sent"),
        ("QUEUED", None, "sent"),
        ("SENDING", None, "sent"),
        ("SENT", None, "sent"),
        ("A-NEW-WORD", None, "sent"),
        ("DELIVERED", None, "delivered"),
        ("FAILED", 4720, "failed"),
        ("UNDELIVERED", 4750, "failed"),
        ("UNDELIVERED", 9902, "delivery_unknown"),
        ("FAILED", None, "failed"),
    ],
)
def test_the_state_of_a_found_message_follows_its_status(
    bandwidth: Server, messaging: MessagingCurrent, status: str, code: int | None, state: str
) -> None:
    item = {"messageId": "message-1", "messageStatus": status, "segmentCount": 2, "recipientCount": 1}
    found = item | ({"errorCode": code} if code else {})
    bandwidth.answers(Answer(200, json.dumps({"totalCount": 1, "messages": [found]})))
    assert search(messaging) == [FoundMessage("message-1", MessageState(state), code, 2, 1)]
