"""The eleven order types for numbers, with their criteria and number patterns.

Types, criteria and codes are from the numbers specification and the error list. The error list describes
invalid values under 5002.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from simulator.account.number_supply import AREA_CODES, STATES, TOLL_FREE, convert_to_digits, merge
from simulator.rejections import RejectedError

MAX_QUANTITY = 5000
EXISTING = "ExistingTelephoneNumberOrderType"
ANY_LOCAL = "*******"
FLAGS = ("EnableTNDetail", "EnableLCA", "EndsIn")
# Backorders are not compatible with these criteria (5522).
EXACT = ("NpaNxx", "NpaNxxX", "TollFreeVanity", "LocalVanity")


@dataclass(frozen=True)
class Search:
    """The search of an order as text: the name of the order type's element, and the criteria by name.

    `quantity` is None if the element is absent. Only EXISTING has `numbers` and `reservations`.
    """

    order_type: str
    criteria: Mapping[str, str]
    quantity: str | None = None
    numbers: Sequence[str] = ()
    reservations: Sequence[str] = ()


@dataclass(frozen=True)
class Wanted:
    """A valid search with its quantity and number patterns (for EXISTING, the numbers)."""

    search: Search
    quantity: int
    patterns: Sequence[str]

    @property
    def numbers(self) -> Sequence[str]:
        """Return the requested numbers (ten digits); empty if the search has criteria instead."""
        return self.search.numbers

    @property
    def names(self) -> frozenset[str]:
        """Return the names, besides area codes, whose supply limits apply."""
        apart = (*FLAGS, "AreaCode")
        return frozenset(value.upper() for name, value in self.search.criteria.items() if name not in apart)

    @property
    def is_exact(self) -> bool:
        return bool(self.numbers) or any(name in EXACT for name in self.search.criteria)

    def criteria(self) -> Iterator[tuple[str, str]]:
        """Yield the criteria in the order of the response."""
        for name in ORDER_TYPES[self.search.order_type].criteria:
            if name in self.search.criteria:
                yield name, self.search.criteria[name]


@dataclass(frozen=True)
class OrderType:
    """The criteria of an order type. `required` omits the quantity. `code` and `words` describe a missing
    criterion if the error list has an entry for the type.
    """

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
# Patterns and descriptions of the error list, all under 5002.
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


def validate_search(search: Search) -> Wanted:
    """Validate a search. Raises RejectedError with the code of the first error."""
    if search.order_type == EXISTING:
        return _validate_numbers(search)
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
    text = search.quantity or ""
    quantity = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= quantity <= MAX_QUANTITY:
        words = "The quantity specified in the order is not valid or exceeds the maximum value of"
        raise RejectedError(400, "5215", f"{words} {MAX_QUANTITY}")
    if search.order_type == "CombinedSearchAndOrderType":
        _check_combination(search.criteria)
    return Wanted(search, quantity, _patterns(search.criteria))


def _validate_numbers(search: Search) -> Wanted:
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
    """Return the number patterns of the criteria. A rate center or city matches its whole state. A zip code
    or LATA always maps to the same area code.
    """
    patterns = next(convert(criteria[name]) for name, convert in _PLACES.items() if name in criteria)
    if vanity := convert_to_digits(criteria.get("LocalVanity", "")):
        free = len(ANY_LOCAL) - len(vanity)
        is_end = criteria.get("EndsIn", "").lower() == "true"
        fits = [f"***{'*' * at}{vanity}{'*' * (free - at)}" for at in range(free if is_end else 0, free + 1)]
        patterns = [each for pattern in patterns for fit in fits if (each := merge(pattern, fit))]
    return patterns


def _anywhere(value: str) -> list[str]:
    return [AREA_CODES[int(value) % len(AREA_CODES)] + ANY_LOCAL]


# Ordered from the most to the least exact: the first criterion found here selects the patterns.
_PLACES: Mapping[str, Callable[[str], list[str]]] = {
    "NpaNxxX": lambda value: [value + "***"],
    "NpaNxx": lambda value: [value + "****"],
    "AreaCode": lambda value: [value + ANY_LOCAL],
    "State": lambda value: [each + ANY_LOCAL for each in STATES[value.upper()]],
    "Zip": _anywhere,
    "Lata": _anywhere,
    "TollFreeVanity": lambda value: [each + convert_to_digits(value).rjust(7, "*") for each in TOLL_FREE],
    "TollFreeWildCardPattern": lambda value: [each + ANY_LOCAL for each in TOLL_FREE if merge(each, value)],
    "LocalVanity": lambda _: [each + ANY_LOCAL for each in AREA_CODES],
}
