"""Inputs of the state machines messaging_v2 and hosted_messaging, and of POST /setups/*."""

import hashlib
from collections.abc import Iterable
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from bandwidth_messaging.domain.imports import Authority, Letter
from bandwidth_messaging.domain.number_search import NumberSearch, OrderedNumbers, is_exact
from bandwidth_messaging.domain.orders import MAX_QUANTITY, Action, is_customer_order_id
from bandwidth_messaging.domain.problems import FieldProblem
from bandwidth_messaging.domain.validation import CamelModel, Digits, Normalized, NormalizedText, Shape

MAX_DEADLINE_HOURS: Final = 720
"""Thirty days. One poll an hour stays below Step Functions' limit of 25,000 history events."""

_Name = Annotated[NormalizedText, Field(min_length=1, max_length=50)]
_ApplicationId = Annotated[
    str, Shape(r"^[A-Za-z0-9-]+$", "is not the id of an application: letters, digits and -")
]
_Id = Annotated[str, Digits, Shape(r"^[0-9]+$", "is not an id of Bandwidth: digits only")]


def _letters_and_digits(value: str) -> str:
    # Error 13502 requires letters and digits. The example of the Messaging 2.0 document has spaces too.
    if not value.replace(" ", "").isalnum():
        message = "may contain only letters, digits and spaces"
        raise ValueError(message)
    return value


_LocationName = Annotated[_Name, AfterValidator(_letters_and_digits)]
CampaignText = Annotated[
    str,
    Shape(r"^[A-Za-z0-9 ._-]{1,64}$", "may have 1 to 64 letters, digits, spaces, dots, - and _"),
    Normalized,
]
"""A campaign's id or message class (errors 13636 to 13642)."""
_CURRENT_ONLY: Final = "is not supported by the classic API. Omit it, or deploy with BandwidthApi=current"


class Setup(CamelModel):
    """Fields of both set-ups. The stack's parameters are the defaults."""

    application_name: _Name | None = Field(
        None, description="Name of the application, found by name or created"
    )
    site_id: _Id | None = Field(None, description="Sub-account (site). Default: the stack's")
    deadline_hours: float = Field(
        24, gt=0, le=MAX_DEADLINE_HOURS, description="Hours to wait for the final status of the order"
    )
    customer_order_id: NormalizedText | None = Field(
        None, description="Your id of the order. Default: the execution's name"
    )

    @field_validator("customer_order_id")
    @classmethod
    def _is_accepted_by_bandwidth(cls, value: str | None) -> str | None:
        if value is not None and not is_customer_order_id(value):
            message = "may contain up to 40 letters, digits, spaces and dashes"
            raise ValueError(message)
        return value


def compute_digest(*parts: object) -> str:
    """Return a digest of what an order requests. `parts` leave out how long the set-up waits."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


class MessagingV2Setup(NumberSearch, Setup):
    """Input of the state machine messaging_v2 and of POST /setups/messaging-v2.

    Give one search, such as `areaCode`.
    """

    quantity: int = Field(
        1, ge=1, le=MAX_QUANTITY, description="Numbers to order. With telephoneNumbers always all of them"
    )
    partial_allowed: bool = Field(
        True, description="Accept an order that Bandwidth can complete only in part"
    )
    back_order_requested: bool = Field(False, description="Backorder numbers that are not available")
    close_back_order: bool = Field(
        False,
        description="Close an order that is backordered at the deadline; its completed numbers stay",
    )
    location_name: _LocationName | None = Field(
        None, description="Name of the location (PeerName), found by name or created"
    )
    location_id: _Id | None = Field(None, description="Existing location, instead of locationName")
    is_default_peer: bool | None = Field(
        None,
        description="Whether it is the site's default location. Default: only if it is the first",
    )
    toll_free: bool = Field(True, description="Enable messages with toll-free numbers")
    short_code: bool = Field(True, description="Enable messages with short codes")
    replace_application: bool = Field(
        False, description="Replace another application that is assigned to the location"
    )
    campaign_id: CampaignText | None = Field(
        None, description="Registered 10DLC campaign of the numbers (current API)"
    )
    message_class: CampaignText = Field("M", description="Message class of the campaign")

    @field_validator("location_id")
    @classmethod
    def _is_given_without_a_name(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("location_name") is not None:
            message = "give either this or locationName, not both"
            raise ValueError(message)
        return value

    @field_validator("quantity")
    @classmethod
    def _equals_the_number_of_telephone_numbers(cls, value: int, info: ValidationInfo) -> int:
        numbers = info.data.get("telephone_numbers")
        if numbers and value != len(numbers):
            message = f"is {value}, but telephoneNumbers has {len(numbers)}. Omit quantity"
            raise ValueError(message)
        return value

    @field_validator("back_order_requested")
    @classmethod
    def _allows_a_backorder(cls, value: bool, info: ValidationInfo) -> bool:
        if value and is_exact(info.data):
            message = "does not apply to telephone numbers, exchanges (npaNxx) or vanity numbers. Omit it"
            raise ValueError(message)
        return value

    @property
    def requested(self) -> int:
        """Return the number of requested numbers."""
        return len(self.telephone_numbers or ()) or self.quantity

    def problems_with(self, generation: str) -> list[FieldProblem]:
        """Return the fields that the generation of Bandwidth's API does not support."""
        if generation != "current" and self.campaign_id is not None:
            return [FieldProblem("campaignId", _CURRENT_ONLY)]
        return []

    def digest(self) -> str:
        """Return a digest of what this order requests."""
        # Newer fields count only if they are given, so that orders of earlier versions keep their digest.
        newer = {
            **self.search(),
            "areaCode": None,
            "locationId": self.location_id,
            "partialAllowed": None if self.partial_allowed else False,
            "backOrderRequested": self.back_order_requested or None,
        }
        given_newer = sorted((name, value) for name, value in newer.items() if value is not None)
        given = (self.area_code, self.requested, self.site_id, self.location_name)
        return compute_digest(*given, *([given_newer] if given_newer else []))


