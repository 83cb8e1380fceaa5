"""The state machine opt_outs: an import from the FilesBucket, its repetition, and an export."""

from urllib.parse import quote

from local.stack import Stack
from tests.machines import get, run, unique

HEADER = "number,recipient,since,keyword,note"


def order_owner_number(cloud: Stack) -> str:
    name = unique("optouts")
    own = {"applicationName": name, "locationName": name, "customerOrderId": name}
    execution = run(cloud, "messaging_v2", {"areaCode": "336"} | own)
    assert execution.output is not None, execution.cause
    number: str = execution.output["numbers"][0]
    return number


def test_an_import_is_listed_exported_and_repeatable(cloud: Stack) -> None:
    owner = order_owner_number(cloud)
    key = f"imports/{unique('file')}.csv"
    rows = [f"{owner},+1919555{each:04},2026-02-03T04:05:06.000Z,stop," for each in range(1200, 1203)]
    content = "\r\n".join([HEADER, *rows, f"{owner},12,,,", ""])
    cloud.client("s3").put_object(Bucket=cloud.files_bucket, Key=key, Body=content.encode())

    first = run(cloud, "opt_outs", {"action": "IMPORT", "key": key})
    second = run(cloud, "opt_outs", {"action": "IMPORT", "key": key})

    assert first.output is not None, first.cause
    assert second.output is not None, second.cause
    assert (first.output["recorded"], first.output["invalid"]) == (3, 1)
    assert (second.output["recorded"], second.output["unchanged"]) == (0, 3)
    assert len(get(cloud, f"/numbers/{quote(owner)}/opt-outs")["items"]) == 3
    invalid = cloud.client("s3").get_object(Bucket=cloud.files_bucket, Key=first.output["invalidKey"])
    assert invalid["Body"].read().decode().splitlines()[1].startswith("5,recipient,12,")

    exported = run(cloud, "opt_outs", {"action": "EXPORT", "key": "exports/all.csv"})

    assert exported.output is not None, exported.cause
    assert exported.output["rows"] >= 3
    content = (
        cloud.client("s3")
        .get_object(Bucket=cloud.files_bucket, Key="exports/all.csv")["Body"]
        .read()
        .decode()
    )
    assert set(rows) <= set(content.splitlines())


def test_a_missing_file_fails_with_its_key(cloud: Stack) -> None:
    execution = run(cloud, "opt_outs", {"action": "IMPORT", "key": "imports/missing.csv"})

    assert (execution.status, execution.error) == ("FAILED", "InvalidInput")
    assert "imports/missing.csv" in str(execution.cause)
