"""Selects the numbers of an order: by one search of the account API, or by the numbers themselves.

The searches and their criteria are the order types of Bandwidth's numbers specification.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    Field,
    ModelWrapValidatorHandler,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails

from bandwidth_messaging.domain.orders import MAX_QUANTITY
from bandwidth_messaging.domain.phone_numbers import last_four
from bandwidth_messaging.domain.validation import CamelModel, Digits, NormalizedText, PhoneNumber

# Bandwidth rejects backorders with these (5522).
_EXACT: Final = frozenset({"npa_nxx", "npa_nxx_x", "toll_free_vanity", "local_vanity", "telephone_numbers"})
# Each way to order, with the criteria that it accepts.
_WAYS: Final[dict[str, frozenset[str]]] = {
    "areaCode": frozenset(),
    "rateCenter": frozenset({"state", "enableLca"}),
    "npaNxx": frozenset({"enableLca"}),
    "city": frozenset({"state"}),
    "state": frozenset(),
    "zip": frozenset(),
    "lata": frozenset(),
    "tollFreeVanity": frozenset(),
    "tollFreeWildCardPattern": frozenset(),
    "combined": frozenset(),
    "telephoneNumbers": frozenset(),
}


def _check_north_america(number: str) -> str:
    if not number.startswith("+1"):
        message = f"the number ending in {last_four(number)} is not in North America (+1). Remove it."
        raise ValueError(message)
    return number


def _check_order_size(numbers: list[str]) -> list[str]:
    once = list(dict.fromkeys(numbers))
    if len(once) > MAX_QUANTITY:
        parts = -(-len(once) // MAX_QUANTITY)
        message = f"has {len(once)} numbers, and one order has at most {MAX_QUANTITY}. Start {parts} set-ups."
        raise ValueError(message)
    return once


_OrderedNumber = Annotated[PhoneNumber, AfterValidator(_check_north_america)]
OrderedNumbers = Annotated[list[_OrderedNumber], Field(min_length=1), AfterValidator(_check_order_size)]
"""The numbers of one order, in North America and in any common format; parsed to unique E.164 numbers."""

_Words = Annotated[NormalizedText, Field(min_length=1, max_length=50)]
_AreaCode = Annotated[str, Digits, Field(pattern=r"^[2-9][0-9]{2}$")]
_State = Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z]{2}$")]
_NpaNxx = Annotated[str, Digits, Field(pattern=r"^[2-9][0-9]{2}[2-9][0-9]{2}$")]
_NpaNxxX = Annotated[str, Digits, Field(pattern=r"^[2-9][0-9]{2}[2-9][0-9]{3}$")]
_Zip = Annotated[str, Digits, Field(pattern=r"^[0-9]{5}$")]
_Lata = Annotated[str, Digits, Field(pattern=r"^[0-9]{3,5}$")]


class Combined(CamelModel):
    """Criteria that a number must all match."""

    area_code: _AreaCode | None = None
    rate_center: _Words | None = None
    state: _State | None = None
    npa_nxx: _NpaNxx | None = None
    npa_nxx_x: _NpaNxxX | None = None
    lata: _Lata | None = None
    city: _Words | None = None
    zip: _Zip | None = None
    local_vanity: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{3,7}$")] | None = None
    ends_in: bool | None = None
    enable_lca: bool | None = None

    @model_validator(mode="after")
    def _check_criteria(self) -> Self:
        given = self.model_dump(by_alias=True, exclude_none=True).keys()
        if given <= {"endsIn", "enableLca"}:
            message = "has no criterion. Add one, such as areaCode."
            raise ValueError(message)
        if "endsIn" in given and "localVanity" not in given:
            message = "has endsIn without localVanity. Add localVanity, or remove endsIn."
            raise ValueError(message)
        if {"city", "rateCenter"} & given and "state" not in given:
            message = "has city or rateCenter without state. Add state."
            raise ValueError(message)
        return self


class NumberSearch(CamelModel):
    """Exactly one way to order. A rate center or a city requires its state."""

    area_code: _AreaCode | None = Field(None, description="Area code of the numbers", examples=["910"])
    rate_center: _Words | None = Field(None, description="Bandwidth's abbreviation; requires state")
    npa_nxx: _NpaNxx | None = Field(None, description="Area code and exchange, six digits")
    city: _Words | None = Field(None, description="Requires state")
    state: _State | None = Field(None, description="Two letters; alone, or with rateCenter or city")
    zip: _Zip | None = None
    lata: _Lata | None = None
    toll_free_vanity: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{4,7}$")] | None = Field(
        None, description="Letters or digits that a toll-free number ends with"
    )
    toll_free_wild_card_pattern: Annotated[str, Field(pattern=r"^8(\*\*|[0-9]\*|[0-9]{2})$")] | None = Field(
        None, description="Toll-free area code", examples=["8**", "80*"]
    )
    enable_lca: bool | None = Field(
        None, description="With rateCenter or npaNxx: also numbers of the local calling area"
    )
    combined: Combined | None = None
    telephone_numbers: OrderedNumbers | None = Field(
        None, description="The numbers to order, up to 5,000", examples=[["(919) 991-8388", "+14158714245"]]
    )

    @model_validator(mode="wrap")
    @classmethod
    def _one_way(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Report the problems of field combinations together with the problems of single fields."""
        problems = [
            InitErrorDetails(type="value_error", loc=(field,), input=None, ctx={"error": ValueError(words)})
            for field, words in (_problems(cls._given(given)) if isinstance(given, dict) else ())
        ]
        try:
            search = handler(given)
        except ValidationError as error:
            raise _with_more(error, problems) from None
        if problems:
            raise ValidationError.from_exception_data(cls.__name__, problems)
        return search

    @classmethod
    def _given(cls, given: dict[str, Any]) -> set[str]:
        """Return the aliases of the given fields."""
        return {
            alias
            for name, field in NumberSearch.model_fields.items()
            if given.get(alias := str(field.alias)) is not None or given.get(name) is not None
        }

    @property
    def way(self) -> str:
        """Return the alias of the field that selects the numbers."""
        return next(iter(_ways(set(self.search()))))

    def search(self) -> dict[str, Any]:
        """Return the given search fields by alias, without the other fields of the set-up."""
        return self.model_dump(by_alias=True, exclude_none=True, include=set(NumberSearch.model_fields))

    def criteria(self) -> dict[str, Any]:
        """Return the criteria of a search by alias; empty for given numbers."""
        given = self.search()
        given.pop("telephoneNumbers", None)
        return dict(given.get("combined", given))


