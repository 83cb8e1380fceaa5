"""Messages are sent at the rates of their lanes: tickets, slots, waiting, and what a throttle changes."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bandwidth_messaging.api import message_routes, rate_routes
from bandwidth_messaging.domain.lanes import (
    SECOND,
    Tickets,
    TrackName,
    tickets_from_items,
    to_interval,
    to_micros,
)
from bandwidth_messaging.domain.send_records import TICKETS, read_tickets, write_tickets
from bandwidth_messaging.domain.times import to_rfc3339
from bandwidth_messaging.runtime import stores, wiring
from bandwidth_messaging.services import lane_rates, message_acceptance, message_delivery
from functions.control import browse
from functions.messages import deliver_message
from tests.functions.conftest import PASSED, Stack, call, call_api, clear_caches, sample
from tests.functions.messages.test_sending import HOME, OWNER, RECIPIENT, at_bandwidth, message, send
from tests.functions.messages.test_sending import ready as ready  # noqa: PLC0414 - a fixture
from tests.generations import only_current

pytestmark = only_current

NUMBER_LANE = f"number:{OWNER}"


@dataclass
class Clock:
    """The time of acceptance, delivery and reading. The worker's sleep moves it."""

    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    slept: list[float] = field(default_factory=list)
    on_sleep: Callable[[], None] = lambda: None

    def now(self) -> str:
        return to_rfc3339(self.time.isoformat())

    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.wait(seconds)
        self.on_sleep()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (message_acceptance, message_delivery, lane_rates, message_routes):
        monkeypatch.setattr(module, "now", clock.now)
    monkeypatch.setattr(wiring, "sleep", clock.sleep)
    return clock


