"""The choice of a pool's number: stable, in proportion to the rates, and only among the candidates."""

from collections import Counter

import pytest

from bandwidth_messaging.domain.pools import Candidate, choose_number, has_left, is_pool_name
from bandwidth_messaging.domain.problems import InvalidInput
from bandwidth_messaging.domain.sending import NewMessage
from bandwidth_messaging.domain.validation import parse

RECIPIENTS = [f"+1919{number:07}" for number in range(2_000_000, 2_010_000)]
SECOND = 1_000_000


def number(last: int) -> str:
    return f"+1910555{last:04}"


def unlimited(count: int) -> list[Candidate]:
    """Return numbers without a rate."""
    return [Candidate(number(last), f"number:{number(last)}", None) for last in range(count)]


def choose_all(candidates: list[Candidate]) -> dict[str, str]:
    return {recipient: choose_number(candidates, [recipient]) for recipient in RECIPIENTS}


def share(chosen: dict[str, str], *numbers: str) -> float:
    counts = Counter(chosen.values())
    return sum(counts[each] for each in numbers) / len(chosen)


def test_the_same_recipients_always_get_the_same_number_in_any_order() -> None:
    candidates = unlimited(5)
    group = RECIPIENTS[:3]

    assert choose_number(candidates, group) == choose_number(candidates[::-1], group[::-1])


def test_numbers_without_a_rate_get_equal_shares() -> None:
    chosen = choose_all(unlimited(4))

    for each in unlimited(4):
        assert share(chosen, each.number) == pytest.approx(0.25, abs=0.02)


def test_a_number_with_twice_the_rate_gets_twice_the_recipients() -> None:
    fast, slow = Candidate(number(1), "number:fast", SECOND // 2), Candidate(number(2), "number:slow", SECOND)

    assert share(choose_all([fast, slow]), fast.number) == pytest.approx(2 / 3, abs=0.02)


def test_a_number_without_a_rate_weighs_as_much_as_the_fastest() -> None:
    fast, slow = Candidate(number(1), "number:fast", SECOND // 2), Candidate(number(2), "number:slow", SECOND)
    free = Candidate(number(3), "number:free", None)

    assert share(choose_all([fast, slow, free]), free.number) == pytest.approx(0.4, abs=0.02)


def test_the_numbers_of_a_campaign_share_its_rate() -> None:
    first, second = (Candidate(number(last), "campaign:CFZ4QXP", SECOND) for last in (1, 2))
    other = Candidate(number(3), "campaign:CABC123", SECOND)

    chosen = choose_all([first, second, other])

    assert share(chosen, other.number) == pytest.approx(0.5, abs=0.02)
    assert share(chosen, first.number) == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("lane", ["campaign:CFZ4QXP", None])
def test_only_the_recipients_of_a_number_that_leaves_move(lane: str | None) -> None:
    candidates = [Candidate(number(last), lane or f"number:{number(last)}", SECOND) for last in range(10)]
    gone = candidates[3].number

    before, after = choose_all(candidates), choose_all([each for each in candidates if each.number != gone])

    assert all(before[each] == after[each] for each in RECIPIENTS if before[each] != gone)
    assert gone not in after.values()


def test_a_new_number_takes_its_share_and_moves_no_others() -> None:
    before, after = choose_all(unlimited(9)), choose_all(unlimited(10))

    moved = {each for each in RECIPIENTS if before[each] != after[each]}
    assert {after[each] for each in moved} == {number(9)}
    assert len(moved) / len(RECIPIENTS) == pytest.approx(0.1, abs=0.02)


def test_the_number_of_the_last_conversation_comes_first() -> None:
    candidates = unlimited(5)

    assert {
        choose_number(candidates, [each], last_number=number(2), match_area_code=True)
        for each in RECIPIENTS[:100]
    } == {number(2)}


def test_a_last_number_that_is_no_candidate_is_never_chosen() -> None:
    candidates = unlimited(5)

    assert choose_number(candidates, RECIPIENTS[:1], last_number=number(77)) == choose_number(
        candidates, RECIPIENTS[:1]
    )


def test_the_area_code_comes_before_the_hash_if_asked() -> None:
    local = Candidate("+19195550100", "number:local", SECOND * 60)
    candidates = [*unlimited(20), local]

    with_area = {choose_number(candidates, [each], match_area_code=True) for each in RECIPIENTS[:100]}

    assert with_area == {local.number}
    assert len({choose_number(candidates, [each]) for each in RECIPIENTS[:100]}) > 10


@pytest.mark.parametrize(
    "recipients",
    [
        ["+12125550100"],
        ["+19195550101", "+12125550100"],
        ["+442079460958"],
        ["+19195550101", "+442079460958"],
    ],
)
def test_without_a_common_area_code_every_number_is_a_candidate(recipients: list[str]) -> None:
    candidates = [*unlimited(5), Candidate("+19195550100", "number:local", None)]

    assert choose_number(candidates, recipients, match_area_code=True) == choose_number(
        candidates, recipients
    )


def test_a_number_leaves_when_its_release_begins_after_the_pool_got_its_numbers() -> None:
    updated = "2026-11-22T09:30:00.000Z"

    assert has_left({"releasingAt": "2026-11-22T09:30:00.001Z"}, updated)
    assert has_left({"releasedAt": updated}, updated)
    assert not has_left({"releasingAt": "2026-11-22T09:29:59.999Z", "releasedAt": ""}, updated)
    assert not has_left({"activeAt": "2026-12-01T00:00:00.000Z"}, updated)


@pytest.mark.parametrize("name", ["a", "Reminders_2026-eu", "x" * 64])
def test_a_name_of_a_pool(name: str) -> None:
    assert is_pool_name(name)
    assert parse(NewMessage, {"from": name, "to": "+19195551234", "text": "Hi"}).pool == name


@pytest.mark.parametrize(
    "name", ["", "1", "9195551212", "919-555-1212", "-a", "_a", "a b", "a/b", "a\n", "é", "x" * 65, "+1919"]
)
def test_no_name_of_a_pool(name: str) -> None:
    assert not is_pool_name(name)


def test_a_wrong_sender_is_told_from_a_pool() -> None:
    with pytest.raises(
        InvalidInput,
        match=r'from: "a b" is not a phone number.*Or give the name of a pool: a letter',
    ):
        parse(NewMessage, {"from": "a b", "to": "+19195551234", "text": "Hi"})


def test_a_message_from_a_number_names_no_pool() -> None:
    assert parse(NewMessage, {"from": "919-555-1212", "to": "+19195551234", "text": "Hi"}).pool is None
