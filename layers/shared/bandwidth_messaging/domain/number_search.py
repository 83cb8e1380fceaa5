"""The search of an order for new numbers: one of the account API's order types, or a list of numbers.

Order types and criteria have their names in Bandwidth's numbers specification.
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
from bandwidth_messaging.domain.validation import CamelModel, Digits, NormalizedText, PhoneNumber, Shape

# Searches that name specific numbers. A backorder is not possible with these (error 5522).
_EXACT: Final = frozenset({"npa_nxx", "npa_nxx_x", "toll_free_vanity", "local_vanity", "telephone_numbers"})
# Each order type with the criteria that it may have.
_ORDER_TYPES: Final[dict[str, frozenset[str]]] = {
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
        message = f"the number ending in {last_four(number)} is not a number of North America (+1)"
        raise ValueError(message)
    return number


def _remove_duplicates(numbers: list[str]) -> list[str]:
    once = list(dict.fromkeys(numbers))
    if len(once) > MAX_QUANTITY:
        parts = -(-len(once) // MAX_QUANTITY)
        message = f"are {len(once)}. One order takes up to {MAX_QUANTITY}: start {parts} set-ups"
        raise ValueError(message)
    return once


_OrderedNumber = Annotated[PhoneNumber, AfterValidator(_check_north_america)]
OrderedNumbers = Annotated[list[_OrderedNumber], Field(min_length=1), AfterValidator(_remove_duplicates)]
"""Numbers of one order: North America, any notation; parsed to E.164 without duplicates."""

_Text = Annotated[NormalizedText, Field(min_length=1, max_length=50)]
_FROM_2: Final = "the first and the fourth from 2 to 9"
_TollFreeAreaCode = Annotated[
    str, Shape(r"^8(\*\*|[0-9]\*|[0-9]{2})$", "is not a toll-free area code such as 8**, 80* or 800")
]
_AreaCode = Annotated[
    str, Digits, Shape(r"^[2-9][0-9]{2}$", "is not an area code: three digits, the first from 2 to 9")
]
_State = Annotated[
    str,
    StringConstraints(to_upper=True),
    Shape(r"^[A-Za-z]{2}$", "is not a state: two letters, such as NC"),
]
_NpaNxx = Annotated[
    str,
    Digits,
    Shape(r"^[2-9][0-9]{2}[2-9][0-9]{2}$", f"is not an area code and exchange: six digits, {_FROM_2}"),
]
_NpaNxxX = Annotated[
    str,
    Digits,
    Shape(r"^[2-9][0-9]{2}[2-9][0-9]{3}$", f"is not the start of a number: seven digits, {_FROM_2}"),
]
_LocalVanity = Annotated[str, Shape(r"^[A-Za-z0-9]{3,7}$", "is not 3 to 7 letters or digits")]
_TollFreeVanity = Annotated[str, Shape(r"^[A-Za-z0-9]{4,7}$", "is not 4 to 7 letters or digits")]
_Zip = Annotated[str, Digits, Shape(r"^[0-9]{5}$", "is not a ZIP code: five digits")]
_Lata = Annotated[str, Digits, Shape(r"^[0-9]{3,5}$", "is not a LATA: three to five digits")]


class Combined(CamelModel):
    """Criteria of one search. A number must match all of them."""

    area_code: _AreaCode | None = None
    rate_center: _Text | None = None
    state: _State | None = None
    npa_nxx: _NpaNxx | None = None
    npa_nxx_x: _NpaNxxX | None = None
    lata: _Lata | None = None
    city: _Text | None = None
    zip: _Zip | None = None
    local_vanity: _LocalVanity | None = None
    ends_in: bool | None = None
    enable_lca: bool | None = None

    @model_validator(mode="after")
    def _has_a_criterion(self) -> Self:
        given = self.model_dump(by_alias=True, exclude_none=True).keys()
        if given <= {"endsIn", "enableLca"}:
            message = "must have at least one criterion besides endsIn and enableLca"
            raise ValueError(message)
        if "endsIn" in given and "localVanity" not in given:
            message = "endsIn requires localVanity"
            raise ValueError(message)
        if {"city", "rateCenter"} & given and "state" not in given:
            message = "city and rateCenter require state"
            raise ValueError(message)
        return self


class NumberSearch(CamelModel):
    """Exactly one search. rateCenter and city also require state."""

    area_code: _AreaCode | None = Field(None, description="Area code of the numbers", examples=["910"])
    rate_center: _Text | None = Field(None, description="Bandwidth's abbreviation. Requires state")
    npa_nxx: _NpaNxx | None = Field(None, description="Area code and exchange, six digits")
    city: _Text | None = Field(None, description="Requires state")
    state: _State | None = Field(None, description="Two letters. Alone, or with rateCenter or city")
    zip: _Zip | None = None
    lata: _Lata | None = None
    toll_free_vanity: _TollFreeVanity | None = Field(
        None, description="Letters or digits at the end of a toll-free number"
    )
    toll_free_wild_card_pattern: _TollFreeAreaCode | None = Field(
        None, description="Toll-free area code", examples=["8**", "80*"]
    )
    enable_lca: bool | None = Field(
        None, description="With rateCenter or npaNxx: include numbers of the local calling area"
    )
    combined: Combined | None = None
    telephone_numbers: OrderedNumbers | None = Field(
        None, description="Specific numbers, up to 5,000", examples=[["(919) 991-8388", "+14158714245"]]
    )

    @model_validator(mode="wrap")
    @classmethod
    def _check_combination(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Report problems of the combination of fields together with problems of each field."""
        problems = [
            InitErrorDetails(type="value_error", loc=(field,), input=None, ctx={"error": ValueError(detail)})
            for field, detail in (_problems(cls._given(given)) if isinstance(given, dict) else ())
        ]
        try:
            search = handler(given)
        except ValidationError as error:
            raise _merge_problems(error, problems) from None
        if problems:
            raise ValidationError.from_exception_data(cls.__name__, problems)
        return search

    @classmethod
    def _given(cls, given: dict[str, Any]) -> set[str]:
        """Return the aliases of the given fields. Input may use the alias or the field name."""
        return {
            alias
            for name, field in NumberSearch.model_fields.items()
            if given.get(alias := str(field.alias)) is not None or given.get(name) is not None
        }

    @property
    def order_type(self) -> str:
        """Return the order type, by the alias of its field."""
        return next(iter(_order_types(set(self.search()))))

    def search(self) -> dict[str, Any]:
        """Return the given fields of the search by alias, without other fields of a set-up."""
        return self.model_dump(by_alias=True, exclude_none=True, include=set(NumberSearch.model_fields))

    def criteria(self) -> dict[str, Any]:
        """Return the criteria of the search by alias; none for telephoneNumbers."""
        given = self.search()
        given.pop("telephoneNumbers", None)
        return dict(given.get("combined", given))


