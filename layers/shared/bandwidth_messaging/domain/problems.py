"""Errors of requests: invalid fields, missing resources and conflicts."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple

# The cause of a failed state has at most 32,768 characters.
_MAX_SHOWN: Final = 100


class ProblemCode(StrEnum):
    """What is wrong with a request, for programs. docs/problems.md describes each code.

    A code is never renamed, and never gets another meaning.
    """

    INVALID_FIELD = "invalid_field"
    SENDER_NOT_ACTIVE = "sender_not_active"
    SENDER_UNREGISTERED = "sender_unregistered"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    OPTED_OUT = "opted_out"
    POOL_UNUSABLE = "pool_unusable"
    MESSAGE_NOT_CANCELABLE = "message_not_cancelable"
    TOO_MANY_WEBHOOKS = "too_many_webhooks"
    CUSTOMER_ORDER_ID_USED = "customer_order_id_used"
    NOT_ENABLED = "not_enabled"
    CONCURRENT_CHANGE = "concurrent_change"
    VERIFICATION_NOT_ALLOWED = "verification_not_allowed"
    RATE_BACKLOG = "rate_backlog"
    BANDWIDTH_UNAVAILABLE = "bandwidth_unavailable"
    NOT_FOUND = "not_found"
    PATH_NOT_FOUND = "path_not_found"
    MISSING_SIGNATURE = "missing_signature"
    INVALID_SIGNATURE = "invalid_signature"
    CREDENTIALS_EXPIRED = "credentials_expired"
    ACCESS_DENIED = "access_denied"
    REQUEST_REJECTED = "request_rejected"
    REQUEST_TOO_LARGE = "request_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    THROTTLED = "throttled"
    INTERNAL_ERROR = "internal_error"


class FieldProblem(NamedTuple):
    """One wrong field: its name as in the request, and what is wrong with its value."""

    field: str
    detail: str


class InvalidInput(ValueError):
    """The input is invalid. The message names every wrong field, and `problems` lists them.

    State machines match this class by name.
    """

    def __init__(
        self, problems: Iterable[FieldProblem], code: ProblemCode = ProblemCode.INVALID_FIELD
    ) -> None:
        self.problems = tuple(problems)
        self.code = code
        shown = [f"{field}: {detail}" for field, detail in self.problems[:_MAX_SHOWN]]
        if len(self.problems) > _MAX_SHOWN:
            shown.append(f"and {len(self.problems) - _MAX_SHOWN} more")
        super().__init__("; ".join(shown))


class NotFound(Exception):
    """No resource has this id."""


class Backlog(Exception):
    """So many messages wait that this one would not be sent in time.

    `retry_after` is in seconds. It is None if the same request will not be accepted later either.
    """

    def __init__(self, message: str, *, retry_after: int | None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class ExecutionReplaced(Exception):
    """An execution may no longer change its order, because another execution continues the order.

    It was stopped or failed, its set-up was started again, and then it was redriven.
    """

    def __init__(self, customer_order_id: str, execution_arn: str) -> None:
        super().__init__(f"the order {customer_order_id} is now processed by the execution {execution_arn}")


class Unavailable(Exception):
    """Bandwidth did not process the request now. `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class Conflict(Exception):
    """The request conflicts with the current state of a resource. `code` says how."""

    def __init__(self, message: str, code: ProblemCode) -> None:
        self.code = code
        super().__init__(message)
