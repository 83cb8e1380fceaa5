"""Emulator and simulator reject web pages. The emulator also rejects clients without its keys."""

import asyncio
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from botocore.auth import S3SigV4PostAuth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.gate import guard
from simulator.server import RunningSimulator
from simulator.web_pages import rejection_reason

PAGE = "https://evil.example"
KEY_ID, KEY = "LOCAL0123456789ABCDEF", "the secret of this local cloud"
HOST = "127.0.0.1:4566"
FUNCTIONS = "/2015-03-31/functions"
SCOPE = "20260101/us-east-1/lambda/aws4_request"


class TestRejection:
    @pytest.mark.parametrize(
        "host",
        ["127.0.0.1:4566", "127.0.0.1", "localhost:4567", "[::1]:4566", "abc.execute-api.localhost:4566"],
    )
    def test_every_name_of_this_machine_is_accepted_with_its_own_origin(self, host: str) -> None:
        assert rejection_reason(host, None) is None
        assert rejection_reason(host, f"http://{host}") is None

    @pytest.mark.parametrize(
        "host",
        [
            "",
            "evil.example",
            "evil.example:4566",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "evillocalhost",
            "localhost@evil.example",
            "10.0.0.1:4566",
            "[",
        ],
    )
    def test_another_host_is_rejected(self, host: str) -> None:
        assert rejection_reason(host, None) == "The Host header does not name this machine."

    @pytest.mark.parametrize(
        "origin",
        [
            PAGE,
            "null",
            "",
            "http://127.0.0.1",
            "http://127.0.0.1:4567",
            "https://127.0.0.1:4566",
            "http://localhost:4566",
        ],
    )
    def test_another_origin_is_rejected(self, origin: str) -> None:
        assert rejection_reason(HOST, origin) == "The Origin header names another site."


class TestSimulator:
    @pytest.mark.parametrize(
        "path", ["/_simulator/account", "/_simulator/reset", "/api/accounts/1/sites", "/v2/x"]
    )
    @pytest.mark.parametrize("headers", [{"Origin": PAGE}, {"Origin": "null"}, {"Host": "evil.example"}])
    def test_requests_of_web_pages_are_rejected(
        self, simulator: RunningSimulator, path: str, headers: dict[str, str]
    ) -> None:
        for method in ("GET", "POST", "OPTIONS"):
            response = requests.request(method, simulator.url + path, headers=headers, data="{}", timeout=10)

            assert response.status_code == 403
            assert not [name for name in response.headers if name.lower().startswith("access-control-")]
        assert simulator.simulator.capture.requests() == []

    def test_requests_of_other_clients_are_accepted(self, simulator: RunningSimulator) -> None:
        for url in (simulator.control_url, simulator.control_url.replace("127.0.0.1", "localhost")):
            assert requests.get(f"{url}/health", timeout=10).json()["status"] == "ok"


