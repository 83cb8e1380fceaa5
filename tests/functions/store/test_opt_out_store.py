"""Opt-outs: the latest statement counts, and only current opt-outs are listed."""

from itertools import count, permutations
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.store.dynamodb import Table
from bandwidth_messaging.store.keys import opt_out_key
from bandwidth_messaging.store.number_store import Numbers
from bandwidth_messaging.store.opt_out_store import OptOuts

OURS, THEIRS, OTHERS = "+19195551212", "+19195551213", "+19195551214"
AT, LATER = "2026-02-03T04:05:06.000Z", "2026-02-03T04:05:07.000Z"
_numbers = count(5550000)
HOME = Home(api="v2", customer_order_id="order-1", site_id="743")


@pytest.fixture
def opt_outs(numbers_table: Table) -> OptOuts:
    return OptOuts(numbers_table)


def stop(
    opt_outs: OptOuts, theirs: str = THEIRS, at: str = AT, *, ours: str = OURS, word: str = "stop"
) -> None:
    opt_outs.record(ours, theirs, opted_out=True, keyword=word, at=at)


def start(opt_outs: OptOuts, theirs: str = THEIRS, at: str = LATER, *, ours: str = OURS) -> None:
    opt_outs.record(ours, theirs, opted_out=False, keyword="start", at=at)


def opted_out(opt_outs: OptOuts, ours: str = OURS, theirs: tuple[str, ...] = (THEIRS,)) -> list[str]:
    return [item["theirs"] for item in opt_outs.get_send_facts(ours, theirs).opt_outs]


def listed(opt_outs: OptOuts, ours: str = OURS) -> list[str]:
    return [item["theirs"] for item in opt_outs.list_by_number(ours, limit=100).items]


# Recording


def test_an_opt_out_has_both_numbers_time_and_keyword(opt_outs: OptOuts, numbers_table: Table) -> None:
    stop(opt_outs)
    assert numbers_table.get(opt_out_key(OURS, THEIRS)) == {
        "pk": f"OPT_OUT#{OURS}#{THEIRS}",
        "ours": OURS,
        "theirs": THEIRS,
        "optOutState": "out",
        "optedOutOf": OURS,
        "keyword": "stop",
        "since": AT,
        "source": "text",
    }


def test_an_opt_out_applies_to_one_pair_of_numbers(opt_outs: OptOuts) -> None:
    stop(opt_outs)

    assert opted_out(opt_outs, OURS, (THEIRS, OTHERS)) == [THEIRS]
    assert opted_out(opt_outs, OTHERS, (THEIRS,)) == []
    assert opted_out(opt_outs, THEIRS, (OURS,)) == []


def test_an_opt_in_removes_the_record_from_the_list(opt_outs: OptOuts, numbers_table: Table) -> None:
    stop(opt_outs)
    start(opt_outs)
    assert opted_out(opt_outs) == listed(opt_outs) == []
    kept = numbers_table.get(opt_out_key(OURS, THEIRS))

    assert kept is not None
    assert (kept["optOutState"], kept["keyword"], kept["since"]) == ("in", "start", LATER)
    assert "optedOutOf" not in kept


def test_a_second_opt_out_has_the_later_time(opt_outs: OptOuts) -> None:
    stop(opt_outs)
    start(opt_outs)

    stop(opt_outs, at="2026-02-03T04:05:08.000Z", word="quit")

    (item,) = opt_outs.get_send_facts(OURS, [THEIRS]).opt_outs
    assert (item["keyword"], item["since"]) == ("quit", "2026-02-03T04:05:08.000Z")
    assert listed(opt_outs) == [THEIRS]


def test_an_older_statement_that_arrives_late_is_ignored(opt_outs: OptOuts) -> None:
    start(opt_outs, at=LATER)
    stop(opt_outs, at=AT)
    assert opted_out(opt_outs) == []
    stop(opt_outs, OTHERS, at=LATER)

    start(opt_outs, OTHERS, at=AT)

    assert opted_out(opt_outs, theirs=(OTHERS,)) == [OTHERS]


def test_a_repeated_statement_changes_nothing(opt_outs: OptOuts, numbers_table: Table) -> None:
    stop(opt_outs)
    before = numbers_table.get(opt_out_key(OURS, THEIRS))

    stop(opt_outs, word="quit")

    assert numbers_table.get(opt_out_key(OURS, THEIRS)) == before


@pytest.mark.parametrize(
    ("start_at", "stop_at"),
    [
        ("2026-02-03T04:05:06.000Z", "2026-02-03T04:05:06.000Z"),
        # V1 cuts a time to its second: this stop may have been written after the start.
        ("2026-02-03T04:05:06.300Z", "2026-02-03T04:05:06.000Z"),
        ("2026-02-03T04:05:06.000Z", "2026-02-03T04:05:06.300Z"),
    ],
)
@pytest.mark.parametrize("order", [*permutations(range(3))], ids=str)
def test_an_opt_out_wins_over_an_opt_in_of_the_same_second(
    opt_outs: OptOuts, start_at: str, stop_at: str, order: tuple[int, ...]
) -> None:
    ours = f"+1919{next(_numbers)}"
    writes = [
        lambda: stop(opt_outs, ours=ours, at="2026-02-03T04:05:05.000Z"),
        lambda: start(opt_outs, ours=ours, at=start_at),
        lambda: stop(opt_outs, ours=ours, at=stop_at, word="quit"),
    ]

    for position in order:
        writes[position]()

    assert opted_out(opt_outs, ours) == listed(opt_outs, ours) == [THEIRS]

    (item,) = opt_outs.get_send_facts(ours, [THEIRS]).opt_outs
    assert (item["keyword"], item["since"]) == ("quit", stop_at)


