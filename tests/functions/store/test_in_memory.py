"""DynamoDB in memory, which the convergence and fuzz tests write to. It behaves as moto does."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bandwidth_messaging.store.dynamodb import Attempt, Table
from tests.dynamodb import DynamoDB, item_size

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Act = Callable[[Table], Any]

KEY = {"messageId": "out_1"}
values = st.sampled_from(["", "x", "y", 1, True, None, ["x", {"a": 1}], {"a": "x", "b": {"c": 2}}])
changes = st.fixed_dictionaries(
    {},
    # moto cannot compare a number with anything else.
    optional={"rank": st.sampled_from([-1, 0, 1, 2, None])}
    | dict.fromkeys(["state", "claim", "recipient +1919"], values),
)
conditions = st.sampled_from(
    [
        None,
        "#rank < :one",
        "#rank <= :one",
        "#state = :x",
        "#state <> :x",
        "#state IN (:x, :y)",
        "attribute_exists(#state)",
        "attribute_not_exists(#messageId) OR #rank < :one AND attribute_not_exists(#alias)",
        "(attribute_not_exists(#messageId) OR #rank < :one) AND #alias = :map",
    ]
)
GIVEN = {"one": 1, "x": "x", "y": "y", "map": {"a": "x", "b": {"c": 2}}}


@st.composite
def acts(draw: st.DrawFn) -> Act:
    """Draw a write of some kind."""
    condition = draw(conditions)
    assign, keep = draw(changes), draw(changes)
    if draw(st.booleans()):
        return lambda table: table.put_new(KEY | assign, key="messageId")
    used = {name: value for name, value in GIVEN.items() if condition and f":{name}" in condition}
    named = {"alias": "recipient +1919"}
    assign = assign or {"state": "x"}
    kept = {name: value for name, value in keep.items() if name not in assign}
    return lambda table: table.attempt(
        KEY, assign=assign, keep=kept, condition=condition, names=named, values=used
    )


def done(table: Table, act: Act) -> Any:
    """Return the result of a write, and the stored item after it."""
    try:
        said = act(table)
    except ClientError as error:
        said = error.response["Error"]["Code"]
    return said, table.get(KEY)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(acts(), min_size=1, max_size=6))
def test_writes_have_the_same_results_as_in_moto(
    dynamodb: "DynamoDBClient", messages_table: Table, order: Sequence[Act]
) -> None:
    dynamodb.delete_item(TableName="MessagesTable", Key={"messageId": {"S": "out_1"}})
    in_memory = Table(DynamoDB(), "MessagesTable")  # type: ignore[arg-type]
    for act in order:
        assert done(in_memory, act) == done(messages_table, act)


@pytest.mark.parametrize(
    "item",
    [
        {"messageId": ""},
        {"messageId": "x" * 2048},
        {"messageId": "x" * 2049},
        {"messageId": "é" * 1025},
        {"owner": "", "sortKey": "x"},
        {"owner": "x" * 2049, "sortKey": "x"},
        {"owner": "x", "sortKey": "x" * 1024},
        {"owner": "x", "sortKey": "x" * 1025},
        {"text": "x" * 400_000},
        {"text": "x" * 420_000},
        {"text": "\x00\ud7ff\uffff\U0010ffff", "tag": ""},
        {"segmentCount": 10**37},
    ],
    ids=lambda item: repr(item)[:30],
)
def test_items_that_moto_rejects_are_rejected(messages_table: Table, item: dict[str, Any]) -> None:
    def put(table: Table) -> Any:
        return table.put_new(KEY | item, key="messageId")

    in_memory = Table(DynamoDB(), "MessagesTable")  # type: ignore[arg-type]
    assert done(in_memory, put)[0] == done(messages_table, put)[0]


@pytest.mark.parametrize("item", [{"owner": 7, "sortKey": "x"}, {"segmentCount": 10**38}], ids=repr)
def test_items_that_only_dynamodb_rejects_are_rejected(item: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        Table(DynamoDB(), "MessagesTable").put_new(KEY | item, key="messageId")  # type: ignore[arg-type]


def test_an_unpaired_surrogate_is_rejected() -> None:
    with pytest.raises(ClientError, match="SerializationException"):
        Table(DynamoDB(), "MessagesTable").put_new(KEY | {"text": "\ud83d"}, key="messageId")  # type: ignore[arg-type]


def test_an_unused_name_or_value_is_rejected() -> None:
    request: dict[str, Any] = {
        "TableName": "MessagesTable",
        "Key": {"messageId": {"S": "out_1"}},
        "UpdateExpression": "SET #a = :a",
    }
    for more in ({"#b": "b"}, {}):
        with pytest.raises(ClientError, match="ValidationException"):
            DynamoDB().update_item(
                **request,
                ExpressionAttributeNames={"#a": "a", **more},
                ExpressionAttributeValues={":a": {"S": "a"}, **({} if more else {":b": {"S": "b"}})},
            )


def test_the_size_of_an_item_follows_the_rules_of_aws() -> None:
    assert item_size({"messageId": "é", "n": 100, "list": ["a"], "map": {"b": True}}) == 11 + 4 + 9 + 9


def test_an_attempt_returns_whether_it_was_applied() -> None:
    table = Table(DynamoDB(), "MessagesTable")  # type: ignore[arg-type]

    assert table.attempt(KEY, assign={"n": 1}, condition="attribute_exists(#n)") == Attempt(False, None)
    assert table.attempt(KEY, assign={"n": 1}) == Attempt(True, KEY | {"n": 1})
    assert table.attempt(KEY, assign={"n": 2}, condition="#n = :n", values={"n": 3}) == Attempt(
        False, KEY | {"n": 1}
    )
