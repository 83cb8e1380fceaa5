"""Log entries: one JSON object per line, with the record's fields and the appended ones."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bandwidth_messaging.runtime import logging as json_logging
from bandwidth_messaging.runtime import settings
from bandwidth_messaging.runtime.logging import append_keys, logger


@pytest.fixture(autouse=True)
def _lambda(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "bandwidth-messaging")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-63441c4a-abcdef012345678912345678;Sampled=1")
    settings.service.cache_clear()
    monkeypatch.setattr(json_logging, "_context", {})
    yield
    settings.service.cache_clear()


def written(capsys: pytest.CaptureFixture[str]) -> list[Any]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("level", ["info", "warning", "error"])
def test_an_entry_has_message_time_and_trace_id(capsys: pytest.CaptureFixture[str], level: str) -> None:
    getattr(logger, level)("sent", extra={"message_id": "out_1", "count": 2})

    (entry,) = written(capsys)
    assert datetime.now(UTC) >= datetime.fromisoformat(entry.pop("timestamp"))
    assert entry == {
        "level": level.upper(),
        "message": "sent",
        "service": "bandwidth-messaging",
        "xray_trace_id": "1-63441c4a-abcdef012345678912345678",
        "message_id": "out_1",
        "count": 2,
    }


def test_an_entry_names_the_function(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "bandwidth-messaging-SendMessage-abc")

    logger.info("message accepted")

    (entry,) = written(capsys)
    assert entry["function"] == "bandwidth-messaging-SendMessage-abc"


def test_a_log_entry_without_a_trace_has_no_trace_id(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID")
    logger.info("sent")
    assert "xray_trace_id" not in written(capsys)[0]


def test_appended_keys_are_in_every_entry_and_may_change(capsys: pytest.CaptureFixture[str]) -> None:
    append_keys(order="a", step=1)
    logger.info("one")
    append_keys(order="b")

    logger.info("two", extra={"step": 2})

    assert [(entry["order"], entry["step"]) for entry in written(capsys)] == [("a", 1), ("b", 2)]


def test_an_exception_has_its_name_and_traceback_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise KeyError("secret name")
    except KeyError:
        logger.exception("failed")

    (entry,) = written(capsys)

    assert (entry["level"], entry["message"], entry["exception_name"]) == ("ERROR", "failed", "KeyError")
    assert entry["exception"].startswith("Traceback")
    assert __name__.rpartition(".")[2] in entry["exception"]


def test_any_value_can_be_logged(capsys: pytest.CaptureFixture[str]) -> None:
    logger.info("odd", extra={"when": datetime(2026, 2, 3, tzinfo=UTC), "text": "line\nbreak \ud83d"})
    (entry,) = written(capsys)
    assert (entry["when"], entry["text"]) == ("2026-02-03 00:00:00+00:00", "line\nbreak \ud83d")
