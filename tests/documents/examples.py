"""The examples of Bandwidth's documents, one file each, exactly as they are printed there."""

from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from lxml import etree

_FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Example:
    """A request or a response: its first line, its headers, and its body without the space around it."""

    first_line: str
    headers: Message
    body: str

    @property
    def status(self) -> int:
        """The status of a response."""
        return int(self.first_line.split()[1])

    @property
    def method(self) -> str:
        """The method of a request."""
        return self.first_line.split()[0]

    @property
    def url(self) -> str:
        """The URL of a request."""
        return self.first_line.split()[1]


def example(name: str, **placeholders: str) -> Example:
    """Return an example, "messaging_v2/create_location.request", with placeholders filled in.

    The document's {{your-application-id}} is the argument `your_application_id`.
    """
    text = (_FOLDER / f"{name}.http").read_text()
    for placeholder, value in placeholders.items():
        text = text.replace(f"{{{{{placeholder.replace('_', '-')}}}}}", value)
    head, _, body = text.partition("\n\n")
    first_line, _, headers = head.partition("\n")
    return Example(first_line, HeaderParser().parsestr(headers), body.strip())


def headings(document: str) -> list[str]:
    """Return the document's list of steps, without numbers and emphasis."""
    lines = (_FOLDER / document / "headings.txt").read_text().splitlines()
    return [line.partition(". ")[2].replace("_", "") for line in lines]


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
