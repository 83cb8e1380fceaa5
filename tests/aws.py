"""AWS as moto plays it, in this process, no slower than it has to be."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from unittest.mock import patch

import boto3
from moto import mock_aws
from moto.core.models import backend_index


@contextmanager
def aws() -> Iterator[None]:
    """Let moto play AWS, empty at first.

    Of what `requests` asks only S3 is its business, as a link to a file leads there; each request would
    be compared with the address of every service in turn.
    """
    mock = mock_aws()
    s3 = [each for each in backend_index.backend_url_patterns if each[0] == "s3"]
    with patch.object(backend_index, "backend_url_patterns", s3):
        mock.start()
    try:
        yield
    finally:
        mock.stop()


@cache
def client(service: str) -> Any:
    """A client of moto's; making one costs more than most tests do."""
    return boto3.client(service)  # type: ignore[call-overload]
