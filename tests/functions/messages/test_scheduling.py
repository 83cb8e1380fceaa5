"""Messages that are sent later (sendAt, quiet hours), the schedule that queues them, and canceling."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from bandwidth_messaging.domain.messages import Message, MessageState, Waiting
from bandwidth_messaging.domain.times import to_rfc3339
from bandwidth_messaging.runtime import stores, wiring
from bandwidth_messaging.services import (
    message_acceptance,
    message_cancellation,
    message_delivery,
    message_schedule,
)
from bandwidth_messaging.store import message_items
from bandwidth_messaging.store import schedule as schedule_store
from bandwidth_messaging.store.dynamodb import Page
from bandwidth_messaging.store.queues import SendQueue
from functions.messages import cancel_message, queue_scheduled
from tests.functions.conftest import Stack, call, call_api
from tests.functions.messages import test_sending as sending
from tests.functions.messages.test_sending import OWNER, at_bandwidth, ready, send, worker
from tests.generations import only_current

pytestmark = only_current
__all__ = ["ready"]

# 15:00 in New York, where the recipient lives.
START = datetime.fromisoformat("2026-01-10T20:00:00.000Z")
MODULES = (
    message_acceptance,
    message_cancellation,
    message_delivery,
    message_schedule,
    message_items,
    schedule_store,
)


@dataclass
class World:
    """The clock of the functions, and what they put into the queues."""

    time: datetime
    queued: list[tuple[str, str, int]]
    slept: list[float]

    def move(self, **after: float) -> None:
        """Move the clock forward."""
        self.time += timedelta(**after)

    def text(self, **after: float) -> str:
        """Return a time from now as the stack writes it."""
        return to_rfc3339((self.time + timedelta(**after)).isoformat())

    def take(self) -> list[tuple[str, str, int]]:
        """Return queue, id and delay of the records that were queued since the last call."""
        records = list(self.queued)
        self.queued.clear()
        return records


@pytest.fixture
def world(ready: Stack, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(START, [], [])
    for module in MODULES:
        monkeypatch.setattr(module, "now", world.text)
    monkeypatch.setattr(wiring, "sleep", world.slept.append)

    def add(queue: SendQueue, message_id: str, *, delay_seconds: int = 0, tickets: Any = None) -> None:
        world.queued.append((queue._url.rpartition("/")[2], message_id, delay_seconds))

    monkeypatch.setattr(SendQueue, "add", add)
    return world


def accept(**fields: Any) -> str:
    status, shown = send(**fields)
    assert status == 202
    return str(shown["messageId"])


def stored(message_id: str) -> Any:
    return stores.messages().get(message_id)


def run_schedule() -> Any:
    return call(queue_scheduled, {})["queued"]


def cancel(message_id: str) -> tuple[int, Any]:
    return call_api(cancel_message, "DELETE", f"/messages/{message_id}")


def errors(response: tuple[int, Any]) -> list[tuple[str, str]]:
    status, problem = response
    assert status == 422
    return [(error["field"], error["detail"]) for error in problem["errors"]]


class TestSendAt:
    def test_a_time_within_15_minutes_is_a_delay_of_the_queue(self, world: World) -> None:
        at = world.text(minutes=15)

        status, shown = send(sendAt=at)

        assert (status, shown["state"], shown["sendAt"]) == (202, "accepted", at)
        assert (shown["waiting"], shown["expectedAt"]) == ("scheduled", at)

        item = stored(shown["messageId"])
        assert (item["waiting"], item["expectedAt"], item["dueAt"]) == ("scheduled", at, at)
        assert world.take() == [("send", shown["messageId"], 900)]
        assert run_schedule() == 0

    def test_a_later_time_is_queued_by_the_schedule_within_two_minutes_before(self, world: World) -> None:
        message_id = accept(sendAt=world.text(days=35))
        assert world.take() == []

        world.move(days=35, minutes=-2, seconds=-1)
        assert (run_schedule(), world.take()) == (0, [])
        world.move(seconds=31)

        assert (run_schedule(), world.take()) == (1, [("send", message_id, 90)])
        assert (run_schedule(), world.take()) == (0, [])

    def test_an_offset_is_converted(self, world: World) -> None:
        _, shown = send(sendAt="2026-01-10T15:05:00-05:00")

        assert shown["sendAt"] == "2026-01-10T20:05:00.000Z"

    def test_the_worker_sends_at_the_time(self, world: World, ready: Stack) -> None:
        message_id = accept(sendAt=world.text(minutes=10))

        world.move(minutes=10, seconds=-1)

        assert worker(message_id) == []

        assert world.slept == [1.0]
        assert stored(message_id)["state"] == "sent"
        assert [each.tag for each in at_bandwidth(ready)] == [message_id]

    def test_a_record_that_is_early_is_queued_again(self, world: World, ready: Stack) -> None:
        message_id = accept(sendAt=world.text(minutes=10))
        world.take()

        world.move(minutes=2)

        assert worker(message_id) == []

        assert world.take() == [("send", message_id, 480)]
        assert at_bandwidth(ready) == []

    def test_an_early_record_of_a_message_that_the_schedule_lists_ends(
        self, world: World, ready: Stack
    ) -> None:
        message_id = accept(sendAt=world.text(days=2))

        assert worker(message_id) == []

        assert (world.take(), at_bandwidth(ready)) == ([], [])

    def test_the_deadline_counts_from_the_time(self, world: World) -> None:
        in_time, late = accept(sendAt=world.text(days=1)), accept(sendAt=world.text(days=1))

        world.move(days=1, hours=4, seconds=-1)
        worker(in_time)
        world.move(seconds=2)

        worker(late)

        assert stored(in_time)["state"] == "sent"
        assert (stored(late)["state"], stored(late)["errorClass"]) == ("failed", "expired")

    def test_the_retention_counts_from_the_time(self, world: World) -> None:
        item = stored(accept(sendAt=world.text(days=30)))

        assert item["expiresAt"] == int((START + timedelta(days=30 + 90)).timestamp())

    @pytest.mark.parametrize(
        ("after", "detail"),
        [
            ({"seconds": 0}, "is in the past. Give a time in the future."),
            ({"days": -1}, "is in the past. Give a time in the future."),
            ({"days": 35, "seconds": 1}, "is more than 35 days ahead. Give an earlier time."),
        ],
    )
    def test_a_time_that_cannot_be_scheduled_is_a_422(
        self, world: World, after: dict[str, float], detail: str
    ) -> None:
        assert errors(send(sendAt=world.text(**after))) == [("sendAt", detail)]
        assert world.take() == []

    def test_a_time_without_an_offset_is_a_422(self, world: World) -> None:
        ((field, _),) = errors(send(sendAt="2026-01-11T20:00:00"))

        assert field == "sendAt"

    def test_an_expiration_before_the_time_is_a_422(self, world: World) -> None:
        times = {"sendAt": "2099-01-11T20:00:00Z", "expiration": "2099-01-11T20:00:00Z"}

        detail = "is not before expiration. Give an earlier time, or a later expiration."
        assert errors(send(**times)) == [("sendAt", detail)]

    def test_a_request_repeated_after_the_time_gets_its_first_response(self, world: World) -> None:
        at = world.text(hours=1)
        first = send("key", sendAt=at)

        world.move(hours=2)

        assert send("key", sendAt=at) == first
        assert send("key", sendAt=world.text(hours=1))[0] == 422

    def test_a_scheduled_message_takes_no_ticket_until_it_is_due(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        limit_account(monkeypatch)
        message_id = accept(sendAt=world.text(days=1))
        assert stores.lanes().get("account") == {}
        assert "tickets" not in stored(message_id)

        world.move(days=1)

        worker(message_id)

        assert stores.lanes().get("account")["normalIssued"] == 1
        assert stored(message_id)["state"] == "sent"


def limit_account(monkeypatch: pytest.MonkeyPatch, seconds: int = 1) -> None:
    """Limit the account to one segment in this many seconds."""
    monkeypatch.setenv("ACCOUNT_RATE", str(1 / seconds))
    sending.settings.cache_clear()


class TestSchedule:
    def test_messages_that_are_overdue_are_queued_after_an_outage(self, world: World) -> None:
        first = accept(sendAt=world.text(hours=1))
        second = accept(sendAt=world.text(hours=30))

        world.move(days=3)

        assert run_schedule() == 2
        assert sorted(world.take()) == sorted([("send", first, 0), ("send", second, 0)])

    def test_a_message_with_high_priority_uses_its_queue(self, world: World) -> None:
        message_id = accept(sendAt=world.text(hours=1), priority="high")
        world.move(hours=1)

        assert (run_schedule(), world.take()) == (1, [("high-send", message_id, 0)])

    def test_a_crash_before_the_removal_queues_twice_and_sends_once(
        self, world: World, ready: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        message_id = accept(sendAt=world.text(hours=1))
        world.move(hours=1)
        with monkeypatch.context() as crash:
            crash.setattr(schedule_store.Schedule, "remove_from_schedule", fail)
            with pytest.raises(RuntimeError):
                run_schedule()
        run_schedule()

        records = world.take()

        assert records == [("send", message_id, 0)] * 2
        assert [worker(each) for _, each, _ in records] == [[], []]
        assert len(at_bandwidth(ready)) == 1

    def test_a_message_sent_before_its_removal_leaves_the_schedule_unqueued(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        message_id = accept(sendAt=world.text(hours=1))
        world.move(hours=1)
        worker(message_id)
        assert "scheduleKey" in stored(message_id)

        run_schedule()

        assert world.take() == []
        assert "scheduleKey" not in stored(message_id)

    def test_an_error_in_one_shard_stops_no_other(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        failing, other = "out_" + "0" * 32, "out_" + "1" * 32
        for message_id in (failing, other):
            stores.messages().add(scheduled(message_id, world.text(hours=1)))
        world.move(hours=1)
        add = SendQueue.add

        def fail_once(queue: SendQueue, message_id: str, **more: Any) -> None:
            if message_id == failing:
                fail()
            add(queue, message_id, **more)

        monkeypatch.setattr(SendQueue, "add", fail_once)

        with pytest.raises(RuntimeError):
            run_schedule()

        assert world.take() == [("send", other, 0)]

    def test_a_message_that_was_postponed_since_it_was_read_stays_in_the_schedule(self, world: World) -> None:
        message_id = accept(sendAt=world.text(hours=1))
        read = stored(message_id)
        stores.schedule().postpone(message_id, world.text(hours=9), Waiting.QUIET_HOURS, is_scheduled=True)

        stores.schedule().remove_from_schedule(read)

        assert stored(message_id)["scheduleKey"] == f"{world.text(hours=9)}#{message_id}"

    def test_an_entry_of_the_index_that_is_out_of_date_is_skipped(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        queued, postponed = accept(sendAt=world.text(hours=1)), accept(sendAt=world.text(hours=1))
        listed = {each["scheduleShard"]: Page([each], None) for each in map(stored, (queued, postponed))}
        stores.schedule().remove_from_schedule(stored(queued))
        stores.schedule().postpone(postponed, world.text(hours=9), Waiting.QUIET_HOURS, is_scheduled=True)
        world.move(hours=1)
        monkeypatch.setattr(
            schedule_store.Schedule,
            "list_scheduled",
            lambda _, shard, **__: listed.get(shard, Page([], None)),
        )

        assert (run_schedule(), world.take()) == (0, [])

    def test_more_messages_than_a_page_are_queued_in_one_run(self, world: World) -> None:
        ids = [f"out_{number:031}a" for number in range(205)]
        for message_id in ids:
            stores.messages().add(scheduled(message_id, world.text(hours=1)))

        world.move(hours=1)

        assert run_schedule() == 205
        assert sorted(message_id for _, message_id, _ in world.take()) == ids

    def test_a_run_ends_in_time_and_the_next_one_continues(
        self, world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        accept(sendAt=world.text(hours=1))
        world.move(hours=1)

        with monkeypatch.context() as slow:
            slow.setattr(message_schedule, "_MAX_WORK_SECONDS", -1)
            assert run_schedule() == 0

        assert "more messages are due" in caplog.text

        assert run_schedule() == 1


def scheduled(message_id: str, at: str) -> Message:
    return Message(
        message_id=message_id,
        direction="out",
        api="v2",
        owner=OWNER,
        sender=OWNER,
        recipients=("+19195551234",),
        text="Good morning",
        state=MessageState.ACCEPTED,
        time=to_rfc3339(START.isoformat()),
        due_at=at,
        is_scheduled=True,
        waiting=Waiting.SCHEDULED,
    )


def fail(*_: Any) -> None:
    message = "crashed"
    raise RuntimeError(message)


class TestCancel:
    def test_a_canceled_message_is_never_sent(self, world: World, ready: Stack) -> None:
        message_id = accept()

        status, shown = cancel(message_id)

        assert (status, shown["state"]) == (200, "canceled")
        assert shown["times"].keys() == {"accepted", "canceled"}
        assert worker(message_id) == []
        assert at_bandwidth(ready) == []
        assert sending.message(message_id) == shown

    def test_a_canceled_message_leaves_the_schedule(self, world: World) -> None:
        message_id = accept(sendAt=world.text(hours=1))
        cancel(message_id)

        world.move(hours=1)

        assert (run_schedule(), world.take()) == (0, [])
        assert not {"scheduleKey", "waiting", "expectedAt"} & stored(message_id).keys()

    def test_a_repeated_request_returns_the_canceled_message(self, world: World) -> None:
        message_id = accept()
        first = cancel(message_id)

        world.move(seconds=5)

        assert cancel(message_id) == first

    def test_a_claimed_message_is_a_409_with_its_state(self, world: World, ready: Stack) -> None:
        message_id = accept()
        stores.claims().claim(message_id, world.text())

        status, problem = cancel(message_id)

        assert status == 409
        assert problem["detail"] == (
            f"Message {message_id} is sending. Only a message that is accepted can be canceled."
        )
        assert stored(message_id)["state"] == "sending"

    def test_a_final_message_is_a_409_with_its_state(self, world: World) -> None:
        message_id = accept()
        worker(message_id)

        status, problem = cancel(message_id)

        assert (status, "is sent." in problem["detail"]) == (409, True)

    def test_a_message_that_returned_to_the_queue_can_be_canceled(self, world: World, ready: Stack) -> None:
        message_id = accept()
        claimed, _ = stores.claims().claim(message_id, world.text())
        assert claimed
        stores.claims().release_claim(claimed)

        assert cancel(message_id)[0] == 200

    def test_an_unknown_message_is_a_404(self, world: World) -> None:
        status, problem = cancel("out_1")

        assert (status, problem["detail"]) == (404, "Message out_1 does not exist.")
        assert stored("out_1") is None

    def test_an_inbound_message_is_a_422(self, world: World) -> None:
        stores.messages().add(
            Message(
                message_id="in-1",
                direction="in",
                api="v2",
                owner=OWNER,
                sender="+19195551234",
                recipients=(OWNER,),
                text="Hello",
                state=MessageState.RECEIVED,
                time=world.text(),
            )
        )

        assert errors(cancel("in-1")) == [
            ("messageId", "is an inbound message. Only outbound messages can be canceled.")
        ]


@pytest.fixture
def night(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A stack with quiet hours, at 21:00 in New York. They end at 13:00 UTC."""
    monkeypatch.setenv("QUIET_HOURS", "21:00-08:00")
    sending.settings.cache_clear()
    world.move(hours=6)
    return world


