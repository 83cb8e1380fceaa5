"""Authentication: users of the account API, users of the messaging API, and OAuth2 tokens."""

from flask import request

from simulator.account.account import Account
from simulator.basic_auth import is_authorized


def may_use_account(account: Account) -> bool:
    """Return whether the request may use the account API. The current generation has no Basic users."""
    config = account.config
    if config.generation != "current" and is_authorized(config.dashboard_user, config.dashboard_password):
        return True
    return _has_token(account)


def may_use_messaging(account: Account) -> bool:
    """Return whether the request may use the messaging API, with Basic or a bearer token."""
    config = account.config
    return is_authorized(config.messaging_token, config.messaging_secret) or _has_token(account)


def _has_token(account: Account) -> bool:
    given = request.authorization
    if given is None or given.type != "bearer" or account.config.generation == "classic":
        return False
    return account.tokens.is_valid(given.token)
