"""Structured logs: one JSON object per line on standard output.

Every module logs through Python's `logging`, with fields in `extra`. An entry contains ids and at most the
last four digits of a phone number, but no message text and no credentials.
"""

import json
import logging
import sys
from typing import Any, Final

from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime.settings import function_name, service, trace_id

logger: Final = logging.getLogger("bandwidth_messaging")

_STANDARD_ATTRIBUTES: Final = frozenset({*vars(logging.makeLogRecord({})), "message"})
_context: Final[dict[str, Any]] = {}


def append_keys(**keys: Any) -> None:
    """Add these fields to every later entry."""
    _context.update(keys)


class JsonFormatter(logging.Formatter):
    """Formats a record like Powertools' logger, whose import would take a twelfth of a cold start."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        entry = {
            "level": record.levelname,
            "message": record.getMessage(),
            "timestamp": now(),
            "service": service(),
        }
        # The functions of a room share one log group.
        if function := function_name():
            entry["function"] = function
        if trace := trace_id():
            entry["xray_trace_id"] = trace
        fields = {name: value for name, value in vars(record).items() if name not in _STANDARD_ATTRIBUTES}
        if record.exc_info and record.exc_info[0]:
            fields["exception_name"] = record.exc_info[0].__name__
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry | _context | fields, default=str)


class StandardOutput(logging.Handler):
    """Writes to the current standard output, which tests replace."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        sys.stdout.write(f"{self.format(record)}\n")


def _configure() -> None:
    handler = StandardOutput()
    handler.setFormatter(JsonFormatter())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    # Lambda's handler of the root logger would print every entry a second time.
    logger.propagate = False


_configure()
