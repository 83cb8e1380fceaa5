"""The request to send a message."""

import hashlib
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    ValidationInfo,
    field_validator,
)
from pydantic_core import core_schema

from bandwidth_messaging.domain.messages import Api
from bandwidth_messaging.domain.phone_numbers import to_e164
from bandwidth_messaging.domain.pools import is_pool_name
from bandwidth_messaging.domain.problems import FieldProblem
from bandwidth_messaging.domain.uploads import NAME_RULE, find_name, is_name
from bandwidth_messaging.domain.validation import CamelModel, PhoneNumber, Text, check_web_address

MAX_RECIPIENTS: Final = 10
MAX_DAYS_AHEAD: Final = 35
"""How far ahead a message may be scheduled."""
_MAX_MEDIA_URL_CHARACTERS: Final = 4096


def _check_media(url: str) -> str:
    if (name := find_name(url)) is None:
        return check_web_address(url)
    if not is_name(name):
        message = f"does not name an uploaded file. {NAME_RULE}"
        raise ValueError(message)
    return url


# Letters and symbols without a glyph: Hangul fillers and the Braille blank.
_INVISIBLE: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def _is_blank(text: str) -> bool:
    """Return whether a text contains only spaces, line breaks, marks and invisible characters."""
    return all(
        char in _INVISIBLE or unicodedata.category(char) in {"Cc", "Cf", "Mn", "Zl", "Zp", "Zs"}
        for char in text
    )


def _to_sender(written: str) -> str:
    if is_pool_name(written):
        return written
    try:
        return to_e164(written)
    except ValueError as error:
        message = f"{error} Or give the name of a pool: a letter, then letters, digits, - and _."
        raise ValueError(message) from None


_IN_THE_PAST: Final = "is in the past. Give a time in the future."


def _check_future(moment: datetime) -> datetime:
    if moment <= datetime.now(UTC):
        raise ValueError(_IN_THE_PAST)
    return _to_utc(moment)


def _to_utc(moment: datetime) -> datetime:
    try:
        # The same time with another offset is the same request.
        return moment.astimezone(UTC)
    except OverflowError:
        message = "is after the year 9999. Give an earlier time."
        raise ValueError(message) from None


_OneOrList = BeforeValidator(
    lambda given: [given] if isinstance(given, str) else given,
    json_schema_input_type=str | Annotated[list[str], Field(min_length=1, max_length=MAX_RECIPIENTS)],
)
_MediaUrl = Annotated[str, Field(max_length=_MAX_MEDIA_URL_CHARACTERS), AfterValidator(_check_media)]


def _parse_rcs(given: object) -> "RcsContent":
    from bandwidth_messaging.domain.rcs import RcsContent  # noqa: PLC0415

    return RcsContent.model_validate(given)


