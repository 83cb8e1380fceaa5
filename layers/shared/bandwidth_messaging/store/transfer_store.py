"""Transfers of opt-outs in the Numbers table that ended without success. Each change is published."""

from datetime import datetime

from bandwidth_messaging.domain.transfers import RETENTION, TransferState
from bandwidth_messaging.store.dynamodb import Table
from bandwidth_messaging.store.keys import transfer_key


class Transfers:
    """The transfers, known by the names of their executions."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def record_failed(
        self, name: str, *, execution_arn: str, at: str, reason: str, action: str | None, key: str | None
    ) -> bool:
        """Record that a transfer ended without success. Return False if that is recorded already."""
        changes = {
            "transferState": TransferState.FAILED,
            "executionArn": execution_arn,
            "failedAt": at,
            "reason": reason,
            "action": action,
            "key": key,
            "expiresAt": int((datetime.fromisoformat(at) + RETENTION).timestamp()),
        }
        transfer = self._table.update(
            transfer_key(name),
            assign=changes,
            condition="attribute_not_exists(#transferState) OR #transferState = :running",
            values={"running": TransferState.RUNNING},
        )
        return transfer is not None

    def record_redriven(self, name: str, *, at: str) -> bool:
        """Record that a failed transfer runs again. Return False if it has not failed."""
        transfer = self._table.update(
            transfer_key(name),
            assign={"transferState": TransferState.RUNNING, "runningAt": at, "reason": None},
            condition="#transferState = :failed",
            values={"failed": TransferState.FAILED},
        )
        return transfer is not None
