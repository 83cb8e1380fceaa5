"""Ranks of an outbound message's states, and its id."""

import pytest

from bandwidth_messaging.domain import messages
from bandwidth_messaging.domain.messages import Message, Unreadable


def test_a_message_moves_up_from_accepted_to_its_end() -> None:
    way = ["accepted", "sending", "send_unconfirmed", "sent", "delivery_unknown", "delivered"]
    assert [messages.RANKS[state] for state in way] == [0, 1, 2, 3, 4, 5]


def test_the_two_ends_share_the_highest_rank_so_that_the_first_one_stays() -> None:
    assert messages.RANKS["delivered"] == messages.RANKS["failed"] == max(messages.RANKS.values())


def test_inbound_messages_have_no_rank() -> None:
    assert messages.RECEIVED not in messages.RANKS


def test_our_ids_are_ours_and_no_two_are_alike() -> None:
    ids = {messages.new_message_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(messages.is_our_message_id(each) for each in ids)


@pytest.mark.parametrize("tag", [None, "", "out", "order-7", "1661365814859loidf7mcwd4qacn7", " out_1"])
def test_other_tags_are_not_ours(tag: str | None) -> None:
    assert not messages.is_our_message_id(tag)


@pytest.mark.parametrize("code", [9902, 9999])
def test_ambiguous_codes_leave_the_delivery_unknown(code: int) -> None:
    assert messages.state_after_failure(code) == "delivery_unknown"


@pytest.mark.parametrize("code", [None, 0, 4432, 4770, 5600, 9901])
def test_every_other_code_is_a_failure(code: int | None) -> None:
    assert messages.state_after_failure(code) == "failed"


def test_an_unreadable_callback_does_not_show_its_body() -> None:
    assert "private" not in repr(Unreadable(reason="its type is unknown", body="a private word"))


def test_a_message_does_not_show_its_text() -> None:
    message = Message(
        message_id="out_1",
        direction="out",
        api="v2",
        owner="+19195551212",
        sender="+19195551212",
        recipients=("+19195551213",),
        text="a private word",
        state=messages.ACCEPTED,
        time="2026-02-03T04:05:06.000Z",
        media=("https://example.com/private.png",),
    )
    assert "private" not in repr(message)
