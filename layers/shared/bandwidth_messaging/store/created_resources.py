"""What set-ups of this stack created at Bandwidth. A release deletes it if nothing uses it."""

from bandwidth_messaging.store.dynamodb import Table
from bandwidth_messaging.store.keys import created_resource_key


class CreatedResources:
    """The created resources in the Numbers table, known by kind and name: application#Alerts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def begin(self, thing: str, at: str) -> None:
        """Record that a run is about to create a thing, which is known by its name until its id is recorded.

        What another run has recorded stays.
        """
        self._table.update(created_resource_key(thing), keep={"madeAt": at, "begunAt": at})

    def finish(self, thing: str, made_id: str, at: str) -> None:
        """Record the id of the thing that was created."""
        self._table.update(
            created_resource_key(thing), assign={"madeId": made_id, "madeAt": at, "begunAt": None}
        )

    def give_up(self, thing: str, at: str) -> None:
        """Record that the run that began at this time created nothing.

        Nothing changes if another run began before it, whose result may be unknown, or has created the thing.
        """
        key, values = created_resource_key(thing), {"at": at}
        self._table.update(key, assign={"begunAt": None}, condition="#begunAt = :at", values=values)
        self._table.update(
            key,
            assign={"madeAt": None},
            condition="#madeAt = :at AND attribute_not_exists(#madeId)",
            values=values,
        )

    def is_ours(self, thing: str, found_id: str) -> bool:
        """Tell whether an existing thing was created by one of our set-ups.

        It is known by its id, or by its name alone while the result of a run is unknown. The recorded id may
        be that of an earlier thing of this name, which was deleted since.
        """
        item = self._table.get(created_resource_key(thing)) or {}
        is_unknown = "madeId" not in item or "begunAt" in item
        return "madeAt" in item and (is_unknown or item["madeId"] == found_id)
