"""Simulations of `expectedAt`: how close the time estimated at acceptance is to the time of the send.

A lane's load is known from the last worker that had a message of it, about a second ago.
"""

import pytest

from bandwidth_messaging.domain.lanes import SECOND, to_interval
from tests.functions.messages.test_pacing_simulation import ACCOUNT, Simulation, Text
from tests.functions.messages.test_pacing_simulation import (
    simulation as simulation,  # noqa: PLC0414 - a fixture
)

SENDERS = [f"+1919555{position:04}" for position in range(1, 6)]


def limit(simulation: Simulation, *rates: float) -> None:
    """Give each sender a rate in segments per second. The account has 10."""
    simulation.rates.update(
        {f"number:{sender}": to_interval(rate) for sender, rate in zip(SENDERS, rates, strict=False)}
    )


def burst(sizes: dict[str, int], seconds: float) -> list[Text]:
    """Return texts that are accepted at a constant pace, so many of each sender."""
    return [
        Text(int(position * seconds * SECOND / size), sender)
        for sender, size in sizes.items()
        for position in range(size)
    ]


def check_estimates(texts: list[Text]) -> None:
    """Check that each wait was estimated within 10 %, or within two seconds."""
    estimated = [(text.expected - text.accepted) / SECOND for text in texts]
    actual = [(text.sent - text.accepted) / SECOND for text in texts]

    assert estimated == [pytest.approx(wait, rel=0.1, abs=2) for wait in actual]


@pytest.mark.parametrize("jitter", [0.0, 1.0])
def test_after_a_burst_on_five_lanes_texts_know_their_wait_for_the_account(
    simulation: Simulation, jitter: float
) -> None:
    limit(simulation, 4, 4, 4, 4, 4)
    texts = burst(dict.fromkeys(SENDERS, 400), seconds=1)
    later = [Text(second * SECOND, SENDERS[second % 5]) for second in range(3, 150, 3)]

    simulation.run(texts + later, jitter=jitter)

    # At 4 a second, the last text of the burst would be sent after 100 s.
    assert max(text.sent for text in texts) >= 195 * SECOND
    check_estimates(later)


def test_while_five_lanes_fill_texts_know_their_wait_for_the_account(simulation: Simulation) -> None:
    limit(simulation, 4, 4, 4, 4, 4)
    texts = burst(dict.fromkeys(SENDERS, 400), seconds=40)

    simulation.run(texts)

    check_estimates([text for text in texts if text.accepted > 12 * SECOND])


def test_lanes_that_end_at_different_times_are_counted_until_their_ends(simulation: Simulation) -> None:
    limit(simulation, 2, 8, 5)
    texts = burst({SENDERS[0]: 600, SENDERS[1]: 300, SENDERS[2]: 400}, seconds=1)
    later = [Text(second * SECOND, SENDERS[second % 3]) for second in range(3, 120, 2)]

    simulation.run(texts + later)

    check_estimates(later)


def test_an_account_that_is_faster_than_its_lanes_adds_no_wait(simulation: Simulation) -> None:
    limit(simulation, 2, 2)
    texts = burst(dict.fromkeys(SENDERS[:2], 300), seconds=6)

    simulation.run(texts)

    assert max(abs(text.sent - text.expected) for text in texts) <= 2 * SECOND


def test_texts_without_a_lane_of_their_own_wait_only_for_those_before_them(simulation: Simulation) -> None:
    limit(simulation, 4, 4, 4, 4, 4)
    texts = burst(dict.fromkeys(SENDERS, 300), seconds=1)
    others = [Text(second * SECOND, ACCOUNT) for second in range(5, 60, 5)]

    simulation.run(texts + others)

    check_estimates(others)


def test_texts_are_refused_once_they_would_wait_longer_than_the_deadline(simulation: Simulation) -> None:
    limit(simulation, 4, 4, 4, 4, 4)
    texts = burst(dict.fromkeys(SENDERS, 800), seconds=80)

    simulation.run(texts, deadline=100)

    accepted = [text for text in texts if not text.is_refused]
    assert max(text.sent - text.accepted for text in accepted) <= 1.05 * 100 * SECOND
    # Those of the first 80 s that fit, and not fewer.
    assert len(accepted) >= 0.95 * 10 * (80 + 100)
