"""Times: one form, so that text order is time order."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandwidth_messaging.domain.times import now, to_rfc3339

moments = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours))),
)


def test_now_returns_the_current_time_in_utc_with_milliseconds() -> None:
    written = now()

    assert len(written) == len("2026-01-31T12:00:00.000Z")
    assert written.endswith("Z")
    assert abs(datetime.fromisoformat(written) - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("written", "converted"),
    [
        ("2026-02-03T04:05:06Z", "2026-02-03T04:05:06.000Z"),
        ("2026-02-03T04:05:06.7Z", "2026-02-03T04:05:06.700Z"),
        ("2026-02-03T04:05:06.789Z", "2026-02-03T04:05:06.789Z"),
        ("2026-02-03T04:05:06.789999Z", "2026-02-03T04:05:06.789Z"),
        ("2026-02-03T04:05:06+0200", "2026-02-03T02:05:06.000Z"),
        ("2026-02-03T04:05:06", "2026-02-03T04:05:06.000Z"),
    ],
)
def test_times_of_bandwidth_are_converted_to_one_format(written: str, converted: str) -> None:
    assert to_rfc3339(written) == converted
    assert to_rfc3339(converted) == converted


@pytest.mark.parametrize(
    "written", ["", "yesterday", "2026-02-03T14-12-57.840Z", "1763800000", "2026-13-01T00:00:00Z"]
)
def test_text_that_is_not_a_time_raises_value_error(written: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|month"):
        to_rfc3339(written)


@given(moments, moments)
def test_alphabetical_order_is_time_order_to_the_millisecond(first: datetime, second: datetime) -> None:
    early, late = sorted([first, second])
    assert to_rfc3339(early.isoformat()) <= to_rfc3339(late.isoformat())
    if late - early >= timedelta(milliseconds=1):
        assert to_rfc3339(early.isoformat()) < to_rfc3339(late.isoformat())
