"""The archive: a private bucket with the media of inbound messages."""

import hashlib
import re
from typing import TYPE_CHECKING, Final

from bandwidth_messaging.domain.media import OCTETS, is_harmless

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")


class Archive:
    """The files in the bucket. Storing the same file again gives the same key."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, message_id: str, position: int, content: bytes, *, name: str, content_type: str) -> str:
        """Store a message's file under its position among the message's files. Return its key.

        A browser saves a file of a type that may run code, because the file is served as octets.
        """
        key = f"{_folder(message_id)}/{position}"
        shown = is_harmless(content_type)
        self._client.put_object(
            Bucket=self._bucket,
            Key=key,
            Body=content,
            ContentType=content_type if shown else OCTETS,
            ContentDisposition=f'{"inline" if shown else "attachment"}; filename="{name or position}"',
        )
        return key

    def link(self, key: str, *, seconds: int) -> str:
        """Return a presigned URL of the file that is valid for `seconds`."""
        return self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=seconds
        )


def _folder(message_id: str) -> str:
    """Return the first part of a key: the message's id, or its hash if the id has other characters."""
    if _PLAIN_ID.fullmatch(message_id):
        return message_id
    return hashlib.sha256(message_id.encode()).hexdigest()