class _LoadedRcs:
    """The model RcsContent, loaded for the first message with RCS: it would slow every cold start down."""

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: object) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(_parse_rcs)

    @classmethod
    def __get_pydantic_json_schema__(cls, _: object, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        from bandwidth_messaging.domain.rcs import RcsContent  # noqa: PLC0415

        return handler(RcsContent.__pydantic_core_schema__)


if TYPE_CHECKING:
    from bandwidth_messaging.domain.rcs import RcsContent

    type _Rcs = RcsContent
else:
    _Rcs = Annotated[Any, _LoadedRcs]


class NewMessage(CamelModel):
    """Body of POST /messages. Numbers are converted to E.164, and repeated recipients are removed."""

    sender: Annotated[str, AfterValidator(_to_sender)] = Field(
        alias="from",
        description="An active number of the stack, or the name of a pool of numbers",
        examples=["+19195551212"],
    )
    to: Annotated[list[PhoneNumber], _OneOrList] = Field(
        min_length=1,
        max_length=MAX_RECIPIENTS,
        description="The recipient, or up to ten recipients of a group message (V2 only)",
        examples=["+19195551234"],
    )
    # Declared before the text, whose validator reads this field.
    media: list[_MediaUrl] = Field(
        [],
        max_length=10,
        description="URLs of pictures and other files (MMS). `media://logo.png` is a file that was uploaded "
        "with PUT /media/logo.png",
    )
    text: Text = Field(
        "",
        max_length=2048,
        validate_default=True,
        description="The text of the message. Optional if the message has media",
        examples=["Good morning!"],
    )
    rcs: _Rcs | None = Field(
        None,
        description="Sent by RCS first. Text and media of the message are the fallback: Bandwidth sends them "
        "by SMS or MMS if RCS does not reach the recipient (V2 with BandwidthApi current only)",
    )
    tag: Text | None = Field(None, max_length=1024, description="Stored with the message for your own use")
    priority: Literal["default", "high"] | None = Field(None, description="V2 only")
    expiration: Annotated[AwareDatetime, AfterValidator(_check_future)] | None = Field(
        None, description="The message is not sent after this time (RFC 3339)"
    )

    send_at: Annotated[AwareDatetime, AfterValidator(_to_utc)] | None = Field(
        None,
        description="The message is sent at this time or soon after (RFC 3339), "
        f"at most {MAX_DAYS_AHEAD} days ahead",
    )

    @property
    def pool(self) -> str | None:
        """Return the name of the pool that sends the message, None if a number sends it."""
        return self.sender if is_pool_name(self.sender) else None

    @field_validator("to")
    @classmethod
    def _remove_duplicates(cls, value: list[str], info: ValidationInfo) -> list[str]:
        if info.data.get("sender") in value:
            message = "contains the number of from. A number cannot send a message to itself."
            raise ValueError(message)
        return list(dict.fromkeys(value))

    @field_validator("text")
    @classmethod
    def _check_text(cls, value: str, info: ValidationInfo) -> str:
        # Invalid media is missing from the data and is reported on its own.
        if _is_blank(value) and info.data.get("media") == []:
            message = "is blank. Give a text or media."
            raise ValueError(message)
        return value

    @field_validator("rcs")
    @classmethod
    def _check_rcs(cls, value: _Rcs | None, info: ValidationInfo) -> _Rcs | None:
        if value is None:
            return None
        from bandwidth_messaging.domain.rcs import MAX_FILE_URL_CHARACTERS  # noqa: PLC0415

        if len(info.data.get("to", ())) > 1:
            message = "is for one recipient, and to has several. Send one message to each."
            raise ValueError(message)
        # The signed link of an uploaded file is longer than Bandwidth allows here.
        if any(find_name(url) for url in info.data.get("media", ())):
            message = (
                "cannot be sent with uploaded files (media://). Give media URLs that Bandwidth can fetch."
            )
            raise ValueError(message)
        if any(len(url) > MAX_FILE_URL_CHARACTERS for url in info.data.get("media", ())):
            message = f"limits the URLs of media to {MAX_FILE_URL_CHARACTERS} characters. Use shorter URLs."
            raise ValueError(message)
        return value

    @field_validator("send_at")
    @classmethod
    def _check_send_at(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        expiration = info.data.get("expiration")
        if value and expiration and value >= expiration:
            message = "is not before expiration. Give an earlier time, or a later expiration."
            raise ValueError(message)
        return value

    def digest(self) -> str:
        """Return a digest that differs for requests with different contents."""
        # A request without these fields has the digest that earlier versions stored.
        left_out = {name for name in ("send_at", "rcs") if getattr(self, name) is None}
        return hashlib.sha256(self.model_dump_json(by_alias=True, exclude=left_out).encode()).hexdigest()

    def find_untimely(self, at: datetime) -> list[FieldProblem]:
        """Return the problem of a message that cannot be scheduled at the time `at`.

        The validators do not find it: a repeated request is valid after the time has passed.
        """
        if self.send_at is None or at < self.send_at <= at + timedelta(days=MAX_DAYS_AHEAD):
            return []
        if self.send_at <= at:
            return [FieldProblem("sendAt", _IN_THE_PAST)]
        detail = f"is more than {MAX_DAYS_AHEAD} days ahead. Give an earlier time."
        return [FieldProblem("sendAt", detail)]

    def find_unsupported(self, api: Api) -> list[FieldProblem]:
        """Return the fields that the sender's API does not support."""
        if api == "v2":
            return []
        problems = []
        if len(self.to) > 1:
            problems.append(
                FieldProblem("to", "has several recipients. The V1 API of the sender supports one.")
            )
        if self.priority is not None:
            problems.append(
                FieldProblem("priority", "is not supported by the V1 API of the sender. Leave it out.")
            )
        if self.rcs is not None:
            problems.append(
                FieldProblem("rcs", "is not supported by the V1 API of the sender. Leave it out.")
            )
        return problems
