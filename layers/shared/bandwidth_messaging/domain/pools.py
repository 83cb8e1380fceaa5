"""Number pools: which number of a pool sends a message. services/pool_choice calls it.

Without a last conversation the recipient alone decides, so that concurrent requests choose the same number,
and a change of the pool moves few recipients (rendezvous hashing).
"""

import hashlib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Required, TypedDict

MAX_NUMBERS: Final = 100
MAX_REMEMBERED: Final = 400
"""The most numbers that a pool has and had. The opt-outs of all of them count."""
# Begins with a letter: no phone number does.
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_AREA: Final = re.compile(r"\+1[2-9][0-9]{2}")
# A float keeps 52 bits and the half that is added to them.
_HASH_BITS: Final = 52


class PoolItem(TypedDict, total=False):
    """A pool in the Numbers table. Numbers are in E.164.

    `formerNumbers` were in the pool before. `updatedAt` is the time of the last request that set the numbers
    (RFC 3339). A deleted pool keeps only its former numbers and has no `state`.
    """

    name: Required[str]
    state: str
    numbers: Required[list[str]]
    formerNumbers: Required[list[str]]
    matchAreaCode: bool
    updatedAt: Required[str]


class Member(NamedTuple):
    """A number of a pool, and why it sends no message. The reason is None if the number can send."""

    number: str
    reason: str | None


class Candidate(NamedTuple):
    """A number that may send a message, and its narrowest lane with the lane's microseconds per segment.

    A number without a rate is its own lane, and its interval is None.
    """

    number: str
    lane: str
    interval: int | None


def is_pool_name(text: str) -> bool:
    """Return whether a text is the name of a pool. A phone number never is."""
    return _NAME.fullmatch(text) is not None


def to_pool_name(written: str) -> str:
    """Return the name of a pool. Raises ValueError for another text."""
    if not is_pool_name(written):
        message = "is not the name of a pool. Use a letter, then up to 63 letters, digits, - and _."
        raise ValueError(message)
    return written


def has_left(number: Mapping[str, Any], updated_at: str) -> bool:
    """Return whether a number's item says that its release began after the pool got its numbers.

    Such a number is no member, even if another order adds the number to the stack again.
    """
    left_at: str = max(number.get("releasingAt", ""), number.get("releasedAt", ""))
    return left_at >= updated_at


def choose_number(
    candidates: Sequence[Candidate],
    recipients: Iterable[str],
    *,
    last_number: str | None = None,
    match_area_code: bool = False,
) -> str:
    """Return the number that sends to the recipients. `candidates` has at least one.

    The number of the last conversation comes first. With `match_area_code` a number with the area code of all
    recipients comes next. Else the hash of the recipients decides between the lanes, in proportion to their
    rates, and then between the numbers of a lane.
    """
    if any(candidate.number == last_number for candidate in candidates):
        return str(last_number)
    key = ",".join(sorted(recipients))
    if match_area_code:
        candidates = _select_local(candidates, key.split(",")) or candidates
    weights = _weigh_lanes(candidates)
    lane = max(weights, key=lambda lane: (_score(key, lane, weights[lane]), lane))
    numbers = [candidate.number for candidate in candidates if candidate.lane == lane]
    return max(numbers, key=lambda number: (_score(key, number, 1), number))


def _select_local(candidates: Sequence[Candidate], recipients: Sequence[str]) -> list[Candidate]:
    """Return the candidates with the area code of all recipients: only numbers of +1 have area codes."""
    areas = {_find_area(recipient) for recipient in recipients}
    if None in areas or len(areas) > 1:
        return []
    return [candidate for candidate in candidates if _find_area(candidate.number) in areas]


def _find_area(number: str) -> str | None:
    found = _AREA.match(number)
    return found[0] if found else None


def _weigh_lanes(candidates: Sequence[Candidate]) -> dict[str, float]:
    """Return the weight of each lane: its rate. A lane without a rate weighs as much as the fastest one."""
    fastest = min((each.interval for each in candidates if each.interval is not None), default=1)
    return {each.lane: 1 / (fastest if each.interval is None else each.interval) for each in candidates}


def _score(key: str, name: str, weight: float) -> float:
    """Return the score of weighted rendezvous hashing. The name with the highest score is chosen.

    The share of keys for which a name is chosen is its share of the weights.
    """
    digest = hashlib.sha256(f"{key}\0{name}".encode()).digest()
    # Between 0 and 1, and neither of them.
    fraction = ((int.from_bytes(digest[:8]) >> (64 - _HASH_BITS)) + 0.5) / 2**_HASH_BITS
    return -weight / math.log(fraction)
