"""V2's events: their envelope, their words, and the callback that brings one to its application."""

import json
import secrets
import string
from datetime import UTC, datetime
from typing import Any

from local.bandwidth.account import Application
from local.bandwidth.callbacks import Callback, Endpoint
from local.bandwidth.timestamps import timestamp

DESCRIPTIONS = {
    "message-sending": "Message is sending to carrier",
    "message-sent": "Message has been sent to carrier",
    "message-delivered": "ok",
    "message-read": "Message has been read",
    "message-received": "Incoming message received",
    "suggestion-response": "Incoming suggestion response received",
    "requested-location-response": "Incoming location response received",
}


def event(type_: str, time: datetime, to: str, message: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": type_,
        "time": timestamp(time, "microseconds"),
        "description": DESCRIPTIONS.get(type_, ""),
        "to": to,
        "message": message,
    }


def endpoint(application: Application) -> Endpoint:
    """Where an application has its events sent to."""
    return Endpoint(application.callback_url, application.callback_user, application.callback_password)


def callback(application: Application, event: dict[str, Any]) -> Callback:
    """An event on its way to its application: always a POST of an array, here of one."""
    return Callback(
        "v2",
        (endpoint(application),),
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
