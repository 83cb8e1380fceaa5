"""The numbers that can be ordered: where they lie, and how many are left where the supply is limited.

A pattern is ten characters, digits and `*` for any digit; its first three are an area code.
"""

import itertools
import string
from collections.abc import Collection, Iterator, Mapping, Sequence

from simulator.account.account import Account

FICTION_EXCHANGE = "555"
TOLL_FREE = ("800", "888", "877", "866", "855", "844", "833")
KEYPAD = dict(zip(string.ascii_uppercase, "22233344455566677778889999", strict=True))
# One or two area codes of each state are enough to order from.
_STATES = (
    "AL 205 251, AK 907, AZ 480 602, AR 479 501, CA 415 213, CO 303 720, CT 203 860, DE 302, DC 202,"
    " FL 305 407, GA 404 770, HI 808, ID 208, IL 312 773, IN 317 219, IA 515 319, KS 316 785, KY 502 606,"
    " LA 504 225, ME 207, MD 301 410, MA 617 508, MI 313 616, MN 612 651, MS 601 228, MO 314 816, MT 406,"
    " NE 402 308, NV 702 775, NH 603, NJ 201 732, NM 505 575, NY 212 718, NC 919 336, ND 701, OH 216 614,"
    " OK 405 918, OR 503 541, PA 215 412, RI 401, SC 803 843, SD 605, TN 615 901, TX 214 512, UT 801 435,"
    " VT 802, VA 703 804, WA 206 509, WV 304, WI 414 608, WY 307"
)
STATES: Mapping[str, Sequence[str]] = {
    state: area_codes for state, *area_codes in (each.split() for each in _STATES.split(","))
}
AREA_CODES = tuple(area_code for area_codes in STATES.values() for area_code in area_codes)


class NumberSupply:
    """What can still be ordered. A limit counts what is left under its name: an area code, or any criterion
    of a search as it is written in an order (a state, a city, a number). Guarded by the account's lock."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._given: set[str] = set()
        self._sources: dict[str, Iterator[str]] = {}
        self._limits: dict[str, int] = {}

    def reset(self) -> None:
        """Lift every limit. Numbers once given out are still not given again."""
        with self._account.lock:
            self._limits.clear()

    def limit(self, name: str, available: int | None) -> None:
        """Leave so many numbers under a name; None lifts its limit."""
        with self._account.lock:
            self._limits.pop(name.upper(), None)
            if available is not None:
                self._limits[name.upper()] = available

    def limits(self) -> dict[str, int]:
        with self._account.lock:
            return dict(self._limits)

    def is_out(self, name: str) -> bool:
        with self._account.lock:
            return self._limits.get(name.upper()) == 0

    def take(self, patterns: Sequence[str], names: Collection[str], count: int) -> list[str]:
        """Up to `count` numbers of these patterns, as far as the limits allow: those of each area code, and
        those under these names."""
        with self._account.lock:
            wanted = min([count, *(self._limits[name] for name in names if name in self._limits)])
            taken: list[str] = []
            for pattern in patterns:
                left = wanted - len(taken)
                source = self._sources.setdefault(pattern, expand(pattern))
                fresh = (each for each in source if each not in self._given)
                found = list(itertools.islice(fresh, min(left, self._limits.get(pattern[:3], left))))
                self._given.update(found)
                self._change_limits([pattern[:3]], -len(found))
                taken += found
            self._change_limits(names, -len(taken))
            return taken

    def put_back(self, patterns: Sequence[str], names: Collection[str], numbers: Sequence[str]) -> None:
        """Undo a `take` of these numbers. Without a pattern there are none."""
        if not numbers:
            return
        with self._account.lock:
            self._given.difference_update(numbers)
            source = self._sources.setdefault(patterns[0], expand(patterns[0]))
            self._sources[patterns[0]] = itertools.chain(numbers, source)
            self._change_limits([each[:3] for each in numbers], 1)
            self._change_limits(names, len(numbers))

    def _change_limits(self, names: Collection[str], change: int) -> None:
        for name in names:
            if name in self._limits:
                self._limits[name] += change


def expand(pattern: str) -> Iterator[str]:
    """Every number of a pattern once: those set aside for fiction first, then any valid exchange."""
    area_code, exchange, line = pattern[:3], pattern[3:6], pattern[6:]
    if merge(exchange, FICTION_EXCHANGE):
        for end in _fill(line):
            if "0100" <= end <= "0199":
                yield f"{area_code}{FICTION_EXCHANGE}{end}"
    for middle in _fill(exchange):
        if middle != FICTION_EXCHANGE and middle[0] in "23456789" and not middle.endswith("11"):
            for end in _fill(line):
                yield f"{area_code}{middle}{end}"


def merge(one: str, other: str) -> str | None:
    """The pattern of what fits both; None if nothing does."""
    merged = [b if a == "*" else a if b in ("*", a) else None for a, b in zip(one, other, strict=True)]
    return None if None in merged else "".join(each or "" for each in merged)


def spell_as_digits(word: str) -> str:
    """The digits that a vanity's letters lie on."""
    return "".join(KEYPAD.get(each, each) for each in word.upper())


def _fill(part: str) -> Iterator[str]:
    choices = (string.digits if each == "*" else each for each in part)
    return ("".join(each) for each in itertools.product(*choices))
