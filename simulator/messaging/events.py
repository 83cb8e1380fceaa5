"""V2's events: their envelope, their texts, and the callback that carries an event to its application."""

import json
import secrets
import string
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from simulator.account.applications import Application
from simulator.callbacks import Callback
from simulator.timestamps import timestamp

TIMESPECS = {0: "seconds", 3: "milliseconds", 6: "microseconds"}
DESCRIPTIONS = {
    "message-sending": "Message is sending to carrier",
    "message-sent": "Message has been sent to carrier",
    "message-delivered": "ok",
    "message-read": "Message has been read",
    "message-received": "Incoming message received",
    "suggestion-response": "Incoming suggestion response received",
    "requested-location-response": "Incoming location response received",
}


class Style(BaseModel):
    """How V2's events are written, where Bandwidth's own samples differ or a feature of the account decides.

    `time_digits` are those of every time's fraction: six in an event's and three in its message's if not
    told. `carrier_name` is in every event of an account that has the feature.
    """

    model_config = ConfigDict(extra="forbid")
    time_digits: Literal[0, 3, 6] | None = None
    carrier_name: str | None = None


class Events:
    """Writes V2's events in the style of the account."""

    def __init__(self, style: Style) -> None:
        self._usual = self.style = style

    def reset(self) -> None:
        self.style = self._usual

    def event(self, type_: str, time: datetime, to: str, message: Mapping[str, Any]) -> dict[str, Any]:
        """An event's envelope around a message as published."""
        style = self.style
        created = message["time"]
        if style.time_digits is not None:
            created = timestamp(datetime.fromisoformat(created), TIMESPECS[style.time_digits])
        event = {
            "type": type_,
            "time": self.time(time),
            "description": _description(type_, message),
            "to": to,
            "message": {**message, "time": created},
        }
        return event if style.carrier_name is None else event | {"carrierName": style.carrier_name}

    def time(self, time: datetime) -> str:
        """When something happened, as an event says it."""
        digits = self.style.time_digits
        return timestamp(time, TIMESPECS[6 if digits is None else digits])


def _description(type_: str, message: Mapping[str, Any]) -> str:
    """Of an MMS nobody knows more than that the carrier has it (samples of the page on webhooks)."""
    if type_ == "message-delivered" and (message.get("media") or len(message["to"]) > 1):
        return "Message delivered to carrier"
    return DESCRIPTIONS.get(type_, "")


def callback(application: Application, event: dict[str, Any]) -> Callback | None:
    """An event on its way to its application: always a POST of an array, here of one. None if it is not to
    hear of that. What the reader of a rich message does cannot be asked for, and comes."""
    is_asked_for = event["type"] == "message-read" or application.wants(event["type"])
    direction = event["message"]["direction"]
    endpoint = application.endpoint(direction)
    if endpoint is None or (direction == "out" and not is_asked_for):
        return None
    return Callback(
        "v2",
        (endpoint,),
        type=event["type"],
        message_id=event["message"]["id"],
        to=event["to"],
        body=json.dumps([event], ensure_ascii=False).encode(errors="replace"),
    )


def new_id() -> str:
    """Ids look like the document's: the time in milliseconds, then lower-case letters and digits."""
    alphabet = string.ascii_lowercase + string.digits
    tail = "".join(secrets.choice(alphabet) for _ in range(16))
    return f"{int(datetime.now(UTC).timestamp() * 1000)}{tail}"
