"""Checks of a deployment: each on its own, and in words that say what is wrong and how to mend it."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any, Final, Literal

from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError, TransformParameterError
from botocore.exceptions import BotoCoreError, ClientError

from bandwidth_messaging.bandwidth.errors import (
    BandwidthError,
    BandwidthRejected,
    BandwidthUnauthorized,
    BandwidthUnavailable,
)
from bandwidth_messaging.runtime.wiring import IncompleteSecret

logger = logging.getLogger(__name__)

type Result = Literal["ok", "wrong", "unknown"]


@dataclass(frozen=True)
class Finding:
    """What a check found, and how to mend it; an `ok` one may say what will have to be done some day."""

    result: Result
    found: str
    mend: str | None = None


@dataclass(frozen=True)
class Credentials:
    """What a check asks Bandwidth with: fields of the secret, and the role that they need there."""

    fields: tuple[str, ...]
    role: str


def ok(found: str, mend: str | None = None) -> Finding:
    """Return that all is well here."""
    return Finding("ok", found, mend)


def wrong(found: str, mend: str) -> Finding:
    """Return that something is wrong here, and how to mend it."""
    return Finding("wrong", found, mend)


def unknown(found: str, mend: str) -> Finding:
    """Return that it could not be found out, and what is in the way."""
    return Finding("unknown", found, mend)


def problem_with(value: Any) -> str | None:
    """Return what is wrong with a value of a secret, never the value; None if nothing is to be seen."""
    if value is None:
        return "is missing"
    if not isinstance(value, str):
        return "is not text"
    if not value.strip(".\u2026 "):
        return "is empty"
    if value != value.strip():
        return "has a space or a line break at an end"
    if value[0] == value[-1] and value[0] in "\"'":
        return "is in quotes of its own"
    return None


class Diagnosis:
    """The findings so far, by the name of their check. One check that fails does not stop the others."""

    def __init__(self) -> None:
        self._findings: dict[str, Finding] = {}

    def check(
        self,
        name: str,
        look: Callable[[], Finding],
        credentials: Credentials | None = None,
        *,
        needs: str | None = None,
    ) -> bool:
        """Have a look and return whether all is well; without, if the check that it `needs` is not.

        `credentials` are what Bandwidth is asked with.
        """
        if needs and self._findings[needs].result != "ok":
            finding = unknown("not checked", f"mend {needs!r} first")
        else:
            finding = _look(look, credentials)
        self._findings[name] = finding
        logger.info("checked", extra={"check": name, "result": finding.result})
        return finding.result == "ok"

    def report(self) -> dict[str, Any]:
        """Return `healthy`, a `summary` of one sentence, and all `checks` in the order they were made."""
        not_ok = {name: each.result for name, each in self._findings.items() if each.result != "ok"}
        return {
            "healthy": not not_ok,
            "summary": self._summary(not_ok),
            "checks": [{"check": name, **asdict(finding)} for name, finding in self._findings.items()],
        }

    def _summary(self, not_ok: Mapping[str, Result]) -> str:
        wrong_ones = [name for name, result in not_ok.items() if result == "wrong"]
        parts = [f"wrong: {', '.join(wrong_ones)}"] if wrong_ones else []
        if unknown_ones := [name for name in not_ok if name not in wrong_ones]:
            parts.append(f"not known: {', '.join(unknown_ones)}")
        if later := [name for name, each in self._findings.items() if each.result == "ok" and each.mend]:
            parts.append(f"to be seen to: {', '.join(later)}")
        well = f"{len(self._findings) - len(not_ok)} of {len(self._findings)} checks are well"
        return f"{'; '.join([well, *parts])}."


def _look(look: Callable[[], Finding], credentials: Credentials | None) -> Finding:
    try:
        return look()
    except BandwidthUnauthorized as error:
        return _refused(error, credentials)
    except Exception as error:
        for kind, explain in _EXPLAINED.items():
            if isinstance(error, kind):
                return explain(error)
        logger.exception("a check failed")
        return unknown(
            f"the check itself failed: {type(error).__name__}", "the log of this function has more"
        )


def _refused(error: BandwidthUnauthorized, credentials: Credentials | None) -> Finding:
    if error.status is None:
        return wrong(str(error), "put values of clientId and clientSecret that work into the secret")
    said = f"Bandwidth answers {error.status} ({error.words})"
    fields, role = (credentials.fields, credentials.role) if credentials else ((), "that this needs")
    if error.status == HTTPStatus.FORBIDDEN:
        return wrong(
            f"{said}: it knows these credentials, but they may not do this",
            f"in the Bandwidth App give them the role {role} and access to this account, and see that "
            "BandwidthAccountId is its number; or the account lacks the feature: Bandwidth's support knows",
        )
    return wrong(
        f"{said}: it does not know these credentials",
        f"put values of {' and '.join(fields)} that work into the secret",
    )


def _unavailable(error: BandwidthUnavailable) -> Finding:
    if error.status is None:
        return wrong(
            str(error),
            "run this again; if it stays so, see that the stack has the right address of this API, and its "
            "functions a way to the internet",
        )
    return unknown(str(error), "run this again in a few minutes; Bandwidth's status page may tell more")


def _no_secret(error: GetParameterError) -> Finding:
    if "ResourceNotFoundException" in str(error):
        return wrong("there is no such secret", "create it, as the README's deployment begins")
    if "AccessDenied" in str(error):
        return wrong(
            "this function may not read the secret",
            "see that BandwidthSecretName is the secret's name; if a key of your own encrypts it, let the "
            "stack's functions decrypt with it",
        )
    return unknown("AWS did not hand out the secret", "run this again")


def _aws(error: Exception) -> Finding:
    return unknown(f"AWS did not answer as it should: {type(error).__name__}", "run this again")


_EXPLAINED: Final[dict[type[Exception], Callable[[Any], Finding]]] = {
    BandwidthUnavailable: _unavailable,
    BandwidthRejected: lambda error: wrong(str(error), "ask Bandwidth's support what this code means"),
    BandwidthError: lambda error: unknown(
        str(error), "run this again; if it stays so, ask Bandwidth's support"
    ),
    GetParameterError: _no_secret,
    TransformParameterError: lambda _: unknown("the secret is not JSON", "mend 'secret' first"),
    IncompleteSecret: lambda error: wrong(str(error), "put them into the secret"),
    BotoCoreError: _aws,
    ClientError: _aws,
}
