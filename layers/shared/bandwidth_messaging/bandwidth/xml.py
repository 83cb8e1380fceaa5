"""XML of the Dashboard API: building requests, parsing responses. The one module that knows lxml."""

from collections.abc import Iterator
from typing import Final

from lxml import etree
from lxml.builder import ElementMaker

from bandwidth_messaging.domain.texts import normalize

Element = etree._Element  # noqa: SLF001 - the only name lxml has for it

E: Final = ElementMaker()
"""Builds elements: E.Order(E.SiteId("743"))."""


class Malformed(ValueError):
    """A body is not well-formed XML."""


def write(element: Element) -> bytes:
    """Return the element as a request body."""
    return etree.tostring(element, encoding="UTF-8", xml_declaration=True, standalone=True)


def read(body: bytes) -> Element:
    """Return the root of a body; no entity is resolved and nothing is fetched. Raises Malformed."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        return etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        message = "not well-formed XML"
        raise Malformed(message) from None


def text(element: Element, path: str) -> str | None:
    """Return the normalized text at the path, None if there is no such element or it is blank."""
    return normalize(element.findtext(path) or "") or None


def texts(element: Element, path: str) -> Iterator[str]:
    """Yield the normalized texts of all elements at the path, blank ones left out."""
    for child in element.iterfind(path):
        if content := normalize(child.text or ""):
            yield content
