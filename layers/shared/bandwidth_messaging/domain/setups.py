"""Inputs of the set-ups."""

import hashlib
from collections.abc import Iterable
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from bandwidth_messaging.domain.imports import Authority, Letter
from bandwidth_messaging.domain.number_search import NumberSearch, OrderedNumbers, is_exact
from bandwidth_messaging.domain.orders import MAX_QUANTITY, Action, is_customer_order_id
from bandwidth_messaging.domain.problems import FieldProblem
from bandwidth_messaging.domain.validation import CamelModel, Digits, Normalized, NormalizedText

MAX_DEADLINE_HOURS = 720
"""Thirty days of hourly polls stay within Step Functions' limit of 25,000 history events."""

_Name = Annotated[NormalizedText, Field(min_length=1, max_length=50)]
_Id = Annotated[str, Digits, Field(pattern=r"^[0-9]+$")]


def _check_location_characters(value: str) -> str:
    # Error 13502 asks for letters and digits; document 004's own example has spaces too.
    if not value.replace(" ", "").isalnum():
        message = "has other characters than letters, digits and spaces. Remove them."
        raise ValueError(message)
    return value


_LocationName = Annotated[_Name, AfterValidator(_check_location_characters)]
CampaignText = Annotated[str, Field(pattern=r"^[A-Za-z0-9 ._-]{1,64}$"), Normalized]
"""A campaign's id or message class (errors 13636 to 13642)."""
_CURRENT_ONLY: Final = "is not supported by the classic API. Remove it, or deploy with BandwidthApi=current."


class Setup(CamelModel):
    """The fields of both set-ups. Parameters of the stack replace fields that are left out."""

    application_name: _Name | None = Field(
        None, description="Looked up by name, and created if it does not exist"
    )
    site_id: _Id | None = Field(None, description="Sub-account. Default: the stack's")
    deadline_hours: float = Field(
        24, gt=0, le=MAX_DEADLINE_HOURS, description="How long to wait for the order to end"
    )
    customer_order_id: NormalizedText | None = Field(
        None, description="Your own id of the order. Default: the execution's name"
    )

    @field_validator("customer_order_id")
    @classmethod
    def _check_customer_order_id(cls, value: str | None) -> str | None:
        if value is not None and not is_customer_order_id(value):
            message = "is not an order id. Use up to 40 letters, digits, spaces and dashes."
            raise ValueError(message)
        return value


def digest_of(*parts: object) -> str:
    """Return the digest of the fields that decide what is ordered."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


class MessagingV2Setup(NumberSearch, Setup):
    """Input of the state machine messaging_v2 and of POST /setups/messaging-v2.

    One way to order must be given, such as `areaCode`.
    """

    quantity: int = Field(
        1,
        ge=1,
        le=MAX_QUANTITY,
        description="How many numbers to order. Default with telephoneNumbers: all of them",
    )
    partial_allowed: bool = Field(True, description="Accept fewer numbers than ordered")
    back_order_requested: bool = Field(False, description="Backorder numbers that are not available")
    close_back_order: bool = Field(
        False,
        description="Close an order that is backordered at the deadline, and keep its completed numbers",
    )
    location_name: _LocationName | None = Field(
        None, description="PeerName; looked up, and created if it does not exist"
    )
    location_id: _Id | None = Field(None, description="An existing location, instead of locationName")
    is_default_peer: bool | None = Field(
        None, description="Make the location the site's default. Default: only for the site's first location"
    )
    toll_free: bool = Field(True, description="Enable texting with toll-free numbers")
    short_code: bool = Field(True, description="Enable texting with short codes")
    replace_application: bool = Field(
        False, description="Replace the application of a location that has another application"
    )
    campaign_id: CampaignText | None = Field(
        None, description="Registered 10DLC campaign of the numbers (current API)"
    )
    message_class: CampaignText = Field("M", description="The campaign's message class")

    @field_validator("location_id")
    @classmethod
    def _check_location(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("location_name") is not None:
            message = "cannot be combined with locationName. Remove one of them."
            raise ValueError(message)
        return value

    @field_validator("quantity")
    @classmethod
    def _check_quantity(cls, value: int, info: ValidationInfo) -> int:
        numbers = info.data.get("telephone_numbers")
        if numbers and value != len(numbers):
            message = f"is {value}, but telephoneNumbers has {len(numbers)} numbers. Remove quantity."
            raise ValueError(message)
        return value

    @field_validator("back_order_requested")
    @classmethod
    def _check_back_order(cls, value: bool, info: ValidationInfo) -> bool:
        if value and is_exact(info.data):
            message = "cannot be true for given numbers, exchanges or vanities. Remove it."
            raise ValueError(message)
        return value

    @property
    def requested(self) -> int:
        """Return how many numbers are ordered."""
        return len(self.telephone_numbers or ()) or self.quantity

    def problems_with(self, generation: str) -> list[FieldProblem]:
        """Return the fields that the generation of Bandwidth's API does not support."""
        if generation != "current" and self.campaign_id is not None:
            return [FieldProblem("campaignId", _CURRENT_ONLY)]
        return []

    def digest(self) -> str:
        """Return the digest that distinguishes this order from every other order."""
        # Newer fields count only if they are given, so that digests of earlier orders stay the same.
        later = {
            **self.search(),
            "areaCode": None,
            "locationId": self.location_id,
            "partialAllowed": None if self.partial_allowed else False,
            "backOrderRequested": self.back_order_requested or None,
        }
        told = sorted((name, value) for name, value in later.items() if value is not None)
        given = (self.area_code, self.requested, self.site_id, self.location_name)
        return digest_of(*given, *([told] if told else []))


