"""CreatedResources: what our set-ups made at Bandwidth, and may be taken away again when nothing uses it."""

from bandwidth_messaging.store.dynamodb import Table
from bandwidth_messaging.store.keys import created_resource_key


class CreatedResources:
    """The created_resources in the Numbers table, known by kind and name of the thing: application#Alerts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def begin(self, thing: str, at: str) -> None:
        """Record that a run is about to create a thing, which is known by its name until its id is recorded.

        What another run has recorded stays.
        """
        self._table.update(created_resource_key(thing), keep={"madeAt": at})

    def finish(self, thing: str, made_id: str, at: str) -> None:
        """Record the id of the thing that was created."""
        self._table.update(created_resource_key(thing), assign={"madeId": made_id, "madeAt": at})

    def give_up(self, thing: str, at: str) -> None:
        """Record that the run that began at this time created nothing.

        Nothing changes if another run began before it, whose result may be unknown, or has created the thing.
        """
        self._table.update(
            created_resource_key(thing),
            assign={"madeAt": None},
            condition="#madeAt = :at AND attribute_not_exists(#madeId)",
            values={"at": at},
        )

    def forget(self, thing: str) -> None:
        """Record that the thing is gone."""
        self._table.update(created_resource_key(thing), assign={"madeAt": None, "madeId": None})

    def is_ours(self, thing: str, found_id: str) -> bool:
        """Tell whether a thing that is there was made by one of our set-ups."""
        item = self._table.get(created_resource_key(thing)) or {}
        return "madeAt" in item and item.get("madeId", found_id) == found_id
