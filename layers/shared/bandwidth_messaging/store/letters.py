"""Letters of authorization: documents in the one bucket that the stack may read letters from."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Without the right to list a bucket S3 does not say whether an object is missing.
_NOT_THERE = {"403", "404", "AccessDenied", "NoSuchKey", "NoSuchBucket"}


class Letters:
    """The documents of a bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self.bucket = bucket

    def size(self, key: str) -> int | None:
        """Return a document's size in bytes, None if there is none that we may read."""
        try:
            return self._client.head_object(Bucket=self.bucket, Key=key)["ContentLength"]
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_THERE:
                return None
            raise

    def read(self, key: str) -> bytes:
        """Return a document."""
        return self._client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
