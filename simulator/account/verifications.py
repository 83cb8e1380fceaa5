"""Submissions of toll-free numbers for verification, and the webhooks that report their outcome."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from simulator.account.account import Account
from simulator.account.registrations import Registrations, Verification, is_toll_free
from simulator.callbacks import Callback, Courier, Endpoint
from simulator.rejections import RejectedError
from simulator.telephone_numbers import ten_digits
from simulator.urls import scheme_and_host

PENDING = "PENDING"
# A webhook reports decisions only (TfvCallbackStatusEnum).
REPORTED = ("VERIFIED", "UNVERIFIED")


@dataclass(frozen=True)
class WebhookSubscription:
    """A URL that is called for every decision about a number of the account."""

    endpoint: Endpoint
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:22])
    created: datetime = field(default_factory=lambda: datetime.now(UTC))


class Verifications:
    """The review of submissions. A test decides them through the control API."""

    def __init__(self, account: Account, registrations: Registrations, courier: Courier) -> None:
        self._account = account
        self._registrations = registrations
        self._courier = courier
        self._subscriptions: dict[str, WebhookSubscription] = {}

    def reset(self) -> None:
        with self._account.lock:
            self._subscriptions.clear()

    def submit(self, numbers: Sequence[str], submission: Mapping[str, Any]) -> None:
        """Submit numbers (E.164). Raises RejectedError if one has a submission or is not toll-free."""
        with self._account.lock:
            for number in numbers:
                digits = ten_digits(number) or ""
                if not is_toll_free(digits) or self._account.number(number) is None:
                    raise RejectedError(400, None, f"{number} is not a toll-free number of this account.")
                found = self._registrations.verification(digits)
                if found is not None and (found.submission or found.status != "UNVERIFIED"):
                    raise RejectedError(400, None, f"{number} has a submission already.")
            for number in numbers:
                pending = Verification(PENDING, submission=submission)
                self._registrations.set_verification(ten_digits(number) or "", pending)

    def resubmit(self, number: str, submission: Mapping[str, Any]) -> None:
        """Replace a denied submission. Raises RejectedError if that is not allowed."""
        digits = ten_digits(number) or ""
        with self._account.lock:
            found = self._registrations.verification(digits)
            if found is None or not found.resubmit_allowed:
                raise RejectedError(400, None, "The submission of this number may not be changed.")
            pending = replace(
                found,
                status=PENDING,
                decline_reason=None,
                resubmit_allowed=False,
                submission=submission,
                modified=datetime.now(UTC),
            )
            self._registrations.set_verification(digits, pending)

    def decide(self, number: str, decision: Verification) -> None:
        """Set the verification of a number (ten digits), and report it to every subscription."""
        with self._account.lock:
            known = self._registrations.verification(number)
            if known is not None:
                decision = replace(
                    decision, submission=known.submission, ticket=known.ticket, created=known.created
                )
            self._registrations.set_verification(number, decision)
            if decision.status in REPORTED or decision.blocked_reason is not None:
                self._courier.send([self._webhook(each, number, decision) for each in self.subscriptions()])

    def subscribe(self, endpoint: Endpoint, instead_of: str | None = None) -> WebhookSubscription:
        """Add a subscription, or change the one with id `instead_of`. Raises RejectedError."""
        if scheme_and_host(endpoint.url) is None:
            raise RejectedError(400, None, "callbackUrl is not a valid URL.")
        with self._account.lock:
            subscription = WebhookSubscription(endpoint)
            if instead_of is not None:
                subscription = replace(self.subscription(instead_of), endpoint=endpoint)
            self._subscriptions[subscription.id] = subscription
            return subscription

    def subscription(self, subscription_id: str) -> WebhookSubscription:
        with self._account.lock:
            if found := self._subscriptions.get(subscription_id):
                return found
        raise RejectedError(404, None, f"Subscription {subscription_id} does not exist.")

    def subscriptions(self) -> list[WebhookSubscription]:
        with self._account.lock:
            return list(self._subscriptions.values())

    def unsubscribe(self, subscription_id: str) -> None:
        with self._account.lock:
            del self._subscriptions[self.subscription(subscription_id).id]

    def _webhook(
        self, subscription: WebhookSubscription, number: str, verification: Verification
    ) -> Callback:
        """Return VerificationWebhook, VerificationDenialWebhook or BlockedWebhook (specification)."""
        content = {
            "accountId": self._account.config.account_id,
            "phoneNumber": f"+1{number}",
            "status": "UNVERIFIED" if verification.status not in REPORTED else verification.status,
            "internalTicketNumber": verification.ticket,
        }
        return Callback(
            "account",
            (subscription.endpoint,),
            type="toll-free-verification",
            message_id=verification.ticket,
            to=f"+1{number}",
            body=json.dumps(content | verification.denial()).encode(),
            repeats=False,
        )
