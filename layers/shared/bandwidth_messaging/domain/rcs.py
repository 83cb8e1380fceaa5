"""The RCS part of a message: a text, files, a card or a carousel, with suggestions.

Names, values and limits are those of Bandwidth's specification (multiChannelMessageRequest).
"""

import base64
import binascii
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from bandwidth_messaging.domain.participants import is_agent_id
from bandwidth_messaging.domain.times import parse_time
from bandwidth_messaging.domain.validation import CamelModel, PhoneNumber, Text, WebAddress

MAX_FILE_URL_CHARACTERS: Final = 1000
"""The limit of the URL of a file, which also holds for the media of the fallback."""
_MAX_LINK_CHARACTERS: Final = 2048
_MAX_POSTBACK_CHARACTERS: Final = 2048
# DynamoDB stores 400 KB an item. The other fields of a message need up to 80 KB.
_MAX_BYTES: Final = 300_000
_MICRODEGREE: Final = Decimal("0.000001")

# The fields of each type of suggestion: those that it needs, and those that it may have.
_FIELDS: Final[Mapping[str, tuple[frozenset[str], frozenset[str]]]] = {
    "REPLY": (frozenset(), frozenset()),
    "REQUEST_LOCATION": (frozenset(), frozenset()),
    "DIAL_PHONE": (frozenset({"phoneNumber"}), frozenset()),
    "SHOW_LOCATION": (frozenset({"latitude", "longitude"}), frozenset({"label"})),
    "CREATE_CALENDAR_EVENT": (frozenset({"title", "startTime", "endTime"}), frozenset({"description"})),
    "OPEN_URL": (frozenset({"url"}), frozenset({"application", "webviewViewMode"})),
}
_COMMON_FIELDS: Final = frozenset({"type", "text", "postbackData"})


def _check_base64(written: str) -> str:
    try:
        base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        message = "is not Base64. Encode the data (aGVsbG8=)."
        raise ValueError(message) from None
    return written


def _check_agent(written: str) -> str:
    # A sender without a letter would be read as a phone number in callbacks.
    if not is_agent_id(written):
        message = (
            "is not the sender id of an RCS agent: at most 100 letters, digits and symbols without spaces, "
            "with at least one letter. Use the id that Bandwidth gave your agent."
        )
        raise ValueError(message)
    return written


def _round_degrees(degrees: Decimal) -> Decimal:
    # The sum turns -0 into 0.
    return degrees.quantize(_MICRODEGREE) + 0


_FileUrl = Annotated[WebAddress, Field(max_length=MAX_FILE_URL_CHARACTERS)]
_Time = Annotated[str, AfterValidator(parse_time), Field(json_schema_extra={"format": "date-time"})]
_Label = Annotated[Text, Field(min_length=1, max_length=100)]
_Latitude = Annotated[Decimal, Field(ge=-90, le=90), AfterValidator(_round_degrees)]
_Longitude = Annotated[Decimal, Field(ge=-180, le=180), AfterValidator(_round_degrees)]


class RcsSuggestion(CamelModel):
    """A button under a message or on a card: a reply, or an action on the phone."""

    type: Literal[
        "REPLY", "DIAL_PHONE", "SHOW_LOCATION", "CREATE_CALENDAR_EVENT", "OPEN_URL", "REQUEST_LOCATION"
    ]
    text: Text = Field(min_length=1, max_length=25, description="Label of the button", examples=["Yes"])
    postback_data: Annotated[str, AfterValidator(_check_base64)] = Field(
        min_length=1,
        max_length=_MAX_POSTBACK_CHARACTERS,
        description="Base64. suggestionResponse of the inbound message returns it if the recipient chooses "
        "the suggestion",
        examples=["eWVz"],
    )
    phone_number: PhoneNumber | None = Field(None, description="DIAL_PHONE: the number to call")
    latitude: _Latitude | None = Field(None, description="SHOW_LOCATION: degrees")
    longitude: _Longitude | None = Field(None, description="SHOW_LOCATION: degrees")
    label: _Label | None = Field(None, description="SHOW_LOCATION: name of the place")
    title: _Label | None = Field(None, description="CREATE_CALENDAR_EVENT: title of the event")
    start_time: _Time | None = Field(None, description="CREATE_CALENDAR_EVENT: start (RFC 3339)")
    end_time: _Time | None = Field(None, description="CREATE_CALENDAR_EVENT: end (RFC 3339)")
    description: Annotated[Text, Field(max_length=500)] | None = Field(
        None, description="CREATE_CALENDAR_EVENT: description of the event"
    )
    url: Annotated[WebAddress, Field(max_length=_MAX_LINK_CHARACTERS)] | None = Field(
        None, description="OPEN_URL: the page to open"
    )
    application: Literal["BROWSER", "WEBVIEW"] | None = Field(
        None, description="OPEN_URL: opens the page in the browser (default) or inside the messaging app"
    )
    webview_view_mode: Literal["FULL", "HALF", "TALL"] | None = Field(
        None, description="OPEN_URL with application WEBVIEW: height of the page"
    )

    @model_validator(mode="after")
    def _check_fields(self) -> Self:
        required, optional = _FIELDS[self.type]
        given = {field.alias or name for name, field in type(self).model_fields.items() if self._has(name)}
        if missing := sorted(required - given):
            message = f"is {self.type} and needs {', '.join(missing)}"
            raise ValueError(message)
        if unexpected := sorted(given - required - optional - _COMMON_FIELDS):
            message = f"is {self.type}, which has no {', '.join(unexpected)}. Leave it out."
            raise ValueError(message)
        if (self.application == "WEBVIEW") != (self.webview_view_mode is not None):
            message = "needs webviewViewMode with the application WEBVIEW, and only then"
            raise ValueError(message)
        if self.start_time and self.end_time and self.start_time >= self.end_time:
            message = "has an endTime that is not after startTime. Give a later endTime."
            raise ValueError(message)
        return self

    def _has(self, name: str) -> bool:
        return getattr(self, name) is not None


