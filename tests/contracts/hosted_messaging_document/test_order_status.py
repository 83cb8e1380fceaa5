"""Step 2, Get Status: each status of an import request that the document lists."""

from bandwidth_messaging.bandwidth.dashboard import Dashboard
from bandwidth_messaging.domain.orders import Failure, OrderStatus
from tests.contracts.hosted_messaging_document.document import (
    DASHBOARD,
    NUMBERS,
    ORDER,
    basic_authorization,
    printed_example,
)
from tests.http_server import Response, Server


def check_status(bandwidth: Server, dashboard: Dashboard, body: str) -> OrderStatus:
    bandwidth.respond_with(Response(200, body))
    return dashboard.import_status(ORDER, NUMBERS)


def with_status(word: str) -> str:
    """Return the printed response with another status."""
    body = printed_example("get_status.complete").body
    assert body.count("<ProcessingStatus>COMPLETE<") == 1
    return body.replace(">COMPLETE<", f">{word}<")


def with_errors(word: str) -> str:
    """Return the printed response that has errors with another status."""
    body = printed_example("get_status.partial").body
    assert body.count("<ProcessingStatus>PARTIAL<") == 1
    return body.replace(">PARTIAL<", f">{word}<")


def failure(number: str | None) -> Failure:
    """Return the failure of a number as the document prints it."""
    return {"number": number, "code": "[int]", "reason": "[string]"}


def test_the_status_is_requested_as_the_document_prints_it(bandwidth: Server, dashboard: Dashboard) -> None:
    check_status(bandwidth, dashboard, with_status("COMPLETE"))

    request, expected = bandwidth.only_request, printed_example("get_status.request")
    # The document puts the id between < and >.
    assert (request.method, request.path) == (expected.method, expected.url.replace("<", "").replace(">", ""))
    assert request.headers["Authorization"] == basic_authorization(DASHBOARD)
    assert request.body == b""


def test_the_response_to_an_import_request_contains_a_status(bandwidth: Server, dashboard: Dashboard) -> None:
    body = printed_example("create_import_request.response").body
    assert check_status(bandwidth, dashboard, body) == OrderStatus("RECEIVED")


class TestStatuses:
    def test_received(self, bandwidth: Server, dashboard: Dashboard) -> None:
        status = check_status(bandwidth, dashboard, with_status("RECEIVED"))
        assert (status, status.ended_as) == (OrderStatus("RECEIVED"), None)

    def test_processing(self, bandwidth: Server, dashboard: Dashboard) -> None:
        status = check_status(bandwidth, dashboard, with_status("PROCESSING"))
        assert (status, status.ended_as) == (OrderStatus("PROCESSING"), None)

    def test_complete(self, bandwidth: Server, dashboard: Dashboard) -> None:
        status = check_status(bandwidth, dashboard, printed_example("get_status.complete").body)
        assert status == OrderStatus("COMPLETE", completed=tuple(NUMBERS), failures=())
        assert status.ended_as == "completed"

    def test_partial(self, bandwidth: Server, dashboard: Dashboard) -> None:
        status = check_status(bandwidth, dashboard, printed_example("get_status.partial").body)
        failed, *others = NUMBERS
        assert status == OrderStatus("PARTIAL", completed=tuple(others), failures=(failure(failed),))
        assert status.ended_as == "partial"

    def test_failed(self, bandwidth: Server, dashboard: Dashboard) -> None:
        status = check_status(bandwidth, dashboard, with_errors("FAILED"))
        failed, *others = NUMBERS
        unexplained = [Failure(number=number, code=None, reason="no reason given") for number in others]

        assert status == OrderStatus("FAILED", completed=(), failures=(failure(failed), *unexplained))
        assert status.ended_as == "failed"
