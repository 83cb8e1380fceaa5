"""Toll-free verification in the ControlApi. functions/control/verify_number registers it."""

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

from aws_lambda_powertools.event_handler.openapi.params import Body, Path

from bandwidth_messaging.api import responses
from bandwidth_messaging.api.resolver import operation
from bandwidth_messaging.api.views import View
from bandwidth_messaging.domain.problems import Conflict, FieldProblem, ProblemCode
from bandwidth_messaging.domain.registration import build_toll_free_registration
from bandwidth_messaging.domain.submissions import Submission
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.domain.validation import PhoneNumber
from bandwidth_messaging.services.number_verification import (
    NOT_CURRENT,
    NOT_FOUND,
    NOT_RESUBMITTABLE,
    UNAVAILABLE,
)

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver

    from bandwidth_messaging.bandwidth.verifications import Verification
    from bandwidth_messaging.services.number_verification import NumberVerification

_EXAMPLE: Final = "+18885551212"
_PATH: Final = "/numbers/<number>/toll-free-verification"
_Number = Annotated[PhoneNumber, Path(description="One of your toll-free numbers", examples=[_EXAMPLE])]
_NOT_ALLOWED: Final = NOT_RESUBMITTABLE.format(
    number=_EXAMPLE, status="UNVERIFIED", reason=" (Website is not accessible)"
)


def add_verification_routes(
    app: "APIGatewayRestResolver", verification: "Callable[[], NumberVerification]"
) -> None:
    """Register the operations."""

    @operation(
        app.get,
        _PATH,
        tag="Numbers",
        response=responses.Verification,
        errors={
            HTTPStatus.NOT_FOUND: NOT_FOUND.format(_EXAMPLE),
            HTTPStatus.CONFLICT: Conflict(NOT_CURRENT, ProblemCode.NOT_ENABLED),
            HTTPStatus.UNPROCESSABLE_ENTITY: FieldProblem("number", "+19195551212 is not toll-free."),
            HTTPStatus.SERVICE_UNAVAILABLE: UNAVAILABLE,
        },
    )
    def get_verification(number: _Number) -> dict[str, Any]:
        """Return the toll-free verification of a number.

        The request reads it from Bandwidth. GET /numbers/{number} returns the state that the stack knows.
        """
        return _view(number, verification().read(number))

    @operation(
        app.put,
        _PATH,
        tag="Numbers",
        response=responses.Verification,
        errors={
            HTTPStatus.NOT_FOUND: NOT_FOUND.format(_EXAMPLE),
            HTTPStatus.CONFLICT: Conflict(_NOT_ALLOWED, ProblemCode.VERIFICATION_NOT_ALLOWED),
            HTTPStatus.UNPROCESSABLE_ENTITY: FieldProblem(
                "messageVolume", "input should be greater than or equal to 10"
            ),
            HTTPStatus.SERVICE_UNAVAILABLE: UNAVAILABLE,
        },
    )
    def request_verification(number: _Number, submission: Annotated[Submission, Body()]) -> dict[str, Any]:
        """Submit a toll-free number for verification.

        Carriers review a submission for some days and reject the number's texts until they have verified it.
        The event Number Updated reports their decision. The request changes nothing if carriers have
        verified the number or review it. If they denied it, the request replaces the submission, as long as
        Bandwidth allows it (resubmitAllowed). A request without a response can be repeated.
        """
        outcome, found = verification().request(number, submission)
        return _view(number, found) | {"outcome": outcome}


def _view(number: str, found: "Verification | None") -> View:
    """Return a verification as the API shows it. Fields without a value are left out."""
    status, reason = (found.status, found.reason) if found else (None, None)
    fields: View = {
        "number": number,
        "state": build_toll_free_registration(status, reason, now())["state"],
        "status": status,
        "reason": reason,
    }
    if found is not None:
        fields |= {
            "resubmitAllowed": found.may_resubmit or None,
            "ticket": found.ticket,
            "createdAt": found.created_at,
            "modifiedAt": found.modified_at,
        }
    return {name: value for name, value in fields.items() if value is not None}
