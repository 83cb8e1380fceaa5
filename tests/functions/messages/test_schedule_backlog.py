"""Messages of one scheduled time are checked against the rate of their lane; `expectedAt` has their wait."""

from datetime import datetime
from typing import Any

import pytest

from bandwidth_messaging.api import message_routes
from bandwidth_messaging.domain.lanes import to_interval, to_micros
from bandwidth_messaging.domain.scheduled_segments import HOUR, Counts
from bandwidth_messaging.runtime import stores
from bandwidth_messaging.store.scheduled_segment_store import ScheduledSegments
from functions.messages import send_message
from tests.functions.conftest import Stack, call, clear_caches, sample
from tests.functions.messages.test_scheduling import (
    OWNER,
    World,
    accept,
    cancel,
    run_schedule,
    send,
    stored,
    worker,
)
from tests.functions.messages.test_scheduling import ready as ready  # noqa: PLC0414 - a fixture
from tests.functions.messages.test_scheduling import world as world  # noqa: PLC0414 - a fixture
from tests.functions.messages.test_sending import message
from tests.generations import only_current

pytestmark = only_current


@pytest.fixture
def slow(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """An account that sends a segment in ten minutes, and fails messages after an hour."""
    use(monkeypatch, ACCOUNT_RATE=str(1 / 600), SEND_DEADLINE_HOURS="1")
    return world


def use(monkeypatch: pytest.MonkeyPatch, **parameters: str) -> None:
    for name, value in parameters.items():
        monkeypatch.setenv(name, value)
    clear_caches()


def counted(time: str, lane: str = "account") -> Counts:
    at = to_micros(time)
    return stores.scheduled_segments().get(lane, at, at)


def segments(time: str, lane: str = "account") -> tuple[int, int]:
    """Return the segments that are counted in the minute of a time, without and with high priority."""
    return tuple(counted(time, lane).get(to_micros(time), (0, 0)))  # type: ignore[return-value]


def minutes_after(time: str, expected: str) -> float:
    return (datetime.fromisoformat(expected) - datetime.fromisoformat(time)).total_seconds() / 60


class TestExpectedAt:
    def test_messages_of_one_time_are_expected_one_after_the_other(self, slow: World) -> None:
        at = slow.text(days=5)

        items = [stored(accept(sendAt=at)) for _ in range(4)]

        assert [minutes_after(at, item["expectedAt"]) for item in items] == [0, 10, 20, 30]
        assert {(item["waiting"], item["dueAt"]) for item in items} == {("scheduled", at)}

    def test_segments_and_recipients_count(self, slow: World) -> None:
        at = slow.text(days=5)
        accept(sendAt=at, text="a" * 161)
        accept(sendAt=at, to=["+19195551234", "+19195551235"])

        assert minutes_after(at, stored(accept(sendAt=at))["expectedAt"]) == 40

    def test_an_earlier_time_delays_a_later_one(self, slow: World) -> None:
        first, second = slow.text(days=5), slow.text(days=5, minutes=15)
        for _ in range(4):
            accept(sendAt=first)

        assert minutes_after(second, stored(accept(sendAt=second))["expectedAt"]) == 25

    def test_the_backlog_of_hours_before_the_deadline_is_carried_over(self, slow: World) -> None:
        # An hour has room for six messages. The third hour is more than the deadline after the first.
        times = [slow.text(days=5, hours=hour) for hour in range(3)]
        for at, messages in zip(times, (7, 6, 0), strict=True):
            for _ in range(messages):
                accept(sendAt=at)

        last = stored(accept(sendAt=times[2]))

        assert minutes_after(times[2], last["expectedAt"]) == 10

    def test_the_queue_delays_a_message_until_its_time(self, slow: World) -> None:
        at = slow.text(minutes=10)

        ids = [accept(sendAt=at) for _ in range(3)]

        assert slow.take() == [("send", message_id, 600) for message_id in ids]

    def test_the_schedule_queues_a_message_at_its_time(self, slow: World) -> None:
        at = slow.text(hours=2)
        ids = [accept(sendAt=at) for _ in range(3)]
        slow.move(hours=2)

        assert run_schedule() == 3
        assert sorted(each for _, each, _ in slow.take()) == sorted(ids)

    def test_requests_at_the_same_time_get_different_times(
        self, slow: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        at = slow.text(days=5)
        # None of them sees the others when it reads the counts.
        monkeypatch.setattr(ScheduledSegments, "get", lambda *_: {})

        items = [stored(accept(sendAt=at)) for _ in range(3)]

        assert [minutes_after(at, item["expectedAt"]) for item in items] == [0, 10, 20]

    def test_after_its_time_a_message_waits_for_its_rate(
        self, slow: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(message_routes, "now", slow.text)
        *_, last = [accept(sendAt=slow.text(hours=1)) for _ in range(3)]
        slow.move(minutes=59)
        assert message(last)["waiting"] == "scheduled"

        slow.move(minutes=2)

        assert message(last)["waiting"] == "rate"

    def test_without_a_rate_nothing_is_counted(self, world: World) -> None:
        at = world.text(days=5)
        item = stored(accept(sendAt=at))

        assert item["expectedAt"] == at
        assert "scheduledLane" not in item
        assert counted(at) == {}

    def test_a_lane_that_only_a_throttle_limits_has_recovered_by_then(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stores.lanes()._table.update({"pk": "LANE#account"}, assign={"interval": 1_000_000})

        assert "scheduledLane" not in stored(accept(sendAt=world.text(days=5)))

    def test_the_narrowest_lane_counts(self, slow: World) -> None:
        lane = f"number:{OWNER}"
        stores.lanes().set_rate(lane, to_interval(1 / 1200))
        at = slow.text(days=5)

        items = [stored(accept(sendAt=at)) for _ in range(2)]

        assert [minutes_after(at, item["expectedAt"]) for item in items] == [0, 20]
        assert (segments(at, lane), segments(at)) == ((2, 0), (0, 0))

    def test_messages_with_high_priority_do_not_wait_for_the_others(self, slow: World) -> None:
        at = slow.text(days=5)
        for _ in range(4):
            accept(sendAt=at)

        urgent = stored(accept(sendAt=at, priority="high"))

        assert urgent["expectedAt"] == at
        assert segments(at) == (4, 1)

    def test_messages_in_quiet_hours_are_counted_at_their_end(
        self, slow: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use(monkeypatch, QUIET_HOURS="21:00-08:00")
        slow.move(hours=6)
        morning = "2026-01-11T13:00:00.000Z"

        items = [stored(accept()) for _ in range(2)]

        assert [item["dueAt"] for item in items] == [morning] * 2
        assert [minutes_after(morning, item["expectedAt"]) for item in items] == [0, 10]

    def test_a_message_whose_slot_is_in_quiet_hours_is_counted_at_their_end(
        self, slow: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use(monkeypatch, QUIET_HOURS="21:00-08:00")
        slow.move(hours=6, minutes=-1)
        accept()

        item = stored(accept())

        assert item["waiting"] == "quiet_hours"
        assert segments(item["dueAt"]) == (1, 0)

    def test_a_message_is_not_expected_in_quiet_hours(
        self, slow: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use(monkeypatch, QUIET_HOURS="21:00-08:00")
        # 20:55 in New York.
        at = slow.text(hours=5, minutes=55)
        accept(sendAt=at)

        assert stored(accept(sendAt=at))["expectedAt"] == "2026-01-11T13:00:00.000Z"

    def test_a_backlog_of_earlier_hours_counts_in_whatever_order_they_fill(self, slow: World) -> None:
        for hour, count in ((2, 6), (1, 6), (0, 7)):
            for _ in range(count):
                accept(sendAt=slow.text(days=5, hours=hour))
        last = slow.text(days=5, hours=3)

        # 19 segments since the first hour take 190 minutes.
        assert minutes_after(last, stored(accept(sendAt=last))["expectedAt"]) == 10

    def test_a_raised_rate_shortens_the_wait_at_once(self, slow: World) -> None:
        at, later = slow.text(days=5), slow.text(days=5, hours=1)
        for _ in range(7):
            accept(sendAt=at)

        stores.lanes().set_rate("account", to_interval(1 / 60))

        assert minutes_after(later, stored(accept(sendAt=later))["expectedAt"]) == 0

    def test_canceled_messages_do_not_delay_a_later_hour(self, slow: World) -> None:
        at, later = slow.text(days=5), slow.text(days=5, hours=1)
        for each in [accept(sendAt=at) for _ in range(7)]:
            cancel(each)

        assert minutes_after(later, stored(accept(sendAt=later))["expectedAt"]) == 0


class TestLimit:
    def test_more_messages_than_the_deadline_allows_are_a_429_that_names_a_time(self, slow: World) -> None:
        at = slow.text(days=5)
        assert [send(sendAt=at)[0] for _ in range(7)] == [202] * 7

        response = self.post(sendAt=at)

        detail = response["body"]
        assert response["statusCode"] == 429
        assert "Retry-After" not in response["multiValueHeaders"]
        assert f"a message that is due at {at} would wait 1.2 h for messages that are due earlier" in detail
        assert f"Set sendAt to {slow.text(days=5, minutes=10)} or later" in detail
        assert segments(at) == (7, 0)

    def test_the_time_that_it_names_is_accepted(self, slow: World) -> None:
        at, fits, earlier = slow.text(days=5), slow.text(days=5, minutes=10), slow.text(days=5, minutes=9)
        for _ in range(7):
            accept(sendAt=at)

        assert send(sendAt=earlier)[0] == 429
        assert send(sendAt=fits)[0] == 202

    def test_the_time_that_it_names_has_room_after_the_messages_of_later_hours(self, slow: World) -> None:
        at, later = slow.text(days=5), slow.text(days=5, hours=1, minutes=5)
        for _ in range(7):
            accept(sendAt=later)
        # Accepted with a warning, so that the wait is longer than the deadline.
        for _ in range(13):
            stores.scheduled_segments().add("account", to_micros(at), 1, high=False)

        _, problem = send(sendAt=at)

        # 20 messages take 200 minutes from nine o'clock on.
        assert f"Set sendAt to {slow.text(days=5, minutes=140)} or later" in problem["detail"]

    def test_with_the_policy_warn_it_is_accepted_with_a_warning(
        self, slow: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use(monkeypatch, BACKLOG_POLICY="warn")
        at = slow.text(days=5)

        warnings = [send(sendAt=at)[1].get("warnings") for _ in range(8)]

        assert warnings[:7] == [None] * 7
        assert "would wait 1.2 h for messages that are due earlier" in warnings[7][0]
        assert segments(at) == (8, 0)

    def test_every_accepted_message_is_sent_before_its_deadline(self, slow: World, ready: Stack) -> None:
        at = slow.text(hours=3)
        accepted = [
            shown["messageId"] for status, shown in (send(sendAt=at) for _ in range(9)) if status == 202
        ]
        slow.move(hours=3)
        start = slow.time

        for number, message_id in enumerate(accepted):
            slow.time = start
            slow.move(minutes=10 * number)
            worker(message_id)

        assert [stored(each)["state"] for each in accepted] == ["sent"] * 7

    @staticmethod
    def post(**fields: Any) -> Any:
        import json  # noqa: PLC0415

        body = {"from": OWNER, "to": "+19195551234", "text": "Good morning"} | fields
        return call(send_message, sample("messages/send_message") | {"body": json.dumps(body)})


class TestCounts:
    def test_a_repeated_request_is_counted_once(self, slow: World) -> None:
        at = slow.text(days=5)
        first = send("key-1", sendAt=at)

        assert send("key-1", sendAt=at) == first
        assert segments(at) == (1, 0)

    def test_a_repeated_request_gets_its_first_response_though_its_time_is_full(self, slow: World) -> None:
        at = slow.text(days=5)
        first = send("key-1", sendAt=at)
        for _ in range(6):
            accept(sendAt=at)

        assert send("key-1", sendAt=at) == first

    @pytest.mark.parametrize("priority", [None, "high"])
    def test_a_canceled_message_gives_its_segments_back(self, slow: World, priority: str | None) -> None:
        at = slow.text(days=5)
        message_id = accept(sendAt=at, text="a" * 161, priority=priority)
        assert sum(segments(at)) == 2

        cancel(message_id)
        cancel(message_id)

        assert segments(at) == (0, 0)

    def test_a_message_that_a_worker_postponed_is_not_counted_at_its_new_time(
        self, slow: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        slow.move(hours=5)
        message_id = accept(sendAt=slow.text(minutes=59))
        # 21:00 in New York.
        use(monkeypatch, QUIET_HOURS="21:00-08:00")
        slow.move(hours=1)
        worker(message_id)
        item = stored(message_id)
        assert item["waiting"] == "quiet_hours"

        cancel(message_id)

        assert "scheduledLane" not in item
        assert segments(item["dueAt"]) == (0, 0)

    def test_dynamodb_deletes_the_counts_a_day_after_their_hour(self, slow: World) -> None:
        accept(sendAt="2026-01-20T09:30:00Z")

        item = stores.lanes()._table.get({"pk": "SCHEDULED#account#2026-01-20T09"})

        assert item is not None
        assert item["expiresAt"] * 1_000_000 == to_micros("2026-01-20T10:00:00Z") + 24 * HOUR
