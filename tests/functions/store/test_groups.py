"""Group messages: each recipient moves up separately, and the state of the message follows from all."""

from dataclasses import replace
from typing import Any

import pytest

from bandwidth_messaging.api.views import message_view
from bandwidth_messaging.domain.messages import RANKS, Message, MessageState, Receipt
from bandwidth_messaging.store.claims import Claims
from bandwidth_messaging.store.message_items import RECIPIENT
from bandwidth_messaging.store.message_store import Messages
from bandwidth_messaging.store.receipts import Receipts
from tests.functions.store.message_samples import AT, LATER, OWNER, stored

GROUP = ("+19195551213", "+19195551214", "+19195551215")
ANNA, BEN, CLEO = GROUP
REFUSED: dict[str, Any] = {"error_code": 4720, "error_class": "recipient", "reason": "no such number"}
SILENT: dict[str, Any] = {"error_code": 9902, "error_class": "unknown", "reason": "no receipt came"}


def outbound(message_id: str = "out_1") -> Message:
    return Message(
        message_id=message_id,
        direction="out",
        api="v2",
        owner=OWNER,
        sender=OWNER,
        recipients=GROUP,
        text="Good morning!",
        state=MessageState.ACCEPTED,
        time=AT,
        application_id="an-application",
    )


def receipt(recipient: str, state: str, message_id: str = "out_1", **changes: Any) -> Receipt:
    given: dict[str, Any] = {
        "message_id": message_id,
        "bandwidth_id": "1562",
        "state": state,
        "time": LATER,
        "api": "v2",
        "owner": OWNER,
        "recipient": recipient,
        "recipients": GROUP,
        "application_id": "an-application",
        "segment_count": 1,
    }
    return Receipt(**given | changes)


def recipient_states(item: dict[str, Any]) -> dict[str, str]:
    """Return the known states of recipients."""
    return {
        name.removeprefix(RECIPIENT): entry["state"]
        for name, entry in item.items()
        if name.startswith(RECIPIENT)
    }


@pytest.fixture
def sent(messages: Messages, claims: Claims, receipts: Receipts) -> Receipts:
    """The store of receipts, with a group message that Bandwidth has accepted."""
    messages.add(outbound())
    claims.claim("out_1", AT)
    receipts.advance("out_1", MessageState.SENT, AT, bandwidth_id="1562")
    return receipts


def test_a_group_message_is_delivered_once_all_recipients_have_it(sent: Receipts, messages: Messages) -> None:
    assert [bool(sent.record_receipt(receipt(each, "delivered"))) for each in GROUP] == [False, False, True]

    item = stored(messages)
    assert (item["state"], item["rank"]) == ("delivered", 5)
    assert message_view(item)["times"] == {"accepted": AT, "sending": AT, "sent": AT, "delivered": LATER}
    assert recipient_states(item) == dict.fromkeys(GROUP, "delivered")


def test_a_failed_recipient_keeps_code_class_and_reason(sent: Receipts, messages: Messages) -> None:
    sent.record_receipt(receipt(ANNA, "failed", **REFUSED))
    assert stored(messages)["state"] == "sent"
    sent.record_receipt(receipt(BEN, "delivered"))
    assert sent.record_receipt(receipt(CLEO, "failed", **REFUSED))
    item = stored(messages)

    view = message_view(item)

    assert (view["state"], view["reason"]) == ("failed", "2 of 3 recipients failed")
    assert not view.keys() & {"errorCode", "errorClass"}
    assert item[f"{RECIPIENT}{ANNA}"] == {
        "state": "failed",
        "rank": 6,
        "errorCode": 4720,
        "errorClass": "recipient",
        "reason": "no such number",
        "failedAt": LATER,
    }
    assert item[f"{RECIPIENT}{BEN}"] == {"state": "delivered", "rank": 5, "deliveredAt": LATER}


def test_an_unknown_delivery_of_one_recipient_leaves_the_message_unknown(
    sent: Receipts, messages: Messages
) -> None:
    sent.record_receipt(receipt(ANNA, "delivered"))
    sent.record_receipt(receipt(BEN, "delivery_unknown", **SILENT))
    assert stored(messages)["state"] == "sent"
    assert sent.record_receipt(receipt(CLEO, "delivered"))

    item = stored(messages)
    assert item["state"] == "delivery_unknown"
    assert "reason" not in message_view(item)


def test_delivered_can_follow_delivery_unknown(sent: Receipts, messages: Messages) -> None:
    for each in GROUP:
        sent.record_receipt(receipt(each, "delivery_unknown", **SILENT))
    assert stored(messages)["state"] == "delivery_unknown"
    assert [bool(sent.record_receipt(receipt(each, "delivered"))) for each in GROUP] == [False, False, True]

    item = stored(messages)
    assert item["state"] == "delivered"
    assert item[f"{RECIPIENT}{ANNA}"] == {
        "state": "delivered",
        "rank": 5,
        "delivery_unknownAt": LATER,
        "deliveredAt": LATER,
    }


