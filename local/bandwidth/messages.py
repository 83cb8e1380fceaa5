"""Messages in both directions: what was taken, what becomes of it, and the events that tell."""

import json
import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from local.bandwidth.account import Account, Application, RefusedError
from local.bandwidth.callbacks import Api, Callback, Courier, Endpoint
from local.bandwidth.orders import OrderBook
from local.bandwidth.outcomes import Outcome, Outcomes
from local.bandwidth.segments import segment_count
from local.bandwidth.sent_messages import SentMessage, SentMessages
from local.bandwidth.timestamps import moment, timestamp
from local.bandwidth.url import redact_credentials

DESCRIPTIONS = {
    "message-sending": "Message is sending to carrier",
    "message-sent": "Message has been sent to carrier",
    "message-delivered": "ok",
    "message-received": "Incoming message received",
}


SERVICE_NOT_ALLOWED = Outcome(error_code=4001, description="service-not-allowed")
EXPIRED = Outcome(error_code=4360, description="message-not-sent-expiration-date-passed")
FROM_NOT_ON_ACCOUNT = Outcome(error_code=4407, description="rejected-account-not-defined-from-number")
WRONG_APPLICATION = Outcome(error_code=4452, description="rejected-wrong-application-id")
REFUSED_BY_CARRIER = Outcome(error_code=4750, description="destination-rejected-message")


@dataclass
class Message(SentMessage):
    """A message as /v2 took it; `expiration` in RFC 3339, as it came."""

    api: ClassVar[Api] = "v2"
    priority: str | None = None
    expiration: str | None = None

    def published(self) -> dict[str, Any]:
        """The message as answers and events have it, without what was not given."""
        published = {
            "id": self.id,
            "owner": self.from_,
            "applicationId": self.application_id,
            "time": self.time,
            "segmentCount": self.segment_count,
            "direction": "out",
            "to": self.to,
            "from": self.from_,
            "text": self.text,
            "media": self.media or None,
            "tag": self.tag,
            "priority": self.priority,
        }
        return {name: value for name, value in published.items() if value is not None}


