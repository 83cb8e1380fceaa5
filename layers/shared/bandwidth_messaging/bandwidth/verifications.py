"""Parses toll-free verifications: Bandwidth's responses about a number, and its webhooks.

The webhook function loads this module, so that it imports no HTTP client.
"""

import json
from typing import Any, Final, NamedTuple

from bandwidth_messaging.domain.registration import RegistrationKind, classify_number

VERIFIED: Final = "VERIFIED"
PENDING: Final = "PENDING"
BLOCKED: Final = "RESTRICTED"
"""Our status of a blocked number. Bandwidth reports `blocked` beside one of its own statuses."""


class Verification(NamedTuple):
    """The verification of a toll-free number.

    `status` is VERIFIED, UNVERIFIED or PENDING (specification, TfvStatusEnum), or BLOCKED. `reason` is
    Bandwidth's reason for a denial or for the block. `is_submitted` is whether the number was submitted.
    A denied submission may be changed if `may_resubmit`, for seven days (specification of the PUT). `ticket`
    is Bandwidth's id for questions to its support. Times are RFC 3339.
    """

    status: str
    reason: str | None = None
    is_submitted: bool = False
    may_resubmit: bool = False
    ticket: str | None = None
    created_at: str | None = None
    modified_at: str | None = None


class VerificationChange(NamedTuple):
    """A webhook: the number (E.164), and its verification, which changed."""

    number: str
    verification: Verification


def parse_verification(body: dict[str, Any]) -> Verification:
    """Return the verification in a response (specification, TfvStatus) or in a webhook.

    The fields of a webhook are a part of those of a response. It has neither times nor the submission.
    """
    reason = _text(body.get("declineReasonDescription"))
    is_blocked = bool(body.get("blocked"))
    return Verification(
        status=BLOCKED if is_blocked else str(body.get("status") or ""),
        reason=_text(body.get("blockedReason")) if is_blocked else reason,
        # The submission is only "appended if it is available". Only a submission is denied with a reason.
        is_submitted=bool(body.get("submission") or reason),
        may_resubmit=body.get("resubmitAllowed") is True,
        ticket=_text(body.get("internalTicketNumber")),
        created_at=_text(body.get("createdDateTime")),
        modified_at=_text(body.get("modifiedDateTime")),
    )


def read_verification_change(body: bytes) -> VerificationChange | None:
    """Parse a webhook, None if the body is not one.

    Bandwidth sends VerificationWebhook, VerificationDenialWebhook or BlockedWebhook (specification): a JSON
    object with `accountId`, `phoneNumber` (toll-free, E.164), `status` and `internalTicketNumber`, and the
    reason of a denial or of a block.
    """
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(parsed, dict):
        return None
    number, status = parsed.get("phoneNumber"), parsed.get("status")
    if not isinstance(number, str) or classify_number(number) != RegistrationKind.TOLL_FREE:
        return None
    if not isinstance(status, str) or not status:
        return None
    return VerificationChange(number, parse_verification(parsed))


def _text(value: Any) -> str | None:
    return str(value) if value else None