def is_exact(search: Mapping[str, Any]) -> bool:
    """Return whether a backorder is not possible because the search names specific numbers (error 5522).

    `search` has the values of NumberSearch by field name.
    """
    combined = search.get("combined")
    return any(search.get(name) or getattr(combined, name, None) for name in _EXACT)


def _order_types(given: set[str]) -> list[str]:
    """Return the given order types. `state` with rateCenter or city is a criterion, not an order type."""
    types = [name for name in _ORDER_TYPES if name in given]
    return [name for name in types if not any(name in _ORDER_TYPES[other] for other in types)]


def _problems(given: set[str]) -> Iterator[tuple[str, str]]:
    """Yield problems of the combination of fields. `given` and the result have aliases of fields."""
    types = _order_types(given)
    if not types:
        yield "areaCode", f"give this or one of: {', '.join(list(_ORDER_TYPES)[1:])}"
    if len(types) > 1:
        for name in types:
            yield name, f"give only one of {', '.join(types)}. combined takes several criteria"
    for name in types:
        if "state" in _ORDER_TYPES[name] and "state" not in given:
            yield "state", f"is required with {name}"
    if "enableLca" in given and not any("enableLca" in _ORDER_TYPES[name] for name in types):
        yield "enableLca", "requires rateCenter or npaNxx"


def _merge_problems(error: ValidationError, problems: list[InitErrorDetails]) -> ValidationError:
    """Return an error with the problems of other fields added."""
    found = [
        InitErrorDetails(
            type=detail["type"], loc=detail["loc"], input=detail["input"], ctx=detail.get("ctx", {})
        )
        for detail in error.errors(include_url=False)
    ]
    wrong = {detail["loc"] for detail in found}
    more = [problem for problem in problems if problem.get("loc") not in wrong]
    return ValidationError.from_exception_data(error.title, [*found, *more])
