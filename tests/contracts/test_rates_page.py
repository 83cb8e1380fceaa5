"""The figures of docs/rates.md follow from the rates, and from the code."""

import math
import re
from itertools import count

import pytest

from bandwidth_messaging.domain.lanes import MAX_SLEEP, SECOND, queue_delay
from bandwidth_messaging.domain.rate_requests import MAX_RATE, MIN_RATE
from tests.template import ROOT, template

PAGE = (ROOT / "docs" / "rates.md").read_text()
COLUMNS = {"1 minute": 60, "15 minutes": 900, "1 hour": 3600, "4 hours": 14_400}
WAITS = {"1 minute": 60, "10 minutes": 600, "1 hour": 3600, "4 hours": 14_400}


def rows(header: str) -> list[list[str]]:
    """Return the cells of the table with this header, row by row."""
    table = PAGE.partition(f"\n{header}\n")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[1:]]


def test_the_texts_of_a_registration_follow_from_its_rate() -> None:
    table = rows(f"| Registration | Segments a second | {' | '.join(COLUMNS)} | Source |")

    assert len(table) == 6
    for _, rate, *texts, _ in table:
        assert texts == [f"{float(rate) * seconds:,.0f}" for seconds in COLUMNS.values()]


def test_the_workers_follow_from_the_rate() -> None:
    table = rows("| Segments a second, texts of one segment | `SendConcurrency` |")

    assert len(table) == 5
    for rate, workers in table:
        assert int(workers) == math.ceil(1.5 * float(rate))


def test_the_looks_of_a_wait_follow_from_the_delays_of_the_queue() -> None:
    assert {wait: int(checks) for wait, checks in rows("| Wait | Checks |")} == {
        wait: count_checks(seconds) for wait, seconds in WAITS.items()
    }


def count_checks(seconds: int) -> int:
    """Count the deliveries of a message before it is due. POST /messages queues it first."""
    left = seconds * SECOND
    for checks in count(-1):
        if left <= MAX_SLEEP:
            return max(0, checks)
        left -= queue_delay(left) * SECOND
    raise AssertionError


@pytest.mark.parametrize(
    "name",
    ["AccountRate", "CampaignRate", "TollFreeRate", "NumberRate", "HighPriorityShare", "BacklogPolicy"],
)
def test_every_rate_parameter_is_explained(name: str) -> None:
    assert name in template()["Parameters"]
    assert re.search(rf"^\| `{name}` \| .+ \|$", PAGE, re.MULTILINE)


def test_the_page_says_which_rates_can_be_set() -> None:
    assert f"A rate is from {MIN_RATE} to {MAX_RATE}" in PAGE
