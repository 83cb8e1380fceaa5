"""Both tables as template.yaml has them, in memory."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from bandwidth_messaging.store import message_items
from bandwidth_messaging.store.claims import Claims
from bandwidth_messaging.store.dynamodb import Table
from bandwidth_messaging.store.message_store import Messages
from bandwidth_messaging.store.number_store import Numbers
from bandwidth_messaging.store.order_store import Orders
from bandwidth_messaging.store.receipts import Receipts
from tests.aws import aws, client
from tests.functions.store.message_samples import NOW
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
def claims(messages_table: Table) -> Claims:
    return Claims(messages_table)


@pytest.fixture
def receipts(messages_table: Table) -> Receipts:
    return Receipts(messages_table, retention_days=90)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the clock of the stack to NOW."""
    monkeypatch.setattr(message_items, "now", lambda: NOW)


@pytest.fixture
def numbers(numbers_table: Table) -> Numbers:
    return Numbers(numbers_table)


@pytest.fixture
def orders(numbers_table: Table) -> Orders:
    return Orders(numbers_table)
