"""Bandwidth's Dashboard API (XML, Basic auth): applications, locations (sippeers), orders of numbers.

Paths, elements and their order are those of "Messaging 2.0 API Setup" and "Hosted Messaging"; each method
names its heading.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Literal

from bandwidth_messaging.bandwidth import xml
from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.bandwidth.transport import Answer, ErrorBody, Transport
from bandwidth_messaging.bandwidth.xml import E, Element
from bandwidth_messaging.domain.orders import FAILED, Action, Failure, OrderStatus
from bandwidth_messaging.domain.phone_numbers import from_ten_digits, to_ten_digits

_XML: Final = "application/xml; charset=utf-8"
_PROXY_PEER_ID: Final = "539692"
_NOT_FOUND: Final = OrderStatus("NOT_FOUND")
# Where the published shapes of an import order have its numbers; those in Errors are not these.
_IMPORTED: Final = tuple(
    f"{inside}TelephoneNumbers/TelephoneNumber" for inside in ("", "Order/", "ExternalTnsOrder/")
)


@dataclass(frozen=True)
class Application:
    """An application as the Dashboard lists it."""

    application_id: str
    name: str
    callback_url: str | None
    service_type: str | None


@dataclass(frozen=True)
class Location:
    """A location (sippeer) as the Dashboard lists it."""

    location_id: str
    name: str


class Dashboard:
    """One account of the Dashboard API. Every method may raise the errors of `Transport.send`."""

    def __init__(self, base_url: str, account_id: str, credentials: BasicCredentials) -> None:
        self._transport = Transport(base_url, credentials, read_error)
        self._account = f"/accounts/{account_id}"

    def applications(self) -> list[Application]:
        """Return the account's applications; names are not unique there."""
        root = self._get("/applications")
        return [
            Application(
                application_id=application_id,
                name=xml.text(found, "AppName") or "",
                callback_url=xml.text(found, "CallbackUrl"),
                service_type=xml.text(found, "ServiceType"),
            )
            for found in root.iterfind(".//ApplicationList/Application")
            if (application_id := xml.text(found, "ApplicationId"))
        ]

    def create_application(
        self, name: str, callback_url: str, credentials: BasicCredentials | None = None
    ) -> str:
        """Create an application and return its id (heading "Create application").

        `callback_url` receives all message events, asked for with `credentials` after a Basic challenge.
        """
        answer = self._write(
            "POST",
            "/applications",
            E.Application(
                E.AppName(name),
                E.CallbackUrl(callback_url),
                E.CallbackCreds(E.UserId(credentials.username), E.Password(credentials.password))
                if credentials
                else E.CallbackCreds(),
            ),
        )
        return _required(answer, ".//ApplicationId")

    def locations(self, site_id: str) -> list[Location]:
        """Return the locations (sippeers) of a site; names are unique in it."""
        root = self._get(f"/sites/{site_id}/sippeers")
        return [
            Location(location_id, xml.text(found, "PeerName") or "")
            for found in root.iterfind(".//SipPeer")
            if (location_id := xml.text(found, "PeerId"))
        ]

    def create_location(self, site_id: str, name: str, *, is_default_peer: bool) -> str:
        """Create a location and return its id, taken from the Location header (heading "Create location")."""
        answer = self._write(
            "POST",
            f"/sites/{site_id}/sippeers",
            E.SipPeer(E.PeerName(name), E.IsDefaultPeer(_boolean(is_default_peer))),
        )
        return answer.created_id

    def has_feature(self, site_id: str, location_id: str, feature: Literal["sms", "mms"]) -> bool:
        """Tell whether SMS or MMS is on at a location. A 404 means that it is not."""
        try:
            self._get(f"{_messaging(site_id, location_id)}/features/{feature}")
        except BandwidthRejected as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return False
            raise
        return True

    def enable_sms(self, site_id: str, location_id: str, *, toll_free: bool, short_code: bool) -> None:
        """Enable SMS over HTTP in zone 1 (heading "Enable SMS on Location (sippeer)")."""
        zones = (E(f"Zone{zone}", _boolean(zone == 1)) for zone in range(1, 6))
        self._write(
            "POST",
            f"{_messaging(site_id, location_id)}/features/sms",
            E.SipPeerSmsFeature(
                E.SipPeerSmsFeatureSettings(
                    E.TollFree(_boolean(toll_free)),
                    E.ShortCode(_boolean(short_code)),
                    E.Protocol("HTTP"),
                    *zones,
                ),
                E.HttpSettings(E.ProxyPeerId(_PROXY_PEER_ID)),
            ),
        )

    def enable_mms(self, site_id: str, location_id: str) -> None:
        """Enable MMS over HTTP (heading "Enable MMS on Location (sippeer)"; `protocol` in lower case)."""
        self._write(
            "POST",
            f"{_messaging(site_id, location_id)}/features/mms",
            E.MmsFeature(
                E.MmsSettings(E.protocol("HTTP")),
                E.Protocols(E.HTTP(E.HttpSettings(E.ProxyPeerId(_PROXY_PEER_ID)))),
            ),
        )

    def assign_application(self, site_id: str, location_id: str, application_id: str) -> None:
        """Assign the application to the location (heading "Assign Application to Location (sippeer)")."""
        self._write(
            "PUT",
            f"{_messaging(site_id, location_id)}/applicationSettings",
            E.ApplicationsSettings(E.HttpMessagingV2AppId(application_id)),
        )

    def assigned_application(self, site_id: str, location_id: str) -> str | None:
        """Return the id of the application that the location sends its messages to, None without one."""
        root = self._get(f"{_messaging(site_id, location_id)}/applicationSettings")
        return xml.text(root, ".//HttpMessagingV2AppId")

    def order_numbers(
        self,
        *,
        area_code: str,
        quantity: int,
        site_id: str,
        location_id: str,
        customer_order_id: str | None = None,
    ) -> str:
        """Order numbers of an area code and return the order's id (heading "Order Available Numbers").

        This spends money and is not idempotent; `customer_order_id` is what the order is found again by.
        """
        order = E.Order(
            E.AreaCodeSearchAndOrderType(E.AreaCode(area_code), E.Quantity(str(quantity))),
            E.SiteId(site_id),
            E.PeerId(location_id),
        )
        if customer_order_id is not None:
            order.insert(0, E.CustomerOrderId(customer_order_id))
        answer = self._write("POST", "/orders", order)
        return _required(answer, "Order/id")

    def find_order(self, customer_order_id: str) -> str | None:
        """Return the id of the order with this CustomerOrderId, None if Bandwidth knows none.

        Raises BandwidthRejected if there are several.
        """
        root = self._get("/orders", {"customerOrderId": customer_order_id})
        found = {
            order_id
            for listed in root.iterfind(".//OrderIdUserIdDate")
            if xml.text(listed, "CustomerOrderId") in {customer_order_id, None}
            and (order_id := xml.text(listed, "OrderId") or xml.text(listed, "orderId"))
        }
        return _only_one(found, "GET /orders", customer_order_id)

    def order_status(self, order_id: str) -> OrderStatus:
        """Return how far the order is (heading "Check Order Status").

        An order that is not to be found yet, right after it was placed, has the status NOT_FOUND.
        Raises BandwidthGarbled if the answer tells no status.
        """
        answer = self._order(f"/orders/{order_id}")
        if answer is None:
            return _NOT_FOUND
        root = _root(answer)
        if (status := xml.text(root, "OrderStatus")) is None:
            raise _rejection(answer, root) or answer.garbled("tells no OrderStatus")
        completed = xml.texts(root, "CompletedNumbers//FullNumber")
        return OrderStatus(
            status, tuple(from_ten_digits(number) for number in completed), tuple(_failures(root))
        )

    def create_import_request(
        self,
        *,
        customer_order_id: str,
        site_id: str,
        sip_peer_id: str | None,
        action: Action,
        numbers: Sequence[str],
    ) -> str:
        """Import or remove numbers (E.164) and return the order's id (document "Hosted Messaging", step 1).

        The spelling CustomerOrderID is this resource's own; the order's id comes in the body only.
        """
        order = E.ExternalTnsOrder(E.CustomerOrderID(customer_order_id), E.SiteId(site_id))
        if sip_peer_id is not None:
            order.append(E.SipPeerId(sip_peer_id))
        order.append(E.Action(action))
        order.append(E.TelephoneNumbers(*(E.TelephoneNumber(to_ten_digits(number)) for number in numbers)))
        return _required(self._write("POST", "/externalTns", order), ".//OrderId")

    def find_import_request(self, customer_order_id: str) -> str | None:
        """Return the id of the import order with this CustomerOrderID, None if Bandwidth knows none.

        Raises BandwidthRejected if there are several.
        """
        answer = self._transport.send(
            "GET", f"{self._account}/externalTns", params={"customerOrderId": customer_order_id}
        )
        root = _root(answer)
        orders = root.findall(".//ExternalTnsOrder")
        # An order that is listed may have errors of its own.
        if not orders and (rejection := _rejection(answer, root)):
            raise rejection
        found = {
            order_id
            for listed in orders
            if (xml.text(listed, ".//CustomerOrderID") or xml.text(listed, ".//CustomerOrderId"))
            in {customer_order_id, None}
            and (order_id := xml.text(listed, "OrderId"))
        }
        return _only_one(found, "GET /externalTns", customer_order_id)

    def import_status(self, order_id: str, requested: Sequence[str]) -> OrderStatus:
        """Return how far an import order is (document "Hosted Messaging", step 2).

        Who succeeded is computed from what was `requested` (E.164): failed numbers may or may not stay in the
        answer's own list, and an error may name no number. A FAILED order failed for all of them. What
        explains no number comes first.
        """
        answer = self._order(f"/externalTns/{order_id}")
        if answer is None:
            return _NOT_FOUND
        root = _root(answer)
        if (status := xml.text(root, ".//ProcessingStatus")) is None:
            raise _rejection(answer, root) or answer.garbled("tells no ProcessingStatus")
        order = OrderStatus(status, failures=tuple(_failures(root)))
        if order.ended_as is None:
            return OrderStatus(status)
        listed = {from_ten_digits(number) for path in _IMPORTED for number in xml.texts(root, path)}
        return _of_requested(order, requested, listed)

    def _order(self, path: str) -> Answer | None:
        """Return the answer about an order, None if it is not to be found yet, right after it was placed."""
        try:
            return self._transport.send("GET", self._account + path)
        except BandwidthRejected as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def _get(self, path: str, params: dict[str, str] | None = None) -> Element:
        answer = self._transport.send("GET", self._account + path, params=params)
        root = _root(answer)
        if rejection := _rejection(answer, root):
            raise rejection
        return root

    def _write(self, method: str, path: str, element: Element) -> Answer:
        answer = self._transport.send(
            method, self._account + path, body=xml.write(element), content_type=_XML
        )
        if answer.body and (rejection := _rejection(answer, _root(answer))):
            raise rejection
        return answer


