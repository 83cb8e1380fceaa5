"""The Dashboard API: lists, features, orders, and each shape of an error."""

from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import pytest

from bandwidth_messaging.bandwidth import order_lookup
from bandwidth_messaging.bandwidth.account_api import read_error
from bandwidth_messaging.bandwidth.applications import Application
from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.dashboard import Dashboard
from bandwidth_messaging.bandwidth.errors import BandwidthGarbled, BandwidthRejected, BandwidthUnavailable
from bandwidth_messaging.bandwidth.locations import Location, Sms
from bandwidth_messaging.bandwidth.transport import ErrorBody
from bandwidth_messaging.domain.number_search import NumberSearch
from bandwidth_messaging.domain.orders import Failure, OrderStatus
from tests.documents.examples import outline
from tests.http_server import Response, Server

Call = Callable[[Dashboard], object]

DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
# Every shape that the Dashboard API's errors come in, with the code and the words to be read out of it.
ERROR_SHAPES = {
    "ResponseStatus": (
        """
            <OrderResponse>
              <ResponseStatus>
                <ErrorCode>5016</ErrorCode>
                <Description>No such site.</Description>
              </ResponseStatus>
            </OrderResponse>
        """,
        "5016",
        "No such site.",
    ),
    "ResponseStatus without a code": (
        """
            <ExternalTnsOrderResponse>
              <ResponseStatus>
                <Description>Not found.</Description>
              </ResponseStatus>
            </ExternalTnsOrderResponse>
        """,
        None,
        "Not found.",
    ),
    "ErrorList": (
        """
            <OrderResponse>
              <ErrorList>
                <Error>
                  <Code>5198</Code>
                  <Description>Quantity is missing.</Description>
                </Error>
                <Error>
                  <Code>5016</Code>
                  <Description>No such site.</Description>
                </Error>
              </ErrorList>
            </OrderResponse>
        """,
        "5198",
        "Quantity is missing.; 5016 No such site.",
    ),
    "Errors with Error": (
        """
            <Order>
              <Errors>
                <Error>
                  <Code>25000</Code>
                  <Description>The action is invalid.</Description>
                </Error>
              </Errors>
            </Order>
        """,
        "25000",
        "The action is invalid.",
    ),
    "repeated Errors without Error": (
        """
            <Response>
              <Errors>
                <Code>7309</Code>
                <Description>No such site.</Description>
              </Errors>
              <Errors>
                <Code>7312</Code>
                <Description>No such location.</Description>
              </Errors>
            </Response>
        """,
        "7309",
        "No such site.; 7312 No such location.",
    ),
    "Error alone": (
        """
            <SearchResult>
              <Error>
                <Code>4010</Code>
                <Description>Unavailable.</Description>
              </Error>
            </SearchResult>
        """,
        "4010",
        "Unavailable.",
    ),
    "resultCode": (
        """
            <Response>
              <resultCode>12</resultCode>
              <resultMessage>It did not work.</resultMessage>
            </Response>
        """,
        "12",
        "It did not work.",
    ),
    "ResponseStatus beside a corrected address": (
        """
            <SipPeerResponse>
              <ResponseStatus>
                <ErrorCode>12112</ErrorCode>
                <Description>Address adjusted.</Description>
              </ResponseStatus>
              <AddressErrorDescription>
                <AddressInconsistencies/>
                <RecommendedAddress>
                  <Zip>27606</Zip>
                </RecommendedAddress>
              </AddressErrorDescription>
            </SipPeerResponse>
        """,
        "12112",
        "Address adjusted.",
    ),
}
CALLS: dict[str, Call] = {
    "list_applications": lambda dashboard: dashboard.list_applications(),
    "find_application": lambda dashboard: dashboard.find_application("an-id"),
    "create_application": lambda dashboard: dashboard.create_application("name", "https://example.com"),
    "list_locations": lambda dashboard: dashboard.list_locations("743"),
    "create_location": lambda dashboard: dashboard.create_location("743", "name", is_default_peer=True),
    "find_sms": lambda dashboard: dashboard.find_sms("743", "561"),
    "find_mms_protocol": lambda dashboard: dashboard.find_mms_protocol("743", "561"),
    "enable_sms": lambda dashboard: dashboard.enable_sms("743", "561", toll_free=True, short_code=True),
    "change_sms": lambda dashboard: dashboard.change_sms("743", "561", Sms({"TollFree": "true"})),
    "enable_mms": lambda dashboard: dashboard.enable_mms("743", "561"),
    "assign_application": lambda dashboard: dashboard.assign_application("743", "561", "an-id"),
    "find_assigned_application": lambda dashboard: dashboard.find_assigned_application("743", "561"),
    "detach_application": lambda dashboard: dashboard.detach_application("743", "561"),
    "disable_sms": lambda dashboard: dashboard.disable_sms("743", "561"),
    "disable_mms": lambda dashboard: dashboard.disable_mms("743", "561"),
    "delete_location": lambda dashboard: dashboard.delete_location("743", "561"),
    "list_location_numbers": lambda dashboard: dashboard.list_location_numbers("743", "561"),
    "list_application_locations": lambda dashboard: dashboard.list_application_locations("an-id"),
    "delete_application": lambda dashboard: dashboard.delete_application("an-id"),
    "disconnect": lambda dashboard: dashboard.disconnect(customer_order_id="demo", numbers=["+19199918388"]),
    "find_disconnect": lambda dashboard: dashboard.find_disconnect("demo"),
    "disconnect_status": lambda dashboard: dashboard.disconnect_status("an-order", ["+19199918388"]),
    "order_numbers": lambda dashboard: dashboard.order_numbers(
        search=NumberSearch(area_code="910"), quantity=1, site_id="743", location_id="561"
    ),
    "close_order": lambda dashboard: dashboard.close_order("an-order"),
    "subscribe": lambda dashboard: dashboard.subscribe(
        "NEW_NUMBERS",
        "an-order",
        callback_url="https://example.com",
        credentials=BasicCredentials("bandwidth", "callback-password"),
        seconds=3600,
    ),
    "find_order": lambda dashboard: dashboard.find_order("demo"),
    "order_status": lambda dashboard: dashboard.order_status("an-order"),
    "create_import_request": lambda dashboard: dashboard.create_import_request(
        customer_order_id="demo", site_id="743", sip_peer_id=None, action="IMPORT", numbers=["+19199918388"]
    ),
    "find_import_request": lambda dashboard: dashboard.find_import_request("demo"),
    "import_status": lambda dashboard: dashboard.import_status("an-order", ["+19199918388"]),
}
every_shape = pytest.mark.parametrize(("body", "code", "words"), ERROR_SHAPES.values(), ids=ERROR_SHAPES)
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


