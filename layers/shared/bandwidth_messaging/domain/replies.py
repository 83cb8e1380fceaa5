"""Automatic replies to the keywords of inbound texts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypedDict

from bandwidth_messaging.domain.opt_outs import KeywordKind
from bandwidth_messaging.domain.registration import RegistrationKind, classify_number

if TYPE_CHECKING:
    from bandwidth_messaging.domain.messages import MessageItem

MAX_AGE: Final = timedelta(hours=1)
"""A keyword that is older gets no reply. 47 CFR 64.1200(a)(12) expects a confirmation within five minutes."""
MAX_CHARACTERS: Final = 320
"""The length of a reply of a number. Those of the stack's parameters are shorter, see template.yaml."""
MAX_WAIT: Final = timedelta(minutes=30)
"""The time after which an accepted reply is not sent."""
MIN_INTERVAL: Final = timedelta(hours=24)
"""The time between two replies of one kind to the same person."""
# E.164 without short codes, which have at most six digits.
_PHONE_NUMBER: Final = re.compile(r"\+[1-9][0-9]{7,14}")


class NumberReplies(TypedDict, total=False):
    """The replies of one number, instead of those of the stack. An empty text is no reply."""

    stop: str
    start: str
    help: str


_NAMES: Final = {KeywordKind.OPT_OUT: "stop", KeywordKind.OPT_IN: "start", KeywordKind.HELP: "help"}


@dataclass(frozen=True)
class ReplyTexts:
    """The replies of the stack's parameters by kind and language. An empty text is no reply."""

    texts: Mapping[tuple[KeywordKind, str], str]

    def find(self, kind: KeywordKind, language: str, own: Mapping[str, Any]) -> str:
        """Return the reply to a keyword, "" for none. `own` are the replies of the number (NumberReplies).

        A language without a text gets the English one.
        """
        if (name := _NAMES.get(kind)) is None:
            return ""
        if name in own:
            return str(own[name])
        return self.texts.get((kind, language)) or self.texts.get((kind, "en"), "")

    def __bool__(self) -> bool:
        """Return whether there is a reply."""
        return any(self.texts.values())


def may_reply(message: "MessageItem", kind: KeywordKind) -> bool:
    """Return whether an inbound message may get an automatic reply.

    Groups, short codes, alphanumeric senders and the number itself get no reply. Toll-free numbers do
    not confirm STOP and START, because the network does.
    """
    if len(message.get("to", ())) != 1 or not _PHONE_NUMBER.fullmatch(message.get("from", "")):
        return False
    if message["from"] == message["owner"]:
        return False
    is_toll_free = classify_number(message["owner"]) is RegistrationKind.TOLL_FREE
    return not (is_toll_free and kind in {KeywordKind.OPT_OUT, KeywordKind.OPT_IN})
