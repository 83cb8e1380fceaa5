"""Signed requests to a ControlApi, retried where a retry is safe."""

import json
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlencode

import botocore.session
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .description import OPERATIONS, Operation

IDEMPOTENCY_KEY: Final = "idempotency-key"
_ATTEMPTS: Final = 4
_REGION: Final = re.compile(r"https://[^/]+\.execute-api\.([a-z0-9-]+)\.")


class Problem(Exception):
    """An error response (RFC 9457). docs/problems.md lists the codes.

    `code` is None if the response is not a problem document, such as a proxy's. `errors` are the
    invalid fields.
    """

    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        try:
            content = response.json()
        except ValueError:
            content = None
        self.content: dict[str, Any] = content if isinstance(content, dict) else {}
        self.code: str | None = self.content.get("code")
        self.detail: str = self.content.get("detail") or f"The response is {self.status} without a problem."
        self.errors: list[dict[str, str]] = self.content.get("errors", [])
        self.request_id: str | None = self.content.get("requestId")
        fields = "; ".join(f"{each['field']}: {each['detail']}" for each in self.errors)
        super().__init__(f"{self.status} {self.code}: {fields or self.detail}")


class Client:
    """A stack's ControlApi. `url` is the stack's output ControlApiUrl.

    Credentials and region come from the AWS configuration (environment, profile, role), and the region of an
    AWS host from `url`. `session` replaces the HTTP session, for example to use a proxy.
    """

    def __init__(
        self,
        url: str,
        *,
        credentials: Credentials | None = None,
        region: str | None = None,
        session: requests.Session | None = None,
        timeout: float = 30,
    ) -> None:
        self._url = url.rstrip("/")
        self._timeout = timeout
        self._session = session or requests.Session()
        configuration = botocore.session.get_session()
        found_credentials = credentials or configuration.get_credentials()
        if found_credentials is None:
            message = "No AWS credentials. Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
            raise ValueError(message)
        self._credentials = found_credentials
        found = _REGION.match(url)
        self._region = region or (found[1] if found else configuration.get_config_variable("region"))
        if not self._region:
            message = "No AWS region. Set AWS_DEFAULT_REGION, or give the region."
            raise ValueError(message)

    def call(self, operation: str, arguments: Mapping[str, Any] | None = None) -> Any:
        """Send a request and return the body of the response.

        `operation` is an operationId of openapi.json, such as sendMessage. `arguments` are its parameters,
        headers and body fields by name. None means that an optional argument is omitted. The request is
        repeated up to three times after a lost response, a 5xx or throttling. A POST gets an idempotency-key
        for that, unless one is given. A POST without such a key (rotateWebhookSecret) is repeated only after
        throttling: a second rotation would end the secret that is in use.

        Raises Problem for an error response, KeyError for an unknown operation, TypeError for an unknown or
        missing argument, and requests.RequestException if there is no response.
        """
        described = OPERATIONS[operation]
        response = self._send(described, _check(described, arguments or {}))
        if not response.ok:
            raise Problem(response)
        return response.json()

    def items(self, operation: str, arguments: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """Yield the items of all pages of a list, such as listMessages."""
        cursor = None
        while True:
            page = self.call(operation, {**(arguments or {}), "cursor": cursor})
            yield from page["items"]
            cursor = page["cursor"]
            if cursor is None:
                return

    def _send(self, operation: Operation, given: Mapping[str, Any]) -> requests.Response:
        placed: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}, "body": {}}
        for name, value in given.items():
            placed[operation.arguments[name].place][name] = value
        parts = {name: quote(str(value), safe="") for name, value in placed["path"].items()}
        path = operation.path.format_map(parts)
        query = f"?{urlencode(placed['query'], quote_via=quote)}" if placed["query"] else ""
        data = json.dumps(placed["body"]) if operation.has_body else None
        is_idempotent = operation.method != "POST" or IDEMPOTENCY_KEY in operation.arguments
        for attempt in range(_ATTEMPTS):
            is_last = attempt == _ATTEMPTS - 1
            try:
                response = self._send_once(operation.method, self._url + path + query, data, placed["header"])
            except (requests.ConnectionError, requests.Timeout):
                if is_last or not is_idempotent:
                    raise
            else:
                if is_last or not _may_repeat(response, is_idempotent=is_idempotent):
                    return response
            time.sleep(2**attempt)
        raise AssertionError

    def _send_once(
        self, method: str, url: str, data: str | None, headers: Mapping[str, str]
    ) -> requests.Response:
        content = {"Content-Type": "application/json"} if data is not None else {}
        request = AWSRequest(method, url, data=data, headers={**headers, **content})
        # A new signature for each attempt: a signature is valid for five minutes.
        credentials = self._credentials.get_frozen_credentials()
        SigV4Auth(credentials, "execute-api", self._region).add_auth(request)
        return self._session.request(
            method,
            url,
            data=data,
            headers=dict(request.headers),
            # Without auth, requests replaces the signature by the password of a .netrc file.
            auth=lambda prepared: prepared,
            timeout=self._timeout,
        )


def _check(operation: Operation, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments to send. Raises TypeError for an unknown or missing one."""
    known = operation.arguments
    if unknown := arguments.keys() - known.keys():
        message = f"{operation.id} has no {', '.join(sorted(unknown))}. It has {', '.join(known)}."
        raise TypeError(message)
    if missing := [name for name, each in known.items() if each.is_required and name not in arguments]:
        message = f"{operation.id} needs {', '.join(missing)}."
        raise TypeError(message)
    given = {name: value for name, value in arguments.items() if value is not None or known[name].is_required}
    if IDEMPOTENCY_KEY in known:
        given.setdefault(IDEMPOTENCY_KEY, str(uuid.uuid4()))
    return given


def _may_repeat(response: requests.Response, *, is_idempotent: bool) -> bool:
    """Return whether another attempt can succeed soon, and does no more than the first one."""
    if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        # A rate_backlog lasts for hours.
        return Problem(response).code == "throttled"
    return is_idempotent and response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
