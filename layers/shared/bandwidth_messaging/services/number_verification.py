"""Submits toll-free numbers for verification, reads their state, and records what webhooks report."""

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple

from bandwidth_messaging.bandwidth.errors import (
    BandwidthError,
    BandwidthOutcomeUnknown,
    BandwidthRejected,
    BandwidthUnauthorized,
    BandwidthUnavailable,
    changed_nothing,
)
from bandwidth_messaging.bandwidth.verifications import BLOCKED, PENDING, VERIFIED, Verification
from bandwidth_messaging.domain.numbers import NumberState
from bandwidth_messaging.domain.problems import (
    Conflict,
    FieldProblem,
    InvalidInput,
    NotFound,
    ProblemCode,
    Unavailable,
)
from bandwidth_messaging.domain.registration import (
    RegistrationKind,
    SubmissionOutcome,
    build_toll_free_registration,
    classify_number,
    is_unchanged,
)
from bandwidth_messaging.domain.times import now, to_rfc3339
from bandwidth_messaging.services.find_or_create import LEASE_DURATION

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.credentials import BasicCredentials
    from bandwidth_messaging.bandwidth.registration_center import Registrations
    from bandwidth_messaging.domain.numbers import NumberItem
    from bandwidth_messaging.domain.submissions import Submission
    from bandwidth_messaging.store.leases import Leases
    from bandwidth_messaging.store.number_store import Numbers

logger = logging.getLogger(__name__)

# API Gateway waits 29 seconds for the function.
_READ_SECONDS: Final = 10
_RETRY_SECONDS: Final = 30
NOT_CURRENT: Final = (
    "Bandwidth offers toll-free verification by its current API only. Deploy the stack with "
    "BandwidthApi=current."
)
NOT_FOUND: Final = "{} is not a number of this stack. GET /numbers lists the stack's numbers."
NOT_RESUBMITTABLE: Final = (
    "Bandwidth does not allow another submission for {number}: its verification is {status}{reason}. "
    "Ask Bandwidth's support."
)
UNAVAILABLE: Final = "Bandwidth is not available. Repeat the request: it reads the state of the number first."
UNCONFIRMED: Final = (
    "Bandwidth did not confirm the submission. Repeat the request later: it submits the number only if "
    "Bandwidth has no submission of it."
)
_DENIED: Final = (
    "Bandwidth does not allow toll-free verification with the stack's credentials ({}). Give them the role "
    "TFV in the Bandwidth App, or ask Bandwidth's support to enable it."
)
_IN_PROGRESS: Final = (
    "Another request submits {}, or got no confirmation. Repeat the request later: it reads the state first."
)
_PENDING: Final = Verification(PENDING, is_submitted=True)
_NOT_TOLL_FREE: Final = "{} is not toll-free. Local numbers are registered in 10DLC campaigns."


class Requested(NamedTuple):
    """What a request for verification did, and the verification afterwards."""

    outcome: SubmissionOutcome
    verification: Verification


