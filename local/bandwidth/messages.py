"""Messages in both directions: what was taken, what becomes of it, and the events that tell."""

import json
import secrets
import string
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from local.bandwidth.account import Account, Application, RefusedError
from local.bandwidth.callbacks import Api, Callback, Courier, Endpoint
from local.bandwidth.orders import OrderBook
from local.bandwidth.outcomes import Outcome, Outcomes
from local.bandwidth.segments import segment_count
from local.bandwidth.timestamps import timestamp
from local.bandwidth.url import redact_credentials

DESCRIPTIONS = {
    "message-sending": "Message is sending to carrier",
    "message-sent": "Message has been sent to carrier",
    "message-delivered": "ok",
    "message-received": "Incoming message received",
}


@dataclass(frozen=True)
class Failure:
    code: int
    description: str


SERVICE_NOT_ALLOWED = Failure(4001, "service-not-allowed")
FROM_NOT_ON_ACCOUNT = Failure(4407, "rejected-account-not-defined-from-number")
WRONG_APPLICATION = Failure(4452, "rejected-wrong-application-id")
REFUSED_BY_CARRIER = Failure(4750, "destination-rejected-message")


@dataclass
class Message:
    """A message as /v2 took it; numbers in E.164, `state` accepted or swallowed, `reason` why."""

    api: ClassVar[Api] = "v2"
    id: str
    from_: str
    to: list[str]
    text: str
    tag: str | None
    application_id: str
    media: list[str]
    segment_count: int
    time: str
    state: str = "accepted"
    reason: str | None = None

    @property
    def is_mms(self) -> bool:
        return bool(self.media) or len(self.to) > 1

    def shown(self) -> dict[str, Any]:
        shown = asdict(self)
        return {"id": shown.pop("id"), "api": self.api, "from": shown.pop("from_"), **shown}


class Messages:
    """The messages of the account. Needs the orders to know whose number is whose."""

    def __init__(
        self,
        account: Account,
        orders: OrderBook,
        courier: Courier,
        outcomes: Outcomes,
        receipt_seconds: float,
        receipt_types: Collection[str],
    ) -> None:
        self._account = account
        self._orders = orders
        self._courier = courier
        self._outcomes = outcomes
        self._receipt_seconds = receipt_seconds
        self._receipt_types = frozenset(receipt_types)
        self._sent: list[Message] = []

    def reset(self) -> None:
        with self._account.lock:
            self._sent.clear()

    def sent(self) -> list[Message]:
        with self._account.lock:
            return list(self._sent)

    def send(
        self, from_: str, to: list[str], text: str, application_id: str, media: list[str], tag: str | None
    ) -> Message:
        """Take a message whose fields have the right form. Whether it can be sent shows in the events."""
        count = segment_count(text) if not media and len(to) == 1 else 1
        now = timestamp(datetime.now(UTC))
        message = Message(_message_id(), from_, to, text, tag, application_id, media, count, now)
        with self._account.lock:
            self._sent.append(message)
            application, failure = self._verdict(message)
            if application is None:
                return message
            for recipient in to:
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

    def _verdict(self, message: Message) -> tuple[Application | None, Failure | None]:
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
        self, message: Message, application: Application | None, failure: Failure | None
    ) -> tuple[Application | None, Failure | None]:
        if application is None:
            message.state, message.reason = "swallowed", "no application to tell"
        elif failure:
            message.reason = f"{failure.code} {failure.description}"
        return application, failure

    def _find_application(self, application_id: str) -> Application | None:
        try:
            return self._account.application(application_id)
        except RefusedError:
            return None

    def _tell(
        self, message: Message, recipient: str, application: Application, failure: Failure | None
    ) -> None:
        outcome = Outcome() if failure else self._outcomes.take(recipient)
        delay = self._receipt_seconds if outcome.seconds is None else outcome.seconds
        if outcome.error_code:
            failure = Failure(outcome.error_code, outcome.description or REFUSED_BY_CARRIER.description)
        if outcome.types is None:
            types = [each for each in self._usual_types(message, failure) if each in self._receipt_types]
        else:
            types = [str(each) for each in outcome.types]
        if not types:
            message.reason = f"no events for {recipient}"
            return
        body: dict[str, Any] = {
            "id": message.id,
            "owner": message.from_,
            "applicationId": message.application_id,
            "time": message.time,
            "segmentCount": message.segment_count,
            "direction": "out",
            "to": message.to,
            "from": message.from_,
            "text": "",
        }
        if message.media:
            body["media"] = message.media
        if message.tag is not None:
            body["tag"] = message.tag
        moment = datetime.now(UTC) + timedelta(seconds=delay)
        events = []
        for each in types:
            event = _event(each, moment, recipient, body)
            if each == "message-failed":
                why = failure or REFUSED_BY_CARRIER
                event.update(errorCode=why.code, description=outcome.description or why.description)
            events.append(event)
            moment += timedelta(milliseconds=1)
        self._courier.send([callback(application, event) for event in events], delay)

    @staticmethod
    def _usual_types(message: Message, failure: Failure | None) -> list[str]:
        """message-sending is for MMS only; exactly one of delivered and failed (page on message webhooks)."""
        if failure:
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


def _event(type_: str, moment: datetime, to: str, message: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": type_,
        "time": timestamp(moment, "microseconds"),
        "description": DESCRIPTIONS.get(type_, ""),
        "to": to,
        "message": message,
    }


def _message_id() -> str:
    """Ids look like the document's: the time in milliseconds, then lower-case letters and digits."""
    alphabet = string.ascii_lowercase + string.digits
    tail = "".join(secrets.choice(alphabet) for _ in range(16))
    return f"{int(datetime.now(UTC).timestamp() * 1000)}{tail}"
