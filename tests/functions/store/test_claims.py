"""A message is claimed once, and only the holder of the claim can undo it."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from bandwidth_messaging.domain.messages import RANKS, MessageState
from bandwidth_messaging.store.claims import Claims
from bandwidth_messaging.store.dynamodb import Table
from bandwidth_messaging.store.message_store import Messages
from bandwidth_messaging.store.receipts import Receipts
from tests.functions.store.message_samples import AT, LATER, claimed, inbound, outbound, receipt, stored


def test_an_unclaimed_message_fails_with_class_and_reason(messages: Messages, claims: Claims) -> None:
    messages.add(outbound())

    failed, item = claims.fail_unclaimed("out_1", LATER, error_class="opt_out", reason="opted out")

    assert failed
    assert item == stored(messages)
    assert (item["state"], item["rank"], item["failedAt"]) == ("failed", RANKS[MessageState.FAILED], LATER)
    assert (item["errorClass"], item["reason"]) == ("opt_out", "opted out")
    assert "sendingAt" not in item
    assert not claimed(claims)


@pytest.mark.parametrize("state", sorted(RANKS.keys() - {"accepted"}))
def test_a_claimed_message_does_not_fail(messages: Messages, claims: Claims, state: str) -> None:
    messages.add(outbound(state=state))
    before = stored(messages)

    assert claims.fail_unclaimed("out_1", LATER, error_class="sender", reason="released") == (False, before)
    assert stored(messages) == before


def test_failing_a_missing_message_creates_no_item(messages: Messages, claims: Claims) -> None:
    assert claims.fail_unclaimed("out_unknown", AT, error_class="sender", reason="released") == (
        False,
        None,
    )
    assert messages.get("out_unknown") is None


def test_an_accepted_message_is_claimed_once(messages: Messages, claims: Claims) -> None:
    messages.add(outbound())

    taken = claimed(claims)

    assert taken is not None
    assert (taken["state"], taken["rank"], taken["sendingAt"]) == ("sending", 1, LATER)
    assert taken["text"] == "Good morning!"
    assert claims.claim("out_1", AT) == (taken, False)


def test_a_repeated_claim_call_holds_the_claim(
    messages: Messages, claims: Claims, messages_table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    def attempt_twice(*key: Any, **changes: Any) -> Any:
        assert attempt(*key, **changes).done
        return attempt(*key, **changes)

    messages.add(outbound())
    attempt = messages_table.attempt

    with monkeypatch.context() as lossy:
        lossy.setattr(messages_table, "attempt", attempt_twice)
        assert claimed(claims) == stored(messages)

    assert not claimed(claims)


def test_claiming_a_missing_message_creates_no_item(messages: Messages, claims: Claims) -> None:
    assert claims.claim("out_unknown", AT) == (None, False)
    assert messages.get("out_unknown") is None


@pytest.mark.parametrize("state", sorted(RANKS.keys() - {"accepted", "sending"}))
def test_a_message_in_a_later_state_is_not_claimed(
    messages: Messages, claims: Claims, receipts: Receipts, state: MessageState
) -> None:
    messages.add(outbound())

    receipts.advance("out_1", state, AT)

    assert claims.claim("out_1", LATER) == (stored(messages), False)
    assert stored(messages)["state"] == state


def test_an_inbound_message_is_not_claimed(messages: Messages, claims: Claims) -> None:
    messages.add(inbound())
    before = stored(messages, "1661365814859")

    assert claims.claim("1661365814859", LATER) == (before, False)
    assert stored(messages, "1661365814859") == before


def test_a_released_claim_restores_the_message(messages: Messages, claims: Claims) -> None:
    messages.add(outbound())
    before = stored(messages)
    taken = claimed(claims)
    assert taken is not None
    claims.release_claim(taken)

    assert stored(messages) == before | {"claim": taken["claim"], "claims": 1}
    assert claimed(claims)


class Lossy:
    """A table whose writes have chosen effects and return no response."""

    def __init__(self, table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
        self._attempt = table.attempt
        self._effects: list[str] = []
        self.late: list[Callable[[], Any]] = []
        monkeypatch.setattr(table, "attempt", self._lose)

    def effects(self, *effects: str) -> None:
        """Set the effects of the next writes: "done", "lost" (no effect), "unanswered" (effect), "late"."""
        self._effects = list(effects)

    def _lose(self, *key: Any, **changes: Any) -> Any:
        effect = self._effects.pop(0) if self._effects else "done"
        if effect == "late":
            self.late.append(lambda: self._attempt(*key, **changes))
        elif effect != "lost":
            result = self._attempt(*key, **changes)
        if effect != "done":
            raise ReadTimeoutError(endpoint_url="https://dynamodb")
        return result


@pytest.fixture
def lossy(messages_table: Table, monkeypatch: pytest.MonkeyPatch) -> Lossy:
    return Lossy(messages_table, monkeypatch)


def without_claims(item: Any) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in {"claim", "claims"}}


@pytest.mark.parametrize("effect", ["lost", "unanswered", "late"])
def test_a_claim_without_a_response_is_undone(
    messages: Messages, claims: Claims, lossy: Lossy, effect: str
) -> None:
    messages.add(outbound())
    before = stored(messages)
    lossy.effects(effect)

    with pytest.raises(ReadTimeoutError):
        claims.claim("out_1", LATER)

    assert without_claims(stored(messages)) == without_claims(before)
    assert claimed(claims)


def test_an_undone_claim_that_arrives_late_claims_nothing(
    messages: Messages, claims: Claims, lossy: Lossy
) -> None:
    messages.add(outbound())
    lossy.effects("late")
    with pytest.raises(ReadTimeoutError):
        claims.claim("out_1", LATER)
    (arrive,) = lossy.late

    arrive()

    assert stored(messages)["state"] == "accepted"
    assert claimed(claims)


@pytest.mark.parametrize("effect", ["lost", "unanswered"])
def test_a_claim_that_cannot_be_undone_raises_the_first_error(
    messages: Messages, claims: Claims, lossy: Lossy, effect: str
) -> None:
    messages.add(outbound())
    lossy.effects("unanswered", effect)

    with pytest.raises(ReadTimeoutError):
        claims.claim("out_1", LATER)

    assert stored(messages)["state"] == {"lost": "sending", "unanswered": "accepted"}[effect]


def test_an_undone_claim_keeps_the_claim_of_another_worker(
    messages: Messages, claims: Claims, lossy: Lossy
) -> None:
    messages.add(outbound())
    assert claimed(claims)
    before = stored(messages)
    lossy.effects("lost")

    with pytest.raises(ReadTimeoutError):
        claims.claim("out_1", LATER)

    assert stored(messages) == before


def test_an_unconfirmed_message_can_be_released_by_its_claim(
    messages: Messages, claims: Claims, receipts: Receipts
) -> None:
    messages.add(outbound())
    before = stored(messages)
    taken = claimed(claims)
    assert taken is not None
    receipts.advance("out_1", MessageState.SEND_UNCONFIRMED, LATER, reason="the outcome is unknown")

    claims.release_claim(taken)

    assert stored(messages) == before | {"claim": taken["claim"], "claims": 1}


def test_only_the_claim_of_a_message_can_be_released(messages: Messages, claims: Claims) -> None:
    messages.add(outbound())
    first = claimed(claims)
    assert first is not None
    claims.release_claim(first)
    assert claimed(claims)
    before = stored(messages)

    claims.release_claim(first)

    assert stored(messages) == before


@pytest.mark.parametrize("state", sorted(RANKS.keys() - {"accepted", "sending", "send_unconfirmed"}))
def test_a_message_in_a_later_state_is_not_released(
    messages: Messages, claims: Claims, receipts: Receipts, state: MessageState
) -> None:
    messages.add(outbound())
    taken = claimed(claims)
    assert taken is not None
    receipts.advance("out_1", state, LATER)

    claims.release_claim(taken)

    assert stored(messages)["state"] == state


def test_a_message_that_bandwidth_reported_is_not_released(
    messages: Messages, claims: Claims, receipts: Receipts
) -> None:
    messages.add(outbound())
    taken = claimed(claims)
    assert taken is not None
    receipts.record_receipt(receipt("sending"))
    before = stored(messages)

    claims.release_claim(taken)

    assert stored(messages) == before
