"""Ranks of an outbound message's states, its id, its conversation, and the state of a group."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandwidth_messaging.domain import messages
from bandwidth_messaging.domain.messages import Message, MessageState


def test_a_message_moves_up_from_accepted_to_its_end() -> None:
    way = ["accepted", "sending", "send_unconfirmed", "sent", "delivery_unknown", "delivered", "failed"]
    assert [messages.RANKS[state] for state in way] == [0, 1, 2, 3, 4, 5, 6]


def test_no_two_states_share_a_rank_so_that_it_does_not_matter_which_comes_first() -> None:
    assert len(set(messages.RANKS.values())) == len(messages.RANKS)


def test_inbound_messages_have_no_rank() -> None:
    assert MessageState.RECEIVED not in messages.RANKS


def test_our_ids_are_ours_and_no_two_are_alike() -> None:
    ids = {messages.message_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(messages.is_our_message_id(each) for each in ids)


@given(key=st.text(min_size=1), other=st.text(min_size=1))
def test_a_key_is_an_id_and_another_key_another_one(key: str, other: str) -> None:
    assert messages.is_our_message_id(messages.message_id(key))
    assert (messages.message_id(key) == messages.message_id(other)) == (key == other)


def test_a_keys_id_is_the_same_wherever_it_is_made_and_does_not_show_the_key() -> None:
    assert messages.message_id("order 7") == "out_0fc89f8ae19394b48debd6353bb9ad33"


def test_ids_with_and_without_a_key_look_alike() -> None:
    assert len(messages.message_id()) == len(messages.message_id("k")) == len(messages.message_id("k" * 255))


@pytest.mark.parametrize(
    "tag", [None, "", "out", "order-7", "1661365814859loidf7mcwd4qacn7", " out_1", "out_1"]
)
def test_other_tags_are_not_ours(tag: str | None) -> None:
    assert not messages.is_our_message_id(tag)


# A conversation


OURS = "+19195551212"
numbers = st.lists(st.integers(10**9, 10**10 - 1).map("+1{}".format), min_size=1, max_size=10)


@given(others=numbers, data=st.data())
def test_a_conversation_is_the_same_whoever_wrote_and_in_whatever_order_they_stand(
    others: list[str], data: st.DataObject
) -> None:
    written = messages.conversation(OURS, [OURS, *others])
    assert messages.conversation(OURS, data.draw(st.permutations([*others, OURS, others[0]]))) == written
    assert messages.conversation(OURS, others) == written


def test_a_conversation_is_our_number_and_the_others_sorted() -> None:
    others = ["+19195551214", "+19195551213"]
    assert messages.conversation(OURS, others) == "+19195551212#+19195551213,+19195551214"


@given(others=numbers, more=numbers)
def test_with_somebody_else_in_it_it_is_another_conversation(others: list[str], more: list[str]) -> None:
    same = set(others) - {OURS} == {*others, *more} - {OURS}
    assert (messages.conversation(OURS, others) == messages.conversation(OURS, others + more)) == same


def test_a_conversation_of_very_many_is_still_one_and_short_enough_for_an_index() -> None:
    others = [f"+1919555{number:04}" for number in range(500)]
    written = messages.conversation(OURS, others)
    assert len(written.encode()) <= 2048
    assert messages.conversation(OURS, [*reversed(others), OURS]) == written
    assert messages.conversation(OURS, others[1:]) != written


# A group


@pytest.mark.parametrize(
    ("states", "derived"),
    [
        (["accepted", "accepted"], None),
        (["sending", "accepted"], None),
        (["send_unconfirmed", "sending"], None),
        (["sent", "accepted"], "sent"),
        (["sent", "sent"], "sent"),
        (["delivered", "accepted"], "sent"),
        (["delivered", "sent"], "sent"),
        (["failed", "accepted"], "sent"),
        (["failed", "sent"], "sent"),
        (["delivery_unknown", "sending"], "sent"),
        (["delivered", "delivered"], "delivered"),
        (["delivered", "delivery_unknown"], "delivery_unknown"),
        (["delivery_unknown", "delivery_unknown"], "delivery_unknown"),
        (["delivered", "failed"], "failed"),
        (["delivery_unknown", "failed"], "failed"),
        (["failed", "failed"], "failed"),
        (["delivered", "delivery_unknown", "failed"], "failed"),
        (["delivered", "delivered", "sent"], "sent"),
    ],
)
def test_a_groups_state_follows_from_those_of_its_recipients(states: list[str], derived: str | None) -> None:
    assert messages.derived_state(states) == derived


states_of_a_group = st.lists(st.sampled_from(list(messages.RANKS)), min_size=1, max_size=10)


@given(states=states_of_a_group, data=st.data())
def test_the_order_of_the_recipients_does_not_matter(states: list[str], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(states))
    assert messages.derived_state(shuffled) == messages.derived_state(states)


def test_a_group_never_moves_down_while_one_of_its_recipients_moves_up() -> None:
    def rank(states: tuple[str, ...]) -> int:
        state = messages.derived_state(states)
        return -1 if state is None else messages.RANKS[state]

    for first, others in product(messages.RANKS, product(messages.RANKS, repeat=2)):
        for higher in messages.RANKS:
            if messages.RANKS[higher] > messages.RANKS[first]:
                assert rank((higher, *others)) >= rank((first, *others))


def test_a_conversation_with_a_name_in_another_script_fits_an_index_too() -> None:
    assert len(messages.conversation(OURS, ["п" * 500, "ш" * 500]).encode()) <= 2048


def test_a_message_does_not_show_its_text() -> None:
    message = Message(
        message_id="out_1",
        direction="out",
        api="v2",
        owner="+19195551212",
        sender="+19195551212",
        recipients=("+19195551213",),
        text="a private word",
        state=MessageState.ACCEPTED,
        time="2026-02-03T04:05:06.000Z",
        media=("https://example.com/private.png",),
    )
    assert "private" not in repr(message)
