"""Orders: their ids, and when one has ended."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandwidth_messaging.domain.orders import OrderStatus, build_customer_order_id, is_customer_order_id

# What Step Functions takes as an execution's name: up to 80 characters, none of these.
execution_names = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x2FFF, exclude_characters='<>{}[]?*"#%\\^|~`$&,;:/ '),
    min_size=1,
    max_size=80,
)


@pytest.mark.parametrize(
    "name", ["demo-2026-11", "a", "0f8fad5b-d9cb-469f-a165-70867728950e", "A b-C 9", "x" * 40]
)
def test_a_name_that_bandwidth_takes_is_the_customer_order_id(name: str) -> None:
    assert is_customer_order_id(name)
    assert build_customer_order_id(name) == name


@pytest.mark.parametrize("name", ["", "x" * 41, "a_b", "a.b", "a/b", "äb", "a\nb", "a\n", "a\tb", "٣"])
def test_a_name_that_bandwidth_refuses_is_none(name: str) -> None:
    assert not is_customer_order_id(name)


def test_a_name_that_bandwidth_refuses_becomes_one_that_is_still_recognised() -> None:
    made = build_customer_order_id("nightly_run.2026-11-22 (second)")
    assert is_customer_order_id(made)
    assert made.startswith("nightly-run-2026-11-22")


@given(execution_names)
def test_every_execution_has_a_customer_order_id_that_is_always_the_same(name: str) -> None:
    made = build_customer_order_id(name)
    assert is_customer_order_id(made)
    assert build_customer_order_id(name) == made
    assert build_customer_order_id(made) == made


@given(st.lists(execution_names, min_size=2, max_size=2, unique=True))
def test_two_executions_never_share_one(names: list[str]) -> None:
    first, second = map(build_customer_order_id, names)
    assert first != second


def test_names_that_differ_only_in_what_bandwidth_refuses_stay_apart() -> None:
    assert len({build_customer_order_id(f"a{sign}b") for sign in "_.+=@!"}) == 6


@pytest.mark.parametrize("word", ["COMPLETE", "PARTIAL", "FAILED"])
def test_an_ended_order_says_how(word: str) -> None:
    assert OrderStatus(word).ended_as == {"COMPLETE": "completed"}.get(word, word.lower())


@pytest.mark.parametrize("word", ["RECEIVED", "BACKORDERED", "PROCESSING", "complete", "COMPLETED", ""])
def test_any_other_word_means_not_yet(word: str) -> None:
    assert OrderStatus(word).ended_as is None
