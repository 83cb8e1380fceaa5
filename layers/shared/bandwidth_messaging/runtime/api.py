"""The ControlApi's way of answering: camelCase JSON, and problem details (RFC 9457) for what is wrong."""

import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)
from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from bandwidth_messaging.domain.errors import FieldProblem, InvalidInput
from bandwidth_messaging.domain.validation import field_problems
from bandwidth_messaging.runtime.answers import Problem
from bandwidth_messaging.runtime.logging import logger

_PROBLEM_JSON: Final = "application/problem+json"
_WRONG_FIELDS: Final = "The request has wrong fields."


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


def operation[Function: Callable[..., Any]](
    register: Callable[..., Any],
    path: str,
    *,
    tag: str,
    answer: type[BaseModel],
    status: HTTPStatus = HTTPStatus.OK,
    errors: Mapping[HTTPStatus, str | FieldProblem],
) -> Callable[[Function], Function]:
    """Register a function for a path, with `register` a resolver's `get` or `post`, and describe it.

    OpenAPI then says of it: summary and description from its docstring; what it answers with `status`; each
    error with an example, which is the `detail` of its problem details, for a 422 one of its wrong fields.
    """

    def decorate(function: Function) -> Function:
        summary, _, description = (inspect.getdoc(function) or "").partition("\n\n")
        register(
            path,
            summary=" ".join(summary.split()).removesuffix("."),
            description=" ".join(description.split()),
            operation_id=to_camel(function.__name__),
            tags=[tag],
            responses={
                status.value: {
                    "description": status.phrase,
                    "content": {"application/json": {"model": answer}},
                },
                **{error.value: _described(error, told) for error, told in errors.items()},
            },
        )(function)
        return function

    return decorate


def _described(error: HTTPStatus, told: str | FieldProblem) -> dict[str, Any]:
    if isinstance(told, FieldProblem):
        example = _problem_details(error, _WRONG_FIELDS, errors=[told._asdict()])
    else:
        example = _problem_details(error, told)
    return {
        "description": error.phrase,
        "content": {_PROBLEM_JSON: {"model": Problem, "example": example}},
    }


def _not_valid(error: RequestValidationError) -> Response[Any]:
    # The first part of a place says body, query or path; the caller knows the field by the rest.
    found = [{**each, "loc": each["loc"][1:]} for each in error.errors()]
    if any(each["type"] == "json_invalid" for each in found):
        return _wrong_fields([FieldProblem("body", "is not JSON")])
    return _wrong_fields(field_problems(found))


def _wrong_fields(problems: Iterable[FieldProblem]) -> Response[Any]:
    return _problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        _WRONG_FIELDS,
        errors=[problem._asdict() for problem in problems],
    )


def _failed(_: Exception) -> Response[Any]:
    logger.exception("request failed")
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "The request failed on our side; it is in the log.")


def _problem(status: HTTPStatus, detail: str, **more: Any) -> Response[Any]:
    body = json.dumps(_problem_details(status, detail, **more))
    return Response(status_code=status.value, content_type=_PROBLEM_JSON, body=body)


def _problem_details(status: HTTPStatus, detail: str, **more: Any) -> dict[str, Any]:
    return {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail, **more}


_ANSWERS: Final[dict[type[Exception], Callable[[Any], Response[Any]]]] = {
    RequestValidationError: _not_valid,
    InvalidInput: lambda error: _wrong_fields(error.problems),
    NotFound: lambda error: _problem(HTTPStatus.NOT_FOUND, str(error)),
    Conflict: lambda error: _problem(HTTPStatus.CONFLICT, str(error)),
    RequestUnsupportedContentType: lambda _: _problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send JSON, with the header Content-Type: application/json."
    ),
    Exception: _failed,
}
