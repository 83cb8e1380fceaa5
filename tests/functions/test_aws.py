"""tests/aws.py makes moto faster. These tests compare its results with those of moto as installed."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.aws import aws, client, create_once
from tests.template import create_table

KEY = {"pk": {"S": "NUMBER#1"}}
ITEM = {"count": {"N": "1"}, "map": {"M": {"a": {"S": "x"}, "list": {"L": [{"S": "0"}, {"S": "1"}]}}}}
NAMES = {"#map": "map", "#count": "count", "#new": "new"}
VALUES = {":one": {"N": "1"}, ":text": {"S": "text"}, ":list": {"L": [{"S": "2"}]}, ":set": {"SS": ["a"]}}
UPDATES = {
    "several clauses": "SET #map.a = :text, #new = if_not_exists(#new, :one) REMOVE #map.c ADD #count :one",
    "one attribute twice": "SET #count = :one, #count = :text",
    "overlapping paths": "SET map.a = :text, map.a.b = :text",
    "a key": "SET pk = :text",
    "two clauses of a kind": "SET #new = :one SET #count = :one",
    "a sum": "SET #count = #count + :one, #new = #count - :one",
    "a sum of text": "SET #count = #count + :text",
    "a longer list": "SET #map.list = list_append(#map.list, :list)",
    "parts of a list": "REMOVE #map.list[0], #map.list[1]",
    "a part of a list": "SET #map.list[1] = :text",
    "a map that does not exist": "SET #new.a = :text",
    "an attribute that does not exist": "SET #count = absent",
    "an unknown value": "SET #count = :unknown",
    "a set": "ADD #new :set",
    "a part of a set": "DELETE #new :set",
    "the wrong type": "ADD #map :one",
    "a reserved word": "SET name = :text",
    "no grammar": "SET #count :one",
}


@pytest.fixture(autouse=True)
def _clients() -> None:
    """Create the client before moto starts, as the first test of a worker does."""
    client("dynamodb")


def results(simulated: Callable[[], AbstractContextManager[Any]], update: str) -> list[Any]:
    """Return the responses to an update of an item, to the same update again, and to that of a new item."""
    with simulated():
        dynamodb = client("dynamodb")
        table = create_table(dynamodb, "NumbersTable")
        dynamodb.put_item(TableName=table, Item=KEY | ITEM)
        return [
            response(dynamodb, table, update, key) for key in (KEY, KEY, {"pk": {"S": "NUMBER#2"}})
        ] + dynamodb.scan(TableName=table)["Items"]


def response(dynamodb: Any, table: str, update: str, key: Any) -> Any:
    """Update an item and return it as it is then, or the error."""
    try:
        updated = dynamodb.update_item(
            TableName=table,
            Key=key,
            UpdateExpression=update,
            ExpressionAttributeNames={name: NAMES[name] for name in NAMES if name in update},
            ExpressionAttributeValues={name: VALUES[name] for name in VALUES if name in update},
            ReturnValues="ALL_NEW",
        )
    except ClientError as error:
        return error.response["Error"]
    return updated["Attributes"]


@pytest.mark.parametrize("update", UPDATES.values(), ids=UPDATES)
def test_an_update_has_the_result_that_moto_gives(update: str) -> None:
    assert results(aws, update) == results(mock_aws, update)


def test_a_copy_of_created_resources_has_nothing_of_an_earlier_test() -> None:
    created: list[str] = []
    dynamodb = client("dynamodb")

    for _ in range(3):
        with aws():
            create_once(
                "a table", ["dynamodb"], lambda: created.append(create_table(dynamodb, "NumbersTable"))
            )
            assert dynamodb.scan(TableName="NumbersTable")["Items"] == []
            dynamodb.put_item(TableName="NumbersTable", Item=KEY | ITEM)
            assert len(dynamodb.scan(TableName="NumbersTable")["Items"]) == 1

    assert created == ["NumbersTable"]
