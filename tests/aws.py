"""AWS simulated by moto in this process, with patches that make it faster and thread-safe."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from threading import RLock
from typing import Any
from unittest.mock import patch

import boto3
from moto import mock_aws
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.models import backend_index
from moto.core.serialize import BaseJSONSerializer
from moto.core.utils import method_names_from_class
from moto.dynamodb.models import DynamoDBBackend

from tests.moto_expressions import faster_expressions


@contextmanager
def aws() -> Iterator[None]:
    """Simulate an empty AWS account with moto.

    moto compares each call of `requests` with the URL patterns of all services. Only S3 is needed, for
    links to files, so the other patterns are removed.
    """
    mock = mock_aws()
    # DynamoDB checks the condition and writes atomically, and returns what it wrote. moto lets another thread
    # write in between, and returns the item itself, which the next write changes.
    lock = RLock()

    def one_at_a_time(write: Callable[..., Any]) -> Callable[..., Any]:
        def locked(*arguments: Any, **more: Any) -> Any:
            with lock:
                return deepcopy(write(*arguments, **more))

        return locked

    s3 = [each for each in backend_index.backend_url_patterns if each[0] == "s3"]
    with patch.object(backend_index, "backend_url_patterns", s3):
        mock.start()
    put_item, update_item = (
        one_at_a_time(each) for each in (DynamoDBBackend.put_item, DynamoDBBackend.update_item)
    )
    try:
        with (
            patch.object(DynamoDBBackend, "put_item", put_item),
            patch.object(DynamoDBBackend, "update_item", update_item),
            patch.object(BaseJSONSerializer, "_serialize_type_structure", _serialize_structure),
            patch("moto.core.responses.method_names_from_class", _method_names),
            faster_expressions(),
        ):
            yield
    finally:
        mock.stop()


_serialize_any_structure = BaseJSONSerializer._serialize_type_structure


def _serialize_structure(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    """Serialize a structure as moto does, but write a DynamoDB attribute with its one type directly.

    moto tries each of the ten types under several names, which took a third of a test's time.
    """
    if shape.name != "AttributeValue" or not isinstance(value, dict):
        _serialize_any_structure(serializer, serialized, value, shape, key)
        return
    typed: dict[str, Any] = {}
    for type_, content in value.items():
        serializer._serialize(typed, content, shape.members[type_], type_)
    serializer._default_serialize(serialized, typed, shape, key)


# moto asks for the methods of a service's class for each request.
_method_names = cache(method_names_from_class)


@cache
def client(service: str) -> Any:
    """Return a client of the simulated AWS. Cached, because creating one takes longer than most tests."""
    return boto3.client(service)  # type: ignore[call-overload]


# The resources that a key stands for, as moto holds them: a backend for each region, by service.
_created: dict[str, dict[str, Any]] = {}


def create_once(key: str, services: Sequence[str], create: Callable[[], None]) -> None:
    """Create resources in the empty account: with `create` the first time, later with a copy of the result.

    `services` are the services of the resources. A copy takes a tenth of the time.
    """
    if key not in _created:
        create()
        _created[key] = {service: deepcopy(_account(service)) for service in services}
    for service, backends in _created[key].items():
        _account(service).update(deepcopy(backends))


def _account(service: str) -> Any:
    return get_backend(service)[DEFAULT_ACCOUNT_ID]  # type: ignore[call-overload]
