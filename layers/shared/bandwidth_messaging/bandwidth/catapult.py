"""Catapult, Bandwidth's V1 API (JSON, Basic auth with token and secret): applications, numbers, messages.

Paths and fields are those of the document "Hosted Messaging", steps 3 to 5.
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
from bandwidth_messaging.bandwidth.messaging import AcceptedMessage, message_id_of
from bandwidth_messaging.bandwidth.transport import Answer, Auth, ErrorBody, Transport

_JSON: Final = "application/json; charset=utf-8"
_PAGE: Final = 1000
_PROVIDER: Final = "bandwidth-dashboard"
_NUMBER_NAME: Final = "text messaging TN"
_DUPLICATE_NUMBER: Final = "duplicate-number"
_CREDENTIALS_IN_URL: Final = re.compile(r"(^\w+://)[^/?#]*@")

# Codes whose meaning the HTTP status does not tell: throttles come as 403 and 400, refusals of one message or
# number as 401 and 403, and after this 503 the message's state must be looked at first.
_MEANS: Final[dict[str, type[BandwidthError]]] = {
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

_MEANS_OF_CATEGORY: Final[dict[str, type[BandwidthError]]] = {
    "limit": BandwidthUnavailable,
    "too-many-requests": BandwidthUnavailable,
}


@dataclass(frozen=True)
class Application:
    """An application as Catapult lists it; `incoming_message_url` comes without credentials."""

    application_id: str
    name: str
    incoming_message_url: str


class Catapult:
    """What belongs to one user. Every method may raise the errors of `Transport.send`."""

    def __init__(self, base_url: str, user_id: str, auth: Auth) -> None:
        self._transport = Transport(base_url, auth, read_error)
        self._user = f"/users/{user_id}"

    def applications(self) -> list[Application]:
        """Return the user's applications."""
        return list(self._pages("/applications", _applications))

    def application(self, application_id: str) -> Application | None:
        """Return one application, None if the user has none with this id."""
        return self._found(f"/applications/{application_id}", _application)

    def delete_application(self, application_id: str) -> bool:
        """Delete an application; return whether it was still there."""
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

        Messages and the fallback go to `callback_url`; V1 takes the credentials for it inside the URL only.
        """
        url = with_credentials(callback_url, credentials)
        answer = self._post(
            "/applications/",
            {
                "name": name,
                "incomingMessageUrl": url,
                "incomingMessageUrlCallbackTimeout": timeout_milliseconds,
                "incomingMessageFallbackUrl": url,
                "callbackHttpMethod": http_method,
            },
        )
        return answer.created_id

    def import_number(
        self, number: str, application_id: str, *, account_id: str, dashboard: BasicCredentials
    ) -> str:
        """Import a number (E.164) that the Dashboard has, and return its numberId (step 4).

        A number that is there already is fine; it is moved to the application if it has another. The
        Dashboard's password travels in this body, and nowhere else.
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
        """Return a number's numberId and its application's id, None if the user has no such number."""
        return self._found(f"/phoneNumbers/{quote(number, safe='')}", _number)

    def move_number(self, number_id: str, application_id: str) -> None:
        """Let another application receive a number's messages. Saying it again changes nothing."""
        self._post(f"/phoneNumbers/{number_id}", {"applicationId": application_id})

    def release_number(self, number_id: str) -> None:
        """Release a number; one that is gone already is fine."""
        self._delete(f"/phoneNumbers/{number_id}")

    def numbers(self, application_id: str | None = None) -> dict[str, str | None]:
        """Return the user's numbers (E.164), each with its application's id; of one application if given."""
        params = {"applicationId": application_id} if application_id else {}
        return dict(self._pages("/phoneNumbers", _numbers, params))

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
        """Return the call that sends a text (step 5). Call it at most once; no byte is sent before.

        Numbers in E.164; `tag` is in every receipt.

        `callback_url`, with credentials in it, is where V1 sends the receipts. V1 knows no group messages and
        no applicationId: the number has one. It sends no receipts for media. Its answer has no body.
        """
        (recipient,) = to
        body: dict[str, Any] = {"from": sender, "to": recipient, "text": text, "tag": tag}
        body |= {"media": list(media)} if media else {"receiptRequested": "all"}
        if callback_url is not None:
            body["callbackUrl"] = callback_url
        post = self._prepare_post("/messages", body)
        return lambda: _parse_accepted(post())

    def _post(self, path: str, body: Mapping[str, Any]) -> Answer:
        return self._prepare_post(path, body)()

    def _prepare_post(self, path: str, body: Mapping[str, Any]) -> Callable[[], Answer]:
        return self._transport.prepare(
            "POST", self._user + path, body=json.dumps(body).encode(), content_type=_JSON
        )

    def _get[Read](
        self, path: str, read: Callable[[Any], Read], params: Mapping[str, str] | None = None
    ) -> Read:
        answer = self._transport.send("GET", self._user + path, params=params)
        try:
            return read(json.loads(answer.body))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise answer.garbled("is not the documented JSON") from None

    def _pages[Read](
        self, path: str, read: Callable[[Any], list[Read]], params: Mapping[str, str] | None = None
    ) -> Iterator[Read]:
        for number in count():
            page = self._get(path, read, {**(params or {}), "page": str(number), "size": str(_PAGE)})
            yield from page
            if len(page) < _PAGE:
                return

    def _delete(self, path: str) -> bool:
        try:
            self._transport.send("DELETE", self._user + path)
        except BandwidthRejected as error:
            if error.is_absent:
                return False
            raise
        return True

    def _found[Read](self, path: str, read: Callable[[Any], Read]) -> Read | None:
        try:
            return self._get(path, read)
        except BandwidthRejected as error:
            if error.is_absent:
                return None
            raise


def _parse_accepted(answer: Answer) -> AcceptedMessage:
    return AcceptedMessage(message_id_of(answer, answer.created_id), None)


def _applications(listed: Any) -> list[Application]:
    if not isinstance(listed, list):
        raise TypeError
    return [_application(each) for each in listed]


def _application(found: Any) -> Application:
    return Application(
        _id(found),
        str(found.get("name") or ""),
        without_credentials(str(found.get("incomingMessageUrl") or "")),
    )


def _numbers(listed: Any) -> list[tuple[str, str | None]]:
    if not isinstance(listed, list):
        raise TypeError
    return [(str(each["number"]), _number(each)[1]) for each in listed]


def _number(found: Any) -> tuple[str, str | None]:
    # The application comes as a URL.
    application = str(found.get("application") or "").rstrip("/").rpartition("/")[2]
    return _id(found), application or None


def _id(found: Any) -> str:
    return str(found["id"])


def read_error(body: bytes) -> ErrorBody | None:
    """Return code and words of an error body {category, code, message, details}; None if it is no such."""
    try:
        error = json.loads(body)
        code, words = (str(error[name]) if error.get(name) else None for name in ("code", "message"))
        means = _MEANS.get(code or "") or _MEANS_OF_CATEGORY.get(str(error.get("category")))
    except (ValueError, AttributeError, RecursionError):
        return None
    return ErrorBody(code, words, means)


def with_credentials(url: str, credentials: BasicCredentials) -> str:
    """Return the URL with the credentials in it, as V1 wants them."""
    parts = urlsplit(url)
    user = f"{quote(credentials.username, safe='')}:{quote(credentials.password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{user}@{parts.netloc}"))


def without_credentials(url: str) -> str:
    """Return the URL without credentials, as it may be compared and shown."""
    return _CREDENTIALS_IN_URL.sub(r"\1", url)
