"""The webhook endpoints in the Numbers table, one item each."""

from typing import TYPE_CHECKING, Final, cast

from bandwidth_messaging.domain.webhooks import MAX_WEBHOOKS, WebhookItem, WebhookState
from bandwidth_messaging.store.keys import webhook_key

if TYPE_CHECKING:
    from bandwidth_messaging.store.dynamodb import Item, Table

_ATTRIBUTES: Final = tuple(WebhookItem.__annotations__)


class Webhooks:
    """The endpoints. Each change of an item is published as an event."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def get(self, name: str) -> WebhookItem | None:
        """Return an endpoint."""
        item = self._table.get(webhook_key(name)) or {}
        # A deleted endpoint keeps its item, without attributes: its version continues to grow.
        return _read(item) if "webhookName" in item else None

    def list_by_state(self, state: WebhookState) -> list[WebhookItem]:
        """Return the endpoints in a state, by name. A change of the last second may be missing."""
        # The states differ from those of numbers, which share the index.
        page = self._table.query("numbersByState", {"state": state}, limit=MAX_WEBHOOKS * 2)
        return [_read(item) for item in page.items]

    def list_all(self) -> list[WebhookItem]:
        """Return all endpoints, sorted by name. A change of the last second may be missing."""
        webhooks = [webhook for state in WebhookState for webhook in self.list_by_state(state)]
        return sorted(webhooks, key=lambda webhook: webhook["webhookName"])

    def replace(self, name: str, known: WebhookItem | None, changed: WebhookItem | None) -> bool:
        """Store an endpoint, or delete it (None), if it still is as known. Return whether this was done."""
        before, after = _without_none(known), _without_none(changed)
        changes = {attribute: after.get(attribute) for attribute in before | after}
        return self._table.change(webhook_key(name), before, changes).done


def _read(item: "Item") -> WebhookItem:
    return cast("WebhookItem", {name: item[name] for name in _ATTRIBUTES if name in item})


def _without_none(webhook: WebhookItem | None) -> "Item":
    return {name: value for name, value in (webhook or {}).items() if value is not None}
