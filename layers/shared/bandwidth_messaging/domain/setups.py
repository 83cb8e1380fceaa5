"""What a person or a program gives to start a set-up."""

from typing import Annotated

from pydantic import Field, field_validator

from bandwidth_messaging.domain.orders import MAX_QUANTITY, is_customer_order_id
from bandwidth_messaging.domain.validation import CamelModel

MAX_DEADLINE_HOURS = 168
"""A week of polls every five minutes stays within Step Functions' 25,000 history events (9 a poll)."""

_Name = Annotated[str, Field(min_length=1, max_length=50)]


class MessagingV2Setup(CamelModel):
    """Input of the state machine messaging_v2 and of POST /setups/messaging-v2.

    Only `areaCode` must be given. Names left out are taken from the stack, `siteId` from its parameter.
    """

    area_code: str = Field(
        pattern=r"^[2-9][0-9]{2}$", description="Area code of the wanted numbers", examples=["910"]
    )
    quantity: int = Field(1, ge=1, le=MAX_QUANTITY, description="How many numbers to order")
    application_name: _Name | None = Field(None, description="AppName; found by name before it is made")
    location_name: _Name | None = Field(None, description="PeerName; found by name before it is made")
    is_default_peer: bool | None = Field(
        None, description="Make the location its site's default; left out: only if it is the site's first"
    )
    toll_free: bool = Field(True, description="Enable texting with toll-free numbers")
    short_code: bool = Field(True, description="Enable texting with short codes")
    site_id: str | None = Field(None, pattern=r"^[0-9]+$", description="Sub-account; left out: the stack's")
    deadline_hours: float = Field(
        24, gt=0, le=MAX_DEADLINE_HOURS, description="How long to wait for the order to end"
    )
    customer_order_id: str | None = Field(
        None, description="Your own id of the order; left out: the execution's name"
    )

    @field_validator("area_code", "site_id", mode="before")
    @classmethod
    def _digits_may_come_as_a_number(cls, value: object) -> object:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("location_name")
    @classmethod
    def _letters_and_digits(cls, value: str | None) -> str | None:
        # Error 13502 asks for letters and digits; document 004's own example has spaces too.
        if value is not None and not value.replace(" ", "").isalnum():
            message = "may hold letters, digits and spaces only"
            raise ValueError(message)
        return value

    @field_validator("customer_order_id")
    @classmethod
    def _taken_by_bandwidth(cls, value: str | None) -> str | None:
        if value is not None and not is_customer_order_id(value):
            message = "may hold up to 40 letters, digits, spaces and dashes"
            raise ValueError(message)
        return value
