"""The examples of the document "Hosted Messaging", and helpers that compare requests with them."""

import base64
import json
from typing import Any

from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from tests.documents.examples import Example, example
from tests.http_server import ReceivedRequest, Response

# The document prints "9999999", "wileCoyote" and "catchThatBird".
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
TAG = "out_0f8fad5bd9cb469fa16570867728950e"


def printed_example(name: str) -> Example:
    """Return an example of the document with its placeholders filled in."""
    return example(f"hosted_messaging/{name}", **PLACEHOLDERS)


def printed_response(name: str, status: int | None = None) -> Response:
    """Return a printed response. The document prints XML responses without a status."""
    expected = printed_example(name)
    return Response(status or expected.status, expected.body, dict(expected.headers.items()))


def basic_authorization(credentials: BasicCredentials) -> str:
    """Return the Authorization header of these credentials."""
    user_and_password = f"{credentials.username}:{credentials.password}"
    return f"Basic {base64.b64encode(user_and_password.encode()).decode()}"


def list_fields(body: str | bytes) -> list[tuple[str, Any]]:
    """Return the fields of a JSON object, and of the objects in it, in their order."""
    ordered: list[tuple[str, Any]] = json.loads(body, object_pairs_hook=list)
    return [(name, tuple(value) if isinstance(value, list) else value) for name, value in ordered]


def assert_is_catapult_request(request: ReceivedRequest, expected: Example) -> None:
    """Check method and URL, which the document prints, and the headers, which HTTP defines."""
    assert (request.method, CATAPULT_URL + request.path) == (expected.method, expected.url)
    assert request.headers["Authorization"] == basic_authorization(CATAPULT)
    assert request.headers["Content-Type"] == "application/json; charset=utf-8"
