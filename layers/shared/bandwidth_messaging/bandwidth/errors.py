"""What can go wrong with Bandwidth, told apart by what the caller may do about it.

State machines match these classes by their names, so a name is part of the machines' contract.
No message of an error holds credentials, a telephone number or the text of a message.
"""

import re
from http import HTTPStatus
from typing import Final

# Codes of an absent resource (page on numbers errors): resource, order, site, location, application, SMS.
_ABSENT: Final = frozenset({"1016", "5035", "12016", "13563", "13629", "13678"})
_ABSENT_WORDS: Final = "does not exist"
_ID: Final = r"\b[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b"
_NUMBER: Final = r"\+?(?:\d{1,5}[\s.-]*)?\(?\d{3}\)?[\s.-]*\d{3}[\s.-]*(\d{4})\b"
_ID_OR_NUMBER: Final = re.compile(f"{_ID}|{_NUMBER}")


def masked(words: str) -> str:
    """Return Bandwidth's words with telephone numbers cut down to their last four digits; ids stay whole."""
    return _ID_OR_NUMBER.sub(lambda found: f"…{found[1]}" if found[1] else found[0], words)


class BandwidthError(Exception):
    """Base of all of them."""


class BandwidthUnavailable(BandwidthError):
    """The request was not accepted (425, 429, a redirect, no connection), or a read failed: repeat it later.

    `wait_seconds` is how long to wait, if Bandwidth said so (Retry-After, X-RateLimit-Reset). `status` is the
    HTTP status, None without a response.
    """

    def __init__(self, message: str, *, wait_seconds: int | None = None, status: int | None = None) -> None:
        self.wait_seconds = wait_seconds
        self.status = status
        super().__init__(message)

    @property
    def is_redirect(self) -> bool:
        """Tell whether Bandwidth redirected the request: the stack's URL of this API is wrong."""
        return self.status is not None and HTTPStatus.MULTIPLE_CHOICES <= self.status < HTTPStatus.BAD_REQUEST


class BandwidthOutcomeUnknown(BandwidthError):
    """A POST was sent and no response, a 408 or a 5xx came back: look up the outcome before repeating it."""


class BandwidthUnauthorized(BandwidthError):
    """401 or 403: the credentials or their rights are wrong, and stay so until a person changes them.

    `status` is the HTTP status and `words` Bandwidth's description; both None if it gave us no token.
    """

    def __init__(self, message: str, *, status: int | None = None, words: str | None = None) -> None:
        self.status = status
        self.words = words
        super().__init__(message)


class BandwidthRejected(BandwidthError):
    """Bandwidth said no, also inside a 2xx answer: repeating the same request will not help.

    `status` is the HTTP status, `code` Bandwidth's error code or type and `words` its description, whole;
    the error's own text shows the last four digits of numbers in it.
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
        self.words = words or "no reason given"
        shown = masked(self.words)
        super().__init__(f"{request} was rejected: {f'{code} ' if code else ''}{shown}")

    @property
    def is_absent(self) -> bool:
        """Tell whether the requested resource does not exist.

        Bandwidth reports this as a 404, or with a code, also on a 400. A removal order without a match is a
        400 without a code (specification): its description is read as the last resort.
        """
        if self.status == HTTPStatus.NOT_FOUND or self.code in _ABSENT:
            return True
        return self.code is None and _ABSENT_WORDS in self.words


class BandwidthGarbled(BandwidthError):
    """The body of an answer is not what the documents describe."""


def changed_nothing(error: BaseException) -> bool:
    """Tell whether a POST that ended so had no effect."""
    return isinstance(error, BandwidthUnavailable | BandwidthUnauthorized | BandwidthRejected)
