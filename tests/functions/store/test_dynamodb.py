"""A table: plain dictionaries in and out."""

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError

from bandwidth_messaging.store.dynamodb import Table, from_dynamodb

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def key(name: str) -> dict[str, Any]:
    return {"pk": name}


def test_an_item_is_read_as_stored_without_none_values(numbers_table: Table) -> None:
    item = {"pk": "a", "text": "x", "n": 7, "yes": True, "list": ["a", 1], "map": {"inner": [2, None]}}
    assert numbers_table.put_new(item | {"nothing": None}, key="pk")
    assert numbers_table.get(key("a")) == item


def test_an_item_is_put_once(numbers_table: Table) -> None:
    assert numbers_table.put_new({"pk": "a", "n": 1}, key="pk")
    assert not numbers_table.put_new({"pk": "a", "n": 2}, key="pk")
    assert numbers_table.get(key("a")) == {"pk": "a", "n": 1}


def test_an_update_creates_assigns_keeps_and_removes(numbers_table: Table) -> None:
    assert numbers_table.update(key("a"), assign={"n": 1}, keep={"first": "x"}) == {
        "pk": "a",
        "n": 1,
        "first": "x",
    }
    assert numbers_table.update(key("a"), assign={"n": 2, "gone": None}, keep={"first": "y"}) == {
        "pk": "a",
        "n": 2,
        "first": "x",
    }
    assert numbers_table.update(key("a"), assign={"first": None}, keep={"second": None}) == {
        "pk": "a",
        "n": 2,
    }


def test_an_update_changes_entries_of_a_map(numbers_table: Table) -> None:
    numbers_table.put_new({"pk": "a", "steps": {}}, key="pk")
    numbers_table.update(key("a"), assign={("steps", "Create location"): 1, ("steps", "size"): 2, "a.b": 3})
    numbers_table.update(key("a"), assign={("steps", "Create location"): 4})

    assert numbers_table.get(key("a")) == {"pk": "a", "steps": {"Create location": 4, "size": 2}, "a.b": 3}


def test_a_failed_condition_changes_nothing(numbers_table: Table) -> None:
    numbers_table.put_new({"pk": "a", "state": "x"}, key="pk")

    changed = numbers_table.update(
        key("a"), assign={"state": "z"}, condition="#state = :y", values={"y": "y"}
    )

    assert changed is None
    assert numbers_table.get(key("a")) == {"pk": "a", "state": "x"}


def test_a_condition_may_give_an_attribute_another_name(numbers_table: Table) -> None:
    name = "recipient +19195551213"
    assert numbers_table.update(
        key("a"), assign={name: {"n": 1}}, condition="attribute_not_exists(#alias)", names={"alias": name}
    )
    changes: dict[str, Any] = {"condition": "#alias.#n < :n", "names": {"alias": name}}

    assert numbers_table.update(key("a"), assign={name: {"n": 2}}, values={"n": 2}, **changes)
    assert numbers_table.update(key("a"), assign={name: {"n": 9}}, values={"n": 2}, **changes) is None
    assert numbers_table.get(key("a")) == {"pk": "a", name: {"n": 2}}


def test_another_error_is_raised(dynamodb: "DynamoDBClient") -> None:
    missing = Table(dynamodb, "no-such-table")
    with pytest.raises(ClientError, match="ResourceNotFound"):
        missing.put_new({"pk": "a"}, key="pk")
    with pytest.raises(ClientError, match="ResourceNotFound"):
        missing.update(key("a"), assign={"n": 1})
    with pytest.raises(ClientError, match="ResourceNotFound"):
        missing.get(key("a"))


def test_items_are_returned_in_the_order_of_their_keys(
    numbers_table: Table,
) -> None:
    names = [f"n{number:03}" for number in range(120)]
    for name in names[::2]:
        numbers_table.put_new({"pk": name}, key="pk")

    wanted = list(reversed(names))

    assert [item["pk"] for item in numbers_table.get_all([key(name) for name in wanted])] == wanted[1::2]


def test_a_read_without_keys_makes_no_call(dynamodb: "DynamoDBClient") -> None:
    assert Table(dynamodb, "no-such-table").get_all([]) == []


@pytest.mark.parametrize("consistent", [False, True])
def test_items_can_be_read_consistently(
    numbers_table: Table, dynamodb: "DynamoDBClient", consistent: bool
) -> None:
    numbers_table.put_new({"pk": "a"}, key="pk")

    with patch.object(dynamodb, "batch_get_item", wraps=dynamodb.batch_get_item) as asked:
        assert numbers_table.get_all([key("a")], consistent=consistent) == [{"pk": "a"}]

    (table,) = asked.call_args.kwargs["RequestItems"].values()
    assert table["ConsistentRead"] is consistent


