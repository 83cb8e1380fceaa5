"""The rates API: GET /rates, GET and PUT /rates/{lane}."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bandwidth_messaging.domain.lanes import SECOND, Lane, Ticket, TrackName, to_micros
from bandwidth_messaging.domain.messages import Message, MessageState, Waiting
from bandwidth_messaging.domain.times import now, to_rfc3339
from bandwidth_messaging.runtime import settings as settings_module
from bandwidth_messaging.runtime import stores, wiring
from functions.control import browse, set_rate
from tests.functions.conftest import Stack, call_api

OWN_NUMBER = "+19102398766"
LANE = f"number:{OWN_NUMBER}"
TOLL_FREE = "number:+18335551212"


def put(lane: str, rate: Any) -> tuple[int, Any]:
    return call_api(set_rate, "PUT", f"/rates/{lane}", body={"segmentsPerSecond": rate})


def use_parameters(monkeypatch: pytest.MonkeyPatch, **rates: str) -> None:
    """Set parameters of the stack."""
    for name, rate in rates.items():
        monkeypatch.setenv(name, rate)
    settings_module.settings.cache_clear()


def get_lane(name: str) -> Lane:
    return wiring.lane_rates().get(name).lane


def reserve(name: str, segments: int) -> Ticket:
    """Reserve positions of a lane as POST /messages does."""
    return wiring.pacing().issue(get_lane(name), segments, to_micros(now())).ticket


def add_message(**parts: Any) -> None:
    message = Message(
        message_id="out_1", direction="out", api="v2", owner=OWN_NUMBER, sender=OWN_NUMBER,
        recipients=("+19195551234",), text="Good morning!", state=MessageState.ACCEPTED, time=now(), **parts,
    )  # fmt: skip
    stores.messages().add(message)


def get_message() -> Any:
    return call_api(browse, "GET", "/messages/out_1")[1]


def seconds_until(time: str) -> float:
    return (to_micros(time) - to_micros(now())) / SECOND


# Reading


def test_a_lane_without_a_rate_has_no_limit(stack: Stack) -> None:
    assert call_api(browse, "GET", "/rates/account") == (
        200,
        {
            "lane": "account",
            "segmentsPerSecond": None,
            "source": "parameter",
            "backlogSeconds": 0.0,
            "waitingSegments": 0,
        },
    )


@pytest.mark.parametrize(
    ("lane", "rate"), [("account", 4), ("campaign:CFZ4QXP", 1.25), (TOLL_FREE, 3), (LANE, 0.5)]
)
def test_the_default_rate_of_a_lane_is_the_parameter_of_its_kind(
    lane: str, rate: float, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_parameters(monkeypatch, ACCOUNT_RATE="4", CAMPAIGN_RATE="1.25", TOLL_FREE_RATE="3", NUMBER_RATE="0.5")

    _, view = call_api(browse, "GET", f"/rates/{lane}")

    assert (view["segmentsPerSecond"], view["source"]) == (rate, "parameter")


def test_the_backlog_of_a_lane_is_shown(stack: Stack) -> None:
    put(LANE, 2)

    reserve(LANE, 41)

    _, view = call_api(browse, "GET", f"/rates/{LANE}")
    assert 19 < view["backlogSeconds"] <= 20.5
    assert 38 <= view["waitingSegments"] <= 40


def test_a_throttled_lane_shows_its_current_rate_and_its_pause(stack: Stack) -> None:
    put("account", 10)
    at = now()

    wiring.pacing().slow_down(get_lane("account"), to_micros(at), wait_seconds=30)

    _, view = call_api(browse, "GET", "/rates/account")
    assert (view["segmentsPerSecond"], view["currentSegmentsPerSecond"]) == (10, 5)
    assert view["slowedAt"] == at
    assert 25 < seconds_until(view["pausedUntil"]) <= 30


def test_the_account_and_the_lanes_that_were_set_are_listed_by_name(stack: Stack) -> None:
    put(LANE, 3)
    put("campaign:CFZ4QXP", 1.25)

    _, page = call_api(browse, "GET", "/rates")

    assert [(item["lane"], item["source"]) for item in page["items"]] == [
        ("account", "parameter"),
        ("campaign:CFZ4QXP", "api"),
        (LANE, "api"),
    ]


def test_the_list_shows_the_backlog_of_each_lane(stack: Stack) -> None:
    put(LANE, 1)
    reserve(LANE, 100)

    account, number = call_api(browse, "GET", "/rates")[1]["items"]

    assert (account["waitingSegments"], number["waitingSegments"] > 90) == (0, True)


# Writing


@pytest.mark.parametrize("rate", [0.001, 1, 1.25, 3, 7, 75, 999, 1000])
def test_a_rate_is_returned_as_it_was_set(rate: float, stack: Stack) -> None:
    status, view = put(LANE, rate)

    assert status == 200
    assert (view["lane"], view["segmentsPerSecond"], view["source"]) == (LANE, rate, "api")
    assert call_api(browse, "GET", f"/rates/{LANE}")[1] == view


def test_a_rate_replaces_the_parameter_until_it_is_null(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_parameters(monkeypatch, NUMBER_RATE="2")
    put(LANE, 5)

    _, view = put(LANE, None)

    assert (view["segmentsPerSecond"], view["source"]) == (2, "parameter")
    assert [item["lane"] for item in call_api(browse, "GET", "/rates")[1]["items"]] == ["account"]


def test_a_raised_rate_applies_to_messages_that_wait(stack: Stack) -> None:
    put(LANE, 1)
    reserve(LANE, 100)

    put(LANE, 10)

    _, view = call_api(browse, "GET", f"/rates/{LANE}")
    assert 9 < view["backlogSeconds"] <= 10


@pytest.mark.parametrize(
    ("written", "lane"),
    [
        ("account", "account"),
        ("campaign:CFZ4QXP", "campaign:CFZ4QXP"),
        ("number:+19102398766", LANE),
        ("number%3A%2B19102398766", LANE),
        ("%2B19102398766", LANE),
        ("9102398766", LANE),
    ],
)
def test_a_lane_is_read_as_people_write_it(written: str, lane: str, stack: Stack) -> None:
    assert put(written, 1)[1]["lane"] == lane
    assert call_api(browse, "GET", f"/rates/{written}")[1]["source"] == "api"


@pytest.mark.parametrize(
    ("lane", "shown"),
    [
        ("accounts", '"accounts" is not a lane.'),
        ("campaign", '"campaign" is not a lane.'),
        ("campaign:cfz4qxp", '"campaign:cfz4qxp" is not a lane.'),
        ("number:12", '"12" is not a phone number.'),
        ("number:", '"" is not a phone number.'),
        ("number%253A%252B19102398766", '"number%3A%2Bxxxxxxx8766" is not a lane.'),
        ("account%00", '"account?" is not a lane.'),
    ],
)
def test_an_unknown_lane_is_a_422_with_the_value_and_the_fix(lane: str, shown: str, stack: Stack) -> None:
    for status, problem in (put(lane, 1), call_api(browse, "GET", f"/rates/{lane}")):
        assert status == 422
        (error,) = problem["errors"]
        assert error["field"] == "lane"
        assert error["detail"].startswith(shown)
        assert "Use account, campaign:CXXXXXX or number:+19195551212." in error["detail"]
    assert stores.lanes().rates() == {}


@pytest.mark.parametrize("rate", [0, -1, 0.0009, 1000.5, 1e300])
def test_a_rate_that_no_lane_can_have_is_a_422_with_the_value_and_the_fix(rate: float, stack: Stack) -> None:
    status, problem = put(LANE, rate)

    assert status == 422
    assert problem["errors"] == [
        {
            "field": "segmentsPerSecond",
            "detail": f"{rate:g} is not a rate. Use 0.001 to 1000 segments per second, or null for the rate "
            "of the stack's parameter.",
        }
    ]


@pytest.mark.parametrize("rate", ["1.25", True, [1], {}])
def test_a_rate_that_is_not_a_number_is_a_422(rate: Any, stack: Stack) -> None:
    status, problem = put(LANE, rate)

    assert (status, problem["errors"][0]["field"]) == (422, "segmentsPerSecond")


def test_a_body_without_a_rate_changes_nothing(stack: Stack) -> None:
    assert call_api(set_rate, "PUT", f"/rates/{LANE}", body={})[0] == 422
    assert stores.lanes().rates() == {}


# Messages that wait


def test_a_message_is_expected_at_its_slot(stack: Stack) -> None:
    put(LANE, 1)
    reserve(LANE, 60)
    add_message(tickets={LANE: reserve(LANE, 1)}, expected_at=now(), waiting=Waiting.RATE)

    shown = get_message()

    assert shown["waiting"] == "rate"
    assert 58 < seconds_until(shown["expectedAt"]) <= 60


def test_a_slower_lane_delays_the_expected_time(stack: Stack) -> None:
    put(LANE, 1)
    reserve(LANE, 60)
    add_message(tickets={LANE: reserve(LANE, 1)}, expected_at=now(), waiting=Waiting.RATE)

    put(LANE, 0.5)

    assert 115 < seconds_until(get_message()["expectedAt"]) <= 120


def test_a_message_also_waits_for_the_backlog_of_the_account(stack: Stack) -> None:
    put(LANE, 10)
    put("account", 1)
    reserve("account", 61)

    add_message(tickets={LANE: reserve(LANE, 1)}, expected_at=now(), waiting=Waiting.RATE)

    assert 58 < seconds_until(get_message()["expectedAt"]) <= 61


def test_messages_that_were_accepted_later_do_not_delay_the_expected_time(stack: Stack) -> None:
    put(LANE, 10)
    put("account", 1)
    reserve("account", 61)
    expected = to_rfc3339((datetime.now(UTC) + timedelta(seconds=60)).isoformat())
    add_message(tickets={LANE: reserve(LANE, 1)}, expected_at=expected, waiting=Waiting.RATE)

    reserve("account", 600)

    assert get_message()["expectedAt"] == expected


def test_a_late_message_is_expected_now(stack: Stack) -> None:
    add_message(tickets={LANE: Ticket(TrackName.NORMAL, 0, 1)}, expected_at="2026-01-01T00:00:00.000Z")

    assert abs(seconds_until(get_message()["expectedAt"])) < 5


def test_a_scheduled_message_is_expected_at_its_stored_time(stack: Stack) -> None:
    later = "2036-01-01T00:00:00.000Z"
    add_message(due_at=later, expected_at=later, waiting=Waiting.SCHEDULED)

    shown = get_message()

    assert (shown["expectedAt"], shown["waiting"]) == (later, "scheduled")


def test_nothing_is_expected_of_a_message_without_a_rate(stack: Stack) -> None:
    add_message()

    assert not {"expectedAt", "waiting"} & get_message().keys()


def test_a_claimed_message_is_no_longer_expected(stack: Stack) -> None:
    add_message(tickets={LANE: Ticket(TrackName.NORMAL, 0, 1)}, expected_at=now(), waiting=Waiting.RATE)

    stores.claims().claim("out_1", now())

    assert not {"expectedAt", "waiting"} & get_message().keys()


def test_a_list_shows_the_stored_times(stack: Stack) -> None:
    at = now()
    add_message(tickets={LANE: Ticket(TrackName.NORMAL, 0, 1)}, expected_at=at, waiting=Waiting.RATE)

    _, page = call_api(browse, "GET", "/messages", query={"number": OWN_NUMBER})

    assert [(item["expectedAt"], item["waiting"]) for item in page["items"]] == [(at, "rate")]
