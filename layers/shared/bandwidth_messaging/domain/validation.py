"""Parses JSON into models with camelCase fields. An error names every wrong field."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_after_validator_function

from bandwidth_messaging.domain.phone_numbers import to_e164, to_participant
from bandwidth_messaging.domain.problems import FieldProblem, InvalidInput
from bandwidth_messaging.domain.texts import normalize

PhoneNumber = Annotated[str, AfterValidator(to_e164)]
"""A phone number as people type it, converted to E.164."""

Participant = Annotated[str, AfterValidator(to_participant)]
"""The other participant of a conversation: a phone number, a short code or the name of a sender."""


def _digits(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Digits = BeforeValidator(_digits)
"""Accepts an id of digits without quotes."""


def _normalized(value: str) -> str:
    text = normalize(value)
    if not text:
        message = "is blank"
        raise ValueError(message)
    if not text.isprintable():
        message = "contains a control character. Remove it."
        raise ValueError(message)
    return text


Normalized = AfterValidator(_normalized)
"""Normalizes a text for Bandwidth: trimmed, single spaces inside, not blank, printable."""

NormalizedText = Annotated[str, Normalized]


@dataclass(frozen=True)
class Shape:
    """Annotates a text that matches a pattern. `rule` says in words what the pattern demands.

    pydantic's own error would show the pattern.
    """

    pattern: str
    rule: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "pattern": self.pattern}

    def _check(self, value: str) -> str:
        if not re.fullmatch(self.pattern, value):
            raise ValueError(self.rule)
        return value


def _without_control_characters(value: str) -> str:
    if any("\ud800" <= char <= "\udfff" for char in value):
        message = "contains half a surrogate pair, which is not a character. Send whole characters."
        raise ValueError(message)
    if wrong := next(
        (char for char in value if unicodedata.category(char) == "Cc" and char not in "\t\n\r"), ""
    ):
        message = f"contains the control character U+{ord(wrong):04X}. Only tabs and line breaks are allowed."
        raise ValueError(message)
    return value


Text = Annotated[str, AfterValidator(_without_control_characters)]
"""A text of one or more lines without control characters other than tabs and line breaks."""

_WEB_ADDRESS: Final = re.compile(r"https?://[^\s/?#\x00-\x1f\x7f-\x9f][^\s\x00-\x1f\x7f-\x9f]*")


def check_web_address(url: str) -> str:
    """Return an http or https URL unchanged. Raises ValueError for any other text."""
    if not _WEB_ADDRESS.fullmatch(url):
        message = "is not a URL that Bandwidth can fetch (https://...)"
        raise ValueError(message)
    return url


WebAddress = Annotated[str, AfterValidator(check_web_address)]
"""An http or https URL."""


class CamelModel(BaseModel):
    """A model with camelCase fields in JSON and snake_case attributes. Unknown fields are errors.

    null is the same as an absent value for optional fields.
    """

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="forbid", frozen=True
    )

    @model_validator(mode="before")
    @classmethod
    def _remove_null(cls, given: Any) -> Any:
        if not isinstance(given, dict) or None not in given.values():
            return given
        optional = {
            key
            for name, field in cls.model_fields.items()
            if not field.is_required()
            for key in (name, field.alias)
        }
        return {key: value for key, value in given.items() if value is not None or key not in optional}


def parse[M: BaseModel](model: type[M], value: Any) -> M:
    """Parse a value. Raises InvalidInput with every wrong field, named as in the input."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise InvalidInput(field_problems(error.errors(include_input=False, include_url=False))) from None


def field_problems(errors: Iterable[Any]) -> list[FieldProblem]:
    """Convert pydantic's error list to field problems, without the values of the input."""
    return [FieldProblem(_format_path(error["loc"]), _format_detail(error)) for error in errors]


def _format_path(path: Iterable[str | int]) -> str:
    """Return the path of a field in the notation of the caller: telephoneNumbers[3], subscriber.zip."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".") or "input"


def _format_detail(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "is not a field of this input"
    detail = str(error["msg"]).removeprefix("Value error, ")
    return detail[:1].lower() + detail[1:]
