"""Errors of the V1 (Catapult) API: status, category, code and text (page on errors)."""

from collections.abc import Mapping


class CatapultError(Exception):
    """A rejected V1 request. `details` are the named values of the error body. `message` is optional."""

    def __init__(
        self,
        status: int,
        category: str,
        code: str,
        message: str | None,
        details: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.category = category
        self.code = code
        self.message = message
        self.details = dict(details or {})
        self.headers = dict(headers or {})


def invalid(message: str) -> CatapultError:
    return CatapultError(400, "bad-request", "validation-error", message)


def missing(resource: str, name: str) -> CatapultError:
    words = f"The '{resource}' resource property '{name}' is required but was not present in the request"
    return CatapultError(400, "bad-request", "missing-property", words)


def blank(resource: str, name: str) -> CatapultError:
    words = f"The '{resource}' resource property '{name}' must contain at least one non-whitespace character"
    return CatapultError(400, "bad-request", "blank-property", words)


def not_found(kind: str, name: str) -> CatapultError:
    """Return the error of a missing resource. `kind` is application, number or media."""
    return CatapultError(404, "not-found", f"{kind}-not-found", f"The {kind} '{name}' could not be found")


def rate_limit_reached(reset: int) -> CatapultError:
    """Return the error of too many requests. `reset` is the end of the limit in epoch milliseconds."""
    return CatapultError(
        429,
        "too-many-requests",
        "rate-limit-reached",
        None,
        {"rateLimitResetTime": str(reset)},
        {"X-RateLimit-Reset": str(reset)},
    )


def message_rate_limit(messages_per_second: float, rate: float) -> CatapultError:
    return CatapultError(
        403,
        "limit",
        "message-rate-limit",
        f"You can send {messages_per_second:g} messages per 1 seconds, calculated as the average over 10 "
        f"seconds. Your rate is: {rate:.1f}",
    )


def message_delay_limit() -> CatapultError:
    return CatapultError(
        400, "bad-request", "message-delay-limit", "Message tried to be delayed over the maximum limit."
    )
