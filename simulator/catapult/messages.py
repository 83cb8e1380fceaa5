"""V1 (Catapult) messages in both directions, and their callbacks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal
from urllib.parse import quote, urlencode

from simulator.account.account import Account
from simulator.account.external_tns import ExternalTns
from simulator.callbacks import Api, Callback, Courier, DeliveryOptions, Endpoint
from simulator.catapult.catapult import Catapult, CatapultApplication, new_id
from simulator.catapult.errors import CatapultError
from simulator.messaging.media import InboundFile, MediaStore
from simulator.messaging.outcomes import Outcome, Outcomes
from simulator.messaging.segments import segment_count
from simulator.messaging.sent_messages import SentMessage, SentMessages
from simulator.timestamps import timestamp
from simulator.urls import redact_credentials

Receipt = Literal["none", "all", "error"]
# The messageUri of an event has Bandwidth's base URL, not that of the simulator.
CATAPULT_URL = "https://api.catapult.inetwork.com/v1"
IN_QUERY = (
    "messageId",
    "from",
    "eventType",
    "text",
    "time",
    "to",
    "state",
    "applicationId",
    "direction",
    "media",
    "messageUri",
)
DELIVERY_CODES = {
    0: "Message delivered to carrier",
    100: "Message not delivered to carrier",
    187: "Statistical spam detected",
    188: "Keyword spam detected",
    189: "Spam detected",
    482: "Loop detected",
    600: "Destination carrier could not accept messages",
    610: "Message submission failed",
    620: "Destination application error",
    630: "Message not acknowledged",
    650: "Destination failure",
    720: "Invalid destination number",
    740: "Invalid source number",
    750: "Destination rejected message",
    751: "Destination rejected message too large",
    770: "Destination rejected due to spam",
    775: "Rejected due to user opt out",
    902: "Message expired",
    999: "Unknown error",
}
REJECTED_BY_CARRIER = 750


@dataclass(frozen=True)
class CallbackTarget:
    """The callback URLs of a message or an application. The timeout is in milliseconds."""

    urls: tuple[str, ...] = ()
    method: str = "POST"
    timeout: int = 10_000

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        return tuple(Endpoint.with_userinfo(each, self.timeout / 1000) for each in self.urls)


@dataclass
class MessageV1(SentMessage):
    """A message that /v1 accepted. `application_id` is that of the sender number, or empty."""

    api: ClassVar[Api] = "v1"
    receipt_requested: Receipt = "none"
    target: CallbackTarget = field(default_factory=CallbackTarget, repr=False)

    def shown(self) -> dict[str, Any]:
        shown = super().shown()
        del shown["target"]
        return shown


class MessagesV1:
    """The messages of the numbers that were imported into Catapult."""

    def __init__(
        self,
        account: Account,
        external_tns: ExternalTns,
        catapult: Catapult,
        courier: Courier,
        outcomes: Outcomes,
        sent: SentMessages,
        media: MediaStore,
    ) -> None:
        self._account = account
        self._external_tns = external_tns
        self._catapult = catapult
        self._courier = courier
        self._outcomes = outcomes
        self._sent = sent
        self._media = media

    def send(
        self,
        from_: str,
        to: str,
        text: str,
        media: Sequence[str] = (),
        tag: str | None = None,
        receipt_requested: Receipt = "none",
        target: CallbackTarget | None = None,
    ) -> MessageV1:
        """Accept a message with valid fields. Numbers are in E.164.

        Raises CatapultError (401) if `from_` is not a number of the user. V1 checks this synchronously.
        """
        number = self._catapult.find(from_)
        if number is None:
            user = self._account.config.user_id
            words = f"User '{user}' does not have permission to use number '{from_}'"
            details = {"userId": user, "number": from_}
            raise CatapultError(401, "authorization", "number-access-denied", words, details)
        application = self._catapult.find_application(number.application_id)
        message = MessageV1(
            id=new_id("m"),
            from_=from_,
            to=[to],
            text=text,
            tag=tag,
            application_id=application.id if application else "",
            media=list(media),
            segment_count=1 if media else segment_count(text),
            time=timestamp(datetime.now(UTC)),
            receipt_requested=receipt_requested,
            target=target or CallbackTarget(),
        )
        self._sent.add(message)
        self._send_receipts(message, application)
        return message

    def receive(
        self,
        from_: str,
        to: str,
        text: str,
        media: Sequence[str | InboundFile],
        base_url: str,
        options: DeliveryOptions,
    ) -> dict[str, str]:
        """Receive a message from a handset, and return its id and the callback URL of its event.

        Files are served at `base_url`.
        """
        message_id = new_id("m")
        number = self._catapult.find(to)
        if number is None:
            return {"id": message_id, "swallowed": f"{to} is not imported into Catapult"}
        application = self._catapult.find_application(number.application_id)
        if application is None or not application.urls:
            return {"id": message_id, "swallowed": f"{to} has no application"}
        event: dict[str, Any] = {
            "eventType": "mms" if media else "sms",
            "direction": "in",
            "messageId": message_id,
            "messageUri": self._uri(message_id),
            "from": from_,
            "to": to,
            "text": text,
            "applicationId": application.id,
            "time": timestamp(datetime.now(UTC)),
            "state": "received",
        }
        if media:
            folder = f"{base_url}/v1/users/{self._account.config.user_id}/media/"
            event["media"] = self._media.store_inbound(media, folder, f"{message_id}-")
        self._courier.deliver(_callback("message-received", event, find_target(application)), options)
        return {"id": message_id, "callback_url": redact_credentials(application.urls[0])}

    def knows(self, number: str) -> bool:
        """Return whether V1 receives the messages to a number (E.164): it is imported or external."""
        return self._catapult.find(number) is not None or self._external_tns.is_external(number)

    def _uri(self, message_id: str) -> str:
        return f"{CATAPULT_URL}/users/{self._account.config.user_id}/messages/{message_id}"

    def _send_receipts(self, message: MessageV1, application: CatapultApplication | None) -> None:
        """Send receipts if requested. MMS has no receipts (page on the SMS event)."""
        target = message.target if message.target.urls else find_target(application)
        if message.receipt_requested == "none" or message.is_mms:
            return
        if not target.urls:
            message.state, message.reason = "swallowed", "no callback URL"
            return
        outcome = self._outcomes.take(message.to[0])
        usual = ["message-failed"] if outcome.error_code else ["message-sent", "message-delivered"]
        types = self._outcomes.types(outcome, usual)
        if message.receipt_requested == "error":
            types = [each for each in types if each == "message-failed"]
        if not types:
            message.reason = f"no events for {message.to[0]}"
            return
        callbacks = [
            _callback(each, self._event(message) | _delivery(each, outcome), target) for each in types
        ]
        self._courier.send(callbacks, self._outcomes.seconds(outcome))

    def _event(self, message: MessageV1) -> dict[str, Any]:
        """Return the event of an outgoing message. As published, it has no applicationId."""
        event: dict[str, Any] = {
            "eventType": "sms",
            "direction": "out",
            "messageId": message.id,
            "messageUri": self._uri(message.id),
            "from": message.from_,
            "to": message.to[0],
            "text": message.text,
            "time": message.time,
            "segmentCount": message.segment_count,
        }
        if message.tag is not None:
            event["tag"] = message.tag
        return event


def find_target(application: CatapultApplication | None) -> CallbackTarget:
    """Return the callback target of an application; without an application, an empty target."""
    if application is None:
        return CallbackTarget()
    return CallbackTarget(application.urls, application.method, application.timeout)


def _delivery(type_: str, outcome: Outcome) -> dict[str, str]:
    """Return the states and the code of a receipt, as text (page on the SMS event)."""
    match type_:
        case "message-sending":
            return {"state": "sending", "deliveryState": "waiting"}
        case "message-sent":
            return {"state": "sent", "deliveryState": "waiting"}
        case "message-delivered":
            state, delivery_state, code = "sent", "delivered", 0
        case _:
            code = (outcome.error_code or REJECTED_BY_CARRIER) % 1000
            state, delivery_state = "error", "not-delivered"
    return {
        "state": state,
        "deliveryState": delivery_state,
        "deliveryCode": str(code),
        "deliveryDescription": outcome.description or DELIVERY_CODES.get(code, DELIVERY_CODES[999]),
    }


def _callback(type_: str, event: Mapping[str, Any], target: CallbackTarget) -> Callback:
    message_id, to = event["messageId"], event["to"]
    if target.method == "GET":
        return Callback(
            "v1",
            target.endpoints,
            type_,
            message_id,
            to,
            query=format_query(event),
            method="GET",
            content_type=None,
        )
    body = json.dumps(event, ensure_ascii=False).encode(errors="replace")
    return Callback("v1", target.endpoints, type_, message_id, to, body)


def format_query(event: Mapping[str, Any]) -> str:
    """Return an event as a query in the documented form: order, whole seconds, media in brackets."""
    names = [*(name for name in IN_QUERY if name in event), *(name for name in event if name not in IN_QUERY)]
    values = dict(event) | {"time": event["time"][: len("2016-12-01T16:04:49")] + "Z"}
    if "media" in values:
        values["media"] = f"[{', '.join(values['media'])}]"
    return urlencode({name: values[name] for name in names}, quote_via=quote, errors="replace")