class GuardedApplication:
    """An application behind the gate. It accepts every request and lets every site read its responses."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def request(
        self, method: str, path: str, *, body: bytes = b"", **headers: str
    ) -> tuple[int, dict[str, str]]:
        """Send a request, and return the status and headers of the response."""
        path, _, query = path.partition("?")
        sent = {"host": HOST} | {name.replace("_", "-").lower(): value for name, value in headers.items()}
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        }
        return asyncio.run(self._ask(scope, body))

    async def _ask(self, scope: MutableMapping[str, Any], body: bytes) -> tuple[int, dict[str, str]]:
        parts = [
            {"type": "http.request", "body": body[:3], "more_body": True},
            {"type": "http.request", "body": body[3:], "more_body": False},
        ]
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            return parts.pop(0)

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        await guard(self._answer)(scope, receive, send)
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], headers

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        self.bodies.append(message["body"])
        headers = [(b"Access-Control-Allow-Origin", b"*"), (b"x-amzn-requestid", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> GuardedApplication:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY)
    return GuardedApplication()


def signed(method: str, path: str, body: bytes, key_id: str = KEY_ID, key: str = KEY) -> dict[str, str]:
    """Return the headers of a signed request."""
    request = AWSRequest(method, f"http://{HOST}{path}", data=body, headers={"Host": HOST})
    SigV4Auth(Credentials(key_id, key), "lambda", "us-east-1").add_auth(request)
    return {name.replace("-", "_"): value for name, value in request.headers.items() if name != "Host"}


class TestGate:
    def test_a_request_signed_by_the_root_user_is_accepted_without_cors(
        self, emulator: GuardedApplication
    ) -> None:
        headers = signed("POST", FUNCTIONS, b"a function")

        assert emulator.request("POST", FUNCTIONS, body=b"a function", **headers) == (
            200,
            {"x-amzn-requestid": "1"},
        )
        assert emulator.bodies == [b"a function"]

    @pytest.mark.parametrize(
        ("key_id", "key"),
        [
            ("LOCALROOT", "not-a-secret"),
            ("test", "test"),
            ("test", KEY),
            ("123456789012", "test"),
            ("123456789012", KEY),
            ("ASIA0123456789ABCDEF", KEY),
            (KEY_ID, "test"),
        ],
    )
    def test_another_key_or_secret_is_rejected(
        self, emulator: GuardedApplication, key_id: str, key: str
    ) -> None:
        headers = signed("POST", FUNCTIONS, b"a function", key_id, key)

        status, _ = emulator.request("POST", FUNCTIONS, body=b"a function", **headers)

        assert (status, emulator.bodies) == (403, [])

    def test_a_signature_is_valid_only_for_its_request(self, emulator: GuardedApplication) -> None:
        headers = signed("POST", FUNCTIONS, b"a function")

        for method, path, body in (
            ("PUT", FUNCTIONS, b"a function"),
            ("POST", f"{FUNCTIONS}/more", b"a function"),
            ("POST", f"{FUNCTIONS}?more=1", b"a function"),
            ("POST", FUNCTIONS, b"another one"),
        ):
            assert emulator.request(method, path, body=body, **headers)[0] == 403

    def test_an_old_signature_is_rejected(
        self, emulator: GuardedApplication, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: datetime(2020, 1, 1, tzinfo=UTC))
        headers = signed("GET", FUNCTIONS, b"")

        assert emulator.request("GET", FUNCTIONS, body=b"", **headers)[0] == 403

    @pytest.mark.parametrize(
        "authorization",
        [
            f"AWS {KEY_ID}:c2lnbmF0dXJl",
            f"AWS4-HMAC-SHA256 Credential={KEY_ID}/",
            f"AWS4-HMAC-SHA256 Credential={KEY_ID}/{SCOPE}, SignedHeaders=host, Signature=00",
            "AWS4-HMAC-SHA256",
            "Basic dXNlcjpwYXNzd29yZA==",
        ],
    )
    def test_an_invalid_signature_is_rejected(self, emulator: GuardedApplication, authorization: str) -> None:
        assert emulator.request("GET", FUNCTIONS, Authorization=authorization)[0] == 403

    @pytest.mark.parametrize(
        "path",
        ["/", FUNCTIONS, "/_ministack/reset", "/_ministack/config", "/a-bucket/a-key", "/_aws/sqs/messages"],
    )
    def test_only_health_and_api_gateway_accept_requests_without_a_key(
        self, emulator: GuardedApplication, path: str
    ) -> None:
        assert emulator.request("POST", path)[0] == 403
        assert (
            emulator.request("GET", f"{path}?AWSAccessKeyId={KEY_ID}&Signature=00&Expires=9999999999")[0]
            == 403
        )

    @pytest.mark.parametrize(
        "path", ["/_ministack/health", "/restapis/abc123/live/_user_request_/callbacks/v2"]
    )
    def test_health_and_api_gateway_accept_clients_and_reject_web_pages(
        self, emulator: GuardedApplication, path: str
    ) -> None:
        assert emulator.request("POST", path, Authorization="Basic dXNlcjpwYXNzd29yZA==")[0] == 200
        assert emulator.request("POST", path, Origin=PAGE)[0] == 403
        assert emulator.request("POST", path, Host="evil.example")[0] == 403

    def test_a_presigned_url_is_valid_until_it_expires(self, emulator: GuardedApplication) -> None:
        def link(seconds: int) -> str:
            request = AWSRequest("GET", f"http://{HOST}/bucket/key", headers={})
            S3SigV4QueryAuth(Credentials(KEY_ID, KEY), "s3", "us-east-1", expires=seconds).add_auth(request)
            return str(request.url).removeprefix(f"http://{HOST}")

        assert emulator.request("GET", link(60))[0] == 200
        assert emulator.request("GET", link(60).replace("Expires=60", "Expires=600"))[0] == 403
        assert emulator.request("GET", link(-1))[0] == 403

    @pytest.mark.parametrize(
        ("key_id", "key", "policy", "status"),
        [
            (KEY_ID, KEY, None, 200),
            (KEY_ID, "another key", None, 403),
            (KEY_ID, KEY, "e30=", 403),
            ("test", "test", None, 403),
        ],
    )
    def test_an_upload_form_is_accepted_only_with_its_signature(
        self, emulator: GuardedApplication, key_id: str, key: str, policy: str | None, status: int
    ) -> None:
        fields = {"key": "logo.png"}
        request = AWSRequest("POST", f"http://{HOST}/bucket")
        request.context["s3-presign-post-fields"] = fields
        S3SigV4PostAuth(Credentials(key_id, key), "s3", "us-east-1").add_auth(request)
        form = {**fields, "policy": policy or fields["policy"]}
        sent = requests.Request(
            "POST", f"http://{HOST}/bucket", data=form, files={"file": b"a file"}
        ).prepare()
        assert isinstance(sent.body, bytes)

        response = emulator.request(
            "POST", "/bucket", body=sent.body, content_type=sent.headers["Content-Type"]
        )

        assert response[0] == status

    def test_web_sockets_are_closed(self, emulator: GuardedApplication) -> None:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(message)

        async def connect() -> None:
            await guard(emulator._answer)({"type": "websocket", "headers": []}, receive, send)

        asyncio.run(connect())

        assert sent == [{"type": "websocket.close", "code": 1008}]
