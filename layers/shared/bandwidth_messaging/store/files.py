"""Files that operators exchange with the stack: objects in the stack's FilesBucket."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Without the permission to list a bucket, S3 returns 403 for a missing object. 412: the object has changed.
_UNREADABLE_CODES: Final = {"403", "404", "412", "AccessDenied", "NoSuchKey", "PreconditionFailed"}
_READ_BYTES: Final = 1_000_000


class FileUnreadable(Exception):
    """The object does not exist, has changed, or cannot be read."""


class File(NamedTuple):
    """An object that is being read: the tag of its content, and its lines with their line ends."""

    etag: str
    lines: Iterator[bytes]


class Files:
    """The objects of the bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def open(self, key: str) -> File:
        """Start to read an object. Raises FileUnreadable."""
        try:
            response = self._client.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            raise _explain(error) from error
        return File(response["ETag"], response["Body"].iter_lines(_READ_BYTES, keepends=True))

    def read(self, key: str, *, etag: str, start: int, end: int) -> bytes:
        """Return the bytes from `start` to before `end`. Raises FileUnreadable, also if they changed."""
        try:
            response = self._client.get_object(
                Bucket=self._bucket, Key=key, IfMatch=etag, Range=f"bytes={start}-{end - 1}"
            )
        except ClientError as error:
            raise _explain(error) from error
        return response["Body"].read()

    def read_lines(self, key: str) -> Iterator[bytes]:
        """Yield the lines of an object that exists."""
        return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].iter_lines(keepends=True)

    def put(self, key: str, content: bytes) -> None:
        """Store a CSV file. An object with the same key is replaced."""
        self._client.put_object(Bucket=self._bucket, Key=key, Body=content, ContentType="text/csv")


def _explain(error: ClientError) -> Exception:
    return FileUnreadable() if error.response["Error"]["Code"] in _UNREADABLE_CODES else error
