"""Letters of authorization: documents in the stack's LettersBucket."""

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Without the permission to list a bucket, S3 returns 403 for a missing object.
_UNREADABLE_CODES: Final = {"403", "404", "AccessDenied", "NoSuchKey", "NoSuchBucket"}


class Letters:
    """The documents of a bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self.bucket = bucket

    def size(self, key: str) -> int | None:
        """Return a document's size in bytes, None if it does not exist or cannot be read."""
        try:
            return self._client.head_object(Bucket=self.bucket, Key=key)["ContentLength"]
        except ClientError as error:
            if error.response["Error"]["Code"] in _UNREADABLE_CODES:
                return None
            raise

    def read(self, key: str) -> bytes:
        """Return a document's content."""
        return self._client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
