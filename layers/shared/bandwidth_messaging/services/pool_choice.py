"""Chooses the number of a pool that sends a message. services/message_acceptance calls it."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from bandwidth_messaging.domain.opt_outs import OptOutItem, select_for_member, select_for_pool
from bandwidth_messaging.domain.pools import Candidate, PoolItem, choose_number
from bandwidth_messaging.domain.problems import Conflict, FieldProblem, InvalidInput, ProblemCode
from bandwidth_messaging.services.number_pools import check_pool_member
from bandwidth_messaging.services.send_checks import describe_opt_outs
from bandwidth_messaging.store.opt_out_store import SendFacts

if TYPE_CHECKING:
    from bandwidth_messaging.domain.sending import NewMessage
    from bandwidth_messaging.services.pacing import Pacing
    from bandwidth_messaging.store.pool_store import PoolFacts, Pools

logger = logging.getLogger(__name__)

_MAX_REASONS: Final = 3


class Choice(NamedTuple):
    """The number (E.164) that sends, and what decides about the message.

    `is_new` is whether the pool must remember the number of the conversation.
    """

    number: str
    facts: SendFacts
    is_new: bool


@dataclass(frozen=True)
class PoolChoice:
    """Chooses among the numbers of a pool that may send. `enforce_opt_outs` is EnforceOptOuts."""

    pools: "Pools"
    pacing: "Pacing"
    enforce_opt_outs: bool

    def choose(self, name: str, new: "NewMessage") -> Choice:
        """Choose the number that sends a message.

        Raises InvalidInput if the pool does not exist, and Conflict if a recipient opted out of the pool or
        no number of the pool can send the message.
        """
        pool, last_number, is_fresh = self.pools.get_conversation(name, new.to)
        if pool is None:
            detail = f"{name} is not a pool of this stack. GET /pools lists the pools."
            raise InvalidInput([FieldProblem("from", detail)], ProblemCode.SENDER_NOT_ACTIVE)
        facts = self.pools.get_facts(pool, new.to)
        if self.enforce_opt_outs and (opt_outs := select_for_pool(facts.statements, pool["formerNumbers"])):
            detail = f"An opt-out from one number applies to the whole pool {name}."
            raise Conflict(f"{describe_opt_outs(opt_outs)}. {detail}", ProblemCode.OPTED_OUT)
        reasons = {number: self._check(pool, number, facts, new) for number in pool["numbers"]}
        candidates = [self._weigh(number, facts) for number, reason in reasons.items() if reason is None]
        if not candidates:
            raise Conflict(_describe_reasons(name, reasons), ProblemCode.POOL_UNUSABLE)
        number = choose_number(
            candidates,
            new.to,
            last_number=last_number,
            match_area_code=pool.get("matchAreaCode", False),
        )
        opt_outs = self._select_opt_outs(pool, number, facts)
        sent_with = SendFacts(facts.numbers[number], opt_outs, facts.rates, facts.account_lane)
        return Choice(number, sent_with, is_new=number != last_number or not is_fresh)

    def remember(self, name: str, new: "NewMessage", number: str) -> None:
        """Record the number that texts the recipients. A failure loses nothing but the memory."""
        try:
            self.pools.record_conversation(name, new.to, number)
        except Exception as error:
            # The message is accepted: the request must not fail.
            logger.warning("conversation not recorded", extra={"error": type(error).__name__})

    def _check(self, pool: PoolItem, number: str, facts: "PoolFacts", new: "NewMessage") -> str | None:
        """Return why a number of a pool cannot send a message, None if it can."""
        item = facts.numbers.get(number)
        reason = check_pool_member(pool, number, item)
        if item is None or reason:
            return reason
        if number in new.to:
            return f"{number} is a recipient of the message"
        if problems := new.find_unsupported(item["api"]):
            return f"{number}: {problems[0].field} {problems[0].detail}"
        if self.enforce_opt_outs and (opt_outs := self._select_opt_outs(pool, number, facts)):
            return describe_opt_outs(opt_outs)
        return None

    def _select_opt_outs(self, pool: PoolItem, number: str, facts: "PoolFacts") -> list[OptOutItem]:
        return select_for_member(facts.statements, number, pool["formerNumbers"])

    def _weigh(self, number: str, facts: "PoolFacts") -> Candidate:
        lane, interval = self.pacing.find_narrow_rate(number, facts.numbers[number], facts.rates)
        return Candidate(number, lane, interval)


def _describe_reasons(name: str, reasons: Mapping[str, str | None]) -> str:
    """Return why no number of a pool can send, with the reasons of the first numbers."""
    shown = [str(reason).removesuffix(".") for reason in list(reasons.values())[:_MAX_REASONS]]
    more = len(reasons) - len(shown)
    rest = f" And {more} more: GET /pools/{name} shows the state of each." if more else ""
    return f"No number of the pool {name} can send this message. {'. '.join(shown)}.{rest}"
