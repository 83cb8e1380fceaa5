"""Catapult, the V1 API (JSON, Basic auth with token and secret): applications, numbers and messages.

Paths and fields follow the document "Hosted Messaging", steps 3 to 5.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.errors import (
    BandwidthError,
    BandwidthOutcomeUnknown,
    BandwidthRejected,
    BandwidthUnavailable,
)
from bandwidth_messaging.bandwidth.messaging import AcceptedMessage, parse_message_id
from bandwidth_messaging.bandwidth.transport import Auth, ErrorBody, Response, Transport

_JSON: Final = "application/json; charset=utf-8"
_PAGE_SIZE: Final = 1000
_PROVIDER: Final = "bandwidth-dashboard"
_NUMBER_NAME: Final = "text messaging TN"
_DUPLICATE_NUMBER: Final = "duplicate-number"
_CREDENTIALS_IN_URL: Final = re.compile(r"(^\w+://)[^/?#]*@")

# Codes whose HTTP status is misleading. Throttling is a 403 or 400. A rejected message or number is a
# 401 or 403. After the 503 the state of the message must be looked up.
_ERRORS_BY_CODE: Final[dict[str, type[BandwidthError]]] = {
    "message-delay-limit": BandwidthUnavailable,
    "message-rate-limit": BandwidthUnavailable,
    "message-rate-limit-overall": BandwidthUnavailable,
    "message-rate-limit-per-tn": BandwidthUnavailable,
    "multi-message-limit": BandwidthUnavailable,
    "message-gateway-unavailable": BandwidthOutcomeUnknown,
    "message-delivery-failed": BandwidthOutcomeUnknown,
    "number-access-denied": BandwidthRejected,
    "no-allocated-number": BandwidthRejected,
    "message-from-toll-free": BandwidthRejected,
    "restricted-number": BandwidthRejected,
}

_ERRORS_BY_CATEGORY: Final[dict[str, type[BandwidthError]]] = {
    "limit": BandwidthUnavailable,
    "too-many-requests": BandwidthUnavailable,
}


@dataclass(frozen=True)
class Application:
    """An application of Catapult. `incoming_message_url` contains no credentials."""

    application_id: str
    name: str
    incoming_message_url: str


class Catapult:
    """Client of the resources of one user. Every method may raise the errors of `Transport.send`."""

    def __init__(self, base_url: str, user_id: str, auth: Auth) -> None:
        self._transport = Transport(base_url, auth, read_error)
        self._user = f"/users/{user_id}"

    def list_applications(self) -> list[Application]:
        """Return the user's applications."""
        return list(self._pages("/applications", _parse_applications))

    def find_application(self, application_id: str) -> Application | None:
        """Return one application, or None if it does not exist."""
        return self._get_or_none(f"/applications/{application_id}", _parse_application)

    def delete_application(self, application_id: str) -> bool:
        """Delete an application. Return whether it existed."""
        return self._delete(f"/applications/{application_id}")

    def create_application(
        self,
        name: str,
        callback_url: str,
        credentials: BasicCredentials,
        *,
        http_method: str,
        timeout_milliseconds: int = 10_000,
    ) -> str:
        """Create an application and return its id (step 3).

        `callback_url` receives incoming messages, also as the fallback. V1 accepts the credentials only
        inside the URL.
        """
        url = with_credentials(callback_url, credentials)
        response = self._post(
            "/applications/",
            {
                "name": name,
                "incomingMessageUrl": url,
                "incomingMessageUrlCallbackTimeout": timeout_milliseconds,
                "incomingMessageFallbackUrl": url,
                "callbackHttpMethod": http_method,
            },
        )
        return response.created_id

    def import_number(
        self, number: str, application_id: str, *, account_id: str, dashboard: BasicCredentials
    ) -> str:
        """Import a number (E.164) of the Dashboard, and return its numberId (step 4).

        If the number exists, it is moved to the application. No other request contains the Dashboard's
        password.
        """
        body = {
            "number": number,
            "applicationId": application_id,
            "name": _NUMBER_NAME,
            "provider": {
                "providerName": _PROVIDER,
                "properties": {
                    "accountId": account_id,
                    "userName": dashboard.username,
                    "password": dashboard.password,
                },
            },
        }
        try:
            return self._post("/phoneNumbers", body).created_id
        except BandwidthRejected as error:
            found = self.find_number(number) if error.code == _DUPLICATE_NUMBER else None
            if found is None:
                raise
        number_id, assigned = found
        if assigned != application_id:
            self.move_number(number_id, application_id)
        return number_id

    def find_number(self, number: str) -> tuple[str, str | None] | None:
        """Return a number's numberId and its application's id, or None if the number does not exist."""
        return self._get_or_none(f"/phoneNumbers/{quote(number, safe='')}", _parse_number)

    def move_number(self, number_id: str, application_id: str) -> None:
        """Assign a number to an application, which then receives its messages. Can be repeated."""
        self._post(f"/phoneNumbers/{number_id}", {"applicationId": application_id})

    def release_number(self, number_id: str) -> None:
        """Release a number, or do nothing if it was already released."""
        self._delete(f"/phoneNumbers/{number_id}")

    def list_numbers(self, application_id: str | None = None) -> dict[str, str | None]:
        """Return the numbers (E.164) of the user or of one application, each with its application's id."""
        params = {"applicationId": application_id} if application_id else {}
        return dict(self._pages("/phoneNumbers", _parse_numbers, params))

    def prepare_send(
        self,
        *,
        sender: str,
        to: tuple[str, ...],
        text: str,
        tag: str,
        media: tuple[str, ...] = (),
        callback_url: str | None = None,
    ) -> Callable[[], AcceptedMessage]:
        """Return the call that sends a text (step 5). Call it at most once. No byte is sent before the call.

        Numbers are in E.164. Every receipt contains `tag`. V1 sends receipts to `callback_url`, which
        contains the credentials, and sends none for media. V1 supports no group messages. The number
        determines the application. The response has no body.
        """
        (recipient,) = to
        body: dict[str, Any] = {"from": sender, "to": recipient, "text": text, "tag": tag}
        body |= {"media": list(media)} if media else {"receiptRequested": "all"}
        if callback_url is not None:
            body["callbackUrl"] = callback_url
        post = self._prepare_post("/messages", body)
        return lambda: _parse_accepted(post())

    def _post(self, path: str, body: Mapping[str, Any]) -> Response:
        return self._prepare_post(path, body)()

    def _prepare_post(self, path: str, body: Mapping[str, Any]) -> Callable[[], Response]:
        return self._transport.prepare(
            "POST", self._user + path, body=json.dumps(body).encode(), content_type=_JSON
        )

    def _get[Read](
        self, path: str, read: Callable[[Any], Read], params: Mapping[str, str] | None = None
    ) -> Read:
        response = self._transport.send("GET", self._user + path, params=params)
        try:
            return read(json.loads(response.body))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise response.garbled("is not the documented JSON") from None

    def _pages[Read](
        self, path: str, read: Callable[[Any], list[Read]], params: Mapping[str, str] | None = None
    ) -> Iterator[Read]:
        for number in count():
            page = self._get(path, read, {**(params or {}), "page": str(number), "size": str(_PAGE_SIZE)})
            yield from page
            if len(page) < _PAGE_SIZE:
                return

    def _delete(self, path: str) -> bool:
        try:
            self._transport.send("DELETE", self._user + path)
        except BandwidthRejected as error:
            if error.is_absent:
                return False
            raise
        return True

    def _get_or_none[Read](self, path: str, read: Callable[[Any], Read]) -> Read | None:
        try:
            return self._get(path, read)
        except BandwidthRejected as error:
            if error.is_absent:
                return None
            raise


