"""Checks who may send to whom. POST /messages runs them, and the worker again right before each send."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bandwidth_messaging.domain import registration
from bandwidth_messaging.domain.numbers import NumberState
from bandwidth_messaging.domain.opt_outs import ALL_NUMBERS, select_current
from bandwidth_messaging.domain.problems import ProblemCode

if TYPE_CHECKING:
    from bandwidth_messaging.domain.opt_outs import OptOutItem
    from bandwidth_messaging.store.opt_out_store import OptOuts, SendFacts

_ADVICE: Final = "GET /numbers?state=active lists numbers that can send."


class Obstacle(StrEnum):
    """What keeps a message from being sent. The value is the error class of a failed message."""

    SENDER = "sender"
    OPT_OUT = "opt_out"
    EXPIRED = "expired"


class SendProblem(NamedTuple):
    """Why a message may not be sent: the obstacle, the reason in words, and the code if a request has it."""

    obstacle: Obstacle
    reason: str
    code: ProblemCode = ProblemCode.INVALID_FIELD


@dataclass(frozen=True)
class SendChecks:
    """Checks senders and recipients against the stack's parameters.

    `unregistered_senders` is UnregisteredSenders: "refuse" or "warn" of a number that carriers reject.
    `enforce_opt_outs` is EnforceOptOuts: if False, another system enforces opt-outs.
    """

    opt_outs: "OptOuts"
    unregistered_senders: str
    enforce_opt_outs: bool

    def check(
        self,
        number: str,
        recipients: Sequence[str],
        *,
        pool: str | None = None,
        confirms_opt_out: bool = False,
    ) -> "tuple[SendFacts, SendProblem | None]":
        """Return what decides about the message, and the first problem that keeps it from being sent, if any.

        A problem with the sender comes before opt-outs. If the number sends for a `pool`, an opt-out from any
        number of the pool counts. The one message that confirms an opt-out (`confirms_opt_out`) may be sent
        in spite of it, and only while it lasts.
        """
        facts = self.opt_outs.get_send_facts(number, recipients, pool)
        if problem := check_sender(number, facts.sender, unregistered=self.unregistered_senders):
            return facts, problem
        if facts.opt_outs and self.enforce_opt_outs and not confirms_opt_out:
            reason = describe_opt_outs(facts.opt_outs)
            return facts, SendProblem(Obstacle.OPT_OUT, reason, ProblemCode.OPTED_OUT)
        if confirms_opt_out and not facts.opt_outs:
            return facts, SendProblem(Obstacle.OPT_OUT, _describe_ended_opt_out(number, recipients))
        return facts, None

    def check_agent(self, agent: str, recipients: Sequence[str]) -> SendProblem | None:
        """Return the opt-out from the RCS agent that keeps a message from being sent, if any.

        A recipient who texts STOP by RCS texts the agent, and not the number of the fallback.
        """
        if not self.enforce_opt_outs:
            return None
        latest = [self.opt_outs.get_latest(agent, recipient)[0] for recipient in recipients]
        if opt_outs := select_current(statement for statement in latest if statement):
            return SendProblem(Obstacle.OPT_OUT, describe_opt_outs(opt_outs), ProblemCode.OPTED_OUT)
        return None


def check_sender(number: str, item: Mapping[str, Any] | None, *, unregistered: str) -> SendProblem | None:
    """Return why a number (E.164) with this item may not send. Return None if the number may send."""
    if item is None or item["state"] != NumberState.ACTIVE:
        state = item["state"] if item else "not a number of this stack"
        return SendProblem(Obstacle.SENDER, f"{number} is {state}. {_ADVICE}", ProblemCode.SENDER_NOT_ACTIVE)
    if unregistered == "refuse" and (
        reason := registration.explain_unregistered(number, item.get("registration"))
    ):
        return SendProblem(Obstacle.SENDER, reason, ProblemCode.SENDER_UNREGISTERED)
    return None


def describe_opt_outs(opt_outs: "Sequence[OptOutItem]") -> str:
    """Return who opted out of texts from which number, when and how."""
    return "; ".join(
        f"{each['theirs']} opted out of texts from {_describe_owner(each['ours'])} at {each['since']} "
        f"({each['keyword']})"
        for each in opt_outs
    )


def _describe_ended_opt_out(number: str, recipients: Sequence[str]) -> str:
    return f"{', '.join(recipients)} accepts texts from {number} again. There is no opt-out to confirm."


def _describe_owner(owner: str) -> str:
    return "all numbers of this stack" if owner == ALL_NUMBERS else owner
