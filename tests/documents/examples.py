"""The examples of Bandwidth's documents, one file each, unchanged."""

import re
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from lxml import etree

_FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Example:
    """A request or a response: first line, headers, and body without surrounding whitespace.

    A response that the document prints without its head has an empty first line and no headers.
    """

    first_line: str
    headers: Message
    body: str

    @property
    def status(self) -> int:
        """The status of a response, "HTTP/1.1 201 Created" or "201 Created"."""
        return int(self.first_line.removeprefix("HTTP/1.1 ").split()[0])

    @property
    def method(self) -> str:
        """The method of a request."""
        return self.first_line.split()[0]

    @property
    def url(self) -> str:
        """The URL of a request."""
        return self.first_line.split()[1]


def example(name: str, **placeholders: str) -> Example:
    """Return an example, such as "messaging_v2/create_location.request", with these placeholders filled in.

    The argument `your_application_id` replaces {{your-application-id}} and {your-application-id}.
    """
    text = (_FOLDER / f"{name}.http").read_text()
    for placeholder, value in placeholders.items():
        written = placeholder.replace("_", "-")
        text = text.replace(f"{{{{{written}}}}}", value).replace(f"{{{written}}}", value)
    head, _, body = f"\n{text}".partition("\n\n")
    first_line, _, headers = head.removeprefix("\n").partition("\n")
    return Example(first_line, HeaderParser().parsestr(headers), body.strip())


def headings(document: str) -> list[str]:
    """Return the headings of the document's steps, without numbers, emphasis and the name of the API."""
    lines = (_FOLDER / document / "headings.txt").read_text().splitlines()
    return [re.sub(r"^\d+\. | - Using the .+$", "", line).replace("_", "") for line in lines]


def tables(document: str) -> list[list[str]]:
    """Return the first cell of each row, for each table of the document. The cell ends a line."""
    printed = (_FOLDER / document / "tables.txt").read_text().split("\n\n")
    rows = (re.findall(r"^(\w+) \|$", table, re.MULTILINE) for table in printed)
    # A cell that is split in two leaves the last column, "Yes" or "No", in a separate line.
    return [[name for name in names if name not in {"Yes", "No"}] for names in rows]


def outline(xml: str | bytes) -> list[tuple[int, str, str]]:
    """Return depth, name and text of every element, in document order."""
    root = etree.fromstring(xml.encode() if isinstance(xml, str) else xml)
    rows: list[tuple[int, str, str]] = []

    def add(element: Any, depth: int) -> None:
        rows.append((depth, element.tag, (element.text or "").strip()))
        for child in element:
            add(child, depth + 1)

    add(root, 0)
    return rows
