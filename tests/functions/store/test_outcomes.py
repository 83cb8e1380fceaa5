"""Two outcomes join to one result, whichever comes first: rank, then time, then the error break a tie."""

from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandwidth_messaging.domain.messages import MessageState
from bandwidth_messaging.store.outcomes import build_outcome, merge_outcomes

AT, LATER = "2026-02-03T04:05:06.000Z", "2026-02-03T04:05:07.000Z"


def failed(at: str = AT, **fields: Any) -> dict[str, Any]:
    return build_outcome(MessageState.FAILED, at, **fields)


@pytest.mark.parametrize(
    ("winner", "loser"),
    [
        pytest.param(
            build_outcome(MessageState.DELIVERED, LATER),
            build_outcome(MessageState.SENT, AT),
            id="higher rank",
        ),
        pytest.param(failed(AT, error_code=4770), failed(LATER, error_code=4720), id="earlier time"),
        pytest.param(failed(error_code=4720), failed(error_code=4770), id="lower error code"),
        pytest.param(failed(), failed(error_code=4720), id="no error code"),
        pytest.param(
            failed(error_code=4720, error_class="carrier", reason="z"),
            failed(error_code=4720, error_class="recipient", reason="a"),
            id="first error class",
        ),
        pytest.param(
            failed(error_code=4720, reason="a", bandwidth_reason="z"),
            failed(error_code=4720, reason="b", bandwidth_reason="a"),
            id="first reason",
        ),
        pytest.param(
            failed(error_code=4720, reason="a", bandwidth_reason="a"),
            failed(error_code=4720, reason="a", bandwidth_reason="b"),
            id="first reason of Bandwidth",
        ),
    ],
)
def test_the_winner_of_a_tie_does_not_depend_on_the_order(
    winner: dict[str, Any], loser: dict[str, Any]
) -> None:
    names = ("state", "rank", "errorCode", "errorClass", "reason", "bandwidthReason")
    expected = {name: winner[name] for name in names}

    for result in (merge_outcomes(winner, loser), merge_outcomes(loser, winner)):
        assert {name: result[name] for name in names} == expected


def test_the_earliest_time_of_each_state_is_kept() -> None:
    result = merge_outcomes(failed(LATER), failed(AT) | {"sentAt": AT})

    assert (result["failedAt"], result["sentAt"]) == (AT, AT)


def test_the_first_carrier_in_the_alphabet_is_kept() -> None:
    one, other = failed() | {"carrierName": "B"}, failed() | {"carrierName": "A"}

    assert merge_outcomes(one, other)["carrierName"] == merge_outcomes(other, one)["carrierName"] == "A"


def test_an_outcome_without_a_state_loses() -> None:
    accepted = build_outcome(MessageState.ACCEPTED, AT)

    assert merge_outcomes({}, accepted)["state"] == merge_outcomes(accepted, {})["state"] == "accepted"


OUTCOMES = st.builds(
    lambda state, at, code, error_class, reasons, read_at, carrier: (
        build_outcome(
            state, at, error_code=code, error_class=error_class, reason=reasons[0],
            bandwidth_reason=reasons[1], read_at=read_at,
        )
        | {"carrierName": carrier}
    ),
    st.sampled_from([MessageState.SENT, MessageState.DELIVERED, MessageState.FAILED]),
    st.sampled_from([AT, LATER]),
    st.sampled_from([None, 4720, 4770]),
    st.sampled_from([None, "carrier", "recipient"]),
    st.tuples(st.sampled_from([None, "a", "b"]), st.sampled_from([None, "a", "b"])),
    st.sampled_from([None, AT, LATER]),
    st.sampled_from([None, "Acme", "Other"]),
)  # fmt: skip


@given(outcomes=st.lists(OUTCOMES, min_size=2, max_size=5), data=st.data())
def test_outcomes_merge_to_the_same_result_in_any_order(
    outcomes: list[dict[str, Any]], data: st.DataObject
) -> None:
    repeated = data.draw(st.lists(st.sampled_from(outcomes), max_size=2))
    order = data.draw(st.permutations([*outcomes, *repeated]))

    nothing: dict[str, Any] = {}
    assert reduce(merge_outcomes, order, nothing) == reduce(merge_outcomes, outcomes, nothing)
