"""Drift: how Bandwidth's account and our numbers' records differ."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from hashlib import sha256
from json import dumps
from typing import Final, Literal, NotRequired, TypedDict

FIRST: Final = 100
"""How many findings are kept and told; the counts are those of all."""


class DriftState(StrEnum):
    """Whether the account and the records differ."""

    FOUND = "found"
    ENDED = "ended"


What = Literal["appeared", "vanished", "lostMessaging"]


class Finding(TypedDict):
    """A difference: one number (E.164), or `numbers` of them, at a location or an application."""

    what: What
    number: NotRequired[str]
    numbers: NotRequired[int]
    siteId: NotRequired[str]
    locationId: NotRequired[str]
    reason: str


def counted(findings: Iterable[Finding]) -> dict[str, int]:
    """Return how many numbers have appeared, vanished and lost their messaging, without those of none."""
    counts: Counter[str] = Counter()
    for finding in findings:
        counts[finding["what"]] += finding.get("numbers", 1)
    return dict(counts)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings so that the same ones are always the same list."""
    return sorted(findings, key=_words)


def digest_of(findings: Sequence[Finding]) -> str:
    """Return what tells these findings, in order, from all others."""
    return sha256("\n".join(map(_words, findings)).encode()).hexdigest()


def _words(finding: Mapping[str, object]) -> str:
    return dumps([finding["what"], dict(sorted(finding.items()))])
