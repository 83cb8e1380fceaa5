"""The archive: a private bucket with the media of messages that came in."""

import hashlib
import re
from typing import TYPE_CHECKING, Final

from bandwidth_messaging.domain.media import OCTETS, is_harmless

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")


class Archive:
    """The files in the bucket, known by keys that are the same whenever the same file is put."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, message_id: str, position: int, content: bytes, *, name: str, content_type: str) -> str:
        """Store a file of a message, by its position among them, and return its key.

        What a browser might run is served as octets to be saved, whatever `content_type` is.
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
        """Return a URL that anybody may read the file at, for so many seconds."""
        return self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=seconds
        )


def _folder(message_id: str) -> str:
    """Return a message's id if it may stand in a key as it is; Bandwidth's ids are of any form."""
    if _PLAIN_ID.fullmatch(message_id):
        return message_id
    return hashlib.sha256(message_id.encode()).hexdigest()
