"""Files that applications upload to send them: objects in the stack's UploadBucket."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore.exceptions import ClientError

from bandwidth_messaging.domain.times import to_rfc3339
from bandwidth_messaging.domain.uploads import MAX_FILE_BYTES, UploadedFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Without the permission to list a bucket, S3 returns 403 for a missing object.
_ABSENT_CODES: Final = {"403", "404", "AccessDenied", "NoSuchKey"}


class UploadForm(NamedTuple):
    """A form that uploads one file: a POST to the URL with these fields and, last, the field `file`."""

    url: str
    fields: dict[str, str]


class Uploads:
    """The uploaded files, by name. The bucket deletes them after `retention_days`."""

    def __init__(self, client: "S3Client", bucket: str, *, retention_days: int) -> None:
        self._client = client
        self._bucket = bucket
        self._retention = timedelta(days=retention_days)

    def create_form(self, name: str, content_type: str, *, seconds: int) -> UploadForm:
        """Return a form for one file of this type. S3 rejects another type and a file that is too large."""
        conditions: list[Any] = [
            {"Content-Type": content_type},
            ["content-length-range", 1, MAX_FILE_BYTES],
        ]
        form = self._client.generate_presigned_post(
            Bucket=self._bucket,
            Key=name,
            Fields={"Content-Type": content_type},
            Conditions=conditions,
            ExpiresIn=seconds,
        )
        return UploadForm(form["url"], form["fields"])

    def find(self, name: str) -> UploadedFile | None:
        """Return a file's size, type and times, None if it does not exist."""
        try:
            found = self._client.head_object(Bucket=self._bucket, Key=name)
        except ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT_CODES:
                return None
            raise
        uploaded_at = found["LastModified"]
        # S3 deletes an object at the first midnight (UTC) after this time.
        expires_at = uploaded_at + self._retention
        times = [to_rfc3339(time.isoformat()) for time in (uploaded_at, expires_at)]
        return UploadedFile(found["ContentLength"], found["ContentType"], *times)

    def share(self, name: str, *, seconds: int) -> str:
        """Return a URL at which Bandwidth can fetch a file for `seconds`."""
        return self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": name}, ExpiresIn=seconds
        )
