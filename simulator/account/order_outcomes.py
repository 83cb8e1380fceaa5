"""Outcomes of orders, set in advance by the control API for orders of every kind."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt

from simulator.telephone_numbers import ten_digits

Shape = Literal["document", "later"]


def _ten_digits(number: str) -> str:
    if found := ten_digits(number):
        return found
    raise ValueError(f"'{number}' is not a US telephone number")


Numbers = list[Annotated[str, AfterValidator(_ten_digits)]]


class OrderOutcomeError(BaseModel):
    """One entry of an order's ErrorList. `per_number` repeats the entry with each failed number.

    The Errors of an import or removal contain the entry once. It lists `numbers` if set. Otherwise it
    lists all failed numbers if `per_number` or the outcome's `failed_numbers` are set.
    """

    model_config = ConfigDict(extra="forbid")
    code: int
    description: str
    per_number: bool = False
    numbers: Numbers | None = None


class OrderOutcome(BaseModel):
    """How an order ends.

    RECEIVED, PROCESSING and BACKORDERED stay until the outcome is changed. BACKORDERED with
    `backordered_seconds` becomes COMPLETE after that time. COMPLETE is the default, limited by the supply.
    `completed` is the count of numbers that a PARTIAL order gets (default: half), or that a BACKORDERED
    order has already (default: 0). `errors` default to Bandwidth's usual ones.

    Imports and removals only: `failed_numbers` names the numbers that fail. `keep_failed_numbers` keeps them
    in TelephoneNumbers of the responses (default: as published). `shape` selects the response's form.
    """

    model_config = ConfigDict(extra="forbid")
    fate: Literal["COMPLETE", "PARTIAL", "FAILED", "BACKORDERED", "RECEIVED", "PROCESSING"]
    completed: NonNegativeInt | None = None
    errors: list[OrderOutcomeError] | None = Field(default=None, min_length=1)
    backordered_seconds: NonNegativeFloat | None = None
    failed_numbers: Numbers | None = None
    keep_failed_numbers: bool | None = None
    shape: Shape | None = None


COMPLETE = OrderOutcome(fate="COMPLETE")
UNAVAILABLE = OrderOutcomeError(code=5005, description="Telephone Number Unavailable", per_number=True)
SOME_UNAVAILABLE = OrderOutcomeError(
    code=5017,
    description="Only a partial quantity of the total telephone numbers ordered could be fulfilled",
)
ALL_UNAVAILABLE = OrderOutcomeError(code=5018, description="The entire quantity ordered is unavailable")
USUAL_ERRORS = {"PARTIAL": [UNAVAILABLE], "FAILED": [ALL_UNAVAILABLE]}
