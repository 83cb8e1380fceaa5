"""The ControlApi's way of answering: camelCase JSON, and problem details (RFC 9457) for what is wrong."""

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

from bandwidth_messaging.api import cursors
from bandwidth_messaging.api.responses import Problem
from bandwidth_messaging.domain.problems import Conflict, FieldProblem, InvalidInput, NotFound
from bandwidth_messaging.domain.validation import field_problems
from bandwidth_messaging.store.dynamodb import InvalidStartKey

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = logging.getLogger(__name__)

_PROBLEM_JSON: Final = "application/problem+json"
_WRONG_FIELDS: Final = "The request has wrong fields."
_JSON: Final = "application/json"
_BYTE_ORDER_MARK: Final = "\ufeff"
_REPLACEMENT: Final = "\ufffd"


class _Resolver(APIGatewayRestResolver):
    """Reads requests as API Gateway hands them to Lambda, where Powertools differs."""

    def resolve(self, event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
        return super().resolve(_normalized(event), context)

    def _convert_matches_into_route_keys(self, match: re.Match[str]) -> dict[str, str]:
        # REST APIs pass paths still percent-encoded. Decoded only now: %2F must not separate segments.
        return {name: unquote(value) for name, value in match.groupdict().items()}


def resolver() -> APIGatewayRestResolver:
    """Return a resolver that validates by type hints and answers every error with problem details.

    A request body is a JSON object; everything else is a 422.
    """
    app = _Resolver(enable_validation=True, json_body_deserializer=_object)
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
            middlewares=[_reject_unknown_parameters],
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


def _normalized(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event with its media type in lower case, so that only JSON is read, and its body as text.

    Powertools compares media types exactly, reads HTML forms too, and fails on a body that is not UTF-8.
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
    """Return a request body's JSON object. Raises InvalidInput for everything else."""
    # API Gateway, too, replaces bytes that are not UTF-8.
    if _REPLACEMENT in body:
        raise InvalidInput([FieldProblem("body", "is not UTF-8. Send JSON in UTF-8, without U+FFFD.")])
    try:
        content = json.loads(body.removeprefix(_BYTE_ORDER_MARK), parse_constant=_reject_constant)
    # json also raises ValueError for an integer of more than 4,300 digits.
    except (ValueError, RecursionError):
        raise InvalidInput([FieldProblem("body", "is not JSON")]) from None
    if not isinstance(content, dict):
        raise InvalidInput([FieldProblem("body", "is not a JSON object ({...})")])
    return content


def _reject_constant(constant: str) -> None:
    """Reject NaN and Infinity, which Python reads and JSON does not have."""
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
    # The first part of a place says body, query or path; the caller knows the field by the rest. Of a body
    # that is missing there is no rest.
    found = [{**each, "loc": each["loc"][1:] or each["loc"]} for each in error.errors()]
    return _wrong_fields(field_problems(found))


def _wrong_fields(problems: Iterable[FieldProblem]) -> Response[Any]:
    return _problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        _WRONG_FIELDS,
        errors=[problem._asdict() for problem in problems],
    )


def _failed(error: Exception) -> Response[Any]:
    logger.error("request failed", exc_info=error)
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "The request failed on our side; it is in the log.")


def _problem(status: HTTPStatus, detail: str, **more: Any) -> Response[Any]:
    body = json.dumps(_problem_details(status, detail, **more))
    return Response(status_code=status.value, content_type=_PROBLEM_JSON, body=body)


def _problem_details(status: HTTPStatus, detail: str, **more: Any) -> dict[str, Any]:
    return {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail, **more}


_ANSWERS: Final[dict[type[Exception], Callable[[Any], Response[Any]]]] = {
    RequestValidationError: _not_valid,
    InvalidInput: lambda error: _wrong_fields(error.problems),
    InvalidStartKey: lambda _: _wrong_fields([cursors.NOT_OF_THIS_LIST]),
    NotFound: lambda error: _problem(HTTPStatus.NOT_FOUND, str(error)),
    Conflict: lambda error: _problem(HTTPStatus.CONFLICT, str(error)),
    RequestUnsupportedContentType: lambda _: _problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send JSON, with the header Content-Type: application/json."
    ),
    Exception: _failed,
}
