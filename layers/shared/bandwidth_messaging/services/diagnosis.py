"""Runs the checks of a deployment one by one and explains their results to people."""

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum, auto
from http import HTTPStatus
from typing import Any, TypedDict

from bandwidth_messaging.bandwidth.credentials import IncompleteSecret
from bandwidth_messaging.bandwidth.errors import (
    BandwidthError,
    BandwidthRejected,
    BandwidthUnauthorized,
    BandwidthUnavailable,
)

logger = logging.getLogger(__name__)


class Result(StrEnum):
    """The result of a check."""

    OK = "ok"
    WRONG = "wrong"
    UNKNOWN = "unknown"


class AwsFailure(StrEnum):
    """How a call of AWS failed."""

    SECRET_MISSING = auto()
    SECRET_ACCESS_DENIED = auto()
    SECRET_UNAVAILABLE = auto()
    SECRET_NOT_JSON = auto()
    SERVICE_ERROR = auto()


@dataclass(frozen=True)
class Finding:
    """What a check found, and how to fix it. The `fix` of an `ok` finding is optional or not yet due."""

    result: Result
    found: str
    fix: str | None = None


class CheckView(TypedDict):
    """A check in the report."""

    check: str
    result: str
    found: str
    fix: str | None


class Report(TypedDict):
    """The report of all checks, in the order they ran."""

    healthy: bool
    summary: str
    checks: list[CheckView]


@dataclass(frozen=True)
class Credentials:
    """The fields of the secret that a check sends to Bandwidth, and the role that they need."""

    fields: tuple[str, ...]
    role: str


def ok(found: str, fix: str | None = None) -> Finding:
    """Return a finding without a problem."""
    return Finding(Result.OK, found, fix)


def wrong(found: str, fix: str) -> Finding:
    """Return a finding with a problem."""
    return Finding(Result.WRONG, found, fix)


def unknown(found: str, fix: str) -> Finding:
    """Return the finding of a check that could not be completed."""
    return Finding(Result.UNKNOWN, found, fix)


def check_secret(name: str, text: str, fields: Iterable[str]) -> Finding:
    """Return whether the text of a secret is a JSON object with valid fields. No finding shows a value."""
    try:
        secret = json.loads(text)
    except ValueError:
        secret = None
    if not isinstance(secret, dict):
        form = ", ".join(f'"{field}": "..."' for field in fields)
        return wrong(f"the secret {name} is not a JSON object", f"set the secret to {{{form}}}")
    problems = {field: explain_invalid_value(secret.get(field)) for field in fields}
    if found := [f"{field} {problem}" for field, problem in problems.items() if problem]:
        return wrong(
            f"in the secret {name}: {'; '.join(found)}",
            "set the fields to the bare values",
        )
    return ok(f"the secret {name} has {', '.join(fields)}")


def explain_invalid_value(value: Any) -> str | None:
    """Return why a value of a secret cannot be valid, None if it can. Never returns the value."""
    if value is None:
        return "is missing"
    if not isinstance(value, str):
        return "is not a string"
    if not value.strip(".\u2026 "):
        return "is empty"
    if value != value.strip():
        return "starts or ends with a space or a line break"
    if value[0] == value[-1] and value[0] in "\"'":
        return "is enclosed in extra quotes"
    return None


