"""Claims of accepted messages. A worker claims a message before sending, so that no other worker sends it."""

import uuid
from contextlib import suppress

from bandwidth_messaging.domain.messages import RANKS, MessageItem, MessageState, Waiting
from bandwidth_messaging.store.dynamodb import Table
from bandwidth_messaging.store.keys import message_key
from bandwidth_messaging.store.message_items import to_message
from bandwidth_messaging.store.outcomes import build_outcome


class Claims:
    """The writes around a send. Each depends on whether the message is claimed, and by which worker."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def claim(self, message_id: str, at: str, known: str | None = None) -> tuple[MessageItem | None, bool]:
        """Claim an accepted message for sending. Return its item, and whether this claim holds it.

        `known` is the `claim` of the item as the caller read it. The item is None if the message does not
        exist. If DynamoDB does not respond, the claim is undone as far as possible, and the error is raised.
        A caller without an item must not send.
        """
        token = uuid.uuid4().hex
        try:
            done, found = self._table.attempt(
                message_key(message_id),
                assign={
                    "state": MessageState.SENDING,
                    "rank": RANKS[MessageState.SENDING],
                    "sendingAt": at,
                    "claim": token,
                    "waiting": None,
                },
                add={"claims": 1},
                # An undone claim leaves its token in the item, which rejects late writes of earlier claims.
                condition="#state = :accepted AND "
                + ("#claim = :known" if known else "attribute_not_exists(#claim)"),
                values={"accepted": MessageState.ACCEPTED} | ({"known": known} if known else {}),
            )
        except Exception:
            with suppress(Exception):
                self._undo_claim(message_id, token)
            raise
        if found and found["state"] == MessageState.ACCEPTED:
            # Another claim was undone since the caller read the item.
            return self.claim(message_id, at, found.get("claim"))
        # botocore retries a call without a response: if the first call succeeded, the retry fails.
        holds_claim = found is not None and (found.get("claim"), found["state"]) == (
            token,
            MessageState.SENDING,
        )
        return to_message(found), done or holds_claim

    def release_claim(self, message: MessageItem, waiting: Waiting | None = None) -> None:
        """Undo the claim of a message that Bandwidth did not accept, so that it can be sent later.

        `waiting` is why the message waits. The message stays as it is if Bandwidth has reported it, and so
        accepted it.
        """
        self._undo_claim(message["messageId"], message["claim"], waiting)

    def _undo_claim(self, message_id: str, token: str, waiting: Waiting | None = None) -> None:
        self._table.update(
            message_key(message_id),
            assign={
                "state": MessageState.ACCEPTED,
                "rank": RANKS[MessageState.ACCEPTED],
                "sendingAt": None,
                "send_unconfirmedAt": None,
                "claim": token,
                "reason": None,
                "waiting": waiting,
            },
            # The state is accepted if the claim was not written yet.
            condition="(#state = :accepted OR #claim = :claim AND #state IN (:sending, :unconfirmed))"
            " AND attribute_not_exists(#bandwidthId)",
            values={
                "accepted": MessageState.ACCEPTED,
                "claim": token,
                "sending": MessageState.SENDING,
                "unconfirmed": MessageState.SEND_UNCONFIRMED,
            },
        )

    def advance_claimed(self, message: MessageItem, state: MessageState, at: str, *, reason: str) -> bool:
        """Move a claimed message to a state. Return False if its state or claim is not that of `message`.

        `advance` compares only ranks. It would move a message that waits for its retry.
        """
        done, _ = self._table.attempt(
            message_key(message["messageId"]),
            assign=build_outcome(state, at, reason=reason),
            condition="#state = :known AND #claim = :claim",
            values={"known": message["state"], "claim": message["claim"]},
        )
        return done

    def record_waiting(self, message_id: str, waiting: Waiting) -> None:
        """Record why an accepted message waits. A message that a worker has claimed does not change."""
        self._table.update(
            message_key(message_id),
            assign={"waiting": waiting},
            condition="#state = :accepted",
            values={"accepted": MessageState.ACCEPTED},
        )

    def fail_unclaimed(
        self, message_id: str, at: str, *, error_class: str, reason: str
    ) -> tuple[bool, MessageItem | None]:
        """Fail an accepted message that may not be sent. Return whether it failed, and its item.

        A message that a worker has claimed in the meantime does not change.
        """
        done, found = self._table.attempt(
            message_key(message_id),
            assign=build_outcome(MessageState.FAILED, at, error_class=error_class, reason=reason),
            condition="#state = :accepted",
            values={"accepted": MessageState.ACCEPTED},
        )
        return done, to_message(found)
