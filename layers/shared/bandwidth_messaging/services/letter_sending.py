"""Sends letters of authorization to import orders of the current API."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.domain.orders import Failure
from bandwidth_messaging.domain.step_outcomes import StepOutcome

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.dashboard_current import DashboardCurrent
    from bandwidth_messaging.domain.imports import Letter
    from bandwidth_messaging.store.letters import Letters


class SentLetter(NamedTuple):
    """The outcome of sending a letter. `failure` says why Bandwidth rejected the letter."""

    outcome: StepOutcome
    failure: Failure | None = None


@dataclass(frozen=True)
class LetterSending:
    """Uploads letters of the stack's bucket to Bandwidth."""

    dashboard: "DashboardCurrent"
    letters: "Letters"

    def send_once(self, order_id: str, letter: "Letter") -> SentLetter:
        """Upload the letter unless the order has one; an earlier run may have uploaded it."""
        try:
            if self.dashboard.has_letter(order_id):
                return SentLetter(StepOutcome.FOUND)
            self.dashboard.send_letter(order_id, self.letters.read(letter.key), letter.content_type)
        except BandwidthRejected as error:
            reason = f"Bandwidth rejected the letter of authorization: {error.words}"
            return SentLetter(StepOutcome.REJECTED, Failure(number=None, code=error.code, reason=reason))
        return SentLetter(StepOutcome.CREATED)
