"""Requests to start a set-up, known by their Idempotency-Key."""

import hashlib

from bandwidth_messaging.store.dynamodb import Item, Table
from bandwidth_messaging.store.keys import setup_request_key


def id_of_key(idempotency_key: str) -> str:
    """Return an id of 32 characters that is always the same for an Idempotency-Key."""
    return hashlib.sha256(idempotency_key.encode()).hexdigest()[:32]


class SetupRequests:
    """The requests in the Numbers table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, idempotency_key: str) -> Item | None:
        """Return the request under an Idempotency-Key."""
        return self._table.get(setup_request_key(id_of_key(idempotency_key)))

    def add(
        self, idempotency_key: str, *, digest: str, customer_order_id: str, execution_name: str, at: str
    ) -> Item:
        """Record a request before its execution is started; return the one that came first under the key."""
        record = self._table.update(
            setup_request_key(id_of_key(idempotency_key)),
            keep={
                "requestDigest": digest,
                "startsOrder": customer_order_id,
                "executionName": execution_name,
                "requestedAt": at,
            },
        )
        assert record is not None  # noqa: S101 - an update without a condition returns the item
        return record
