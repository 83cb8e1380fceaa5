"""Basic credentials of the current request."""

from flask import request


def is_authorized(user: str, password: str) -> bool:
    given = request.authorization
    return given is not None and (given.username, given.password) == (user, password)
