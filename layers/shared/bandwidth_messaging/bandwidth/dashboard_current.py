"""The current account API (XML, OAuth2): its differences from the classic one, and its additions.

Paths and elements are those of Bandwidth's specification of the Numbers API. Its second version, a base URL
that ends with /v2, writes numbers in E.164 and has two paths of its own.
"""

from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Final

from bandwidth_messaging.bandwidth import xml
from bandwidth_messaging.bandwidth.account_api import (
    parse_failures,
    parse_root,
    raise_rejection,
    require_text,
)
from bandwidth_messaging.bandwidth.applications import MESSAGING_V2
from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.dashboard import Dashboard
from bandwidth_messaging.bandwidth.import_orders import resolve_requested
from bandwidth_messaging.bandwidth.number_options import NumberOptions
from bandwidth_messaging.bandwidth.transport import Auth
from bandwidth_messaging.bandwidth.xml import E, Element
from bandwidth_messaging.domain.imports import Authority
from bandwidth_messaging.domain.orders import Action, OrderStatus
from bandwidth_messaging.domain.phone_numbers import from_ten_digits

_CALLBACK_TYPES: Final = ("message-delivered", "message-failed", "message-sending")


class DashboardCurrent(Dashboard, NumberOptions):
    """One account of the current account API."""

    # Omitted, because Bandwidth adds it (programmatic application set-up, 2020).
    proxy_peer_id = None
    mms_protocol_element = "Protocol"
    notified_order_types = MappingProxyType(
        {
            "NEW_NUMBERS": "orders",
            "NUMBER_OPTIONS": "tnoptions",
            "DISCONNECT": "disconnects",
            "IMPORT": "importtnorders",
            "REMOVE": "removeImportedTnOrders",
        }
    )

    def __init__(self, base_url: str, account_id: str, auth: Auth) -> None:
        super().__init__(base_url, account_id, auth)
        messaging = "/messaging" if self.is_v2 else ""
        self.import_paths = MappingProxyType(
            {"IMPORT": f"/importTnOrders{messaging}", "REMOVE": f"/removeImportedTnOrders{messaging}"}
        )

    def create_application(
        self, name: str, callback_url: str, credentials: BasicCredentials | None = None
    ) -> str:
        """Create an application for messages and return its id.

        `callback_url` receives inbound messages and events of outbound ones, authenticated by `credentials`.
        """
        application = E.Application(E.ServiceType(MESSAGING_V2), E.AppName(name))
        for direction in ("Inbound", "Outbound"):
            application.append(E(f"{direction}CallbackUrl", callback_url))
            if credentials:
                user, password = E.UserId(credentials.username), E.Password(credentials.password)
                application.append(E(f"{direction}CallbackCreds", user, password))
        application.append(E.RequestedCallbackTypes(*map(E.CallbackType, _CALLBACK_TYPES)))
        return require_text(self.write("POST", "/applications", application), ".//ApplicationId")

    def check_numbers(self, numbers: Sequence[str], *, site_id: str, sip_peer_id: str | None) -> OrderStatus:
        """Return which of the numbers (E.164, up to 5,000) can be imported, and why the others cannot.

        Without `sip_peer_id` the site's default location is checked. Nothing is changed.
        """
        payload = E.ImportTnCheckerPayload(self.build_number_list(numbers), E.SiteId(site_id))
        if sip_peer_id is not None:
            payload.append(E.SipPeerId(sip_peer_id))
        # Not `write`: an error inside this 2xx is about some of the numbers.
        response = self.send("POST", "/importTnChecker", payload)
        root = parse_root(response)
        importable = xml.texts(root, "ImportTnCheckerPayload/TelephoneNumbers/TelephoneNumber")
        checked = OrderStatus("PARTIAL", failures=tuple(parse_failures(root)))
        return resolve_requested(checked, numbers, {from_ten_digits(number) for number in importable})

    def create_import_request(
        self,
        *,
        customer_order_id: str,
        site_id: str,
        sip_peer_id: str | None,
        action: Action,
        numbers: Sequence[str],
        authority: Authority | None = None,
    ) -> str:
        """Import or remove numbers (E.164) and return the order's id.

        `authority` names the subscriber and the authorizing person. It is required for imports.
        """
        if action == "REMOVE":
            order = E.RemoveImportedTnOrder(E.CustomerOrderId(customer_order_id))
        else:
            order = E.ImportTnOrder(E.CustomerOrderId(customer_order_id), E.SiteId(site_id))
            if sip_peer_id is not None:
                order.append(E.SipPeerId(sip_peer_id))
            order.extend(_authority(authority))
        order.append(self.build_number_list(numbers))
        return self.place(self.import_paths[action], order, ".//OrderId")

    def has_letter(self, order_id: str) -> bool:
        """Return whether an import order has a file, such as a letter of authorization."""
        response = self.find_response(self._letters_of(order_id))
        return response is not None and xml.text(parse_root(response), "fileCount") not in {None, "0"}

    def send_letter(self, order_id: str, document: bytes, content_type: str) -> None:
        """Upload a letter of authorization to an import order. Each call adds a file."""
        path = self.account + self._letters_of(order_id)
        response = self.transport.send(
            "POST", path, body=document, content_type=content_type, params={"documentType": "LOA"}
        )
        raise_rejection(response)

    def _letters_of(self, order_id: str) -> str:
        return f"{self.import_paths['IMPORT']}/{order_id}/loas"


def _authority(authority: Authority | None) -> Iterator[Element]:
    if authority is None:
        return
    if (subscriber := authority.subscriber) is not None:
        address = E.ServiceAddress(
            E.HouseNumber(subscriber.house_number),
            E.StreetName(subscriber.street_name),
            E.City(subscriber.city),
            E.StateCode(subscriber.state_code),
            E.Zip(subscriber.zip),
        )
        if subscriber.county:
            address.append(E.County(subscriber.county))
        yield E.Subscriber(E.Name(subscriber.name), address)
    if authority.loa_authorizing_person:
        yield E.LoaAuthorizingPerson(authority.loa_authorizing_person)
    yield E.LoaType(authority.loa_type)
