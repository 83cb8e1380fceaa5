"""Resolver of the ControlApi: camelCase JSON responses, and problem details (RFC 9457) for errors."""

import base64
import inspect
import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)
from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from bandwidth_messaging.api.cursors import INVALID_CURSOR
from bandwidth_messaging.api.responses import Problem
from bandwidth_messaging.domain.problems import Backlog, Conflict, FieldProblem, InvalidInput, NotFound
from bandwidth_messaging.domain.validation import field_problems
from bandwidth_messaging.store.dynamodb import InvalidStartKey

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = logging.getLogger(__name__)

_PROBLEM_JSON: Final = "application/problem+json"
_INVALID_FIELDS: Final = "The request has invalid fields."
_JSON: Final = "application/json"
_BYTE_ORDER_MARK: Final = "\ufeff"
_REPLACEMENT: Final = "\ufffd"


class _Resolver(APIGatewayRestResolver):
    """Reads requests as API Gateway passes them to Lambda, where Powertools differs."""

    def resolve(self, event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
        return super().resolve(_normalized(event), context)

    def _convert_matches_into_route_keys(self, match: re.Match[str]) -> dict[str, str]:
        # REST APIs pass percent-encoded paths. Decoded after routing, so that %2F separates no segments.
        return {name: unquote(value) for name, value in match.groupdict().items()}


def resolver() -> APIGatewayRestResolver:
    """Return a resolver that validates by type hints and responds to every error with problem details.

    A request body must be a JSON object. Every other body is a 422.
    """
    app = _Resolver(enable_validation=True, json_body_deserializer=_object)
    for error, response in _ERROR_RESPONSES.items():
        app.exception_handler(error)(response)
    app.not_found(lambda _: _problem(HTTPStatus.NOT_FOUND, "The path does not exist."))
    return app


def operation[Function: Callable[..., Any]](
    register: Callable[..., Any],
    path: str,
    *,
    tag: str,
    response: type[BaseModel],
    status: HTTPStatus = HTTPStatus.OK,
    errors: Mapping[HTTPStatus, str | FieldProblem],
) -> Callable[[Function], Function]:
    """Register a function for a path and describe it in OpenAPI. `register` is a resolver's `get` or `post`.

    The summary and the description come from the docstring. `response` is the body with `status`. Each of
    `errors` is an example: the `detail` of the problem details, or for a 422 one invalid field.
    """

    def decorate(function: Function) -> Function:
        summary, _, description = (inspect.getdoc(function) or "").partition("\n\n")
        register(
            path,
            summary=" ".join(summary.split()).removesuffix("."),
            description=" ".join(description.split()),
            operation_id=to_camel(function.__name__),
            middlewares=[_reject_unknown_parameters],
            tags=[tag],
            responses={
                status.value: {
                    "description": status.phrase,
                    "content": {"application/json": {"model": response}},
                },
                **{error.value: _describe_error(error, example) for error, example in errors.items()},
            },
        )(function)
        return function

    return decorate


def _normalized(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event with its body as text, and with a media type that is JSON or unsupported.

    Powertools compares media types exactly, accepts HTML forms, and fails on a body that is not UTF-8.
    """
    headers = {str(name).lower(): value for name, value in (event.get("headers") or {}).items()}
    if content_type := headers.get("content-type"):
        media_type = content_type.partition(";")[0].strip().lower()
        headers["content-type"] = _JSON if media_type == _JSON else "unsupported"
    body = event.get("body")
    if body and event.get("isBase64Encoded"):
        body = base64.b64decode(body).decode(errors="replace")
    return {**event, "headers": headers, "body": body, "isBase64Encoded": False}


def _object(body: str) -> dict[str, Any]:
    """Return a request body's JSON object. Raises InvalidInput for every other body."""
    # API Gateway replaces bytes that are not UTF-8 too.
    if _REPLACEMENT in body:
        raise InvalidInput([FieldProblem("body", "is not UTF-8. Send JSON in UTF-8, without U+FFFD.")])
    try:
        content = json.loads(body.removeprefix(_BYTE_ORDER_MARK), parse_constant=_reject_constant)
    # json raises ValueError also for an integer of more than 4,300 digits.
    except (ValueError, RecursionError):
        raise InvalidInput([FieldProblem("body", "is not JSON. Send a JSON object ({...}).")]) from None
    if not isinstance(content, dict):
        raise InvalidInput([FieldProblem("body", "is not a JSON object. Send a JSON object ({...}).")])
    return content


def _reject_constant(constant: str) -> None:
    """Reject NaN and Infinity, which Python accepts and JSON does not contain."""
    raise ValueError(constant)


def _reject_unknown_parameters(
    app: APIGatewayRestResolver, next_middleware: "NextMiddleware"
) -> Response[Any]:
    known = {parameter.alias for parameter in app.context["_route"].dependant.query_params}
    unknown = app.current_event.query_string_parameters.keys() - known
    if unknown:
        expected = f"The parameters are {', '.join(sorted(known))}." if known else "There are no parameters."
        detail = f"is not a query parameter of this operation. {expected}"
        raise InvalidInput(FieldProblem(name, detail) for name in sorted(unknown))
    return next_middleware(app)


def _describe_error(error: HTTPStatus, example: str | FieldProblem) -> dict[str, Any]:
    if isinstance(example, FieldProblem):
        problem = _problem_details(error, _INVALID_FIELDS, errors=[example._asdict()])
    else:
        problem = _problem_details(error, example)
    return {
        "description": error.phrase,
        "content": {_PROBLEM_JSON: {"model": Problem, "example": problem}},
    }


def _validation_failed(error: RequestValidationError) -> Response[Any]:
    # Drop the location's first part (body, query or path). A missing body has only that part.
    errors = [{**entry, "loc": entry["loc"][1:] or entry["loc"]} for entry in error.errors()]
    return _invalid_fields(field_problems(errors))


def _invalid_fields(problems: Iterable[FieldProblem]) -> Response[Any]:
    return _problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        _INVALID_FIELDS,
        errors=[problem._asdict() for problem in problems],
    )


def _internal_error(error: Exception) -> Response[Any]:
    logger.error("request failed", exc_info=error)
    return _problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "The request failed with an internal error. The log has the details.",
    )


def _problem(
    status: HTTPStatus, detail: str, *, headers: dict[str, str] | None = None, **more: Any
) -> Response[Any]:
    body = json.dumps(_problem_details(status, detail, **more))
    return Response(status_code=status.value, content_type=_PROBLEM_JSON, body=body, headers=headers)


def _problem_details(status: HTTPStatus, detail: str, **more: Any) -> dict[str, Any]:
    return {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail, **more}


_ERROR_RESPONSES: Final[dict[type[Exception], Callable[[Any], Response[Any]]]] = {
    RequestValidationError: _validation_failed,
    InvalidInput: lambda error: _invalid_fields(error.problems),
    InvalidStartKey: lambda _: _invalid_fields([INVALID_CURSOR]),
    NotFound: lambda error: _problem(HTTPStatus.NOT_FOUND, str(error)),
    Backlog: lambda error: _problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        str(error),
        headers=None if error.retry_after is None else {"Retry-After": str(error.retry_after)},
    ),
    Conflict: lambda error: _problem(HTTPStatus.CONFLICT, str(error)),
    RequestUnsupportedContentType: lambda _: _problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send JSON, with the header Content-Type: application/json."
    ),
    Exception: _internal_error,
}
