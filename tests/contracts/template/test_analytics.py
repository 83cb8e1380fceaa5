"""The optional export of events for analysis: its stream, bucket, table and workgroup."""

import re

import pytest
import sqlglot
from sqlglot import exp

from bandwidth_messaging.api.bus_events import _CONTENT_FIELDS
from tests.athena import QUERIES, TABLE, columns, fields_of_events, query
from tests.template import resources, template

ANALYTICS = [name for name in template()["Resources"] if name.startswith("Analytics")]
STREAM = resources("AWS::KinesisFirehose::DeliveryStream")["AnalyticsStream"]
DESTINATION = STREAM["ExtendedS3DestinationConfiguration"]
every_query = pytest.mark.parametrize("logical_id", QUERIES)


@pytest.mark.parametrize("logical_id", ANALYTICS)
def test_the_export_exists_only_on_request(logical_id: str) -> None:
    assert template()["Resources"][logical_id]["Condition"] == "ExportsEvents"
    assert template()["Conditions"]["ExportsEvents"] == {"Fn::Equals": [{"Ref": "AnalyticsExport"}, "true"]}
    assert template()["Parameters"]["AnalyticsExport"]["Default"] == "false"


def test_every_event_goes_unchanged_to_the_stream_and_else_to_a_queue() -> None:
    rule = resources("AWS::Events::Rule")["AnalyticsRule"]

    assert rule["EventBusName"] == {"Ref": "EventBus"}
    assert rule["EventPattern"] == {"source": [{"Ref": "AWS::StackName"}]}
    (target,) = rule["Targets"]
    assert target == {
        "Id": "Stream",
        "Arn": {"Fn::GetAtt": ["AnalyticsStream", "Arn"]},
        "RoleArn": {"Fn::GetAtt": ["AnalyticsRuleRole", "Arn"]},
        "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["AnalyticsDeadLetterQueue", "Arn"]}},
    }


def test_the_files_are_encrypted_compressed_and_have_one_event_in_a_line() -> None:
    assert STREAM["DeliveryStreamEncryptionConfigurationInput"] == {"KeyType": "AWS_OWNED_CMK"}
    assert DESTINATION["CompressionFormat"] == "GZIP"
    # Firehose takes the two characters \n for a line break.
    delimiter = {"ParameterName": "Delimiter", "ParameterValue": r"\n"}
    assert DESTINATION["ProcessingConfiguration"] == {
        "Enabled": True,
        "Processors": [{"Type": "AppendDelimiterToRecord", "Parameters": [delimiter]}],
    }


def test_the_partitions_of_the_table_are_the_folders_of_the_stream() -> None:
    parameters = TABLE["Parameters"]
    (partition,) = TABLE["PartitionKeys"]
    folder = DESTINATION["Prefix"].replace("!{timestamp:yyyy-MM-dd}", "${!day}")

    assert (partition["Name"], partition["Type"]) == ("day", "string")
    assert parameters["storage.location.template"] == {"Fn::Sub": "s3://${AnalyticsBucket}/" + folder}
    assert TABLE["StorageDescriptor"]["Location"] == {"Fn::Sub": "s3://${AnalyticsBucket}/events/"}
    assert (parameters["projection.enabled"], parameters["projection.day.type"]) == ("true", "date")
    assert parameters["projection.day.format"] == "yyyy-MM-dd"


def test_the_table_reaches_back_as_far_as_the_events_are_stored() -> None:
    (rule,) = resources("AWS::S3::Bucket")["AnalyticsBucket"]["LifecycleConfiguration"]["Rules"]

    assert rule["ExpirationInDays"] == {"Ref": "AnalyticsRetentionDays"}
    assert TABLE["Parameters"]["projection.day.range"] == {"Fn::Sub": "NOW-${AnalyticsRetentionDays}DAYS,NOW"}


def test_the_columns_of_the_table_are_the_fields_of_the_schemas_without_content() -> None:
    given = columns()

    assert given.keys() == {"detail_type", "time", "detail"}
    # If a field is new or renamed, change the list in the template.
    listed = TABLE["StorageDescriptor"]["Columns"][2]["Type"]["Fn::Join"][1][1]["Fn::Join"][1]
    assert sorted(listed) == sorted(fields_of_events(_CONTENT_FIELDS))
    assert given["detail"] == f"struct<{','.join(listed)}>"


def test_no_column_has_the_content_of_messages() -> None:
    (detail,) = (exp.DataType.build(columns()["detail"], dialect="hive"),)
    names = {field.name for field in detail.find_all(exp.ColumnDef)}

    assert {"messageid", "campaignid"} <= names
    assert names & {name.lower() for name in _CONTENT_FIELDS} == set()


