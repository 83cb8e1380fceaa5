"""Registration in today's account API (JSON): 10DLC campaigns and their numbers, toll-free verification.

Answers are {data, page}; a page block tells how many there are in all. A 403 means that the credentials lack
a role, or the account the feature, and stays (wire facts: 10DLC, toll-free verification).
"""

import json
import re
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from bandwidth_messaging.bandwidth.errors import BandwidthRejected, BandwidthUnavailable
from bandwidth_messaging.bandwidth.transport import Answer, Auth, ErrorBody, Transport, combined

# The most that the endpoints give at a time.
_PAGE: Final = 250
_WAIT_SECONDS: Final = 5
_VERSION: Final = re.compile(r"/v[12]$")


class Verification(NamedTuple):
    """What became of a toll-free number's verification, in Bandwidth's words."""

    status: str
    reason: str | None


class Registrations:
    """The registrations of one account. Every method may raise the errors of `Transport.send`.

    A limit (429) is waited out, as long as all that is asked takes no longer than `seconds`.
    """

    def __init__(self, base_url: str, account_id: str, auth: Auth, *, seconds: float) -> None:
        """Take the base URL of the account API, of whichever version: these are of its second one only."""
        self._transport = Transport(f"{_VERSION.sub('', base_url)}/v2", auth, read_error)
        self._account = f"/accounts/{account_id}"
        self._ends = time.monotonic() + seconds

    def campaigns(self) -> dict[str, str]:
        """Return the status of each of the account's 10DLC campaigns, by campaign id."""
        return {
            str(each["campaignId"]): str(each.get("status") or "")
            for each in self._all("/tendlc/campaigns")
            if each.get("campaignId")
        }

    def has_campaign(self, campaign_id: str) -> bool:
        """Return whether the account has this 10DLC campaign, its own or an imported one."""
        try:
            self._get(f"/tendlc/campaigns/{quote(campaign_id, safe='')}")
        except BandwidthRejected as error:
            if error.is_absent:
                return False
            raise
        return True

    def numbers_of(self, campaign_id: str) -> dict[str, str]:
        """Return the status of each number (E.164) of a campaign, also of those that failed to get on it."""
        return {
            str(each["phoneNumber"]): str(each.get("status") or "")
            for each in self._all(f"/tendlc/campaigns/{quote(campaign_id, safe='')}/phoneNumbers")
            if each.get("phoneNumber")
        }

    def verification(self, number: str) -> Verification | None:
        """Return a toll-free number's verification (E.164), None if nobody has asked for one."""
        path = f"/phoneNumbers/{quote(number, safe='')}/tollFreeVerification"
        try:
            answer = self._get(path)
        except BandwidthRejected as error:
            if error.is_absent:
                return None
            raise
        told = _object(answer)
        found = told["data"] if isinstance(told.get("data"), dict) else told
        if found.get("blocked"):
            return Verification("RESTRICTED", _text(found.get("blockedReason")))
        return Verification(str(found.get("status") or ""), _text(found.get("declineReasonDescription")))

    def _get(self, path: str, params: dict[str, str] | None = None) -> Answer:
        while True:
            if time.monotonic() > self._ends:
                message = f"GET {self._account}/... took too long in all"
                raise BandwidthUnavailable(message)
            try:
                return self._transport.send("GET", self._account + path, params=params)
            except BandwidthUnavailable as error:
                wait = error.wait_seconds or _WAIT_SECONDS
                if error.status != HTTPStatus.TOO_MANY_REQUESTS or time.monotonic() + wait > self._ends:
                    raise
            time.sleep(wait)

    def _all(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield what all pages of a list hold. Raises BandwidthGarbled if there is less than it says."""
        seen = 0
        while True:
            params = {"limit": str(_PAGE), "offset": str(seen)}
            answer = self._get(path, params)
            told = _object(answer)
            page, listed = told.get("page"), told.get("data")
            if not isinstance(listed, list):
                raise answer.garbled("has no list of data")
            yield from (each for each in listed if isinstance(each, dict))
            seen += len(listed)
            total = page.get("totalElements") if isinstance(page, dict) else None
            if (seen >= total) if isinstance(total, int) else (len(listed) < _PAGE):
                return
            if not listed:
                raise answer.garbled(f"lists {seen} of {total}")


def _object(answer: Answer) -> dict[str, Any]:
    try:
        told = json.loads(answer.body)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise answer.garbled("is not a JSON object")
    return told


def _text(value: Any) -> str | None:
    return str(value) if value else None


def read_error(body: bytes) -> ErrorBody | None:
    """Return type and description of an error body, those of all `errors` as one; None if it is no such."""
    try:
        told = json.loads(body)
        errors = told.get("errors")
        listed = errors if isinstance(errors, list) and errors else [told]
        return combined(
            ErrorBody(_text(error.get("type")), _text(error.get("description"))) for error in listed
        )
    except (ValueError, AttributeError, RecursionError):
        return None
