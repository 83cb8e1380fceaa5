"""V2 messages to handsets: accepted messages, their delivery, and their events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from simulator.account.account import Account
from simulator.account.applications import Application
from simulator.account.orders import OrderBook
from simulator.account.registrations import Registrations
from simulator.callbacks import Api, Courier, DeliveryOptions
from simulator.messaging.events import Events, callback, new_id
from simulator.messaging.failure_descriptions import words
from simulator.messaging.message_log import STATUSES, LoggedMessage, MessageLog, Step, failure_status
from simulator.messaging.multi_channel import AnyChannel, MmsChannel, MultiChannelRequest
from simulator.messaging.outcomes import Outcome, Outcomes
from simulator.messaging.rcs import Rcs
from simulator.messaging.segments import segment_count
from simulator.messaging.sent_messages import SentMessage, SentMessages
from simulator.rejections import RejectedError
from simulator.telephone_numbers import sender_id
from simulator.timestamps import moment, timestamp
from simulator.urls import redact_credentials

SERVICE_NOT_ALLOWED = Outcome(error_code=4001)
NO_RCS = Outcome(error_code=4754)
EXPIRED = Outcome(error_code=4360)
FROM_NOT_ON_ACCOUNT = Outcome(error_code=4407)
WRONG_APPLICATION = Outcome(error_code=4452)
REJECTED_BY_CARRIER = 4750


@dataclass
class Message(SentMessage):
    """A message that /v2 accepted. `expiration` is the RFC 3339 text of the request.

    Only a message of several channels has the `channel` that it was sent by. `content` is what RCS sent.
    """

    api: ClassVar[Api] = "v2"
    priority: str | None = None
    expiration: str | None = None
    channel: str | None = None
    content: dict[str, Any] | None = None

    def published(self) -> dict[str, Any]:
        """Return the message as in responses and events, without absent fields."""
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
            "channel": self.channel,
        }
        return {name: value for name, value in published.items() if value is not None}


@dataclass(frozen=True)
class DeliveryPlan:
    """The delivery of a message to one recipient.

    `history` lists the event types in order, one millisecond apart from `due` on, sent or not.
    """

    outcome: Outcome
    due: datetime
    history: Sequence[str]

    def steps(self) -> list[Step]:
        """Return the states that the message search reports."""
        steps = []
        for position, each in enumerate(self.history):
            failed = each == "message-failed"
            code = (self.outcome.error_code or REJECTED_BY_CARRIER) if failed else None
            status = failure_status(code) if code else STATUSES[each]
            steps.append(Step(self.due + timedelta(milliseconds=position), status, code))
        return steps


class Messages:
    """The V2 messages of the account. The orders know the location of each number."""

    def __init__(
        self,
        account: Account,
        orders: OrderBook,
        registrations: Registrations,
        courier: Courier,
        outcomes: Outcomes,
        sent: SentMessages,
        log: MessageLog,
        events: Events,
        rcs: Rcs,
    ) -> None:
        self._rcs = rcs
        self._account = account
        self._orders = orders
        self._registrations = registrations
        self._courier = courier
        self._outcomes = outcomes
        self._sent = sent
        self._log = log
        self._events = events

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
        queue_seconds: float = 0.0,
    ) -> Message:
        """Accept a message with valid fields. Its events report whether it was sent.

        `queue_seconds` is the time that the message waits in the account's queue.
        """
        now = datetime.now(UTC)
        message = Message(
            id=new_id(),
            from_=from_,
            to=list(to),
            text=text,
            tag=tag,
            application_id=application_id,
            media=list(media),
            segment_count=segment_count(text) if not media and len(to) == 1 else 1,
            time=timestamp(now),
            priority=priority,
            expiration=expiration,
        )
        self._submit(message, now, now + timedelta(seconds=queue_seconds))
        return message

    def send_multi_channel(self, request: MultiChannelRequest, queue_seconds: float) -> Message:
        """Accept a message of several channels, and send it by the first that reaches the recipient.

        All channels have the same message id. RCS is passed over if the handset lacks it or the outcome is a
        failure, with an event if control asks for it.
        """
        now = datetime.now(UTC)
        message_id, handset = new_id(), self._rcs.handset(request.to)
        by_rcs = handset.rcs and not self._outcomes.will_fail(request.to)
        built = [self._build_channel(message_id, request, channel, now) for channel in request.channelList]
        for message in built:
            if message.channel == "RBM":
                self._rcs.use(message.from_, message.application_id)
        reaching = next((each for each in built if each.channel != "RBM" or by_rcs), built[-1])
        passed_over = built[: built.index(reaching)]
        leaves = now + timedelta(seconds=queue_seconds)
        if handset.report_failure:
            for message in passed_over:
                self._report_no_rcs(message, now, leaves)
        self._submit(reaching, now, leaves, NO_RCS if reaching.channel == "RBM" and not handset.rcs else None)
        return reaching

    def _build_channel(
        self, message_id: str, request: MultiChannelRequest, channel: AnyChannel, now: datetime
    ) -> Message:
        text = getattr(channel.content, "text", "")
        files = channel.content.media if isinstance(channel, MmsChannel) else []
        return Message(
            id=message_id,
            from_=channel.from_,
            to=[request.to],
            text=text,
            tag=request.tag,
            application_id=channel.applicationId,
            media=[file.fileUrl for file in files],
            segment_count=segment_count(text) if channel.channel == "SMS" else 1,
            time=timestamp(now),
            priority=request.priority,
            expiration=request.expiration.isoformat() if request.expiration else None,
            channel=channel.channel,
            content=channel.content.model_dump(exclude_none=True) if channel.channel == "RBM" else None,
        )

    def _report_no_rcs(self, message: Message, now: datetime, due: datetime) -> None:
        application = self._find_application(message.application_id)
        if application:
            plan = DeliveryPlan(NO_RCS, due, ["message-failed"])
            self._send_events(message, message.to[0], application, plan, now)

    def _submit(
        self, message: Message, now: datetime, leaves: datetime, failure: Outcome | None = None
    ) -> None:
        """Send a message to its recipients, and their events. A `failure` is known before the carriers."""
        with self._account.lock:
            self._sent.add(message)
            application, wrong = self._check_sender(message)
            failure = wrong or failure
            for recipient in message.to:
                plan = (
                    self._plan_delivery(message, recipient, failure, leaves)
                    if application or failure
                    else None
                )
                self._log_message(message, recipient, now, plan)
                if application and plan:
                    self._send_events(message, recipient, application, plan, now)

    def read(self, message_id: str, to: str | None, options: DeliveryOptions) -> dict[str, str]:
        """Send a message-read event of a recipient (default: the first). Raises RejectedError (404)."""
        found = [each for each in self.sent() if each.id == message_id and to in (None, *each.to)]
        if not found or not isinstance(message := found[0], Message):
            words = f"Message {message_id} to that number does not exist. See GET /_simulator/messages."
            raise RejectedError(404, None, words)
        application = self._account.application(message.application_id)
        now = datetime.now(UTC)
        body = message.published() | {"text": "", "channel": "RBM"}
        event = self._events.event("message-read", now, to or message.to[0], body)
        event["eventTime"] = self._events.time(now)
        read = callback(application, event)
        if read is None:
            words = f"Application {application.id} has no URL for events of outgoing messages."
            raise RejectedError(404, None, words)
        self._courier.deliver(read, options)
        return {"id": message_id, "callback_url": redact_credentials(read.endpoints[0].url)}

    def _check_sender(self, message: Message) -> tuple[Application | None, Outcome | None]:
        """Return the application that gets the events, and the failure. None means that no event is sent."""
        named = self._find_application(message.application_id)
        if message.channel == "RBM" or sender_id(message.from_):
            return self._record_failure(message, named, SERVICE_NOT_ALLOWED if message.is_mms else None)
        location = self._orders.find_location(message.from_)
        if location is None:
            return self._record_failure(message, named, FROM_NOT_ON_ACCOUNT)
        if location.application_id is None:
            message.state, message.reason = "swallowed", f"location {location.id} has no application"
            return None, None
        if message.application_id != location.application_id:
            own = self._find_application(location.application_id)
            return self._record_failure(message, named or own, WRONG_APPLICATION)
        number = self._account.number(message.from_)
        allowed = location.mms_proxy_peer_id if message.is_mms else location.sms
        if not allowed or number is None or not number.options.sms:
            return self._record_failure(message, named, SERVICE_NOT_ALLOWED)
        unregistered = self._registrations.failure(message.from_)
        return self._record_failure(
            message, named, Outcome(error_code=unregistered) if unregistered else None
        )

    def _record_failure(
        self, message: Message, application: Application | None, failure: Outcome | None
    ) -> tuple[Application | None, Outcome | None]:
        if application is None:
            message.state, message.reason = "swallowed", "no application for the events"
        elif failure:
            message.reason = _describe(failure)
        return application, failure

    def _find_application(self, application_id: str) -> Application | None:
        try:
            return self._account.application(application_id)
        except RejectedError:
            return None

    def _plan_delivery(
        self, message: Message, recipient: str, failure: Outcome | None, leaves: datetime
    ) -> DeliveryPlan:
        outcome = failure or self._outcomes.take(recipient)
        due = leaves + timedelta(seconds=self._outcomes.seconds(outcome))
        expiration = moment(message.expiration)
        if expiration is not None and expiration < due:
            outcome, due = EXPIRED, expiration
            message.reason = _describe(EXPIRED)
        return DeliveryPlan(outcome, due, outcome.types or _default_types(message, outcome))

    def _log_message(
        self, message: Message, recipient: str, now: datetime, plan: DeliveryPlan | None
    ) -> None:
        location = self._orders.find_location(message.from_)
        self._log.add(
            LoggedMessage(
                id=message.id,
                account_id=self._account.config.account_id,
                source=message.from_,
                destination=recipient,
                direction="OUTBOUND",
                time=now,
                text=message.text,
                attachments=len(message.media),
                recipients=len(message.to),
                segment_count=message.segment_count,
                carrier=self._events.style.carrier_name,
                is_rcs=message.channel == "RBM",
                location=location.id if location else None,
                steps=[Step(now, "ACCEPTED"), *(plan.steps() if plan else [])],
            )
        )

    def _send_events(
        self, message: Message, recipient: str, application: Application, plan: DeliveryPlan, now: datetime
    ) -> None:
        outcome, due = plan.outcome, plan.due
        types = self._outcomes.types(outcome, _default_types(message, outcome))
        if not types:
            message.reason = f"no events for {recipient}"
            return
        body = message.published() | {"text": ""}
        events = []
        for position, each in enumerate(types):
            event = self._events.event(each, due + timedelta(milliseconds=position), recipient, body)
            if each == "message-failed":
                event["errorCode"] = outcome.error_code or REJECTED_BY_CARRIER
                event["description"] = outcome.description or words(event["errorCode"])
            events.append(event)
        callbacks = [found for event in events if (found := callback(application, event))]
        self._courier.send(callbacks, (due - now).total_seconds())


def _default_types(message: Message, outcome: Outcome) -> list[str]:
    """Return the default types. Only MMS has message-sending (page on message webhooks)."""
    if outcome.error_code:
        return ["message-failed"]
    sending = ["message-sending"] if message.is_mms else []
    return [*sending, "message-sent", "message-delivered"]


def _describe(failure: Outcome) -> str:
    return f"{failure.error_code} {words(failure.error_code or REJECTED_BY_CARRIER)}"
