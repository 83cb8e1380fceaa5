"""The eleven ways to order numbers: which criteria each has, and the numbers that fit them.

Types, criteria and codes are those of the numbers specification and the error list, which words what is wrong
with a value under 5002.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from simulator.account.number_supply import AREA_CODES, STATES, TOLL_FREE, merge, spell_as_digits
from simulator.rejections import RejectedError

MAX_QUANTITY = 5000
EXISTING = "ExistingTelephoneNumberOrderType"
ANY_LOCAL = "*******"
FLAGS = ("EnableTNDetail", "EnableLCA", "EndsIn")
# With these a backorder makes no sense (5522).
EXACT = ("NpaNxx", "NpaNxxX", "TollFreeVanity", "LocalVanity")


@dataclass(frozen=True)
class Search:
    """What an order asks for, as it came: its type's element and, of its children, the criteria by name.
    `quantity` is None where the element was absent; `numbers` and `reservations` are of EXISTING only."""

    order_type: str
    criteria: Mapping[str, str]
    quantity: str | None = None
    numbers: Sequence[str] = ()
    reservations: Sequence[str] = ()


@dataclass(frozen=True)
class Wanted:
    """A search that makes sense: how many numbers, and the patterns they fit (of EXISTING, the numbers)."""

    search: Search
    quantity: int
    patterns: Sequence[str]

    @property
    def numbers(self) -> Sequence[str]:
        """The very numbers asked for, in ten digits; none if any that fit will do."""
        return self.search.numbers

    @property
    def names(self) -> frozenset[str]:
        """Under which names, besides the area codes, the supply may be limited."""
        apart = (*FLAGS, "AreaCode")
        return frozenset(value.upper() for name, value in self.search.criteria.items() if name not in apart)

    @property
    def is_exact(self) -> bool:
        return bool(self.numbers) or any(name in EXACT for name in self.search.criteria)

    def criteria(self) -> Iterator[tuple[str, str]]:
        """The criteria in the order in which they are answered."""
        for name in ORDER_TYPES[self.search.order_type].criteria:
            if name in self.search.criteria:
                yield name, self.search.criteria[name]


@dataclass(frozen=True)
class OrderType:
    """`required` criteria besides the quantity; `code` and `words` are said where one of these is missing,
    if something is documented for the type."""

    criteria: Sequence[str]
    required: Sequence[str]
    code: str | None = None
    words: str = ""


ORDER_TYPES: Mapping[str, OrderType] = {
    "AreaCodeSearchAndOrderType": OrderType(
        ("AreaCode",),
        ("AreaCode",),
        "5198",
        "AreaCodeSearchAndOrderType requires both AreaCode and Quantity values.",
    ),
    "RateCenterSearchAndOrderType": OrderType(("RateCenter", "State", "EnableLCA"), ("RateCenter", "State")),
    "NPANXXSearchAndOrderType": OrderType(("NpaNxx", "EnableTNDetail", "EnableLCA"), ("NpaNxx",)),
    "CitySearchAndOrderType": OrderType(("City", "State"), ("City", "State")),
    "StateSearchAndOrderType": OrderType(("State",), ("State",)),
    "ZIPSearchAndOrderType": OrderType(("Zip",), ("Zip",)),
    "LATASearchAndOrderType": OrderType(("Lata",), ("Lata",)),
    "TollFreeVanitySearchAndOrderType": OrderType(
        ("TollFreeVanity",),
        ("TollFreeVanity",),
        "5199",
        "TollFreeVanitySearchAndOrderType requires both TollFreeVanity and Quantity values.",
    ),
    "TollFreeWildCharSearchAndOrderType": OrderType(
        ("TollFreeWildCardPattern",), ("TollFreeWildCardPattern",)
    ),
    "CombinedSearchAndOrderType": OrderType(
        (
            "AreaCode",
            "RateCenter",
            "State",
            "NpaNxx",
            "NpaNxxX",
            "Lata",
            "City",
            "Zip",
            "LocalVanity",
            "EndsIn",
            "EnableLCA",
        ),
        (),
    ),
    EXISTING: OrderType((), ()),
}
# Rules and words of the error list, all under 5002.
RULES: Mapping[str, tuple[str, str]] = {
    "AreaCode": (
        r"(?!37|96|.11)[2-9][0-8][0-9]",
        "The area code of telephone numbers cannot begin with 0,1 or 37 or 96, can not end with 11.",
    ),
    "RateCenter": (r"[A-Za-z0-9 ]+", "The ratecenter abbreviation {} is not valid"),
    "State": ("|".join(STATES), "The state abbreviation {} is not valid."),
    "NpaNxx": (r"[2-9][0-8][0-9][2-9][0-9]{2}", "The Nxx cannot begin with a 0 or 1"),
    "NpaNxxX": (r"[2-9][0-8][0-9][2-9][0-9]{3}", "The Nxx cannot begin with a 0 or 1"),
    "Lata": (r"[0-9]{3,5}", "The lata {} is not valid"),
    "City": (r"[A-Za-z .'-]+", "The city value {} is not valid."),
    "Zip": (r"[0-9]{5}", "The zip code {} is not valid."),
    "LocalVanity": (r"[A-Za-z0-9]{3,7}", "The localVanity value should contain 3 or more digits"),
    "TollFreeVanity": (r"[A-Za-z0-9]{4,7}", "TollFreeVanity should be alphanumeric."),
    "TollFreeWildCardPattern": (
        r"8(\*\*|[034-8]\*|00|33|44|55|66|77|88)",
        "Tollfree Wild Card search invalid format.",
    ),
    **{
        flag: ("true|false", f"The value specified for the search criteria '{flag}' cannot be parsed.")
        for flag in FLAGS
    },
}


def wanted(search: Search) -> Wanted:
    """What a search asks for, or RejectedError with the code of the first thing wrong with it."""
    if search.order_type == EXISTING:
        return _existing(search)
    order_type = ORDER_TYPES[search.order_type]
    missing = [name for name in order_type.required if not search.criteria.get(name)]
    if order_type.code and (missing or not search.quantity):
        raise RejectedError(400, order_type.code, order_type.words)
    if missing:
        raise RejectedError(400, "5224", f"The search criteria '{missing[0]}' cannot be empty")
    for name, value in search.criteria.items():
        if name not in order_type.criteria:
            raise RejectedError(400, "5002", f"The combination of search criteria is unsupported: {name}")
        rule, words = RULES[name]
        if not re.fullmatch(rule, value, re.IGNORECASE):
            raise RejectedError(400, "5002", words.format(value))
    given = search.quantity or ""
    quantity = int(given) if given.isascii() and given.isdigit() else 0
    if not 1 <= quantity <= MAX_QUANTITY:
        words = "The quantity specified in the order is not valid or exceeds the maximum value of"
        raise RejectedError(400, "5215", f"{words} {MAX_QUANTITY}")
    if search.order_type == "CombinedSearchAndOrderType":
        _check_combination(search.criteria)
    return Wanted(search, quantity, _patterns(search.criteria))


def _existing(search: Search) -> Wanted:
    numbers = search.numbers
    if not numbers:
        raise RejectedError(400, "5212", "The input list of telephone numbers is null or empty.")
    if len(numbers) > MAX_QUANTITY:
        words = f"The count of telephone numbers in order exceeds the maximum size of {MAX_QUANTITY}"
        raise RejectedError(400, "5095", words)
    for each in numbers:
        if not re.fullmatch(r"[2-9][0-9]{2}[2-9][0-9]{6}", each):
            words = f"TelephoneNumber: {each} The telephone number is not valid for ordering."
            raise RejectedError(400, "5213", words)
    if len(set(numbers)) < len(numbers):
        raise RejectedError(400, "5093", "Order cannot contain duplicate telephone numbers")
    return Wanted(search, len(numbers), list(numbers))


def _check_combination(criteria: Mapping[str, str]) -> None:
    if not criteria.keys() - set(FLAGS):
        words = "Unable to perform search. Please, provide some search criteria"
        raise RejectedError(400, "5002", words)
    if "EndsIn" in criteria and "LocalVanity" not in criteria:
        raise RejectedError(400, "5002", "Ends In is meaningless without Local Vanity")
    if ("City" in criteria or "RateCenter" in criteria) and "State" not in criteria:
        raise RejectedError(400, "5002", "Please also specify state to search by current criteria.")


def _patterns(criteria: Mapping[str, str]) -> list[str]:
    """The patterns of numbers that fit the criteria. A rate center or city is anywhere in its state, a zip
    code or LATA somewhere in the country, always the same."""
    made = next(make(criteria[name]) for name, make in _PLACES.items() if name in criteria)
    if vanity := spell_as_digits(criteria.get("LocalVanity", "")):
        free = len(ANY_LOCAL) - len(vanity)
        is_end = criteria.get("EndsIn", "").lower() == "true"
        fits = [f"***{'*' * at}{vanity}{'*' * (free - at)}" for at in range(free if is_end else 0, free + 1)]
        made = [each for pattern in made for fit in fits if (each := merge(pattern, fit))]
    return made


def _anywhere(value: str) -> list[str]:
    return [AREA_CODES[int(value) % len(AREA_CODES)] + ANY_LOCAL]


# From the most to the least exact: of several criteria the first found here decides.
_PLACES: Mapping[str, Callable[[str], list[str]]] = {
    "NpaNxxX": lambda value: [value + "***"],
    "NpaNxx": lambda value: [value + "****"],
    "AreaCode": lambda value: [value + ANY_LOCAL],
    "State": lambda value: [each + ANY_LOCAL for each in STATES[value.upper()]],
    "Zip": _anywhere,
    "Lata": _anywhere,
    "TollFreeVanity": lambda value: [each + spell_as_digits(value).rjust(7, "*") for each in TOLL_FREE],
    "TollFreeWildCardPattern": lambda value: [each + ANY_LOCAL for each in TOLL_FREE if merge(each, value)],
    "LocalVanity": lambda _: [each + ANY_LOCAL for each in AREA_CODES],
}
