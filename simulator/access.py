"""Authentication of a request to the account API or a messaging API, with Basic or an OAuth2 token."""

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
    credentials = request.authorization
    if credentials is None or credentials.type != "bearer" or account.config.generation == "classic":
        return False
    return account.tokens.is_valid(credentials.token)
