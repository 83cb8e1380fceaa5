"""Metrics of what events report: final states of messages, failures by class, opt-outs.

publish_events records them. Every change leaves through the streams, so that it counts each outcome once.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from bandwidth_messaging.domain.messages import MessageState
from bandwidth_messaging.domain.opt_outs import OptOutSource

# An operator's import says nothing about how recipients react.
_REACTIONS: Final = frozenset({OptOutSource.TEXT, OptOutSource.CARRIER})


class Measurement(NamedTuple):
    """Values of metrics, and their dimensions beside the service."""

    values: Mapping[str, list[float]]
    dimensions: Mapping[str, str]


class _Event(Protocol):
    @property
    def detail_type(self) -> str:
        """Return the detail type."""

    @property
    def detail(self) -> dict[str, Any]:
        """Return the detail."""


def measure(events: Iterable[_Event]) -> Iterator[Measurement]:
    """Yield the metrics of events: all in one measurement, and one for each class of failures."""
    values, failures = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    for event in events:
        match event.detail_type:
            case "Message Delivered":
                values["DeliverySeconds"].append(_delivery_seconds(event.detail["times"]))
                # The average of all values is the share that failed, and their count the messages that ended.
                values["Failures"].append(0)
            case "Message Failed":
                failures[event.detail.get("errorClass", "none")].append(1)
            case "Message Delivery Unknown":
                values["MessagesDeliveryUnknown"].append(1)
            case "Message Canceled":
                values["MessagesCanceled"].append(1)
            case "Message Received":
                values["MessagesReceived"].append(1)
            case "Opt-Out Recorded" if event.detail["source"] in _REACTIONS:
                values["OptOutsReceived"].append(1)
    if values:
        yield Measurement(values, {})
    for error_class, counts in failures.items():
        yield Measurement({"Failures": counts}, {"errorClass": error_class})


def _delivery_seconds(times: Mapping[str, str]) -> float:
    """Return the seconds from the send to the delivery. Bandwidth's clock may be behind ours."""
    delivered = times[MessageState.DELIVERED]
    sent = times.get(MessageState.SENDING, delivered)
    return max(0.0, (datetime.fromisoformat(delivered) - datetime.fromisoformat(sent)).total_seconds())
