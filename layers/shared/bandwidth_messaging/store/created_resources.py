"""Which resources at Bandwidth the set-ups of this stack created. A release deletes those that are unused."""

from bandwidth_messaging.store.dynamodb import Table
from bandwidth_messaging.store.keys import created_resource_key


class CreatedResources:
    """The created resources in the Numbers table, known by kind and name, such as application#Alerts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def begin(self, resource: str, at: str) -> None:
        """Record that a run is about to create a resource. Records of other runs stay.

        Until `finish` records its id, the resource is known by its name.
        """
        self._table.update(created_resource_key(resource), keep={"madeAt": at, "begunAt": at})

    def finish(self, resource: str, created_id: str, at: str) -> None:
        """Record the id of the resource that was created."""
        self._table.update(
            created_resource_key(resource), assign={"madeId": created_id, "madeAt": at, "begunAt": None}
        )

    def give_up(self, resource: str, at: str) -> None:
        """Record that the run that began at `at` created nothing.

        Nothing changes if another run began before, because that run may have created the resource. Nothing
        changes either if the resource was created.
        """
        key, values = created_resource_key(resource), {"at": at}
        self._table.update(key, assign={"begunAt": None}, condition="#begunAt = :at", values=values)
        self._table.update(
            key,
            assign={"madeAt": None},
            condition="#madeAt = :at AND attribute_not_exists(#madeId)",
            values=values,
        )

    def is_owned(self, resource: str, existing_id: str) -> bool:
        """Return whether a set-up of this stack created an existing resource.

        The id decides, or the name alone while the result of a run is unknown. The recorded id may belong to
        an earlier resource of this name that has been deleted since.
        """
        item = self._table.get(created_resource_key(resource)) or {}
        is_unknown = "madeId" not in item or "begunAt" in item
        return "madeAt" in item and (is_unknown or item["madeId"] == existing_id)
