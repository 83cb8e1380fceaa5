"""Requests of the webhooks API: names of endpoints, and the endpoint to store."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from bandwidth_messaging.domain.validation import CamelModel
from bandwidth_messaging.domain.webhooks import WebhookFormat, WebhookState

_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
NAME_RULE: Final = "Use 1 to 40 lower-case letters, digits and inner hyphens, such as crm."
_MAX_SHOWN: Final = 60
_MAX_URL_CHARACTERS: Final = 2048
_MAX_TYPES: Final = 100


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        shown = "".join(char if char.isprintable() else "?" for char in name[:_MAX_SHOWN])
        message = f'"{shown}" is not a name. {NAME_RULE}'
        raise ValueError(message)
    return name


WebhookName = Annotated[str, AfterValidator(_check_name)]
"""The name of an endpoint in the path."""


class NewWebhook(CamelModel):
    """Body of PUT /webhooks/{name}."""

    url: str = Field(
        max_length=_MAX_URL_CHARACTERS,
        description="URL (https) that receives the events as POST requests",
        examples=["https://crm.example.com/messaging-events"],
    )
    types: list[str] | None = Field(
        None,
        min_length=1,
        max_length=_MAX_TYPES,
        description="Detail types of the events to send, as in the table of events. If left out, all events",
        examples=[["Message Delivered", "Message Failed"]],
    )
    format: WebhookFormat = Field(
        WebhookFormat.EVENT,
        description="Body of the requests. `event`: the event as EventBridge delivers it. "
        "`standard`: `type`, `timestamp` and `data`, the detail of the event",
    )
    state: WebhookState = Field(
        WebhookState.ENABLED, description="`disabled`: keeps the endpoint and sends nothing"
    )
