"""The logger and the counters. Entries carry ids and at most the last four digits of a number: no text,
no credentials.
"""

import json
import sys
import traceback
from collections.abc import Mapping
from typing import Any, Final

from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime.settings import service, trace_id


class Logger:
    """Writes entries of JSON, one a line, as Powertools does.

    Powertools' own takes a twelfth of the time a callback's function takes to start, and as long for an entry
    as it takes to read the callback.
    """

    def __init__(self) -> None:
        self._keys: dict[str, Any] = {}

    def append_keys(self, **keys: Any) -> None:
        """Put these into every entry from now on."""
        self._keys |= keys

    def info(self, message: str, **more: Any) -> None:
        self._write("INFO", message, more)

    def warning(self, message: str, **more: Any) -> None:
        self._write("WARNING", message, more)

    def error(self, message: str, **more: Any) -> None:
        self._write("ERROR", message, more)

    def exception(self, message: str, **more: Any) -> None:
        """Write of the exception that is being handled, with its traceback."""
        name = getattr(sys.exception(), "__class__", type(None)).__name__
        self._write("ERROR", message, more | {"exception_name": name, "exception": traceback.format_exc()})

    def _write(self, level: str, message: str, more: dict[str, Any]) -> None:
        entry = {"level": level, "message": message, "timestamp": now(), "service": service()}
        if trace := trace_id():
            entry["xray_trace_id"] = trace
        sys.stdout.write(f"{json.dumps(entry | self._keys | more, default=str)}\n")


logger: Final = Logger()


def count(name: str) -> None:
    """Count one more of something, as a CloudWatch metric written through the log."""
    from aws_lambda_powertools import single_metric  # noqa: PLC0415 - most calls count nothing
    from aws_lambda_powertools.metrics import MetricUnit  # noqa: PLC0415

    with single_metric(name=name, unit=MetricUnit.Count, value=1):
        pass


def compare_segments(message: Mapping[str, Any] | None) -> None:
    """Tell if Bandwidth counted a message's segments, which it bills, otherwise than we did."""
    if message is None:
        return
    ours, theirs = message.get("segmentCount"), message.get("bandwidthSegmentCount")
    if ours is not None and theirs is not None and ours != theirs:
        logger.warning("segments differ", message_id=message["messageId"], ours=ours, theirs=theirs)
        count("SegmentCountDiffers")
