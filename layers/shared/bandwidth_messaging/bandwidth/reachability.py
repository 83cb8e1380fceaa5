"""Why a request got no answer, in words that tell a person what to mend."""

import socket
import ssl
from collections.abc import Iterator
from typing import Final

import requests

_WORDS: Final[dict[type[Exception], str]] = {
    ssl.SSLCertVerificationError: "its certificate is not trusted",
    socket.gaierror: "its host name is not known",
    ConnectionRefusedError: "it refused the connection",
    requests.ReadTimeout: "it did not answer in time",
    requests.ConnectTimeout: "there was no connection in time",
    requests.ConnectionError: "the connection broke off",
}


def why(error: requests.RequestException) -> str:
    """Return in words why a request got no answer. The library's own text may hold the URL's query."""
    causes = list(_causes(error))
    for kind, words in _WORDS.items():
        if any(isinstance(cause, kind) for cause in causes):
            return words
    return type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what caused it; requests and urllib3 keep that in several places."""
    yield error
    reason = getattr(error, "reason", None)
    for cause in (*error.args, reason, error.__context__):
        if isinstance(cause, BaseException):
            yield from _causes(cause)
