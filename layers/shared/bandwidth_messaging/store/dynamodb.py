"""Reads and writes one DynamoDB table. Items are plain dictionaries."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
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
"""The attribute that counts an item's writes. Consumers of the stream use it; reads leave it out."""

_MAX_KEYS: Final = 100
# The pauses after incomplete responses double: at most 0.05, 0.1, … 1.6 seconds, 3.15 seconds in total.
_FIRST_PAUSE_SECONDS: Final = 0.05
_MAX_INCOMPLETE_RESPONSES: Final = 7


class Page(NamedTuple):
    """Items of a query, and the key where the next page starts (None after the last page)."""

    items: list[Item]
    next_key: Item | None


class Attempt(NamedTuple):
    """Whether a conditional write succeeded, and the current item (None if none exists)."""

    done: bool
    item: Item | None


class InvalidStartKey(ValueError):
    """A page cannot start at this key, because no page returned it as `next_key`."""


class ItemRejected(ClientError):
    """DynamoDB never accepts this item: the item (400 KB), or one of its keys, is too large."""


class Table:
    """A table whose items are dictionaries of text, numbers, lists and maps. None values are not stored."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self.name = name

    def get(self, key: Item) -> Item | None:
        """Return the item with this key."""
        response = self._client.get_item(TableName=self.name, Key=_to_dynamodb(key), ConsistentRead=True)
        return _read(response["Item"]) if "Item" in response else None

    def get_all(self, keys: Sequence[Item], *, consistent: bool = False) -> list[Item]:
        """Return the items with these keys, in the order of the keys. Keys without an item are skipped.

        Keys that DynamoDB leaves unprocessed (throttling, or more than 16 MB) are requested again after a
        pause that doubles, with jitter. Raises ClientError (ProvisionedThroughputExceededException) if seven
        responses in a row are incomplete.
        """
        found: dict[str, Item] = {}
        pending: list[Any] = [_to_dynamodb(key) for key in keys]
        incomplete = 0
        while pending:
            batch, pending = pending[:_MAX_KEYS], pending[_MAX_KEYS:]
            response = self._client.batch_get_item(
                RequestItems={self.name: {"Keys": batch, "ConsistentRead": consistent}}
            )
            for item in map(_read, response["Responses"].get(self.name, [])):
                found[_identity(item, keys[0])] = item
            if self.name not in response["UnprocessedKeys"]:
                incomplete = 0
                continue
            pending += response["UnprocessedKeys"][self.name]["Keys"]
            incomplete += 1
            if incomplete == _MAX_INCOMPLETE_RESPONSES:
                raise _throttled()
            pause = _FIRST_PAUSE_SECONDS * 2 ** (incomplete - 1)
            sleep(uniform(0, pause))  # noqa: S311 - not a secret
        return [found[identity] for key in keys if (identity := _identity(key, key)) in found]

    def put_new(self, item: Item, key: str) -> bool:
        """Store the item unless one with its key exists. Return whether it was stored.

        `key` is the name of the table's partition key.
        """
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
        """Update or create one item. Return the current item, or None if the condition failed.

        `assign` replaces values, and its None values remove attributes. `keep` sets only attributes that do
        not exist; its None values are ignored. A tuple is a path inside a map. In `condition`, #name is the
        attribute of that name, or the one that `names` gives, and :name is an entry of `values`.
        """
        done, item = self.attempt(
            key, assign=assign, keep=keep, condition=condition, names=names, values=values
        )
        return item if done else None

    def change(
        self,
        key: Item,
        known: Item,
        changes: Changes,
        *,
        guarded: Iterable[str] = (),
        unguarded: Changes | None = None,
    ) -> Attempt:
        """Update an item if the attributes of `changes` and `guarded` still equal those of `known`.

        `known` is the item as the caller read it. `unguarded` are changes of attributes that may differ.
        """
        condition, names, values = [], {}, {}
        for position, attribute in enumerate(dict.fromkeys([*changes, *guarded])):
            placeholder = f"guard{position}"
            names[placeholder] = attribute
            if attribute in known:
                values[placeholder] = known[attribute]
                condition.append(f"#{placeholder} = :{placeholder}")
            else:
                condition.append(f"attribute_not_exists(#{placeholder})")
        return self.attempt(
            key,
            assign={**changes, **(unguarded or {})},
            condition=" AND ".join(condition),
            names=names,
            values=values,
        )

    def attempt(
        self,
        key: Item,
        *,
        assign: Changes | None = None,
        keep: Changes | None = None,
        add: Mapping[str, int] | None = None,
        condition: str | None = None,
        names: Mapping[str, str] | None = None,
        values: Item | None = None,
    ) -> Attempt:
        """Update one item as `update` does. If the condition failed, the result has the existing item.

        `add` adds to numbers. An attribute that does not exist counts as zero.
        """
        assigned, kept, added = assign or {}, _without_none(keep or {}), {**(add or {}), VERSION: 1}
        expression, used = _expression(
            tuple(path for path, value in assigned.items() if value is not None),
            tuple(kept),
            tuple(path for path, value in assigned.items() if value is None),
            tuple(added),
            condition or "",
        )
        used = {**used, **{f"#{name}": attribute for name, attribute in (names or {}).items()}}
        written = [*_without_none(assigned).values(), *kept.values(), *added.values()]
        placeholders = {f":v{position}": value for position, value in enumerate(written)}
        placeholders |= {f":{name}": value for name, value in (values or {}).items()}
        request: dict[str, Any] = {
            "TableName": self.name,
            "Key": _to_dynamodb(key),
            "UpdateExpression": expression,
            "ExpressionAttributeNames": used,
            "ExpressionAttributeValues": {name: _serialize(value) for name, value in placeholders.items()},
            "ReturnValues": "ALL_NEW",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if condition:
            request["ConditionExpression"] = condition
        try:
            return Attempt(True, _read(self._client.update_item(**request)["Attributes"]))
        except ClientError as error:
            done = _condition_failed(error)
            existing: Any = error.response.get("Item")
            return Attempt(done, _read(existing) if existing else None)

    def query(
        self,
        index: str,
        key: Item,
        *,
        limit: int,
        start: Item | None = None,
        newest_first: bool = False,
        between: tuple[str, str, str] | None = None,
    ) -> Page:
        """Return up to `limit` items of an index whose hash key is `key` (one attribute).

        `between` is the name of the sort key, its lowest and its highest value. Raises InvalidStartKey if
        DynamoDB does not accept `start`.
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
        if between:
            sort_key, *bounds = between
            request["KeyConditionExpression"] += " AND #sort BETWEEN :lower AND :upper"
            request["ExpressionAttributeNames"]["#sort"] = sort_key
            bound_values = zip((":lower", ":upper"), map(_serialize, bounds), strict=True)
            request["ExpressionAttributeValues"].update(bound_values)
        return _read_page(lambda: self._client.query(**_with_start(request, start)), start)

    def query_table(self, key: Item, *, limit: int, start: Item | None = None) -> Page:
        """Return up to `limit` items of the table whose hash key is `key` (one attribute), sorted."""
        (name, value) = next(iter(key.items()))
        request: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": "#key = :key",
            "ExpressionAttributeNames": {"#key": name},
            "ExpressionAttributeValues": {":key": _serialize(value)},
            "Limit": limit,
        }
        return _read_page(lambda: self._client.query(**_with_start(request, start)), start)

    def scan(self, index: str, *, limit: int, start: Item | None = None) -> Page:
        """Return up to `limit` items of an index, in no order.

        Raises InvalidStartKey if DynamoDB does not accept `start`.
        """
        request: dict[str, Any] = {"TableName": self.name, "IndexName": index, "Limit": limit}
        return _read_page(lambda: self._client.scan(**_with_start(request, start)), start)


