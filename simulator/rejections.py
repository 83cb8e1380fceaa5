"""Errors with which Bandwidth rejects a request."""

from collections.abc import Sequence


class RejectedError(Exception):
    """A rejected request: HTTP status, error code (None if none is documented) and description."""

    def __init__(self, status: int, code: str | None, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.code = code
        self.description = description


class MultipleRejectionsError(RejectedError):
    """Every error of one request. The first one sets status, code and description."""

    def __init__(self, errors: Sequence[RejectedError]) -> None:
        super().__init__(errors[0].status, errors[0].code, errors[0].description)
        self.errors = tuple(errors)