@dataclass(frozen=True)
class Diagnosis:
    """The findings by name of the check. A failed check does not stop the following checks.

    `classify_aws_error` returns how a call of AWS failed, None for an error of another kind.
    """

    classify_aws_error: Callable[[Exception], AwsFailure | None]
    findings: dict[str, Finding] = field(default_factory=dict)

    def check(
        self,
        name: str,
        run: Callable[[], Finding],
        credentials: Credentials | None = None,
        *,
        needs: str | None = None,
    ) -> bool:
        """Run a check unless the check it `needs` failed. Return whether the result is ok.

        `credentials` are those that the check sends to Bandwidth.
        """
        if needs and self.findings[needs].result != Result.OK:
            finding = unknown("not checked", f"fix {needs!r} first")
        else:
            finding = self._run(run, credentials)
        self.findings[name] = finding
        logger.info("check completed", extra={"check": name, "result": finding.result})
        return finding.result == Result.OK

    def report(self) -> Report:
        """Return `healthy`, a `summary` of one sentence, and all `checks` in the order they ran."""
        healthy = all(finding.result == Result.OK for finding in self.findings.values())
        checks: list[CheckView] = [
            {"check": name, "result": finding.result, "found": finding.found, "fix": finding.fix}
            for name, finding in self.findings.items()
        ]
        return {"healthy": healthy, "summary": self._summarize(), "checks": checks}

    def _summarize(self) -> str:
        names: dict[Result, list[str]] = {result: [] for result in Result}
        for name, finding in self.findings.items():
            names[finding.result].append(name)
        advised = [name for name in names[Result.OK] if self.findings[name].fix]
        parts = [
            f"{len(names[Result.OK])} of {len(self.findings)} checks passed",
            _list_names("wrong", names[Result.WRONG]),
            _list_names("unknown", names[Result.UNKNOWN]),
            _list_names("passed with advice", advised),
        ]
        return f"{'; '.join(filter(None, parts))}."

    def _run(self, run: Callable[[], Finding], credentials: Credentials | None) -> Finding:
        try:
            return run()
        except BandwidthError as error:
            return _explain_bandwidth_error(error, credentials)
        except IncompleteSecret as error:
            return wrong(str(error), "add the missing fields to the secret")
        except Exception as error:
            if failure := self.classify_aws_error(error):
                return _explain_aws_failure(failure, error)
            logger.exception("check failed")
            return unknown(
                f"the check failed with an internal error: {type(error).__name__}",
                "read the log of the function Doctor",
            )


def _list_names(title: str, names: Iterable[str]) -> str:
    listed = ", ".join(names)
    return f"{title}: {listed}" if listed else ""


def _explain_bandwidth_error(error: BandwidthError, credentials: Credentials | None) -> Finding:
    match error:
        case BandwidthUnauthorized():
            return _explain_unauthorized(error, credentials)
        case BandwidthUnavailable() if error.status is None:
            return wrong(
                str(error),
                "run the doctor again; if the error stays, check the URL of this API in the stack's "
                "parameters and the functions' route to the internet",
            )
        case BandwidthUnavailable():
            return unknown(
                str(error), "run the doctor again in a few minutes; see also Bandwidth's status page"
            )
        case BandwidthRejected():
            return wrong(str(error), "ask Bandwidth's support about this error code")
        case _:
            return unknown(str(error), "run the doctor again; if the error stays, ask Bandwidth's support")


def _explain_unauthorized(error: BandwidthUnauthorized, credentials: Credentials | None) -> Finding:
    if error.status is None:
        return wrong(str(error), "set clientId and clientSecret in the secret to valid values")
    fields, role = (credentials.fields, credentials.role) if credentials else ((), "for this request")
    if error.status == HTTPStatus.FORBIDDEN:
        return wrong(
            f"Bandwidth returns 403 ({error.words}): the credentials are valid but lack permission",
            f"in the Bandwidth App give the credentials the role {role} and access to this account; check "
            "BandwidthAccountId; if both are correct, ask Bandwidth's support to enable the feature",
        )
    return wrong(
        f"Bandwidth returns {error.status} ({error.words}): the credentials are not valid",
        f"set {' and '.join(fields)} in the secret to valid values",
    )


def _explain_aws_failure(failure: AwsFailure, error: Exception) -> Finding:
    match failure:
        case AwsFailure.SECRET_MISSING:
            return wrong(
                "the secret does not exist", "create the secret as the first step of the deployment describes"
            )
        case AwsFailure.SECRET_ACCESS_DENIED:
            return wrong(
                "the function has no access to the secret",
                "set BandwidthSecretName to the name of the secret; if a customer managed key encrypts the "
                "secret, allow the stack's functions to decrypt with the key",
            )
        case AwsFailure.SECRET_UNAVAILABLE:
            return unknown("Secrets Manager did not return the secret", "run the doctor again")
        case AwsFailure.SECRET_NOT_JSON:
            return unknown("the secret is not JSON", "fix 'secret' first")
        case AwsFailure.SERVICE_ERROR:
            return unknown(f"a call of AWS failed: {type(error).__name__}", "run the doctor again")
