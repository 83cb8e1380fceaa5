"""Leases: who may make something right now, where nothing at Bandwidth keeps two from making the same."""

from bandwidth_messaging.store.dynamodb import Table
from bandwidth_messaging.store.keys import lease_key


class Leases:
    """The leases in the Numbers table, known by the name of what they are for."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def take(self, name: str, holder: str, *, at: str, until: str) -> bool:
        """Take a lease that is free, has run out, or is the holder's own; return whether it is now."""
        taken = self._table.update(
            lease_key(name),
            assign={"holder": holder, "leasedUntil": until},
            condition="attribute_not_exists(#leasedUntil) OR #leasedUntil < :at OR #holder = :holder",
            values={"at": at, "holder": holder},
        )
        return taken is not None

    def give_back(self, name: str, holder: str) -> None:
        """Free the lease if it is the holder's."""
        self._table.update(
            lease_key(name),
            assign={"leasedUntil": None},
            condition="#holder = :holder",
            values={"holder": holder},
        )
