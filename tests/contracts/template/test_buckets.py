"""Protection, encryption and lifecycle of the buckets."""

import pytest

from tests.template import resources, template

# The queue keeps the key of a quarantined object for 14 days.
EXPIRATION_DAYS = {
    "MediaBucket": {"Ref": "MessageRetentionDays"},
    "UploadBucket": {"Ref": "MessageRetentionDays"},
    "QuarantineBucket": 15,
    "FilesBucket": 30,
    "AnalyticsBucket": {"Ref": "AnalyticsRetentionDays"},
}
every_bucket = pytest.mark.parametrize("logical_id", resources("AWS::S3::Bucket"))


@every_bucket
def test_a_bucket_is_private_and_encrypted_and_its_objects_expire(logical_id: str) -> None:
    bucket = resources("AWS::S3::Bucket")[logical_id]

    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] in {"AES256", "aws:kms"}
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", EXPIRATION_DAYS[logical_id])
    resource = template()["Resources"][logical_id]
    assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
    assert resource["UpdateReplacePolicy"] == "Retain"


@every_bucket
def test_a_bucket_is_reached_by_tls_only(logical_id: str) -> None:
    policy = resources("AWS::S3::BucketPolicy")[f"{logical_id}Policy"]

    assert policy["Bucket"] == {"Ref": logical_id}
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    files = {"Fn::Sub": f"${{{logical_id}.Arn}}/*"}
    assert statement["Resource"] == [{"Fn::GetAtt": [logical_id, "Arn"]}, files]
