"""Basic authentication of the current request."""

from flask import request


def is_authorized(user: str, password: str) -> bool:
    """Return whether the request has these Basic credentials."""
    credentials = request.authorization
    return credentials is not None and (credentials.username, credentials.password) == (user, password)
