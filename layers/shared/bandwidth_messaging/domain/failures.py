"""Meaning of Bandwidth's failure codes. failure_codes.json lists the codes and their source."""

import json
from dataclasses import dataclass
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


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a message failed: Bandwidth's code, its class, and a sentence for people without the code."""

    code: int
    error_class: ErrorClass
    words: str


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


def is_delivery_unknown(code: int | None) -> bool:
    """Return whether a failed message may have arrived (9902, 9999, another 9xxx, V1's 902 and 999)."""
    known = find_failure(code)
    return known is not None and known.error_class == "unknown"


def _entry(code: int) -> dict[str, Any] | None:
    catalogue = _catalogue()
    codes, rules = catalogue["codes"], catalogue["rules"]
    written = str(catalogue["v1"].get(str(code), code))
    if len(written) == _DIGITS_OF_V2:
        return codes.get(written) or rules.get(written[:2]) or rules.get(written[:1])
    return codes.get(f"4{written}") or codes.get(f"5{written}") or codes.get(f"9{written}")


@cache
def _catalogue() -> dict[str, dict[str, Any]]:
    """Return the content of failure_codes.json: "codes", "rules" by first digits, "v1" by deliveryCode."""
    catalogue: dict[str, dict[str, Any]] = json.loads(
        Path(__file__).with_name("failure_codes.json").read_bytes()
    )
    return catalogue
