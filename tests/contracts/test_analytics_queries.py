"""The saved queries over exported events: DuckDB runs what Athena would."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bandwidth_messaging.api.views import message_view
from bandwidth_messaging.services.usage_counting import find_use
from bandwidth_messaging.services.usage_report import Prices
from tests import athena
from tests.bus import bus_event
from tests.template import ROOT, template

NOW = datetime.now(UTC).replace(microsecond=0)
TWO_DAYS_AGO = NOW - timedelta(days=2)
SENDER = "+19195551212"
PAGE = (ROOT / "docs" / "analysis.md").read_text()


class Lake:
    """The bucket of the exported events."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, detail_type: str, detail: dict[str, Any], at: datetime = TWO_DAYS_AGO) -> None:
        event = bus_event(detail_type, detail) | {"time": at.strftime("%Y-%m-%dT%H:%M:%SZ")}
        athena.export([event], at.date(), self.folder)

    def run(self, query: str) -> list[dict[str, Any]]:
        return athena.run(f"Analytics{query}", self.folder)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def iso(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def message(message_id: str, state: str, *, version: int = 4, **fields: Any) -> dict[str, Any]:
    """Return the detail of an outbound message to one recipient, in a state since two days."""
    to = fields.get("to", ["+19195551234"])
    outcome = {name: fields[name] for name in ("errorCode", "errorClass") if name in fields}
    return {
        "eventId": f"{message_id}-{version}",
        "version": version,
        "messageId": message_id,
        "direction": "out",
        "from": SENDER,
        "to": to,
        "owner": SENDER,
        "segmentCount": 1,
        "state": state,
        "times": {state: iso(TWO_DAYS_AGO)},
        "recipients": {recipient: {"state": state, **outcome} for recipient in to},
    } | fields


def opt_out(number: int, source: str) -> dict[str, Any]:
    return {
        "eventId": f"opt-out-{number}",
        "version": 1,
        "owner": SENDER,
        "number": f"+1919555{number:04}",
        "since": iso(TWO_DAYS_AGO),
        "keyword": "stop",
        "source": source,
    }


# Deliverability


def test_deliverability_counts_final_outcomes_by_carrier_and_class(lake: Lake) -> None:
    for number in range(3):
        lake.add("Message Delivered", message(f"out_{number}", "delivered", carrierName="AT&T"))
    lake.add(
        "Message Failed", message("out_3", "failed", carrierName="AT&T", errorClass="spam", errorCode=4770)
    )
    lake.add("Message Sent", message("out_4", "sent", carrierName="AT&T"))

    assert lake.run("Deliverability") == [
        {
            "carrier": "AT&T",
            "state": "delivered",
            "error_class": None,
            "recipients": 3,
            "percent_of_carrier": 75.0,
        },
        {
            "carrier": "AT&T",
            "state": "failed",
            "error_class": "spam",
            "recipients": 1,
            "percent_of_carrier": 25.0,
        },
    ]


def test_deliverability_counts_each_recipient_of_a_group_with_its_own_carrier(lake: Lake) -> None:
    recipients = {
        "+19195550001": {"state": "delivered", "carrierName": "Verizon"},
        "+19195550002": {"state": "failed", "errorClass": "recipient"},
    }
    lake.add("Message Failed", message("out_1", "failed", to=[*recipients], recipients=recipients))

    rows = lake.run("Deliverability")

    assert [(row["carrier"], row["state"], row["recipients"]) for row in rows] == [
        ("Verizon", "delivered", 1),
        ("unknown", "failed", 1),
    ]


def test_a_repeated_or_late_event_of_a_message_changes_nothing(lake: Lake) -> None:
    delivered = message("out_1", "delivered", version=5)
    lake.add("Message Delivered", delivered)
    lake.add("Message Delivered", delivered)
    lake.add("Message Failed", message("out_1", "failed", version=3), at=TWO_DAYS_AGO + timedelta(days=1))

    rows = lake.run("Deliverability")

    assert [(row["state"], row["recipients"]) for row in rows] == [("delivered", 1)]


def test_inbound_messages_and_events_of_other_items_are_not_counted(lake: Lake) -> None:
    received = message("in_1", "received", direction="in", channel="MMS")
    del received["recipients"]
    lake.add("Message Received", received)
    # A number's code is text, a message's is a number.
    number = {"eventId": "n", "version": 1, "number": SENDER, "state": "failed", "times": {}, "api": "v2"}
    lake.add("Number Failed", number | {"errorCode": "MESSAGING_LOST"})

    assert [row for name in athena.QUERIES for row in athena.run(name, lake.folder)] == []


def test_a_text_in_the_files_is_in_no_column(lake: Lake) -> None:
    # As with EventsIncludeText.
    content: dict[str, Any] = {"text": "your code is 4711", "media": ["https://example.com/4711.png"]}
    lake.add("Message Sent", message("out_1", "sent", **content))

    (row,) = athena.run_sql("SELECT * FROM events", lake.folder)

    assert row["detail"]["messageid"] == "out_1"
    assert "4711" not in str(row)


# Time to delivery


def test_time_to_delivery_is_from_the_send_to_the_receipt(lake: Lake) -> None:
    for number in range(100):
        delivered = TWO_DAYS_AGO + timedelta(seconds=30 if number >= 90 else 2)
        times = {
            "accepted": iso(NOW - timedelta(days=3)),
            "sending": iso(TWO_DAYS_AGO),
            "delivered": iso(delivered),
        }
        lake.add("Message Delivered", message(f"out_{number}", "delivered", times=times))

    (row,) = lake.run("TimeToDelivery")

    assert row == {
        "delivered_on": str(TWO_DAYS_AGO.date()),
        "messages": 100,
        "p50_seconds": 2,
        "p95_seconds": 30,
    }


def test_a_delivery_before_the_send_took_no_time(lake: Lake) -> None:
    # Bandwidth's clock may be behind.
    times = {"sending": iso(TWO_DAYS_AGO), "delivered": iso(TWO_DAYS_AGO - timedelta(seconds=1))}
    lake.add("Message Delivered", message("out_1", "delivered", times=times))

    (row,) = lake.run("TimeToDelivery")

    assert (row["messages"], row["p50_seconds"]) == (1, 0)


# Opt-out rate


def test_the_opt_out_rate_counts_reactions_of_recipients_once(lake: Lake) -> None:
    for number in range(50):
        state = "delivered" if number else "failed"
        lake.add(f"Message {state.title()}", message(f"out_{number}", state))
    for number, source in enumerate(["text", "carrier", "manual", "import"]):
        lake.add("Opt-Out Recorded", opt_out(number, source))
    lake.add("Opt-Out Recorded", opt_out(0, "text"))

    assert lake.run("OptOutRate") == [
        {"day": str(TWO_DAYS_AGO.date()), "messages": 50, "opt_outs": 2, "percent": 4.0}
    ]


def test_a_day_with_opt_outs_and_no_messages_has_no_rate(lake: Lake) -> None:
    lake.add("Opt-Out Recorded", opt_out(0, "text"))

    (row,) = lake.run("OptOutRate")

    assert (row["messages"], row["opt_outs"], row["percent"]) == (0, 1, None)


# Spend by tag

SENT: list[dict[str, Any]] = [
    {"segmentCount": 3},
    {"segmentCount": 3, "bandwidthSegmentCount": 2},
    {"media": ["https://example.com/a.png"]},
    {"to": ["+19195550001", "+19195550002"]},
    {"channel": "MMS"},
    {"channel": "SMS", "segmentCount": 1},
    # Bandwidth has not accepted it.
    {"bandwidthId": None},
]


def test_spend_counts_what_the_usage_report_counts(lake: Lake) -> None:
    counts: Counter[str] = Counter()
    for number, fields in enumerate(SENT):
        item = {
            "messageId": f"out_{number}",
            "direction": "out",
            "state": "sent",
            "owner": SENDER,
            "from": SENDER,
            "to": ["+19195551234"],
            "segmentCount": 1,
            "bandwidthId": f"b-{number}",
            "sortKey": iso(TWO_DAYS_AGO),
            "sentAt": iso(TWO_DAYS_AGO),
            **fields,
        }
        view = message_view({name: value for name, value in item.items() if value is not None})
        media = {"mediaCount": len(view.pop("media"))} if "media" in view else {}
        lake.add("Message Sent", {"eventId": f"e-{number}", "version": 1, **view, **media})
        use = find_use(item, {})
        counts += use.counts if use else Counter()

    (row,) = lake.run("SpendByTag")

    assert (row["sent"], row["segments"], row["mms"]) == (
        counts["sentMessages"],
        counts["sentSegments"],
        counts["sentMms"],
    )
    price = {
        name: Decimal(template()["Parameters"][name]["Default"]) for name in ("SegmentPrice", "MmsPrice")
    }
    estimate = Prices(price["SegmentPrice"], price["MmsPrice"]).estimate(counts)
    assert abs(row["estimated_dollars"] - estimate) <= Decimal("0.005")


def test_spend_is_by_tag_and_the_most_expensive_tag_is_first(lake: Lake) -> None:
    for number, tag in enumerate(["receipts", "offers", "offers"]):
        lake.add("Message Sent", message(f"out_{number}", "sent", tag=tag, bandwidthId=f"b-{number}"))

    assert [(row["tag"], row["sent"]) for row in lake.run("SpendByTag")] == [("offers", 2), ("receipts", 1)]


def test_each_attempt_that_bandwidth_accepted_is_paid(lake: Lake) -> None:
    attempt = {"bandwidthId": "b-1", "failedAt": iso(TWO_DAYS_AGO)}
    lake.add("Message Sent", message("out_1", "sent", attempts=[attempt], bandwidthId="b-2", segmentCount=2))
    lake.add("Message Updated", message("out_2", "accepted", attempts=[attempt]))

    (row,) = lake.run("SpendByTag")

    assert (row["sent"], row["segments"]) == (3, 5)


# Stuck messages


@pytest.mark.parametrize("state", ["accepted", "sending", "send_unconfirmed", "sent"])
def test_a_message_without_a_final_state_for_a_day_is_stuck(lake: Lake, state: str) -> None:
    lake.add("Message Updated", message("out_1", state, tag="offers"))

    (row,) = lake.run("StuckMessages")

    assert (row["message_id"], row["state"], row["tag"]) == ("out_1", state, "offers")
    assert row["changed_at"] == TWO_DAYS_AGO.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("state", ["delivered", "failed", "canceled", "delivery_unknown"])
def test_a_message_in_a_final_state_is_not_stuck(lake: Lake, state: str) -> None:
    lake.add("Message Updated", message("out_1", state))

    assert lake.run("StuckMessages") == []


def test_a_message_that_changed_today_is_not_stuck(lake: Lake) -> None:
    lake.add("Message Accepted", message("out_1", "accepted", version=1))
    lake.add("Message Sent", message("out_1", "sent"), at=NOW - timedelta(hours=1))

    assert lake.run("StuckMessages") == []


def test_a_message_that_is_scheduled_for_later_is_not_stuck(lake: Lake) -> None:
    accepted = NOW - timedelta(days=34)
    lake.add(
        "Message Accepted", message("out_1", "accepted", sendAt=iso(NOW + timedelta(days=1))), at=accepted
    )

    assert lake.run("StuckMessages") == []


def test_a_scheduled_message_that_missed_its_time_is_stuck(lake: Lake) -> None:
    accepted = NOW - timedelta(days=34)
    lake.add("Message Accepted", message("out_1", "accepted", sendAt=iso(TWO_DAYS_AGO)), at=accepted)

    assert [row["message_id"] for row in lake.run("StuckMessages")] == ["out_1"]


# The window


@pytest.mark.parametrize(
    ("query", "column"),
    [
        ("Deliverability", "recipients"),
        ("TimeToDelivery", "messages"),
        ("OptOutRate", "messages"),
        ("SpendByTag", "sent"),
    ],
)
def test_a_query_ignores_what_is_older_than_thirty_days(lake: Lake, query: str, column: str) -> None:
    inside, outside = (NOW - timedelta(days=days) for days in (29, 32))
    for number, at in enumerate([inside, outside]):
        times = {"sending": iso(at), "delivered": iso(at)}
        delivered = message(f"out_{number}", "delivered", times=times, bandwidthId=f"b-{number}")
        lake.add("Message Delivered", delivered, at=at)

    (row,) = lake.run(query)

    assert row[column] == 1


# The page


def test_the_page_lists_the_saved_queries() -> None:
    assert re.findall(r"^\| \*([^*]+)\* \|", PAGE, re.MULTILINE) == [
        each["Name"] for each in athena.QUERIES.values()
    ]


def test_the_query_of_the_page_runs(lake: Lake) -> None:
    lake.add("Message Sent", message("out_1", "sent", version=3))
    lake.add("Message Delivered", message("out_1", "delivered", version=4))
    (sql,) = re.findall(r"^ +```\n( +SELECT .+?)^ +```$", PAGE, re.DOTALL | re.MULTILINE)

    assert athena.run_sql(sql, lake.folder) == [{"state": "delivered", "messages": 1}]


def test_the_page_describes_the_columns_of_the_table() -> None:
    columns = re.findall(r"^\| `(\w+)` \|", PAGE.partition("## Write a query")[2], re.MULTILINE)

    assert columns == ["day", *athena.columns()]
