"""Client of a stack's ControlApi: signed requests, retries and pages, as docs/openapi.json describes them."""

from .api import Client, Problem
from .description import OPERATIONS, Operation

__all__ = ["OPERATIONS", "Client", "Operation", "Problem"]
