"""Client of the Registration Center of the current account API: 10DLC campaigns, toll-free verification.

A response has the form {data, page}, and the page block holds the total count. A 403 means that the
credentials lack a role or the account lacks the feature.
"""

import json
import re
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.errors import BandwidthRejected, BandwidthUnavailable
from bandwidth_messaging.bandwidth.transport import Auth, ErrorBody, Response, Transport, combine_errors
from bandwidth_messaging.bandwidth.verifications import Verification, parse_verification
from bandwidth_messaging.domain.step_outcomes import StepOutcome

# The maximum page size of the endpoints.
_PAGE_SIZE: Final = 250
_DEFAULT_RETRY_SECONDS: Final = 5
_SUBSCRIPTIONS: Final = "/tollFreeVerification/webhooks/subscriptions"
_VERSION: Final = re.compile(r"/v[12]$")


class Registrations:
    """The registrations of one account. Each method can raise the errors of `Transport.send`.

    The client repeats a read after a 429 until all requests of this object have taken `seconds`. It sends a
    write once.
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
        try:
            response = self._get(_verification_path(number))
        except BandwidthRejected as error:
            if error.is_absent:
                return None
            raise
        body = _parse_object(response)
        return parse_verification(body["data"] if isinstance(body.get("data"), dict) else body)

    def submit_verification(self, number: str, submission: dict[str, Any]) -> None:
        """Submit a toll-free number (E.164) for verification. Bandwidth accepts it with 202 and no body.

        Specification: POST …/tollFreeVerification with `phoneNumbers`, up to ten, beside the submission.
        """
        self._write("POST", "/tollFreeVerification", submission | {"phoneNumbers": [number]})

    def resubmit_verification(self, number: str, submission: dict[str, Any]) -> None:
        """Replace the denied submission of a toll-free number (E.164).

        Specification: PUT …/phoneNumbers/{number}/tollFreeVerification with the member `submission`.
        """
        self._write("PUT", _verification_path(number), {"submission": submission})

    def subscribe_to_verifications(self, *, callback_url: str, credentials: BasicCredentials) -> StepOutcome:
        """Subscribe a URL to all changes of verifications, or renew the password of its subscriptions.

        Bandwidth calls a subscription "for every update on every submission" of the account (specification).
        """
        subscription = {
            "callbackUrl": callback_url,
            "basicAuthentication": {"username": credentials.username, "password": credentials.password},
        }
        found = self.list_verification_subscriptions(callback_url)
        # Two requests at once may have created two. Webhooks with an old password would be rejected.
        for subscription_id in found:
            self._write("PUT", f"{_SUBSCRIPTIONS}/{quote(subscription_id, safe='')}", subscription)
        if found:
            return StepOutcome.UPDATED
        self._write("POST", _SUBSCRIPTIONS, subscription)
        return StepOutcome.CREATED

    def list_verification_subscriptions(self, callback_url: str) -> list[str]:
        """Return the ids of the subscriptions of a URL. Bandwidth lists them on one page."""
        response = self._get(_SUBSCRIPTIONS)
        listed = _parse_object(response).get("data")
        if not isinstance(listed, list):
            raise response.garbled("has no list of data")
        return [
            str(each["id"])
            for each in listed
            if isinstance(each, dict) and each.get("id") and each.get("callbackUrl") == callback_url
        ]

    def _write(self, method: str, path: str, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self._transport.send(method, self._account + path, body=body, content_type="application/json")

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


def _verification_path(number: str) -> str:
    return f"/phoneNumbers/{quote(number, safe='')}/tollFreeVerification"


def _parse_object(response: Response) -> dict[str, Any]:
    try:
        body = json.loads(response.body)
    except (ValueError, RecursionError):
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
        if isinstance(errors, dict):
            return _read_field_errors(parsed, errors)
        listed = errors if isinstance(errors, list) and errors else [parsed]
        return combine_errors(
            ErrorBody(_text(error.get("type")), _text(error.get("description"))) for error in listed
        )
    except (ValueError, AttributeError, RecursionError):
        return None


def _read_field_errors(parsed: dict[str, Any], fields: dict[str, Any]) -> ErrorBody:
    """Return the error of a rejected submission. `fields` maps dotted names to errors (TfvError)."""
    words = [str(parsed.get("description") or "invalid fields")]
    for field, problems in fields.items():
        listed = problems if isinstance(problems, list) else [problems]
        words.append(f"{field}: {', '.join(map(str, listed))}")
    return ErrorBody(_text(parsed.get("type")), "; ".join(words))
