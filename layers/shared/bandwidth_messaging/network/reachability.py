"""Explains to people why a request got no response."""

import socket
import ssl
from collections.abc import Iterator
from typing import Final

import requests

_EXPLANATIONS: Final[dict[type[Exception], str]] = {
    ssl.SSLCertVerificationError: "the server's certificate is not trusted",
    socket.gaierror: "the host name does not exist",
    ConnectionRefusedError: "the server refused the connection",
    requests.ReadTimeout: "the server did not respond in time",
    requests.ConnectTimeout: "the connection timed out",
    requests.ConnectionError: "the connection was lost",
}


def explain_failure(error: Exception) -> str:
    """Return why a request got no response, without the error's own text: it can hold the URL's query."""
    causes = list(_causes(error))
    for kind, explanation in _EXPLANATIONS.items():
        if any(isinstance(cause, kind) for cause in causes):
            return explanation
    return type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and its causes. requests and urllib3 store causes in several places."""
    yield error
    reason = getattr(error, "reason", None)
    for cause in (*error.args, reason, error.__context__):
        if isinstance(cause, BaseException):
            yield from _causes(cause)
