"""The request of messages/multiChannel: its fields, limits and errors (specification).

The specification does not define unknown fields. The simulator rejects them to reveal misspelt names.
"""

from base64 import b64decode
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
)

from simulator.telephone_numbers import agent_id, e164, sender
from simulator.urls import scheme_and_host


def _e164(text: str) -> str:
    # This API has no numbers without a plus.
    if not text.startswith("+") or e164(text) is None:
        raise ValueError("must be an E164 telephone number")
    return text


def _url(text: str) -> str:
    if not scheme_and_host(text):
        raise ValueError("must be an http or https URL")
    return text


def _base64(text: str) -> str:
    b64decode(text, validate=True)
    return text


def _degrees(limit: int) -> AfterValidator:
    def check(text: str) -> str:
        if not abs(float(text)) <= limit:
            raise ValueError(f"must be between -{limit} and {limit}")
        return text

    return AfterValidator(check)


def _future(moment: datetime) -> datetime:
    if moment <= datetime.now(UTC):
        raise ValueError("must be a date-time in the future")
    return moment


Number = Annotated[str, AfterValidator(_e164)]
FileUrl = Annotated[str, Field(max_length=1000), AfterValidator(_url)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Action(_Model):
    text: str = Field(min_length=1, max_length=25)
    postbackData: Annotated[str, Field(min_length=1, max_length=2048), AfterValidator(_base64)]  # noqa: N815


class PlainAction(Action):
    type: Literal["REPLY", "REQUEST_LOCATION"]


class DialAction(Action):
    type: Literal["DIAL_PHONE"]
    phoneNumber: Number  # noqa: N815


class LocationAction(Action):
    type: Literal["SHOW_LOCATION"]
    latitude: Annotated[str, _degrees(90)]
    longitude: Annotated[str, _degrees(180)]
    label: str | None = Field(None, max_length=100)


class CalendarAction(Action):
    type: Literal["CREATE_CALENDAR_EVENT"]
    title: str = Field(max_length=100)
    startTime: AwareDatetime = Field(strict=False)  # noqa: N815
    endTime: AwareDatetime = Field(strict=False)  # noqa: N815
    description: str | None = Field(None, max_length=500)


class UrlAction(Action):
    type: Literal["OPEN_URL"]
    url: Annotated[str, Field(max_length=2048), AfterValidator(_url)]
    application: Literal["BROWSER", "WEBVIEW"] | None = None
    webviewViewMode: Literal["FULL", "HALF", "TALL"] | None = None  # noqa: N815


AnyAction = Annotated[
    PlainAction | DialAction | LocationAction | CalendarAction | UrlAction, Field(discriminator="type")
]
Suggestions = Annotated[list[AnyAction], Field(max_length=11)]


class File(_Model):
    fileUrl: FileUrl  # noqa: N815
    thumbnailUrl: FileUrl | None = None  # noqa: N815


class CardFile(File):
    height: Literal["SHORT", "MEDIUM", "TALL"]


class CardContent(_Model):
    title: str | None = Field(None, max_length=200)
    description: str | None = Field(None, max_length=2000)
    media: CardFile | None = None
    suggestions: Annotated[list[AnyAction], Field(max_length=4)] = []


class RichText(_Model):
    text: str = Field(min_length=1, max_length=3270)
    suggestions: Suggestions = []


class RichMedia(_Model):
    media: list[File] = Field(min_length=1)
    suggestions: Suggestions = []


class Card(_Model):
    orientation: Literal["HORIZONTAL", "VERTICAL"]
    thumbnailImageAlignment: Literal["LEFT", "RIGHT"] | None = None  # noqa: N815
    cardContent: CardContent  # noqa: N815
    suggestions: Suggestions = []


class Carousel(_Model):
    cardWidth: Literal["SMALL", "MEDIUM"]  # noqa: N815
    cardContents: list[CardContent] = Field(min_length=2, max_length=10)  # noqa: N815
    suggestions: Suggestions = []


def _kind(content: Any) -> str | None:
    names = ("text", "media", "cardContent", "cardContents")
    return next((name for name in names if isinstance(content, dict) and name in content), None)


RichContent = Annotated[
    Annotated[RichText, Tag("text")]
    | Annotated[RichMedia, Tag("media")]
    | Annotated[Card, Tag("cardContent")]
    | Annotated[Carousel, Tag("cardContents")],
    Discriminator(_kind),
]


class SmsContent(_Model):
    text: str = Field(min_length=1, max_length=2048)


class MmsContent(_Model):
    text: str = Field("", max_length=2048)
    media: list[File] = []


def _agent(text: str) -> str:
    if agent_id(text) is None:
        raise ValueError("must be the sender id of an agent")
    return text


def _sender(text: str) -> str:
    if sender(text) is None:
        raise ValueError("must be an E164 telephone number or a sender id")
    return text


Sender = Annotated[str, AfterValidator(_sender), Field(alias="from")]


class _Channel(_Model):
    applicationId: str = Field(min_length=1)  # noqa: N815


class RichChannel(_Channel):
    from_: Annotated[str, AfterValidator(_agent)] = Field(alias="from")
    channel: Literal["RBM"]
    content: RichContent


class SmsChannel(_Channel):
    from_: Sender
    channel: Literal["SMS"]
    content: SmsContent


class MmsChannel(_Channel):
    from_: Sender
    channel: Literal["MMS"]
    content: MmsContent


AnyChannel = Annotated[RichChannel | SmsChannel | MmsChannel, Field(discriminator="channel")]


class MultiChannelRequest(_Model):
    """A message to one recipient. Its channels are tried in their order until one sends."""

    to: Number
    channelList: list[AnyChannel] = Field(min_length=1, max_length=4)  # noqa: N815
    tag: str | None = Field(None, max_length=1024)
    priority: Literal["default", "high"] | None = None
    expiration: Annotated[AwareDatetime, AfterValidator(_future)] | None = Field(None, strict=False)


def parse_request(body: Any) -> MultiChannelRequest | list[dict[str, Any]]:
    """Return the request, or the errors of its fields in the form of `errors`."""
    try:
        return MultiChannelRequest.model_validate(body)
    except ValidationError as invalid:
        return [
            {
                "type": "request-validation",
                "description": problem["msg"],
                "source": {"field": ".".join(map(str, problem["loc"])) or "body"},
            }
            for problem in invalid.errors(include_url=False, include_context=False, include_input=False)
        ]
