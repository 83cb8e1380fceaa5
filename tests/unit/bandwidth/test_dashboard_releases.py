"""The Dashboard API: disconnects numbers and deletes resources. Absent resources are no error."""

from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import pytest

from bandwidth_messaging.bandwidth import disconnect_orders
from bandwidth_messaging.bandwidth.dashboard import Dashboard
from bandwidth_messaging.bandwidth.errors import (
    BandwidthGarbled,
    BandwidthOutcomeUnknown,
    BandwidthRejected,
    BandwidthUnavailable,
)
from bandwidth_messaging.domain.orders import Failure, OrderStatus
from tests.http_server import Response, Server

ONE, TWO, THREE = "+19195551201", "+19195551202", "+19195551203"
LOCATION = "/accounts/9500149/sites/743/sippeers/561"
SETTINGS = f"{LOCATION}/products/messaging/applicationSettings"
DELETES: dict[str, tuple[Callable[[Dashboard], bool], str]] = {
    "mms": (
        lambda dashboard: dashboard.disable_mms("743", "561"),
        f"{LOCATION}/products/messaging/features/mms",
    ),
    "sms": (
        lambda dashboard: dashboard.disable_sms("743", "561"),
        f"{LOCATION}/products/messaging/features/sms",
    ),
    "location": (lambda dashboard: dashboard.delete_location("743", "561"), LOCATION),
    "application": (
        lambda dashboard: dashboard.delete_application("a-1"),
        "/accounts/9500149/applications/a-1",
    ),
    "subscription": (
        lambda dashboard: dashboard.delete_subscription("s-1"),
        "/accounts/9500149/subscriptions/s-1",
    ),
}
every_delete = pytest.mark.parametrize(("delete", "path"), DELETES.values(), ids=DELETES)


def refusal(status: int, code: str, words: str = "no") -> Response:
    return Response(
        status,
        f"<r><ResponseStatus><ErrorCode>{code}</ErrorCode>"
        f"<Description>{words}</Description></ResponseStatus></r>",
    )


# Deleting


@every_delete
def test_delete_returns_whether_the_resource_existed(
    bandwidth: Server, dashboard: Dashboard, delete: Callable[[Dashboard], bool], path: str
) -> None:
    assert delete(dashboard) is True
    assert (bandwidth.only_request.method, bandwidth.only_request.path) == ("DELETE", path)
    bandwidth.respond_with(refusal(404, "1016"))

    assert delete(dashboard) is False


@every_delete
def test_deleting_an_absent_location_is_no_error_with_any_status(
    bandwidth: Server, dashboard: Dashboard, delete: Callable[[Dashboard], bool], path: str
) -> None:
    bandwidth.respond_with(refusal(400, "13563"))
    assert delete(dashboard) is False


@every_delete
def test_a_rejection_has_its_code_and_description(
    bandwidth: Server, dashboard: Dashboard, delete: Callable[[Dashboard], bool], path: str
) -> None:
    bandwidth.respond_with(refusal(400, "13555", "Telephone numbers are still on it."))
    with pytest.raises(BandwidthRejected, match=r"13555 Telephone numbers are still on it\.") as raised:
        delete(dashboard)
    assert raised.value.code == "13555"


@every_delete
def test_a_delete_whose_response_was_lost_can_be_repeated(
    bandwidth: Server, dashboard: Dashboard, delete: Callable[[Dashboard], bool], path: str
) -> None:
    bandwidth.respond_with(Response(lost=True))
    with pytest.raises(BandwidthUnavailable):
        delete(dashboard)


# Detaching


def settings(application_id: str = "") -> Response:
    inside = f"<HttpMessagingV2AppId>{application_id}</HttpMessagingV2AppId>" if application_id else ""
    return Response(200, f"<r><ApplicationsSettings>{inside}</ApplicationsSettings></r>")


def puts(bandwidth: Server) -> list[str]:
    return [
        each.body.decode().partition("?>")[2].strip() for each in bandwidth.requests if each.method == "PUT"
    ]


IN_THE_ROOT = "<ApplicationsSettings>REMOVE</ApplicationsSettings>"
IN_THE_ELEMENT = (
    "<ApplicationsSettings><HttpMessagingV2AppId>REMOVE</HttpMessagingV2AppId></ApplicationsSettings>"
)


