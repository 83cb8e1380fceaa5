"""V2 messages from handsets to numbers of the account. Each has one event."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from simulator.account.account import Account, Location
from simulator.account.orders import OrderBook
from simulator.callbacks import Courier, DeliveryOptions
from simulator.messaging.events import Events, callback, new_id
from simulator.messaging.media import InboundFile, MediaStore
from simulator.messaging.message_log import LoggedMessage, MessageLog, Step
from simulator.messaging.rcs import Rcs
from simulator.messaging.segments import segment_count
from simulator.rejections import RejectedError
from simulator.telephone_numbers import agent_id
from simulator.timestamps import timestamp
from simulator.urls import redact_credentials


class InboundMessages:
    """Inbound messages of the account. The orders know the location of each number."""

    def __init__(
        self,
        account: Account,
        orders: OrderBook,
        courier: Courier,
        media: MediaStore,
        log: MessageLog,
        events: Events,
        rcs: Rcs,
    ) -> None:
        self._rcs = rcs
        self._account = account
        self._orders = orders
        self._courier = courier
        self._media = media
        self._log = log
        self._events = events

    def receive(
        self,
        from_: str,
        to: str,
        text: str,
        media: Sequence[str | InboundFile],
        others: Sequence[str],
        base_url: str,
        options: DeliveryOptions,
    ) -> dict[str, Any]:
        """Receive a message from a handset, and return its id and the callback URL of its event.

        Each of the `others` that is a number of the account gets its own message and event. The simulator
        serves files at `base_url`. Raises RejectedError (404) if `to` is not on the account.
        """
        recipients = list(dict.fromkeys([to, *others]))
        result: dict[str, Any] = {}
        for each in recipients:
            location = self._require_location(each) if each == to else self._orders.find_location(each)
            if location is None:
                continue
            one = self._receive(from_, each, recipients, text, media, location, base_url, options)
            if each == to:
                result = one
            else:
                result.setdefault("others", []).append(one)
        return result

    def respond(
        self, type_: str, from_: str, to: str, content: dict[str, Any], options: DeliveryOptions
    ) -> dict[str, Any]:
        """Send the response of a handset to a rich message (RBM), or a text to an agent (message-received).

        `content` has its additional members. Raises RejectedError (404) if `to` is neither a number of the
        account nor an agent that has sent a message.
        """
        message_id, now = new_id(), datetime.now(UTC)
        content = {"segmentCount": 1, "channel": "RBM", **content}
        is_agent = agent_id(to) is not None
        application_id = self._require_agent(to) if is_agent else self._require_location(to).application_id
        return self._send_event(type_, now, message_id, from_, to, [to], content, application_id, options)

    def _receive(
        self,
        from_: str,
        own: str,
        to: list[str],
        text: str,
        media: Sequence[str | InboundFile],
        location: Location,
        base_url: str,
        options: DeliveryOptions,
    ) -> dict[str, Any]:
        message_id, now = new_id(), datetime.now(UTC)
        folder = f"{base_url}/messaging/api/v2/users/{self._account.config.account_id}/media/"
        segments = segment_count(text) if not media and len(to) == 1 else 1
        content: dict[str, Any] = {"segmentCount": segments, "text": text}
        if media:
            content["media"] = self._media.store_inbound(media, folder, f"{message_id}/")
        self._log.add(
            LoggedMessage(
                id=message_id,
                account_id=self._account.config.account_id,
                source=from_,
                destination=own,
                direction="INBOUND",
                time=now,
                text=text,
                attachments=len(media),
                recipients=len(to),
                segment_count=segments,
                location=location.id,
                carrier=self._events.style.carrier_name,
                steps=(Step(now, "RECEIVED"),),
            )
        )
        return self._send_event(
            "message-received", now, message_id, from_, own, to, content, location.application_id, options
        )

    def _require_location(self, number: str) -> Location:
        if location := self._orders.find_location(number):
            return location
        raise RejectedError(404, None, f"{number} is not a number of this account.")

    def _require_agent(self, agent: str) -> str:
        if application_id := self._rcs.application_id(agent):
            return application_id
        raise RejectedError(404, None, f"{agent} is not an agent that has sent a message.")

    def _send_event(
        self,
        type_: str,
        time: datetime,
        message_id: str,
        from_: str,
        own: str,
        to: list[str],
        content: dict[str, Any],
        application_id: str | None,
        options: DeliveryOptions,
    ) -> dict[str, Any]:
        if application_id is None:
            return {"id": message_id, "swallowed": "the location of the number has no application"}
        application = self._account.application(application_id)
        message = {
            "id": message_id,
            "owner": own,
            "applicationId": application.id,
            "time": timestamp(time),
            "direction": "in",
            "to": to,
            "from": from_,
            **content,
        }
        received = callback(application, self._events.event(type_, time, own, message))
        if received is None:
            return {"id": message_id, "swallowed": f"application {application.id} has no inbound URL"}
        self._courier.deliver(received, options)
        return {"id": message_id, "callback_url": redact_credentials(received.endpoints[0].url)}