class HostedMessagingSetup(Authority, Setup):
    """Input of the state machine hosted_messaging and of POST /setups/hosted-messaging.

    `telephoneNumbers` is required: numbers of North America in any common notation. They are parsed to E.164
    and duplicates are removed. For an import the current API also requires `subscriber` and
    `loaAuthorizingPerson`.
    """

    telephone_numbers: OrderedNumbers = Field(
        description="Up to 5,000 numbers", examples=[["(919) 991-8388", "+14158714245"]]
    )
    action: Action = Field("IMPORT", description="IMPORT, or REMOVE to release the numbers")
    sip_peer_id: _Id | None = Field(None, description="Location (sippeer) of the numbers")
    application_id: _ApplicationId | None = Field(
        None, description="Catapult application. Default: found by applicationName"
    )
    callback_http_method: Literal["GET", "POST"] = Field(
        "POST", description="HTTP method of Catapult's callbacks"
    )
    location_name: _LocationName | None = Field(
        None, description="Name of the location, found by name or created, instead of sipPeerId (current API)"
    )
    letter_of_authorization: Letter | None = Field(
        None, description="Letter of authorization in the stack's LettersBucket (current API)"
    )
    replace_application: bool = Field(
        False, description="Replace another application that is assigned to the location (current API)"
    )
    dry_run: bool = Field(
        False, description="Only check which numbers can be imported, and why the others cannot (current API)"
    )

    @field_validator("location_name")
    @classmethod
    def _is_given_without_an_id(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("sip_peer_id") is not None:
            message = "give either this or sipPeerId, not both"
            raise ValueError(message)
        return value

    @property
    def requested(self) -> int:
        """Return the number of requested numbers."""
        return len(self.telephone_numbers)

    def problems_with(self, generation: str) -> list[FieldProblem]:
        """Return unsupported fields (of the generation, of a removal) and missing required fields."""
        current_only = {"location_name", "letter_of_authorization", "dry_run", "replace_application"}
        if generation != "current":
            return self._given(current_only, _CURRENT_ONLY)
        classic_only = {"application_id", "callback_http_method"}
        problems = self._given(classic_only, "is not supported by the current API. Omit it")
        if self.action == "REMOVE":
            return problems + self._given(current_only, "applies to Action IMPORT only. Omit it")
        if not self.dry_run:
            required = ("subscriber", "loa_authorizing_person")
            missing = [name for name in required if getattr(self, name) is None]
            problems += self._problems(missing, "is required for an import")
        return problems

    def _given(self, names: set[str], detail: str) -> list[FieldProblem]:
        """Return a problem for each of these fields that differs from its default."""
        fields = type(self).model_fields
        given = [name for name in fields if name in names and getattr(self, name) != fields[name].default]
        return self._problems(given, detail)

    def _problems(self, names: Iterable[str], detail: str) -> list[FieldProblem]:
        return [FieldProblem(str(type(self).model_fields[name].alias), detail) for name in names]

    def digest(self) -> str:
        """Return a digest of what this order requests."""
        given = (self.action, self.telephone_numbers, self.site_id, self.sip_peer_id)
        return compute_digest(*given, *([self.location_name] if self.location_name else []))
