"""Requests that send a letter of authorization and check for one, in the current account API."""

import pytest

from bandwidth_messaging.bandwidth.dashboard_current import DashboardCurrent
from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from tests.contracts.current_wire.wire import path_below_account
from tests.http_server import Response, Server


def test_a_letter_is_sent_as_bytes_with_its_media_type(
    bandwidth: Server, dashboard: DashboardCurrent, version: str
) -> None:
    uploaded = "<filename>order-1-1.pdf</filename><resultCode>0</resultCode>"
    bandwidth.respond_with(Response(201, f"<fileUploadResponse>{uploaded}</fileUploadResponse>"))

    dashboard.send_letter("order-1", b"%PDF-1.7 signed", "application/pdf")

    assert (
        path_below_account(bandwidth, version)
        == f"{dashboard.import_paths['IMPORT']}/order-1/loas?documentType=LOA"
    )
    assert (bandwidth.only_request.method, bandwidth.only_request.body) == ("POST", b"%PDF-1.7 signed")
    assert bandwidth.only_request.headers["Content-Type"] == "application/pdf"


def test_a_letter_rejected_inside_a_201_response_is_an_error(
    bandwidth: Server, dashboard: DashboardCurrent
) -> None:
    result = "<resultCode>5151</resultCode><resultMessage>No right.</resultMessage>"
    bandwidth.respond_with(Response(201, f"<fileUploadResponse>{result}</fileUploadResponse>"))
    with pytest.raises(BandwidthRejected, match="5151 No right"):
        dashboard.send_letter("order-1", b"%PDF", "application/pdf")


@pytest.mark.parametrize(("count", "has"), [("0", False), ("1", True)])
def test_the_list_of_files_shows_whether_a_letter_exists(
    bandwidth: Server, dashboard: DashboardCurrent, count: str, has: bool
) -> None:
    body = f"<fileListResponse><fileCount>{count}</fileCount><resultCode>0</resultCode></fileListResponse>"
    bandwidth.respond_with(Response(200, body))
    assert dashboard.has_letter("order-1") is has


def test_an_order_without_a_list_of_files_has_no_letter(
    bandwidth: Server, dashboard: DashboardCurrent
) -> None:
    bandwidth.respond_with(Response(404))
    assert dashboard.has_letter("order-1") is False
