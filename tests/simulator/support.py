"""Clients, a receiver of callbacks, and request bodies for the tests of the simulator."""

import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import requests
from lxml import etree

from simulator.account.config import AccountConfig
from simulator.simulator import Settings

CONFIG = AccountConfig(
    account_id="9900000",
    site_id="701",
    user_id="u-simulated",
    dashboard_user="dashboard-user",
    dashboard_password="dashboard-password",
    messaging_token="t-simulated",
    messaging_secret="messaging-secret",
)
DASHBOARD_CREDENTIALS = (CONFIG.dashboard_user, CONFIG.dashboard_password)
MESSAGING_CREDENTIALS = (CONFIG.messaging_token, CONFIG.messaging_secret)
QUICK = Settings(
    receipt_seconds=0.01, order_seconds=0.0, retry_seconds=0.005, retry_limit=4, callback_workers=4
)
TIMEOUT = 5.0


def wait_until[Value](read: Callable[[], Value | None]) -> Value:
    """Return the value of `read` when it is true. Fails after TIMEOUT seconds."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        if found := read():
            return found
        time.sleep(0.005)
    raise AssertionError(f"{read} returned no value within {TIMEOUT} s")


class Client(requests.Session):
    """A session with a base URL, optional Basic credentials and a timeout."""

    def __init__(self, base: str, credentials: tuple[str, str] | None = None) -> None:
        super().__init__()
        self.trust_env = False
        self.auth = self.credentials = credentials
        self.base = base

    def request(self, method: Any, url: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        return super().request(method, self.base + str(url), **{"timeout": TIMEOUT, **options})

    def xml(self, method: str, path: str, body: str = "", status: int | None = None) -> etree._Element:
        """Send XML, check the status (default: any 2xx), and return the root element of the response."""
        headers = {"Content-Type": "application/xml; charset=utf-8"}
        response = self.request(method, path, data=body.encode() if body else None, headers=headers)
        assert response.status_code == status or (status is None and response.ok), response.text
        assert response.headers["Content-Type"] == "application/xml; charset=utf-8"
        return etree.fromstring(response.content)


def wait_for_callback(control: Client, message_id: str, state: str) -> dict[str, Any]:
    """Return the one callback of a message when it reaches this state."""

    def read() -> dict[str, Any] | None:
        [callback] = control.get(f"/callbacks?message_id={message_id}").json()["callbacks"]
        return callback if callback["state"] == state else None

    return wait_until(read)


@dataclass
class Received:
    """A received request: V2's array of events, or V1's single event as a body or a query.

    `events` is empty if `body` is not JSON.
    """

    method: str
    path: str
    headers: dict[str, str]
    events: list[dict[str, Any]]
    body: bytes = b""

    @property
    def authorization(self) -> str | None:
        return self.headers.get("authorization")


@dataclass
class Receiver:
    """The server of an application. `responses` returns the status for a request, optionally with headers."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    responses: Callable[[Received], int | tuple[int, dict[str, str]]] = lambda _: 200

    def take(self, request: Received) -> tuple[int, dict[str, str]]:
        response = self.responses(request)
        self.received.append(request)
        return (response, {}) if isinstance(response, int) else response

    def events(self) -> list[dict[str, Any]]:
        return [event for each in self.received for event in each.events]

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        wait_until(lambda: len(self.received) >= count)
        return self.events()


def challenge(user: str, password: str) -> Callable[[Received], int | tuple[int, dict[str, str]]]:
    """Return the responses of a server that requires these Basic credentials."""
    expected = "Basic " + b64encode(f"{user}:{password}".encode()).decode()

    def respond(request: Received) -> int | tuple[int, dict[str, str]]:
        if request.authorization == expected:
            return 200
        return 401, {"WWW-Authenticate": 'Basic realm="callbacks"'}

    return respond


@dataclass
class Setup:
    """A completed set-up. `numbers` are in E.164."""

    application_id: str
    location_id: str
    location_path: str
    numbers: list[str]


def new_location(dashboard: Client, name: str = "Bandwidth Messaging 2 test2", default: str = "true") -> str:
    """Create a location and return its path below the account."""
    body = f"<SipPeer><PeerName>{name}</PeerName><IsDefaultPeer>{default}</IsDefaultPeer></SipPeer>"
    response = dashboard.post("/sites/701/sippeers", data=body)
    assert response.status_code == 201, response.text
    return response.headers["Location"].removeprefix(dashboard.base)