@pytest.fixture
def slow(ready: Stack, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """An account that sends one segment in ten seconds."""
    use(monkeypatch, ACCOUNT_RATE="0.1")
    return ready


def use(monkeypatch: pytest.MonkeyPatch, **parameters: str) -> None:
    for name, value in parameters.items():
        monkeypatch.setenv(name, value)
    clear_caches()


def post(**fields: Any) -> Any:
    status, shown = send(**fields)
    assert status == 202, shown
    return shown


def stored(message_id: str) -> Any:
    return stores.messages().get(message_id)


def queue_of(stack: Stack, *, high: bool = False) -> Any:
    """Return moto's queue, which has records that are delayed too."""
    from moto.backends import get_backend  # noqa: PLC0415

    url = stack.high_send_queue if high else stack.send_queue
    return get_backend("sqs")["123456789012"]["us-east-1"].queues[url.rpartition("/")[2]]


def queued_tickets(stack: Stack) -> Tickets:
    """Return the tickets of the only record in the send queue."""
    (record,) = queue_of(stack)._messages
    return read_tickets(record.message_attributes[TICKETS]["StringValue"])


def records(stack: Stack, *, high: bool = False) -> list[tuple[str, int]]:
    """Take the records of a queue, with their delays in seconds."""
    queue = queue_of(stack, high=high)
    taken = [
        (record.body, round(max(0, record.delayed_until - (record.sent_timestamp or 0)) / 1000))
        for record in queue._messages
    ]
    queue._messages.clear()
    return taken


def work(
    body: str, tickets: Tickets | None = None, *, high: bool = False, receipt_handle: str = "none"
) -> list[Any]:
    """Run the worker with a record. Return its `batchItemFailures`."""
    (record,) = sample("messages/deliver_message")["Records"]
    attributes = record["attributes"] | {"SentTimestamp": str(int(datetime.now(UTC).timestamp() * 1000))}
    queue = "high-send" if high else "send"
    source = f"arn:aws:sqs:us-east-1:123456789012:{queue}"
    given = record | {
        "body": body,
        "attributes": attributes,
        "messageAttributes": {TICKETS: {"stringValue": write_tickets(tickets), "dataType": "String"}}
        if tickets
        else {},
        "eventSourceARN": source,
        "receiptHandle": receipt_handle,
    }
    failures: list[Any] = call(deliver_message, {"Records": [given]})["batchItemFailures"]
    return failures


def seconds_until(clock: Clock, time: str) -> int:
    return round((datetime.fromisoformat(time) - clock.time).total_seconds())


def opt_out(clock: Clock) -> None:
    stores.opt_outs().record(OWNER, RECIPIENT, opted_out=True, keyword="stop", at=clock.now())


class TestAcceptance:
    def test_without_a_rate_a_message_has_no_ticket_and_no_expected_time(self, ready: Stack) -> None:
        shown = post()

        assert {"tickets", "expectedAt", "waiting"} & stored(shown["messageId"]).keys() == set()
        assert records(ready) == [(shown["messageId"], 0)]
        assert stores.lanes().get("account") == {}

    def test_messages_get_slots_in_the_order_of_their_acceptance(self, slow: Stack, clock: Clock) -> None:
        items = [stored(post()["messageId"]) for _ in range(4)]

        assert [seconds_until(clock, item["expectedAt"]) for item in items] == [0, 10, 20, 30]
        assert [item.get("waiting") for item in items] == [None, "rate", "rate", "rate"]
        assert [delay for _, delay in records(slow)] == [0, 9, 19, 29]

    def test_a_message_takes_as_many_slots_as_segments_and_recipients(
        self, slow: Stack, clock: Clock
    ) -> None:
        post(text="a" * 161)
        post(to=[RECIPIENT, "+19195551235", "+19195551236"])
        item = stored(post()["messageId"])

        assert seconds_until(clock, item["expectedAt"]) == 10 * (2 + 3)

    def test_an_idle_lane_saves_no_capacity(self, slow: Stack, clock: Clock) -> None:
        post()
        clock.wait(100)
        items = [stored(post()["messageId"]) for _ in range(2)]

        assert [seconds_until(clock, item["expectedAt"]) for item in items] == [0, 10]

    def test_a_repeated_request_takes_no_second_ticket(self, slow: Stack) -> None:
        post(key="key-1")
        first = post(key="key-2")
        again = post(key="key-2")

        assert again == first
        assert stores.lanes().get("account")["normalIssued"] == 2

    def test_the_rate_of_a_number_set_through_the_api_comes_before_the_account_s(
        self, slow: Stack, clock: Clock
    ) -> None:
        stores.lanes().set_rate(NUMBER_LANE, to_interval(0.05))
        items = [stored(post()["messageId"]) for _ in range(3)]

        assert [seconds_until(clock, item["expectedAt"]) for item in items] == [0, 20, 40]
        assert [list(item["tickets"]) for item in items] == [[NUMBER_LANE]] * 3

    def test_the_rate_of_a_campaign_holds_for_its_numbers_together(
        self, ready: Stack, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use(monkeypatch, CAMPAIGN_RATE="0.5")
        registration: Any = {
            "kind": "10dlc", "state": "registered", "checkedAt": clock.now(), "campaignId": "C1"
        }  # fmt: skip
        stores.numbers().record_registration(OWNER, registration)
        items = [stored(post()["messageId"]) for _ in range(2)]

        assert seconds_until(clock, items[1]["expectedAt"]) == 2
        assert list(items[1]["tickets"]) == ["campaign:C1"]

    def test_a_message_that_would_wait_for_too_long_is_a_429(
        self, ready: Stack, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use(monkeypatch, ACCOUNT_RATE="0.0005", SEND_DEADLINE_HOURS="1")
        assert [send()[0] for _ in range(2)] == [202, 202]

        status, problem = send()

        assert status == 429
        assert "1.1 hours" in problem["detail"]
        assert stores.lanes().get("account")["normalIssued"] == 2

    def test_retry_after_is_when_the_backlog_has_become_short_enough(
        self, ready: Stack, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use(monkeypatch, ACCOUNT_RATE="0.0005", SEND_DEADLINE_HOURS="1")
        for _ in range(2):
            post()
        event = sample("messages/send_message") | {
            "body": json.dumps({"from": OWNER, "to": RECIPIENT, "text": "Good morning"})
        }
        from functions.messages import send_message  # noqa: PLC0415

        response = call(send_message, event)
        retry_after = int(response["multiValueHeaders"]["Retry-After"][0])
        clock.wait(retry_after)

        assert retry_after == 401
        assert send()[0] == 202

    def test_with_the_policy_warn_it_is_accepted_with_a_warning(
        self, ready: Stack, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use(monkeypatch, ACCOUNT_RATE="0.0005", SEND_DEADLINE_HOURS="1", BACKLOG_POLICY="warn")
        warnings = [post().get("warnings") for _ in range(3)]

        assert warnings[:2] == [None, None]
        assert "1.1 hours" in warnings[2][0]


class TestNarrowLanesOfOneAccount:
    """An account that sends a segment in ten seconds, and two numbers that may send as fast alone."""

    OTHER = "+19102398767"

    @pytest.fixture
    def both(self, slow: Stack) -> Stack:
        stores.numbers().activate(self.OTHER, HOME, "2026-01-01T00:00:00.000Z", preflight=PASSED)
        for number in (OWNER, self.OTHER):
            stores.lanes().set_rate(f"number:{number}", to_interval(0.1))
        return slow

    def fill_other(self, texts: int) -> None:
        """Accept texts of the other number, and send the first one."""
        first, *_ = [post(**{"from": self.OTHER})["messageId"] for _ in range(texts)]
        assert work(first) == []

    def test_a_message_waits_for_those_that_other_lanes_bring_to_the_account_before_it(
        self, both: Stack, clock: Clock
    ) -> None:
        self.fill_other(10)

        items = [stored(post()["messageId"]) for _ in range(4)]

        # Its lane sends one in ten seconds, and so does the other one.
        assert [seconds_until(clock, item["expectedAt"]) for item in items] == [10, 30, 50, 70]

    def test_messages_are_refused_whose_wait_for_the_account_is_too_long(
        self, both: Stack, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use(monkeypatch, ACCOUNT_RATE=str(1 / 600), SEND_DEADLINE_HOURS="1")
        for number in (OWNER, self.OTHER):
            stores.lanes().set_rate(f"number:{number}", to_interval(1 / 600))
        self.fill_other(5)

        answers = [send() for _ in range(4)]

        # On its own lane, the last one would wait for half an hour.
        assert [status for status, _ in answers] == [202, 202, 202, 429]
        assert "1.2 hours" in answers[-1][1]["detail"]

    def test_the_expected_time_follows_the_account_while_the_message_waits(
        self, both: Stack, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lane_rates, "now", clock.now)
        self.fill_other(10)
        *_, last = [post()["messageId"] for _ in range(4)]
        # The number may send faster, and then what its lane brings to the account comes before the other's.
        wiring.lane_rates().set_rate(NUMBER_LANE, to_interval(0.25))

        assert seconds_until(clock, message(last)["expectedAt"]) == 50

    def test_the_account_shows_the_segments_that_wait_on_its_lanes(
        self, both: Stack, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rate_routes, "now", clock.now)
        self.fill_other(10)

        _, account = call_api(browse, "GET", "/rates/account")

        assert (account["waitingSegments"], account["backlogSeconds"]) == (10, 110.0)

    def test_a_load_is_removed_after_its_end(self, both: Stack, clock: Clock) -> None:
        self.fill_other(2)
        assert f"load number:{self.OTHER}" in stores.lanes().get("account")
        clock.wait(60)
        waiting = [post()["messageId"] for _ in range(2)]

        work(waiting[0])

        loads = [name for name in stores.lanes().get("account") if name.startswith("load ")]
        assert loads == [f"load {NUMBER_LANE}"]


class TestHighPriority:
    def test_it_has_its_own_queue_and_does_not_wait_behind_others(self, slow: Stack, clock: Clock) -> None:
        for _ in range(20):
            post()
        records(slow)
        urgent = post(priority="high")

        assert records(slow) == []
        assert records(slow, high=True) == [(urgent["messageId"], 0)]
        assert seconds_until(clock, stored(urgent["messageId"])["expectedAt"]) == 0

    def test_others_go_slower_while_it_uses_its_share(self, slow: Stack, clock: Clock) -> None:
        for _ in range(3):
            post()
        last = stored(post()["messageId"])
        post(priority="high")
        (account,) = wiring.pacing().lanes_of(OWNER, stores.opt_outs().get_send_facts(OWNER, []))
        ticket = next(iter(tickets_from_items(last["tickets"]).values()))

        moved = (account.slot(ticket) - int(clock.time.timestamp() * SECOND)) / SECOND

        # It was due after 30 seconds. From the next slot on, the others have 80 % of the rate.
        assert moved == pytest.approx(10 + 20 / 0.8, abs=0.1)

    def test_alone_it_has_the_whole_rate_beside_the_first_of_its_share(
        self, slow: Stack, clock: Clock
    ) -> None:
        items = [stored(post(priority="high")["messageId"]) for _ in range(4)]

        assert [seconds_until(clock, item["expectedAt"]) for item in items] == [0, 0, 10, 22]

    def test_its_worker_queues_it_again_in_its_own_queue(self, slow: Stack, clock: Clock) -> None:
        for _ in range(3):
            shown = post(priority="high")
        records(slow, high=True)

        assert work(shown["messageId"], high=True) == []

        ((body, delay),) = records(slow, high=True)
        assert (body, delay) == (shown["messageId"], 9)
        assert records(slow) == []


class TestDelivery:
    def test_a_message_that_is_not_due_is_queued_again_and_not_written(
        self, slow: Stack, clock: Clock
    ) -> None:
        post()
        waiting = stored(post()["messageId"])
        records(slow)

        assert work(waiting["messageId"]) == []

        ((body, delay),) = records(slow)
        assert (body, delay) == (waiting["messageId"], 9)
        assert stored(waiting["messageId"]) == waiting
        assert at_bandwidth(slow) == []

    def test_a_message_that_is_due_soon_is_sent_after_a_sleep(self, slow: Stack, clock: Clock) -> None:
        post()
        waiting = post()["messageId"]
        clock.wait(9)

        assert work(waiting) == []

        assert clock.slept == [pytest.approx(1, abs=0.01)]
        assert stored(waiting)["state"] == "sent"

    def test_a_message_whose_account_is_throttled_during_the_sleep_waits_for_the_pause(
        self, slow: Stack, clock: Clock
    ) -> None:
        post()
        waiting = post()["messageId"]
        records(slow)
        clock.wait(9)
        (account,) = wiring.pacing().lanes_of(OWNER, stores.opt_outs().get_send_facts(OWNER, [RECIPIENT]))
        clock.on_sleep = lambda: wiring.pacing().slow_down(account, to_micros(clock.now()), 30)

        assert work(waiting) == []

        assert stored(waiting)["state"] == "accepted"
        assert at_bandwidth(slow) == []
        assert [delay for _, delay in records(slow)] == [29]

    def test_a_backlog_recovers_without_new_messages(self, slow: Stack, clock: Clock) -> None:
        waiting = [post()["messageId"] for _ in range(6)]
        (account,) = wiring.pacing().lanes_of(OWNER, stores.opt_outs().get_send_facts(OWNER, [RECIPIENT]))
        wiring.pacing().slow_down(account, to_micros(clock.now()), None)
        assert stores.lanes().get("account")["interval"] == 20 * SECOND
        clock.wait(31)

        work(waiting[-1])

        assert stores.lanes().get("account")["interval"] < 20 * SECOND

    def test_a_recipient_who_opts_out_during_the_sleep_gets_nothing(self, slow: Stack, clock: Clock) -> None:
        post()
        waiting = post()["messageId"]
        clock.wait(9)
        clock.on_sleep = lambda: opt_out(clock)

        assert work(waiting) == []

        assert (stored(waiting)["state"], stored(waiting)["errorClass"]) == ("failed", "opt_out")
        assert at_bandwidth(slow) == []

    def test_a_waiting_message_whose_recipient_opted_out_fails_at_once(
        self, slow: Stack, clock: Clock
    ) -> None:
        post()
        waiting = post()["messageId"]
        records(slow)
        opt_out(clock)

        assert work(waiting) == []

        assert stored(waiting)["state"] == "failed"
        assert records(slow) == []

    def test_a_message_of_a_narrow_lane_takes_the_account_s_slot_when_it_is_due(
        self, slow: Stack, clock: Clock
    ) -> None:
        stores.lanes().set_rate(NUMBER_LANE, to_interval(0.05))
        post()
        waiting = post()["messageId"]
        records(slow)
        work(waiting)
        assert stores.lanes().get("account") == {}

        clock.wait(20)
        work(waiting)

        assert stored(waiting)["state"] == "sent"
        assert stores.lanes().get("account")["normalIssued"] == 1

    def test_a_narrow_lane_waits_for_the_account_and_keeps_its_ticket_in_the_record(
        self, slow: Stack, clock: Clock
    ) -> None:
        stores.lanes().set_rate(NUMBER_LANE, to_interval(1))
        messages = [post()["messageId"] for _ in range(3)]
        records(slow)
        work(messages[0])
        clock.wait(1)
        work(messages[1])

        tickets = queued_tickets(slow)
        assert records(slow) == [(messages[1], 8)]
        assert tickets.keys() == {NUMBER_LANE, "account"}

        clock.wait(9)
        work(messages[1], tickets)
        assert stored(messages[1])["state"] == "sent"
        assert stores.lanes().get("account")["normalIssued"] == 2

    def test_a_rate_set_after_acceptance_holds_too(self, ready: Stack, clock: Clock) -> None:
        messages = [post()["messageId"] for _ in range(2)]
        records(ready)
        stores.lanes().set_rate("account", to_interval(0.1))

        for each in messages:
            work(each)

        assert [stored(each)["state"] for each in messages] == ["sent", "accepted"]
        assert queued_tickets(ready)["account"].track is TrackName.NORMAL
        assert [body for body, _ in records(ready)] == [messages[1]]

    def test_a_raised_rate_speeds_up_messages_that_wait(self, slow: Stack, clock: Clock) -> None:
        messages = [post()["messageId"] for _ in range(11)]
        stores.lanes().set_rate("account", to_interval(10))
        records(slow)
        post()

        work(messages[-1])

        assert stored(messages[-1])["state"] == "sent"
        assert sum(clock.slept) <= 1.5

    def test_messages_that_come_too_late_keep_their_distance(self, slow: Stack, clock: Clock) -> None:
        messages = [post()["messageId"] for _ in range(3)]
        records(slow)
        clock.wait(100)

        for each in messages:
            work(each)

        assert [stored(each)["state"] for each in messages] == ["sent", "accepted", "accepted"]
        # The late track has 60 % of the rate.
        assert [delay for _, delay in records(slow)] == [16, 32]

    def test_the_deadline_ends_the_wait(self, slow: Stack, clock: Clock) -> None:
        waiting = post()["messageId"]
        clock.wait(5 * 3600)

        work(waiting)

        assert stored(waiting)["errorClass"] == "expired"


class TestThrottle:
    def throttle(self, stack: Stack, clock: Clock, **answer: Any) -> str:
        """Send a message that Bandwidth throttles. Return its id."""
        message_id: str = post()["messageId"]
        stack.add_fault("/messages", method="POST", answer={"status": 429} | answer)
        (queued,) = stack.receive_messages(stack.send_queue)
        assert len(work(message_id, receipt_handle=queued["ReceiptHandle"])) == 1
        records(stack)
        return message_id

    def test_a_429_pauses_the_account_and_slows_it_to_bandwidth_s_default(
        self, ready: Stack, clock: Clock
    ) -> None:
        self.throttle(ready, clock)
        items = [stored(post()["messageId"]) for _ in range(3)]

        assert [seconds_until(clock, item["expectedAt"]) for item in items] == [2, 3, 4]

    def test_retry_after_is_the_length_of_the_pause(self, ready: Stack, clock: Clock) -> None:
        self.throttle(ready, clock, headers={"Retry-After": "30"})

        assert seconds_until(clock, stored(post()["messageId"])["expectedAt"]) == 30

    def test_messages_without_a_ticket_wait_for_the_pause_too(self, ready: Stack, clock: Clock) -> None:
        other = post()["messageId"]
        records(ready)
        self.throttle(ready, clock)

        assert work(other) == []

        assert stored(other)["state"] == "accepted"
        assert len(records(ready)) == 1

    def test_workers_that_are_throttled_together_slow_the_account_once(
        self, ready: Stack, clock: Clock
    ) -> None:
        self.throttle(ready, clock)
        slowed = stores.lanes().get("account")
        clock.wait(5)
        self.throttle(ready, clock)

        assert stores.lanes().get("account")["interval"] == slowed["interval"]

    def test_a_second_throttle_halves_the_rate_again(self, ready: Stack, clock: Clock) -> None:
        self.throttle(ready, clock)
        clock.wait(15)
        self.throttle(ready, clock)

        assert stores.lanes().get("account")["interval"] == 2 * SECOND

    def test_the_account_recovers_until_it_has_no_limit_again(self, ready: Stack, clock: Clock) -> None:
        self.throttle(ready, clock)
        intervals = []
        for _ in range(14):
            clock.wait(31)
            post()
            intervals.append(stores.lanes().get("account").get("interval"))

        limited = [interval for interval in intervals if interval is not None]
        assert limited == sorted(limited, reverse=True)
        assert intervals[-1] is None
        assert "expectedAt" not in stored(post()["messageId"])

    def test_a_configured_account_recovers_to_its_rate(
        self, ready: Stack, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use(monkeypatch, ACCOUNT_RATE="4")
        self.throttle(ready, clock)
        assert stores.lanes().get("account")["interval"] == SECOND / 2
        for _ in range(3):
            clock.wait(31)
            post()

        assert stores.lanes().get("account")["interval"] == SECOND / 4

    def test_a_pause_is_at_most_the_longest_send_delay(self, ready: Stack, clock: Clock) -> None:
        self.throttle(ready, clock, headers={"Retry-After": "86400"})

        assert seconds_until(clock, stored(post()["messageId"])["expectedAt"]) == 900

    def test_a_rate_set_through_the_api_ends_the_pause(self, ready: Stack, clock: Clock) -> None:
        self.throttle(ready, clock, headers={"Retry-After": "600"})
        waiting = post()["messageId"]
        records(ready)

        wiring.lane_rates().set_rate("account", to_interval(5))

        assert work(waiting) == []
        assert stored(waiting)["state"] == "sent"
        assert stores.lanes().get("account")["interval"] == SECOND / 5

    def test_a_lower_rate_holds_at_once_on_a_slowed_account(
        self, ready: Stack, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use(monkeypatch, ACCOUNT_RATE="10")
        self.throttle(ready, clock)

        wiring.lane_rates().set_rate("account", to_interval(1))

        assert stores.lanes().get("account")["interval"] == SECOND

    def test_a_throttle_never_speeds_a_very_slow_account_up(
        self, ready: Stack, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use(monkeypatch, ACCOUNT_RATE="0.005")
        self.throttle(ready, clock)

        assert stores.lanes().get("account")["interval"] == 200 * SECOND

    @pytest.mark.parametrize("status", [500, 503])
    def test_other_errors_do_not_slow_the_account(self, ready: Stack, clock: Clock, status: int) -> None:
        message_id = post()["messageId"]
        (queued,) = ready.receive_messages(ready.send_queue)
        ready.add_fault("/messages", method="POST", answer={"status": status})
        work(message_id, receipt_handle=queued["ReceiptHandle"])

        assert stores.lanes().get("account") == {}
        assert message(message_id)["messageId"] == message_id


class TestCancel:
    def test_the_newest_messages_give_their_slots_back(self, slow: Stack, clock: Clock) -> None:
        messages = [post()["messageId"] for _ in range(4)]
        for each in reversed(messages[1:]):
            wiring.message_cancellation().cancel(each)

        assert seconds_until(clock, stored(post()["messageId"])["expectedAt"]) == 10

    def test_a_slot_between_others_stays_empty(self, slow: Stack, clock: Clock) -> None:
        messages = [post()["messageId"] for _ in range(3)]
        wiring.message_cancellation().cancel(messages[1])

        assert seconds_until(clock, stored(post()["messageId"])["expectedAt"]) == 30


def test_a_message_that_waits_for_the_account_says_so(slow: Stack, clock: Clock) -> None:
    stores.lanes().set_rate(NUMBER_LANE, to_interval(5))
    messages = [post()["messageId"] for _ in range(3)]
    records(slow)
    for each in messages:
        work(each)
        clock.wait(0.2)

    assert message(messages[2])["waiting"] == "rate"
