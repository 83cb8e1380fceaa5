"""The input of a release, what it does with numbers and resources, and why it keeps a resource."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from bandwidth_messaging.domain.orders import MAX_QUANTITY
from bandwidth_messaging.domain.setups import MAX_DEADLINE_HOURS, compute_digest
from bandwidth_messaging.domain.validation import CamelModel, NormalizedText, PhoneNumber

ResourceType = Literal[
    "assignment", "mms", "sms", "location", "application", "subscription", "catapultApplication"
]
"""What a set-up creates besides numbers, in the only order in which Bandwidth deletes it."""

NOT_RECORDED: Final = "not recorded"
"""In a plan, the state of a number that an order added after its set-up had stopped waiting."""


class ReleaseAction(StrEnum):
    """What a release does with a number."""

    DISCONNECT = "disconnect"
    """Disconnect an ordered number."""
    REMOVE = "remove"
    """Remove a hosted number."""
    ALREADY_RELEASED = "releasedBefore"
    """Nothing to release: an earlier release or Bandwidth released the number."""
    NEVER_RECEIVED = "neverReceived"
    """Nothing to release: the order failed to add the number."""


class DeletionOutcome(StrEnum):
    """What a release did with a resource."""

    DELETED = "deleted"
    GONE = "gone"
    """The resource did not exist any more."""
    LEFT = "left"
    """The release kept the resource."""


class KeepCode(StrEnum):
    """Why a release keeps a resource."""

    NOT_OWNED = "not_owned"
    NUMBERS_AT_LOCATION = "numbers_at_location"
    NUMBERS_USE_APPLICATION = "numbers_use_application"
    LOCATIONS_USE_APPLICATION = "locations_use_application"
    OTHER_APPLICATION_ASSIGNED = "other_application_assigned"
    APPLICATION_REPLACED = "application_replaced"
    DEFAULT_LOCATION = "default_location"
    HOSTED_NUMBERS_REMAIN = "hosted_numbers_remain"
    SUBSCRIPTIONS_NOT_LISTED = "subscriptions_not_listed"
    REJECTED = "rejected"
    """Bandwidth rejected the deletion."""


@dataclass(frozen=True, kw_only=True)
class KeepReason:
    """Why a release keeps a resource, as data. `describe_keep_reason` returns the text for people.

    `numbers` counts the other numbers that use the resource; `error` is Bandwidth's description.
    """

    code: KeepCode
    numbers: int = 0
    site_id: str | None = None
    location_ids: tuple[str, ...] = ()
    application_id: str | None = None
    callback_url: str | None = None
    error_code: str | None = None
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class PlannedResource:
    """A resource of a set-up. A release deletes it unless there is a reason to keep it."""

    what: ResourceType
    id: str
    site_id: str | None = None
    location_id: str | None = None
    keep: KeepReason | None = None


class NumberRelease(CamelModel):
    """Input of the state machine release_numbers: numbers, or the set-up that added them."""

    telephone_numbers: list[PhoneNumber] | None = Field(
        None, min_length=1, description="Up to 5,000 numbers of this stack, in any notation"
    )
    customer_order_id: NormalizedText | None = Field(
        None,
        min_length=1,
        description="The customerOrderId of a set-up: releases all numbers that it added",
    )
    everything: bool = Field(
        False,
        description="Also delete the resources that the set-up created, such as location and application",
    )
    dry_run: bool = Field(False, description="Only report what would be released; change nothing")
    deadline_hours: float = Field(
        24, gt=0, le=MAX_DEADLINE_HOURS, description="How long to wait for the orders to end"
    )

    @field_validator("telephone_numbers")
    @classmethod
    def _check_quantity(cls, value: list[str] | None) -> list[str] | None:
        numbers = None if value is None else list(dict.fromkeys(value))
        if numbers and len(numbers) > MAX_QUANTITY:
            message = f"has {len(numbers)} numbers. Give at most {MAX_QUANTITY} to one release"
            raise ValueError(message)
        return numbers

    @field_validator("everything")
    @classmethod
    def _check_everything(cls, value: bool, info: ValidationInfo) -> bool:
        # A customerOrderId that is itself wrong is missing from the data and is reported on its own.
        if value and "customer_order_id" in info.data and info.data["customer_order_id"] is None:
            message = "needs the customerOrderId of the set-up to undo"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _check_target(self) -> Self:
        if (self.telephone_numbers is None) == (self.customer_order_id is None):
            message = "give either telephoneNumbers or the customerOrderId of a set-up"
            raise ValueError(message)
        return self

    @property
    def requested(self) -> int:
        """Return how many numbers the input lists."""
        return len(self.telephone_numbers or ())

    def digest(self) -> str:
        """Return a digest that distinguishes this release from every other one."""
        return compute_digest(self.telephone_numbers, self.customer_order_id, self.everything)


class Resource(CamelModel):
    """A resource of a set-up, and what a release did with it. `reason` is the text of why it is kept."""

    what: ResourceType
    id: str
    site_id: str | None = None
    location_id: str | None = None
    outcome: DeletionOutcome | None = None
    reason: str | None = None


class Removal(CamelModel):
    """Hosted numbers (E.164) of a site, and the CustomerOrderId of the order that removes them."""

    site_id: str
    customer_order_id: str
    numbers: list[str]
