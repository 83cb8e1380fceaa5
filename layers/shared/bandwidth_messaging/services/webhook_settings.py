"""Stores and changes webhook endpoints. The webhooks API calls it."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from bandwidth_messaging.domain.problems import Conflict, FieldProblem, InvalidInput, NotFound, ProblemCode
from bandwidth_messaging.domain.times import now, to_rfc3339
from bandwidth_messaging.domain.webhooks import (
    MAX_WEBHOOKS,
    SECRET_OVERLAP,
    WebhookItem,
    WebhookState,
    derive_secret,
    find_url_problem,
    show_secret,
)

if TYPE_CHECKING:
    from bandwidth_messaging.domain.webhook_requests import NewWebhook
    from bandwidth_messaging.store.webhook_store import Webhooks

SWITCHED_OFF: Final = "The stack sends no webhooks. Deploy with the parameter Webhooks=true."
UNKNOWN: Final = "{} is not a webhook of this stack. GET /webhooks lists them."
CHANGED: Final = "The webhook was changed by another request at the same time. Repeat the request."

_KEPT: Final = frozenset({"secretId", "previousSecretId", "previousUntil", "createdAt", "rotatedAt"})


class Stored(NamedTuple):
    """An endpoint, and its secret (whsec_...) if the caller has to learn it."""

    webhook: WebhookItem
    secret: str | None


@dataclass(frozen=True)
class WebhookSettings:
    """The endpoints of the stack. `read_master_secret` is None if the stack sends no webhooks."""

    webhooks: "Webhooks"
    read_master_secret: Callable[[], str] | None
    allow_local: bool

    def put(self, name: str, new: "NewWebhook") -> Stored:
        """Create or replace an endpoint. The secret of an existing one stays, and is not shown again.

        Raises InvalidInput if the URL is not acceptable, and Conflict if the stack sends no webhooks or has
        too many endpoints.
        """
        self._check(new)
        known = self.webhooks.get(name)
        if known is None and len(self.webhooks.list_all()) >= MAX_WEBHOOKS:
            message = f"The stack has {MAX_WEBHOOKS} webhooks, which is the maximum. Delete one first."
            raise Conflict(message, ProblemCode.TOO_MANY_WEBHOOKS)
        at = now()
        given = {"webhookName": name, "state": new.state, "url": new.url, "format": new.format}
        changed = cast("WebhookItem", _kept(known, at) | given)
        if new.types:
            changed["types"] = sorted(set(new.types))
        if new.state == WebhookState.DISABLED:
            changed["disabledAt"] = known.get("disabledAt", at) if known else at
        secret = None if known else self._show(changed)
        self._replace(name, known, changed)
        return Stored(changed, secret)

    def rotate(self, name: str) -> Stored:
        """Give an endpoint a new secret. The previous one signs too for 24 hours.

        The secret before the previous one no longer signs. Raises NotFound and Conflict.
        """
        known = self.get(name)
        at = now()
        until = to_rfc3339((datetime.fromisoformat(at) + SECRET_OVERLAP).isoformat())
        changed: WebhookItem = {
            **known,
            "secretId": uuid.uuid4().hex,
            "previousSecretId": known["secretId"],
            "previousUntil": until,
            "rotatedAt": at,
        }
        secret = self._show(changed)
        self._replace(name, known, changed)
        return Stored(changed, secret)

    def delete(self, name: str) -> WebhookItem:
        """Delete an endpoint and return it. Waiting deliveries are dropped. Raises NotFound and Conflict."""
        known = self.get(name)
        self._replace(name, known, None)
        return known

    def get(self, name: str) -> WebhookItem:
        """Return an endpoint. Raises NotFound."""
        if (webhook := self.webhooks.get(name)) is None:
            raise NotFound(UNKNOWN.format(name))
        return webhook

    def list_all(self) -> list[WebhookItem]:
        """Return all endpoints by name. A change of the last second may be missing."""
        return self.webhooks.list_all()

    def _check(self, new: "NewWebhook") -> None:
        if self.read_master_secret is None:
            raise Conflict(SWITCHED_OFF, ProblemCode.NOT_ENABLED)
        if problem := find_url_problem(new.url, allow_local=self.allow_local):
            raise InvalidInput([FieldProblem("url", problem)])

    def _show(self, webhook: WebhookItem) -> str:
        if self.read_master_secret is None:
            raise Conflict(SWITCHED_OFF, ProblemCode.NOT_ENABLED)
        return show_secret(derive_secret(self.read_master_secret(), webhook["secretId"]))

    def _replace(self, name: str, known: WebhookItem | None, changed: WebhookItem | None) -> None:
        if not self.webhooks.replace(name, known, changed):
            raise Conflict(CHANGED, ProblemCode.CONCURRENT_CHANGE)


def _kept(known: WebhookItem | None, at: str) -> dict[str, Any]:
    """Return what a replaced endpoint keeps: its secrets and its age. A new endpoint gets a new secret."""
    if known is None:
        return {"secretId": uuid.uuid4().hex, "createdAt": at}
    return {name: value for name, value in known.items() if name in _KEPT}