def read_error(body: bytes) -> ErrorBody | None:
    """Return the first error that a body names, None if it names none (an empty body, a page of HTML)."""
    try:
        return next((error for _, error in _errors(xml.read(body))), None)
    except xml.Malformed:
        return None


def _only_one(found: set[str], request: str, customer_order_id: str) -> str | None:
    if len(found) > 1:
        words = f"{len(found)} orders carry the CustomerOrderId {customer_order_id}"
        raise BandwidthRejected(request, words=words)
    return found.pop() if found else None


def _messaging(site_id: str, location_id: str) -> str:
    return f"/sites/{site_id}/sippeers/{location_id}/products/messaging"


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _root(answer: Answer) -> Element:
    try:
        return xml.read(answer.body)
    except xml.Malformed as error:
        raise answer.garbled(f"is {error}") from None


def _required(answer: Answer, path: str) -> str:
    found = xml.text(_root(answer), path)
    if found is None:
        raise answer.garbled(f"{path} is missing")
    return found


def _rejection(answer: Answer, root: Element) -> BandwidthRejected | None:
    """Bandwidth also answers 2xx with an error inside."""
    for _, error in _errors(root):
        return BandwidthRejected(answer.request, status=answer.status, code=error.code, words=error.words)
    return None


def _errors(root: Element) -> Iterator[tuple[str | None, ErrorBody]]:
    """Yield each error of a body with the number it is about (ten digits) or None.

    Errors stand in ResponseStatus, ErrorList/Error, Errors/Error, repeated Errors, Error, or resultCode.
    """
    for element in root.iter("ResponseStatus", "Error", "Errors"):
        code = xml.text(element, "ErrorCode") or xml.text(element, "Code")
        words = xml.text(element, "Description")
        if code or words:
            numbers = [
                *xml.texts(element, "TelephoneNumber"),
                *xml.texts(element, "TelephoneNumbers/TelephoneNumber"),
            ]
            yield from ((number, ErrorBody(code, words)) for number in numbers)
            if not numbers:
                yield None, ErrorBody(code, words)
    if (result := xml.text(root, "resultCode")) not in {None, "0"}:
        yield None, ErrorBody(result, xml.text(root, "resultMessage"))


