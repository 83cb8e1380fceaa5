"""Builds clients of Bandwidth's APIs with the current credentials.

Secrets are cached for five minutes. A client is built again when its credentials have changed.
"""

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from bandwidth_messaging.runtime import stores
from bandwidth_messaging.runtime.settings import settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.parameters import SecretsProvider

    from bandwidth_messaging.bandwidth.callback_probe import CallbackProbe
    from bandwidth_messaging.bandwidth.catapult import Catapult
    from bandwidth_messaging.bandwidth.credentials import BasicCredentials
    from bandwidth_messaging.bandwidth.dashboard import Dashboard
    from bandwidth_messaging.bandwidth.dashboard_current import DashboardCurrent
    from bandwidth_messaging.bandwidth.media_api import Media
    from bandwidth_messaging.bandwidth.messaging import Messaging
    from bandwidth_messaging.bandwidth.messaging_current import MessagingCurrent
    from bandwidth_messaging.bandwidth.oauth import OAuthClient
    from bandwidth_messaging.bandwidth.registration_center import Registrations
    from bandwidth_messaging.bandwidth.transport import Auth

_SECRET_CACHE_SECONDS = 300


def is_current() -> bool:
    """Return whether the stack uses the current generation of Bandwidth's APIs."""
    return settings().bandwidth_api == "current"


def dashboard() -> "Dashboard":
    """Return the client of the account API with the current credentials."""
    return dashboard_current() if is_current() else _dashboard(dashboard_credentials())


def dashboard_current() -> "DashboardCurrent":
    """Return the client of the current account API, for operations that the classic API lacks."""
    return _dashboard_current(_oauth_client())


def dashboard_credentials() -> "BasicCredentials":
    """Return the Dashboard user. Catapult requires these credentials to import a number."""
    return _credentials(settings().bandwidth_secret, "dashboardUser", "dashboardPassword")


@lru_cache(maxsize=1)
def _dashboard(auth: "Auth") -> "Dashboard":
    from bandwidth_messaging.bandwidth.dashboard import Dashboard

    return Dashboard(settings().dashboard_url, settings().bandwidth_account_id, auth)


@lru_cache(maxsize=1)
def _dashboard_current(auth: "Auth") -> "DashboardCurrent":
    from bandwidth_messaging.bandwidth.dashboard_current import DashboardCurrent

    return DashboardCurrent(settings().dashboard_url, settings().bandwidth_account_id, auth)


def registrations(seconds: float) -> "Registrations":
    """Return a client of the Registration Center whose requests take at most `seconds` in total."""
    from bandwidth_messaging.bandwidth.registration_center import Registrations

    return Registrations(
        settings().dashboard_url, settings().bandwidth_account_id, _oauth_client(), seconds=seconds
    )


def messaging() -> "Messaging":
    """Return the client of the V2 messaging API with the current credentials."""
    return _messaging_current(_oauth_client()) if is_current() else _messaging(_messaging_credentials())


def media() -> "Media":
    """Return the client for media of incoming messages with the current credentials."""
    return _media(_oauth_client() if is_current() else _messaging_credentials())


@lru_cache(maxsize=1)
def _media(auth: "Auth") -> "Media":
    from bandwidth_messaging.bandwidth.media_api import Media

    # A token of the current generation must not be sent to the classic host.
    hosts = (
        [settings().messaging_url] if is_current() else [settings().messaging_url, settings().catapult_url]
    )
    return Media(hosts, auth)


def _oauth_client() -> "OAuthClient":
    return _oauth_client_for(_client_credentials())


@lru_cache(maxsize=1)
def _oauth_client_for(credentials: "BasicCredentials") -> "OAuthClient":
    from bandwidth_messaging.bandwidth.oauth import OAuthClient

    return OAuthClient(settings().token_url, credentials, lambda: _client_credentials(fresh=True))


def _client_credentials(*, fresh: bool = False) -> "BasicCredentials":
    return _credentials(settings().bandwidth_secret, "clientId", "clientSecret", fresh=fresh)