def assign_application(
    dashboard: Client, location_path: str, application_id: str, status: int = 200
) -> etree._Element:
    body = f"<HttpMessagingV2AppId>{application_id}</HttpMessagingV2AppId>"
    return dashboard.xml(
        "PUT",
        f"{location_path}/products/messaging/applicationSettings",
        f"<ApplicationsSettings>{body}</ApplicationsSettings>",
        status,
    )


def order_body(location_id: str, extra: str = "", quantity: int = 2, area_code: str = "910") -> str:
    return (
        f"<Order>{extra}<AreaCodeSearchAndOrderType><AreaCode>{area_code}</AreaCode>"
        f"<Quantity>{quantity}</Quantity></AreaCodeSearchAndOrderType>"
        f"<SiteId>701</SiteId><PeerId>{location_id}</PeerId></Order>"
    )


def disconnect_body(numbers: list[str], customer_order_id: str = "", extra: str = "") -> str:
    """Return the published request. Numbers are in ten digits or in E.164."""
    inner = "DisconnectTelephoneNumberOrderType"
    listed = "".join(f"<TelephoneNumber>{each.removeprefix('+1')}</TelephoneNumber>" for each in numbers)
    return (
        f"<DisconnectTelephoneNumberOrder><CustomerOrderId>{customer_order_id}</CustomerOrderId><{inner}>"
        f"<TelephoneNumberList>{listed}</TelephoneNumberList>{extra}</{inner}></DisconnectTelephoneNumberOrder>"
    )


def text_body(application_id: str, from_: str) -> dict[str, object]:
    """Return the request of a text message to a handset. `from_` is in E.164."""
    return {"applicationId": application_id, "from": from_, "to": ["+19195550142"], "text": "hi"}


NUMBERS = ["9199918388", "4158714245", "4352154439", "4352154466"]


def import_body(
    customer_order_id: str = "ICPA123ABC",
    action: str = "IMPORT",
    numbers: Sequence[str] = NUMBERS,
    extra: str = "",
) -> str:
    """Return the documented request. Numbers have ten digits."""
    listed = "".join(f"<TelephoneNumber>{each}</TelephoneNumber>" for each in numbers)
    return (
        f"<ExternalTnsOrder><CustomerOrderID>{customer_order_id}</CustomerOrderID><SiteId>701</SiteId>{extra}"
        f"<Action>{action}</Action><TelephoneNumbers>{listed}</TelephoneNumbers></ExternalTnsOrder>"
    )


def number_body(number: str, application_id: str, **properties: str) -> dict[str, Any]:
    """Return the request of the document's step 4. `number` is in E.164."""
    credentials = {
        "accountId": CONFIG.account_id,
        "userName": CONFIG.dashboard_user,
        "password": CONFIG.dashboard_password,
    }
    return {
        "number": number,
        "applicationId": application_id,
        "name": "text messaging TN",
        "provider": {"providerName": "bandwidth-dashboard", "properties": {**credentials, **properties}},
    }


@dataclass
class Hosted:
    """Hosted numbers (E.164) imported into Catapult, with their application."""

    application_id: str
    numbers: list[str]


SMS_BODY = """
<SipPeerSmsFeature>
  <SipPeerSmsFeatureSettings>
    <TollFree>true</TollFree>
    <ShortCode>true</ShortCode>
    <Protocol>HTTP</Protocol>
    <Zone1>true</Zone1>
    <Zone2>false</Zone2>
    <Zone3>false</Zone3>
    <Zone4>false</Zone4>
    <Zone5>false</Zone5>
  </SipPeerSmsFeatureSettings>
  <HttpSettings>
    <ProxyPeerId>539692</ProxyPeerId>
  </HttpSettings>
</SipPeerSmsFeature>
"""

MMS_BODY = """
<MmsFeature>
  <MmsSettings>
    <protocol>HTTP</protocol>
  </MmsSettings>
  <Protocols>
    <HTTP>
      <HttpSettings>
        <ProxyPeerId>539692</ProxyPeerId>
      </HttpSettings>
    </HTTP>
  </Protocols>
</MmsFeature>
"""
