"""One DynamoDB table: plain dictionaries in and out, every write conditional where it says so."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import count
from random import uniform
from time import sleep
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
Path = str | tuple[str, ...]
Changes = Mapping[Any, Any]
"""Path to value."""
VERSION: Final = "version"
"""The attribute that counts an item's writes. It is for the stream: what is read here comes without it."""

_BATCH: Final = 100
# Pauses after responses that left keys unprocessed: at most 0.05, 0.1, … 1.6 seconds, 3.15 in all.
_FIRST_PAUSE_SECONDS: Final = 0.05
_INCOMPLETE_RESPONSES: Final = 7


class Page(NamedTuple):
    """Some items of a query, and where the next page starts (None: that was all)."""

    items: list[Item]
    next_key: Item | None


class Attempt(NamedTuple):
    """Whether a conditional write was done, and the item as it is now, or else as it was found, if it was."""

    done: bool
    item: Item | None


class InvalidStartKey(ValueError):
    """A page cannot start at this key: it is not the key that the page before returned."""


class ItemRejected(ClientError):
    """DynamoDB never accepts this item: the item (400 KB), or one of its keys, is too large."""


class Table:
    """A table whose items are dictionaries of text, numbers, lists and maps; None values are left out."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self.name = name

    def get(self, key: Item) -> Item | None:
        """Return the item with this key."""
        found = self._client.get_item(TableName=self.name, Key=_to_dynamodb(key), ConsistentRead=True)
        return _read(found["Item"]) if "Item" in found else None

    def get_all(self, keys: Sequence[Item], *, consistent: bool = False) -> list[Item]:
        """Return the items with these keys, in the order of the keys; keys without an item are left out.

        Keys that DynamoDB leaves unprocessed (throttling, or more than 16 MB) are requested again after a
        pause that doubles, with jitter. Raises ClientError (ProvisionedThroughputExceededException) if seven
        responses in a row are incomplete.
        """
        found: dict[str, Item] = {}
        pending: list[Any] = [_to_dynamodb(key) for key in keys]
        incomplete = 0
        while pending:
            batch, pending = pending[:_BATCH], pending[_BATCH:]
            answer = self._client.batch_get_item(
                RequestItems={self.name: {"Keys": batch, "ConsistentRead": consistent}}
            )
            for item in map(_read, answer["Responses"].get(self.name, [])):
                found[_identity(item, keys[0])] = item
            if self.name not in answer["UnprocessedKeys"]:
                incomplete = 0
                continue
            pending += answer["UnprocessedKeys"][self.name]["Keys"]
            incomplete += 1
            if incomplete == _INCOMPLETE_RESPONSES:
                raise _throttled()
            pause = _FIRST_PAUSE_SECONDS * 2 ** (incomplete - 1)
            sleep(uniform(0, pause))  # noqa: S311 - not a secret
        return [found[identity] for key in keys if (identity := _identity(key, key)) in found]

    def put_new(self, item: Item, key: str) -> bool:
        """Store the item unless one with its `key` attribute is there; return whether it was stored."""
        try:
            self._client.put_item(
                TableName=self.name,
                Item=_to_dynamodb({**item, VERSION: 1}),
                ConditionExpression="attribute_not_exists(#key)",
                ExpressionAttributeNames={"#key": key},
            )
        except ClientError as error:
            return _condition_failed(error)
        return True

    def update(
        self,
        key: Item,
        *,
        assign: Changes | None = None,
        keep: Changes | None = None,
        condition: str | None = None,
        names: Mapping[str, str] | None = None,
        values: Item | None = None,
    ) -> Item | None:
        """Change one item, making it if need be; return it as it is now, or None if the condition failed.

        `assign` is written over what is there, and its None values take away what is there; `keep` is written
        only where nothing is, without its None values. A tuple names a place inside a map. In `condition`,
        #name stands for an attribute, or for what `names` says, and :name for an entry of `values`.
        """
        done, item = self.attempt(
            key, assign=assign, keep=keep, condition=condition, names=names, values=values
        )
        return item if done else None

    def change(self, key: Item, known: Item, changes: Changes, *, guarded: Iterable[str] = ()) -> Attempt:
        """Change an item if what is changed, and what is guarded beside, is still as `known` has it."""
        condition, names, values = [], {}, {}
        for position, attribute in enumerate(dict.fromkeys([*changes, *guarded])):
            place = f"guard{position}"
            names[place] = attribute
            if attribute in known:
                values[place] = known[attribute]
                condition.append(f"#{place} = :{place}")
            else:
                condition.append(f"attribute_not_exists(#{place})")
        return self.attempt(
            key, assign=changes, condition=" AND ".join(condition), names=names, values=values
        )

    def attempt(
        self,
        key: Item,
        *,
        assign: Changes | None = None,
        keep: Changes | None = None,
        condition: str | None = None,
        names: Mapping[str, str] | None = None,
        values: Item | None = None,
    ) -> Attempt:
        """Change one item as `update` does; if the condition failed, tell what was found at no more cost."""
        assigned, kept = assign or {}, _without_none(keep or {})
        expression, used = _expression(
            tuple(path for path, value in assigned.items() if value is not None),
            tuple(kept),
            tuple(path for path, value in assigned.items() if value is None),
            condition or "",
            tuple((names or {}).items()),
        )
        written = [*_without_none(assigned).values(), *kept.values(), 1]
        given = {f":v{position}": value for position, value in enumerate(written)}
        given |= {f":{name}": value for name, value in (values or {}).items()}
        request: dict[str, Any] = {
            "TableName": self.name,
            "Key": _to_dynamodb(key),
            "UpdateExpression": expression,
            "ExpressionAttributeNames": used,
            "ExpressionAttributeValues": {name: _serialize(value) for name, value in given.items()},
            "ReturnValues": "ALL_NEW",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if condition:
            request["ConditionExpression"] = condition
        try:
            return Attempt(True, _read(self._client.update_item(**request)["Attributes"]))
        except ClientError as error:
            done = _condition_failed(error)
            found: Any = error.response.get("Item")
            return Attempt(done, _read(found) if found else None)

    def query(
        self, index: str, key: Item, *, limit: int, start: Item | None = None, newest_first: bool = False
    ) -> Page:
        """Return up to `limit` items of an index whose hash key is `key` (one attribute).

        Raises InvalidStartKey if DynamoDB does not accept `start`.
        """
        (name, value) = next(iter(key.items()))
        request: dict[str, Any] = {
            "TableName": self.name,
            "IndexName": index,
            "KeyConditionExpression": "#key = :key",
            "ExpressionAttributeNames": {"#key": name},
            "ExpressionAttributeValues": {":key": _serialize(value)},
            "Limit": limit,
            "ScanIndexForward": not newest_first,
        }
        if start:
            request["ExclusiveStartKey"] = _to_dynamodb(start)
        try:
            answer = self._client.query(**request)
        except ClientError as error:
            if start and error.response["Error"]["Code"] == "ValidationException":
                raise InvalidStartKey from error
            raise
        last = answer.get("LastEvaluatedKey")
        return Page([_read(item) for item in answer["Items"]], from_dynamodb(last) if last else None)


@lru_cache(maxsize=256)
def _expression(
    assigned: tuple[Path, ...],
    kept: tuple[Path, ...],
    taken_away: tuple[Path, ...],
    condition: str,
    names: tuple[tuple[str, str], ...],
) -> tuple[str, Mapping[str, str]]:
    """Return an update's expression and the names that it and its condition use.

    Its values are :v0, :v1, …: those assigned, those kept, and the one that is added to the version.
    """
    used: dict[str, str] = {}
    values = (f":v{position}" for position in count())
    sets = [f"{_path(path, used)} = {value}" for path, value in zip(assigned, values, strict=False)]
    for path, value in zip(kept, values, strict=False):
        sets.append(f"{_path(path, used)} = if_not_exists({_path(path, used)}, {value})")
    parts = [f"SET {', '.join(sets)}"] if sets else []
    if taken_away:
        parts.append(f"REMOVE {', '.join(_path(path, used) for path in taken_away)}")
    parts.append(f"ADD {_path(VERSION, used)} :v{len(sets)}")
    told = dict(names)
    used |= {f"#{name}": told.get(name, name) for name in re.findall(r"#(\w+)", condition)}
    return " ".join(parts), used


def _path(path: Path, names: dict[str, str]) -> str:
    parts = (path,) if isinstance(path, str) else path
    return ".".join(_place(part, names) for part in parts)


def _place(part: str, names: dict[str, str]) -> str:
    """Return what stands for a name in an expression, always the same, and remember it."""
    placeholder = f"#{part}" if part.isidentifier() else f"#n{len(names)}"
    for known, name in names.items():
        if name == part:
            placeholder = known
    names[placeholder] = part
    return placeholder


def _without_none(changes: Changes) -> dict[Any, Any]:
    return {path: value for path, value in changes.items() if value is not None}


def _throttled() -> ClientError:
    code, message = "ProvisionedThroughputExceededException", "keys stayed unprocessed; try again later"
    return ClientError({"Error": {"Code": code, "Message": message}}, "BatchGetItem")


def _condition_failed(error: ClientError) -> bool:
    """Return False for a condition that did not hold. Raises every other error."""
    code = error.response["Error"]["Code"]
    if code == "ConditionalCheckFailedException":
        return False
    if code == "ValidationException":
        raise ItemRejected(error.response, error.operation_name) from error
    raise error


def _identity(item: Item, key: Item) -> str:
    return "\n".join(str(item[name]) for name in key)


def _to_dynamodb(item: Mapping[str, Any]) -> Any:
    return {name: _serialize(value) for name, value in item.items() if value is not None}


def _read(item: Mapping[str, Any]) -> Item:
    return {name: value for name, value in from_dynamodb(item).items() if name != VERSION}


def from_dynamodb(item: Mapping[str, Any]) -> Item:
    """Return an item of DynamoDB's form, also a stream record's image, as a plain dictionary."""
    return {name: _plain(value) for name, value in item.items()}


# boto3's own serializer brings all of boto3 with it, and knows of types that no item of ours has.


def _serialize(value: Any) -> dict[str, Any]:
    match value:
        case str():
            return {"S": value}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case dict():
            return {"M": {name: _serialize(inner) for name, inner in value.items()}}
        case list():
            return {"L": [_serialize(inner) for inner in value]}
        case None:
            return {"NULL": True}
    message = f"an item holds text, whole numbers, lists and maps, not {type(value).__name__}"
    raise TypeError(message)


def _plain(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "S" | "BOOL":
            return content
        case "N":
            return int(content)
        case "M":
            return from_dynamodb(content)
        case "L":
            return [_plain(inner) for inner in content]
        case "NULL":
            return None
    message = f"an item of ours has no {kind}"
    raise TypeError(message)