def test_error_files_are_outside_of_the_table() -> None:
    assert DESTINATION["ErrorOutputPrefix"].startswith("errors/!{firehose:error-output-type}/")


def test_firehose_may_only_write_to_its_folders_and_its_log() -> None:
    (policy,) = resources("AWS::IAM::Role")["AnalyticsStreamRole"]["Policies"]
    on_bucket, on_objects, on_log = policy["PolicyDocument"]["Statement"]

    assert on_bucket["Action"] == ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
    assert on_bucket["Resource"] == {"Fn::GetAtt": ["AnalyticsBucket", "Arn"]}
    assert on_objects["Action"] == ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
    folders = {each.partition("/")[0] for each in (DESTINATION["Prefix"], DESTINATION["ErrorOutputPrefix"])}
    assert {each["Fn::Sub"] for each in on_objects["Resource"]} == {
        f"${{AnalyticsBucket.Arn}}/{folder}/*" for folder in folders
    }
    assert on_log["Action"] == "logs:PutLogEvents"
    assert on_log["Resource"]["Fn::Sub"].endswith(
        ":log-group:${AnalyticsLogs}:log-stream:${AnalyticsLogStream}"
    )


def test_the_rule_may_only_write_to_the_stream() -> None:
    (policy,) = resources("AWS::IAM::Role")["AnalyticsRuleRole"]["Policies"]

    assert policy["PolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["firehose:PutRecord", "firehose:PutRecordBatch"],
            "Resource": {"Fn::GetAtt": ["AnalyticsStream", "Arn"]},
        }
    ]


@pytest.mark.parametrize(
    ("role", "service", "key"),
    [
        ("AnalyticsRuleRole", "events", "aws:SourceAccount"),
        # Templates for Firehose use this key.
        ("AnalyticsStreamRole", "firehose", "sts:ExternalId"),
    ],
)
def test_only_the_service_assumes_a_role_and_only_for_this_account(role: str, service: str, key: str) -> None:
    (trust,) = resources("AWS::IAM::Role")[role]["AssumeRolePolicyDocument"]["Statement"]

    assert trust["Principal"] == {"Service": f"{service}.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {key: {"Ref": "AWS::AccountId"}}}


def test_an_alarm_reports_delayed_files_long_before_firehose_drops_events() -> None:
    alarm = resources("AWS::CloudWatch::Alarm")["AnalyticsLateAlarm"]

    # Firehose keeps what it cannot write for 24 hours.
    assert DESTINATION["BufferingHints"]["IntervalInSeconds"] * 2 < alarm["Threshold"] < 24 * 3600 / 4


def test_a_query_scans_a_limited_number_of_bytes_and_writes_to_the_bucket() -> None:
    workgroup = resources("AWS::Athena::WorkGroup")["AnalyticsWorkGroup"]
    configuration = workgroup["WorkGroupConfiguration"]

    assert configuration["EnforceWorkGroupConfiguration"] is True
    assert 0 < configuration["BytesScannedCutoffPerQuery"] <= 100 * 10**9
    location = configuration["ResultConfiguration"]["OutputLocation"]
    assert location == {"Fn::Sub": "s3://${AnalyticsBucket}/results/"}
    assert workgroup["RecursiveDeleteOption"] is True


@every_query
def test_a_saved_query_belongs_to_the_workgroup_and_reads_the_table(logical_id: str) -> None:
    properties = QUERIES[logical_id]

    assert properties["WorkGroup"] == {"Ref": "AnalyticsWorkGroup"}
    assert properties["Database"] == {"Ref": "AnalyticsDatabase"} == _table_database()
    tree = sqlglot.parse_one(query(logical_id), dialect="athena")
    parts = {each.name for each in tree.find_all(exp.CTE) for each in [each.args["alias"]]}
    assert {each.name for each in tree.find_all(exp.Table)} - parts == {TABLE["Name"]}


def _table_database() -> object:
    return resources("AWS::Glue::Table")["AnalyticsTable"]["DatabaseName"]


@every_query
def test_a_saved_query_reads_a_limited_number_of_days(logical_id: str) -> None:
    tree = sqlglot.parse_one(query(logical_id), dialect="athena")
    scans = [each.parent_select for each in tree.find_all(exp.Table) if each.name == TABLE["Name"]]

    assert scans
    for scan in scans:
        assert scan is not None
        assert re.search(r"\bday >= ", scan.args["where"].sql()), scan.sql()
