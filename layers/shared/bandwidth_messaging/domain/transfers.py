"""Transfers (imports and exports) of opt-outs, and what is stored of those that ended without success."""

from datetime import timedelta
from enum import StrEnum
from typing import Final, Literal, get_args

TransferAction = Literal["IMPORT", "EXPORT"]
TRANSFER_ACTIONS: Final[tuple[TransferAction, ...]] = get_args(TransferAction)
MAX_KEY_CHARACTERS: Final = 900

RETENTION: Final = timedelta(days=90)
"""How long a failed transfer is kept. Step Functions keeps its execution as long."""


class TransferState(StrEnum):
    """The states of a transfer that has failed at least once. It runs again after a redrive."""

    FAILED = "failed"
    RUNNING = "running"