def _parse_accepted(response: Response) -> AcceptedMessage:
    return AcceptedMessage(parse_message_id(response, response.created_id), None)


def _parse_applications(listed: Any) -> list[Application]:
    if not isinstance(listed, list):
        raise TypeError
    return [_parse_application(application) for application in listed]


def _parse_application(item: Any) -> Application:
    return Application(
        _parse_id(item),
        str(item.get("name") or ""),
        without_credentials(str(item.get("incomingMessageUrl") or "")),
    )


def _parse_numbers(listed: Any) -> list[tuple[str, str | None]]:
    if not isinstance(listed, list):
        raise TypeError
    return [(str(number["number"]), _parse_number(number)[1]) for number in listed]


def _parse_number(item: Any) -> tuple[str, str | None]:
    # The application is a URL.
    application = str(item.get("application") or "").rstrip("/").rpartition("/")[2]
    return _parse_id(item), application or None


def _parse_id(item: Any) -> str:
    return str(item["id"])


def read_error(body: bytes) -> ErrorBody | None:
    """Parse an error body {category, code, message, details}. Return None if it is not an error body."""
    try:
        error = json.loads(body)
        code, words = (str(error[name]) if error.get(name) else None for name in ("code", "message"))
        error_class = _ERRORS_BY_CODE.get(code or "") or _ERRORS_BY_CATEGORY.get(str(error.get("category")))
    except (ValueError, AttributeError, RecursionError):
        return None
    return ErrorBody(code, words, error_class)


def with_credentials(url: str, credentials: BasicCredentials) -> str:
    """Return the URL with the credentials inside, as V1 requires."""
    parts = urlsplit(url)
    user = f"{quote(credentials.username, safe='')}:{quote(credentials.password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{user}@{parts.netloc}"))


def without_credentials(url: str) -> str:
    """Return the URL without credentials, so that it can be compared and shown."""
    return _CREDENTIALS_IN_URL.sub(r"\1", url)