def _with_start(request: dict[str, Any], start: Item | None) -> dict[str, Any]:
    return request | ({"ExclusiveStartKey": _to_dynamodb(start)} if start else {})


def _read_page(read: Callable[[], Any], start: Item | None) -> Page:
    try:
        response = read()
    except ClientError as error:
        if start and error.response["Error"]["Code"] == "ValidationException":
            raise InvalidStartKey from error
        raise
    last = response.get("LastEvaluatedKey")
    return Page([_read(item) for item in response["Items"]], from_dynamodb(last) if last else None)


@lru_cache(maxsize=256)
def _expression(
    assigned: tuple[Path, ...],
    kept: tuple[Path, ...],
    removed: tuple[Path, ...],
    added: tuple[str, ...],
    condition: str,
) -> tuple[str, Mapping[str, str]]:
    """Return an update expression, and the attribute names that the expression and the condition use.

    Its values are :v0, :v1, …: the assigned ones, the kept ones, and the added ones.
    """
    used: dict[str, str] = {}
    values = (f":v{position}" for position in count())
    sets = [f"{_path(path, used)} = {value}" for path, value in zip(assigned, values, strict=False)]
    for path, value in zip(kept, values, strict=False):
        sets.append(f"{_path(path, used)} = if_not_exists({_path(path, used)}, {value})")
    parts = [f"SET {', '.join(sets)}"] if sets else []
    if removed:
        parts.append(f"REMOVE {', '.join(_path(path, used) for path in removed)}")
    parts.append(
        f"ADD {', '.join(f'{_path(path, used)} {value}' for path, value in zip(added, values, strict=False))}"
    )
    used |= {f"#{name}": name for name in re.findall(r"#(\w+)", condition)}
    return " ".join(parts), used


def _path(path: Path, names: dict[str, str]) -> str:
    parts = (path,) if isinstance(path, str) else path
    return ".".join(_placeholder(part, names) for part in parts)


def _placeholder(part: str, names: dict[str, str]) -> str:
    """Return the placeholder of a name in an expression, and add it to `names`. A name has only one."""
    placeholder = f"#{part}" if part.isidentifier() else f"#n{len(names)}"
    for known, name in names.items():
        if name == part:
            placeholder = known
    names[placeholder] = part
    return placeholder


def _without_none(changes: Changes) -> dict[Any, Any]:
    return {path: value for path, value in changes.items() if value is not None}


def _throttled() -> ClientError:
    code, message = "ProvisionedThroughputExceededException", "DynamoDB left keys unprocessed. Retry later."
    return ClientError({"Error": {"Code": code, "Message": message}}, "BatchGetItem")


def _condition_failed(error: ClientError) -> bool:
    """Return False if the error is a failed condition. Raise every other error again."""
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
    """Return an item in DynamoDB's format, or the image of a stream record, as a plain dictionary."""
    return {name: _plain(value) for name, value in item.items()}


# boto3's serializer would load all of boto3 in each cold start.


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
    message = f"an item cannot hold a {type(value).__name__}. Use text, whole numbers, lists and maps."
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
    message = f"the DynamoDB type {kind} is not supported in an item"
    raise TypeError(message)
