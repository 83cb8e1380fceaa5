"""The type of JSON responses: a response and its HTTP status. The endpoints return it."""

from flask import Response

JsonResponse = tuple[Response, int]
