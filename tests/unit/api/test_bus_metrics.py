"""Metrics of events: outcomes of messages, failures by class, and reactions of recipients."""

import pytest

from bandwidth_messaging.api.bus_metrics import Measurement, measure

SENT, DELIVERED = "2026-02-03T04:05:06.000Z", "2026-02-03T04:05:08.500Z"


def delivered(**times: str) -> tuple[str, dict[str, dict[str, str]]]:
    return "Message Delivered", {"times": times}


def test_a_delivered_message_has_its_time_since_the_send_and_counts_as_not_failed() -> None:
    (found,) = measure([delivered(accepted=SENT, sending=SENT, delivered=DELIVERED)])

    assert found == Measurement({"DeliverySeconds": [2.5], "Failures": [0]}, {})


@pytest.mark.parametrize("times", [{"sending": DELIVERED, "delivered": SENT}, {"delivered": DELIVERED}])
def test_a_delivery_without_a_known_duration_takes_no_time(times: dict[str, str]) -> None:
    (found,) = measure([delivered(**times)])

    assert found.values["DeliverySeconds"] == [0]


def test_failures_are_measured_by_their_class() -> None:
    classes = ["spam", "sender", "spam"]

    found = list(measure([("Message Failed", {"errorClass": each}) for each in classes]))

    assert found == [
        Measurement({"Failures": [1, 1]}, {"errorClass": "spam"}),
        Measurement({"Failures": [1]}, {"errorClass": "sender"}),
    ]


@pytest.mark.parametrize(
    ("source", "counts"), [("text", True), ("carrier", True), ("manual", False), ("import", False)]
)
def test_only_opt_outs_of_recipients_count(source: str, counts: bool) -> None:
    assert bool(list(measure([("Opt-Out Recorded", {"source": source})]))) is counts


@pytest.mark.parametrize("detail_type", ["Message Sent", "Number Activated", "Order Failed", "Opt-Out Ended"])
def test_other_events_have_no_metric(detail_type: str) -> None:
    assert list(measure([(detail_type, {})])) == []
