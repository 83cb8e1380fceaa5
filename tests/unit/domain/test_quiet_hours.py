"""Quiet hours in the recipients' time zones."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from phonenumbers.tzdata import TIMEZONE_DATA

from bandwidth_messaging.domain.quiet_hours import QuietHours, find_time_zones

NEW_YORK, PHOENIX, LONDON = "+19195551234", "+16025551234", "+442071234567"
# Area code 208: Boise, and the north of Idaho in the zone of Los Angeles.
IDAHO = "+12085551234"
TOLL_FREE = "+18005551234"


def quiet(written: str = "21:00-08:00") -> QuietHours:
    hours = QuietHours.parse(written)
    assert hours is not None
    return hours


def at(written: str) -> datetime:
    return datetime.fromisoformat(written)


@pytest.mark.parametrize("written", ["", "21:00-21:00"])
def test_an_empty_range_means_no_quiet_hours(written: str) -> None:
    assert QuietHours.parse(written) is None


@pytest.mark.parametrize("written", ["21-08", "24:00-08:00", "21:00-08:60", "21:00", " 21:00-08:00"])
def test_another_text_is_an_error_with_the_value_and_the_form(written: str) -> None:
    with pytest.raises(ValueError, match=r"is not a range of hours\. Use HH:MM-HH:MM"):
        QuietHours.parse(written)


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        ("2026-01-10T20:59:59-05:00", "2026-01-10T20:59:59-05:00"),
        ("2026-01-10T21:00:00-05:00", "2026-01-11T08:00:00-05:00"),
        ("2026-01-11T00:30:00-05:00", "2026-01-11T08:00:00-05:00"),
        ("2026-01-11T07:59:59-05:00", "2026-01-11T08:00:00-05:00"),
        ("2026-01-11T08:00:00-05:00", "2026-01-11T08:00:00-05:00"),
    ],
)
def test_quiet_hours_over_midnight_end_in_the_morning(moment: str, end: str) -> None:
    assert quiet().end_for([NEW_YORK], at(moment)) == at(end)


def test_quiet_hours_within_a_day_end_on_the_same_day() -> None:
    end = quiet("12:00-14:30").end_for([LONDON], at("2026-01-10T13:00:00+00:00"))

    assert end == at("2026-01-10T14:30:00+00:00")


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        # The clock skips from 2:00 to 3:00 on 8 March, and shows 1:00 to 2:00 twice on 1 November.
        ("2026-03-07T21:30:00-05:00", "2026-03-08T08:00:00-04:00"),
        ("2026-10-31T21:30:00-04:00", "2026-11-01T08:00:00-05:00"),
    ],
)
def test_quiet_hours_end_by_the_local_clock_when_it_changes(moment: str, end: str) -> None:
    assert quiet().end_for([NEW_YORK], at(moment)) == at(end)


def test_an_end_that_the_local_clock_skips_is_an_hour_later() -> None:
    end = quiet("21:00-02:30").end_for([NEW_YORK], at("2026-03-07T23:00:00-05:00"))

    assert end == at("2026-03-08T03:30:00-04:00")


def test_an_end_that_the_local_clock_shows_twice_counts_each_time() -> None:
    first, second = at("2026-11-01T01:30:00-04:00"), at("2026-11-01T01:30:00-05:00")

    assert quiet("21:00-01:30").end_for([NEW_YORK], first - timedelta(minutes=1)) == first
    assert quiet("21:00-01:30").end_for([NEW_YORK], second - timedelta(minutes=20)) == second


def test_arizona_has_no_daylight_saving_time() -> None:
    moment = "2026-07-10T22:00:00-07:00"

    assert quiet().end_for([PHOENIX], at(moment)) == at("2026-07-11T08:00:00-07:00")


def test_a_number_with_several_zones_waits_for_the_last_of_them() -> None:
    # 8:10 in Boise, 7:10 in Los Angeles.
    assert quiet().end_for([IDAHO], at("2026-01-10T15:10:00Z")) == at("2026-01-10T16:00:00Z")
    # 21:10 in Boise, 20:10 in Los Angeles.
    assert quiet().end_for([IDAHO], at("2026-01-11T04:10:00Z")) == at("2026-01-11T16:00:00Z")


def test_a_group_message_waits_for_all_recipients() -> None:
    # 8:30 in New York, 6:30 in Phoenix.
    assert quiet().end_for([NEW_YORK, PHOENIX], at("2026-01-10T13:30:00Z")) == at("2026-01-10T15:00:00Z")


def test_a_toll_free_number_waits_until_no_zone_of_its_country_code_is_quiet() -> None:
    end = quiet().end_for([TOLL_FREE], at("2026-01-10T13:30:00Z"))

    local = {end.astimezone(ZoneInfo(zone)).hour for zone in find_time_zones(TOLL_FREE)}

    assert {"America/New_York", "Pacific/Honolulu", "Pacific/Guam"} <= set(find_time_zones(TOLL_FREE))
    assert all(8 <= hour < 21 for hour in local)


def test_if_each_time_is_quiet_somewhere_the_fewest_zones_are_quiet() -> None:
    start = at("2026-01-10T00:00:00Z")

    end = quiet("12:00-11:00").end_for([NEW_YORK, PHOENIX], start)

    # New York is quiet except from 11:00 to 12:00, when it is 9:00 to 10:00 in Phoenix.
    assert end in {at("2026-01-10T16:00:00Z"), at("2026-01-10T18:00:00Z")}
    assert start < end < start + timedelta(days=2)


@pytest.mark.parametrize("written", ["20:00-09:00", "12:00-11:00", "00:00-23:59"])
@pytest.mark.parametrize("recipients", [[TOLL_FREE], [NEW_YORK, LONDON], [NEW_YORK, PHOENIX]])
def test_a_message_that_waits_for_the_end_is_not_postponed_again(written: str, recipients: list[str]) -> None:
    for hour in range(24):
        end = quiet(written).end_for(recipients, datetime(2026, 7, 10, hour, 30, tzinfo=UTC))

        assert quiet(written).end_for(recipients, end) == end


@pytest.mark.parametrize("number", ["+99912345678", "+8835100123456"])
def test_a_number_of_no_country_is_in_utc(number: str) -> None:
    assert find_time_zones(number) == ("UTC",)
    assert quiet().end_for([number], at("2026-01-10T22:00:00Z")) == at("2026-01-11T08:00:00Z")


def test_a_number_that_the_library_cannot_classify_is_in_the_zones_of_its_area() -> None:
    # Too short for Australia.
    assert find_time_zones("+6121234567") == ("Australia/Sydney",)


def test_the_zone_data_has_every_zone_of_the_library() -> None:
    known = {zone for zones in TIMEZONE_DATA.values() for zone in zones}

    moment = datetime(2026, 1, 10, tzinfo=UTC)

    assert all(moment.astimezone(ZoneInfo(zone)).utcoffset() is not None for zone in known)
