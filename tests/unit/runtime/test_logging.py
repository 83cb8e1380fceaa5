"""Log entries: JSON, one a line, with what is told and what is known."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bandwidth_messaging.runtime import settings
from bandwidth_messaging.runtime.logging import Logger


@pytest.fixture(autouse=True)
def _lambda(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "bandwidth-messaging")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-63441c4a-abcdef012345678912345678;Sampled=1")
    settings.service.cache_clear()
    yield
    settings.service.cache_clear()


def written(capsys: pytest.CaptureFixture[str]) -> list[Any]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("level", ["info", "warning", "error"])
def test_an_entry_says_what_when_and_in_which_trace(capsys: pytest.CaptureFixture[str], level: str) -> None:
    getattr(Logger(), level)("sent", message_id="out_1", count=2)
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


def test_without_a_trace_there_is_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID")
    Logger().info("sent")
    assert "xray_trace_id" not in written(capsys)[0]


def test_appended_keys_are_in_every_entry_and_may_change(capsys: pytest.CaptureFixture[str]) -> None:
    logger = Logger()
    logger.append_keys(order="a", step=1)
    logger.info("one")
    logger.append_keys(order="b")
    logger.info("two", step=2)
    assert [(entry["order"], entry["step"]) for entry in written(capsys)] == [("a", 1), ("b", 2)]


def test_an_exception_has_its_name_and_traceback_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise KeyError("secret name")
    except KeyError:
        Logger().exception("failed")
    (entry,) = written(capsys)
    assert (entry["level"], entry["message"], entry["exception_name"]) == ("ERROR", "failed", "KeyError")
    assert entry["exception"].startswith("Traceback")
    assert __name__.rpartition(".")[2] in entry["exception"]


def test_whatever_is_told_can_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    Logger().info("odd \ud83d", when=datetime(2026, 2, 3, tzinfo=UTC), text="line\nbreak")
    (entry,) = written(capsys)
    assert (entry["when"], entry["text"]) == ("2026-02-03 00:00:00+00:00", "line\nbreak")