def is_exact(search: Mapping[str, Any]) -> bool:
    """Return whether the search is so exact that Bandwidth rejects a backorder (5522).

    `search` has the values of NumberSearch's fields by field name.
    """
    combined = search.get("combined")
    return any(search.get(name) or getattr(combined, name, None) for name in _EXACT)


def _ways(given: set[str]) -> list[str]:
    """Return the given ways to order. A state with a rate center or city is not a way of its own."""
    ways = [way for way in _WAYS if way in given]
    return [way for way in ways if not any(way in _WAYS[other] for other in ways)]


def _problems(given: set[str]) -> Iterator[tuple[str, str]]:
    """Yield the problems of field combinations: a field and its problem."""
    ways = _ways(given)
    if not ways:
        yield "areaCode", f"is missing. Add it, or another way to order: {', '.join(list(_WAYS)[1:])}."
    if len(ways) > 1:
        choice = f"Keep one of {', '.join(ways)}, or move the criteria into combined."
        for way in ways:
            yield way, f"conflicts with another way to order. {choice}"
    for way in ways:
        if "state" in _WAYS[way] and "state" not in given:
            yield "state", f"is required with {way}. Add it."
    if "enableLca" in given and not any("enableLca" in _WAYS[way] for way in ways):
        yield "enableLca", "requires rateCenter or npaNxx. Add one of them, or remove enableLca."


def _with_more(error: ValidationError, problems: list[InitErrorDetails]) -> ValidationError:
    told = [
        InitErrorDetails(type=each["type"], loc=each["loc"], input=each["input"], ctx=each.get("ctx", {}))
        for each in error.errors(include_url=False)
    ]
    wrong = {each["loc"] for each in told}
    more = [each for each in problems if each.get("loc") not in wrong]
    return ValidationError.from_exception_data(error.title, [*told, *more])
