"""Preflight: whether what a number sends and receives would arrive, as Bandwidth's set-up of it stands."""

from typing import TypedDict


class Preflight(TypedDict):
    """What a look at Bandwidth found, and when (RFC 3339). `problems` name what is to be mended."""

    at: str
    ok: bool
    problems: list[str]
