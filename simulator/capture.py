"""Recorded requests, without secrets. Control requests are not recorded."""

import hashlib
import itertools
import json
import threading
import time
from dataclasses import asdict, dataclass
from typing import Any

from flask import Flask, Response, g, request
from lxml import etree

from simulator.control.path import is_control
from simulator.urls import REDACTED, redact_credentials

SECRET_NAMES = ("password", "secret", "token")
_parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


@dataclass(frozen=True)
class CapturedRequest:
    """A recorded request. `status` is None if a fault lost the response. `body` is redacted XML or JSON."""

    id: int
    method: str
    path: str
    query: str
    status: int | None
    time: float
    size: int
    sha256: str
    body: str | None


class Capture:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._requests: list[CapturedRequest] = []
        self._since = 0.0

    def install(self, app: Flask) -> None:
        """Record the requests to `app`. Install this before hooks that change responses."""

        @app.before_request
        def start() -> None:
            g.received = time.time()

        @app.after_request
        def finish(response: Response) -> Response:
            if not is_control(request.path):
                self._keep(None if g.get("response_lost") else response.status_code)
            return response

    def requests(
        self, path: str = "", method: str | None = None, bodies: bool = False
    ) -> list[dict[str, Any]]:
        """Return the recorded requests, oldest first, whose path contains `path` and whose method matches."""
        with self._lock:
            found = [each for each in self._requests if path in each.path and method in (None, each.method)]
        shown = [asdict(each) for each in found]
        if not bodies:
            for each in shown:
                del each["body"]
        return shown

    def reset(self) -> None:
        """Delete every request, including requests whose response is still delayed."""
        with self._lock:
            self._requests.clear()
            self._since = time.time()

    def _keep(self, status: int | None) -> None:
        body = request.get_data()
        captured = CapturedRequest(
            id=next(self._ids),
            method=request.method,
            path=request.path,
            query=request.query_string.decode("latin-1"),
            status=status,
            time=g.received,
            size=len(body),
            sha256=hashlib.sha256(body).hexdigest(),
            body=redact(body),
        )
        with self._lock:
            if captured.time >= self._since:
                self._requests.append(captured)


def redact(body: bytes) -> str | None:
    """Return a body without secrets, message texts and credentials in URLs; None if not XML or JSON."""
    return _redact_xml(body) if body.lstrip().startswith(b"<") else _redact_json(body)


def _redact_xml(body: bytes) -> str | None:
    try:
        root = etree.fromstring(body, _parser)
    except etree.XMLSyntaxError:
        return None
    for element in root.iter(etree.Element):
        if _is_secret(etree.QName(element).localname):
            for child in list(element):
                element.remove(child)
            element.text = REDACTED
        elif element.text and "@" in element.text:
            element.text = redact_credentials(element.text)
    return etree.tostring(root, encoding="unicode")


def _redact_json(body: bytes) -> str | None:
    try:
        return json.dumps(_redacted(json.loads(body)), ensure_ascii=False)
    except (ValueError, RecursionError):
        return None


def _redacted(value: Any) -> Any:
    match value:
        case dict():
            return {name: _redacted_member(name, each) for name, each in value.items()}
        case list():
            return [_redacted(each) for each in value]
        case str():
            return redact_credentials(value)
        case _:
            return value


def _redacted_member(name: str, value: Any) -> Any:
    return REDACTED if name == "text" or _is_secret(name) else _redacted(value)


def _is_secret(name: str) -> bool:
    return any(each in name.lower() for each in SECRET_NAMES)
