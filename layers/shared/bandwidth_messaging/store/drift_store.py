"""The drift item of the Numbers table: the result of the last drift check."""

from collections.abc import Sequence
from typing import cast

from bandwidth_messaging.domain.drift import (
    DriftItem,
    DriftState,
    Finding,
    count_findings,
    digest_findings,
    show_findings,
)
from bandwidth_messaging.store.dynamodb import Item, Table
from bandwidth_messaging.store.keys import drift_key


class Drift:
    """The drift item. Each change of the item is published as an event."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def record(self, findings: Sequence[Finding], at: str) -> bool:
        """Store sorted findings unless they equal the stored ones. Return whether they were stored."""
        item = self._table.get(drift_key()) or {}
        known = cast("DriftItem", item)
        was_found = known.get("driftState") == DriftState.FOUND
        if not findings and not was_found:
            return False
        digest = digest_findings(findings)
        if known.get("digest") == digest:
            return False
        changes: Item = {
            "driftState": DriftState.FOUND,
            "digest": digest,
            "counts": count_findings(findings),
            "findings": [dict(view) for view in show_findings(findings)],
        }
        if not findings:
            changes = dict.fromkeys(changes) | {"driftState": DriftState.ENDED, "endedAt": at}
        elif not was_found:
            changes |= {"foundAt": at, "endedAt": None}
        return self._table.change(drift_key(), item, changes).done
