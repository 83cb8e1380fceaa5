"""The numbers available to order, by area code and state, with optional limits.

A pattern has ten characters: digits, and `*` for any digit. The first three are an area code.
"""

import itertools
import string
from collections.abc import Collection, Iterator, Mapping, Sequence

from simulator.account.account import Account

FICTION_EXCHANGE = "555"
TOLL_FREE = ("800", "888", "877", "866", "855", "844", "833")
KEYPAD = dict(zip(string.ascii_uppercase, "22233344455566677778889999", strict=True))
# The simulator supplies numbers from one or two area codes of each state.
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
    """The numbers available to order. The account's lock guards them.

    A limit counts the available numbers of its name: an area code, or a search criterion as written in an
    order (a state, a city, a number).
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._taken: set[str] = set()
        self._sources: dict[str, Iterator[str]] = {}
        self._limits: dict[str, int] = {}

    def reset(self) -> None:
        """Remove every limit. Numbers taken before the reset are not taken again."""
        with self._account.lock:
            self._limits.clear()

    def limit(self, name: str, available: int | None) -> None:
        """Limit the available numbers of a name; None removes the limit."""
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
        """Take up to `count` numbers of these patterns, within the limits of area codes and `names`."""
        with self._account.lock:
            wanted = min([count, *(self._limits[name] for name in names if name in self._limits)])
            taken: list[str] = []
            for pattern in patterns:
                left = wanted - len(taken)
                source = self._sources.setdefault(pattern, expand(pattern))
                fresh = (each for each in source if each not in self._taken)
                found = list(itertools.islice(fresh, min(left, self._limits.get(pattern[:3], left))))
                self._taken.update(found)
                self._change_limits([pattern[:3]], -len(found))
                taken += found
            self._change_limits(names, -len(taken))
            return taken

    def undo_take(self, patterns: Sequence[str], names: Collection[str], numbers: Sequence[str]) -> None:
        """Undo a `take` of these numbers. `patterns` may be empty only if `numbers` is empty."""
        if not numbers:
            return
        with self._account.lock:
            self._taken.difference_update(numbers)
            source = self._sources.setdefault(patterns[0], expand(patterns[0]))
            self._sources[patterns[0]] = itertools.chain(numbers, source)
            self._change_limits([each[:3] for each in numbers], 1)
            self._change_limits(names, len(numbers))

    def _change_limits(self, names: Collection[str], change: int) -> None:
        for name in names:
            if name in self._limits:
                self._limits[name] += change


def expand(pattern: str) -> Iterator[str]:
    """Yield every number of a pattern once: numbers reserved for fiction first, then valid exchanges."""
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
    """Return the pattern of numbers that match both patterns; None if no number does."""
    merged = [b if a == "*" else a if b in ("*", a) else None for a, b in zip(one, other, strict=True)]
    return None if None in merged else "".join(each or "" for each in merged)


def convert_to_digits(word: str) -> str:
    """Replace the letters of a vanity word by the digits of their keys."""
    return "".join(KEYPAD.get(each, each) for each in word.upper())


def _fill(part: str) -> Iterator[str]:
    choices = (string.digits if each == "*" else each for each in part)
    return ("".join(each) for each in itertools.product(*choices))
