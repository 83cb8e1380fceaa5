"""Operations of the ControlApi about opt-outs. functions/control/browse and change_opt_outs register them."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from pydantic import AfterValidator, Field

from bandwidth_messaging.api import responses
from bandwidth_messaging.api.cursors import list_page
from bandwidth_messaging.api.parameters import NUMBER_EXAMPLE, OTHER_NUMBER, OWN_NUMBER, Cursor, Limit
from bandwidth_messaging.api.resolver import operation
from bandwidth_messaging.api.views import opt_out_record_view, opt_out_view
from bandwidth_messaging.domain.participants import to_number_or_agent
from bandwidth_messaging.domain.problems import Conflict, FieldProblem, InvalidInput, ProblemCode
from bandwidth_messaging.domain.validation import CamelModel, NormalizedText, PhoneNumber, Text
from bandwidth_messaging.services.manual_opt_outs import BUSY, NOT_FOUND

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver

    from bandwidth_messaging.services.manual_opt_outs import ManualOptOuts
    from bandwidth_messaging.store.opt_out_store import OptOuts

_SCOPE_WITHOUT_NUMBER: Final = FieldProblem(
    "scope", '"number" needs the parameter number. Give the number, or leave the scope out.'
)
_ERRORS: Final[dict[HTTPStatus, str | FieldProblem | Conflict]] = {
    HTTPStatus.NOT_FOUND: NOT_FOUND.format(OWN_NUMBER),
    HTTPStatus.CONFLICT: Conflict(BUSY, ProblemCode.CONCURRENT_CHANGE),
    HTTPStatus.UNPROCESSABLE_ENTITY: NUMBER_EXAMPLE,
}
_OwnNumber = Annotated[
    str,
    AfterValidator(to_number_or_agent),
    Path(description="One of your numbers, or the sender id of an RCS agent", examples=[OWN_NUMBER]),
]
_Recipient = Annotated[PhoneNumber, Path(description="The person's number", examples=[OTHER_NUMBER])]


class NewOptOut(CamelModel):
    """How a person opted out otherwise than by text."""

    note: Annotated[Text, Field(max_length=1000)] | None = Field(
        None, description="How and where the person opted out. Shown in lists, never logged"
    )
    keyword: Annotated[NormalizedText, Field(max_length=100)] | None = Field(
        None, description='The person\'s word. Default: "manual"'
    )


def add_opt_out_routes(app: "APIGatewayRestResolver", opt_outs: "Callable[[], OptOuts]") -> None:
    """Register the operations that read opt-outs."""

    @operation(
        app.get,
        "/opt-outs",
        tag="Opt-outs",
        response=responses.OptOuts,
        errors={HTTPStatus.UNPROCESSABLE_ENTITY: _SCOPE_WITHOUT_NUMBER},
    )
    def list_all_opt_outs(
        number: Annotated[PhoneNumber | None, Query(description="One of your numbers")] = None,
        scope: Annotated[
            Literal["number", "stack"] | None,
            Query(description="`stack`: only opt-outs from all numbers of the stack"),
        ] = None,
        limit: Limit = 25,
        cursor: Cursor = None,
    ) -> dict[str, Any]:
        """Return the current opt-outs of the stack, or those that apply to one of its numbers.

        Without number and scope, the list has all opt-outs, in no order.
        """
        if scope == "number" and number is None:
            raise InvalidInput([_SCOPE_WITHOUT_NUMBER])
        if scope == "stack":
            query, name = opt_outs().list_by_stack, "opt-outs of the stack"
        elif number is None:
            query, name = opt_outs().list_all, "all opt-outs"
        else:
            query, name = partial(opt_outs().list_by_number, number), f"opt-outs of {number}"
        return list_page(query, opt_out_view, list_name=name, limit=limit, cursor=cursor)

    @operation(
        app.get,
        "/numbers/<number>/opt-outs",
        tag="Opt-outs",
        response=responses.OptOuts,
        errors={HTTPStatus.UNPROCESSABLE_ENTITY: NUMBER_EXAMPLE},
    )
    def list_opt_outs(number: _OwnNumber, limit: Limit = 25, cursor: Cursor = None) -> dict[str, Any]:
        """Return the people who opted out of texts from this number."""
        query = partial(opt_outs().list_by_number, number)
        return list_page(query, opt_out_view, list_name=f"opt-outs of {number}", limit=limit, cursor=cursor)


def add_opt_out_changes(
    app: "APIGatewayRestResolver", manual_opt_outs: "Callable[[], ManualOptOuts]"
) -> None:
    """Register the operations that record opt-outs and opt-ins."""

    @operation(
        app.put,
        "/numbers/<number>/opt-outs/<recipient>",
        tag="Opt-outs",
        response=responses.OptOutRecord,
        errors=_ERRORS,
    )
    def record_opt_out(
        number: _OwnNumber, recipient: _Recipient, new: Annotated[NewOptOut | None, Body()] = None
    ) -> dict[str, Any]:
        """Record that a person opted out otherwise than by text.

        The opt-out applies from now. A text that the person sent earlier, but that arrives later, changes
        nothing. A later START ends the opt-out. Repeating the request with the same body changes nothing
        while the person is opted out. With the parameter OptOutScope=stack the opt-out applies to all
        numbers of the stack.
        """
        given = new or NewOptOut()
        return opt_out_record_view(
            manual_opt_outs().opt_out(number, recipient, keyword=given.keyword, note=given.note)
        )

    @operation(
        app.delete,
        "/numbers/<number>/opt-outs/<recipient>",
        tag="Opt-outs",
        response=responses.OptOutRecord,
        errors=_ERRORS,
    )
    def end_opt_out(number: _OwnNumber, recipient: _Recipient) -> dict[str, Any]:
        """Record that a person opted in again.

        The opt-in applies from now. A later STOP is an opt-out again. Repeating the request changes nothing.
        With the parameter OptOutScope=stack the opt-in applies to all numbers of the stack.
        """
        return opt_out_record_view(manual_opt_outs().opt_in(number, recipient))
