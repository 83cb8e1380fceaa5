"""Base of the account API (Dashboard) clients: paths of one account, XML bodies, pages and errors."""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from bandwidth_messaging.bandwidth import xml
from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.bandwidth.transport import Auth, ErrorBody, Response, Transport, combine_errors
from bandwidth_messaging.bandwidth.xml import E, Element
from bandwidth_messaging.domain.orders import Failure, OrderStatus
from bandwidth_messaging.domain.phone_numbers import from_ten_digits, to_ten_digits

XML: Final = "application/xml; charset=utf-8"
# Link=<https://…?page=…&size=…>;rel="next";
_NEXT: Final = re.compile(r"<[^>?]*\?([^>]*)>")
NOT_FOUND: Final = OrderStatus("NOT_FOUND")
"""Status of an order that was just placed, and that Bandwidth does not list yet."""


class OrderBody(NamedTuple):
    """The root of a response about an order, and the order's status in it."""

    root: Element
    status: str


class AccountApi:
    """One account. Every method may raise the errors of `Transport.send`.

    `account` is the first part of every path. `is_v2` is True for the second version of the current API.
    """

    def __init__(self, base_url: str, account_id: str, auth: Auth) -> None:
        self.transport = Transport(base_url, auth, read_error)
        self.account = f"/accounts/{account_id}"
        self.is_v2 = base_url.endswith("/v2")

    def format_number(self, e164: str) -> str:
        """Return a number (E.164) as this API writes it: ten digits, or E.164 in its second version."""
        return e164 if self.is_v2 else to_ten_digits(e164)

    def build_number_list(self, numbers: Iterable[str]) -> Element:
        """Build the element that lists numbers (E.164)."""
        return E.TelephoneNumbers(*(E.TelephoneNumber(self.format_number(number)) for number in numbers))

    def get(self, path: str, params: dict[str, str] | None = None) -> Element:
        """Return the root of the response to a GET. Raises also for an error inside a 2xx."""
        response = self.transport.send("GET", self.account + path, params=params)
        root = parse_root(response)
        if rejection := find_rejection(response, root):
            raise rejection
        return root

    def find(self, path: str, params: dict[str, str] | None = None) -> Element | None:
        """Return the root of the response to a GET, None if the resource does not exist."""
        try:
            return self.get(path, params)
        except BandwidthRejected as error:
            if error.is_absent:
                return None
            raise

    def pages(self, path: str, params: dict[str, str] | None = None) -> Iterator[Element]:
        """Yield the root of each page of a list, following the links to the next page.

        Yields nothing if the resource does not exist.
        """
        requested: list[dict[str, str]] = []
        root = self.find(path, params)
        while root is not None:
            yield root
            following = next_page(root)
            # A link to an earlier page would never end.
            if not following or following in requested:
                return
            requested.append(following)
            root = self.find(path, following)

    def delete(self, path: str) -> bool:
        """Delete a resource. Return False if it did not exist."""
        try:
            response = self.transport.send("DELETE", self.account + path)
            raise_rejection(response)
        except BandwidthRejected as error:
            if error.is_absent:
                return False
            raise
        return True

    def send(self, method: str, path: str, element: Element) -> Response:
        """Send an element and return the response, also one with an error inside a 2xx."""
        return self.transport.send(method, self.account + path, body=xml.write(element), content_type=XML)

    def write(self, method: str, path: str, element: Element) -> Response:
        """Send an element and return the response. Raises also for an error inside a 2xx."""
        response = self.send(method, path, element)
        raise_rejection(response)
        return response

    def place(self, path: str, order: Element, id_path: str) -> str:
        """Place an order and return its id, the text at `id_path` in the response.

        An order with an id is placed, even if the response also has errors. Raises BandwidthRejected for an
        error without an id, also inside a 2xx, and BandwidthGarbled without both.
        """
        response = self.send("POST", path, order)
        root = parse_root(response)
        if (found := xml.text(root, id_path)) is not None:
            return found
        raise find_rejection(response, root) or response.garbled(f"has no {id_path}")

    def find_response(self, path: str, params: dict[str, str] | None = None) -> Response | None:
        """Return the response to a GET, None if the resource does not exist.

        The response may have an error inside a 2xx.
        """
        try:
            return self.transport.send("GET", self.account + path, params=params)
        except BandwidthRejected as error:
            if error.is_absent:
                return None
            raise

    def read_order(self, path: str, status_path: str) -> OrderBody | None:
        """Return an order whose status is the text at `status_path`, None if Bandwidth does not list it yet.

        A response with a status is about the order, even if it also has errors. Raises BandwidthRejected for
        an error without a status, and BandwidthGarbled without both.
        """
        response = self.find_response(path)
        if response is None:
            return None
        root = parse_root(response)
        if (status := xml.text(root, status_path)) is not None:
            return OrderBody(root, status)
        raise find_rejection(response, root) or response.garbled(f"has no {status_path.rpartition('/')[2]}")


def next_page(root: Element) -> dict[str, str]:
    """Return the query of a list's next page, empty on the last page."""
    link = _NEXT.search(xml.text(root, ".//Links/next") or "")
    return dict(parse_qsl(link[1])) if link else {}


def read_error(body: bytes) -> ErrorBody | None:
    """Return the errors of a body as one, None if the body has none (an empty body, a page of HTML)."""
    try:
        return combine_errors(error for _, error in _errors(xml.read(body)))
    except xml.Malformed:
        return None


def format_boolean(value: bool) -> str:
    """Return the text of an XML boolean."""
    return "true" if value else "false"


def parse_root(response: Response) -> Element:
    """Return the root of a response's body. Raises BandwidthGarbled."""
    try:
        return xml.read(response.body)
    except xml.Malformed as error:
        raise response.garbled(f"is {error}") from None


def require_text(response: Response, path: str) -> str:
    """Return the text at a path of a response's body. Raises BandwidthGarbled if it is missing."""
    found = xml.text(parse_root(response), path)
    if found is None:
        raise response.garbled(f"has no {path}")
    return found


def find_rejection(response: Response, root: Element) -> BandwidthRejected | None:
    """Return the error in a body, if any: Bandwidth also returns errors inside a 2xx."""
    error = combine_errors(error for _, error in _errors(root))
    if error is None:
        return None
    return BandwidthRejected(response.request, status=response.status, code=error.code, words=error.words)


def raise_rejection(response: Response) -> None:
    """Raise the error in the body of a 2xx response, if any."""
    if response.body and (rejection := find_rejection(response, parse_root(response))):
        raise rejection


def _errors(root: Element) -> Iterator[tuple[str | None, ErrorBody]]:
    """Yield each error of a body with the number it is about (ten digits) or None.

    Errors stand in ResponseStatus, ErrorList/Error, Errors/Error, repeated Errors, Error, ImportTnError, or
    resultCode.
    """
    for element in root.iter("ResponseStatus", "Error", "Errors", "ImportTnError"):
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


def parse_failures(root: Element) -> Iterator[Failure]:
    """Yield the failures of an order, from FailedNumbers and from the errors.

    Either list may be missing. The first error without a number explains the FailedNumbers without an error.
    """
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
        yield build_failure(from_ten_digits(number), of_number.get(number, general))
    yield from (build_failure(None, error) for error in of_order if not (unexplained and error is general))


def build_failure(number: str | None, error: ErrorBody) -> Failure:
    """Return the failure of a number (E.164), or of the order."""
    return {"number": number, "code": error.code, "reason": error.words or "no reason given"}