@every_shape
def test_every_shape_of_error_is_read(body: str, code: str | None, words: str) -> None:
    assert read_error(body.encode()) == ErrorBody(code, words)


@every_shape
def test_an_error_with_an_xml_declaration_is_read(body: str, code: str | None, words: str) -> None:
    assert read_error(f"{DECLARATION}\n{body}".encode()) == ErrorBody(code, words)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html><body>Bad gateway",
        "not XML",
        "<Response/>",
        "<Response><resultCode>0</resultCode><resultMessage>OK</resultMessage></Response>",
        "<Response><Errors/><ErrorList/></Response>",
        "<Response><Error/></Response>",
    ],
)
def test_a_body_without_an_error_names_none(body: str) -> None:
    assert read_error(body.encode()) is None


@every_call
@every_shape
def test_a_4xx_is_a_rejection_with_its_status(
    bandwidth: Server, dashboard: Dashboard, call: Call, body: str, code: str | None, words: str
) -> None:
    bandwidth.respond_with(Response(400, body))
    with pytest.raises(BandwidthRejected) as raised:
        call(dashboard)
    assert (raised.value.status, raised.value.code, raised.value.words) == (400, code, words)


@every_call
@every_shape
def test_an_error_inside_a_2xx_is_an_error(
    bandwidth: Server, dashboard: Dashboard, call: Call, body: str, code: str | None, words: str
) -> None:
    bandwidth.respond_with(Response(200, body, {"Location": "/somewhere/1"}))
    with pytest.raises(BandwidthRejected) as raised:
        call(dashboard)
    assert (raised.value.status, raised.value.code, raised.value.words) == (200, code, words)


@pytest.mark.parametrize(
    "name", sorted(CALLS.keys() - {"create_location", "enable_sms", "change_sms", "enable_mms"})
)
@pytest.mark.parametrize("body", ["<html><body>Welcome", "{}"])
def test_a_2xx_that_is_no_xml_is_garbled(
    bandwidth: Server, dashboard: Dashboard, name: str, body: str
) -> None:
    bandwidth.respond_with(Response(200, body))
    with pytest.raises(BandwidthGarbled, match="not well-formed XML"):
        CALLS[name](dashboard)


