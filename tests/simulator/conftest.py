"""A fresh simulator, an authenticated client for each API, and a receiver for callbacks."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from simulator.server import RunningSimulator, serve
from tests.simulator.support import (
    CONFIG,
    DASHBOARD_CREDENTIALS,
    MESSAGING_CREDENTIALS,
    MMS_BODY,
    NUMBERS,
    QUICK,
    SMS_BODY,
    Client,
    Hosted,
    Received,
    Receiver,
    Setup,
    assign_application,
    import_body,
    new_location,
    number_body,
    order_body,
)


@pytest.fixture(scope="session")
def running() -> Iterator[RunningSimulator]:
    with serve(CONFIG, QUICK) as running:
        yield running


@pytest.fixture
def bandwidth(running: RunningSimulator) -> RunningSimulator:
    """Return the shared simulator after a reset."""
    running.simulator.reset()
    return running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"] or 0))
            try:
                body = json.loads(content)
            except (ValueError, RecursionError):
                body = []
            self._take(body if isinstance(body, list) else [body], content)

        do_PUT = do_POST  # noqa: N815

        def do_GET(self) -> None:
            self._take([dict(parse_qsl(urlsplit(self.path).query, strict_parsing=True))], b"")

        def _take(self, events: list[dict[str, Any]], content: bytes) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, response_headers = receiver.take(
                Received(self.command, self.path, headers, events, content)
            )
            self.send_response(status)
            for name, value in response_headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/callbacks/v2"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield receiver
        server.shutdown()


@pytest.fixture
def dashboard(bandwidth: RunningSimulator) -> Iterator[Client]:
    """Return a client of the account API. Paths start with /applications, /sites/701 or /orders."""
    with Client(f"{bandwidth.dashboard_url}/accounts/{CONFIG.account_id}", DASHBOARD_CREDENTIALS) as client:
        yield client


@pytest.fixture
def messaging(bandwidth: RunningSimulator) -> Iterator[Client]:
    """Return a client of the classic messaging API. The path is /messages."""
    with Client(f"{bandwidth.messaging_url}/users/{CONFIG.user_id}", MESSAGING_CREDENTIALS) as client:
        yield client


@pytest.fixture
def current(bandwidth: RunningSimulator) -> Iterator[Client]:
    """Return a client of the current messaging API. Paths start with /messages or /media."""
    with Client(
        f"{bandwidth.current_messaging_url}/users/{CONFIG.account_id}", MESSAGING_CREDENTIALS
    ) as client:
        yield client


@pytest.fixture
def catapult(bandwidth: RunningSimulator) -> Iterator[Client]:
    """Return a client of Catapult. Paths start with /applications, /phoneNumbers or /messages."""
    with Client(f"{bandwidth.catapult_url}/users/{CONFIG.user_id}", MESSAGING_CREDENTIALS) as client:
        yield client


@pytest.fixture
def control(bandwidth: RunningSimulator) -> Iterator[Client]:
    with Client(bandwidth.control_url) as client:
        yield client


@pytest.fixture
def set_up(dashboard: Client, receiver: Receiver) -> Callable[..., Setup]:
    """Return a function that does the steps of the Messaging 2.0 document up to the order of numbers."""

    def run(
        url: str | None = None,
        credentials: tuple[str, str] | None = None,
        *,
        mms: bool = True,
        assign: bool = True,
    ) -> Setup:
        creds = "".join(
            f"<{tag}>{value}</{tag}>"
            for tag, value in zip(("UserId", "Password"), credentials or (), strict=False)
        )
        application = dashboard.xml(
            "POST",
            "/applications",
            f"<Application><AppName>Alerts</AppName><CallbackUrl>{url or receiver.url}</CallbackUrl>"
            f"<CallbackCreds>{creds}</CallbackCreds></Application>",
        )
        application_id = application.findtext("Application/ApplicationId") or ""
        location_path = new_location(dashboard)
        location_id = location_path.rsplit("/", 1)[1]
        dashboard.xml("POST", f"{location_path}/products/messaging/features/sms", SMS_BODY)
        if mms:
            dashboard.xml("POST", f"{location_path}/products/messaging/features/mms", MMS_BODY)
        if assign:
            assign_application(dashboard, location_path, application_id)
        order = dashboard.xml("POST", "/orders", order_body(location_id))
        status = dashboard.xml("GET", f"/orders/{order.findtext('Order/id')}")
        numbers = [f"+1{each.text}" for each in status.iter("FullNumber")]
        return Setup(application_id, location_id, location_path, numbers)

    return run


@pytest.fixture
def host(dashboard: Client, catapult: Client, receiver: Receiver) -> Callable[..., Hosted]:
    """Return a function that does steps 1 to 4 of the Hosted Messaging document."""

    def run(numbers: Sequence[str] = NUMBERS[:2], **properties: object) -> Hosted:
        dashboard.xml("POST", "/externalTns", import_body(numbers=numbers), 201)
        application = {"name": "MyFirstApp", "incomingMessageUrl": receiver.url, **properties}
        location = catapult.post("/applications/", json=application).headers["Location"]
        hosted = Hosted(location.rsplit("/", 1)[1], [f"+1{each}" for each in numbers])
        for each in hosted.numbers:
            response = catapult.post("/phoneNumbers", json=number_body(each, hosted.application_id))
            assert response.status_code == 201, response.text
        return hosted

    return run
