"""A total deadline for an HTTP request, from the connection to the last byte of the response.

The time-outs of `requests` apply to each read. A server that sends a byte now and then never exceeds them.
"""

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, ClassVar, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError


class Exchange:
    """One request in progress. `has_begun` is True if a byte of it may have left this machine."""

    def __init__(self, seconds: float) -> None:
        self.has_begun = False
        self._ends = time.monotonic() + seconds
        self._has_ended = False
        self._lock = threading.Lock()
        self._connection: HTTPConnection | None = None

    @property
    def seconds_left(self) -> float:
        """The seconds until the deadline, at least 0."""
        return max(self._ends - time.monotonic(), 0.0)

    @property
    def is_late(self) -> bool:
        """Whether the deadline has passed."""
        return self._has_ended or time.monotonic() >= self._ends

    def check(self) -> None:
        """Raise ReadTimeout if the deadline has closed the connection."""
        if self._has_ended:
            raise requests.ReadTimeout

    def use(self, connection: HTTPConnection) -> None:
        """Let the deadline close this connection from now on."""
        self._connection = connection

    def release(self) -> None:
        """Leave the connection to the next request."""
        with self._lock:
            self._connection = None

    def end(self) -> None:
        """Close the connection. A read that waits for it fails at once."""
        with self._lock:
            self._has_ended = True
            sock = getattr(self._connection, "sock", None)
            if sock is not None:
                with suppress(OSError):
                    # The plain socket's method: that of a TLS socket changes the state that the reader uses.
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)


_LATE: Final = "the deadline passed while connecting"
_exchange: Final[ContextVar[Exchange | None]] = ContextVar("exchange", default=None)


@contextmanager
def exchange(seconds: float) -> Iterator[Exchange]:
    """Bound all requests of a `bounded_session` inside this context to `seconds` in total.

    An exchange inside another one, for a token, ends no later than the outer one.
    """
    if (outer := _exchange.get()) is not None:
        seconds = min(seconds, outer.seconds_left)
    current = Exchange(seconds)
    timer = threading.Timer(seconds, current.end)
    timer.daemon = True
    timer.start()
    token = _exchange.set(current)
    try:
        yield current
    finally:
        timer.cancel()
        current.release()
        _exchange.reset(token)


class _SocketOptions(list[Any]):
    """Socket options that cannot be read after the deadline.

    urllib3 reads them before it tries each address of a host, and each address can take the whole connect
    time-out. So no address is tried after the deadline.
    """

    def __iter__(self) -> Iterator[Any]:
        """Raise TimeoutError after the deadline."""
        current = _exchange.get()
        if current is not None and current.is_late:
            raise TimeoutError(_LATE)
        return super().__iter__()


class _Bounded(HTTPConnection):
    """A connection that its exchange's deadline can close."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.socket_options = _SocketOptions(self.socket_options or ())

    def connect(self) -> None:
        """Connect, unless the deadline has passed by then."""
        current = _exchange.get()
        if current is not None:
            current.use(self)
        super().connect()
        if current is not None and current.is_late:
            self.close()
            raise ConnectTimeoutError(_LATE)

    def send(self, data: Any) -> None:
        """Send some bytes of a request."""
        current = _exchange.get()
        if current is not None:
            current.use(self)
        if self.sock is None:
            self.connect()
        if current is not None:
            current.has_begun = True
        super().send(data)


class BoundedTls(_Bounded, HTTPSConnection):
    """A bounded connection with TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Bounded


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = BoundedTls


class BoundedAdapter(HTTPAdapter):
    """Opens connections that an exchange bounds: of the class in `pools` for each scheme."""

    pools: ClassVar[Mapping[str, type[HTTPConnectionPool]]] = {"http": _Pool, "https": _TlsPool}

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = dict(self.pools)

    def send(self, *arguments: Any, **options: Any) -> requests.Response:
        """Send a request. It has not begun yet, even if the exchange sent another one before."""
        if (current := _exchange.get()) is not None:
            current.has_begun = False
        return super().send(*arguments, **options)


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002
        """Return nothing: redirects are not followed, and `requests` fails on the URL of a broken one."""
        return


def bounded_session() -> requests.Session:
    """Return a session without redirects, .netrc files and proxies, whose requests an `exchange` bounds."""
    session = _Session()
    session.trust_env = False
    for scheme in ("http://", "https://"):
        session.mount(scheme, BoundedAdapter())
    return session
