"""A small HTTP server on this machine that answers as it is told and remembers what it was asked."""

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
    """What to answer: after `seconds`, and with `lost` nothing at all, the connection being closed.

    With `drip_seconds` the response is sent byte by byte, one after each such time.
    """

    status: int = 200
    body: str | bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0
    lost: bool = False
    drip_seconds: float = 0


@dataclass(frozen=True)
class ReceivedRequest:
    """A request as it came over the wire; `path` has the query."""

    method: str
    path: str
    headers: Message
    body: bytes


class Server:
    """Gives the answers in their order, the last one again and again."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[ReceivedRequest] = []
        self._answers: deque[Response] = deque([Response()])

    def respond_with(self, *answers: Response) -> None:
        """Set what is answered from now on."""
        self._answers = deque(answers)

    def take(self, asked: ReceivedRequest) -> Response:
        """Return the answer to a request."""
        self.requests.append(asked)
        return self._answers.popleft() if len(self._answers) > 1 else self._answers[0]

    @property
    def only_request(self) -> ReceivedRequest:
        """The one request that came."""
        (asked,) = self.requests
        return asked


@contextmanager
def run_server() -> Iterator[Server]:
    """Run a server on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = server.take(ReceivedRequest(self.command, self.path, self.headers, body))
            time.sleep(answer.seconds)
            if answer.lost:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            content = answer.body.encode() if isinstance(answer.body, str) else answer.body
            if answer.drip_seconds:
                head = f"HTTP/1.1 {answer.status} OK\r\nContent-Length: {len(content)}\r\n\r\n"
                for byte in head.encode() + content:
                    self.wfile.write(bytes([byte]))
                    time.sleep(answer.drip_seconds)
                return
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(content)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - the names that http.server calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

        def handle(self) -> None:
            # A client that has stopped waiting is what some tests are about.
            try:
                super().handle()
            except ConnectionError:
                self.close_connection = True

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        server = Server(f"http://127.0.0.1:{listener.server_port}")
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.005})
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()
            thread.join()


def unused_url() -> str:
    """Return the URL of a port of this machine where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"
