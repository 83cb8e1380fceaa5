"""DynamoDB in memory for property-based tests. test_in_memory.py compares it with moto.

Tests with thousands of writes use this module, others use moto. An update of nine attributes takes 0.06 ms
with this module and 5.6 ms with boto3 and moto. Calls of moto's handler without boto3 still take 4.3 ms,
because moto parses and validates each expression several times.

The module accepts only the requests of the stores. It rejects what DynamoDB rejects: empty or too long keys
(also of an index), items above 400 KB, invalid numbers, lone surrogates and unused names.
"""

import math
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from tests.template import resources

type Typed = dict[str, Any]
"""An item as DynamoDB has it: attributes to {type: content}."""
type Test = Callable[[Typed, Mapping[str, Any]], bool]
type Action = tuple[str, str, str | None, bool]
"""SET, REMOVE or ADD, the attribute, the placeholder of the value, and whether only where there is none."""

_LARGEST_ITEM = 400 * 1024
_LONGEST_KEY = {"HASH": 2048, "RANGE": 1024}
_LONGEST_EXPRESSION = 4096
_TOKEN = re.compile(r"\s*(\(|\)|,|<>|<=|<|=|[#:]?\w+)")


# What an item weighs ("DynamoDB Item sizes and formats" in AWS's developer guide)


def size(value: Any) -> int:
    """Return the bytes a plain value takes."""
    match value:
        case str():
            return len(value.encode())
        case bool() | None:
            return 1
        case int():
            return math.ceil(len(str(abs(value))) / 2) + 1
        case list():
            return 3 + sum(1 + size(each) for each in value)
    return 3 + sum(1 + size(name) + size(each) for name, each in value.items())


def item_size(item: Mapping[str, Any]) -> int:
    """Return the bytes a plain item takes."""
    return sum(size(name) + size(value) for name, value in item.items())


def _typed_size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return math.ceil(len(content.lstrip("-")) / 2) + 1
        case "L":
            return 3 + sum(1 + _typed_size(each) for each in content)
        case "M":
            return 3 + sum(1 + size(name) + _typed_size(each) for name, each in content.items())
    return 1


# The client


