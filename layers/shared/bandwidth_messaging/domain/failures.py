"""Failures: what Bandwidth's failure codes mean. The codes, and where they are from: failure_codes.json."""

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
Retry = Literal["never", "later", "once"]

_DIGITS_OF_V2: Final = 4


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a message failed.

    `code` is the code as it came; `words` a sentence for people, without the code. `retry` is whether the
    same message is worth sending again: never, later (and again later), or once. `billable` is whether
    Bandwidth charges for the failed message.
    """

    code: int
    error_class: ErrorClass
    words: str
    retry: Retry
    billable: bool


def failure(code: int | None) -> Failure | None:
    """Return what a V2 `errorCode` or a V1 `deliveryCode` means; None for what is neither.

    A V2 code that is not in the catalogue is explained by its first digits. A V1 code that is not in V1's
    table is today's code without its leading 4, 5 or 9.
    """
    if code is None or (entry := _entry(code)) is None:
        return None
    return Failure(
        code=code,
        error_class=entry["class"],
        words=entry["words"],
        retry=entry["retry"],
        billable=entry["billable"],
    )


def is_opt_out(code: int | None) -> bool:
    """Tell whether a failure means that the recipient has opted out (4475, 4775, V1's 775)."""
    found = failure(code)
    return found is not None and found.error_class == "opt_out"


def leaves_open(code: int | None) -> bool:
    """Tell whether the message may have arrived all the same (9902, 9999, another 9xxx, V1's 902 and 999)."""
    found = failure(code)
    return found is not None and found.error_class == "unknown"


def _entry(code: int) -> dict[str, Any] | None:
    catalogue = _catalogue()
    codes, rules = catalogue["codes"], catalogue["rules"]
    written = str(catalogue["v1"].get(str(code), code))
    if len(written) == _DIGITS_OF_V2:
        return codes.get(written) or rules.get(written[:2]) or rules.get(written[:1])
    return codes.get(f"4{written}") or codes.get(f"5{written}") or codes.get(f"9{written}")


@cache
def _catalogue() -> dict[str, dict[str, Any]]:
    """Return the file, read on first use: "codes", "rules" by first digits, "v1" by deliveryCode."""
    catalogue: dict[str, dict[str, Any]] = json.loads(
        Path(__file__).with_name("failure_codes.json").read_bytes()
    )
    return catalogue
