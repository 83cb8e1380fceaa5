"""Opt-outs and opt-ins that operators record: spoken, by mail or by email. The ControlApi calls it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, cast

from bandwidth_messaging.domain.opt_outs import MANUAL_KEYWORD, OptOutItem, OptOutSource, OptOutState
from bandwidth_messaging.domain.participants import is_agent_id
from bandwidth_messaging.domain.problems import Conflict, NotFound, ProblemCode
from bandwidth_messaging.domain.times import now, to_rfc3339

if TYPE_CHECKING:
    from bandwidth_messaging.store.number_store import Numbers
    from bandwidth_messaging.store.opt_out_store import OptOuts

NOT_FOUND: Final = "{} is not a number of this stack. GET /numbers lists the stack's numbers."
BUSY: Final = "The recipient's texts changed the opt-out meanwhile. Send the request again."
_MAX_ATTEMPTS: Final = 3


@dataclass(frozen=True)
class ManualOptOuts:
    """Records the statements of operators. They count from the time of the request."""

    numbers: "Numbers"
    opt_outs: "OptOuts"

    def opt_out(
        self, number: str, recipient: str, *, keyword: str | None = None, note: str | None = None
    ) -> OptOutItem:
        """Record that a recipient opted out. Return the stored statement.

        A repeated request with the same keyword and note changes nothing while the opt-out is current. Raises
        NotFound if the stack does not have the number. An RCS agent needs a statement of the recipient.
        """
        return self._record(number, recipient, OptOutState.OUT, keyword or MANUAL_KEYWORD, note)

    def opt_in(self, number: str, recipient: str) -> OptOutItem:
        """Record that a recipient opted in again. Return the stored statement.

        A repeated request changes nothing. Raises NotFound if the stack does not have the number.
        """
        return self._record(number, recipient, OptOutState.IN, MANUAL_KEYWORD, None)

    def _record(
        self, number: str, recipient: str, state: OptOutState, keyword: str, note: str | None
    ) -> OptOutItem:
        if self.numbers.get(number) is None and not self._is_agent(number, recipient):
            raise NotFound(NOT_FOUND.format(number))
        wanted = {"optOutState": state, "source": OptOutSource.MANUAL, "keyword": keyword, "note": note}
        for _ in range(_MAX_ATTEMPTS):
            latest, is_replaced = self.opt_outs.get_latest(number, recipient)
            # If a statement of the other scope decides, this scope still needs one of its own.
            if latest and is_replaced and all(latest.get(name) == value for name, value in wanted.items()):
                return latest
            done, item = self.opt_outs.record(
                number,
                recipient,
                opted_out=state == OptOutState.OUT,
                keyword=keyword,
                at=_time_after(latest),
                source=OptOutSource.MANUAL,
                note=note,
            )
            if done:
                return cast(OptOutItem, item)
        raise Conflict(BUSY, ProblemCode.CONCURRENT_CHANGE)

    def _is_agent(self, number: str, recipient: str) -> bool:
        """Return whether the recipient opted out of an RCS agent, which is all that the stack knows of it."""
        if not is_agent_id(number):
            return False
        latest, _ = self.opt_outs.get_latest(number, recipient)
        return latest is not None and latest["ours"] == number


def _time_after(stored: OptOutItem | None) -> str:
    """Return the current time, or the next second after a stored statement of this second or later.

    Statements within one second count as simultaneous. The operator's must count, whichever is stored.
    """
    current = now()
    second = len("2026-01-31T12:00:00")
    if stored is None or stored["since"][:second] < current[:second]:
        return current
    return to_rfc3339((datetime.fromisoformat(stored["since"][:second]) + timedelta(seconds=1)).isoformat())
