"""How Bandwidth says no."""


class RefusedError(Exception):
    """Bandwidth says no: an HTTP status, its error code (None where none is documented) and its words."""

    def __init__(self, status: int, code: str | None, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.code = code
        self.description = description
