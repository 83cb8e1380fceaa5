"""Toll-free verification with Bandwidth's Python client. Any error or misread value is a simulator bug."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bandwidth as sdk
import pytest
from bandwidth.exceptions import BadRequestException, NotFoundException
from bandwidth.models import (
    BlockedWebhook,
    TfvSubmissionWrapper,
    VerificationDenialWebhook,
    VerificationRequest,
    VerificationUpdateRequest,
    VerificationWebhook,
    WebhookSubscriptionRequestSchema,
)

from simulator.server import RunningSimulator
from tests.simulator.support import CONFIG, Client, Receiver, challenge, new_location, wait_until

NUMBER = "+18005550100"
SUBSCRIPTIONS = "/tollFreeVerification/webhooks/subscriptions"
EVENT = Path(__file__).parents[2] / "events" / "control" / "verify_number.json"
SUBMISSION = json.loads(json.loads(EVENT.read_text())["body"])


@pytest.fixture
def api(bandwidth: RunningSimulator, control: Client, dashboard: Client) -> Iterator[Any]:
    location_id = new_location(dashboard).rpartition("/")[2]
    control.post("/numbers", json={"number": NUMBER, "location_id": location_id})
    configuration = sdk.Configuration(
        host=f"{bandwidth.url}/api/v2",
        ignore_operation_servers=True,
        access_token_url=bandwidth.token_url,
        client_id=CONFIG.client_id,
        client_secret=CONFIG.client_secret,
        retries=0,
    )
    with sdk.ApiClient(configuration) as client:
        yield sdk.TollFreeVerificationApi(client)


def submit(api: Any, **changes: Any) -> None:
    request = VerificationRequest.from_dict(SUBMISSION | {"phoneNumbers": [NUMBER]} | changes)
    api.request_toll_free_verification(CONFIG.account_id, request)


def status(api: Any) -> Any:
    return api.get_toll_free_verification_status(CONFIG.account_id, NUMBER)


@pytest.fixture
def account(bandwidth: RunningSimulator, dashboard: Client) -> Iterator[Client]:
    """A client of the JSON paths. Bandwidth's client rejects callback URLs of this machine."""
    with Client(f"{bandwidth.url}/api/v2/accounts/{CONFIG.account_id}", dashboard.credentials) as client:
        yield client


def subscribe(account: Client, receiver: Receiver) -> None:
    credentials = {"username": "user", "password": "secret"}
    body = {"callbackUrl": f"{receiver.url}/verified", "basicAuthentication": credentials}
    assert account.post(SUBSCRIPTIONS, json=body).status_code == 201


def webhook(receiver: Receiver) -> bytes:
    """Return the body of the webhook that was accepted."""
    wait_until(lambda: any(each.authorization for each in receiver.received))
    return next(each.body for each in receiver.received if each.authorization)


def test_a_submission_is_pending_and_shown(api: Any) -> None:
    submit(api)

    assert status(api).status == "PENDING"
    assert status(api).submission.business_address.name == SUBMISSION["businessAddress"]["name"]


def test_an_invalid_submission_names_its_fields(api: Any) -> None:
    with pytest.raises(BadRequestException) as rejected:
        submit(api, businessEntityType="NON_PROFIT", businessRegistrationType=None)

    assert "businessRegistrationType" in rejected.value.body


@pytest.mark.parametrize("phone_number", ["+19195551212", "+18005550999"])
def test_only_a_toll_free_number_of_the_account_can_be_submitted(api: Any, phone_number: str) -> None:
    with pytest.raises(BadRequestException, match="toll-free number of this account"):
        submit(api, phoneNumbers=[phone_number])


def test_a_number_is_submitted_once(api: Any) -> None:
    submit(api)

    with pytest.raises(BadRequestException, match="already"):
        submit(api)


def test_a_denied_submission_can_be_replaced_if_that_is_allowed(api: Any, control: Client) -> None:
    submit(api)
    update = TfvSubmissionWrapper(submission=VerificationUpdateRequest.from_dict(SUBMISSION))
    with pytest.raises(BadRequestException):
        api.update_toll_free_verification_request(CONFIG.account_id, NUMBER, update)
    denial = {"status": "UNVERIFIED", "decline_reason": "no opt-in", "resubmit_allowed": True}
    control.put(f"/toll-free/{NUMBER}", json=denial)
    assert status(api).resubmit_allowed

    api.update_toll_free_verification_request(CONFIG.account_id, NUMBER, update)

    assert (status(api).status, status(api).decline_reason_description) == ("PENDING", None)


def test_a_decision_is_reported_with_the_credentials(
    api: Any, account: Client, control: Client, receiver: Receiver
) -> None:
    receiver.responses = challenge("user", "secret")
    subscribe(account, receiver)
    submit(api)

    control.put(f"/toll-free/{NUMBER}", json={"status": "VERIFIED"})

    reported = VerificationWebhook.from_json(webhook(receiver).decode())
    assert reported is not None
    assert (reported.account_id, reported.phone_number) == (CONFIG.account_id, NUMBER)
    assert (reported.status, reported.additional_properties) == ("VERIFIED", {})
    assert reported.internal_ticket_number == status(api).internal_ticket_number


def test_a_denial_and_a_block_are_reported_with_their_reasons(
    account: Client, control: Client, receiver: Receiver
) -> None:
    subscribe(account, receiver)

    control.put(f"/toll-free/{NUMBER}", json={"status": "UNVERIFIED", "decline_reason": "no opt-in"})
    receiver.wait_for(1)
    control.put(f"/toll-free/{NUMBER}", json={"status": "VERIFIED", "blocked_reason": "spam"})
    receiver.wait_for(2)

    denied = VerificationDenialWebhook.from_json(receiver.received[0].body.decode())
    blocked = BlockedWebhook.from_json(receiver.received[1].body.decode())
    assert denied is not None
    assert blocked is not None
    assert (denied.decline_reason_description, denied.resubmit_allowed) == ("no opt-in", False)
    assert (blocked.blocked, blocked.blocked_reason, blocked.additional_properties) == (True, "spam", {})


def test_a_pending_review_is_not_reported(account: Client, control: Client, receiver: Receiver) -> None:
    subscribe(account, receiver)

    control.put(f"/toll-free/{NUMBER}", json={"status": "PENDING"})

    callbacks = control.get("/callbacks?type=toll-free-verification").json()["callbacks"]
    assert callbacks == []


def test_subscriptions_are_created_listed_changed_and_deleted(api: Any) -> None:
    new, changed = (
        WebhookSubscriptionRequestSchema(callbackUrl=f"https://app.example.com/{name}")
        for name in ("new", "changed")
    )
    created = api.create_webhook_subscription(CONFIG.account_id, new)

    api.update_webhook_subscription(CONFIG.account_id, created.id, changed)

    (listed,) = api.list_webhook_subscriptions(CONFIG.account_id).data
    assert (listed.id, listed.callback_url) == (created.id, "https://app.example.com/changed")
    api.delete_webhook_subscription(CONFIG.account_id, created.id)
    assert api.list_webhook_subscriptions(CONFIG.account_id).data == []
    with pytest.raises(NotFoundException):
        api.delete_webhook_subscription(CONFIG.account_id, created.id)