@pytest.mark.parametrize("name", ["create_application", "order_numbers", "create_import_request"])
def test_a_created_resource_without_an_id_is_garbled(
    bandwidth: Server, dashboard: Dashboard, name: str
) -> None:
    bandwidth.respond_with(Response(201, "<Response/>"))
    with pytest.raises(BandwidthGarbled, match="the response has no"):
        CALLS[name](dashboard)


def test_entities_of_a_response_are_not_resolved(bandwidth: Server, dashboard: Dashboard) -> None:
    body = '<!DOCTYPE r [<!ENTITY it SYSTEM "file:///etc/passwd">]><r><OrderStatus>&it;</OrderStatus></r>'
    bandwidth.respond_with(Response(200, body))

    with pytest.raises(BandwidthGarbled) as raised:
        dashboard.order_status("an-order")

    assert "root:" not in str(raised.value)


# Applications, locations and their settings


def test_applications_are_listed_with_their_settings(bandwidth: Server, dashboard: Dashboard) -> None:
    listed = """
      <ApplicationProvisioningResponse><ApplicationList>
        <Application><ApplicationId>a-1</ApplicationId><ServiceType>Messaging-V2</ServiceType>
          <AppName>Demo Server</AppName><CallbackUrl>https://example.com/v2</CallbackUrl></Application>
        <Application><ApplicationId>a-2</ApplicationId><AppName>Demo Server</AppName></Application>
      </ApplicationList></ApplicationProvisioningResponse>"""
    bandwidth.respond_with(Response(200, listed))

    assert dashboard.list_applications() == [
        Application("a-1", "Demo Server", "https://example.com/v2", "Messaging-V2"),
        Application("a-2", "Demo Server", None, None),
    ]
    assert bandwidth.only_request.path == "/accounts/9500149/applications"


