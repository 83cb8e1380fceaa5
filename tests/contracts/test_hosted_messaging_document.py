"""What goes over the wire is what "Hosted Messaging" prints, and what it prints is understood."""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any, get_args
from urllib.parse import parse_qs

import pytest

from bandwidth_messaging.bandwidth.callbacks import parse_v1, parse_v1_query
from bandwidth_messaging.bandwidth.catapult import Catapult
from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.dashboard import Dashboard
from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.bandwidth.messaging import AcceptedMessage
from bandwidth_messaging.domain.messages import Message, MessageState
from bandwidth_messaging.domain.orders import Action, Failure, OrderStatus
from tests.documents.examples import Example, example, outline, tables
from tests.http_server import Answer, Asked, Server, serving

# "9999999", "wileCoyote" and "catchThatBird" are the example's own.
ACCOUNT, USER, ORDER = "9999999", "u-123", "65e03a35-6b97-48a5-8126-f47bad02df2a"
DASHBOARD = BasicCredentials("wileCoyote", "catchThatBird")
CATAPULT = BasicCredentials("t-token", "messaging-secret")
CALLBACK = BasicCredentials("bandwidth", "p:ss/word@1")
APPLICATION, MESSAGE = "a-yr3jpxasdfh5xh5e35saoi", "m-asdf"
URL, URL_WITH_CREDENTIALS = (
    "http://example.com/messages.php",
    "http://bandwidth:p%3Ass%2Fword%401@example.com/messages.php",
)
PLACEHOLDERS = {
    "accountId": ACCOUNT,
    "userId": USER,
    "UserId": USER,
    "OrderId": ORDER,
    "applicationId": APPLICATION,
    "appId": APPLICATION,
    "messageId": MESSAGE,
    "toNumber": "+19195551213",
}
NUMBERS = ["+19199918388", "+14158714245", "+14352154439", "+14352154466"]
CATAPULT_URL = "https://api.catapult.inetwork.com/v1"
OUT = "out_0f8fad5bd9cb469fa16570867728950e"


@pytest.fixture
def bandwidth() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def dashboard(bandwidth: Server) -> Dashboard:
    return Dashboard(bandwidth.url, ACCOUNT, DASHBOARD)


@pytest.fixture
def catapult(bandwidth: Server) -> Catapult:
    return Catapult(bandwidth.url, USER, CATAPULT)


def printed(name: str) -> Example:
    return example(f"hosted_messaging/{name}", **PLACEHOLDERS)


def answer(name: str, status: int | None = None) -> Answer:
    """Return a printed answer; the XML ones are printed without a head, and so without a status."""
    shown = printed(name)
    return Answer(status or shown.status, shown.body, dict(shown.headers.items()))


def basic(credentials: BasicCredentials) -> str:
    user_and_password = f"{credentials.username}:{credentials.password}"
    return f"Basic {base64.b64encode(user_and_password.encode()).decode()}"


def fields(body: str | bytes) -> list[tuple[str, Any]]:
    """Return the fields of a JSON object in their order, those of the objects inside alike."""
    ordered: list[tuple[str, Any]] = json.loads(body, object_pairs_hook=list)
    return [(name, tuple(value) if isinstance(value, list) else value) for name, value in ordered]


def assert_catapult_was_asked(asked: Asked, shown: Example) -> None:
    """The document prints method and URL; how to log in and what JSON is called are HTTP's own."""
    assert (asked.method, CATAPULT_URL + asked.path) == (shown.method, shown.url)
    assert asked.headers["Authorization"] == basic(CATAPULT)
    assert asked.headers["Content-Type"] == "application/json; charset=utf-8"


# Step 1: Create Import Request


def order_import(dashboard: Dashboard, action: Action = "IMPORT", sip_peer_id: str | None = "303716") -> str:
    return dashboard.create_import_request(
        customer_order_id="ICPA123ABC",
        site_id="743",
        sip_peer_id=sip_peer_id,
        action=action,
        numbers=NUMBERS,
    )


def printed_import(action: str = "IMPORT") -> list[tuple[int, str, str]]:
    """Return the printed request; of the two actions it prints between brackets, one is chosen."""
    rows = outline(printed("create_import_request.request").body)
    assert (1, "Action", "[ IMPORT | REMOVE ]") in rows
    return [(depth, name, action if name == "Action" else text) for depth, name, text in rows]


