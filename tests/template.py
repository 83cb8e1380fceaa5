"""template.yaml as Python objects, and a function that creates its tables."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samcli.yamlhelper import yaml_parse

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ROOT = Path(__file__).resolve().parent.parent


@cache
def template() -> dict[str, Any]:
    """Return the template; `!Ref x` is {"Ref": "x"}, `!GetAtt x.y` is {"Fn::GetAtt": ["x", "y"]}."""
    parsed: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
    return parsed


@cache
def resources(kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of the resources of a type, by logical id."""
    return {
        logical_id: resource.get("Properties", {})
        for logical_id, resource in template()["Resources"].items()
        if resource["Type"] == kind
    }


def aliased(value: Any) -> str:
    """Return the logical id of the function or state machine whose alias a substitution names."""
    name: str = value["Ref"]
    return name.removesuffix(".Alias").removesuffix("Aliaslive")


def create_table(client: "DynamoDBClient", logical_id: str) -> str:
    """Create a table with the keys and indexes of the template, and return its name."""
    properties = resources("AWS::DynamoDB::Table")[logical_id]
    table_properties = {"AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes"}
    given = {name: properties[name] for name in properties.keys() & table_properties}
    client.create_table(TableName=logical_id, **given)
    return logical_id
