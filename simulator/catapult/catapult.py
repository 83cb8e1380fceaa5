"""Resources of the account in V1 (Catapult): applications and imported numbers."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from simulator.account.account import Account
from simulator.account.external_tns import ExternalTns
from simulator.catapult.errors import CatapultError, blank, invalid, missing, not_found
from simulator.urls import scheme_and_host

PROVIDER = "bandwidth-dashboard"
MAX_TIMEOUT_MILLISECONDS = 10_000
URLS = ("incomingMessageUrl", "incomingMessageFallbackUrl", "incomingCallUrl", "incomingCallFallbackUrl")
PROPERTIES = (
    "name",
    *URLS,
    "incomingMessageUrlCallbackTimeout",
    "incomingCallUrlCallbackTimeout",
    "callbackHttpMethod",
    "autoAnswer",
)


@dataclass(frozen=True)
class CatapultApplication:
    """`properties` have the names of the API. URLs may contain credentials. Timeouts are in milliseconds."""

    id: str
    properties: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.properties["name"])

    @property
    def urls(self) -> tuple[str, ...]:
        """Return the URL for message events and the fallback URL, if present."""
        urls = (self.properties.get(name) for name in ("incomingMessageUrl", "incomingMessageFallbackUrl"))
        return tuple(str(each) for each in urls if each)

    @property
    def timeout(self) -> int:
        return int(self.properties.get("incomingMessageUrlCallbackTimeout", MAX_TIMEOUT_MILLISECONDS))

    @property
    def method(self) -> str:
        return str(self.properties.get("callbackHttpMethod", "POST")).upper()


@dataclass
class PhoneNumber:
    """`number` is E.164. `application_id` is None if detached. `state` is enabled or released."""

    id: str
    number: str
    name: str | None
    application_id: str | None
    created: datetime
    state: str = "enabled"


class Catapult:
    """The applications and numbers of one user. Only external numbers can be imported."""

    def __init__(self, account: Account, external_tns: ExternalTns) -> None:
        self._account = account
        self._external_tns = external_tns
        self._applications: dict[str, CatapultApplication] = {}
        self._numbers: dict[str, PhoneNumber] = {}
        self._ids: dict[str, str] = {}
        self._released: list[PhoneNumber] = []

    def reset(self) -> None:
        with self._account.lock:
            for each in (self._applications, self._numbers, self._ids, self._released):
                each.clear()

    def create_application(self, properties: Mapping[str, Any]) -> CatapultApplication:
        """Create an application. Names are not unique."""
        _check_application(properties)
        application = CatapultApplication(new_id("a"), dict(properties))
        with self._account.lock:
            self._applications[application.id] = application
        return application

    def update_application(self, application_id: str, changes: Mapping[str, Any]) -> None:
        """Update the given properties. An empty fallback URL removes the fallback."""
        with self._account.lock:
            properties = {**self.application(application_id).properties, **changes}
            if not properties.get("incomingMessageFallbackUrl"):
                properties.pop("incomingMessageFallbackUrl", None)
            _check_application(properties)
            self._applications[application_id] = CatapultApplication(application_id, properties)

    def delete_application(self, application_id: str) -> None:
        with self._account.lock:
            self.application(application_id)
            del self._applications[application_id]

    def applications(self) -> list[CatapultApplication]:
        with self._account.lock:
            return list(self._applications.values())

    def application(self, application_id: str) -> CatapultApplication:
        if found := self.find_application(application_id):
            return found
        raise not_found("application", application_id)

    def find_application(self, application_id: str | None) -> CatapultApplication | None:
        """Return the application of a number by its id; None if detached or deleted."""
        with self._account.lock:
            return self._applications.get(application_id or "")

    def import_number(
        self, number: str, application_id: str, name: str | None, account_id: str, user: str, password: str
    ) -> PhoneNumber:
        """Import a number (E.164) from the Dashboard account of these credentials."""
        config = self._account.config
        expected = (config.account_id, config.dashboard_user, config.dashboard_password)
        if (account_id, user, password) != expected:
            words = f"The provider '{PROVIDER}' does not accept the account, user name and password"
            raise CatapultError(401, "authorization", "user-access-denied", words)
        with self._account.lock:
            self.application(application_id)
            if number in self._numbers:
                words = f"Cannot create another instance of number resource '{self._numbers[number].id}'"
                raise CatapultError(409, "conflict", "duplicate-number", f"{words} for number '{number}'")
            if not self._external_tns.is_external(number):
                words = f"The number '{number}' could not be found"
                raise CatapultError(400, "bad-request", "number-not-found", words)
            imported = PhoneNumber(new_id("n"), number, name, application_id, datetime.now(UTC))
            self._numbers[number] = imported
            self._ids[imported.id] = number
        return imported

    def numbers(self, state: str = "enabled") -> list[PhoneNumber]:
        """Return the user's numbers in the order of import, or of release."""
        with self._account.lock:
            return list(self._released if state == "released" else self._numbers.values())

    def number(self, name: str) -> PhoneNumber:
        """Return a number by its id or in E.164."""
        if found := self.find(self._ids.get(name, name)):
            return found
        raise not_found("number", name)

    def find(self, number: str) -> PhoneNumber | None:
        with self._account.lock:
            return self._numbers.get(number)

    def update_number(self, name: str, changes: Mapping[str, Any]) -> None:
        """Change name or application of a number. An empty application id detaches it."""
        with self._account.lock:
            number = self.number(name)
            if (application_id := changes.get("applicationId")) is not None:
                if application_id:
                    self.application(application_id)
                number.application_id = application_id or None
            number.name = changes.get("name", number.name)

    def release(self, name: str) -> None:
        with self._account.lock:
            number = self.number(name)
            del self._numbers[number.number]
            del self._ids[number.id]
            number.state = "released"
            self._released.append(number)


