"""The type of the JSON responses that the simulator's endpoints return."""

from flask import Response

# The body and the HTTP status.
JsonResponse = tuple[Response, int]
