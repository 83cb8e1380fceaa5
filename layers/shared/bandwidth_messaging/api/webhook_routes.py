"""Operations of the ControlApi for webhooks. functions/control/manage_webhooks registers them."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

from aws_lambda_powertools.event_handler.openapi.params import Body, Path

from bandwidth_messaging.api import responses
from bandwidth_messaging.api.bus_events import KINDS
from bandwidth_messaging.api.resolver import operation
from bandwidth_messaging.api.views import webhook_view
from bandwidth_messaging.domain.problems import Conflict, FieldProblem, InvalidInput, ProblemCode
from bandwidth_messaging.domain.webhook_requests import NAME_RULE, NewWebhook, WebhookName
from bandwidth_messaging.services.webhook_settings import CHANGED, SWITCHED_OFF, UNKNOWN

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver

    from bandwidth_messaging.services.webhook_settings import WebhookSettings

_TAG: Final = "Webhooks"
_EXAMPLE: Final = "crm"
_TYPES: Final = frozenset(name for kind in KINDS for name in kind.detail_types)
_TYPES_HINT: Final = "docs/events.md lists the types, such as Message Delivered."
_MAX_SHOWN: Final = 60
_PARAMETER_PROBLEM: Final = FieldProblem(
    "limit", "is not a query parameter of this operation. There are no parameters."
)
_NAME_PROBLEM: Final = FieldProblem("name", f'"CRM" is not a name. {NAME_RULE}')
_URL_PROBLEM: Final = FieldProblem("url", "has the scheme http. Use https.")
_Name = Annotated[WebhookName, Path(description="Name that you choose", examples=[_EXAMPLE])]
_CHANGE_ERRORS: Final[Mapping[HTTPStatus, str | FieldProblem | Conflict]] = {
    HTTPStatus.NOT_FOUND: UNKNOWN.format(_EXAMPLE),
    HTTPStatus.CONFLICT: Conflict(CHANGED, ProblemCode.CONCURRENT_CHANGE),
    HTTPStatus.UNPROCESSABLE_ENTITY: _NAME_PROBLEM,
}


def add_webhook_routes(app: "APIGatewayRestResolver", settings: "Callable[[], WebhookSettings]") -> None:
    """Register the operations."""

    @operation(
        app.get,
        "/webhooks",
        tag=_TAG,
        response=responses.Webhooks,
        errors={HTTPStatus.UNPROCESSABLE_ENTITY: _PARAMETER_PROBLEM},
    )
    def list_webhooks() -> dict[str, Any]:
        """Return all webhooks by name.

        A change of the last second may be missing.
        """
        return {"items": [webhook_view(webhook) for webhook in settings().list_all()]}

    @operation(
        app.get,
        "/webhooks/<name>",
        tag=_TAG,
        response=responses.Webhook,
        errors={
            HTTPStatus.NOT_FOUND: UNKNOWN.format(_EXAMPLE),
            HTTPStatus.UNPROCESSABLE_ENTITY: _NAME_PROBLEM,
        },
    )
    def get_webhook(name: _Name) -> dict[str, Any]:
        """Return a webhook, without its secret."""
        return webhook_view(settings().get(name))

    @operation(
        app.put,
        "/webhooks/<name>",
        tag=_TAG,
        response=responses.WebhookWithSecret,
        errors={
            HTTPStatus.CONFLICT: Conflict(SWITCHED_OFF, ProblemCode.NOT_ENABLED),
            HTTPStatus.UNPROCESSABLE_ENTITY: _URL_PROBLEM,
        },
    )
    def put_webhook(name: _Name, new: Annotated[NewWebhook, Body()]) -> dict[str, Any]:
        """Create or replace a webhook.

        The response to the request that creates the webhook contains its secret. Later requests keep the
        secret. Fields that are left out return to their defaults.
        """
        _check_types(new.types)
        webhook, secret = settings().put(name, new)
        return webhook_view(webhook, secret=secret)

    @operation(
        app.post,
        "/webhooks/<name>/secret",
        tag=_TAG,
        response=responses.WebhookWithSecret,
        errors=_CHANGE_ERRORS,
    )
    def rotate_webhook_secret(name: _Name) -> dict[str, Any]:
        """Create a new secret for a webhook and return it.

        For 24 hours each request is signed with the new secret and with the previous one. A second rotation
        in this time ends the oldest secret at once.
        """
        webhook, secret = settings().rotate(name)
        return webhook_view(webhook, secret=secret)

    @operation(
        app.delete,
        "/webhooks/<name>",
        tag=_TAG,
        response=responses.Webhook,
        errors=_CHANGE_ERRORS,
    )
    def delete_webhook(name: _Name) -> dict[str, Any]:
        """Delete a webhook and return it.

        Events that wait for the webhook's next attempt are dropped.
        """
        return webhook_view(settings().delete(name))


def _check_types(types: list[str] | None) -> None:
    problems = [
        FieldProblem(f"types[{position}]", f'"{_printable(name)}" is not a type of event. {_TYPES_HINT}')
        for position, name in enumerate(types or ())
        if name not in _TYPES
    ]
    if problems:
        raise InvalidInput(problems)


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text[:_MAX_SHOWN])
