"""Sets the replies of a number through the ControlApi. functions/control/set_replies registers it."""

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from pydantic import AfterValidator, Field

from bandwidth_messaging.api import responses
from bandwidth_messaging.api.parameters import OWN_NUMBER
from bandwidth_messaging.api.resolver import operation
from bandwidth_messaging.api.views import number_view
from bandwidth_messaging.domain.problems import FieldProblem, NotFound
from bandwidth_messaging.domain.replies import MAX_CHARACTERS, NumberReplies
from bandwidth_messaging.domain.validation import CamelModel, PhoneNumber, Text

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver

    from bandwidth_messaging.store.number_store import Numbers

_NOT_FOUND: Final = "{} is not a number of this stack. GET /numbers lists the stack's numbers."
_TOO_LONG: Final = FieldProblem("help", f"String should have at most {MAX_CHARACTERS} characters")
_Reply = Annotated[Text, AfterValidator(str.strip), Field(max_length=MAX_CHARACTERS)]


class NewReplies(CamelModel):
    """The replies of a number to STOP, START and HELP, in every language."""

    stop: _Reply | None = Field(
        None,
        description='Reply to STOP. "" sends no reply; null uses the stack\'s reply',
        examples=["Acme: you get no more texts. Reply START to resume."],
    )
    start: _Reply | None = Field(
        None, description='Reply to START. "" sends no reply; null uses the stack\'s reply'
    )
    help: _Reply | None = Field(
        None, description='Reply to HELP. "" sends no reply; null uses the stack\'s reply'
    )

    def given(self) -> NumberReplies:
        """Return the replies that are not the stack's."""
        replies: NumberReplies = {}
        if self.stop is not None:
            replies["stop"] = self.stop
        if self.start is not None:
            replies["start"] = self.start
        if self.help is not None:
            replies["help"] = self.help
        return replies


def add_reply_writes(app: "APIGatewayRestResolver", numbers: "Callable[[], Numbers]") -> None:
    """Register the operation."""

    @operation(
        app.put,
        "/numbers/<number>/replies",
        tag="Numbers",
        response=responses.Number,
        errors={
            HTTPStatus.NOT_FOUND: _NOT_FOUND.format(OWN_NUMBER),
            HTTPStatus.UNPROCESSABLE_ENTITY: _TOO_LONG,
        },
    )
    def set_replies(
        number: Annotated[PhoneNumber, Path(description="One of your numbers", examples=[OWN_NUMBER])],
        new: Annotated[NewReplies, Body()],
    ) -> dict[str, Any]:
        """Set a number's replies to STOP, START and HELP.

        They count instead of the replies of the stack's parameters, in every language, for the texts that
        arrive from now on. The request replaces all replies of the number: a reply that is null or left out
        returns to that of the stack. Repeating the request changes nothing.
        """
        if (item := numbers().set_replies(number, new.given())) is None:
            raise NotFound(_NOT_FOUND.format(number))
        return number_view(item)
