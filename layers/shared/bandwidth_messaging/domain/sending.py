"""What a caller gives to send a message."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from bandwidth_messaging.domain.validation import CamelModel, PhoneNumber

_OneOrList = BeforeValidator(lambda given: [given] if isinstance(given, str) else given)


class NewMessage(CamelModel):
    """Body of POST /messages. Numbers may come in the forms people type; they leave as E.164."""

    sender: PhoneNumber = Field(
        alias="from", description="One of your active numbers", examples=["+19195551212"]
    )
    to: Annotated[list[PhoneNumber], _OneOrList] = Field(
        min_length=1, max_length=1, description="The recipient, as a string or a list of one"
    )
    text: str = Field(
        min_length=1, max_length=2048, description="Contents of the message", examples=["Good morning!"]
    )
    tag: str | None = Field(None, max_length=1024, description="Kept with the message for your own use")
