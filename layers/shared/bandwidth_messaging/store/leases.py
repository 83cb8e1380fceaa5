"""Leases: exclusive rights to create a resource whose name Bandwidth does not keep unique."""

from bandwidth_messaging.store.dynamodb import Table
from bandwidth_messaging.store.keys import lease_key


class Leases:
    """The leases in the Numbers table, known by the name of the resource.

    A holder is the token of one attempt.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def acquire(self, name: str, holder: str, *, at: str, until: str) -> bool:
        """Acquire a lease that is free, has expired, or belongs to the holder.

        `at` is the current time and `until` the end of the lease (RFC 3339). Return whether the holder has
        the lease.
        """
        acquired = self._table.update(
            lease_key(name),
            assign={"holder": holder, "leasedUntil": until},
            condition="attribute_not_exists(#leasedUntil) OR #leasedUntil < :at OR #holder = :holder",
            values={"at": at, "holder": holder},
        )
        return acquired is not None

    def release(self, name: str, holder: str) -> None:
        """Release the lease if it belongs to the holder."""
        self._table.update(
            lease_key(name),
            assign={"leasedUntil": None},
            condition="#holder = :holder",
            values={"holder": holder},
        )