MORNING = "2026-01-11T13:00:00.000Z"


class TestQuietHours:
    def test_a_message_in_quiet_hours_waits_until_they_end(self, night: World, ready: Stack) -> None:
        message_id = accept()

        item = stored(message_id)
        assert (item["waiting"], item["expectedAt"]) == ("quiet_hours", MORNING)
        assert "sendAt" not in item
        night.move(hours=11)

        assert (run_schedule(), night.take()) == (1, [("send", message_id, 0)])
        assert worker(message_id) == []
        assert len(at_bandwidth(ready)) == 1

    def test_a_message_with_high_priority_does_not_wait(self, night: World, ready: Stack) -> None:
        message_id = accept(priority="high")
        assert night.take() == [("high-send", message_id, 0)]

        worker(message_id)

        assert len(at_bandwidth(ready)) == 1

    def test_a_time_in_quiet_hours_moves_to_their_end(self, night: World) -> None:
        item = stored(accept(sendAt=night.text(hours=3)))

        assert (item["waiting"], item["dueAt"]) == ("quiet_hours", MORNING)
        assert item["sendAt"] == night.text(hours=3)

    def test_a_time_after_quiet_hours_stays(self, night: World) -> None:
        item = stored(accept(sendAt=night.text(hours=12)))

        assert (item["waiting"], item["dueAt"]) == ("scheduled", night.text(hours=12))

    def test_a_group_message_waits_for_all_recipients(self, night: World) -> None:
        # Phoenix is two hours behind New York.
        item = stored(accept(to=["+19195551234", "+16025551234"]))

        assert item["dueAt"] == "2026-01-11T15:00:00.000Z"

    def test_the_worker_postpones_a_message_that_arrives_in_quiet_hours(
        self, night: World, ready: Stack
    ) -> None:
        night.move(seconds=-30)
        message_id = accept()
        assert night.take() == [("send", message_id, 0)]
        night.move(seconds=30)

        assert worker(message_id) == []

        item = stored(message_id)
        assert (item["state"], item["waiting"], item["dueAt"]) == ("accepted", "quiet_hours", MORNING)
        assert (night.take(), at_bandwidth(ready)) == ([], [])
        night.move(hours=11)
        assert (run_schedule(), night.take()) == (1, [("send", message_id, 0)])
        worker(message_id)

        assert len(at_bandwidth(ready)) == 1

    def test_the_worker_delays_a_message_by_the_queue_if_the_hours_end_soon(self, night: World) -> None:
        night.move(seconds=-1)
        message_id = accept()
        night.take()
        night.move(hours=10, minutes=50, seconds=1)
        # Its deadline counts from its acceptance, because nothing postponed it before.
        stores.schedule().postpone(message_id, night.text(), Waiting.QUIET_HOURS, is_scheduled=False)

        worker(message_id)

        assert night.take() == [("send", message_id, 600)]
        assert "scheduleKey" not in stored(message_id)

    def test_a_postponed_message_keeps_no_ticket(self, night: World, monkeypatch: pytest.MonkeyPatch) -> None:
        limit_account(monkeypatch)
        night.move(seconds=-30)
        message_id = accept()
        assert stored(message_id)["tickets"].keys() == {"account"}
        night.move(seconds=30)

        worker(message_id)

        assert "tickets" not in stored(message_id)
        assert stores.lanes().get("account")["normalIssued"] == 1

    def test_the_worker_postpones_a_message_whose_slot_is_in_quiet_hours(
        self, night: World, ready: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        night.move(seconds=-30)
        message_id = accept()
        # The rate is configured after the acceptance.
        limit_account(monkeypatch, seconds=60)
        accept()

        worker(message_id)

        item = stored(message_id)
        assert (item["waiting"], item["dueAt"]) == ("quiet_hours", MORNING)
        assert at_bandwidth(ready) == []

    def test_a_slot_in_quiet_hours_is_not_reserved(
        self, night: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        limit_account(monkeypatch, seconds=60)
        night.move(seconds=-90)
        for _ in range(2):
            accept()

        item = stored(accept())

        assert (item["waiting"], item["expectedAt"]) == ("quiet_hours", MORNING)
        assert "tickets" not in item
        assert stores.lanes().get("account")["normalIssued"] == 2

    def test_the_deadline_counts_from_the_end_of_quiet_hours(self, night: World, ready: Stack) -> None:
        message_id = accept()
        night.move(hours=14, minutes=59)

        worker(message_id)

        assert len(at_bandwidth(ready)) == 1

    def test_a_message_to_a_toll_free_number_is_sent_at_the_end_of_its_hours(
        self, night: World, ready: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Each time is quiet somewhere from Guam to Saint John's.
        monkeypatch.setenv("QUIET_HOURS", "20:00-09:00")
        sending.settings.cache_clear()
        night.time = datetime.fromisoformat("2026-07-10T12:00:00Z")
        message_id = accept(to=["+18005551234"])
        night.time = datetime.fromisoformat(stored(message_id)["dueAt"])

        assert worker(message_id) == []

        assert stored(message_id)["state"] == "sent"

    def test_a_message_that_is_postponed_each_day_expires_after_three_days(
        self, night: World, ready: Stack
    ) -> None:
        night.move(seconds=-1)
        message_id = accept()
        for _ in range(3):
            night.move(days=1)
            stores.schedule().postpone(message_id, night.text(), Waiting.QUIET_HOURS, is_scheduled=False)
        night.move(days=1, seconds=1)
        stores.schedule().postpone(message_id, night.text(), Waiting.QUIET_HOURS, is_scheduled=False)

        worker(message_id)

        assert (stored(message_id)["state"], stored(message_id)["errorClass"]) == ("failed", "expired")

    def test_a_postponed_message_is_kept_for_the_retention_after_its_new_time(self, night: World) -> None:
        night.move(seconds=-30)
        message_id = accept()
        night.move(seconds=30)

        worker(message_id)

        assert stored(message_id)["expiresAt"] == int(
            (datetime.fromisoformat(MORNING) + timedelta(days=90)).timestamp()
        )

    def test_a_message_that_expires_before_their_end_is_accepted_with_a_warning(
        self, night: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        night.time = datetime.fromisoformat("2099-01-11T02:00:00Z")

        _, shown = send(expiration="2099-01-11T04:00:00Z")

        assert shown["warnings"] == [
            "The message expires before the quiet hours of the recipients end, unsent."
        ]

    def test_a_canceled_message_is_not_postponed(self, night: World, monkeypatch: pytest.MonkeyPatch) -> None:
        night.move(seconds=-30)
        message_id = accept()
        night.move(seconds=30)
        postpone: Callable[..., Any] = schedule_store.Schedule.postpone

        def cancel_first(schedule: Any, *arguments: Any, **more: Any) -> Any:
            cancel(message_id)
            return postpone(schedule, *arguments, **more)

        monkeypatch.setattr(schedule_store.Schedule, "postpone", cancel_first)

        worker(message_id)

        assert stored(message_id)["state"] == "canceled"
        assert "dueAt" not in stored(message_id)
