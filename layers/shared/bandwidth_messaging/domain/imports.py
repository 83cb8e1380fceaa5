"""Fields of an import with the current API: subscriber, authorizing person and letter of authorization."""

from typing import Annotated, Final, Literal

from pydantic import Field, field_validator

from bandwidth_messaging.domain.validation import CamelModel, NormalizedText, Shape

_LETTER_TYPES: Final = {
    "pdf": "application/pdf",
    "txt": "text/plain",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "csv": "text/csv",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


class Letter(CamelModel):
    """A letter of authorization: a document in the stack's LettersBucket."""

    bucket: str = Field(min_length=3, max_length=63)
    key: str = Field(min_length=1, max_length=1024)

    @field_validator("key")
    @classmethod
    def _has_a_known_type(cls, value: str) -> str:
        if _extension(value) not in _LETTER_TYPES:
            message = f"must end with one of .{', .'.join(_LETTER_TYPES)}"
            raise ValueError(message)
        return value

    @property
    def content_type(self) -> str:
        """Return the media type of the extension (types: specification of the Numbers API)."""
        return _LETTER_TYPES[_extension(self.key)]


def _extension(key: str) -> str:
    return key.rpartition(".")[2].lower()


class Subscriber(CamelModel):
    """Subscriber of the numbers, as recorded at their current carrier."""

    name: NormalizedText = Field(min_length=1, max_length=45)
    house_number: NormalizedText = Field(min_length=1)
    street_name: NormalizedText = Field(min_length=1)
    city: NormalizedText = Field(min_length=1)
    state_code: Annotated[str, Shape(r"^[A-Z]{2}$", "is not a state: two capital letters, such as NC")]
    zip: Annotated[str, Shape(r"^[0-9]{5}(-[0-9]{4})?$", "is not a ZIP code, such as 27606 or 27606-1234")]
    county: NormalizedText | None = None


class Authority(CamelModel):
    """Authorization of an import, which only the current API requires."""

    subscriber: Subscriber | None = None
    loa_authorizing_person: NormalizedText | None = Field(
        None,
        min_length=1,
        description="First and last name of the person who signed the letter of authorization",
    )
    loa_type: Literal["CARRIER", "SUBSCRIBER"] = Field(
        "SUBSCRIBER", description="Issuer of the letter: SUBSCRIBER, or CARRIER for all numbers of a carrier"
    )
