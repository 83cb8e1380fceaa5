"""Errors of Bandwidth's APIs, one class for each way a caller can react.

State machines match these classes by name, so that a name is part of their contract. The message of an error
contains no credentials, no full phone number and no message text.
"""

import re
from http import HTTPStatus
from typing import Final

from bandwidth_messaging.domain.failures import hide_url_secrets

# Codes of a missing resource (page on numbers errors): resource, order, site, location, application, SMS.
_ABSENT: Final = frozenset({"1016", "5035", "12016", "13563", "13629", "13678"})
_ABSENT_WORDS: Final = "does not exist"
_ID: Final = r"\b[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b"
_NUMBER: Final = r"\+?(?:\d{1,5}[\s.-]*)?\(?\d{3}\)?[\s.-]*\d{3}[\s.-]*(\d{4})\b"
_ID_OR_NUMBER: Final = re.compile(f"{_ID}|{_NUMBER}")


def mask_numbers(words: str) -> str:
    """Return Bandwidth's description with only the last four digits of phone numbers. Ids do not change."""
    return _ID_OR_NUMBER.sub(lambda found: f"…{found[1]}" if found[1] else found[0], words)


class BandwidthError(Exception):
    """Base class of the errors of Bandwidth's APIs."""


class BandwidthUnavailable(BandwidthError):
    """The request was not accepted (425, 429, a redirect, no connection), or a read failed. Retry it later.

    `wait_seconds` is the delay that Bandwidth requests (Retry-After, X-RateLimit-Reset), if any. `status` is
    the HTTP status, or None without a response.
    """

    def __init__(self, message: str, *, wait_seconds: int | None = None, status: int | None = None) -> None:
        self.wait_seconds = wait_seconds
        self.status = status
        super().__init__(message)

    @property
    def is_throttled(self) -> bool:
        """Return whether messages were sent faster than Bandwidth allows. V1 then also uses 400 and 403."""
        return self.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}

    @property
    def is_redirect(self) -> bool:
        """Return whether Bandwidth redirected the request, because the stack's URL of this API is wrong."""
        return self.status is not None and HTTPStatus.MULTIPLE_CHOICES <= self.status < HTTPStatus.BAD_REQUEST


class BandwidthOutcomeUnknown(BandwidthError):
    """A POST was sent and got no response, a 408 or a 5xx. Look up the outcome before you repeat it."""


class BandwidthUnauthorized(BandwidthError):
    """401 or 403: the credentials or their permissions are wrong until a person changes them.

    `status` is the HTTP status, `words` Bandwidth's description. Both are None if the token request failed.
    """

    def __init__(self, message: str, *, status: int | None = None, words: str | None = None) -> None:
        self.status = status
        self.words = words
        super().__init__(message)


class BandwidthRejected(BandwidthError):
    """Bandwidth rejected the request, possibly inside a 2xx response. Repeating the request does not help.

    `status` is the HTTP status, `code` is Bandwidth's error code or type, `words` is Bandwidth's description
    without the secrets of URLs. The message of the error contains only the last four digits of phone numbers
    in it.
    """

    def __init__(
        self,
        request: str,
        *,
        status: int | None = None,
        code: str | None = None,
        words: str | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.words = hide_url_secrets(words or "no reason given")
        shown = mask_numbers(self.words)
        super().__init__(f"{request} was rejected: {f'{code} ' if code else ''}{shown}")

    @property
    def is_absent(self) -> bool:
        """Return whether the requested resource does not exist.

        Bandwidth reports a missing resource as a 404, or with a code, also on a 400. A removal order without
        a match is a 400 without a code (specification), so that only its description identifies it.
        """
        if self.status == HTTPStatus.NOT_FOUND or self.code in _ABSENT:
            return True
        return self.code is None and _ABSENT_WORDS in self.words


class BandwidthGarbled(BandwidthError):
    """The body of a response differs from the documentation."""


def changed_nothing(error: BaseException) -> bool:
    """Return whether a POST that ended with this error had no effect."""
    return isinstance(error, BandwidthUnavailable | BandwidthUnauthorized | BandwidthRejected)
