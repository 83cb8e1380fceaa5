"""When each person last got an automatic reply, in the Numbers table."""

from bandwidth_messaging.store.dynamodb import Table
from bandwidth_messaging.store.keys import reply_key


class Replies:
    """One item per owner number and person, with the time and the message of the last reply of each kind."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def claim(
        self, owner: str, participant: str, kind: str, message_id: str, *, at: str, cutoff: str
    ) -> bool:
        """Claim the reply of a kind. Return whether `message_id` may be sent.

        It may if there was no reply of this kind since `cutoff`, or if the same reply was claimed before.
        """
        time, reply = f"{kind}At", f"{kind}Reply"
        done = self._table.attempt(
            reply_key(owner, participant),
            assign={time: at, reply: message_id},
            condition="attribute_not_exists(#time) OR #time < :cutoff OR #reply = :reply",
            names={"time": time, "reply": reply},
            values={"cutoff": cutoff, "reply": message_id},
        )
        return done.done
