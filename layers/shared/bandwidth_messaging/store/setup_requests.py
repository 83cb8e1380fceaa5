"""Requests to start a set-up, by Idempotency-Key. Called by services/setup_start."""

import hashlib
from typing import TypedDict, cast

from bandwidth_messaging.store.dynamodb import Item, Table
from bandwidth_messaging.store.keys import setup_request_key


class SetupRequestItem(TypedDict):
    """A request: the digest of its body, the order that it starts, and the name of the execution."""

    requestDigest: str
    startsOrder: str
    executionName: str
    requestedAt: str


def hash_idempotency_key(idempotency_key: str) -> str:
    """Return the id of an Idempotency-Key: 32 characters that depend on the key only."""
    return hashlib.sha256(idempotency_key.encode()).hexdigest()[:32]


class SetupRequests:
    """The requests in the Numbers table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, idempotency_key: str) -> SetupRequestItem | None:
        """Return the request under an Idempotency-Key."""
        return cast(SetupRequestItem | None, self._table.get(_key(idempotency_key)))

    def add(self, idempotency_key: str, request: SetupRequestItem) -> SetupRequestItem:
        """Record a request before its execution is started. Return the first request under the key."""
        record = self._table.update(_key(idempotency_key), keep=request)
        assert record is not None  # noqa: S101 - an update without a condition returns the item
        return cast(SetupRequestItem, record)


def _key(idempotency_key: str) -> Item:
    return setup_request_key(hash_idempotency_key(idempotency_key))
