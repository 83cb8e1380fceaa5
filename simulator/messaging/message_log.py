"""The log of V2 messages that the search reads: metadata and states, neither text nor tag."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from simulator.timestamps import timestamp

Status = Literal["RECEIVED", "QUEUED", "SENDING", "SENT", "FAILED", "DELIVERED", "ACCEPTED", "UNDELIVERED"]
STATUSES: dict[str, Status] = {
    "message-sending": "SENDING",
    "message-sent": "SENT",
    "message-delivered": "DELIVERED",
    "message-failed": "FAILED",
}
TOLL_FREE = ("800", "833", "844", "855", "866", "877", "888")


@dataclass(frozen=True)
class Step:
    """A state and when it is reached; the code of a failure."""

    at: datetime
    status: Status
    error_code: int | None = None


@dataclass(frozen=True)
class LoggedMessage:
    """A message, or the part of a group message that is one recipient's; numbers in E.164.

    `location` is the id of the own number's location, None if that number is nobody's; `carrier` a name, of
    an account that is told it.
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

    def item(self, now: datetime) -> dict[str, Any]:
        """What the search shows of it at this moment."""
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
            "messageType": "mms" if is_mms else "sms",
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
        """Every message as it is at this moment, in the order they came."""
        with self._lock:
            return [each.item(now) for each in self._messages]


def _country(number: str) -> str | None:
    """The country of a number in letters; of the numbering plan's other countries the simulator has none."""
    return "USA" if number.startswith("+1") else None


def failure_status(error_code: int) -> Status:
    """FAILED by Bandwidth, UNDELIVERED by the carrier, which the code's second digit tells (6 and 7; page on
    messaging errors). That these are the two words for it is inferred: no source says which is which."""
    return "UNDELIVERED" if error_code // 100 % 10 in (6, 7, 9) else "FAILED"