def test_find_application_returns_none_for_an_absent_application(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    found = """
      <ApplicationProvisioningResponse><Application><ApplicationId>a-1</ApplicationId>
        <ServiceType>Messaging-V2</ServiceType><AppName>Demo Server</AppName>
        <CallbackUrl>https://example.com/v2</CallbackUrl></Application></ApplicationProvisioningResponse>"""
    bandwidth.respond_with(Response(200, found))
    assert dashboard.find_application("a-1") == Application(
        "a-1", "Demo Server", "https://example.com/v2", "Messaging-V2"
    )
    bandwidth.respond_with(Response(404))

    assert dashboard.find_application("a-1") is None
    assert [each.path for each in bandwidth.requests] == ["/accounts/9500149/applications/a-1"] * 2


def test_an_account_may_have_no_applications(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(
        Response(200, "<ApplicationProvisioningResponse><ApplicationList/></ApplicationProvisioningResponse>")
    )
    assert dashboard.list_applications() == []


def test_the_locations_of_a_site_are_listed(bandwidth: Server, dashboard: Dashboard) -> None:
    listed = """
      <TNSipPeersResponse><SipPeers>
        <SipPeer><PeerId>561</PeerId><PeerName>first</PeerName><IsDefaultPeer>true</IsDefaultPeer></SipPeer>
        <SipPeer><PeerId>562</PeerId><PeerName>second one</PeerName></SipPeer>
      </SipPeers></TNSipPeersResponse>"""
    bandwidth.respond_with(Response(200, listed))

    assert dashboard.list_locations("743") == [
        Location("561", "first", is_default_peer=True),
        Location("562", "second one"),
    ]
    assert bandwidth.only_request.path == "/accounts/9500149/sites/743/sippeers"


@pytest.mark.parametrize("call", [CALLS["find_sms"], CALLS["find_mms_protocol"]], ids=["sms", "mms"])
@pytest.mark.parametrize(
    "answer", [Response(404), Response(200, "<Response/>")], ids=["404", "nothing in it"]
)
def test_a_feature_that_is_not_found_is_off(
    bandwidth: Server, dashboard: Dashboard, call: Call, answer: Response
) -> None:
    bandwidth.respond_with(answer)
    assert call(dashboard) is None


def test_an_sms_update_keeps_unknown_settings(bandwidth: Server, dashboard: Dashboard) -> None:
    there = """
      <SipPeerSmsFeature>
        <SipPeerSmsFeatureSettings>
          <TollFree>false</TollFree><ShortCode>true</ShortCode><A2pLongCode>DefaultOn</A2pLongCode>
          <Protocol>HTTP</Protocol><Zone1>true</Zone1><Zone2>true</Zone2>
        </SipPeerSmsFeatureSettings>
        <HttpSettings><ProxyPeerId>569238</ProxyPeerId></HttpSettings>
      </SipPeerSmsFeature>"""
    bandwidth.respond_with(Response(200, f"<SipPeerSmsFeatureResponse>{there}</SipPeerSmsFeatureResponse>"))
    found = dashboard.find_sms("743", "561")
    assert found is not None
    bandwidth.respond_with(Response(200))

    dashboard.change_sms("743", "561", found.with_more(toll_free=True, short_code=False))

    changed = bandwidth.requests[-1]
    assert (changed.method, changed.path) == (
        "PUT",
        "/accounts/9500149/sites/743/sippeers/561/products/messaging/features/sms",
    )
    assert outline(changed.body) == outline(there.replace("<TollFree>false", "<TollFree>true"))


@pytest.mark.parametrize("spelling", ["protocol", "Protocol"])
def test_both_spellings_of_the_mms_protocol_are_read(
    bandwidth: Server, dashboard: Dashboard, spelling: str
) -> None:
    settings = f"<MmsSettings><{spelling}>MM4</{spelling}></MmsSettings>"
    bandwidth.respond_with(
        Response(200, f"<MmsFeatureResponse><MmsFeature>{settings}</MmsFeature></MmsFeatureResponse>")
    )
    assert dashboard.find_mms_protocol("743", "561") == "MM4"


def test_a_location_may_have_no_application(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(
        Response(200, "<ApplicationsSettingsResponse><ApplicationsSettings/></ApplicationsSettingsResponse>")
    )
    assert dashboard.find_assigned_application("743", "561") is None


def test_special_characters_in_names_are_escaped(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(Response(201, "<r><ApplicationId>a-1</ApplicationId></r>"))
    dashboard.create_application("Zoë & <Söhne>", "https://example.com/?a=1&b=2")
    assert "<AppName>Zoë &amp; &lt;Söhne&gt;</AppName>" in bandwidth.only_request.body.decode()


# Orders


def status_of(bandwidth: Server, dashboard: Dashboard, inside: str, status: int = 200) -> OrderStatus:
    bandwidth.respond_with(Response(status, f"{DECLARATION}<OrderResponse>{inside}</OrderResponse>"))
    return dashboard.order_status("an-order")


def failure(number: str | None, code: str | None, reason: str) -> Failure:
    return {"number": number, "code": code, "reason": reason}


@pytest.mark.parametrize(
    ("word", "ended"), [("COMPLETE", "completed"), ("PARTIAL", "partial"), ("FAILED", "failed")]
)
def test_three_statuses_end_an_order(bandwidth: Server, dashboard: Dashboard, word: str, ended: str) -> None:
    status = status_of(bandwidth, dashboard, f"<OrderStatus>{word}</OrderStatus>{brought(1)}")
    assert status.ended_as == ended


def brought(listed: int, quantity: int | None = None) -> str:
    """Return the elements of an order: its completed quantity, if given, and its listed numbers."""
    numbers = "".join(
        f"<TelephoneNumber><FullNumber>910239{each:04}</FullNumber></TelephoneNumber>"
        for each in range(listed)
    )
    said = "" if quantity is None else f"<CompletedQuantity>{quantity}</CompletedQuantity>"
    return f"{said}<CompletedNumbers>{numbers}</CompletedNumbers>"


@pytest.mark.parametrize("word", ["COMPLETE", "PARTIAL"])
@pytest.mark.parametrize(("listed", "quantity"), [(0, 2), (1, 2), (0, 0), (0, None)])
def test_an_order_that_lists_fewer_numbers_than_it_completed_has_not_ended(
    bandwidth: Server, dashboard: Dashboard, word: str, listed: int, quantity: int | None
) -> None:
    inside = f"<OrderStatus>{word}</OrderStatus>{brought(listed, quantity)}"
    status = status_of(bandwidth, dashboard, inside)
    assert (status.status, status.ended_as, status.is_incomplete) == (word, None, True)


@pytest.mark.parametrize(
    ("word", "listed", "quantity"), [("COMPLETE", 2, 2), ("COMPLETE", 3, 2), ("FAILED", 0, 0)]
)
def test_an_order_that_lists_all_its_numbers_is_not_incomplete(
    bandwidth: Server, dashboard: Dashboard, word: str, listed: int, quantity: int
) -> None:
    inside = f"<OrderStatus>{word}</OrderStatus>{brought(listed, quantity)}"
    assert not status_of(bandwidth, dashboard, inside).is_incomplete


@pytest.mark.parametrize("word", ["RECEIVED", "BACKORDERED", "WAIT", "RECIEVED", "PROCESSING", "A_NEW_WORD"])
def test_every_other_status_means_in_progress(bandwidth: Server, dashboard: Dashboard, word: str) -> None:
    status = status_of(bandwidth, dashboard, f"<OrderStatus> {word} </OrderStatus>")
    assert (status.status, status.ended_as) == (word, None)


def test_an_order_that_is_not_found_yet_is_in_progress(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(Response(404))
    status = dashboard.order_status("an-order")
    assert (status, status.ended_as) == (OrderStatus("NOT_FOUND"), None)


def test_a_response_without_a_status_is_garbled(bandwidth: Server, dashboard: Dashboard) -> None:
    with pytest.raises(BandwidthGarbled, match="OrderStatus"):
        status_of(bandwidth, dashboard, "<CompletedQuantity>1</CompletedQuantity>")


def test_polls_beyond_the_limit_are_repeated_later(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(Response(429, headers={"X-RateLimit-Reset": "1763800000"}))
    with pytest.raises(BandwidthUnavailable):
        dashboard.order_status("an-order")


def test_a_partial_order_lists_completed_numbers_and_a_reason_for_each_failed_one(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    status = status_of(
        bandwidth,
        dashboard,
        """<OrderStatus>PARTIAL</OrderStatus>
        <CompletedQuantity>2</CompletedQuantity>
        <CompletedNumbers>
          <TelephoneNumber><FullNumber>9102398766</FullNumber></TelephoneNumber>
          <TelephoneNumber><FullNumber>9102398767</FullNumber></TelephoneNumber>
        </CompletedNumbers>
        <ErrorList>
          <Error><Code>5005</Code><Description>Taken.</Description>
            <TelephoneNumber>9102398768</TelephoneNumber></Error>
        </ErrorList>
        <FailedNumbers><FullNumber>9102398768</FullNumber></FailedNumbers>
        <FailedQuantity>1</FailedQuantity>""",
    )
    assert status == OrderStatus(
        "PARTIAL", ("+19102398766", "+19102398767"), (failure("+19102398768", "5005", "Taken."),)
    )


def test_one_error_may_name_several_numbers(bandwidth: Server, dashboard: Dashboard) -> None:
    status = status_of(
        bandwidth,
        dashboard,
        """<OrderStatus>FAILED</OrderStatus>
        <ErrorList><Error><Code>5005</Code><Description>Taken.</Description>
          <TelephoneNumbers><TelephoneNumber>9102398768</TelephoneNumber>
            <TelephoneNumber>9102398769</TelephoneNumber></TelephoneNumbers></Error></ErrorList>""",
    )
    assert status.failures == (
        failure("+19102398768", "5005", "Taken."),
        failure("+19102398769", "5005", "Taken."),
    )


@pytest.mark.parametrize(
    "numbers",
    [
        "<FullNumber>9102398768</FullNumber>",
        "<TelephoneNumber><FullNumber>9102398768</FullNumber></TelephoneNumber>",
    ],
    ids=["bare", "as the completed ones"],
)
def test_failed_numbers_without_an_error_have_the_error_of_the_order(
    bandwidth: Server, dashboard: Dashboard, numbers: str
) -> None:
    status = status_of(
        bandwidth,
        dashboard,
        f"""<OrderStatus>FAILED</OrderStatus>
        <ErrorList><Error><Code>5012</Code><Description>Locked.</Description></Error></ErrorList>
        <FailedNumbers>{numbers}</FailedNumbers>""",
    )
    assert status.failures == (failure("+19102398768", "5012", "Locked."),)


def test_an_error_without_a_number_applies_to_the_order(bandwidth: Server, dashboard: Dashboard) -> None:
    status = status_of(
        bandwidth,
        dashboard,
        """<OrderStatus>FAILED</OrderStatus><CompletedQuantity>0</CompletedQuantity>
        <ErrorList><Error><Code>5018</Code><Description>None available.</Description></Error></ErrorList>
        <FailedQuantity/>""",
    )
    assert status == OrderStatus("FAILED", (), (failure(None, "5018", "None available."),))


def test_an_error_of_the_order_is_listed_with_those_of_numbers(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    status = status_of(
        bandwidth,
        dashboard,
        """<OrderStatus>PARTIAL</OrderStatus>
        <ErrorList>
          <Error><Code>5017</Code><Description>Only part available.</Description></Error>
          <Error><Code>5005</Code><Description>Taken.</Description>
            <TelephoneNumber>9102398768</TelephoneNumber></Error>
          <Error><Code>5012</Code><Description>Locked.</Description></Error>
        </ErrorList>""",
    )
    assert status.failures == (
        failure("+19102398768", "5005", "Taken."),
        failure(None, "5017", "Only part available."),
        failure(None, "5012", "Locked."),
    )


def test_an_error_of_the_order_that_explains_a_number_is_not_repeated(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    status = status_of(
        bandwidth,
        dashboard,
        """<OrderStatus>PARTIAL</OrderStatus>
        <ErrorList>
          <Error><Code>5017</Code><Description>Only part available.</Description></Error>
          <Error><Code>5012</Code><Description>Locked.</Description></Error>
          <Error><Code>5005</Code><Description>Taken.</Description>
            <TelephoneNumber>9102398768</TelephoneNumber></Error>
        </ErrorList>
        <FailedNumbers><FullNumber>9102398768</FullNumber><FullNumber>9102398769</FullNumber></FailedNumbers>""",
    )
    assert status.failures == (
        failure("+19102398768", "5005", "Taken."),
        failure("+19102398769", "5017", "Only part available."),
        failure(None, "5012", "Locked."),
    )


def test_of_two_errors_about_one_number_the_first_is_its_reason(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    one = "<Error><Code>{}</Code><TelephoneNumber>9102398768</TelephoneNumber></Error>"
    errors = one.format(5005) + one.format(5218)

    status = status_of(
        bandwidth, dashboard, f"<OrderStatus>FAILED</OrderStatus><ErrorList>{errors}</ErrorList>"
    )

    assert [each["code"] for each in status.failures] == ["5005"]


@pytest.mark.parametrize("inside", ["", "<ErrorList/>", "<ErrorList/><FailedNumbers/><CompletedNumbers/>"])
def test_an_order_can_fail_without_a_reason(bandwidth: Server, dashboard: Dashboard, inside: str) -> None:
    status = status_of(bandwidth, dashboard, f"<OrderStatus>FAILED</OrderStatus>{inside}")
    assert status == OrderStatus("FAILED")


def test_a_number_can_fail_without_a_reason(bandwidth: Server, dashboard: Dashboard) -> None:
    status = status_of(
        bandwidth,
        dashboard,
        """<OrderStatus>PARTIAL</OrderStatus>
        <FailedNumbers><FullNumber>9102398768</FullNumber></FailedNumbers>""",
    )
    assert status.failures == (failure("+19102398768", None, "no reason given"),)


def test_an_error_code_without_a_description_is_a_reason(bandwidth: Server, dashboard: Dashboard) -> None:
    status = status_of(
        bandwidth,
        dashboard,
        "<OrderStatus>FAILED</OrderStatus><ErrorList><Error><Code>5018</Code></Error></ErrorList>",
    )
    assert status.failures == (failure(None, "5018", "no reason given"),)


def test_numbers_of_the_newer_account_api_are_e164_already(bandwidth: Server, dashboard: Dashboard) -> None:
    status = status_of(
        bandwidth,
        dashboard,
        """<OrderStatus>COMPLETE</OrderStatus><CompletedNumbers>
        <TelephoneNumber><FullNumber>+19102398766</FullNumber></TelephoneNumber></CompletedNumbers>""",
    )
    assert status.completed == ("+19102398766",)


def listed(*orders: str, total: int | None = None) -> Response:
    items = "".join(f"<OrderIdUserIdDate>{order}</OrderIdUserIdDate>" for order in orders)
    body = f"<TotalCount>{total or len(orders)}</TotalCount>{items}"
    return Response(
        200,
        f"<ResponseSelectWrapper><ListOrderIdUserIdDate>{body}</ListOrderIdUserIdDate></ResponseSelectWrapper>",
    )


def test_an_order_is_found_by_its_customer_order_id(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(listed("<CustomerOrderId>set-up 1</CustomerOrderId><OrderId>order-1</OrderId>"))
    assert dashboard.find_order("set-up 1") == "order-1"

    asked = urlsplit(bandwidth.only_request.path)
    assert (asked.path, parse_qsl(asked.query)) == (
        "/accounts/9500149/orders",
        [("customerOrderId", "set-up 1"), ("page", "1"), ("size", "300")],
    )


def test_an_order_id_element_with_a_small_o_is_read(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(listed("<CustomerOrderId>set-up 1</CustomerOrderId><orderId>order-1</orderId>"))
    assert dashboard.find_order("set-up 1") == "order-1"


def test_an_order_with_another_customer_order_id_is_not_matched(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    bandwidth.respond_with(listed("<CustomerOrderId>set-up 10</CustomerOrderId><OrderId>order-10</OrderId>"))
    assert dashboard.find_order("set-up 1") is None


@pytest.mark.parametrize(
    "answer",
    [
        listed("<CustomerOrderId>set-up 1</CustomerOrderId>"),
        listed("<CustomerOrderId>set-up 10</CustomerOrderId><OrderId>order-10</OrderId>", total=301),
    ],
    ids=["without an id", "only a part of a list that nobody filtered"],
)
def test_an_incomplete_list_does_not_prove_that_the_order_is_absent(
    bandwidth: Server, dashboard: Dashboard, answer: Response
) -> None:
    bandwidth.respond_with(answer)
    with pytest.raises(BandwidthGarbled, match=r"does not show whether|without its OrderId"):
        dashboard.find_order("set-up 1")


@pytest.mark.parametrize("answer", [listed(), Response(200, "<ResponseSelectWrapper/>")])
def test_an_order_that_bandwidth_does_not_list_is_none(
    bandwidth: Server, dashboard: Dashboard, answer: Response
) -> None:
    bandwidth.respond_with(answer)
    assert dashboard.find_order("set-up 1") is None


def test_a_404_is_an_empty_list_of_orders(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(Response(404, ""))
    assert dashboard.find_order("set-up 1") is None


def test_customer_order_ids_are_compared_with_normalized_white_space(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    bandwidth.respond_with(listed("<CustomerOrderId> set-up  1 </CustomerOrderId><OrderId>order-1</OrderId>"))
    assert dashboard.find_order("set-up 1 ") == "order-1"


def test_the_pages_of_a_list_are_followed(bandwidth: Server, dashboard: Dashboard) -> None:
    link = "Link=&lt;https://dashboard.bandwidth.com 443/v1.0/orders?page=order-2&amp;size=1&gt;;rel=next;"
    other = "<CustomerOrderId>other</CustomerOrderId><OrderId>order-1</OrderId>"
    first = listed(f"{other}<Links><next>{link}</next></Links>", total=2)
    second = listed("<CustomerOrderId>set-up 1</CustomerOrderId><OrderId>order-2</OrderId>", total=2)
    bandwidth.respond_with(first, second)
    assert dashboard.find_order("set-up 1") == "order-2"
    queries = [dict(parse_qsl(urlsplit(each.path).query)) for each in bandwidth.requests]

    assert queries == [
        {"customerOrderId": "set-up 1", "page": "1", "size": "300"},
        {"customerOrderId": "set-up 1", "page": "order-2", "size": "1"},
    ]


def test_endless_pages_do_not_prove_that_the_order_is_absent(bandwidth: Server, dashboard: Dashboard) -> None:
    def page(number: int) -> Response:
        link = f"Link=&lt;https://dashboard.bandwidth.com/orders?page={number}&amp;size=1&gt;;"
        other = "<CustomerOrderId>other</CustomerOrderId><OrderId>order-1</OrderId>"
        return listed(f"{other}<Links><next>{link}</next></Links>")

    bandwidth.respond_with(*(page(number) for number in range(2, 100)))

    with pytest.raises(BandwidthGarbled, match=r"does not show whether|without its OrderId"):
        dashboard.find_order("set-up 1")

    assert len(bandwidth.requests) == 20


def read(customer_order_id: str | None) -> Response:
    named = f"<CustomerOrderId>{customer_order_id}</CustomerOrderId>" if customer_order_id else ""
    return Response(
        200, f"<OrderResponse><Order>{named}</Order><OrderStatus>COMPLETE</OrderStatus></OrderResponse>"
    )


def unnamed(*order_ids: str) -> Response:
    """Return the published list, whose entries have no CustomerOrderId; the later ids are the newer ones."""
    dates = (f"2026-01-{day:02}T00:00:00.000Z" for day in range(1, len(order_ids) + 1))
    return listed(
        *(
            f"<OrderDate>{date}</OrderDate><orderId>{order_id}</orderId>"
            for date, order_id in zip(dates, order_ids, strict=True)
        )
    )


def test_orders_that_are_listed_without_their_customer_order_id_are_read_one_by_one(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    bandwidth.respond_with(
        unnamed("order-1", "order-2", "order-3"), read("other"), read("set-up 1"), read(None)
    )
    assert dashboard.find_order("set-up 1") == "order-2"

    paths = [each.path.rpartition("/")[2] for each in bandwidth.requests[1:]]
    assert paths == ["order-3", "order-2", "order-1"]


def test_the_result_is_none_if_no_order_has_the_customer_order_id(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    bandwidth.respond_with(unnamed("order-1", "order-2"), read("other"), read(None))
    assert dashboard.find_order("set-up 1") is None


def test_all_orders_without_a_customer_order_id_are_read(bandwidth: Server, dashboard: Dashboard) -> None:
    others = [read("other")] * 27
    bandwidth.respond_with(unnamed(*(f"order-{each}" for each in range(1, 29))), *others, read("set-up 1"))

    assert dashboard.find_order("set-up 1") == "order-1"


def test_orders_before_the_first_attempt_are_not_read(bandwidth: Server, dashboard: Dashboard) -> None:
    older = "".join(
        f"<o><OrderDate>2025-12-31T00:00:00.000Z</OrderDate><orderId>old-{number}</orderId></o>"
        for number in range(5000)
    )
    new = "<o><OrderDate>2026-01-01T11:56:00.000Z</OrderDate><orderId>order-1</orderId></o>"
    bandwidth.respond_with(Response(200, f"<r>{older}{new}</r>"), read("set-up 1"))

    assert dashboard.find_order("set-up 1", placed_after="2026-01-01T12:00:00.000Z") == "order-1"
    assert len(bandwidth.requests) == 2


@pytest.mark.parametrize("placed_at", ["", "yesterday", "2025-12-31T00:00:00"])
def test_an_order_without_an_exact_time_is_read(
    bandwidth: Server, dashboard: Dashboard, placed_at: str
) -> None:
    order = f"<o><OrderDate>{placed_at}</OrderDate><orderId>order-1</orderId></o>"
    bandwidth.respond_with(Response(200, f"<r>{order}</r>"), read("set-up 1"))

    assert dashboard.find_order("set-up 1", placed_after="2026-01-01T12:00:00.000Z") == "order-1"


def test_orders_that_are_not_read_in_time_do_not_prove_that_the_order_is_absent(
    bandwidth: Server, dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(100))
    monkeypatch.setattr(order_lookup, "monotonic", lambda: next(clock))
    bandwidth.respond_with(unnamed(*(f"order-{each}" for each in range(1, 33))), read("other"))

    with pytest.raises(BandwidthGarbled, match="3 listed orders could not be read in time"):
        dashboard.find_order("set-up 1")

    assert len(bandwidth.requests) == 1 + 29


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Response(404, ""), BandwidthUnavailable),
        (Response(200, "<OrderResponse/>"), BandwidthGarbled),
        (Response(200, "<html/>"), BandwidthGarbled),
    ],
)
def test_an_unreadable_listed_order_does_not_prove_that_the_order_is_absent(
    bandwidth: Server, dashboard: Dashboard, answer: Response, error: type[Exception]
) -> None:
    bandwidth.respond_with(unnamed("order-1"), answer)
    with pytest.raises(error):
        dashboard.find_order("set-up 1")


def ours(order_id: str) -> str:
    return f"<CustomerOrderId>set-up 1</CustomerOrderId><OrderId>{order_id}</OrderId>"


def test_several_orders_with_one_customer_order_id_are_rejected(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    bandwidth.respond_with(listed(ours("order-1"), ours("order-2")))
    with pytest.raises(BandwidthRejected, match="2 orders carry the CustomerOrderId set-up 1"):
        dashboard.find_order("set-up 1")


def test_an_order_that_is_listed_twice_counts_once(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(listed(ours("order-1"), ours("order-1")))
    assert dashboard.find_order("set-up 1") == "order-1"
