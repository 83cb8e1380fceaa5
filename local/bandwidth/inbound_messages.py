"""V2 messages from handsets to numbers of the account, and the one event that tells of each."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from local.bandwidth.account import Account, Application, Location, RefusedError
from local.bandwidth.callbacks import Courier, Manner
from local.bandwidth.media import InboundFile, MediaStore
from local.bandwidth.message_events import callback, event, new_id
from local.bandwidth.message_log import LoggedMessage, MessageLog, Step
from local.bandwidth.orders import OrderBook
from local.bandwidth.segments import segment_count
from local.bandwidth.timestamps import timestamp
from local.bandwidth.url import redact_credentials


class InboundMessages:
    """Needs the orders to know whose number is whose."""

    def __init__(
        self, account: Account, orders: OrderBook, courier: Courier, media: MediaStore, log: MessageLog
    ) -> None:
        self._account = account
        self._orders = orders
        self._courier = courier
        self._media = media
        self._log = log

    def receive(
        self,
        from_: str,
        to: str,
        text: str,
        media: Sequence[str | InboundFile],
        others: Sequence[str],
        base_url: str,
        manner: Manner,
    ) -> dict[str, str]:
        """A message from a handset to one of the account's numbers: its id and where its event goes.

        Files are served at `base_url`. Raises RefusedError (404) if the number is not on the account.
        """
        location = self._location(to)
        message_id, now = new_id(), datetime.now(UTC)
        folder = f"{base_url}/messaging/api/v2/users/{self._account.config.account_id}/media/"
        content: dict[str, Any] = {"text": text}
        if media:
            content["media"] = self._media.take_in(media, folder, f"{message_id}/")
        self._log.add(
            LoggedMessage(
                id=message_id,
                account_id=self._account.config.account_id,
                source=from_,
                destination=to,
                direction="INBOUND",
                time=now,
                text=text,
                attachments=len(media),
                recipients=1 + len(others),
                segment_count=_segments(text, media, others),
                location=location.id,
                steps=(Step(now, "RECEIVED"),),
            )
        )
        application = self._application(location)
        if application is None:
            return {"id": message_id, "swallowed": f"location {location.id} has no application"}
        told = {**_message(message_id, now, from_, [to, *others], application), **content}
        told["segmentCount"] = _segments(text, media, others)
        return self._tell("message-received", now, to, told, application, manner)

    def respond(
        self, type_: str, from_: str, to: str, content: dict[str, Any], manner: Manner
    ) -> dict[str, str]:
        """What a handset answers to a rich message (RBM): `content` are the message's members that only such
        an answer has. Raises RefusedError (404) if the number is not on the account."""
        location = self._location(to)
        message_id, now = new_id(), datetime.now(UTC)
        application = self._application(location)
        if application is None:
            return {"id": message_id, "swallowed": f"location {location.id} has no application"}
        message = _message(message_id, now, from_, [to], application) | {"channel": "RBM"} | content
        return self._tell(type_, now, to, message, application, manner)

    def _location(self, number: str) -> Location:
        if location := self._orders.location_of(number):
            return location
        raise RefusedError(404, None, f"{number} is not a number of this account.")

    def _application(self, location: Location) -> Application | None:
        if location.application_id is None:
            return None
        return self._account.application(location.application_id)

    def _tell(
        self,
        type_: str,
        time: datetime,
        to: str,
        message: dict[str, Any],
        application: Application,
        manner: Manner,
    ) -> dict[str, str]:
        self._courier.deliver(callback(application, event(type_, time, to, message)), manner)
        return {"id": message["id"], "callback_url": redact_credentials(application.callback_url)}


def _message(
    message_id: str, time: datetime, from_: str, to: list[str], application: Application
) -> dict[str, Any]:
    return {
        "id": message_id,
        "owner": to[0],
        "applicationId": application.id,
        "time": timestamp(time),
        "segmentCount": 1,
        "direction": "in",
        "to": to,
        "from": from_,
    }


def _segments(text: str, media: Sequence[object], others: Sequence[str]) -> int:
    return segment_count(text) if not media and not others else 1
