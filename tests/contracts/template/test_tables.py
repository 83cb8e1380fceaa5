"""Protection, billing, streams and keys of the tables."""

import pytest

from tests.contracts.template.deployed import DEPLOYED, TABLES
from tests.template import ROOT, template

every_table = pytest.mark.parametrize("logical_id", TABLES)


@every_table
def test_a_table_can_be_restored_and_is_protected_from_deletion(logical_id: str) -> None:
    table = TABLES[logical_id]

    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
    resource = template()["Resources"][logical_id]
    assert resource["UpdateReplacePolicy"] == "Retain"
    assert resource["DeletionPolicy"] in {"Retain", "RetainExceptOnCreate"}


@every_table
def test_a_table_is_billed_per_request_and_encrypted(logical_id: str) -> None:
    assert TABLES[logical_id]["BillingMode"] == "PAY_PER_REQUEST"
    assert TABLES[logical_id]["SSESpecification"] == {"SSEEnabled": True}


@pytest.mark.parametrize("logical_id", sorted(TABLES.keys() - {"UsageTable"}))
def test_every_change_of_a_table_reaches_the_publisher(logical_id: str) -> None:
    assert TABLES[logical_id]["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    streams = [each["Properties"]["Stream"] for each in DEPLOYED["PublishEvents"]["Events"].values()]
    assert {"Fn::GetAtt": [logical_id, "StreamArn"]} in streams


@every_table
def test_a_table_defines_the_attributes_of_its_keys_and_no_others(logical_id: str) -> None:
    table = TABLES[logical_id]
    schemas = [table["KeySchema"], *(index["KeySchema"] for index in table.get("GlobalSecondaryIndexes", ()))]
    keys = {key["AttributeName"] for schema in schemas for key in schema}
    assert {each["AttributeName"] for each in table["AttributeDefinitions"]} == keys


@pytest.mark.parametrize(
    ("logical_id", "module"),
    [
        ("MessagesTable", "message_store"),
        ("MessagesTable", "receipts"),
        ("MessagesTable", "schedule"),
        ("NumbersTable", "pool_store"),
        ("NumbersTable", "scheduled_segment_store"),
    ],
)
def test_items_expire_by_the_attribute_that_the_store_writes(logical_id: str, module: str) -> None:
    assert TABLES[logical_id]["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}
    assert "expiresAt" in (ROOT / f"layers/shared/bandwidth_messaging/store/{module}.py").read_text()
