"""One DynamoDB table: plain dictionaries in and out, every write conditional where it says so."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
Path = str | tuple[str, ...]
Changes = Mapping[Any, Any]
"""Path to value."""
VERSION: Final = "version"
"""The attribute that counts an item's writes. It is for the stream: what is read here comes without it."""

_serialize: Final = TypeSerializer().serialize
_deserialize: Final = TypeDeserializer().deserialize
_BATCH: Final = 100


class Page(NamedTuple):
    """Some items of a query, and where the next page starts (None: that was all)."""

    items: list[Item]
    next_key: Item | None


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
        """Return the items with these keys, in the order of the keys; keys without an item are left out."""
        found: dict[str, Item] = {}
        pending: list[Any] = [_to_dynamodb(key) for key in keys]
        while pending:
            batch, pending = pending[:_BATCH], pending[_BATCH:]
            answer = self._client.batch_get_item(
                RequestItems={self.name: {"Keys": batch, "ConsistentRead": consistent}}
            )
            if self.name in answer["UnprocessedKeys"]:
                pending += answer["UnprocessedKeys"][self.name]["Keys"]
            for item in map(_read, answer["Responses"].get(self.name, [])):
                found[_identity(item, keys[0])] = item
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
        told = names or {}
        names = {}
        given = {f":{name}": value for name, value in (values or {}).items()} | {":one": 1}
        sets: list[str] = []
        for mode, changes in (("{0} = {1}", assign), ("{0} = if_not_exists({0}, {1})", keep)):
            for path, value in (changes or {}).items():
                if value is not None:
                    placeholder = f":v{len(given)}"
                    given[placeholder] = value
                    sets.append(mode.format(_path(path, names), placeholder))
        expression = f"SET {', '.join(sets)}" if sets else ""
        if taken_away := [_path(path, names) for path, value in (assign or {}).items() if value is None]:
            expression += f" REMOVE {', '.join(taken_away)}"
        expression += f" ADD {_path(VERSION, names)} :one"
        names |= {f"#{name}": told.get(name, name) for name in re.findall(r"#(\w+)", condition or "")}
        request: dict[str, Any] = {
            "TableName": self.name,
            "Key": _to_dynamodb(key),
            "UpdateExpression": expression,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": {name: _serialize(value) for name, value in given.items()},
            "ReturnValues": "ALL_NEW",
        }
        if condition:
            request["ConditionExpression"] = condition
        try:
            return _read(self._client.update_item(**request)["Attributes"])
        except ClientError as error:
            _condition_failed(error)
            return None

    def query(
        self, index: str, key: Item, *, limit: int, start: Item | None = None, newest_first: bool = False
    ) -> Page:
        """Return up to `limit` items of an index whose hash key is `key` (one attribute)."""
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
        answer = self._client.query(**request)
        last = answer.get("LastEvaluatedKey")
        return Page([_read(item) for item in answer["Items"]], from_dynamodb(last) if last else None)


def _path(path: Path, names: dict[str, str]) -> str:
    parts = (path,) if isinstance(path, str) else path
    placeholders = []
    for part in parts:
        placeholder = f"#{part}" if part.isidentifier() else f"#n{len(names)}"
        names[placeholder] = part
        placeholders.append(placeholder)
    return ".".join(placeholders)


def _condition_failed(error: ClientError) -> bool:
    """Return False for a condition that did not hold; raise every other error again."""
    if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
        return False
    raise error


def _identity(item: Item, key: Item) -> str:
    return "\n".join(str(item[name]) for name in key)


def _to_dynamodb(item: Mapping[str, Any]) -> Any:
    return {name: _serialize(value) for name, value in item.items() if value is not None}


def _read(item: Mapping[str, Any]) -> Item:
    return {name: value for name, value in from_dynamodb(item).items() if name != VERSION}


def from_dynamodb(item: Mapping[str, Any]) -> Item:
    """Return an item of DynamoDB's form, also a stream record's image, as a plain dictionary."""
    return {name: _plain(_deserialize(value)) for name, value in item.items()}


def _plain(value: Any) -> Any:
    """DynamoDB's numbers come as Decimal; ours are all whole."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, str | bool) or value is None else int(value)
