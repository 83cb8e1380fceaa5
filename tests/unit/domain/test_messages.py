"""Ranks of states, ids of messages, keys of conversations, and states of group messages."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandwidth_messaging.domain import messages
from bandwidth_messaging.domain.messages import Message, MessageState

# Recipients of a canceled message have no states of their own.
RECIPIENT_STATES = [state for state in messages.RANKS if state != MessageState.CANCELED]


def test_ranks_rise_from_accepted_to_canceled() -> None:
    states = ["accepted", "sending", "send_unconfirmed", "sent", "delivery_unknown", "delivered", "failed"]
    states.append("canceled")
    assert [messages.RANKS[MessageState(state)] for state in states] == [0, 1, 2, 3, 4, 5, 6, 7]


def test_no_two_states_share_a_rank() -> None:
    assert len(set(messages.RANKS.values())) == len(messages.RANKS)


def test_the_state_of_inbound_messages_has_no_rank() -> None:
    assert MessageState.RECEIVED not in messages.RANKS


def test_ids_without_a_key_are_unique_and_recognized() -> None:
    ids = {messages.create_message_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(messages.is_message_id(each) for each in ids)


@given(key=st.text(min_size=1), other=st.text(min_size=1))
def test_two_keys_give_two_ids(key: str, other: str) -> None:
    assert messages.is_message_id(messages.create_message_id(key))
    assert (messages.create_message_id(key) == messages.create_message_id(other)) == (key == other)


def test_the_id_of_a_key_is_a_digest() -> None:
    assert messages.create_message_id("order 7") == "out_0fc89f8ae19394b48debd6353bb9ad33"


def test_ids_with_and_without_a_key_have_the_same_length() -> None:
    assert (
        len(messages.create_message_id())
        == len(messages.create_message_id("k"))
        == len(messages.create_message_id("k" * 255))
    )


@pytest.mark.parametrize(
    "tag", [None, "", "out", "order-7", "1661365814859loidf7mcwd4qacn7", " out_1", "out_1"]
)
def test_tags_of_other_systems_are_not_recognized(tag: str | None) -> None:
    assert not messages.is_message_id(tag)


# Conversation keys


OWNER = "+19195551212"
numbers = st.lists(st.integers(10**9, 10**10 - 1).map("+1{}".format), min_size=1, max_size=10)


@given(others=numbers, data=st.data())
def test_a_conversation_key_ignores_the_order_of_participants(others: list[str], data: st.DataObject) -> None:
    key = messages.build_conversation_key(OWNER, [OWNER, *others])
    assert (
        messages.build_conversation_key(OWNER, data.draw(st.permutations([*others, OWNER, others[0]]))) == key
    )
    assert messages.build_conversation_key(OWNER, others) == key


def test_a_conversation_key_is_the_owner_and_the_sorted_participants() -> None:
    others = ["+19195551214", "+19195551213"]
    assert messages.build_conversation_key(OWNER, others) == "+19195551212#+19195551213,+19195551214"


@given(others=numbers, more=numbers)
def test_another_participant_makes_another_conversation_key(others: list[str], more: list[str]) -> None:
    same = set(others) - {OWNER} == {*others, *more} - {OWNER}
    assert (
        messages.build_conversation_key(OWNER, others)
        == messages.build_conversation_key(OWNER, others + more)
    ) == same


def test_the_key_of_many_participants_fits_an_index() -> None:
    others = [f"+1919555{number:04}" for number in range(500)]

    key = messages.build_conversation_key(OWNER, others)

    assert len(key.encode()) <= 2048
    assert messages.build_conversation_key(OWNER, [*reversed(others), OWNER]) == key
    assert messages.build_conversation_key(OWNER, others[1:]) != key


# Group messages


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
def test_the_state_of_a_group_message_follows_from_its_recipients(
    states: list[str], derived: str | None
) -> None:
    assert messages.derive_group_state([MessageState(state) for state in states]) == derived


states_of_a_group = st.lists(st.sampled_from(RECIPIENT_STATES), min_size=1, max_size=10)


@given(states=states_of_a_group, data=st.data())
def test_the_state_of_a_group_message_ignores_the_order_of_recipients(
    states: list[MessageState], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(states))
    assert messages.derive_group_state(shuffled) == messages.derive_group_state(states)


def test_a_group_message_never_moves_down_when_a_recipient_moves_up() -> None:
    def rank(states: tuple[MessageState, ...]) -> int:
        state = messages.derive_group_state(states)
        return -1 if state is None else messages.RANKS[state]

    for first, others in product(RECIPIENT_STATES, product(RECIPIENT_STATES, repeat=2)):
        for higher in RECIPIENT_STATES:
            if messages.RANKS[higher] > messages.RANKS[first]:
                assert rank((higher, *others)) >= rank((first, *others))


def test_the_key_of_long_names_fits_an_index() -> None:
    assert len(messages.build_conversation_key(OWNER, ["п" * 500, "ш" * 500]).encode()) <= 2048


def test_the_repr_of_a_message_hides_text_and_media() -> None:
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