@pytest.mark.parametrize("action", ["IMPORT", "REMOVE"])
def test_an_import_request_is_sent_as_the_document_prints_it(
    bandwidth: Server, dashboard: Dashboard, action: Action
) -> None:
    bandwidth.answers(answer("create_import_request.response", 201))
    order_import(dashboard, action)
    asked, shown = bandwidth.only, printed("create_import_request.request")
    assert (asked.method, asked.path) == (shown.method, shown.url)
    assert asked.headers["Authorization"] == basic(DASHBOARD)
    assert asked.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert outline(asked.body) == printed_import(action)
    assert asked.body.split(b"\n")[0].replace(b"'", b'"').decode() == shown.body.splitlines()[0]


@pytest.mark.parametrize("action", ["IMPORT", "REMOVE"])
def test_without_a_location_its_element_is_left_out_and_nothing_else(
    bandwidth: Server, dashboard: Dashboard, action: Action
) -> None:
    bandwidth.answers(answer("create_import_request.response", 201))
    order_import(dashboard, action, sip_peer_id=None)
    assert outline(bandwidth.only.body) == [row for row in printed_import(action) if row[1] != "SipPeerId"]


def test_the_order_id_comes_from_the_body(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.answers(answer("create_import_request.response", 201))
    assert order_import(dashboard) == ORDER


class TestParametersOfAnImportRequest:
    @pytest.fixture(autouse=True)
    def _answered(self, bandwidth: Server) -> None:
        bandwidth.answers(answer("create_import_request.response", 201))

    def sent(self, bandwidth: Server, name: str) -> list[str]:
        return [text for _, element, text in outline(bandwidth.only.body) if element == name]

    def test_customer_order_id(self, bandwidth: Server, dashboard: Dashboard) -> None:
        order_import(dashboard)
        assert self.sent(bandwidth, "CustomerOrderID") == ["ICPA123ABC"]
        # Other resources, and later specifications of this one, spell it so.
        assert self.sent(bandwidth, "CustomerOrderId") == []

    def test_site_id(self, bandwidth: Server, dashboard: Dashboard) -> None:
        order_import(dashboard)
        assert self.sent(bandwidth, "SiteId") == ["743"]

    @pytest.mark.parametrize("given", ["303716", None])
    def test_sip_peer_id(self, bandwidth: Server, dashboard: Dashboard, given: str | None) -> None:
        order_import(dashboard, sip_peer_id=given)
        assert self.sent(bandwidth, "SipPeerId") == ([given] if given else [])

    @pytest.mark.parametrize("given", get_args(Action))
    def test_action(self, bandwidth: Server, dashboard: Dashboard, given: Action) -> None:
        order_import(dashboard, given)
        assert self.sent(bandwidth, "Action") == [given]
        assert printed_import(f"[ {' | '.join(get_args(Action))} ]") == outline(
            printed("create_import_request.request").body
        )


# Step 2: Get Status


def status_of(bandwidth: Server, dashboard: Dashboard, body: str) -> OrderStatus:
    bandwidth.answers(Answer(200, body))
    return dashboard.import_status(ORDER, NUMBERS)


def with_status(word: str) -> str:
    """Return the printed answer with another status."""
    body = printed("get_status.complete").body
    assert body.count("<ProcessingStatus>COMPLETE<") == 1
    return body.replace(">COMPLETE<", f">{word}<")


def with_errors(word: str) -> str:
    """Return the printed answer that has errors, with another status."""
    body = printed("get_status.partial").body
    assert body.count("<ProcessingStatus>PARTIAL<") == 1
    return body.replace(">PARTIAL<", f">{word}<")


def failure(number: str | None) -> Failure:
    """Return what the document prints of a number that failed."""
    return {"number": number, "code": "[int]", "reason": "[string]"}


def test_the_status_is_requested_as_the_document_prints_it(bandwidth: Server, dashboard: Dashboard) -> None:
    status_of(bandwidth, dashboard, with_status("COMPLETE"))
    asked, shown = bandwidth.only, printed("get_status.request")
    # The document puts the id between < and >.
    assert (asked.method, asked.path) == (shown.method, shown.url.replace("<", "").replace(">", ""))
    assert asked.headers["Authorization"] == basic(DASHBOARD)
    assert asked.body == b""


def test_the_response_to_the_request_has_a_status(bandwidth: Server, dashboard: Dashboard) -> None:
    body = printed("create_import_request.response").body
    assert status_of(bandwidth, dashboard, body) == OrderStatus("RECEIVED")


class TestStatuses:
    def test_received(self, bandwidth: Server, dashboard: Dashboard) -> None:
        status = status_of(bandwidth, dashboard, with_status("RECEIVED"))
        assert (status, status.ended_as) == (OrderStatus("RECEIVED"), None)

    def test_processing(self, bandwidth: Server, dashboard: Dashboard) -> None:
        status = status_of(bandwidth, dashboard, with_status("PROCESSING"))
        assert (status, status.ended_as) == (OrderStatus("PROCESSING"), None)

    def test_complete(self, bandwidth: Server, dashboard: Dashboard) -> None:
        status = status_of(bandwidth, dashboard, printed("get_status.complete").body)
        assert status == OrderStatus("COMPLETE", completed=tuple(NUMBERS), failures=())
        assert status.ended_as == "completed"

    def test_partial(self, bandwidth: Server, dashboard: Dashboard) -> None:
        status = status_of(bandwidth, dashboard, printed("get_status.partial").body)
        failed, *others = NUMBERS
        assert status == OrderStatus("PARTIAL", completed=tuple(others), failures=(failure(failed),))
        assert status.ended_as == "partial"

    def test_failed(self, bandwidth: Server, dashboard: Dashboard) -> None:
        status = status_of(bandwidth, dashboard, with_errors("FAILED"))
        failed, *others = NUMBERS
        unexplained = [Failure(number=number, code=None, reason="no reason given") for number in others]
        assert status == OrderStatus("FAILED", completed=(), failures=(failure(failed), *unexplained))
        assert status.ended_as == "failed"


# Step 3: Create Application


def create_application(catapult: Catapult, http_method: str = "POST", **options: int) -> str:
    return catapult.create_application("MyFirstApp", URL, CALLBACK, http_method=http_method, **options)


def test_an_application_is_sent_as_the_document_prints_it_with_credentials_time_out_and_fallback(
    bandwidth: Server, catapult: Catapult
) -> None:
    bandwidth.answers(answer("create_application.response"))
    create_application(catapult)
    shown = printed("create_application.request")
    assert_catapult_was_asked(bandwidth.only, shown)
    sent = fields(bandwidth.only.body)
    added = [
        ("incomingMessageUrlCallbackTimeout", 10_000),
        ("incomingMessageFallbackUrl", URL_WITH_CREDENTIALS),
    ]
    assert [field for field in sent if field in added] == added
    assert [field for field in sent if field not in added] == [
        (name, URL_WITH_CREDENTIALS if name == "incomingMessageUrl" else value)
        for name, value in fields(shown.body)
    ]


def test_the_application_id_comes_from_the_relative_location(bandwidth: Server, catapult: Catapult) -> None:
    assert printed("create_application.response").headers["Location"].startswith("/")
    bandwidth.answers(answer("create_application.response"))
    assert create_application(catapult) == APPLICATION


class TestParametersOfAnApplication:
    @pytest.fixture(autouse=True)
    def _answered(self, bandwidth: Server) -> None:
        bandwidth.answers(answer("create_application.response"))

    def sent(self, bandwidth: Server, name: str) -> Any:
        return dict(fields(bandwidth.only.body))[name]

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

    @pytest.mark.parametrize("given", ["POST", "GET"])
    def test_callback_http_method(self, bandwidth: Server, catapult: Catapult, given: str) -> None:
        create_application(catapult, given)
        assert self.sent(bandwidth, "callbackHttpMethod") == given


# Step 4: Import Number


def import_number(catapult: Catapult, number: str = "+14352154439") -> str:
    return catapult.import_number(number, APPLICATION, account_id=ACCOUNT, dashboard=DASHBOARD)


def test_a_number_is_imported_as_the_document_prints_it(bandwidth: Server, catapult: Catapult) -> None:
    bandwidth.answers(answer("import_numbers.response"))
    import_number(catapult)
    shown = printed("import_numbers.request")
    assert_catapult_was_asked(bandwidth.only, shown)
    assert fields(bandwidth.only.body) == fields(shown.body)


def test_the_number_id_comes_from_the_absolute_location(bandwidth: Server, catapult: Catapult) -> None:
    assert printed("import_numbers.response").headers["Location"].startswith("https://")
    bandwidth.answers(answer("import_numbers.response"))
    assert import_number(catapult) == "n-id3x6rblp4jrkih2u7zxjdy"


class TestParametersOfAnImport:
    @pytest.fixture
    def sent(self, bandwidth: Server, catapult: Catapult) -> dict[str, Any]:
        bandwidth.answers(answer("import_numbers.response"))
        import_number(catapult)
        body: dict[str, Any] = json.loads(bandwidth.only.body)
        return body

    @pytest.fixture
    def properties(self, sent: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = sent["provider"]["properties"]
        return found

    def test_number(self, sent: dict[str, Any]) -> None:
        # The table calls it Number, the example and the wire number.
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
        asked = bandwidth.only
        assert bytes(asked.body).count(DASHBOARD.password.encode()) == 1
        assert DASHBOARD.password not in f"{asked.path} {asked.headers} {DASHBOARD!r} {vars(catapult)}"
        bandwidth.answers(Answer(400, json.dumps({"code": "validation-error", "message": "Wrong."})))
        with pytest.raises(BandwidthRejected) as raised:
            import_number(catapult)
        assert DASHBOARD.password not in f"{raised.value!s} {vars(raised.value)}"


# Step 5: Send Message


def send(catapult: Catapult, callback_url: str | None = None) -> AcceptedMessage:
    return catapult.prepare_send(
        sender="+14352154439",
        to=("+19195551213",),
        text="Good morning, this is a test message",
        tag=OUT,
        callback_url=callback_url,
    )()


@pytest.mark.parametrize("callback_url", [None, URL_WITH_CREDENTIALS])
def test_a_message_is_sent_as_the_document_prints_it_with_a_plus_and_what_brings_receipts(
    bandwidth: Server, catapult: Catapult, callback_url: str | None
) -> None:
    bandwidth.answers(answer("send_message.response"))
    send(catapult, callback_url)
    shown = printed("send_message.request")
    assert_catapult_was_asked(bandwidth.only, shown)
    sent = dict(fields(bandwidth.only.body))
    added = {"receiptRequested": "all", "tag": OUT}
    added |= {"callbackUrl": callback_url} if callback_url else {}
    assert {name: value for name, value in sent.items() if name in added} == added
    # The document's sender lacks the + that E.164, and the reference of this call, ask for.
    assert [(name, value) for name, value in sent.items() if name not in added] == [
        (name, f"+{value}" if name == "from" else value) for name, value in fields(shown.body)
    ]


def test_the_message_id_comes_from_the_location_of_an_empty_response(
    bandwidth: Server, catapult: Catapult
) -> None:
    assert printed("send_message.response").body == ""
    bandwidth.answers(answer("send_message.response"))
    assert send(catapult) == AcceptedMessage("m-id3x6rblp4jrkih2u7zxjdy", segment_count=None)


# Step 6: Incoming Messages


def test_a_get_callback_is_read_as_the_document_prints_it() -> None:
    # The document prints the query parameter by parameter.
    query = parse_qs(printed("incoming_messages.get").body.replace("\n", ""), strict_parsing=True)
    assert query.pop("messageUri") == [f"{CATAPULT_URL}/users/{USER}/messages/{MESSAGE}"]
    assert parse_v1_query(query) == Message(
        message_id=MESSAGE,
        direction="in",
        api="v1",
        owner="+14352154439",
        sender="+19191231111",
        recipients=("+14352154439",),
        text="test",
        state=MessageState.RECEIVED,
        time="2016-12-01T16:04:49.000Z",
        application_id=APPLICATION,
    )


def test_a_post_callback_is_read_as_the_document_prints_it() -> None:
    assert parse_v1(printed("incoming_messages.post").body) == Message(
        message_id=MESSAGE,
        direction="in",
        api="v1",
        owner="+14352154439",
        sender="+13233326955",
        recipients=("+14352154439",),
        text="Example",
        state=MessageState.RECEIVED,
        time="2012-11-14T16:13:06.076Z",
        application_id=APPLICATION,
    )


# The document's tables


def snake(name: str) -> str:
    """Return applicationId, SiteId and CustomerOrderID as Python writes them; RECEIVED is received."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def test_every_row_of_the_documents_tables_is_a_test_of_that_name() -> None:
    classes = (
        TestParametersOfAnImportRequest,
        TestStatuses,
        TestParametersOfAnApplication,
        TestParametersOfAnImport,
    )
    tested = [[name for name in vars(each) if name.startswith("test_")] for each in classes]
    assert tested == [[f"test_{snake(row)}" for row in table] for table in tables("hosted_messaging")]
