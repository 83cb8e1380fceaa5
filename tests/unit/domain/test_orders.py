"""The customer order id of an execution, and the statuses that end an order."""

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
def test_a_name_that_bandwidth_accepts_is_the_customer_order_id(name: str) -> None:
    assert is_customer_order_id(name)
    assert build_customer_order_id(name) == name


@pytest.mark.parametrize("name", ["", "x" * 41, "a_b", "a.b", "a/b", "äb", "a\nb", "a\n", "a\tb", "٣"])
def test_a_name_that_bandwidth_rejects_is_not_a_customer_order_id(name: str) -> None:
    assert not is_customer_order_id(name)


def test_a_name_that_bandwidth_rejects_becomes_a_similar_customer_order_id() -> None:
    made = build_customer_order_id("nightly_run.2026-11-22 (second)")
    assert is_customer_order_id(made)
    assert made.startswith("nightly-run-2026-11-22")


@given(execution_names)
def test_the_customer_order_id_of_an_execution_never_changes(name: str) -> None:
    made = build_customer_order_id(name)

    assert is_customer_order_id(made)
    assert build_customer_order_id(name) == made
    assert build_customer_order_id(made) == made


@given(st.lists(execution_names, min_size=2, max_size=2, unique=True))
def test_two_executions_have_different_customer_order_ids(names: list[str]) -> None:
    first, second = map(build_customer_order_id, names)
    assert first != second


def test_names_that_differ_in_rejected_characters_have_different_ids() -> None:
    assert len({build_customer_order_id(f"a{sign}b") for sign in "_.+=@!"}) == 6


@pytest.mark.parametrize("word", ["COMPLETE", "PARTIAL", "FAILED"])
def test_three_statuses_end_an_order(word: str) -> None:
    assert OrderStatus(word).ended_as == {"COMPLETE": "completed"}.get(word, word.lower())


@pytest.mark.parametrize("word", ["RECEIVED", "BACKORDERED", "PROCESSING", "complete", "COMPLETED", ""])
def test_every_other_status_means_in_progress(word: str) -> None:
    assert OrderStatus(word).ended_as is None