def _failures(root: Element) -> Iterator[Failure]:
    """Yield what failed in an order: FailedNumbers and the errors each may be missing, or name no number."""
    of_number: dict[str, ErrorBody] = {}
    of_order: list[ErrorBody] = []
    for number, error in _errors(root):
        if number:
            of_number.setdefault(number, error)
        else:
            of_order.append(error)
    unexplained = set(xml.texts(root, "FailedNumbers//FullNumber")) - of_number.keys()
    general = of_order[0] if of_order else ErrorBody(None, None)
    for number in sorted(of_number.keys() | unexplained):
        yield _failure(from_ten_digits(number), of_number.get(number, general))
    yield from (_failure(None, error) for error in of_order if not (unexplained and error is general))


def _of_requested(order: OrderStatus, requested: Sequence[str], listed: set[str]) -> OrderStatus:
    """Return an ended import order as it ended for the numbers that were requested."""
    asked = set(requested)
    explained = {failure["number"]: failure for failure in order.failures if failure["number"] in asked}
    missing = asked - listed if listed else set()
    failed = asked if order.ended_as == FAILED else explained.keys() | missing
    # What names none of them is the order's, unless it must explain a number that no error names.
    general = [failure | {"number": None} for failure in order.failures if failure["number"] not in asked]
    unexplained = _failure(None, ErrorBody(None, None))
    if failed - explained.keys() and general:
        unexplained = general.pop(0)
    return OrderStatus(
        order.status,
        completed=tuple(number for number in requested if number not in failed),
        failures=(
            *general,
            *(
                explained.get(number, unexplained | {"number": number})
                for number in requested
                if number in failed
            ),
        ),
    )


def _failure(number: str | None, error: ErrorBody) -> Failure:
    return {"number": number, "code": error.code, "reason": error.words or "no reason given"}
