"""What becomes of orders, chosen beforehand: of numbers, imports, removals, disconnects and options alike."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt

from simulator.telephone_numbers import ten_digits

Shape = Literal["document", "later"]


def _ten_digits(number: str) -> str:
    if found := ten_digits(number):
        return found
    raise ValueError(f"'{number}' is not a US telephone number")


Numbers = list[Annotated[str, AfterValidator(_ten_digits)]]


class FateError(BaseModel):
    """One entry of an order's ErrorList; `per_number` repeats it for, and with, each failed number.

    In the Errors of an import or removal it stands once: with `numbers` if told, else with all failed ones
    if `per_number` or the fate's `failed_numbers` are given, else with none."""

    model_config = ConfigDict(extra="forbid")
    code: int
    description: str
    per_number: bool = False
    numbers: Numbers | None = None


class Fate(BaseModel):
    """How an order ends. RECEIVED, PROCESSING and BACKORDERED stay until the fate is changed, BACKORDERED
    with `backordered_seconds` becomes COMPLETE after them. `completed` counts the numbers of a PARTIAL order
    (half of them if not told), and those that a BACKORDERED one has already (none). `errors` are Bandwidth's
    usual ones if not told. COMPLETE is what an order comes to anyhow, as far as there are numbers.

    Of imports and removals only: `failed_numbers` says which, `keep_failed_numbers` whether the answers'
    TelephoneNumbers still hold them (as published if not told), `shape` in which form it is answered."""

    model_config = ConfigDict(extra="forbid")
    fate: Literal["COMPLETE", "PARTIAL", "FAILED", "BACKORDERED", "RECEIVED", "PROCESSING"]
    completed: NonNegativeInt | None = None
    errors: list[FateError] | None = Field(default=None, min_length=1)
    backordered_seconds: NonNegativeFloat | None = None
    failed_numbers: Numbers | None = None
    keep_failed_numbers: bool | None = None
    shape: Shape | None = None


COMPLETE = Fate(fate="COMPLETE")
UNAVAILABLE = FateError(code=5005, description="Telephone Number Unavailable", per_number=True)
SOME_UNAVAILABLE = FateError(
    code=5017,
    description="Only a partial quantity of the total telephone numbers ordered could be fulfilled",
)
ALL_UNAVAILABLE = FateError(code=5018, description="The entire quantity ordered is unavailable")
USUAL_ERRORS = {"PARTIAL": [UNAVAILABLE], "FAILED": [ALL_UNAVAILABLE]}