class RcsFile(CamelModel):
    """A picture, video or document."""

    file_url: _FileUrl = Field(description="URL of the file, at most 100 MB")
    thumbnail_url: _FileUrl | None = Field(None, description="URL of a picture. Only for videos")


class RcsCardFile(RcsFile):
    """The picture or video of a card."""

    height: Literal["SHORT", "MEDIUM", "TALL"]


class RcsCardContent(CamelModel):
    """The content of a card. It has at least a title, a description or media."""

    title: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    description: Annotated[Text, Field(min_length=1, max_length=2000)] | None = None
    media: RcsCardFile | None = None
    suggestions: list[RcsSuggestion] = Field([], max_length=4)

    @model_validator(mode="after")
    def _check_content(self) -> Self:
        if not (self.title or self.description or self.media):
            message = "is empty. Give title, description or media."
            raise ValueError(message)
        return self


class RcsCard(CamelModel):
    """One card."""

    orientation: Literal["HORIZONTAL", "VERTICAL"]
    thumbnail_image_alignment: Literal["LEFT", "RIGHT"] | None = Field(
        None, description="Required with the orientation HORIZONTAL"
    )
    card_content: RcsCardContent

    @model_validator(mode="after")
    def _check_alignment(self) -> Self:
        if self.orientation == "HORIZONTAL" and self.thumbnail_image_alignment is None:
            message = "is HORIZONTAL and needs thumbnailImageAlignment (LEFT or RIGHT)"
            raise ValueError(message)
        return self


class RcsCarousel(CamelModel):
    """Cards side by side."""

    card_width: Literal["SMALL", "MEDIUM"]
    card_contents: list[RcsCardContent] = Field(min_length=2, max_length=10)


class RcsContent(CamelModel):
    """What is sent by RCS: exactly one of text, media, card and carousel, and suggestions."""

    sender: Annotated[str, AfterValidator(_check_agent)] = Field(
        alias="from",
        description="Sender id of your RCS agent at Bandwidth",
        examples=["ExampleAgent"],
    )
    text: Annotated[Text, Field(min_length=1, max_length=3270)] | None = None
    # The specification has no limit. Ten is the limit of the media of an MMS here.
    media: list[RcsFile] | None = Field(None, min_length=1, max_length=10)
    card: RcsCard | None = None
    carousel: RcsCarousel | None = None
    suggestions: list[RcsSuggestion] = Field([], max_length=11, description="Buttons under the message")

    @model_validator(mode="after")
    def _check_content(self) -> Self:
        given = [name for name in ("text", "media", "card", "carousel") if getattr(self, name) is not None]
        if len(given) != 1:
            found = f"has {' and '.join(given)}" if given else "is empty"
            message = f"{found}. Give exactly one of text, media, card and carousel."
            raise ValueError(message)
        if (size := len(json.dumps(self.to_item(), ensure_ascii=False).encode())) > _MAX_BYTES:
            message = f"has {size:,} bytes in UTF-8, more than {_MAX_BYTES:,}. Shorten its texts and URLs."
            raise ValueError(message)
        return self

    def to_item(self) -> dict[str, Any]:
        """Return the content as it is stored: the fields of the request that have a value.

        Degrees are text, because a table stores no floating-point numbers and Bandwidth expects text.
        """
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
