"""The archive of inbound media: a private bucket with the files, and the list of files in each message."""

import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from bandwidth_messaging.domain.media import OCTETS, is_harmless
from bandwidth_messaging.store.keys import message_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from bandwidth_messaging.store.dynamodb import Item, Table

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


class ArchiveRecords:
    """The files of each message's media, as the Messages table lists them."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def record(
        self, message_id: str, files: "Sequence[Item | None]", before: "Sequence[Item | None] | None"
    ) -> bool:
        """Record the archived files of a message's media, in their order. None stands for a missing file.

        `before` are the files that the caller read, None if none were recorded. Return False, and change
        nothing, if other files are recorded now.
        """
        values = {"before": list(before)} if before is not None else None
        unchanged = "#archive = :before" if values else "attribute_not_exists(#archive)"
        return (
            self._table.update(
                message_key(message_id),
                assign={"archive": list(files)},
                condition=f"attribute_exists(#messageId) AND {unchanged}",
                values=values,
            )
            is not None
        )


def _folder(message_id: str) -> str:
    """Return the first part of a key: the message's id, or its hash if the id has other characters."""
    if _PLAIN_ID.fullmatch(message_id):
        return message_id
    return hashlib.sha256(message_id.encode()).hexdigest()
