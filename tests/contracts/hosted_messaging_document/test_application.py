"""Step 3, Create Application: the request as the document prints it."""

from typing import Any

import pytest

from bandwidth_messaging.bandwidth.catapult import Catapult
from tests.contracts.hosted_messaging_document.document import (
    APPLICATION,
    CALLBACK,
    URL,
    URL_WITH_CREDENTIALS,
    assert_is_catapult_request,
    list_fields,
    printed_example,
    printed_response,
)
from tests.http_server import Server


def create_application(catapult: Catapult, http_method: str = "POST", **options: int) -> str:
    return catapult.create_application("MyFirstApp", URL, CALLBACK, http_method=http_method, **options)


def test_the_request_is_the_printed_one_with_credentials_timeout_and_fallback_url(
    bandwidth: Server, catapult: Catapult
) -> None:
    bandwidth.respond_with(printed_response("create_application.response"))
    create_application(catapult)

    expected = printed_example("create_application.request")
    assert_is_catapult_request(bandwidth.only_request, expected)
    sent = list_fields(bandwidth.only_request.body)
    added = [
        ("incomingMessageUrlCallbackTimeout", 10_000),
        ("incomingMessageFallbackUrl", URL_WITH_CREDENTIALS),
    ]
    assert [field for field in sent if field in added] == added
    assert [field for field in sent if field not in added] == [
        (name, URL_WITH_CREDENTIALS if name == "incomingMessageUrl" else value)
        for name, value in list_fields(expected.body)
    ]


def test_the_application_id_comes_from_the_relative_location(bandwidth: Server, catapult: Catapult) -> None:
    assert printed_example("create_application.response").headers["Location"].startswith("/")
    bandwidth.respond_with(printed_response("create_application.response"))
    assert create_application(catapult) == APPLICATION


class TestParametersOfAnApplication:
    @pytest.fixture(autouse=True)
    def _answered(self, bandwidth: Server) -> None:
        bandwidth.respond_with(printed_response("create_application.response"))

    def sent(self, bandwidth: Server, name: str) -> Any:
        return dict(list_fields(bandwidth.only_request.body))[name]

    def test_name(self, bandwidth: Server, catapult: Catapult) -> None:
        create_application(catapult)
        assert self.sent(bandwidth, "name") == "MyFirstApp"

    def test_incoming_message_url(self, bandwidth: Server, catapult: Catapult) -> None:
        create_application(catapult)
        assert self.sent(bandwidth, "incomingMessageUrl") == URL_WITH_CREDENTIALS

    def test_incoming_message_url_callback_timeout(self, bandwidth: Server, catapult: Catapult) -> None:
        create_application(catapult, timeout_milliseconds=2500)
        assert self.sent(bandwidth, "incomingMessageUrlCallbackTimeout") == 2500

    def test_incoming_message_fallback_url(self, bandwidth: Server, catapult: Catapult) -> None:
        create_application(catapult)
        assert self.sent(bandwidth, "incomingMessageFallbackUrl") == URL_WITH_CREDENTIALS

    @pytest.mark.parametrize("value", ["POST", "GET"])
    def test_callback_http_method(self, bandwidth: Server, catapult: Catapult, value: str) -> None:
        create_application(catapult, value)
        assert self.sent(bandwidth, "callbackHttpMethod") == value
