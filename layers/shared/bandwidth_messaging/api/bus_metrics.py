"""Metrics of what events report: final states of messages, failures by class, opt-outs.

publish_events records them. Every change leaves through the streams, so that it counts each outcome once.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from bandwidth_messaging.domain.messages import MessageState
from bandwidth_messaging.domain.opt_outs import OptOutSource

if TYPE_CHECKING:
    from bandwidth_messaging.api.views import View

# An operator's import says nothing about how recipients react.
_REACTIONS: Final = frozenset({OptOutSource.TEXT, OptOutSource.CARRIER})


class Measurement(NamedTuple):
    """Values of metrics, and their dimensions beside the service."""

    values: Mapping[str, list[float]]
    dimensions: Mapping[str, str]


def measure(events: "Iterable[tuple[str, View]]") -> Iterator[Measurement]:
    """Yield the metrics of events: all in one measurement, and one for each class of failures.

    `events` are the detail types with the items as the events show them.
    """
    values, failures = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    for detail_type, item in events:
        match detail_type:
            case "Message Delivered":
                values["DeliverySeconds"].append(_delivery_seconds(item["times"]))
                # The average of all values is the share that failed, and their count the messages that ended.
                values["Failures"].append(0)
            case "Message Failed":
                failures[item.get("errorClass", "none")].append(1)
            case "Message Delivery Unknown":
                values["MessagesDeliveryUnknown"].append(1)
            case "Message Canceled":
                values["MessagesCanceled"].append(1)
            case "Message Received":
                values["MessagesReceived"].append(1)
            case "Opt-Out Recorded" if item["source"] in _REACTIONS:
                values["OptOutsReceived"].append(1)
    if values:
        yield Measurement(values, {})
    for error_class, counts in failures.items():
        yield Measurement({"Failures": counts}, {"errorClass": error_class})


def _delivery_seconds(times: Mapping[str, str]) -> float:
    """Return the seconds from the send to the delivery. Bandwidth's clock may be behind the stack's."""
    delivered = times[MessageState.DELIVERED]
    sent = times.get(MessageState.SENDING, delivered)
    return max(0.0, (datetime.fromisoformat(delivered) - datetime.fromisoformat(sent)).total_seconds())