def test_unprocessed_keys_are_requested_again(numbers_table: Table, dynamodb: "DynamoDBClient") -> None:
    for name in "abc":
        numbers_table.put_new({"pk": name}, key="pk")
    batch_get_item = dynamodb.batch_get_item
    asked: list[int] = []

    def one_at_a_time(RequestItems: Any) -> Any:  # noqa: N803 - boto3 calls it so
        first, *rest = RequestItems["NumbersTable"]["Keys"]
        asked.append(len(rest) + 1)
        answer = batch_get_item(RequestItems={"NumbersTable": {"Keys": [first]}})
        return answer | {"UnprocessedKeys": {"NumbersTable": {"Keys": rest}} if rest else {}}

    with patch.object(dynamodb, "batch_get_item", one_at_a_time):
        assert [item["pk"] for item in numbers_table.get_all([key(name) for name in "cab"])] == [
            "c",
            "a",
            "b",
        ]

    assert asked == [3, 2, 1]


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the pauses that the table makes, each as long as its jitter allows."""
    made: list[float] = []
    monkeypatch.setattr("bandwidth_messaging.store.dynamodb.uniform", lambda _, longest: longest)
    monkeypatch.setattr("bandwidth_messaging.store.dynamodb.sleep", made.append)
    return made


def test_unprocessed_keys_are_requested_again_after_growing_pauses(
    numbers_table: Table, dynamodb: "DynamoDBClient", pauses: list[float]
) -> None:
    numbers_table.put_new({"pk": "a"}, key="pk")
    batch_get_item = dynamodb.batch_get_item
    throttled = iter([True, True, True, False])

    def throttle(RequestItems: Any) -> Any:  # noqa: N803 - boto3's name
        if next(throttled):
            return {"Responses": {}, "UnprocessedKeys": RequestItems}
        return batch_get_item(RequestItems=RequestItems)

    with patch.object(dynamodb, "batch_get_item", throttle):
        assert numbers_table.get_all([key("a")]) == [{"pk": "a"}]

    assert pauses == [0.05, 0.1, 0.2]


def test_a_complete_response_resets_the_pauses(
    numbers_table: Table, dynamodb: "DynamoDBClient", pauses: list[float]
) -> None:
    keys = [key(f"{number:03}") for number in range(250)]
    batch_get_item = dynamodb.batch_get_item
    throttled = iter([True, False, True, False, False])

    def throttle(RequestItems: Any) -> Any:  # noqa: N803 - boto3's name
        if next(throttled):
            return {"Responses": {}, "UnprocessedKeys": RequestItems}
        return batch_get_item(RequestItems=RequestItems)

    with patch.object(dynamodb, "batch_get_item", throttle):
        assert numbers_table.get_all(keys) == []

    assert pauses == [0.05, 0.05]


def test_keys_that_stay_unprocessed_raise_a_throttling_error(
    numbers_table: Table, dynamodb: "DynamoDBClient", pauses: list[float]
) -> None:
    def throttle(RequestItems: Any) -> Any:  # noqa: N803 - boto3's name
        return {"Responses": {}, "UnprocessedKeys": RequestItems}

    with (
        patch.object(dynamodb, "batch_get_item", throttle),
        pytest.raises(ClientError, match="ProvisionedThroughputExceededException"),
    ):
        numbers_table.get_all([key("a")])
    assert sum(pauses) == pytest.approx(3.15)


def test_a_stream_image_becomes_a_plain_dictionary() -> None:
    image = {"n": {"N": "4432"}, "to": {"L": [{"S": "+1"}]}, "no": {"NULL": True}, "yes": {"BOOL": False}}
    assert from_dynamodb(image) == {"n": 4432, "to": ["+1"], "no": None, "yes": False}


def stored_version(dynamodb: "DynamoDBClient", name: str) -> int | None:
    found = dynamodb.get_item(TableName="NumbersTable", Key={"pk": {"S": name}})
    return from_dynamodb(found["Item"]).get("version") if "Item" in found else None


def test_each_write_of_an_item_counts_its_version_up_by_one(
    numbers_table: Table, dynamodb: "DynamoDBClient"
) -> None:
    numbers_table.put_new({"pk": "a"}, key="pk")
    numbers_table.update(key("b"), keep={"n": 1})
    assert [stored_version(dynamodb, name) for name in "ab"] == [1, 1]
    numbers_table.update(key("a"), assign={"n": 1})
    numbers_table.update(key("a"), assign={"n": None})
    numbers_table.update(key("b"), keep={"n": 2})

    assert [stored_version(dynamodb, name) for name in "ab"] == [3, 2]


def test_a_failed_write_does_not_change_the_version(numbers_table: Table, dynamodb: "DynamoDBClient") -> None:
    numbers_table.put_new({"pk": "a", "n": 1}, key="pk")
    numbers_table.put_new({"pk": "a", "n": 2}, key="pk")
    numbers_table.update(key("a"), assign={"n": 2}, condition="#n = :n", values={"n": 2})

    assert stored_version(dynamodb, "a") == 1


def test_the_version_is_not_read_with_the_item(numbers_table: Table) -> None:
    item = {"pk": "a", "state": "active"}
    numbers_table.put_new(item, key="pk")

    assert numbers_table.update(key("a"), assign={"n": 1}) == item | {"n": 1}
    assert numbers_table.get(key("a")) == item | {"n": 1}
    assert numbers_table.get_all([key("a")]) == [item | {"n": 1}]
    assert numbers_table.query("numbersByState", {"state": "active"}, limit=1).items == [item | {"n": 1}]
