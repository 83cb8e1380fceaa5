"""JSON in, models out: camelCase fields, and every wrong one named."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from bandwidth_messaging.domain.errors import FieldProblem, InvalidInput
from bandwidth_messaging.domain.phone_numbers import to_e164
from bandwidth_messaging.domain.texts import normalized

PhoneNumber = Annotated[str, AfterValidator(to_e164)]
"""A telephone number as people type it; E.164 once read."""


def _digits(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Digits = BeforeValidator(_digits)
"""Lets people write an id of digits without quotes."""


def _normalized(value: str) -> str:
    text = normalized(value)
    if not text:
        message = "is blank"
        raise ValueError(message)
    if not text.isprintable():
        message = "may hold no control characters"
        raise ValueError(message)
    return text


Normalized = AfterValidator(_normalized)
"""Makes a text one for Bandwidth: trimmed, inner white space as single spaces, not blank, printable."""

NormalizedText = Annotated[str, Normalized]


class CamelModel(BaseModel):
    """JSON in camelCase outside, snake_case inside; unknown fields are errors."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="forbid", frozen=True
    )


def parse[M: BaseModel](model: type[M], given: Any) -> M:
    """Return `given` as the model. Raises InvalidInput that names every wrong field as the caller did."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise InvalidInput(field_problems(error.errors(include_input=False, include_url=False))) from None


def field_problems(errors: Iterable[Any]) -> list[FieldProblem]:
    """Return pydantic's error list as field problems, without the values that were given."""
    return [
        FieldProblem(".".join(str(part) for part in error["loc"]) or "input", _detail(error))
        for error in errors
    ]


def _detail(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "is not a field of this input"
    detail = str(error["msg"]).removeprefix("Value error, ")
    return detail[:1].lower() + detail[1:]
