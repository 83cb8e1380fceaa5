"""Which of a person's statements counts, and who reported a statement."""

from itertools import permutations
from typing import Any

import pytest

from bandwidth_messaging.domain.opt_outs import get_source, select_current

OURS, THEIRS, OTHERS = "+19195551212", "+19195551213", "+19195551214"
EARLIER, AT, SAME_SECOND, LATER = (
    "2026-02-03T04:05:05.000Z",
    "2026-02-03T04:05:06.000Z",
    "2026-02-03T04:05:06.900Z",
    "2026-02-03T04:05:07.000Z",
)


def statement(ours: str, state: str, since: str, theirs: str = THEIRS) -> dict[str, Any]:
    return {"ours": ours, "theirs": theirs, "optOutState": state, "since": since, "keyword": "word"}


@pytest.mark.parametrize(
    ("number", "stack", "expected"),
    [
        (("out", AT), ("in", LATER), []),
        (("out", LATER), ("in", AT), [OURS]),
        (("in", LATER), ("out", AT), []),
        (("in", EARLIER), ("out", AT), ["*"]),
        (("out", AT), ("in", SAME_SECOND), [OURS]),
        (("in", SAME_SECOND), ("out", AT), ["*"]),
        (("out", AT), ("out", LATER), ["*"]),
        (("in", AT), ("in", LATER), []),
    ],
)
def test_the_later_statement_about_a_number_or_all_numbers_decides(
    number: tuple[str, str], stack: tuple[str, str], expected: list[str]
) -> None:
    statements = [statement(OURS, *number), statement("*", *stack)]

    for order in permutations(statements):
        assert [item["ours"] for item in select_current(order)] == expected


def test_each_person_is_decided_for_itself() -> None:
    current = select_current([statement(OURS, "out", AT), statement(OURS, "out", AT, theirs=OTHERS)])

    assert [item["theirs"] for item in current] == [THEIRS, OTHERS]


@pytest.mark.parametrize(
    ("item", "source"),
    [
        ({"keyword": "stop"}, "text"),
        ({"keyword": "4475"}, "carrier"),
        ({"keyword": "4475", "source": "import"}, "import"),
    ],
)
def test_a_statement_of_an_earlier_version_has_a_source(item: dict[str, Any], source: str) -> None:
    assert get_source(item) == source
