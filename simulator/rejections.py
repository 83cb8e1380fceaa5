"""How Bandwidth says no."""

from collections.abc import Sequence


class RejectedError(Exception):
    """Bandwidth says no: an HTTP status, its error code (None where none is documented) and its words."""

    def __init__(self, status: int, code: str | None, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.code = code
        self.description = description


class MultipleRejectionsError(RejectedError):
    """Everything that is wrong with a request, said at once; the first of it counts."""

    def __init__(self, errors: Sequence[RejectedError]) -> None:
        super().__init__(errors[0].status, errors[0].code, errors[0].description)
        self.errors = tuple(errors)
