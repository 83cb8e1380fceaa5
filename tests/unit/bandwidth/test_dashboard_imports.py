"""Import orders of the Dashboard API: both published shapes, and the outcome of each requested number."""

from collections.abc import Callable, Sequence
from urllib.parse import parse_qsl, urlsplit

import pytest

from bandwidth_messaging.bandwidth.dashboard import Dashboard
from bandwidth_messaging.bandwidth.errors import BandwidthGarbled, BandwidthRejected, BandwidthUnavailable
from bandwidth_messaging.domain.orders import Failure, OrderStatus
from tests.http_server import Response, Server

Shape = Callable[..., str]

DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
FIRST, SECOND, THIRD = NUMBERS = ("+19199918388", "+14158714245", "+14352154439")
REQUEST = "<SiteId>743</SiteId><SipPeerId>303716</SipPeerId><Action>IMPORT</Action>"


def listed(numbers: Sequence[str]) -> str:
    inside = "".join(f"<TelephoneNumber>{each.removeprefix('+1')}</TelephoneNumber>" for each in numbers)
    return f"<TelephoneNumbers>{inside}</TelephoneNumbers>"


def error(code: str | None, words: str | None, *numbers: str) -> str:
    """Return an error about numbers, or about the order if there are none."""
    elements = f"<Code>{code}</Code>" if code else ""
    elements += f"<Description>{words}</Description>" if words else ""
    return f"<Error>{elements}{listed(numbers) if numbers else ''}</Error>"


def document(status: str, numbers: Sequence[str] = NUMBERS, *errors: str) -> str:
    """Return an order as documented: the request in Order, and Errors next to it if there are any."""
    beside = f"<Errors>{''.join(errors)}</Errors>" if errors else ""
    return f"""<ExternalTnsOrder>
      <OrderCreateDate>2016-01-15T11:36:52.727Z</OrderCreateDate><AccountId>1</AccountId>
      <CreatedByUser>jbm</CreatedByUser><OrderId>order-1</OrderId>
      <ProcessingStatus>{status}</ProcessingStatus>
      <Order><CustomerOrderID>demo</CustomerOrderID>{REQUEST}{listed(numbers)}</Order>
      {beside}</ExternalTnsOrder>"""


def later(status: str, numbers: Sequence[str] = NUMBERS, *errors: str) -> str:
    """Return an order of the specification of 2023: all elements on one level, with Errors even if empty."""
    return f"""<ExternalTnsOrder>
      <OrderCreateDate>2023-01-15T11:36:52.727Z</OrderCreateDate><AccountId>1</AccountId>
      <CreatedByUser>jbm</CreatedByUser><OrderId>order-1</OrderId>
      <LastModifiedDate>2023-01-15T11:36:53.727Z</LastModifiedDate>
      <ProcessingStatus>{status}</ProcessingStatus><CustomerOrderId>demo</CustomerOrderId>{REQUEST}
      <LoaType>CARRIER</LoaType>{listed(numbers)}
      <Errors>{"".join(errors)}</Errors></ExternalTnsOrder>"""


def wrapped(status: str, numbers: Sequence[str] = NUMBERS, *errors: str) -> str:
    """Return the response to an order in the specification of 2023: one level deeper."""
    return f"<ExternalTnsOrderResponse>{later(status, numbers, *errors)}</ExternalTnsOrderResponse>"


every_shape = pytest.mark.parametrize("shape", [document, later, wrapped])


def status_of(bandwidth: Server, dashboard: Dashboard, body: str) -> OrderStatus:
    bandwidth.respond_with(Response(200, f"{DECLARATION}{body}"))
    return dashboard.import_status("order-1", NUMBERS)


def failure(number: str | None, code: str | None, reason: str) -> Failure:
    return {"number": number, "code": code, "reason": reason}


# Placing


def place(dashboard: Dashboard) -> str:
    return dashboard.create_import_request(
        customer_order_id="demo", site_id="743", sip_peer_id=None, action="REMOVE", numbers=NUMBERS
    )


@every_shape
def test_the_order_id_is_found_in_every_published_response(
    bandwidth: Server, dashboard: Dashboard, shape: Shape
) -> None:
    bandwidth.respond_with(Response(201, shape("RECEIVED")))
    assert place(dashboard) == "order-1"


