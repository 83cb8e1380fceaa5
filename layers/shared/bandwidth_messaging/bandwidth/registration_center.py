"""Client of the Registration Center of the current account API: 10DLC campaigns, toll-free verification.

A response has the form {data, page}, and the page block holds the total count. A 403 means that the
credentials lack a role or the account lacks the feature.
"""

import json
import re
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from bandwidth_messaging.bandwidth.errors import BandwidthRejected, BandwidthUnavailable
from bandwidth_messaging.bandwidth.transport import Auth, ErrorBody, Response, Transport, combine_errors

# The maximum page size of the endpoints.
_PAGE_SIZE: Final = 250
_DEFAULT_RETRY_SECONDS: Final = 5
_VERSION: Final = re.compile(r"/v[12]$")


class Verification(NamedTuple):
    """Bandwidth's status of a toll-free number's verification, and Bandwidth's reason for a rejection."""

    status: str
    reason: str | None


class Registrations:
    """The registrations of one account. Each method can raise the errors of `Transport.send`.

    The client retries after a 429 until all requests of this object have taken `seconds`.
    """

    def __init__(self, base_url: str, account_id: str, auth: Auth, *, seconds: float) -> None:
        """Accept the base URL of the account API with any version: the client always calls version 2."""
        self._transport = Transport(f"{_VERSION.sub('', base_url)}/v2", auth, read_error)
        self._account = f"/accounts/{account_id}"
        self._deadline = time.monotonic() + seconds

    def list_campaigns(self) -> dict[str, str]:
        """Return the status of each 10DLC campaign of the account, by campaign id."""
        return {
            str(campaign["campaignId"]): str(campaign.get("status") or "")
            for campaign in self._list("/tendlc/campaigns")
            if campaign.get("campaignId")
        }

    def has_campaign(self, campaign_id: str) -> bool:
        """Return whether the account has this 10DLC campaign, its own or an imported campaign."""
        try:
            self._get(f"/tendlc/campaigns/{quote(campaign_id, safe='')}")
        except BandwidthRejected as error:
            if error.is_absent:
                return False
            raise
        return True

    def list_campaign_numbers(self, campaign_id: str) -> dict[str, str]:
        """Return the status of each number (E.164) of a campaign, including numbers that failed to join."""
        return {
            str(number["phoneNumber"]): str(number.get("status") or "")
            for number in self._list(f"/tendlc/campaigns/{quote(campaign_id, safe='')}/phoneNumbers")
            if number.get("phoneNumber")
        }

    def get_verification(self, number: str) -> Verification | None:
        """Return the verification of a toll-free number (E.164), None if no verification was requested."""
        path = f"/phoneNumbers/{quote(number, safe='')}/tollFreeVerification"
        try:
            response = self._get(path)
        except BandwidthRejected as error:
            if error.is_absent:
                return None
            raise
        body = _parse_object(response)
        verification = body["data"] if isinstance(body.get("data"), dict) else body
        if verification.get("blocked"):
            return Verification("RESTRICTED", _text(verification.get("blockedReason")))
        reason = _text(verification.get("declineReasonDescription"))
        return Verification(str(verification.get("status") or ""), reason)

    def _get(self, path: str, params: dict[str, str] | None = None) -> Response:
        while True:
            if time.monotonic() > self._deadline:
                message = f"GET {self._account}/... exceeded the time for registration requests"
                raise BandwidthUnavailable(message)
            try:
                return self._transport.send("GET", self._account + path, params=params)
            except BandwidthUnavailable as error:
                wait = error.wait_seconds or _DEFAULT_RETRY_SECONDS
                if error.status != HTTPStatus.TOO_MANY_REQUESTS or time.monotonic() + wait > self._deadline:
                    raise
            time.sleep(wait)

    def _list(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield the entries of all pages. Raises BandwidthGarbled if there are fewer than the total count."""
        count = 0
        while True:
            response = self._get(path, {"limit": str(_PAGE_SIZE), "offset": str(count)})
            body = _parse_object(response)
            page, entries = body.get("page"), body.get("data")
            if not isinstance(entries, list):
                raise response.garbled("has no list of data")
            yield from (entry for entry in entries if isinstance(entry, dict))
            count += len(entries)
            total = page.get("totalElements") if isinstance(page, dict) else None
            is_last = count >= total if isinstance(total, int) else len(entries) < _PAGE_SIZE
            if is_last:
                return
            if not entries:
                raise response.garbled(f"lists {count} of {total}")


def _parse_object(response: Response) -> dict[str, Any]:
    try:
        body = json.loads(response.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise response.garbled("is not a JSON object")
    return body


def _text(value: Any) -> str | None:
    return str(value) if value else None


def read_error(body: bytes) -> ErrorBody | None:
    """Return the errors of a body as one: type and descriptions. Return None if the body has none."""
    try:
        parsed = json.loads(body)
        errors = parsed.get("errors")
        listed = errors if isinstance(errors, list) and errors else [parsed]
        return combine_errors(
            ErrorBody(_text(error.get("type")), _text(error.get("description"))) for error in listed
        )
    except (ValueError, AttributeError, RecursionError):
        return None
