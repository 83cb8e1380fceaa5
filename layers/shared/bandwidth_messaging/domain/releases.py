"""What a person or a program gives to release numbers, and the things at Bandwidth that may go with them."""

from typing import Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from bandwidth_messaging.domain.orders import MAX_QUANTITY
from bandwidth_messaging.domain.setups import MAX_DEADLINE_HOURS, digest_of
from bandwidth_messaging.domain.validation import CamelModel, NormalizedText, PhoneNumber

Thing = Literal["assignment", "mms", "sms", "location", "application", "subscription", "catapultApplication"]
"""What a set-up makes beside numbers, in the only order in which it can be taken away."""


class NumberRelease(CamelModel):
    """Input of the state machine release_numbers: the numbers themselves, or the set-up that brought them."""

    telephone_numbers: list[PhoneNumber] | None = Field(
        None, min_length=1, description="Up to 5,000 of your numbers, however written"
    )
    customer_order_id: NormalizedText | None = Field(
        None, min_length=1, description="A set-up's: all numbers that it brought"
    )
    everything: bool = Field(False, description="Also what the set-up made: location, application and so on")
    dry_run: bool = Field(False, description="Only say what would be released, and change nothing")
    deadline_hours: float = Field(
        24, gt=0, le=MAX_DEADLINE_HOURS, description="How long to wait for the orders to end"
    )

    @field_validator("telephone_numbers")
    @classmethod
    def _one_orders_worth(cls, value: list[str] | None) -> list[str] | None:
        numbers = None if value is None else list(dict.fromkeys(value))
        if numbers and len(numbers) > MAX_QUANTITY:
            message = f"are {len(numbers)}; one release takes up to {MAX_QUANTITY}"
            raise ValueError(message)
        return numbers

    @field_validator("everything")
    @classmethod
    def _of_a_set_up(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("customer_order_id", "wrong, and named itself") is None:
            message = "needs the customerOrderId of the set-up that is to be undone"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.telephone_numbers is None) == (self.customer_order_id is None):
            message = "give telephoneNumbers, or the customerOrderId of a set-up, and not both"
            raise ValueError(message)
        return self

    @property
    def requested(self) -> int:
        """Return how many numbers are named."""
        return len(self.telephone_numbers or ())

    def digest(self) -> str:
        """Return what tells this release from every other."""
        return digest_of(self.telephone_numbers, self.customer_order_id, self.everything)


class Resource(CamelModel):
    """A thing that a set-up made or found, and what became of it. `reason` is why it is left."""

    what: Thing
    id: str
    site_id: str | None = None
    location_id: str | None = None
    outcome: Literal["deleted", "gone", "left"] | None = None
    reason: str | None = None


class Removal(CamelModel):
    """Hosted numbers (E.164) of a site, and the CustomerOrderId of the order that is to remove them."""

    site_id: str
    customer_order_id: str
    numbers: list[str]