def test_an_order_of_5000_numbers_is_one_request(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(Response(201, document("RECEIVED")))
    numbers = [f"+1919555{each:04}" for each in range(5000)]

    dashboard.create_import_request(
        customer_order_id="demo", site_id="743", sip_peer_id="561", action="IMPORT", numbers=numbers
    )

    body = bandwidth.only_request.body.decode()
    assert body.count("<TelephoneNumber>") == 5000
    assert "<TelephoneNumber>9195550000</TelephoneNumber><TelephoneNumber>9195550001</Te" in body


# Status


@every_shape
@pytest.mark.parametrize(
    "word", ["RECEIVED", "PROCESSING", "SOMETHING_NEW", "COMPLETED", "complete", "EXCEPTION"]
)
def test_every_status_but_three_means_in_progress(
    bandwidth: Server, dashboard: Dashboard, shape: Shape, word: str
) -> None:
    status = status_of(bandwidth, dashboard, shape(word, NUMBERS, error("25090", "Not this one.", FIRST)))
    assert (status, status.ended_as) == (OrderStatus(word), None)


def test_an_import_that_is_not_found_yet_is_in_progress(bandwidth: Server, dashboard: Dashboard) -> None:
    words = "<ResponseStatus><Description>The resource does not exist</Description></ResponseStatus>"
    bandwidth.respond_with(Response(404, f"<ExternalTnsOrderResponse>{words}</ExternalTnsOrderResponse>"))

    status = dashboard.import_status("order-1", NUMBERS)

    assert (status, status.ended_as) == (OrderStatus("NOT_FOUND"), None)
    assert bandwidth.only_request.path == "/accounts/9500149/externalTns/order-1"


def test_a_response_without_a_status_is_garbled(bandwidth: Server, dashboard: Dashboard) -> None:
    with pytest.raises(BandwidthGarbled, match="ProcessingStatus"):
        status_of(bandwidth, dashboard, f"<ExternalTnsOrder>{listed(NUMBERS)}</ExternalTnsOrder>")


def test_a_poll_that_fails_is_repeated_later(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(Response(500))
    with pytest.raises(BandwidthUnavailable):
        dashboard.import_status("order-1", NUMBERS)


@every_shape
def test_complete_returns_the_requested_numbers_in_their_order(
    bandwidth: Server, dashboard: Dashboard, shape: Shape
) -> None:
    status = status_of(bandwidth, dashboard, shape("COMPLETE", [THIRD, FIRST, SECOND]))
    assert status == OrderStatus("COMPLETE", completed=NUMBERS, failures=())


@every_shape
@pytest.mark.parametrize("numbers", [NUMBERS, (SECOND, THIRD), ()], ids=["stays", "is gone", "no list"])
def test_a_failed_number_is_read_with_or_without_its_list_entry(
    bandwidth: Server, dashboard: Dashboard, shape: Shape, numbers: Sequence[str]
) -> None:
    status = status_of(bandwidth, dashboard, shape("PARTIAL", numbers, error("25080", "Cannot.", FIRST)))
    assert status == OrderStatus("PARTIAL", (SECOND, THIRD), (failure(FIRST, "25080", "Cannot."),))


@every_shape
def test_an_error_can_have_several_numbers_or_one(
    bandwidth: Server, dashboard: Dashboard, shape: Shape
) -> None:
    together = shape("PARTIAL", NUMBERS, error("25080", "Cannot.", FIRST, THIRD))
    apart = shape("PARTIAL", NUMBERS, error("25080", "Cannot.", THIRD), error("25080", "Cannot.", FIRST))

    expected = OrderStatus(
        "PARTIAL", (SECOND,), (failure(FIRST, "25080", "Cannot."), failure(THIRD, "25080", "Cannot."))
    )

    assert status_of(bandwidth, dashboard, together) == expected
    assert status_of(bandwidth, dashboard, apart) == expected


@every_shape
def test_an_error_without_a_number_explains_the_numbers_that_are_not_listed(
    bandwidth: Server, dashboard: Dashboard, shape: Shape
) -> None:
    status = status_of(bandwidth, dashboard, shape("PARTIAL", [SECOND], error("25080", "Cannot.")))
    assert status == OrderStatus(
        "PARTIAL", (SECOND,), (failure(FIRST, "25080", "Cannot."), failure(THIRD, "25080", "Cannot."))
    )


@every_shape
def test_an_unlisted_number_without_an_error_has_failed(
    bandwidth: Server, dashboard: Dashboard, shape: Shape
) -> None:
    status = status_of(bandwidth, dashboard, shape("PARTIAL", [SECOND, THIRD]))
    assert status == OrderStatus("PARTIAL", (SECOND, THIRD), (failure(FIRST, None, "no reason given"),))


@every_shape
def test_an_error_that_explains_no_number_is_the_first_error_of_the_order(
    bandwidth: Server, dashboard: Dashboard, shape: Shape
) -> None:
    errors = (error("25080", "Cannot.", FIRST), error("25010", "No permission."), error("25030", "Not all."))
    status = status_of(bandwidth, dashboard, shape("PARTIAL", NUMBERS, *errors))
    assert status == OrderStatus(
        "PARTIAL",
        (SECOND, THIRD),
        (
            failure(None, "25010", "No permission."),
            failure(None, "25030", "Not all."),
            failure(FIRST, "25080", "Cannot."),
        ),
    )


@every_shape
def test_an_error_of_a_number_that_was_not_requested_applies_to_the_order(
    bandwidth: Server, dashboard: Dashboard, shape: Shape
) -> None:
    status = status_of(
        bandwidth, dashboard, shape("PARTIAL", NUMBERS, error("25080", "Cannot.", "+19195550000"))
    )
    assert status == OrderStatus("PARTIAL", NUMBERS, (failure(None, "25080", "Cannot."),))


@every_shape
def test_failed_fails_every_number_with_its_own_error_or_that_of_the_order(
    bandwidth: Server, dashboard: Dashboard, shape: Shape
) -> None:
    errors = (error("25010", "No permission."), error("25080", "Cannot.", SECOND))
    status = status_of(bandwidth, dashboard, shape("FAILED", NUMBERS, *errors))
    assert status == OrderStatus(
        "FAILED",
        (),
        (
            failure(FIRST, "25010", "No permission."),
            failure(SECOND, "25080", "Cannot."),
            failure(THIRD, "25010", "No permission."),
        ),
    )


@every_shape
@pytest.mark.parametrize("numbers", [NUMBERS, ()])
def test_failed_without_an_error_fails_every_number_without_a_reason(
    bandwidth: Server, dashboard: Dashboard, shape: Shape, numbers: Sequence[str]
) -> None:
    status = status_of(bandwidth, dashboard, shape("FAILED", numbers))
    assert status == OrderStatus(
        "FAILED", (), tuple(failure(each, None, "no reason given") for each in NUMBERS)
    )


@every_shape
@pytest.mark.parametrize(("code", "words"), [("25080", None), (None, "Cannot.")])
def test_an_error_with_only_a_code_or_a_description_is_a_reason(
    bandwidth: Server, dashboard: Dashboard, shape: Shape, code: str | None, words: str | None
) -> None:
    status = status_of(bandwidth, dashboard, shape("PARTIAL", NUMBERS, error(code, words, FIRST)))
    assert status.failures == (failure(FIRST, code, words or "no reason given"),)


def test_numbers_of_the_newer_account_api_are_e164_already(bandwidth: Server, dashboard: Dashboard) -> None:
    body = later("PARTIAL", NUMBERS, error("25080", "Cannot.", FIRST))
    for number in NUMBERS:
        body = body.replace(f">{number.removeprefix('+1')}<", f">{number}<")
    assert status_of(bandwidth, dashboard, body).completed == (SECOND, THIRD)


def test_an_order_of_5000_numbers_with_2500_failures_is_read_quickly(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    numbers = [f"+1919555{each:04}" for each in range(5000)]
    body = document("PARTIAL", numbers, *(error("25080", "Cannot.", each) for each in numbers[::2]))
    bandwidth.respond_with(Response(200, body))

    status = dashboard.import_status("order-1", numbers)

    assert status.completed == tuple(numbers[1::2])
    assert [each["number"] for each in status.failures] == numbers[::2]


@pytest.mark.parametrize("shape", [document, later])
def test_a_complete_import_with_unexplained_missing_numbers_has_not_ended(
    bandwidth: Server, dashboard: Dashboard, shape: Shape
) -> None:
    bandwidth.respond_with(Response(200, shape("COMPLETE", [FIRST])))

    status = dashboard.import_status("order-1", [FIRST, SECOND])

    assert (status.status, status.ended_as, status.is_incomplete) == ("COMPLETE", None, True)
    assert not dashboard.import_status("order-1", [FIRST]).is_incomplete


@pytest.mark.parametrize("shape", [document, later])
def test_an_import_that_lists_no_numbers_is_complete_for_all(
    bandwidth: Server, dashboard: Dashboard, shape: Shape
) -> None:
    bandwidth.respond_with(Response(200, shape("COMPLETE", [])))
    status = dashboard.import_status("order-1", [FIRST, SECOND])
    assert (status.ended_as, status.completed) == ("completed", (FIRST, SECOND))


# Looking up


def orders(*found: str) -> Response:
    total = f"<TotalCount>{len(found)}</TotalCount>"
    return Response(200, f"{DECLARATION}<ExternalTnsOrders>{total}{''.join(found)}</ExternalTnsOrders>")


@pytest.mark.parametrize("shape", [document, later])
@pytest.mark.parametrize("status", ["RECEIVED", "COMPLETE"])
def test_an_import_is_found_by_its_customer_order_id_in_both_spellings(
    bandwidth: Server, dashboard: Dashboard, shape: Shape, status: str
) -> None:
    bandwidth.respond_with(orders(shape(status)))
    assert dashboard.find_import_request("demo") == "order-1"

    asked = urlsplit(bandwidth.only_request.path)
    assert asked.path == "/accounts/9500149/externalTns"
    assert parse_qsl(asked.query) == [("customerOrderId", "demo")]


@pytest.mark.parametrize("shape", [document, later])
@pytest.mark.parametrize("status", ["PARTIAL", "FAILED"])
def test_an_import_with_errors_of_its_own_is_found(
    bandwidth: Server, dashboard: Dashboard, shape: Shape, status: str
) -> None:
    bandwidth.respond_with(
        orders(shape(status, [SECOND], error("25080", "Cannot.", FIRST), error("25010", "No.")))
    )
    assert dashboard.find_import_request("demo") == "order-1"


@pytest.mark.parametrize("shape", [document, later])
def test_an_import_with_another_customer_order_id_is_not_matched(
    bandwidth: Server, dashboard: Dashboard, shape: Shape
) -> None:
    bandwidth.respond_with(orders(shape("RECEIVED")))
    assert dashboard.find_import_request("dem") is None


@pytest.mark.parametrize("shape", [document, later])
def test_an_import_that_is_listed_without_its_customer_order_id_is_read(
    bandwidth: Server, dashboard: Dashboard, shape: Shape
) -> None:
    listed = orders("<ExternalTnsOrder><OrderId>order-1</OrderId></ExternalTnsOrder>")
    bandwidth.respond_with(listed, Response(200, shape("RECEIVED")))

    assert dashboard.find_import_request("demo") == "order-1"
    assert bandwidth.requests[1].path == "/accounts/9500149/externalTns/order-1"
    assert dashboard.find_import_request("another") is None


def test_a_404_is_an_empty_list_of_imports(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(Response(404, "<ExternalTnsOrdersError/>"))
    assert dashboard.find_import_request("demo") is None


@pytest.mark.parametrize("answer", [orders(), Response(200, "<ExternalTnsOrders/>")])
def test_an_import_that_bandwidth_does_not_list_is_none(
    bandwidth: Server, dashboard: Dashboard, answer: Response
) -> None:
    bandwidth.respond_with(answer)
    assert dashboard.find_import_request("demo") is None


def test_several_imports_with_one_customer_order_id_are_rejected(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    bandwidth.respond_with(orders(document("COMPLETE"), later("RECEIVED").replace("order-1", "order-2")))
    with pytest.raises(BandwidthRejected, match="2 orders carry the CustomerOrderId demo"):
        dashboard.find_import_request("demo")


def test_an_import_that_is_listed_twice_counts_once(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(orders(document("RECEIVED"), later("RECEIVED")))
    assert dashboard.find_import_request("demo") == "order-1"