def catapult() -> "Catapult":
    """Return the client of the V1 API with the current credentials."""
    return _catapult(_messaging_credentials())


@lru_cache(maxsize=1)
def _catapult(credentials: "BasicCredentials") -> "Catapult":
    from bandwidth_messaging.bandwidth.catapult import Catapult

    return Catapult(settings().catapult_url, settings().bandwidth_user_id, credentials)


def _messaging_credentials() -> "BasicCredentials":
    return _credentials(settings().bandwidth_secret, "messagingToken", "messagingSecret")


@lru_cache(maxsize=1)
def _messaging(auth: "Auth") -> "Messaging":
    from bandwidth_messaging.bandwidth.messaging import Messaging

    return Messaging(settings().messaging_url, settings().bandwidth_user_id, auth)


@lru_cache(maxsize=1)
def _messaging_current(auth: "Auth") -> "MessagingCurrent":
    from bandwidth_messaging.bandwidth.messaging_current import MessagingCurrent

    return MessagingCurrent(settings().messaging_url, settings().bandwidth_account_id, auth)


def callback_credentials() -> "BasicCredentials":
    """Return the credentials that Bandwidth sends with each callback."""
    return _credentials(settings().callback_secret, "username", "password")


def accepted_callback_credentials(*, fresh: bool = False) -> "list[BasicCredentials]":
    """Return the credentials a callback may have: the current ones, and during a rotation the previous ones.

    `fresh` bypasses the cache of the secret.
    """
    from bandwidth_messaging.bandwidth.credentials import BasicCredentials

    current = _credentials(settings().callback_secret, "username", "password", fresh=fresh)
    previous = _secret(settings().callback_secret).get("previousPassword")
    return [current, BasicCredentials(current.username, previous)] if previous else [current]


def callback_url_with_credentials() -> str:
    """Return the callback URL in the form that V1 requires: with the credentials inside."""
    from bandwidth_messaging.bandwidth.catapult import with_credentials

    return with_credentials(settings().callback_url_v1, callback_credentials())


def callback_probe(url: str) -> "CallbackProbe":
    """Return a client that calls a URL of the callback API as Bandwidth does."""
    from bandwidth_messaging.bandwidth.callback_probe import CallbackProbe

    return CallbackProbe(url)


def token_claims() -> dict[str, list[str]]:
    """Return the claims `accounts` and `roles` of the current token, if it has them."""
    return _oauth_client().claims()


def bandwidth_secret() -> str:
    """Return the text of Bandwidth's secret, read again, and drop all cached secrets and tokens."""
    _secrets.cache_clear()
    _oauth_client_for.cache_clear()
    return str(_secrets().get(settings().bandwidth_secret))


def webhook_master_secret() -> str:
    """Return the secret from which the signing secrets of the webhooks are derived."""
    return str(_secrets().get(settings().webhook_secret, max_age=_SECRET_CACHE_SECONDS))


def _credentials(
    secret_name: str, username: str, password: str, *, fresh: bool = False
) -> "BasicCredentials":
    from bandwidth_messaging.bandwidth.credentials import BasicCredentials, IncompleteSecret

    secret = _secret(secret_name, fresh=fresh)
    if missing := [name for name in (username, password) if not secret.get(name)]:
        message = f"the secret {secret_name} has no {' and no '.join(missing)}"
        raise IncompleteSecret(message)
    return BasicCredentials(secret[username], secret[password])


def _secret(secret_name: str, *, fresh: bool = False) -> dict[str, Any]:
    options = {"force_fetch": True} if fresh else {}
    secret: Any = _secrets().get(secret_name, transform="json", max_age=_SECRET_CACHE_SECONDS, **options)
    return dict(secret)


@cache
def _secrets() -> "SecretsProvider":
    from aws_lambda_powertools.utilities.parameters import SecretsProvider

    return SecretsProvider(boto3_client=stores.secrets_manager())
