"""Authentication: users of the account API, users of the messaging API, and OAuth2 tokens."""

from flask import request

from simulator.account.account import Account
from simulator.basic_auth import is_authorized


def may_use_account(account: Account) -> bool:
    """Whether the request may use the account API. Its Basic users end with the classic generation."""
    config = account.config
    if config.generation != "current" and is_authorized(config.dashboard_user, config.dashboard_password):
        return True
    return _has_token(account)


def may_use_messaging(account: Account) -> bool:
    """Whether the request may use the messaging API: by token and secret in Basic, or by a bearer token."""
    config = account.config
    return is_authorized(config.messaging_token, config.messaging_secret) or _has_token(account)


def _has_token(account: Account) -> bool:
    given = request.authorization
    if given is None or given.type != "bearer" or account.config.generation == "classic":
        return False
    return account.tokens.is_good(given.token)