class HostedMessagingSetup(Authority, Setup):
    """Input of the state machine hosted_messaging and of POST /setups/hosted-messaging.

    `telephoneNumbers` is required: numbers in North America, in any common format. They are parsed to unique
    E.164 numbers in the given order. The current API also requires `subscriber` and `loaAuthorizingPerson`
    for an import.
    """

    telephone_numbers: OrderedNumbers = Field(
        description="Up to 5,000 numbers", examples=[["(919) 991-8388", "+14158714245"]]
    )
    action: Action = Field("IMPORT", description="IMPORT, or REMOVE to release the numbers")
    sip_peer_id: _Id | None = Field(None, description="Location of the numbers")
    application_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")] | None = Field(
        None, description="Catapult application. Default: looked up by applicationName"
    )
    callback_http_method: Literal["GET", "POST"] = Field(
        "POST", description="HTTP method of Catapult's callbacks"
    )
    location_name: _LocationName | None = Field(
        None, description="Location, instead of sipPeerId; created if it does not exist (current API)"
    )
    letter_of_authorization: Letter | None = Field(
        None, description="Letter to send with the order, from the stack's LettersBucket (current API)"
    )
    replace_application: bool = Field(
        False, description="Replace the application of a location that has another application (current API)"
    )
    dry_run: bool = Field(
        False,
        description="Only report which numbers can be imported, and why the others cannot (current API)",
    )

    @field_validator("location_name")
    @classmethod
    def _check_location_name(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("sip_peer_id") is not None:
            message = "cannot be combined with sipPeerId. Remove one of them."
            raise ValueError(message)
        return value

    @property
    def requested(self) -> int:
        """Return how many numbers are ordered."""
        return len(self.telephone_numbers)

    def problems_with(self, generation: str) -> list[FieldProblem]:
        """Return the unsupported fields, and the missing fields of an import with the current API.

        The fields of the subscriber are always accepted.
        """
        todays = {"location_name", "letter_of_authorization", "dry_run", "replace_application"}
        if generation != "current":
            return self._given(todays, _CURRENT_ONLY)
        documents = {"application_id", "callback_http_method"}
        problems = self._given(documents, "is not supported by the current API. Remove it.")
        if self.action == "REMOVE":
            return problems + self._given(todays, "is supported for imports only. Remove it.")
        if not self.dry_run:
            needed = ("subscriber", "loa_authorizing_person")
            missing = [name for name in needed if getattr(self, name) is None]
            problems += self._problems(missing, "is required for an import. Add it.")
        return problems

    def _given(self, names: set[str], detail: str) -> list[FieldProblem]:
        """Return a problem for each field whose value is not the default."""
        fields = type(self).model_fields
        given = [name for name in fields if name in names and getattr(self, name) != fields[name].default]
        return self._problems(given, detail)

    def _problems(self, names: Iterable[str], detail: str) -> list[FieldProblem]:
        return [FieldProblem(str(type(self).model_fields[name].alias), detail) for name in names]

    def digest(self) -> str:
        """Return the digest that distinguishes this order from every other order."""
        given = (self.action, self.telephone_numbers, self.site_id, self.sip_peer_id)
        return digest_of(*given, *([self.location_name] if self.location_name else []))
