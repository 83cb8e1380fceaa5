"""Step 4, Import Number: the request as the document prints it."""

import json
from typing import Any

import pytest

from bandwidth_messaging.bandwidth.catapult import Catapult
from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from tests.contracts.hosted_messaging_document.document import (
    ACCOUNT,
    APPLICATION,
    DASHBOARD,
    assert_is_catapult_request,
    list_fields,
    printed_example,
    printed_response,
)
from tests.http_server import Response, Server


def import_number(catapult: Catapult, number: str = "+14352154439") -> str:
    return catapult.import_number(number, APPLICATION, account_id=ACCOUNT, dashboard=DASHBOARD)


def test_a_number_is_imported_as_the_document_prints_it(bandwidth: Server, catapult: Catapult) -> None:
    bandwidth.respond_with(printed_response("import_numbers.response"))
    import_number(catapult)

    expected = printed_example("import_numbers.request")
    assert_is_catapult_request(bandwidth.only_request, expected)
    assert list_fields(bandwidth.only_request.body) == list_fields(expected.body)


def test_the_number_id_comes_from_the_absolute_location(bandwidth: Server, catapult: Catapult) -> None:
    assert printed_example("import_numbers.response").headers["Location"].startswith("https://")
    bandwidth.respond_with(printed_response("import_numbers.response"))
    assert import_number(catapult) == "n-id3x6rblp4jrkih2u7zxjdy"


class TestParametersOfAnImport:
    @pytest.fixture
    def sent(self, bandwidth: Server, catapult: Catapult) -> dict[str, Any]:
        bandwidth.respond_with(printed_response("import_numbers.response"))
        import_number(catapult)
        body: dict[str, Any] = json.loads(bandwidth.only_request.body)
        return body

    @pytest.fixture
    def properties(self, sent: dict[str, Any]) -> dict[str, Any]:
        properties: dict[str, Any] = sent["provider"]["properties"]
        return properties

    def test_number(self, sent: dict[str, Any]) -> None:
        # The document's table has Number. Its example has number.
        assert sent["number"] == "+14352154439"
        assert "Number" not in sent

    def test_application_id(self, sent: dict[str, Any]) -> None:
        assert sent["applicationId"] == APPLICATION

    def test_provider_name(self, sent: dict[str, Any]) -> None:
        assert sent["provider"]["providerName"] == "bandwidth-dashboard"

    def test_account_id(self, properties: dict[str, Any]) -> None:
        assert properties["accountId"] == ACCOUNT

    def test_user_name(self, properties: dict[str, Any]) -> None:
        assert properties["userName"] == DASHBOARD.username

    def test_password(self, bandwidth: Server, catapult: Catapult, properties: dict[str, Any]) -> None:
        assert properties["password"] == DASHBOARD.password

        request = bandwidth.only_request
        assert bytes(request.body).count(DASHBOARD.password.encode()) == 1
        assert DASHBOARD.password not in f"{request.path} {request.headers} {DASHBOARD!r} {vars(catapult)}"

        bandwidth.respond_with(Response(400, json.dumps({"code": "validation-error", "message": "Wrong."})))
        with pytest.raises(BandwidthRejected) as raised:
            import_number(catapult)
        assert DASHBOARD.password not in f"{raised.value!s} {vars(raised.value)}"