def test_receipts_resolve_a_message_with_unknown_delivery(
    messages: Messages, claims: Claims, receipts: Receipts
) -> None:
    messages.add(outbound())
    claims.claim("out_1", AT)
    receipts.advance("out_1", MessageState.SEND_UNCONFIRMED, AT, reason="its answer was lost")
    receipts.record_receipt(receipt(ANNA, "delivered"))
    item = stored(messages)
    assert (item["state"], item["bandwidthId"]) == ("sent", "1562")
    assert "reason" not in item
    receipts.advance("out_1", MessageState.DELIVERY_UNKNOWN, LATER, reason="no receipt came")
    receipts.record_receipt(receipt(BEN, "delivered"))
    assert stored(messages)["state"] == "delivery_unknown"
    receipts.record_receipt(receipt(CLEO, "delivered"))

    item = stored(messages)
    assert item["state"] == "delivered"
    assert "reason" not in item


@pytest.mark.parametrize("lower", RANKS)
@pytest.mark.parametrize("higher", RANKS)
def test_a_recipient_moves_up_only(
    sent: Receipts, messages: Messages, lower: MessageState, higher: MessageState
) -> None:
    sent.record_receipt(receipt(BEN, lower))
    sent.record_receipt(receipt(BEN, higher))
    assert recipient_states(stored(messages)) == {BEN: higher if RANKS[higher] > RANKS[lower] else lower}


def test_a_repeated_receipt_changes_nothing(sent: Receipts, messages: Messages) -> None:
    for each in GROUP:
        sent.record_receipt(receipt(each, "failed", **REFUSED))
        before = stored(messages)
        assert not sent.record_receipt(receipt(each, "failed", **REFUSED))
        assert stored(messages) == before


def test_a_repeated_receipt_completes_an_interrupted_update(
    sent: Receipts, messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*given: Any, **more: Any) -> None:
        raise TimeoutError

    for each in (ANNA, BEN):
        sent.record_receipt(receipt(each, "delivered"))

    with monkeypatch.context() as broken:
        broken.setattr(sent, "_move_group", die)
        with pytest.raises(TimeoutError):
            sent.record_receipt(receipt(CLEO, "delivered"))

    assert stored(messages)["state"] == "sent"
    assert sent.record_receipt(receipt(CLEO, "delivered"))
    assert stored(messages)["state"] == "delivered"


def test_a_receipt_without_a_recipient_applies_to_the_message(sent: Receipts, messages: Messages) -> None:
    assert sent.record_receipt(replace(receipt(ANNA, "failed", **REFUSED), recipient=None))

    item = stored(messages)
    assert (item["state"], item["errorCode"], item["errorClass"]) == ("failed", 4720, "recipient")
    assert recipient_states(item) == {}


def test_a_receipt_does_not_change_known_facts(sent: Receipts, messages: Messages) -> None:
    before = stored(messages)

    sent.record_receipt(
        receipt(ANNA, "delivered", owner="+19195558888", application_id="x", recipients=GROUP[::-1])
    )

    after = stored(messages)
    assert {name: after[name] for name in before} == before
    assert after.keys() - before.keys() == {f"{RECIPIENT}{ANNA}"}


def test_a_receipt_does_not_change_an_inbound_message(messages: Messages, receipts: Receipts) -> None:
    messages.add(
        Message(
            message_id="1562",
            direction="in",
            api="v2",
            owner=OWNER,
            sender=ANNA,
            recipients=(OWNER, BEN),
            text="Good morning!",
            state=MessageState.RECEIVED,
            time=AT,
        )
    )
    before = stored(messages, "1562")

    assert not any(receipts.record_receipt(receipt(each, "delivered", message_id="1562")) for each in GROUP)
    assert stored(messages, "1562") == before


# Messages of another system


def test_the_first_receipt_of_another_systems_group_stores_the_message(
    messages: Messages, receipts: Receipts
) -> None:
    assert receipts.record_receipt(receipt(BEN, "delivered", message_id="1562"))

    item = stored(messages, "1562")
    assert item.pop("expiresAt") > 0
    assert item == {
        "messageId": "1562",
        "direction": "out",
        "api": "v2",
        "owner": OWNER,
        "from": OWNER,
        "to": list(GROUP),
        "applicationId": "an-application",
        "bandwidthId": "1562",
        "conversation": f"{OWNER}#{','.join(GROUP)}",
        "sortKey": f"{LATER}#1562",
        "state": "sent",
        "rank": 3,
        f"{RECIPIENT}{BEN}": {"state": "delivered", "rank": 5, "deliveredAt": LATER},
    }
    assert message_view(stored(messages, "1562"))["times"] == {"sent": LATER}


def test_another_systems_group_message_follows_its_recipients(messages: Messages, receipts: Receipts) -> None:
    receipts.record_receipt(receipt(ANNA, "sending", message_id="1562", time=AT))
    assert stored(messages, "1562")["state"] == "sending"
    place = stored(messages, "1562")["sortKey"]
    for each in GROUP:
        receipts.record_receipt(receipt(each, "delivered", message_id="1562"))

    item = stored(messages, "1562")

    assert (item["state"], item["sortKey"], recipient_states(item)) == (
        "delivered",
        place,
        dict.fromkeys(GROUP, "delivered"),
    )