def test_an_opt_in_of_the_next_second_ends_an_opt_out(opt_outs: OptOuts) -> None:
    stop(opt_outs, at="2026-02-03T04:05:06.999Z")
    start(opt_outs, at="2026-02-03T04:05:07.000Z")

    assert opted_out(opt_outs) == []


STATEMENTS = st.tuples(
    st.booleans(),
    st.sampled_from(["stop", "quit", "start", "4475"]),
    st.builds("2026-02-03T04:05:0{}.{}Z".format, st.integers(6, 8), st.sampled_from(["000", "300", "600"])),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(statements=st.lists(STATEMENTS, min_size=1, max_size=5), data=st.data())
def test_the_latest_statement_counts_in_any_order(
    opt_outs: OptOuts,
    numbers_table: Table,
    statements: list[tuple[bool, str, str]],
    data: st.DataObject,
) -> None:
    ours = f"+1919{next(_numbers)}"
    repeated = data.draw(st.lists(st.sampled_from(statements), max_size=2))
    for opts_out, word, at in data.draw(st.permutations([*statements, *repeated])):
        opt_outs.record(ours, THEIRS, opted_out=opts_out, keyword=word, at=at)

    # The latest second decides, in it an opt-out, then the exact time, then the keyword.
    is_out, keyword, since = max(statements, key=lambda each: (each[2][:19], each[0], each[2], each[1]))
    item = numbers_table.get(opt_out_key(ours, THEIRS))
    assert item is not None
    state = "out" if is_out else "in"
    assert (item["optOutState"], item["keyword"], item["since"]) == (state, keyword, since)
    assert opted_out(opt_outs, ours) == listed(opt_outs, ours) == ([THEIRS] if is_out else [])


# Listing


def test_a_numbers_opt_outs_are_listed_page_by_page(opt_outs: OptOuts) -> None:
    theirs = [f"+191955513{number:02}" for number in range(5)]
    for each in theirs:
        stop(opt_outs, each)
    stop(opt_outs, ours=OTHERS)
    start(opt_outs, theirs[2])
    seen: list[str] = []
    start_key: dict[str, Any] | None = None
    for _ in range(3):
        page = opt_outs.list_by_number(OURS, limit=2, start=start_key)
        seen += [item["theirs"] for item in page.items]
        start_key = page.next_key
        if start_key is None:
            break

    assert seen == [*theirs[:2], *theirs[3:]]
    assert start_key is None


def test_a_number_without_opt_outs_has_an_empty_list(opt_outs: OptOuts) -> None:
    assert opt_outs.list_by_number(OURS, limit=10) == ([], None)


def test_opt_outs_are_no_numbers(opt_outs: OptOuts, numbers: Numbers) -> None:
    stop(opt_outs)

    numbers.activate(OURS, HOME, AT)

    assert [item["pk"] for item in numbers.list_by_state("active", limit=10).items] == [f"NUMBER#{OURS}"]
    assert [item["pk"] for item in numbers.list_by_order("order-1", limit=10).items] == [f"NUMBER#{OURS}"]
    assert listed(opt_outs) == [THEIRS]


# Before sending


def test_the_sender_and_its_opt_outs_are_read_in_one_call(
    opt_outs: OptOuts, numbers: Numbers, numbers_table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers.activate(OURS, HOME, AT)
    group = [f"+191955513{number:02}" for number in range(10)]
    for each in group[3:5]:
        stop(opt_outs, each)
    start(opt_outs, group[4])
    client = numbers_table._client
    asked = Mock(wraps=client.batch_get_item)
    monkeypatch.setattr(client, "batch_get_item", asked)
    sender, out, *_ = opt_outs.get_send_facts(OURS, group)
    assert sender == numbers.get(OURS)
    assert [item["theirs"] for item in out] == [group[3]]
    asked.assert_called_once()

    assert asked.call_args.kwargs["RequestItems"][numbers_table.name]["ConsistentRead"] is True


def test_an_unknown_sender_with_opt_outs_is_none(opt_outs: OptOuts) -> None:
    assert opt_outs.get_send_facts(OURS, [THEIRS])[:2] == (None, [])
    stop(opt_outs)

    sender, out, *_ = opt_outs.get_send_facts(OURS, [THEIRS])
    assert sender is None
    assert [item["theirs"] for item in out] == [THEIRS]


def test_a_recipient_that_is_our_number_is_not_the_sender(opt_outs: OptOuts, numbers: Numbers) -> None:
    numbers.activate(THEIRS, HOME, AT)
    assert opt_outs.get_send_facts(OURS, [THEIRS, OURS])[:2] == (None, [])
