"""The Dashboard's XML: parse request bodies, write response bodies and error bodies."""

from collections.abc import Iterable

from flask import Response
from lxml import etree

from simulator.account.account import Location
from simulator.account.api_version import read_numbers, write_numbers
from simulator.account.config import AccountConfig
from simulator.account.number_list_orders import NumbersError, NumbersOrder
from simulator.rejections import MultipleRejectionsError, RejectedError
from simulator.timestamps import timestamp

_parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)


def parse(body: bytes, root: str) -> etree._Element:
    """Parse a body with this root element, and convert its numbers to ten digits.

    Raises RejectedError (400) for other bodies.
    """
    try:
        parsed = etree.fromstring(body, _parser)
    except etree.XMLSyntaxError:
        raise RejectedError(400, None, "The request body is not well-formed XML.") from None
    if parsed.tag != root:
        raise RejectedError(400, None, f"The request body must be a {root} element.")
    read_numbers(parsed)
    return parsed


def text(parent: etree._Element, *paths: str) -> str | None:
    """Return the stripped text of the first existing path ("" if empty); None if no path exists."""
    for path in paths:
        found = parent.find(path)
        if found is not None:
            return (found.text or "").strip()
    return None


def texts(parent: etree._Element, path: str) -> list[str]:
    """Return the stripped texts of all elements at this path."""
    return [(each.text or "").strip() for each in parent.iterfind(path)]


def element(tag: str, *content: etree._Element | str | int) -> etree._Element:
    """Return an element with children, or with one value as text (true and false in lower case)."""
    created = etree.Element(tag)
    for each in content:
        if isinstance(each, str | int):
            created.text = str(each).lower() if isinstance(each, bool) else str(each)
        else:
            created.append(each)
    return created


def numbers(tag: str, listed: Iterable[str]) -> etree._Element:
    """Return an element that lists telephone numbers."""
    return element(tag, *(element("TelephoneNumber", each) for each in listed))


def error_list(errors: Iterable[NumbersError]) -> etree._Element:
    """Return an ErrorList with one entry for each number of an error, or for the order."""
    return element(
        "ErrorList",
        *(
            error(each.code, each.description, number)
            for each in errors
            for number in each.numbers or (None,)
        ),
    )


def error(code: int | str, description: str, number: str | None = None) -> etree._Element:
    """Return an entry of an ErrorList, for one number or the whole order."""
    entry = element("Error", element("Code", code), element("Description", description))
    if number:
        entry.append(element("TelephoneNumber", number))
    return entry


def sip_peer(location: Location) -> etree._Element:
    """Return the element of a location."""
    return element(
        "SipPeer",
        element("PeerId", location.id),
        element("PeerName", location.name),
        element("IsDefaultPeer", location.is_default),
    )


def order_header(order: NumbersOrder, config: AccountConfig) -> list[etree._Element]:
    """Return the first elements of every order that lists its numbers."""
    header = {
        "CustomerOrderId": order.customer_order_id,
        "OrderCreateDate": timestamp(order.created),
        "AccountId": config.account_id,
        "CreatedByUser": config.dashboard_user,
        "OrderId": order.id,
        "LastModifiedDate": timestamp(order.modified),
    }
    return [element(name, value) for name, value in header.items() if value is not None]


def errors_with_numbers(outer: str, inner: str, errors: Iterable[NumbersError]) -> etree._Element:
    """Return errors with the numbers that they apply to, if any."""
    listed = element(outer)
    for each in errors:
        error = element(inner, element("Code", each.code), element("Description", each.description))
        if each.numbers:
            error.append(numbers("TelephoneNumbers", each.numbers))
        listed.append(error)
    return listed


def xml_response(root: etree._Element, status: int = 200, location: str | None = None) -> Response:
    """Return an XML response with the numbers in the format of the API version."""
    write_numbers(root)
    body = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    response = Response(body, status, content_type="application/xml; charset=utf-8")
    if location:
        response.headers["Location"] = location
    return response


def rejection(root: str, rejected: RejectedError) -> Response:
    """Return a rejection: ResponseStatus in the resource's root element (numbers specification)."""
    return xml_response(element(root, _reason("ResponseStatus", "ErrorCode", rejected)), rejected.status)


def order_rejection(root: str, rejected: RejectedError) -> Response:
    """Return a 400 of an order or a disconnect: an ErrorList (numbers specification)."""
    errors = element("ErrorList", _reason("Error", "Code", rejected))
    return xml_response(element(root, errors), rejected.status)


def repeated_rejection(root: str, rejected: RejectedError) -> Response:
    """Return a 400 of imported numbers: one Errors element for each error (numbers specification)."""
    errors = rejected.errors if isinstance(rejected, MultipleRejectionsError) else (rejected,)
    return xml_response(element(root, *(_reason("Errors", "Code", each) for each in errors)), rejected.status)


def _reason(tag: str, code_tag: str, rejected: RejectedError) -> etree._Element:
    reason = element(tag)
    if rejected.code is not None:
        reason.append(element(code_tag, rejected.code))
    reason.append(element("Description", rejected.description))
    return reason