@dataclass(frozen=True)
class NumberVerification:
    """Requests and reads verifications of the stack's toll-free numbers.

    `registrations` returns a client whose reads take at most that many seconds in total; None in the classic
    generation. Bandwidth reports changes to `callback_url` with `credentials`.
    """

    numbers: "Numbers"
    leases: "Leases"
    registrations: "Callable[[float], Registrations] | None"
    callback_url: str
    credentials: "Callable[[], BasicCredentials]"

    def read(self, number: str) -> Verification | None:
        """Return Bandwidth's verification of a number (E.164), None if none was requested.

        Raises InvalidInput, NotFound, Conflict and Unavailable.
        """
        client = self._open()
        self._read_active(number)
        try:
            return client.get_verification(number)
        except BandwidthError as error:
            raise _explain(error, "number") from None

    def request(self, number: str, submission: "Submission") -> Requested:
        """Submit a number (E.164) unless carriers verified it or review it. Return the outcome.

        A denied submission is replaced if Bandwidth allows that. The state is read first, so that a request
        may be repeated. After a submission without a confirmation, requests wait for LEASE_DURATION, so that
        Bandwidth lists the submission if it arrived. Raises InvalidInput, NotFound, Conflict and Unavailable.
        """
        client = self._open()
        item = self._read_active(number)
        lease, holder, at = f"verification#{number}", uuid.uuid4().hex, now()
        until = to_rfc3339((datetime.fromisoformat(at) + LEASE_DURATION).isoformat())
        if not self.leases.acquire(lease, holder, at=at, until=until):
            raise Unavailable(_IN_PROGRESS.format(number), retry_after=LEASE_DURATION.seconds)
        is_free = True
        try:
            requested = self._submit_once(client, number, submission)
        except BandwidthError as error:
            is_free = changed_nothing(error)
            raise _explain(error, "body") from None
        finally:
            if is_free:
                self.leases.release(lease, holder)
        self._record(item, requested.verification)
        logger.info("verification requested", extra={"outcome": requested.outcome})
        return requested

    def _open(self) -> "Registrations":
        if self.registrations is None:
            raise Conflict(NOT_CURRENT, ProblemCode.NOT_ENABLED)
        return self.registrations(_READ_SECONDS)

    def _read_active(self, number: str) -> "NumberItem":
        """Return the item of a toll-free number that is active."""
        if classify_number(number) != RegistrationKind.TOLL_FREE:
            raise InvalidInput([FieldProblem("number", _NOT_TOLL_FREE.format(number))])
        item = self.numbers.get(number)
        if item is None:
            raise NotFound(NOT_FOUND.format(number))
        if item["state"] != NumberState.ACTIVE:
            problem = f"{number} is {item['state']}. Only an active number can be verified."
            raise InvalidInput([FieldProblem("number", problem)], ProblemCode.SENDER_NOT_ACTIVE)
        return item

    def _submit_once(self, client: "Registrations", number: str, submission: "Submission") -> Requested:
        self._subscribe(client)
        found = client.get_verification(number)
        if found is not None and found.status in {VERIFIED, PENDING}:
            return Requested(SubmissionOutcome.UNCHANGED, found)
        is_first = found is None or not (found.is_submitted or found.may_resubmit)
        if found is not None and (found.status == BLOCKED or not (is_first or found.may_resubmit)):
            reason = f" ({found.reason})" if found.reason else ""
            message = NOT_RESUBMITTABLE.format(number=number, status=found.status, reason=reason)
            raise Conflict(message, ProblemCode.VERIFICATION_NOT_ALLOWED)
        if is_first:
            return self._submit(client, number, submission)
        client.resubmit_verification(number, submission.to_wire())
        return Requested(SubmissionOutcome.RESUBMITTED, _PENDING)

    def _submit(self, client: "Registrations", number: str, submission: "Submission") -> Requested:
        try:
            client.submit_verification(number, submission.to_wire())
        except BandwidthOutcomeUnknown as unconfirmed:
            # The submission may have arrived before its response was lost.
            try:
                found = client.get_verification(number)
            except BandwidthError:
                raise unconfirmed from None
            if found is None or not (found.is_submitted or found.status == PENDING):
                raise
            return Requested(SubmissionOutcome.SUBMITTED, found)
        return Requested(SubmissionOutcome.SUBMITTED, _PENDING)

    def _subscribe(self, client: "Registrations") -> None:
        """Let Bandwidth report changes, and give it the current password for that.

        Without the subscription, the scheduled check finds the changes later.
        """
        try:
            client.subscribe_to_verifications(callback_url=self.callback_url, credentials=self.credentials())
        except BandwidthError as error:
            logger.warning("subscription failed", extra={"reason": f"{type(error).__name__}: {error}"})

    def _record(self, item: "NumberItem", verification: Verification) -> None:
        registration = build_toll_free_registration(verification.status, verification.reason, now())
        if not is_unchanged(item.get("registration"), registration):
            self.numbers.record_registration(item["number"], registration)


def _explain(error: BandwidthError, field: str) -> Exception:
    """Return the error of a request to Bandwidth as the caller of the API sees it.

    `field` is the part of the caller's request that a rejection concerns.
    """
    if isinstance(error, BandwidthRejected):
        return InvalidInput([FieldProblem(field, f"Bandwidth rejects the request: {error.words}")])
    if isinstance(error, BandwidthOutcomeUnknown):
        return Unavailable(UNCONFIRMED, retry_after=LEASE_DURATION.seconds)
    if isinstance(error, BandwidthUnavailable):
        return Unavailable(UNAVAILABLE, retry_after=error.wait_seconds or _RETRY_SECONDS)
    if isinstance(error, BandwidthUnauthorized) and error.status == HTTPStatus.FORBIDDEN:
        return Conflict(_DENIED.format(error.words), ProblemCode.NOT_ENABLED)
    return error
