"""Applications: the callback URLs for messages and their events."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from simulator.account.config import Generation
from simulator.callbacks import Endpoint
from simulator.rejections import RejectedError
from simulator.urls import is_loopback, scheme_and_host

MESSAGING = "Messaging-V2"
VOICE = "Voice-V2"
CALLBACK_TYPES = ("message-delivered", "message-failed", "message-sending")
Direction = Literal["in", "out"]


@dataclass
class Application:
    """An application in the classic or the current form.

    Classic: `callback_url` and its credentials, for both directions. Current: `inbound`, `outbound` and the
    requested `callback_types` (None means all). Current fields take precedence.
    """

    name: str
    callback_url: str = ""
    callback_user: str | None = None
    callback_password: str | None = field(default=None, repr=False)
    service_type: str = MESSAGING
    inbound: Endpoint | None = None
    outbound: Endpoint | None = None
    callback_types: Sequence[str] | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def endpoint(self, direction: Direction) -> Endpoint | None:
        """Return the endpoint for inbound messages or for events of outgoing ones; None without one."""
        classic = Endpoint(self.callback_url, self.callback_user, self.callback_password)
        chosen = self.inbound if direction == "in" else self.outbound
        return chosen or (classic if self.callback_url else None)

    def wants(self, event_type: str) -> bool:
        """Return whether the application requests this type of event of outgoing messages."""
        return self.callback_types is None or event_type in self.callback_types


def check(application: Application, generation: Generation, *, has_service_type: bool) -> None:
    """Check an application. Raises RejectedError with the code of the first error.

    The current generation requires a ServiceType in the request.
    """
    if application.service_type not in (MESSAGING, VOICE) or (
        generation == "current" and not has_service_type
    ):
        raise RejectedError(400, "12801", f"ServiceType '{application.service_type}' is invalid.")
    if not application.name:
        raise RejectedError(400, "12806", "AppName is required.")
    if application.service_type == VOICE:
        return
    if application.endpoint("in") is None:
        raise RejectedError(400, "12802", "InboundCallbackUrl or CallbackUrl is required.")
    for direction in ("in", "out"):
        if endpoint := application.endpoint(direction):
            _check_endpoint(endpoint)
    if unknown := set(application.callback_types or ()) - set(CALLBACK_TYPES):
        raise RejectedError(400, "1006", f"CallbackType '{unknown.pop()}' is invalid.")


def _check_endpoint(endpoint: Endpoint) -> None:
    url = scheme_and_host(endpoint.url)
    if url is None:
        raise RejectedError(400, "12803", "The callback URL is not a valid URL.")
    scheme, host = url
    local = is_loopback(host) or host.endswith(".localhost")
    if endpoint.user and scheme != "https" and not local:
        raise RejectedError(400, "12812", "Callback credentials require an https URL.")
