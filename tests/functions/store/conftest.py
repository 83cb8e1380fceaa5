"""Both tables as template.yaml has them, in memory."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from bandwidth_messaging.store.dynamodb import Table
from bandwidth_messaging.store.message_store import Messages
from bandwidth_messaging.store.number_store import Numbers
from bandwidth_messaging.store.order_store import Orders
from tests.aws import aws, client
from tests.template import create_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture(scope="module")
def dynamodb() -> "Iterator[DynamoDBClient]":
    with aws():
        yield client("dynamodb")


@pytest.fixture
def messages_table(dynamodb: "DynamoDBClient") -> Iterator[Table]:
    yield Table(dynamodb, create_table(dynamodb, "MessagesTable"))
    dynamodb.delete_table(TableName="MessagesTable")


@pytest.fixture
def numbers_table(dynamodb: "DynamoDBClient") -> Iterator[Table]:
    yield Table(dynamodb, create_table(dynamodb, "NumbersTable"))
    dynamodb.delete_table(TableName="NumbersTable")


@pytest.fixture
def messages(messages_table: Table) -> Messages:
    return Messages(messages_table, retention_days=90)


@pytest.fixture
def numbers(numbers_table: Table) -> Numbers:
    return Numbers(numbers_table)


@pytest.fixture
def orders(numbers_table: Table) -> Orders:
    return Orders(numbers_table)
