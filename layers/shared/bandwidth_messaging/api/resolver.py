"""Resolver of the ControlApi: camelCase JSON responses, and problem details (RFC 9457) for errors."""

import base64
import inspect
import json
import logging
import re
from collections.abc import Callable, Mapping
from functools import partial
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
from bandwidth_messaging.domain.problems import (
    Backlog,
    Conflict,
    FieldProblem,
    InvalidInput,
    NotFound,
    ProblemCode,
    Unavailable,
)
from bandwidth_messaging.domain.validation import field_problems
from bandwidth_messaging.store.dynamodb import InvalidStartKey

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = logging.getLogger(__name__)

_PROBLEM_JSON: Final = "application/problem+json"
_PROBLEM_TYPE: Final = "urn:problem-type:bandwidth-messaging:"
"""Followed by the code, the `type` of problem details. docs/problems.md describes each."""

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
    for error, describe in _PROBLEMS.items():
        app.exception_handler(error)(partial(_respond, app, describe))
    app.not_found(partial(_respond, app, _path_not_found))
    return app


def operation[Function: Callable[..., Any]](
    register: Callable[..., Any],
    path: str,
    *,
    tag: str,
    response: type[BaseModel],
    status: HTTPStatus = HTTPStatus.OK,
    errors: Mapping[HTTPStatus, str | FieldProblem | Conflict],
) -> Callable[[Function], Function]:
    """Register a function for a path and describe it in OpenAPI. `register` is a resolver's `get` or `post`.

    The summary and the description come from the docstring. `response` is the body with `status`. Each of
    `errors` is an example: the `detail` of the problem details, for a 409 the conflict, or for a 422 one
    invalid field.
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


def _describe_error(status: HTTPStatus, example: str | FieldProblem | Conflict) -> dict[str, Any]:
    match example:
        case FieldProblem():
            problem = _describe_input(InvalidInput([example]))
        case Conflict():
            problem = _describe_conflict(example)
        case _:
            problem = _build_problem(status, _CODES[status], example)
    return {
        "description": status.phrase,
        "content": {_PROBLEM_JSON: {"model": Problem, "example": problem}},
    }


def _build_problem(status: HTTPStatus, code: ProblemCode, detail: str, **more: Any) -> dict[str, Any]:
    """Return problem details (RFC 9457)."""
    return {
        "type": f"{_PROBLEM_TYPE}{code}",
        "title": status.phrase,
        "status": status.value,
        "code": code.value,
        "detail": detail,
        **more,
    }


def _respond(
    app: APIGatewayRestResolver, describe: Callable[[Any], dict[str, Any]], error: Exception
) -> Response[Any]:
    """Return the response to an error."""
    problem = describe(error)
    request_id = app.current_event.request_context.request_id
    if problem["status"] == HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("request failed", exc_info=error, extra={"request_id": request_id})
    headers = None
    if isinstance(error, Backlog | Unavailable) and error.retry_after is not None:
        headers = {"Retry-After": str(error.retry_after)}
    return Response(
        status_code=problem["status"],
        content_type=_PROBLEM_JSON,
        body=json.dumps(problem | {"requestId": request_id}),
        headers=headers,
    )


def _describe_invalid_request(error: RequestValidationError) -> dict[str, Any]:
    # Drop the location's first part (body, query or path). A missing body has only that part.
    errors = [{**entry, "loc": entry["loc"][1:] or entry["loc"]} for entry in error.errors()]
    return _describe_input(InvalidInput(field_problems(errors)))


def _describe_input(error: InvalidInput) -> dict[str, Any]:
    errors = [problem._asdict() for problem in error.problems]
    return _build_problem(HTTPStatus.UNPROCESSABLE_ENTITY, error.code, _INVALID_FIELDS, errors=errors)


def _describe_conflict(error: Conflict) -> dict[str, Any]:
    return _build_problem(HTTPStatus.CONFLICT, error.code, str(error))


def _path_not_found(_: Exception) -> dict[str, Any]:
    return _build_problem(HTTPStatus.NOT_FOUND, ProblemCode.PATH_NOT_FOUND, "The path does not exist.")


_CODES: Final = {
    HTTPStatus.NOT_FOUND: ProblemCode.NOT_FOUND,
    HTTPStatus.TOO_MANY_REQUESTS: ProblemCode.RATE_BACKLOG,
    HTTPStatus.SERVICE_UNAVAILABLE: ProblemCode.BANDWIDTH_UNAVAILABLE,
}
_PROBLEMS: Final[dict[type[Exception], Callable[[Any], dict[str, Any]]]] = {
    RequestValidationError: _describe_invalid_request,
    InvalidInput: _describe_input,
    InvalidStartKey: lambda _: _describe_input(InvalidInput([INVALID_CURSOR])),
    NotFound: lambda error: _build_problem(HTTPStatus.NOT_FOUND, ProblemCode.NOT_FOUND, str(error)),
    Backlog: lambda error: _build_problem(HTTPStatus.TOO_MANY_REQUESTS, ProblemCode.RATE_BACKLOG, str(error)),
    Unavailable: lambda error: _build_problem(
        HTTPStatus.SERVICE_UNAVAILABLE, ProblemCode.BANDWIDTH_UNAVAILABLE, str(error)
    ),
    Conflict: _describe_conflict,
    RequestUnsupportedContentType: lambda _: _build_problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        ProblemCode.UNSUPPORTED_MEDIA_TYPE,
        "Send JSON, with the header Content-Type: application/json.",
    ),
    Exception: lambda _: _build_problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        ProblemCode.INTERNAL_ERROR,
        "The request failed with an internal error. The log has its cause and requestId.",
    ),
}
