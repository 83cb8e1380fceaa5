"""Replies to STOP, START and HELP. functions/messages/send_keyword_reply calls it for table changes."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from bandwidth_messaging.domain import messages
from bandwidth_messaging.domain.messages import Message, MessageState
from bandwidth_messaging.domain.opt_outs import KeywordKind, OptOutState
from bandwidth_messaging.domain.replies import MAX_AGE, MAX_WAIT, MIN_INTERVAL, may_reply
from bandwidth_messaging.domain.segments import count_segments
from bandwidth_messaging.domain.times import now, to_rfc3339

if TYPE_CHECKING:
    from bandwidth_messaging.domain.keywords import Keywords
    from bandwidth_messaging.domain.messages import MessageItem
    from bandwidth_messaging.domain.replies import ReplyTexts
    from bandwidth_messaging.store.message_store import Messages
    from bandwidth_messaging.store.opt_out_store import OptOuts
    from bandwidth_messaging.store.queues import SendQueue
    from bandwidth_messaging.store.reply_store import Replies

logger = logging.getLogger(__name__)

_KINDS = {OptOutState.OUT: KeywordKind.OPT_OUT, OptOutState.IN: KeywordKind.OPT_IN}


@dataclass(frozen=True)
class KeywordReplies:
    """Accepts a reply once per change of state, and at most once a day for each kind and person."""

    messages: "Messages"
    opt_outs: "OptOuts"
    replies: "Replies"
    high_send_queue: "Callable[[], SendQueue]"
    keywords: "Keywords"
    texts: "ReplyTexts"

    def handle_change(self, new: Mapping[str, Any], old: Mapping[str, Any]) -> None:
        """Reply to the text behind a changed item: an opt-out that began or ended, or a new message."""
        if "optOutState" in new:
            if (text_id := new.get("textId")) and _is_change(new, old):
                self._reply(self.messages.get(text_id), _KINDS[OptOutState(new["optOutState"])])
        elif new.get("direction") == "in" and not old:
            keyword = self.keywords.find(new.get("text", ""))
            if keyword and keyword.kind is KeywordKind.HELP:
                self._reply(self.messages.get(new["messageId"]), KeywordKind.HELP)

    def _reply(self, received: "MessageItem | None", kind: KeywordKind) -> None:
        if received is None or not may_reply(received, kind) or _is_old(received):
            return
        keyword = self.keywords.find(received.get("text", ""))
        owner, participant = received["owner"], received["from"]
        facts = self.opt_outs.get_reply_facts(owner, participant)
        sender = facts.sender
        # Two numbers of this stack must not answer each other.
        if sender is None or facts.is_own_number or keyword is None:
            return
        # The worker would not send the answer, and the claim would prevent the next one for a day.
        if facts.opt_outs and kind is KeywordKind.HELP:
            return
        text = self.texts.find(kind, keyword.language, cast("Mapping[str, str]", sender.get("replies", {})))
        if not text:
            return
        # Without the NUL, which no header contains, an Idempotency-Key could yield the same id.
        message_id = messages.create_message_id(f"\0reply\0{received['messageId']}")
        at = now()
        cutoff = to_rfc3339((datetime.fromisoformat(at) - MIN_INTERVAL).isoformat())
        if not self.replies.claim(owner, participant, kind, message_id, at=at, cutoff=cutoff):
            logger.info("reply skipped", extra={"message_id": received["messageId"], "kind": kind})
            return
        counted = count_segments(text, media=False)
        # The queue comes first, so that each stored message has a queue record.
        self.high_send_queue().add(message_id)
        added = self.messages.add(
            Message(
                message_id=message_id,
                direction="out",
                api=sender["api"],
                owner=owner,
                sender=owner,
                recipients=(participant,),
                text=text,
                state=MessageState.ACCEPTED,
                time=at,
                application_id=sender.get("applicationId"),
                encoding=counted.encoding,
                segment_count=counted.count,
                priority="high",
                expiration=to_rfc3339((datetime.fromisoformat(at) + MAX_WAIT).isoformat()),
                reply_kind=kind,
                reply_to=received["messageId"],
            )
        )
        logger.info(
            "reply accepted" if added else "reply already accepted",
            extra={"message_id": message_id, "kind": kind},
        )


def _is_change(new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    before = old.get("optOutState", OptOutState.IN)
    return bool(new["optOutState"] != before)


def _is_old(received: "MessageItem") -> bool:
    age = datetime.fromisoformat(now()) - datetime.fromisoformat(received["receivedAt"])
    return age > MAX_AGE
