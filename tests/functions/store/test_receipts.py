"""Messages only move up, with reports of Bandwidth in any order."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bandwidth_messaging.domain.messages import RANKS, MessageState
from bandwidth_messaging.store.claims import Claims
from bandwidth_messaging.store.dynamodb import Table
from bandwidth_messaging.store.message_store import Messages
from bandwidth_messaging.store.receipts import Receipts
from tests.functions.store.message_samples import (
    AT,
    LATER,
    NOW,
    OWNER,
    RECIPIENT,
    inbound,
    outbound,
    receipt,
    stored,
)

pytestmark = pytest.mark.usefixtures("clock")


@pytest.mark.parametrize("lower", RANKS)
@pytest.mark.parametrize("higher", RANKS)
def test_a_state_moves_up_only(
    messages: Messages, receipts: Receipts, lower: MessageState, higher: MessageState
) -> None:
    messages.add(outbound(state=lower))
    moved = receipts.advance("out_1", higher, LATER)
    assert (moved is not None) == (RANKS[higher] > RANKS[lower])
    assert stored(messages)["state"] == (higher if moved else lower)
    if moved:
        assert moved == stored(messages)


def test_id_and_segment_count_of_bandwidth_are_stored_with_the_state(
    messages: Messages, claims: Claims, receipts: Receipts
) -> None:
    messages.add(outbound())
    claims.claim("out_1", AT)
    assert receipts.advance("out_1", MessageState.SENT, LATER, bandwidth_id="1562", segment_count=2)

    kept = stored(messages)
    assert (kept["bandwidthId"], kept["bandwidthSegmentCount"], kept["sentAt"]) == ("1562", 2, LATER)


def test_bandwidths_segment_count_does_not_replace_the_expected_one(
    messages: Messages, receipts: Receipts
) -> None:
    messages.add(outbound(segment_count=1))
    receipts.record_receipt(receipt("delivered", segment_count=2))
    assert (stored(messages)["segmentCount"], stored(messages)["bandwidthSegmentCount"]) == (1, 2)


def test_a_late_response_still_adds_bandwidths_id_and_the_time(
    messages: Messages, claims: Claims, receipts: Receipts
) -> None:
    messages.add(outbound())
    claims.claim("out_1", AT)
    receipts.advance("out_1", MessageState.DELIVERED, LATER)
    assert not receipts.advance("out_1", MessageState.SENT, AT, bandwidth_id="1562", segment_count=2)

    kept = stored(messages)
    assert (kept["state"], kept["bandwidthId"], kept["sentAt"], kept["deliveredAt"]) == (
        "delivered",
        "1562",
        AT,
        LATER,
    )


def test_a_failure_has_its_code_and_reason(messages: Messages, receipts: Receipts) -> None:
    messages.add(outbound())

    receipts.record_receipt(
        receipt("failed", error_code=4432, error_class="recipient", reason="no such country")
    )

    kept = stored(messages)
    assert (kept["state"], kept["errorCode"]) == ("failed", 4432)
    assert (kept["errorClass"], kept["reason"]) == ("recipient", "no such country")


@pytest.mark.parametrize(
    ("doubt", "code"), [(MessageState.SEND_UNCONFIRMED, None), (MessageState.DELIVERY_UNKNOWN, 9902)]
)
@pytest.mark.parametrize("end", ["delivered", "failed"])
def test_a_final_state_clears_an_earlier_reason(
    messages: Messages, receipts: Receipts, doubt: MessageState, code: int | None, end: str
) -> None:
    messages.add(outbound())
    receipts.advance(
        "out_1", doubt, AT, error_code=code, error_class="unknown", reason="the outcome is unknown"
    )

    receipts.record_receipt(receipt(end))

    kept = stored(messages)
    assert kept["state"] == end
    assert not kept.keys() & {"errorCode", "errorClass", "reason"}


def test_advancing_a_missing_message_creates_no_item(messages: Messages, receipts: Receipts) -> None:
    assert not receipts.advance("out_unknown", MessageState.SENT, AT, bandwidth_id="1562")
    assert messages.get("out_unknown") is None


def test_a_receipt_does_not_change_an_inbound_message(messages: Messages, receipts: Receipts) -> None:
    messages.add(inbound())
    before = stored(messages, "1661365814859")

    assert not receipts.record_receipt(receipt("delivered", message_id="1661365814859"))
    assert not receipts.advance("1661365814859", MessageState.FAILED, LATER, reason="a mistake")
    assert stored(messages, "1661365814859") == before


def test_the_receipt_of_another_systems_message_is_stored_under_bandwidths_id(
    messages: Messages, receipts: Receipts
) -> None:
    assert receipts.record_receipt(receipt("delivered", message_id="1562"))
    expires = int((datetime.fromisoformat(NOW) + timedelta(days=90)).timestamp())
    assert stored(messages, "1562") == {
        "messageId": "1562",
        "direction": "out",
        "api": "v2",
        "owner": OWNER,
        "from": OWNER,
        "to": [RECIPIENT],
        "applicationId": "an-application",
        "bandwidthId": "1562",
        "bandwidthSegmentCount": 1,
        "state": "delivered",
        "rank": 5,
        "deliveredAt": LATER,
        "conversation": f"{OWNER}#{RECIPIENT}",
        "sortKey": f"{LATER}#1562",
        "expiresAt": expires,
    }


def test_a_message_of_another_system_keeps_its_place_in_the_list(
    messages: Messages, receipts: Receipts
) -> None:
    receipts.record_receipt(receipt("sending", time=AT, message_id="1562"))
    place = stored(messages, "1562")["sortKey"]

    receipts.record_receipt(receipt("delivered", time=LATER, message_id="1562"))

    assert stored(messages, "1562")["sortKey"] == place
    assert stored(messages, "1562")["state"] == "delivered"


def test_a_receipt_does_not_change_known_facts(messages: Messages, receipts: Receipts) -> None:
    messages.add(outbound(tag="order 7"))

    receipts.record_receipt(
        receipt("delivered", recipient="+19195559999", owner="+19195558888", application_id="x")
    )

    kept = stored(messages)
    assert (kept["to"], kept["owner"], kept["from"]) == ([RECIPIENT], OWNER, OWNER)
    assert (kept["applicationId"], kept["tag"], kept["text"]) == (
        "an-application",
        "order 7",
        "Good morning!",
    )
    assert kept["sortKey"] == f"{AT}#out_1"


def test_a_repeated_receipt_changes_nothing(messages: Messages, receipts: Receipts) -> None:
    messages.add(outbound())
    assert receipts.record_receipt(receipt("delivered"))
    before = stored(messages)

    assert not receipts.record_receipt(receipt("delivered"))
    assert stored(messages) == before


@pytest.mark.parametrize("order", [("delivered", "failed"), ("failed", "delivered")])
def test_a_failure_outranks_a_delivery_in_any_order(
    messages: Messages, receipts: Receipts, order: tuple[str, str]
) -> None:
    ends = {
        "delivered": receipt("delivered", AT),
        "failed": receipt("failed", LATER, error_code=4432, reason="no such country"),
    }
    messages.add(outbound())
    for end in order:
        receipts.record_receipt(ends[end])

    kept = stored(messages)

    assert (kept["state"], kept["errorCode"], kept["reason"]) == ("failed", 4432, "no such country")
    assert (kept["deliveredAt"], kept["failedAt"]) == (AT, LATER)


@pytest.mark.parametrize("code", [9902, 9999])
@pytest.mark.parametrize("order", [("delivered", "delivery_unknown"), ("delivery_unknown", "delivered")])
def test_a_delivery_replaces_delivery_unknown_in_any_order(
    messages: Messages, receipts: Receipts, code: int, order: tuple[str, str]
) -> None:
    ends = {
        "delivered": receipt("delivered", LATER),
        "delivery_unknown": receipt("delivery_unknown", AT, error_code=code, reason="timed out"),
    }
    messages.add(outbound())
    for end in order:
        receipts.record_receipt(ends[end])

    kept = stored(messages)

    assert kept["state"] == "delivered"
    assert not kept.keys() & {"errorCode", "errorClass", "reason"}
    assert (kept["delivery_unknownAt"], kept["deliveredAt"]) == (AT, LATER)


def test_a_read_message_is_delivered(messages: Messages, receipts: Receipts) -> None:
    messages.add(outbound())
    assert receipts.record_receipt(receipt("delivered", LATER, read_at=LATER))
    assert not receipts.record_receipt(receipt("delivered", AT))

    kept = stored(messages)
    assert (kept["state"], kept["deliveredAt"], kept["readAt"]) == ("delivered", AT, LATER)


def test_the_earlier_of_two_failures_keeps_its_reason_in_any_order(
    messages: Messages, receipts: Receipts
) -> None:
    first = receipt("failed", AT, error_code=4720, error_class="recipient", reason="no such number")
    second = receipt("failed", LATER, error_code=4750)
    for position, order in enumerate([(first, second), (second, first)]):
        messages.add(outbound(f"out_{position}"))
        for each in order:
            receipts.record_receipt(replace(each, message_id=f"out_{position}"))
        kept = stored(messages, f"out_{position}")
        assert (kept["errorCode"], kept["reason"], kept["failedAt"]) == (4720, "no such number", AT)


def test_a_receipt_that_loses_a_race_is_merged(
    messages: Messages, receipts: Receipts, messages_table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = messages_table.change

    def after_another(*given: Any, **more: Any) -> Any:
        monkeypatch.setattr(messages_table, "change", change)
        receipts.record_receipt(receipt("sending", AT))
        return change(*given, **more)

    messages.add(outbound())
    receipts.record_receipt(receipt("delivered"))
    monkeypatch.setattr(messages_table, "change", after_another)

    receipts.record_receipt(receipt("sent", AT, bandwidth_id="1561"))

    kept = stored(messages)
    assert (kept["state"], kept["sendingAt"], kept["sentAt"], kept["bandwidthId"]) == (
        "delivered",
        AT,
        AT,
        "1561",
    )


def test_a_recipient_of_a_group_message_has_its_own_carrier(messages: Messages, receipts: Receipts) -> None:
    group = (RECIPIENT, "+19195551215")
    for carrier, recipient in zip(("Acme", "Other"), group, strict=True):
        receipts.record_receipt(
            receipt(
                "delivered",
                message_id="1562",
                recipient=recipient,
                recipients=group,
                channel="MMS",
                carrier_name=carrier,
            )
        )

    kept = stored(messages, "1562")

    assert [kept[f"recipient {each}"]["carrierName"] for each in group] == ["Acme", "Other"]
    assert (kept.get("carrierName"), kept["channel"]) == (None, "MMS")
