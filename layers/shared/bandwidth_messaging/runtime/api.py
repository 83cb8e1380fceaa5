"""The ControlApi's way of answering: camelCase JSON, and problem details (RFC 9457) for what is wrong."""

import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Final

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from bandwidth_messaging.domain.errors import FieldProblem, InvalidInput
from bandwidth_messaging.domain.validation import field_problems
from bandwidth_messaging.runtime.logging import logger


class NotFound(Exception):
    """There is nothing under this id."""


class Conflict(Exception):
    """What is asked for clashes with what is there."""


def resolver() -> APIGatewayRestResolver:
    """Return a resolver that validates by type hints and answers every error with problem details."""
    app = APIGatewayRestResolver(enable_validation=True)
    for error, answer in _ANSWERS.items():
        app.exception_handler(error)(answer)
    app.not_found(lambda _: _problem(HTTPStatus.NOT_FOUND, "There is no such path."))
    return app


def _not_valid(error: RequestValidationError) -> Response[Any]:
    # The first part of a place says body, query or path; the caller knows the field by the rest.
    return _wrong_fields(field_problems({**found, "loc": found["loc"][1:]} for found in error.errors()))


def _wrong_fields(problems: Iterable[FieldProblem]) -> Response[Any]:
    return _problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The request has wrong fields.",
        errors=[problem._asdict() for problem in problems],
    )


def _failed(_: Exception) -> Response[Any]:
    logger.exception("request failed")
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "The request failed on our side; it is in the log.")


def _problem(status: HTTPStatus, detail: str, **more: Any) -> Response[Any]:
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail, **more}
    return Response(status_code=status.value, content_type="application/problem+json", body=json.dumps(body))


_ANSWERS: Final[dict[type[Exception], Callable[[Any], Response[Any]]]] = {
    RequestValidationError: _not_valid,
    InvalidInput: lambda error: _wrong_fields(error.problems),
    NotFound: lambda error: _problem(HTTPStatus.NOT_FOUND, str(error)),
    Conflict: lambda error: _problem(HTTPStatus.CONFLICT, str(error)),
    Exception: _failed,
}
