"""Toll-free verification in the current account API (JSON): submissions, and webhook subscriptions.

Paths, fields, limits and responses are those of Bandwidth's specification (TollFreeVerificationApi of
bandwidth-sdk 23).
"""

from typing import Annotated, Any, Literal

from flask import Blueprint, Response, jsonify, request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from simulator.account.verifications import Verifications, WebhookSubscription
from simulator.callbacks import Endpoint
from simulator.json_responses import JsonResponse
from simulator.rejections import RejectedError
from simulator.timestamps import timestamp

SUBSCRIPTIONS = "/tollFreeVerification/webhooks/subscriptions"

Line = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True)


class Address(Model):
    name: Line
    addr1: Line
    addr2: Line | None = None
    city: Line
    state: Line
    zip: Annotated[str, StringConstraints(pattern="^[- A-Za-z0-9]{0,500}$")]
    url: Line


class Contact(Model):
    first_name: Line
    last_name: Line
    email: Annotated[str, StringConstraints(pattern="^[^@ ]+@[^@ ]+$", max_length=500)]
    phone_number: Line


class OptInWorkflow(Model):
    description: Line
    image_urls: list[Line]
    confirmation_response: Line | None = None


class Submission(Model):
    """A submission. The registration of the business is required since 2026-10-19."""

    business_address: Address
    business_contact: Contact
    message_volume: Annotated[int, Field(ge=10, le=10_000_000)]
    use_case: Line
    use_case_summary: Line
    production_message_content: Line
    opt_in_workflow: OptInWorkflow
    additional_information: Line | None = None
    isv_reseller: Line | None = None
    privacy_policy_url: Line | None = None
    terms_and_conditions_url: Line | None = None
    business_dba: Line | None = None
    business_registration_number: Line | None = None
    business_registration_type: Line | None = None
    business_registration_issuing_country: Line | None = None
    business_entity_type: Literal[
        "SOLE_PROPRIETOR", "PRIVATE_PROFIT", "PUBLIC_PROFIT", "NON_PROFIT", "GOVERNMENT"
    ]
    help_message_response: Line | None = None
    age_gated_content: bool | None = None
    cv_token: Line | None = None

    @model_validator(mode="after")
    def _check_registration(self) -> "Submission":
        number, of_what = self.business_registration_number, self.business_registration_type
        if number is None and self.business_entity_type != "SOLE_PROPRIETOR":
            message = "businessRegistrationNumber is required for this businessEntityType"
            raise ValueError(message)
        if number is not None and not (of_what and self.business_registration_issuing_country):
            message = "businessRegistrationType and businessRegistrationIssuingCountry are required"
            raise ValueError(message)
        return self


class NewSubmission(Submission):
    phone_numbers: Annotated[list[str], Field(min_length=1, max_length=10)]


class Wrapper(Model):
    submission: Submission


class Credentials(Model):
    username: Annotated[str, StringConstraints(max_length=100)]
    password: Annotated[str, StringConstraints(max_length=200)]


class NewSubscription(Model):
    callback_url: str
    basic_authentication: Credentials | None = None
    shared_secret_key: str | None = None


class InvalidFieldsError(Exception):
    """The body of a request is invalid: errors by dotted field (TfvError)."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__("invalid fields")
        self.errors = errors


def add_submissions(api: Blueprint, verifications: Verifications) -> None:
    """Add the endpoints to the registration API, which checks the access."""

    @api.errorhandler(RejectedError)
    def reject(rejected: RejectedError) -> JsonResponse:
        return jsonify(type="error", description=rejected.description), rejected.status

    @api.errorhandler(InvalidFieldsError)
    def reject_fields(invalid: InvalidFieldsError) -> JsonResponse:
        return jsonify(type="validation", description="Invalid request", errors=invalid.errors), 400

    @api.post("/tollFreeVerification")
    def submit() -> Response:
        submitted = _read(NewSubmission)
        verifications.submit(submitted.phone_numbers, _shown(submitted))
        return Response(status=202)

    @api.put("/phoneNumbers/<number>/tollFreeVerification")
    def resubmit(number: str) -> Response:
        verifications.resubmit(number, _shown(_read(Wrapper).submission))
        return Response(status=202)

    @api.get(SUBSCRIPTIONS)
    def list_webhook_subscriptions() -> JsonResponse:
        data = [_subscription(each) for each in verifications.subscriptions()]
        return jsonify(links={}, errors=[], data=data), 200

    @api.post(SUBSCRIPTIONS)
    def subscribe_webhook() -> JsonResponse:
        return jsonify(_subscription(verifications.subscribe(_read_endpoint()))), 201

    @api.put(f"{SUBSCRIPTIONS}/<subscription_id>")
    def change_webhook_subscription(subscription_id: str) -> JsonResponse:
        changed = verifications.subscribe(_read_endpoint(), instead_of=subscription_id)
        return jsonify(_subscription(changed)), 200

    @api.delete(f"{SUBSCRIPTIONS}/<subscription_id>")
    def delete_webhook_subscription(subscription_id: str) -> Response:
        verifications.unsubscribe(subscription_id)
        return Response(status=204)


def _read[M: Model](model: type[M]) -> M:
    try:
        return model.model_validate_json(request.get_data())
    except ValidationError as error:
        errors: dict[str, list[str]] = {}
        for each in error.errors(include_input=False, include_url=False):
            errors.setdefault(".".join(map(str, each["loc"])), []).append(each["msg"])
        raise InvalidFieldsError(errors) from None


def _read_endpoint() -> Endpoint:
    new = _read(NewSubscription)
    credentials = new.basic_authentication
    if credentials is None:
        return Endpoint(new.callback_url)
    return Endpoint(new.callback_url, credentials.username, credentials.password)


def _shown(submission: Submission) -> dict[str, Any]:
    return submission.model_dump(by_alias=True, exclude_none=True, exclude={"phone_numbers"})


def _subscription(subscription: WebhookSubscription) -> dict[str, Any]:
    return {
        "id": subscription.id,
        "callbackUrl": subscription.endpoint.url,
        "type": "TOLLFREE_VERIFICATION_STATUS",
        "createdDate": timestamp(subscription.created),
        "modifiedDate": timestamp(subscription.created),
    }
