"""Drift as it was last found: one item, so that each finding is announced once."""

from collections.abc import Sequence

from bandwidth_messaging.domain.drift import FIRST, DriftState, Finding, counted, digest_of
from bandwidth_messaging.store.dynamodb import Item, Table
from bandwidth_messaging.store.keys import drift_key


class Drift:
    """The item of the drift in the Numbers table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def record(self, findings: Sequence[Finding], at: str) -> bool:
        """Keep findings, in order, unless they are those that were found last; return whether they are news.

        The item changes only with the news, since each change of it is announced.
        """
        known = self._table.get(drift_key()) or {}
        was_found = known.get("driftState") == DriftState.FOUND
        if not findings and not was_found:
            return False
        digest = digest_of(findings)
        if known.get("digest") == digest:
            return False
        changes: Item = {
            "driftState": DriftState.FOUND,
            "digest": digest,
            "counts": counted(findings),
            "findings": [dict(finding) for finding in findings[:FIRST]],
        }
        if not findings:
            changes = dict.fromkeys(changes) | {"driftState": DriftState.ENDED, "endedAt": at}
        elif not was_found:
            changes |= {"foundAt": at, "endedAt": None}
        return self._table.change(drift_key(), known, changes).done