def test_detach_sends_the_specified_form_and_reads_the_location_back(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    bandwidth.respond_with(settings("a-1"), settings(), settings())

    assert dashboard.detach_application("743", "561") is True
    assert puts(bandwidth) == [IN_THE_ROOT]
    assert {each.path for each in bandwidth.requests} == {SETTINGS}


@pytest.mark.parametrize(
    "answer",
    [settings("a-1"), refusal(400, "13628", "HttpMessagingV2AppId must be an application id or REMOVE.")],
    ids=["did not take", "refused"],
)
def test_detach_tries_the_second_form_if_the_application_remains(
    bandwidth: Server, dashboard: Dashboard, answer: Response
) -> None:
    bandwidth.respond_with(settings("a-1"), answer, settings("a-1"), settings(), settings())
    assert dashboard.detach_application("743", "561") is True
    assert puts(bandwidth) == [IN_THE_ROOT, IN_THE_ELEMENT]


def test_a_location_that_keeps_its_application_is_an_error(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(settings("a-1"))
    with pytest.raises(BandwidthRejected, match="the location keeps its application"):
        dashboard.detach_application("743", "561")


@pytest.mark.parametrize("answer", [settings(), Response(404)], ids=["no application", "no location"])
def test_a_location_without_an_application_is_not_changed(
    bandwidth: Server, dashboard: Dashboard, answer: Response
) -> None:
    bandwidth.respond_with(answer)
    assert dashboard.detach_application("743", "561") is False
    assert puts(bandwidth) == []


def test_another_rejection_does_not_cause_a_second_form(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(settings("a-1"), refusal(400, "1001", "Access denied."))
    with pytest.raises(BandwidthRejected, match="1001 Access denied"):
        dashboard.detach_application("743", "561")


# Who uses it


def listed(*numbers: str, following: str = "") -> Response:
    shown = "".join(f"<SipPeerTelephoneNumber>{number}</SipPeerTelephoneNumber>" for number in numbers)
    links = f'<Links><next>Link=&lt;{following}&gt;;rel="next";</next></Links>' if following else ""
    return Response(
        200,
        f"<SipPeerTelephoneNumbersResponse>{links}<SipPeerTelephoneNumbers>{shown}"
        "</SipPeerTelephoneNumbers></SipPeerTelephoneNumbersResponse>",
    )


def sms(number: str, enabled: str) -> str:
    return (
        f"<FullNumber>{number}</FullNumber>"
        f"<MessagingSettings><SmsEnabled>{enabled}</SmsEnabled></MessagingSettings>"
    )


def test_the_numbers_of_a_location_are_listed_with_their_sms_state(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    bandwidth.respond_with(
        listed(sms("9195551201", "true"), sms("9195551202", "false"), "<FullNumber>9195551203</FullNumber>")
    )
    assert dashboard.list_location_numbers("743", "561") == {ONE: True, TWO: False, THREE: None}
    assert bandwidth.only_request.path == f"{LOCATION}/tns"


def test_a_location_may_have_no_numbers_or_not_exist(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(listed())
    assert dashboard.list_location_numbers("743", "561") == {}
    bandwidth.respond_with(Response(404))

    assert dashboard.list_location_numbers("743", "561") is None


def test_the_links_of_pages_are_followed(bandwidth: Server, dashboard: Dashboard) -> None:
    link = (
        "https://dashboard.bandwidth.com/api/accounts/9500149/sites/743/sippeers/561/tns?page={}&amp;size=1"
    )
    bandwidth.respond_with(
        listed("<FullNumber>9195551201</FullNumber>", following=link.format("9195551202")),
        listed("<FullNumber>9195551202</FullNumber>", following=link.format("9195551203")),
        listed("<FullNumber>9195551203</FullNumber>"),
    )
    assert dashboard.list_location_numbers("743", "561") == {ONE: None, TWO: None, THREE: None}
    asked = [dict(parse_qsl(urlsplit(each.path).query)) for each in bandwidth.requests]

    assert asked == [{}, {"page": "9195551202", "size": "1"}, {"page": "9195551203", "size": "1"}]


def test_a_page_that_links_to_itself_ends_the_list(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(
        listed("<FullNumber>9195551201</FullNumber>", following="https://x.example/tns?page=1")
    )
    assert dashboard.list_location_numbers("743", "561") == {ONE: None}
    assert len(bandwidth.requests) == 2


def test_the_locations_of_an_application_are_listed(bandwidth: Server, dashboard: Dashboard) -> None:
    one = "<AssociatedSipPeer><SiteId>743</SiteId><PeerId>561</PeerId></AssociatedSipPeer>"
    bandwidth.respond_with(
        Response(
            200,
            f"<AssociatedSipPeersResponse><AssociatedSipPeers>{one}</AssociatedSipPeers></AssociatedSipPeersResponse>",
        )
    )
    assert dashboard.list_application_locations("a-1") == {"561"}
    assert bandwidth.only_request.path == "/accounts/9500149/applications/a-1/associatedsippeers"
    bandwidth.respond_with(Response(404))

    assert dashboard.list_application_locations("a-1") == set()


# Disconnecting


def order(inside: str, status: int = 200) -> Response:
    root = "DisconnectTelephoneNumberOrderResponse"
    return Response(status, f"<{root}>{inside}</{root}>")


def error(code: str, words: str, number: str = "") -> str:
    of = f"<TelephoneNumber>{number}</TelephoneNumber>" if number else ""
    return f"<Error><Code>{code}</Code><Description>{words}</Description>{of}</Error>"


def failure(number: str, code: str | None, reason: str) -> Failure:
    return {"number": number, "code": code, "reason": reason}


def test_a_disconnect_order_has_ten_digit_numbers_and_the_customer_order_id(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    bandwidth.respond_with(
        order("<orderRequest><id>d-1</id></orderRequest><OrderStatus>RECEIVED</OrderStatus>", 201)
    )

    assert dashboard.disconnect(customer_order_id="release-1", numbers=[ONE, TWO]) == "d-1"
    assert bandwidth.only_request.path == "/accounts/9500149/disconnects"
    assert bandwidth.only_request.body.decode().partition("?>")[2].strip() == (
        "<DisconnectTelephoneNumberOrder><CustomerOrderId>release-1</CustomerOrderId>"
        "<DisconnectTelephoneNumberOrderType><TelephoneNumberList>"
        "<TelephoneNumber>9195551201</TelephoneNumber><TelephoneNumber>9195551202</TelephoneNumber>"
        "</TelephoneNumberList><Protected>UNCHANGED</Protected></DisconnectTelephoneNumberOrderType>"
        "</DisconnectTelephoneNumberOrder>"
    )


def test_a_disconnect_without_a_response_has_an_unknown_outcome(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    bandwidth.respond_with(Response(lost=True))
    with pytest.raises(BandwidthOutcomeUnknown):
        dashboard.disconnect(customer_order_id="release-1", numbers=[ONE])


def status(bandwidth: Server, dashboard: Dashboard, inside: str) -> OrderStatus:
    bandwidth.respond_with(order(inside))
    return dashboard.disconnect_status("d-1", [ONE, TWO, THREE])


def test_a_complete_order_has_disconnected_all_requested_numbers(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    outcome = status(bandwidth, dashboard, "<ErrorList/><OrderStatus>COMPLETE</OrderStatus>")
    assert outcome == OrderStatus("COMPLETE", (ONE, TWO, THREE))
    assert bandwidth.only_request.path == "/accounts/9500149/disconnects/d-1"


def test_a_partial_order_reports_each_number(bandwidth: Server, dashboard: Dashboard) -> None:
    outcome = status(
        bandwidth,
        dashboard,
        "<DisconnectedTelephoneNumberList><TelephoneNumber>9195551202</TelephoneNumber>"
        f"</DisconnectedTelephoneNumberList><ErrorList>{error('5006', 'not yours', '9195551201')}</ErrorList>"
        "<OrderStatus>PARTIAL</OrderStatus>",
    )
    assert outcome == OrderStatus(
        "PARTIAL", (TWO,), (failure(ONE, "5006", "not yours"), failure(THREE, None, "no reason given"))
    )


def test_numbers_without_an_error_have_the_error_of_the_failed_order(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    outcome = status(
        bandwidth,
        dashboard,
        f"<ErrorList>{error('5012', 'The account is locked')}{error('5006', 'not yours', '9195551202')}"
        "</ErrorList><OrderStatus>FAILED</OrderStatus>",
    )
    locked = "The account is locked"

    assert outcome.failures == (
        failure(ONE, "5012", locked),
        failure(TWO, "5006", "not yours"),
        failure(THREE, "5012", locked),
    )
    assert outcome.completed == ()


@pytest.mark.parametrize("word", ["RECEIVED", "PROCESSING", "A_NEW_WORD"])
def test_every_other_status_means_in_progress(bandwidth: Server, dashboard: Dashboard, word: str) -> None:
    outcome = status(bandwidth, dashboard, f"<OrderStatus>{word}</OrderStatus>")
    assert (outcome, outcome.ended_as) == (OrderStatus(word), None)


def test_an_order_that_is_not_found_yet_is_in_progress(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(Response(404))
    assert dashboard.disconnect_status("d-1", [ONE]).ended_as is None


def test_a_response_without_a_status_is_garbled(bandwidth: Server, dashboard: Dashboard) -> None:
    with pytest.raises(BandwidthGarbled, match="OrderStatus"):
        status(bandwidth, dashboard, "<orderRequest/>")


def entry(order_id: str, at: str, customer_order_id: str = "") -> str:
    named = f"<CustomerOrderId>{customer_order_id}</CustomerOrderId>" if customer_order_id else ""
    return (
        f"<OrderIdUserIdDate>{named}<OrderId>{order_id}</OrderId><OrderType>disconnect</OrderType>"
        f"<OrderDate>{at}</OrderDate></OrderIdUserIdDate>"
    )


def wrapped(*entries: str) -> Response:
    inside = f"<ListOrderIdUserIdDate>{''.join(entries)}</ListOrderIdUserIdDate>"
    return Response(200, f"<ResponseSelectWrapper>{inside}</ResponseSelectWrapper>")


def requested(customer_order_id: str) -> Response:
    return order(
        f"<ErrorList>{error('5006', 'not yours', '9195551201')}</ErrorList>"
        f"<orderRequest><CustomerOrderId>{customer_order_id}</CustomerOrderId></orderRequest>"
    )


def test_an_order_is_found_in_a_list_without_customer_order_ids(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    bandwidth.respond_with(
        wrapped(entry("d-1", "2026-01-10T17-34-15.797Z"), entry("d-2", "2026-01-12T17-34-15.797Z")),
        requested("somebody else's"),
        requested("release-1"),
    )
    assert dashboard.find_disconnect("release-1") == "d-1"
    assert [each.path.rpartition("/")[2] for each in bandwidth.requests[1:]] == ["d-2", "d-1"]


def test_an_order_with_another_customer_order_id_is_not_matched(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    bandwidth.respond_with(wrapped(entry("d-1", "2026-01-10T17-34-15.797Z")), requested("somebody else's"))
    assert dashboard.find_disconnect("release-1") is None


def test_a_list_with_customer_order_ids_needs_no_further_requests(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    bandwidth.respond_with(
        wrapped(
            entry("d-1", "2026-01-10T17-34-15.797Z", "release-1"),
            entry("d-2", "2026-01-12T17-34-15.797Z", "other"),
        )
    )
    assert dashboard.find_disconnect("release-1") == "d-1"
    assert len(bandwidth.requests) == 1


def test_a_404_is_an_account_without_disconnect_orders(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(Response(404, "<Links><first>Link description</first></Links>"))
    assert dashboard.find_disconnect("release-1") is None


def test_only_orders_since_the_first_attempt_are_read(bandwidth: Server, dashboard: Dashboard) -> None:
    entries = [entry(f"d-{day}", f"2026-01-{day:02}T17-34-15.797Z") for day in range(1, 31)]
    bandwidth.respond_with(wrapped(*entries), requested("somebody else's"))

    found = dashboard.find_disconnect("release-1", placed_after="2026-01-29T17:39:00.000Z")

    assert found is None

    read_ids = [request.path.rpartition("/")[2] for request in bandwidth.requests[1:]]
    assert read_ids == ["d-30", "d-29"]


def test_the_look_up_of_a_disconnect_order_ends_in_time(
    bandwidth: Server, dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr(disconnect_orders, "monotonic", lambda: next(clock))
    entries = [entry(f"d-{day}", f"2026-01-{day:02}T17-34-15.797Z") for day in range(1, 31)]
    bandwidth.respond_with(wrapped(*entries), requested("another release"))

    assert dashboard.find_disconnect("release-1") is None
    assert len(bandwidth.requests) == 1 + 2
    assert bandwidth.requests[1].path.endswith("/d-30")