class Messages:
    """The messages of the account. Needs the orders to know whose number is whose."""

    def __init__(
        self,
        account: Account,
        orders: OrderBook,
        courier: Courier,
        outcomes: Outcomes,
        sent: SentMessages,
    ) -> None:
        self._account = account
        self._orders = orders
        self._courier = courier
        self._outcomes = outcomes
        self._sent = sent

    def sent(self) -> list[SentMessage]:
        return self._sent.find(Message.api)

    def send(
        self,
        from_: str,
        to: Sequence[str],
        text: str,
        application_id: str,
        media: Sequence[str] = (),
        tag: str | None = None,
        priority: str | None = None,
        expiration: str | None = None,
    ) -> Message:
        """Take a message whose fields have the right form. Whether it can be sent shows in the events."""
        message = Message(
            id=_message_id(),
            from_=from_,
            to=list(to),
            text=text,
            tag=tag,
            application_id=application_id,
            media=list(media),
            segment_count=segment_count(text) if not media and len(to) == 1 else 1,
            time=timestamp(datetime.now(UTC)),
            priority=priority,
            expiration=expiration,
        )
        with self._account.lock:
            self._sent.add(message)
            application, failure = self._verdict(message)
            if application is None:
                return message
            for recipient in message.to:
                self._tell(message, recipient, application, failure)
        return message

    def receive(
        self, from_: str, to: str, text: str, media: list[str], others: list[str], copies: int
    ) -> dict[str, str]:
        """A message from a handset to one of the account's numbers: its id and where its event goes.

        Raises RefusedError (404) if the number is not on the account.
        """
        location = self._orders.location_of(to)
        if location is None:
            raise RefusedError(404, None, f"{to} is not a number of this account.")
        message_id = _message_id()
        if location.application_id is None:
            return {"id": message_id, "swallowed": f"location {location.id} has no application"}
        application = self._account.application(location.application_id)
        now = datetime.now(UTC)
        message: dict[str, Any] = {
            "id": message_id,
            "owner": to,
            "applicationId": application.id,
            "time": timestamp(now),
            "segmentCount": segment_count(text) if not media and not others else 1,
            "direction": "in",
            "to": [to, *others],
            "from": from_,
            "text": text,
        }
        if media:
            message["media"] = media
        event = _event("message-received", now, to, message)
        self._courier.send([callback(application, event)] * copies)
        return {"id": message_id, "callback_url": redact_credentials(application.callback_url)}

    def _verdict(self, message: Message) -> tuple[Application | None, Outcome | None]:
        """Whom to tell, and of what failure. Nobody means that the message was swallowed."""
        named = self._find_application(message.application_id)
        location = self._orders.location_of(message.from_)
        if location is None:
            return self._heard(message, named, FROM_NOT_ON_ACCOUNT)
        if location.application_id is None:
            message.state, message.reason = "swallowed", f"location {location.id} has no application"
            return None, None
        if message.application_id != location.application_id:
            own = self._find_application(location.application_id)
            return self._heard(message, named or own, WRONG_APPLICATION)
        allowed = location.mms_proxy_peer_id if message.is_mms else location.sms
        return self._heard(message, named, None if allowed else SERVICE_NOT_ALLOWED)

    def _heard(
        self, message: Message, application: Application | None, failure: Outcome | None
    ) -> tuple[Application | None, Outcome | None]:
        if application is None:
            message.state, message.reason = "swallowed", "no application to tell"
        elif failure:
            message.reason = _words(failure)
        return application, failure

    def _find_application(self, application_id: str) -> Application | None:
        try:
            return self._account.application(application_id)
        except RefusedError:
            return None

    def _tell(
        self, message: Message, recipient: str, application: Application, failure: Outcome | None
    ) -> None:
        now = datetime.now(UTC)
        outcome = failure or self._outcomes.take(recipient)
        due = now + timedelta(seconds=self._outcomes.seconds(outcome))
        expiration = moment(message.expiration)
        if expiration is not None and expiration < due:
            outcome, due = EXPIRED, expiration
            message.reason = _words(EXPIRED)
        types = self._outcomes.types(outcome, self._usual_types(message, outcome))
        if not types:
            message.reason = f"no events for {recipient}"
            return
        body = message.published() | {"text": ""}
        events = []
        for position, each in enumerate(types):
            event = _event(each, due + timedelta(milliseconds=position), recipient, body)
            if each == "message-failed":
                event["errorCode"] = outcome.error_code or REFUSED_BY_CARRIER.error_code
                event["description"] = outcome.description or REFUSED_BY_CARRIER.description
            events.append(event)
        self._courier.send([callback(application, event) for event in events], (due - now).total_seconds())

    @staticmethod
    def _usual_types(message: Message, outcome: Outcome) -> list[str]:
        """message-sending is for MMS only; exactly one of delivered and failed (page on message webhooks)."""
        if outcome.error_code:
            return ["message-failed"]
        sending = ["message-sending"] if message.is_mms else []
        return [*sending, "message-sent", "message-delivered"]


def callback(application: Application, event: dict[str, Any]) -> Callback:
    """An event on its way to an application's CallbackUrl: always a POST of an array, here of one."""
    endpoint = Endpoint(application.callback_url, application.callback_user, application.callback_password)
    return Callback(
        "v2",
        (endpoint,),
        type=event["type"],
        message_id=event["message"]["id"],
        to=event["to"],
        body=json.dumps([event], ensure_ascii=False).encode(errors="replace"),
    )


def _event(type_: str, time: datetime, to: str, message: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": type_,
        "time": timestamp(time, "microseconds"),
        "description": DESCRIPTIONS.get(type_, ""),
        "to": to,
        "message": message,
    }


def _words(failure: Outcome) -> str:
    return f"{failure.error_code} {failure.description}"


def _message_id() -> str:
    """Ids look like the document's: the time in milliseconds, then lower-case letters and digits."""
    alphabet = string.ascii_lowercase + string.digits
    tail = "".join(secrets.choice(alphabet) for _ in range(16))
    return f"{int(datetime.now(UTC).timestamp() * 1000)}{tail}"
