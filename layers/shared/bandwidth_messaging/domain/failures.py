"""Meaning of Bandwidth's failure codes. failure_codes.json lists the codes and their source."""

import json
import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

ErrorClass = Literal[
    "request",
    "sender",
    "recipient",
    "opt_out",
    "spam",
    "media",
    "size",
    "expired",
    "volume",
    "away",
    "short_code",
    "service",
    "carrier",
    "unknown",
]

_DIGITS_OF_V2: Final = 4
_URL_CREDENTIALS: Final = re.compile(r"""(https?://)[^\s/?#'"]*@""", re.IGNORECASE)
_URL_QUERY: Final = re.compile(r"""(https?://[^\s?'"]*)\?[^\s'"]*""", re.IGNORECASE)
RETRIED_CLASSES: Final = frozenset({"volume", "carrier", "away"})
# Then an hour, then six.
_FIRST_RETRY: Final = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a message failed: Bandwidth's code, its class, and a sentence for people without the code."""

    code: int
    error_class: ErrorClass
    words: str


def hide_url_secrets(words: str) -> str:
    """Return Bandwidth's description without the credentials and the query of URLs.

    Bandwidth quotes rejected values: links to uploaded files are signed in their query, and the callback URL
    of V1 contains the callback password.
    """
    without_credentials = _URL_CREDENTIALS.sub(r"\1…@", words)
    return _URL_QUERY.sub(r"\1?…", without_credentials)


def find_failure(code: int | None) -> Failure | None:
    """Return the meaning of a V2 `errorCode` or a V1 `deliveryCode`. Return None for an unknown code.

    A V2 code has four digits. If the catalogue lacks it, its first digits explain it. A V1 code that is not
    in V1's table is a V2 code without its leading 4, 5 or 9.
    """
    if code is None or (entry := _entry(code)) is None:
        return None
    return Failure(code=code, error_class=entry["class"], words=entry["words"])


def is_opt_out(code: int | None) -> bool:
    """Return whether a code means that the recipient has opted out (4475, 4775, V1's 775)."""
    known = find_failure(code)
    return known is not None and known.error_class == "opt_out"


_T_MOBILE_DAILY_LIMIT: Final = 4780
# The digits of V2's codes 5600 to 5699: an error of the carrier. Other codes of the class are rejections.
_CARRIER_ERRORS: Final = range(5600, 5700)


def retry_delay(code: int | None, attempts: int, classes: AbstractSet[str]) -> timedelta | None:
    """Return how long to wait before a message is sent again that a carrier failed, None if it is final.

    `attempts` counts the attempts so far. `classes` are the classes of the parameter RetryErrorClasses. The
    temporary failures are those of Bandwidth's page on errors: the volume limits (4780 to 4785), errors of
    the carrier (5600 to 5699), and a phone that is away (4702).
    """
    failure = find_failure(code)
    if failure is None or failure.error_class not in classes & RETRIED_CLASSES:
        return None
    v2_code = _find_v2_code(failure.code)
    if v2_code == _T_MOBILE_DAILY_LIMIT:
        return timedelta(days=1)
    if failure.error_class == "carrier" and v2_code not in _CARRIER_ERRORS:
        return None
    delay: timedelta = _FIRST_RETRY * 6 ** (attempts - 1)
    return delay


def is_delivery_unknown(code: int | None) -> bool:
    """Return whether a failed message may have arrived (9902, 9999, another 9xxx, V1's 902 and 999)."""
    known = find_failure(code)
    return known is not None and known.error_class == "unknown"


def _find_v2_code(code: int) -> int:
    """Return the V2 code of a V1 code: V1 leaves the leading 4, 5 or 9 out. A V2 code stays as it is."""
    catalogue = _catalogue()
    written = str(catalogue["v1"].get(str(code), code))
    if len(written) == _DIGITS_OF_V2:
        return int(written)
    complete = (f"{digit}{written}" for digit in "459")
    return next((int(each) for each in complete if each in catalogue["codes"]), code)


def _entry(code: int) -> dict[str, Any] | None:
    catalogue = _catalogue()
    codes, rules = catalogue["codes"], catalogue["rules"]
    written = str(_find_v2_code(code))
    if len(written) != _DIGITS_OF_V2:
        return None
    return codes.get(written) or rules.get(written[:2]) or rules.get(written[:1])


@cache
def _catalogue() -> dict[str, dict[str, Any]]:
    """Return the content of failure_codes.json: "codes", "rules" by first digits, "v1" by deliveryCode."""
    catalogue: dict[str, dict[str, Any]] = json.loads(
        Path(__file__).with_name("failure_codes.json").read_bytes()
    )
    return catalogue
