"""What a person or a program gives to start a set-up."""

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
"""Thirty days; the polls of so long, one an hour, stay far within Step Functions' 25,000 history events."""

_Name = Annotated[NormalizedText, Field(min_length=1, max_length=50)]
_Id = Annotated[str, Digits, Field(pattern=r"^[0-9]+$")]


def _letters_and_digits(value: str) -> str:
    # Error 13502 asks for letters and digits; document 004's own example has spaces too.
    if not value.replace(" ", "").isalnum():
        message = "may hold letters, digits and spaces only"
        raise ValueError(message)
    return value


_LocationName = Annotated[_Name, AfterValidator(_letters_and_digits)]
CampaignText = Annotated[str, Field(pattern=r"^[A-Za-z0-9 ._-]{1,64}$"), Normalized]
"""A campaign's id or message class (errors 13636 to 13642)."""
_CURRENT_ONLY: Final = "is of today's API; deploy with BandwidthApi=current, or leave it out"


class Setup(CamelModel):
    """What both set-ups take; what is left out comes from the stack."""

    application_name: _Name | None = Field(None, description="Found by name before it is made")
    site_id: _Id | None = Field(None, description="Sub-account; left out: the stack's")
    deadline_hours: float = Field(
        24, gt=0, le=MAX_DEADLINE_HOURS, description="How long to wait for the order to end"
    )
    customer_order_id: NormalizedText | None = Field(
        None, description="Your own id of the order; left out: the execution's name"
    )

    @field_validator("customer_order_id")
    @classmethod
    def _taken_by_bandwidth(cls, value: str | None) -> str | None:
        if value is not None and not is_customer_order_id(value):
            message = "may hold up to 40 letters, digits, spaces and dashes"
            raise ValueError(message)
        return value


def digest_of(*parts: object) -> str:
    """Return what tells an order from every other: what it asks for, not how long one waits for it."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


class MessagingV2Setup(NumberSearch, Setup):
    """Input of the state machine messaging_v2 and of POST /setups/messaging-v2.

    One way to order must be given, such as `areaCode`.
    """

    quantity: int = Field(
        1, ge=1, le=MAX_QUANTITY, description="How many numbers to order; of telephoneNumbers always all"
    )
    partial_allowed: bool = Field(True, description="Take what is there if it is not all")
    back_order_requested: bool = Field(False, description="Wait at Bandwidth for what is not there")
    close_back_order: bool = Field(
        False, description="Close an order that is still backordered at the deadline, and take what has come"
    )
    location_name: _LocationName | None = Field(None, description="PeerName; found by name before it is made")
    location_id: _Id | None = Field(None, description="A location that is there, instead of a name")
    is_default_peer: bool | None = Field(
        None, description="Make the location its site's default; left out: only if it is the site's first"
    )
    toll_free: bool = Field(True, description="Enable texting with toll-free numbers")
    short_code: bool = Field(True, description="Enable texting with short codes")
    replace_application: bool = Field(
        False, description="Take over a location that sends its messages to another application"
    )
    campaign_id: CampaignText | None = Field(
        None, description="Registered 10DLC campaign that the numbers text for (today's API)"
    )
    message_class: CampaignText = Field("M", description="The campaign's message class")

    @field_validator("location_id")
    @classmethod
    def _instead_of_a_name(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("location_name") is not None:
            message = "give either this or locationName"
            raise ValueError(message)
        return value

    @field_validator("quantity")
    @classmethod
    def _is_the_count_of_given_numbers(cls, value: int, info: ValidationInfo) -> int:
        numbers = info.data.get("telephone_numbers")
        if numbers and value != len(numbers):
            message = f"is {value}, but telephoneNumbers has {len(numbers)}; leave it out"
            raise ValueError(message)
        return value

    @field_validator("back_order_requested")
    @classmethod
    def _has_something_to_wait_for(cls, value: bool, info: ValidationInfo) -> bool:
        if value and is_exact(info.data):
            message = "is not for given numbers, exchanges or vanities"
            raise ValueError(message)
        return value

    @property
    def requested(self) -> int:
        """Return how many numbers are asked for."""
        return len(self.telephone_numbers or ()) or self.quantity

    def problems_with(self, generation: str) -> list[FieldProblem]:
        """Return what the generation of Bandwidth's API does not know: campaigns are of today."""
        if generation != "current" and self.campaign_id is not None:
            return [FieldProblem("campaignId", _CURRENT_ONLY)]
        return []

    def digest(self) -> str:
        """Return what tells this order from every other."""
        # What came later is told only where it is given, so that an order of before is known again.
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

    `telephoneNumbers` must be given: numbers of North America as people write them; E.164 once read, each
    once, in the order given. Today's API wants to know of an import whose they are too: `subscriber` and
    `loaAuthorizingPerson`.
    """

    telephone_numbers: OrderedNumbers = Field(
        description="Up to 5,000 numbers", examples=[["(919) 991-8388", "+14158714245"]]
    )
    action: Action = Field("IMPORT", description="IMPORT, or REMOVE to give the numbers back")
    sip_peer_id: _Id | None = Field(None, description="Location the numbers are provisioned to")
    application_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")] | None = Field(
        None, description="Catapult application; left out: found by its name"
    )
    callback_http_method: Literal["GET", "POST"] = Field("POST", description="How Catapult calls back")
    location_name: _LocationName | None = Field(
        None, description="Location, found by name before it is made, instead of sipPeerId (today's API)"
    )
    letter_of_authorization: Letter | None = Field(
        None, description="Letter to put with the order, from the stack's LettersBucket (today's API)"
    )
    replace_application: bool = Field(
        False, description="Take over a location that sends its messages elsewhere (today's API)"
    )
    dry_run: bool = Field(
        False, description="Only tell which numbers can be imported, and why the others cannot (today's API)"
    )

    @field_validator("location_name")
    @classmethod
    def _instead_of_an_id(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("sip_peer_id") is not None:
            message = "give either this or sipPeerId"
            raise ValueError(message)
        return value

    @property
    def requested(self) -> int:
        """Return how many numbers are asked for."""
        return len(self.telephone_numbers)

    def problems_with(self, generation: str) -> list[FieldProblem]:
        """Return what the generation, or a removal, does not know, and what an import of today lacks.

        Whose the numbers are may be told anyway.
        """
        todays = {"location_name", "letter_of_authorization", "dry_run", "replace_application"}
        if generation != "current":
            return self._given(todays, _CURRENT_ONLY)
        documents = {"application_id", "callback_http_method"}
        problems = self._given(documents, "is of the V1 API; numbers text through V2 today: leave it out")
        if self.action == "REMOVE":
            return problems + self._given(todays, "is of an import, not of a removal")
        if not self.dry_run:
            needed = ("subscriber", "loa_authorizing_person")
            missing = [name for name in needed if getattr(self, name) is None]
            problems += self._problems(missing, "must be given for an import")
        return problems

    def _given(self, names: set[str], detail: str) -> list[FieldProblem]:
        """Return a problem for each of the fields that is not as if it were left out."""
        fields = type(self).model_fields
        given = [name for name in fields if name in names and getattr(self, name) != fields[name].default]
        return self._problems(given, detail)

    def _problems(self, names: Iterable[str], detail: str) -> list[FieldProblem]:
        return [FieldProblem(str(type(self).model_fields[name].alias), detail) for name in names]

    def digest(self) -> str:
        """Return what tells this order from every other."""
        given = (self.action, self.telephone_numbers, self.site_id, self.sip_peer_id)
        return digest_of(*given, *([self.location_name] if self.location_name else []))
