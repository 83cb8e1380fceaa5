"""V2's events: their envelope, descriptions and callbacks."""

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
    """The form of V2's events where Bandwidth's samples differ or the account's features matter.

    `time_digits` is the count of fraction digits of all times. By default events have six and messages three.
    `carrier_name` is in every event of an account with this feature.
    """

    model_config = ConfigDict(extra="forbid")
    time_digits: Literal[0, 3, 6] | None = None
    carrier_name: str | None = None


class Events:
    """Creates V2's events in the style of the account."""

    def __init__(self, style: Style) -> None:
        self._usual = self.style = style

    def reset(self) -> None:
        self.style = self._usual

    def event(self, type_: str, time: datetime, to: str, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return an event with the envelope around a published message."""
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
        """Format the time of an event."""
        digits = self.style.time_digits
        return timestamp(time, TIMESPECS[6 if digits is None else digits])


def _description(type_: str, message: Mapping[str, Any]) -> str:
    """Return the description. An MMS is only known to be at the carrier (page on webhooks)."""
    if type_ == "message-delivered" and (message.get("media") or len(message["to"]) > 1):
        return "Message delivered to carrier"
    return DESCRIPTIONS.get(type_, "")


def callback(application: Application, event: dict[str, Any]) -> Callback | None:
    """Return the callback of an event: a POST of an array with one event.

    Returns None if the application does not request the type or has no URL. message-read needs no request.
    """
    is_requested = event["type"] == "message-read" or application.wants(event["type"])
    direction = event["message"]["direction"]
    endpoint = application.endpoint(direction)
    if endpoint is None or (direction == "out" and not is_requested):
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
    """Return an id in the documented form: milliseconds, then lower-case letters and digits."""
    alphabet = string.ascii_lowercase + string.digits
    tail = "".join(secrets.choice(alphabet) for _ in range(16))
    return f"{int(datetime.now(UTC).timestamp() * 1000)}{tail}"
