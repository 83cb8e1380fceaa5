"""Control of handsets: send texts, files, replies to rich messages and read receipts."""

import mimetypes
from base64 import b64decode
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from flask import Blueprint, jsonify, request
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    RootModel,
    Tag,
    model_validator,
)

from simulator.callbacks import DeliveryOptions
from simulator.control.models import (
    UnprocessableError,
    number,
    number_or_agent,
    parse_sender,
    read_body,
)
from simulator.json_responses import JsonResponse
from simulator.messaging.events import Style
from simulator.messaging.media import InboundFile
from simulator.messaging.rcs import Handset
from simulator.simulator import Simulator
from simulator.telephone_numbers import agent_id

Number = Annotated[str, AfterValidator(number)]
Own = Annotated[str, AfterValidator(number_or_agent)]
Sender = Annotated[str, AfterValidator(parse_sender)]
Copies = Annotated[int, Field(ge=1, le=100)]


def _decoded(text: object) -> bytes:
    if not isinstance(text, str):
        raise ValueError("must be a string")
    return b64decode(text, validate=True)


class File(BaseModel):
    """A file of an inbound message: the given content, or `bytes` zero bytes."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=r"^[^/]+$")
    content_type: str | None = None
    content_base64: Annotated[bytes, BeforeValidator(_decoded)] | None = None
    bytes: int | None = Field(default=None, ge=0, le=20_000_000)

    @model_validator(mode="after")
    def _has_one_content(self) -> "File":
        if (self.content_base64 is None) == (self.bytes is None):
            raise ValueError("set exactly one of content_base64 and bytes")
        return self

    def inbound_file(self) -> InboundFile:
        content = self.content_base64 if self.content_base64 is not None else b"\0" * (self.bytes or 0)
        guessed, _ = mimetypes.guess_type(self.name)
        return InboundFile(self.name, content, self.content_type or guessed or "application/octet-stream")


Media = Annotated[
    Annotated[str, Tag("url")] | Annotated[File, Tag("file")],
    Discriminator(lambda media: "url" if isinstance(media, str) else "file"),
]


class Inbound(BaseModel):
    """A text from a handset to a number of the account or to an agent. `copies` counts identical events.

    The event contains media URLs unchanged. The simulator stores files for 48 hours, and the event contains
    their URLs.
    """

    model_config = ConfigDict(extra="forbid")
    from_: Sender = Field(alias="from")
    to: Own
    text: str = ""
    media: list[Media] = []
    others: list[Number] = []
    copies: Copies = 1


class Read(BaseModel):
    """A recipient read a message. `to` defaults to the first recipient."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["message-read"]
    message_id: str
    to: Number | None = None
    copies: Copies = 1


class Suggestion(BaseModel):
    """A handset chose a suggestion of the rich message `paired_message_id`."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["suggestion-response"]
    from_: Number = Field(alias="from")
    to: Own
    text: str = ""
    postback_data: str = ""
    paired_message_id: str | None = None
    copies: Copies = 1

    def content(self) -> dict[str, Any]:
        response = {"text": self.text, "postbackData": self.postback_data}
        if self.paired_message_id is not None:
            response["pairedMessageId"] = self.paired_message_id
        return {"suggestionResponse": response}


class HandsetLocation(BaseModel):
    """A handset sent its location: degrees, as text."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["requested-location-response"]
    from_: Number = Field(alias="from")
    to: Own
    latitude: str
    longitude: str
    copies: Copies = 1

    def content(self) -> dict[str, Any]:
        return {"locationResponse": {"latitude": self.latitude, "longitude": self.longitude}}


class Event(RootModel[Annotated[Read | Suggestion | HandsetLocation, Field(discriminator="type")]]):
    pass


def add(control: Blueprint, simulator: Simulator) -> None:
    @control.post("/inbound")
    def send_text() -> JsonResponse:
        message = read_body(Inbound)
        media = [each if isinstance(each, str) else each.inbound_file() for each in message.media]
        result = receive(
            simulator,
            message.from_,
            message.to,
            message.text,
            DeliveryOptions(message.copies),
            media=media,
            others=message.others,
        )
        return jsonify(result), 202

    @control.post("/events")
    def send_event() -> JsonResponse:
        event = read_body(Event).root
        options = DeliveryOptions(event.copies)
        if isinstance(event, Read):
            return jsonify(simulator.messages.read(event.message_id, event.to, options)), 202
        result = simulator.inbound.respond(event.type, event.from_, event.to, event.content(), options)
        return jsonify(result), 202

    @control.put("/handsets/<recipient>")
    def set_handset(recipient: str) -> JsonResponse:
        handset = read_body(Handset)
        try:
            simulator.rcs.set_handset(number(recipient), handset)
        except ValueError as error:
            raise UnprocessableError(str(error)) from None
        return jsonify(handset.model_dump()), 200

    @control.get("/style")
    def style() -> JsonResponse:
        return jsonify(simulator.events.style.model_dump()), 200

    @control.put("/style")
    def set_style() -> JsonResponse:
        simulator.events.style = read_body(Style)
        return style()

    @control.get("/media")
    def media() -> JsonResponse:
        files, _ = simulator.media.page()
        shown = [
            {"id": each.id, "content_type": each.content_type, "bytes": len(each.content)} for each in files
        ]
        return jsonify(media=shown), 200

    @control.delete("/media")
    def expire_media() -> JsonResponse:
        """Delete every file, as Bandwidth does after 48 hours."""
        simulator.media.reset()
        return jsonify({}), 200


def receive(
    simulator: Simulator,
    from_: str,
    to: str,
    text: str,
    options: DeliveryOptions,
    *,
    media: Sequence[str | InboundFile] = (),
    others: Sequence[str] = (),
) -> dict[str, Any]:
    """Receive a message from a handset with the API of the number `to`, and return its id and callback URL.

    Raises UnprocessableError for a group message to a V1 number, and for more than a text to an agent.
    """
    if agent_id(to):
        if media or others:
            raise UnprocessableError("to: an agent receives a text only. Remove media and others.")
        return simulator.inbound.respond("message-received", from_, to, {"content": {"text": text}}, options)
    base_url = request.host_url.rstrip("/")
    if not simulator.messages_v1.knows(to):
        return simulator.inbound.receive(from_, to, text, media, others, base_url, options)
    if others:
        raise UnprocessableError("others: V1 does not support group messages. Remove others.")
    return simulator.messages_v1.receive(from_, to, text, media, base_url, options)
