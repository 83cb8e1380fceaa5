"""A fresh simulator, a signed-in client for each of its APIs, and a receiver for its callbacks."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from local.bandwidth.server import RunningSimulator, serve
from tests.unit.local.bandwidth_support import (
    CONFIG,
    MMS_BODY,
    QUICK,
    SMS_BODY,
    Client,
    Received,
    Receiver,
    Setup,
    assign_application,
    new_location,
    order_body,
)


@pytest.fixture(scope="session")
def running() -> Iterator[RunningSimulator]:
    with serve(CONFIG, QUICK) as running:
        yield running


@pytest.fixture
def bandwidth(running: RunningSimulator) -> RunningSimulator:
    """The one simulator of the run, with nothing left of the test before."""
    running.simulator.reset()
    return running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, answered = receiver.take(Received(self.path, headers, json.loads(body)))
            self.send_response(status)
            for name, value in answered.items():
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
    """Bound to the account: paths start with /applications, /sites/701 or /orders."""
    base = f"{bandwidth.dashboard_url}/accounts/{CONFIG.account_id}"
    with Client(base, (CONFIG.dashboard_user, CONFIG.dashboard_password)) as client:
        yield client


@pytest.fixture
def messaging(bandwidth: RunningSimulator) -> Iterator[Client]:
    """Bound to the user: the path is /messages."""
    base = f"{bandwidth.messaging_url}/users/{CONFIG.user_id}"
    with Client(base, (CONFIG.messaging_token, CONFIG.messaging_secret)) as client:
        yield client


@pytest.fixture
def control(bandwidth: RunningSimulator) -> Iterator[Client]:
    with Client(bandwidth.control_url) as client:
        yield client


@pytest.fixture
def set_up(dashboard: Client, receiver: Receiver) -> Callable[..., Setup]:
    """Runs the document's steps 1 to 7, with the receiver for callback URL."""

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
