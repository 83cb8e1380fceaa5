"""What a business submits so that carriers verify its toll-free number.

The fields, their limits and values are those of Bandwidth's specification (the models VerificationRequest,
Address, Contact and OptInWorkflow of bandwidth-sdk 23). Bandwidth checks the rules between fields.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from bandwidth_messaging.domain.validation import CamelModel, PhoneNumber, Shape, Text

_Line = Annotated[Text, AfterValidator(str.strip), Field(min_length=1, max_length=500)]


def _url(value: str) -> str:
    if not value.startswith(("https://", "http://")):
        message = "is not a web address. Start it with https://."
        raise ValueError(message)
    return value


_Url = Annotated[_Line, AfterValidator(_url)]
_Country = Annotated[str, Shape(r"^[A-Z]{2,3}$", "is not a code of a country: two or three capital letters")]


class BusinessAddress(CamelModel):
    """The business that texts from the number. Carriers compare it with public registers."""

    name: _Line = Field(description="Legal name of the business")
    addr1: _Line = Field(description="Street and house number")
    addr2: _Line | None = None
    city: _Line
    state: _Line = Field(description="State or province")
    zip: Annotated[str, Shape(r"^[- A-Za-z0-9]{1,500}$", "may have letters, digits, spaces and -")]
    url: _Url = Field(description="Website of the business")


class BusinessContact(CamelModel):
    """The person that carriers can ask about the texts."""

    first_name: _Line
    last_name: _Line
    # Bandwidth's pattern accepts no capital letters.
    email: Annotated[
        str,
        StringConstraints(max_length=500, to_lower=True),
        Shape(r"^[^@\s]+@[^@\s]+\.[^@\s]+$", "is not an email address"),
    ]
    phone_number: PhoneNumber


class OptInWorkflow(CamelModel):
    """How recipients agree to get texts."""

    description: _Line
    image_urls: list[_Url] = Field(min_length=1, description="Public pictures of the opt-in")
    confirmation_response: _Line | None = Field(None, description="Text that confirms an opt-in")


class Submission(CamelModel):
    """What carriers get to know about a business and its texts from a toll-free number."""

    business_address: BusinessAddress
    business_contact: BusinessContact
    business_entity_type: Literal[
        "SOLE_PROPRIETOR", "PRIVATE_PROFIT", "PUBLIC_PROFIT", "NON_PROFIT", "GOVERNMENT"
    ]
    message_volume: int = Field(ge=10, le=10_000_000, strict=True, description="Expected messages a month")
    use_case: _Line = Field(description="Category of the texts, such as 2FA or Account Notifications")
    use_case_summary: _Line
    production_message_content: _Line = Field(description="Example of a text")
    opt_in_workflow: OptInWorkflow
    additional_information: _Line | None = None
    isv_reseller: _Line | None = Field(None, description="Name of the software vendor that submits")
    privacy_policy_url: _Url | None = None
    terms_and_conditions_url: _Url | None = None
    business_dba: _Line | None = Field(None, description="Name under which the business trades")
    business_registration_number: _Line | None = Field(
        None, description="For example the EIN. Bandwidth requires it, except for SOLE_PROPRIETOR"
    )
    business_registration_type: Literal[
        "EIN", "CBN", "NEQ", "PROVINCIAL_NUMBER", "CRN", "VAT", "ACN", "ABN", "BRN", "SIREN", "SIRET",
        "NZBN", "UST_IDNR", "CIF", "NIF", "CNPJ", "UID", "OTHER",
    ] | None = None  # fmt: skip
    business_registration_issuing_country: _Country | None = Field(
        None, description="ISO 3166-1 code, three letters preferred"
    )
    help_message_response: _Line | None = Field(None, description="Reply to HELP")
    age_gated_content: bool | None = None
    cv_token: _Line | None = Field(None, description="Token of Campaign Verify, for 527 political groups")

    def to_wire(self) -> dict[str, Any]:
        """Return the submission as Bandwidth's JSON. Fields without a value are left out."""
        return self.model_dump(by_alias=True, exclude_none=True)
