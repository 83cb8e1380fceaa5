"""What a caller gives to send a message."""

import hashlib
import re
import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, ValidationInfo, field_validator

from bandwidth_messaging.domain.messages import Api
from bandwidth_messaging.domain.problems import FieldProblem
from bandwidth_messaging.domain.validation import CamelModel, PhoneNumber, Text

MAX_RECIPIENTS = 10
_MAX_MEDIA_URL = 4096
_WEB_ADDRESS = re.compile(r"https?://[^\s/?#\x00-\x1f\x7f-\x9f][^\s\x00-\x1f\x7f-\x9f]*")


def _web_address(url: str) -> str:
    if not _WEB_ADDRESS.fullmatch(url):
        message = "must be a URL that Bandwidth can fetch (https://...)"
        raise ValueError(message)
    return url


# Letters and symbols that show nothing: Hangul fillers and the Braille blank.
_INVISIBLE: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def _is_blank(text: str) -> bool:
    """Return whether a text shows nothing: only spaces, line breaks, marks and invisible characters."""
    return all(
        each in _INVISIBLE or unicodedata.category(each) in {"Cc", "Cf", "Mn", "Zl", "Zp", "Zs"}
        for each in text
    )


def _in_the_future(moment: datetime) -> datetime:
    if moment <= datetime.now(UTC):
        message = "must be in the future"
        raise ValueError(message)
    try:
        # Written with another offset it is the same moment, and the same request.
        return moment.astimezone(UTC)
    except OverflowError:
        message = "must be before the year 10000"
        raise ValueError(message) from None


_OneOrList = BeforeValidator(
    lambda given: [given] if isinstance(given, str) else given,
    json_schema_input_type=str | Annotated[list[str], Field(min_length=1, max_length=MAX_RECIPIENTS)],
)
_MediaUrl = Annotated[str, Field(max_length=_MAX_MEDIA_URL), AfterValidator(_web_address)]


class NewMessage(CamelModel):
    """Body of POST /messages. Numbers may come in the forms people type; they leave as E.164, each once."""

    sender: PhoneNumber = Field(
        alias="from", description="One of your active numbers", examples=["+19195551212"]
    )
    to: Annotated[list[PhoneNumber], _OneOrList] = Field(
        min_length=1,
        max_length=MAX_RECIPIENTS,
        description="The recipient, or up to ten for a group message (V2 only)",
        examples=["+19195551234"],
    )
    # Before the text, whose rule looks at it.
    media: list[_MediaUrl] = Field([], max_length=10, description="URLs of pictures and other files (MMS)")
    text: Text = Field(
        "",
        max_length=2048,
        validate_default=True,
        description="Contents of the message; may be left out if there is media",
        examples=["Good morning!"],
    )
    tag: Text | None = Field(None, max_length=1024, description="Kept with the message for your own use")
    priority: Literal["default", "high"] | None = Field(None, description="V2 only")
    expiration: Annotated[AwareDatetime, AfterValidator(_in_the_future)] | None = Field(
        None, description="After this time (RFC 3339) the message is not sent any more"
    )

    @field_validator("to")
    @classmethod
    def _each_once(cls, value: list[str], info: ValidationInfo) -> list[str]:
        if info.data.get("sender") in value:
            message = "has the number of from. A number cannot text itself."
            raise ValueError(message)
        return list(dict.fromkeys(value))

    @field_validator("text")
    @classmethod
    def _says_something(cls, value: str, info: ValidationInfo) -> str:
        if _is_blank(value) and not info.data.get("media", "wrong, and named itself"):
            message = "must be given unless there is media"
            raise ValueError(message)
        return value

    def digest(self) -> str:
        """Return what tells this request from every other that means something else."""
        return hashlib.sha256(self.model_dump_json(by_alias=True).encode()).hexdigest()

    def problems_with(self, api: Api) -> list[FieldProblem]:
        """Return what the sender's API does not take: V1 knows one recipient and no priority."""
        if api == "v2":
            return []
        problems = []
        if len(self.to) > 1:
            problems.append(FieldProblem("to", "may be one number only: this sender uses the V1 API"))
        if self.priority is not None:
            problems.append(FieldProblem("priority", "is not known to the V1 API, which this sender uses"))
        return problems
