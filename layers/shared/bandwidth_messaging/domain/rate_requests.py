"""Requests of the rates API: names of lanes, and the rate to set."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from bandwidth_messaging.domain.lanes import ACCOUNT
from bandwidth_messaging.domain.phone_numbers import to_e164
from bandwidth_messaging.domain.validation import CamelModel

MIN_RATE: Final = 0.001
"""Segments per second. One segment in 1,000 seconds is slower than any registration."""
MAX_RATE: Final = 1000
"""Segments per second, as in the parameters of the stack."""
# TCR's campaign ids: C and six letters or digits. Longer ones are accepted, as TCR does not promise a length.
_CAMPAIGN: Final = re.compile(r"C[A-Z0-9]{1,31}")
_HIDDEN_DIGIT: Final = re.compile(r"[0-9](?=[0-9]{4})")
_MAX_SHOWN: Final = 60
_LANES: Final = "Use account, campaign:CXXXXXX or number:+19195551212."


def to_lane_name(written: str) -> str:
    """Convert a lane as people write it to its name. A phone number alone means the number's lane.

    Raises ValueError if `written` is not a lane. The message contains the value and the forms of lanes.
    """
    if written == ACCOUNT:
        return ACCOUNT
    kind, separator, name = written.partition(":")
    if separator and kind == "campaign" and _CAMPAIGN.fullmatch(name):
        return written
    try:
        if not separator or kind == "number":
            return f"number:{to_e164(name if separator else written)}"
    except ValueError as error:
        message = f"{error} {_LANES}" if separator else _describe_unknown_lane(written)
        raise ValueError(message) from None
    raise ValueError(_describe_unknown_lane(written))


def _describe_unknown_lane(written: str) -> str:
    printable = "".join(char if char.isprintable() else "?" for char in written[:_MAX_SHOWN])
    # Errors reach logs, which contain only the last four digits of a number.
    shown = _HIDDEN_DIGIT.sub("x", printable)
    return f'"{shown}" is not a lane. {_LANES}'


def _check_rate(rate: float) -> float:
    if not MIN_RATE <= rate <= MAX_RATE:
        message = (
            f"{rate:g} is not a rate. Use {MIN_RATE} to {MAX_RATE} segments per second, or null for the rate "
            "of the stack's parameter."
        )
        raise ValueError(message)
    return rate


LaneName = Annotated[str, AfterValidator(to_lane_name)]
"""The name of a lane, as people write it."""


class NewRate(CamelModel):
    """Body of PUT /rates/{lane}."""

    segments_per_second: Annotated[float, AfterValidator(_check_rate)] | None = Field(
        description="Rate of the lane, from 0.001 to 1000. null returns to the rate of the stack's parameter",
        strict=True,
        examples=[1.25],
    )
