"""Message search of the current API: filters, order and pages (specification)."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, get_args
from urllib.parse import urlencode

from simulator.messaging.message_log import Status
from simulator.timestamps import moment

Item = dict[str, Any]
Test = Callable[[Item], bool]
RANGE = timedelta(days=14)
DEFAULT_LIMIT = 100
MAX_DEPTH = 10_000
MAX_NUMBERS = 10
MIN_FRAGMENT_LENGTH = 5
TYPES = ("sms", "mms", "rcs")
DIRECTIONS = ("INBOUND", "OUTBOUND")
# Filters on queues and latencies, which the simulator does not have.
UNSUPPORTED = ("fromBwLatency", "bwQueued", "carrierQueued", "fromCarrierLatency")
PAGING = ("sort", "pageToken", "limit", "limitTotalCount")
SORTABLE = ("receiveTime", "sourceTn", "destinationTn", "messageStatus", "messageType", "messageDirection")


class SearchError(ValueError):
    """An invalid query. The message gives the reason."""


def search(items: Sequence[Item], query: Mapping[str, str], base_url: str) -> dict[str, Any]:
    """Return the page of matching items, newest first unless the query has another order.

    Raises SearchError.
    """
    tests = _tests(query)
    found = [each for each in items if all(test(each) for test in tests)]
    _sort(found, query.get("sort", "receiveTime:desc"))
    limit, offset = _limit(query), _offset(query)
    if limit + offset > MAX_DEPTH:
        raise SearchError(f"'limit' and the offset must not exceed {MAX_DEPTH} together")
    total = len(found)
    if query.get("limitTotalCount", "false") == "true":
        total = min(total, MAX_DEPTH)
    return {
        "totalCount": total,
        "pageInfo": _pages(query, base_url, limit, offset, len(found)),
        "messages": found[offset : offset + limit],
    }


def _tests(query: Mapping[str, str]) -> list[Test]:
    if unknown := sorted(query.keys() - FILTERS.keys() - set(PAGING) - {"fromDateTime", "toDateTime"}):
        words = "not supported here" if unknown[0] in UNSUPPORTED else "not a parameter of the search"
        raise SearchError(f"'{unknown[0]}' is {words}")
    if not query.keys() - set(PAGING):
        raise SearchError("At least one filter is required")
    tests = [FILTERS[name](name, value) for name, value in query.items() if name in FILTERS]
    if since_until := _range(query):
        since, until = since_until
        tests.append(lambda item: since <= datetime.fromisoformat(item["receiveTime"]) <= until)
    return tests


def _equal(name: str, value: str) -> Test:
    return lambda item: str(item.get(name, "")) == value


def _match_any(*values: str) -> Callable[[str, str], Test]:
    def read(name: str, value: str) -> Test:
        if value not in values:
            raise SearchError(f"'{name}' must be one of {', '.join(values)}")
        return _equal(name, value)

    return read


def _code(name: str, value: str) -> Test:
    if not re.fullmatch(r"[0-9]{1,4}", value):
        raise SearchError(f"'{name}' must be a number")
    return _equal(name, value)


def _bound(field: str, is_least: bool) -> Callable[[str, str], Test]:
    def read(name: str, value: str) -> Test:
        if not re.fullmatch(r"[0-9]{1,9}", value):
            raise SearchError(f"'{name}' must be a number")
        bound = int(value)
        return lambda item: item[field] >= bound if is_least else item[field] <= bound

    return read


def _numbers(name: str, value: str) -> Test:
    """Match one of several comma-separated numbers, or a part of one number."""
    numbers = value.split(",")
    if len(numbers) > MAX_NUMBERS:
        raise SearchError(f"'{name}' must be {MAX_NUMBERS} numbers or fewer")
    for each in numbers:
        if len(each) < MIN_FRAGMENT_LENGTH or not each.removeprefix("+").isalnum():
            words = f"{MIN_FRAGMENT_LENGTH} characters of one at least, with %2B for the plus"
            raise SearchError(f"'{name}' must be telephone numbers or {words}")
    if len(numbers) > 1:
        return lambda item: item[name] in numbers
    return lambda item: value in item[name]


FILTERS: dict[str, Callable[[str, str], Test]] = {
    "messageId": _equal,
    "sourceTn": _numbers,
    "destinationTn": _numbers,
    "messageStatus": _match_any(*get_args(Status)),
    "messageDirection": _match_any(*DIRECTIONS),
    "messageType": _match_any(*TYPES),
    "errorCode": _code,
    "carrierName": _equal,
    "campaignId": _equal,
    "product": _equal,
    "location": _equal,
    "callingNumberCountryA3": _equal,
    "calledNumberCountryA3": _equal,
    "fromSegmentCount": _bound("segmentCount", is_least=True),
    "toSegmentCount": _bound("segmentCount", is_least=False),
    "fromMessageSize": _bound("messageSize", is_least=True),
    "toMessageSize": _bound("messageSize", is_least=False),
}


def _range(query: Mapping[str, str]) -> tuple[datetime, datetime] | None:
    """Return the time range. A missing bound is 14 days from the other one. None without bounds."""
    since, until = _time(query, "fromDateTime"), _time(query, "toDateTime")
    try:
        since = since or (until and until - RANGE)
        until = until or (since and since + RANGE)
    except OverflowError:
        raise SearchError("The time range is out of bounds") from None
    if since is None or until is None:
        return None
    if not timedelta() <= until - since <= RANGE:
        raise SearchError("'toDateTime' must not be before 'fromDateTime', nor more than 14 days after it")
    return since, until


def _time(query: Mapping[str, str], name: str) -> datetime | None:
    if name not in query:
        return None
    if found := moment(query[name]):
        return found
    raise SearchError(f"'{name}' must be a date-time in ISO 8601 format, such as 2026-02-03T04:05:06.789Z")


def _sort(items: list[Item], order: str) -> None:
    name, _, direction = order.partition(":")
    if name not in SORTABLE or direction not in ("asc", "desc"):
        raise SearchError(f"'sort' must be a field ({', '.join(SORTABLE)}), a colon, and asc or desc")
    items.sort(key=lambda item: str(item[name]), reverse=direction == "desc")


def _limit(query: Mapping[str, str]) -> int:
    limit = query.get("limit", str(DEFAULT_LIMIT))
    if not re.fullmatch(r"[0-9]{1,5}", limit) or not 0 < int(limit) <= MAX_DEPTH:
        raise SearchError(f"'limit' must be a number from 1 to {MAX_DEPTH}")
    return int(limit)


def _offset(query: Mapping[str, str]) -> int:
    if "pageToken" not in query:
        return 0
    try:
        return max(0, int(json.loads(urlsafe_b64decode(query["pageToken"]))["offset"]))
    except (ValueError, KeyError, TypeError):
        raise SearchError("'pageToken' is not a token from an earlier response") from None


def _pages(query: Mapping[str, str], base_url: str, limit: int, offset: int, total: int) -> dict[str, str]:
    offsets = {}
    if offset > 0:
        offsets["prevPage"] = max(0, offset - limit)
    if offset + limit < total:
        offsets["nextPage"] = offset + limit
    tokens = {
        name: urlsafe_b64encode(json.dumps({"offset": each}).encode()).decode()
        for name, each in offsets.items()
    }
    links = {name: f"{base_url}?{urlencode({**query, 'pageToken': each})}" for name, each in tokens.items()}
    return links | {f"{name}Token": each for name, each in tokens.items()}
