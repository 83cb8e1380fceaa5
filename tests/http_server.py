"""A local HTTP server that sends canned responses and records the requests it receives."""

import socket
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Response:
    """A canned response. The server sends it after `seconds`.

    If `lost` is set, the server closes the connection without a response. If `drip_seconds` is set, the
    server waits that long after each byte.
    """

    status: int = 200
    body: str | bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0
    lost: bool = False
    drip_seconds: float = 0


@dataclass(frozen=True)
class ReceivedRequest:
    """A request as the server received it. `path` includes the query."""

    method: str
    path: str
    headers: Message
    body: bytes


class Server:
    """Sends the canned responses in order, and repeats the last one."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[ReceivedRequest] = []
        self._responses: deque[Response] = deque([Response()])

    def respond_with(self, *responses: Response) -> None:
        """Replace the canned responses."""
        self._responses = deque(responses)

    def receive(self, request: ReceivedRequest) -> Response:
        """Record a request and return the response to it."""
        self.requests.append(request)
        return self._responses.popleft() if len(self._responses) > 1 else self._responses[0]

    @property
    def only_request(self) -> ReceivedRequest:
        """The request, if the server received exactly one."""
        (request,) = self.requests
        return request


class _Handler(BaseHTTPRequestHandler):
    """Answers for the server that used the listener when the connection was opened."""

    server: "_Listener"

    def setup(self) -> None:
        self._canned = self.server.used_by
        super().setup()

    def respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        response = self._canned.receive(ReceivedRequest(self.command, self.path, self.headers, body))
        time.sleep(response.seconds)
        if response.lost:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        content = response.body.encode() if isinstance(response.body, str) else response.body
        if response.drip_seconds:
            head = f"HTTP/1.1 {response.status} OK\r\nContent-Length: {len(content)}\r\n\r\n"
            for byte in head.encode() + content:
                self.wfile.write(bytes([byte]))
                time.sleep(response.drip_seconds)
            return
        self.send_response(response.status)
        for name, value in {"Content-Length": str(len(content)), **response.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = respond  # noqa: N815 - http.server calls these names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def handle(self) -> None:
        # Some tests have a client that closes the connection before the response.
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True


class _Listener(ThreadingHTTPServer):
    """Listens on a free local port until the process ends."""

    # Above the default of five, a connection is lost and tried again a second later.
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.used_by = self.new_server()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def new_server(self) -> Server:
        """Replace the server of an earlier test, and return the new one."""
        self.used_by = Server(f"http://127.0.0.1:{self.server_port}")
        return self.used_by


_idle: list[_Listener] = []


@contextmanager
def run_server() -> Iterator[Server]:
    """Run a server on a local port. Tests share ports, because to start and stop listeners takes time."""
    listener = _idle.pop() if _idle else _Listener()
    try:
        yield listener.new_server()
    finally:
        _idle.append(listener)


# Bound and not listening: they refuse connections, and no other test gets their ports.
_bound: list[socket.socket] = []


def unused_url() -> str:
    """Return the URL of a local port that refuses connections."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    _bound.append(bound)
    return f"http://127.0.0.1:{bound.getsockname()[1]}"