class DynamoDB:
    """The part of boto3's client that our stores write with."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, Typed]] = {name: {} for name in resources("AWS::DynamoDB::Table")}

    def get_item(self, *, TableName: str, Key: Typed, ConsistentRead: bool) -> Any:  # noqa: N803 - boto3's names
        found = self.tables[TableName].get(_key(TableName, Key))
        return {"Item": found} if found else {}

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> Any:  # noqa: N803
        found = {
            table: [item for key in asked["Keys"] if (item := self.tables[table].get(_key(table, key)))]
            for table, asked in RequestItems.items()
        }
        return {"Responses": found, "UnprocessedKeys": {}}

    def put_item(self, *, TableName: str, Item: Typed, **request: Any) -> Any:  # noqa: N803
        hash_key = _schema(TableName).hash_key
        key = _key(TableName, {hash_key: Item[hash_key]} if hash_key in Item else {})
        self._check(request, {})
        self._write(TableName, key, Item, request)
        return {}

    def update_item(self, *, TableName: str, Key: Typed, UpdateExpression: str, **request: Any) -> Any:  # noqa: N803
        key, names = _key(TableName, Key), request.get("ExpressionAttributeNames", {})
        values = request.get("ExpressionAttributeValues", {})
        actions = _actions(UpdateExpression)
        self._check(request, {"UpdateExpression": UpdateExpression})
        new = dict(self.tables[TableName].get(key, Key))
        changed = [names[place] for _, place, _, _ in actions]
        if len(set(changed)) < len(changed) or set(changed) & Key.keys():
            raise _error("ValidationException", "Two document paths overlap, or one is the key")
        for (verb, _, placeholder, only_new), attribute in zip(actions, changed, strict=True):
            if verb == "REMOVE":
                new.pop(attribute, None)
            elif verb == "ADD":
                new[attribute] = _sum(new.get(attribute, {"N": "0"}), values[placeholder])
            elif not only_new or attribute not in self.tables[TableName].get(key, {}):
                new[attribute] = values[placeholder]
        self._write(TableName, key, new, request)
        return {"Attributes": new}

    def _write(self, table: str, key: str, new: Typed, request: Mapping[str, Any]) -> None:
        _check_item(table, new)
        old = self.tables[table].get(key, {})
        if condition := request.get("ConditionExpression"):
            names = request.get("ExpressionAttributeNames", {})
            values = request.get("ExpressionAttributeValues", {})
            if not _condition(condition)(old, names | values):
                old_item = {"Item": old} if old and request.get("ReturnValuesOnConditionCheckFailure") else {}
                raise _error("ConditionalCheckFailedException", "The conditional request failed", **old_item)
        self.tables[table][key] = new

    def _check(self, request: Mapping[str, Any], expressions: Mapping[str, str]) -> None:
        if "ConditionExpression" in request:
            expressions = {**expressions, "ConditionExpression": request["ConditionExpression"]}
        used = {token for each in expressions.values() for token in _tokens(each) if token[0] in "#:"}
        values = request.get("ExpressionAttributeValues", {})
        if used != {*request.get("ExpressionAttributeNames", {}), *values}:
            raise _error("ValidationException", "Value provided in expression unused, or not defined")
        if any(not 0 < len(each) <= _LONGEST_EXPRESSION for each in expressions.values()):
            raise _error("ValidationException", "Expression is empty, or its size has exceeded the maximum")
        for value in values.values():
            _check_value(value)


def _error(code: str, message: str, **more: Any) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}, **more}, "Write")  # type: ignore[typeddict-item]


# What may be stored


class _Schema(NamedTuple):
    hash_key: str
    # Attribute to kind of key (HASH, RANGE), as the table and its indexes have them.
    keys: list[tuple[str, str]]


@cache
def _schema(table: str) -> _Schema:
    properties = resources("AWS::DynamoDB::Table")[table]
    schemas = [properties, *properties["GlobalSecondaryIndexes"]]
    keys = [(key["AttributeName"], key["KeyType"]) for schema in schemas for key in schema["KeySchema"]]
    return _Schema(keys[0][0], sorted(set(keys)))


def _key(table: str, key: Typed) -> str:
    if key.keys() != {_schema(table).hash_key}:
        raise _error("ValidationException", "The provided key element does not match the schema")
    (value,) = key.values()
    _check_value(value)
    content: str = value["S"]
    return content


def _check_item(table: str, item: Typed) -> None:
    for value in item.values():
        _check_value(value)
    for attribute, kind in _schema(table).keys:
        if attribute in item and not 0 < len(item[attribute].get("S", "").encode()) <= _LONGEST_KEY[kind]:
            raise _error("ValidationException", f"The {kind} key {attribute} is empty, too long or no string")
    if sum(size(name) + _typed_size(value) for name, value in item.items()) > _LARGEST_ITEM:
        raise _error("ValidationException", "Item size has exceeded the maximum allowed size")


def _check_value(value: Mapping[str, Any]) -> None:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            if not content.isascii():
                try:
                    content.encode()
                except UnicodeEncodeError:
                    raise _error("SerializationException", "Invalid UTF-16 surrogate") from None
        case "N":
            if not re.fullmatch(r"-?\d{1,38}", content):
                raise _error("ValidationException", "Attempting to store more than 38 significant digits")
        case "L":
            for each in content:
                _check_value(each)
        case "M":
            for each in content.values():
                _check_value(each)
        case _:
            assert kind in {"BOOL", "NULL"}, kind


# Expressions


@cache
def _tokens(expression: str) -> tuple[str, ...]:
    tokens = tuple(_TOKEN.findall(expression))
    assert "".join(tokens) == re.sub(r"\s", "", expression), expression
    return tokens


@cache
def _actions(expression: str) -> tuple[Action, ...]:
    actions: list[Action] = []
    verb = ""
    for part in re.split(r"\b(SET|REMOVE|ADD)\b|,(?![^(]*\))", expression):
        if part in {"SET", "REMOVE", "ADD"}:
            verb = part
        elif part and part.strip():
            match _tokens(part):
                case (attribute,):
                    actions.append((verb, attribute, None, False))
                case (attribute, placeholder):
                    assert verb == "ADD"
                    actions.append((verb, attribute, placeholder, False))
                case (attribute, "=", placeholder):
                    actions.append((verb, attribute, placeholder, False))
                case (attribute, "=", "if_not_exists", "(", same, ",", placeholder, ")"):
                    assert same == attribute
                    actions.append((verb, attribute, placeholder, True))
                case tokens:
                    raise AssertionError(tokens)
    return tuple(actions)


def _sum(*values: Mapping[str, str]) -> dict[str, str]:
    return {"N": str(sum(int(value["N"]) for value in values))}


@cache
def _condition(expression: str) -> Test:
    tokens = list(_tokens(expression))
    test = _either(tokens)
    assert not tokens, tokens
    return test


def _either(tokens: list[str]) -> Test:
    tests = [_both(tokens)]
    while tokens and tokens[0] == "OR":
        tokens.pop(0)
        tests.append(_both(tokens))
    return lambda item, given: any(test(item, given) for test in tests)


def _both(tokens: list[str]) -> Test:
    tests = [_one(tokens)]
    while tokens and tokens[0] == "AND":
        tokens.pop(0)
        tests.append(_one(tokens))
    return lambda item, given: all(test(item, given) for test in tests)


def _one(tokens: list[str]) -> Test:
    match tokens.pop(0):
        case "(":
            test = _either(tokens)
            assert tokens.pop(0) == ")"
            return test
        case "NOT":
            negated = _one(tokens)
            return lambda item, given: not negated(item, given)
        case "attribute_exists" | "attribute_not_exists" as function:
            opening, place, closing = tokens.pop(0), tokens.pop(0), tokens.pop(0)
            assert (opening, closing) == ("(", ")")
            return lambda item, given: (given[place] in item) is (function == "attribute_exists")
        case place:
            return _comparison(place, tokens.pop(0), tokens)


def _comparison(place: str, operator: str, tokens: list[str]) -> Test:
    if operator == "IN":
        assert tokens.pop(0) == "("
        options = []
        while (token := tokens.pop(0)) != ")":
            if token != ",":
                options.append(token)
        return lambda item, given: item.get(given[place]) in [given[option] for option in options]
    other = tokens.pop(0)
    if operator == "=":
        return lambda item, given: item.get(given[place]) == given[other]
    if operator == "<>":
        return lambda item, given: item.get(given[place]) != given[other]
    assert operator in {"<", "<="}
    return lambda item, given: _is_below(item.get(given[place]), given[other], equal=operator == "<=")


def _is_below(value: Mapping[str, Any] | None, other: Mapping[str, Any], *, equal: bool) -> bool:
    if value is None or value.keys() != other.keys():
        return False
    one, two = (int(each["N"]) if "N" in each else each["S"].encode() for each in (value, other))
    return bool(one < two or (equal and one == two))
