"""The log of V2 messages for the search: metadata and states, without text and tag."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from simulator.account.number_supply import TOLL_FREE
from simulator.timestamps import timestamp

Status = Literal["RECEIVED", "QUEUED", "SENDING", "SENT", "FAILED", "DELIVERED", "ACCEPTED", "UNDELIVERED"]
STATUSES: dict[str, Status] = {
    "message-sending": "SENDING",
    "message-sent": "SENT",
    "message-delivered": "DELIVERED",
    "message-failed": "FAILED",
}


@dataclass(frozen=True)
class Step:
    """A state, its time, and the error code of a failure."""

    at: datetime
    status: Status
    error_code: int | None = None


@dataclass(frozen=True)
class LoggedMessage:
    """A message, or one recipient's part of a group message. Numbers are in E.164.

    `location` is the location id of the account's number; None if the number is not on the account. `carrier`
    is a name if the account has this feature.
    """

    id: str
    account_id: str
    source: str
    destination: str
    direction: Literal["INBOUND", "OUTBOUND"]
    time: datetime
    text: str
    attachments: int
    recipients: int
    segment_count: int
    location: str | None
    carrier: str | None
    steps: Sequence[Step]
    is_rcs: bool = False

    def item(self, now: datetime) -> dict[str, Any]:
        """Return the item of the search at this time."""
        step = max((each for each in self.steps if each.at <= now), key=lambda each: each.at)
        own = self.destination if self.direction == "INBOUND" else self.source
        is_mms = bool(self.attachments) or self.recipients > 1
        item = {
            "messageId": self.id,
            "accountId": self.account_id,
            "sourceTn": self.source,
            "destinationTn": self.destination,
            "messageStatus": step.status,
            "messageDirection": self.direction,
            "messageType": "rcs" if self.is_rcs else "mms" if is_mms else "sms",
            "segmentCount": self.segment_count,
            "errorCode": step.error_code,
            "receiveTime": timestamp(self.time),
            "carrierName": None if is_mms else self.carrier,
            "messageSize": len(self.text.encode(errors="replace")),
            "messageLength": len(self.text),
            "attachmentCount": self.attachments,
            "recipientCount": self.recipients,
            "callingNumberCountryA3": _country(self.source),
            "calledNumberCountryA3": _country(self.destination),
            "product": "TOLL_FREE" if own.startswith("+1") and own[2:5] in TOLL_FREE else "LOCAL_A2P",
            "location": self.location,
        }
        return {name: value for name, value in item.items() if value is not None}


class MessageLog:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._messages: list[LoggedMessage] = []

    def reset(self) -> None:
        with self._lock:
            self._messages.clear()

    def add(self, message: LoggedMessage) -> None:
        with self._lock:
            self._messages.append(message)

    def items(self, now: datetime) -> list[dict[str, Any]]:
        """Return the items of all messages at this time, in order of arrival."""
        with self._lock:
            return [each.item(now) for each in self._messages]


def _country(number: str) -> str | None:
    """Return the country code of a number. The simulator treats every +1 number as USA."""
    return "USA" if number.startswith("+1") else None


def failure_status(error_code: int) -> Status:
    """Return FAILED for failures at Bandwidth and UNDELIVERED for failures at the carrier.

    The second digit of the code distinguishes them (page on messaging errors).
    """
    return "UNDELIVERED" if error_code // 100 % 10 in (6, 7, 9) else "FAILED"
