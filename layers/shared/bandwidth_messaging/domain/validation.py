"""JSON in, models out: camelCase fields, and every wrong one named."""

import unicodedata
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from bandwidth_messaging.domain.phone_numbers import to_e164, to_participant
from bandwidth_messaging.domain.problems import FieldProblem, InvalidInput
from bandwidth_messaging.domain.texts import normalized

PhoneNumber = Annotated[str, AfterValidator(to_e164)]
"""A phone number as people type it; E.164 once read."""

Participant = Annotated[str, AfterValidator(to_participant)]
"""The other party of a conversation: a phone number, a short code or the name of a sender."""


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


def _without_control_characters(value: str) -> str:
    if any("\ud800" <= each <= "\udfff" for each in value):
        message = "has half a surrogate pair, which is no character. Send whole characters."
        raise ValueError(message)
    if wrong := next(
        (each for each in value if unicodedata.category(each) == "Cc" and each not in "\t\n\r"), ""
    ):
        message = f"has the control character U+{ord(wrong):04X}. Only tab and line breaks are allowed."
        raise ValueError(message)
    return value


Text = Annotated[str, AfterValidator(_without_control_characters)]
"""A text of one or more lines: no control characters but tab, line feed and carriage return."""


class CamelModel(BaseModel):
    """JSON in camelCase outside, snake_case inside; unknown fields are errors.

    null for a field that may be left out is the same as leaving it out.
    """

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="forbid", frozen=True
    )

    @model_validator(mode="before")
    @classmethod
    def _leave_out_null(cls, given: Any) -> Any:
        if not isinstance(given, dict) or None not in given.values():
            return given
        optional = {
            key
            for name, field in cls.model_fields.items()
            if not field.is_required()
            for key in (name, field.alias)
        }
        return {key: value for key, value in given.items() if value is not None or key not in optional}


def parse[M: BaseModel](model: type[M], given: Any) -> M:
    """Return `given` as the model. Raises InvalidInput that names every wrong field as the caller did."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise InvalidInput(field_problems(error.errors(include_input=False, include_url=False))) from None


def field_problems(errors: Iterable[Any]) -> list[FieldProblem]:
    """Return pydantic's error list as field problems, without the values that were given."""
    return [FieldProblem(_field(error["loc"]), _detail(error)) for error in errors]


def _field(place: Iterable[str | int]) -> str:
    """Return a place inside the input as a caller writes it: telephoneNumbers[3], subscriber.zip."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return "".join(parts).removeprefix(".") or "input"


def _detail(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "is not a field of this input"
    detail = str(error["msg"]).removeprefix("Value error, ")
    return detail[:1].lower() + detail[1:]