def new_id(prefix: str) -> str:
    """Return an id in the documented form: a letter, a dash, 23 lower-case letters and digits."""
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    return f"{prefix}-{''.join(secrets.choice(alphabet) for _ in range(23))}"


def check_callback(resource: str, name: str, method: object, timeout: object, words: str) -> None:
    """Check the callback settings of an application or a message. Raises CatapultError (400)."""
    if method is not None and str(method).upper() not in ("GET", "POST"):
        raise invalid(
            f"The '{resource}' resource property '{name}' must be one of the following values: GET, POST"
        )
    if timeout is None:
        return
    try:
        milliseconds = int(str(timeout))
    except ValueError:
        raise invalid("Bad parameters") from None
    if milliseconds <= 0:
        raise invalid(f"{words} must be greater than 0")
    if milliseconds > MAX_TIMEOUT_MILLISECONDS:
        raise invalid(f"{words} must not surpass {MAX_TIMEOUT_MILLISECONDS}")


def _check_application(properties: Mapping[str, Any]) -> None:
    if unknown := sorted(properties.keys() - set(PROPERTIES)):
        raise invalid(f"Bad parameters: {', '.join(unknown)}")
    _check_text(properties, "name")
    if properties.get("incomingMessageFallbackUrl") and not properties.get("incomingMessageUrl"):
        raise invalid("Your application must have a sms callback URL in order to have a fallback URL.")
    _check_text(properties, "incomingMessageUrl")
    for name in URLS:
        value = properties.get(name)
        if value is not None and (not isinstance(value, str) or scheme_and_host(value) is None):
            raise invalid(f"Invalid {name} URL. {name} is not a valid URL")
    check_callback(
        "application",
        "callbackHttpMethod",
        properties.get("callbackHttpMethod"),
        properties.get("incomingMessageUrlCallbackTimeout"),
        "Incoming SMS callback timeout",
    )


def _check_text(properties: Mapping[str, Any], name: str) -> None:
    value = properties.get(name)
    if value is None:
        raise missing("application", name)
    if not isinstance(value, str) or not value.strip():
        raise blank("application", name)
