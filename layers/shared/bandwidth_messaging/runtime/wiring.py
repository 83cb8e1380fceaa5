"""Puts the parts together, each made on first use, so that a function loads only what it calls.

Clients and stores live as long as the Lambda environment; credentials are read again every five minutes.
"""

import gc
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config

# Configures the logs of every function, also of those that log nothing themselves.
from bandwidth_messaging.runtime import logging as _logging  # noqa: F401
from bandwidth_messaging.runtime.metrics import count
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.store.dynamodb import Table

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.parameters import SecretsProvider
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

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
    from bandwidth_messaging.domain.orders import Kind
    from bandwidth_messaging.services.callback_authorization import CallbackAuthorization
    from bandwidth_messaging.services.callback_intake import CallbackIntake
    from bandwidth_messaging.services.event_publishing import EventPublishing
    from bandwidth_messaging.services.media_archive import MediaArchive
    from bandwidth_messaging.services.quarantine_replay import ApplyNotification, QuarantineReplay
    from bandwidth_messaging.services.setup_start import SetupStart
    from bandwidth_messaging.store.archive import Archive
    from bandwidth_messaging.store.created_resources import CreatedResources
    from bandwidth_messaging.store.drift_store import Drift
    from bandwidth_messaging.store.leases import Leases
    from bandwidth_messaging.store.letters import Letters
    from bandwidth_messaging.store.message_store import Messages
    from bandwidth_messaging.store.number_store import Numbers
    from bandwidth_messaging.store.opt_out_store import OptOuts
    from bandwidth_messaging.store.order_store import Orders
    from bandwidth_messaging.store.queues import DeadLetters, Quarantine, SendQueue, WorkQueue
    from bandwidth_messaging.store.setup_requests import SetupRequests

# What is loaded stays: else the collector goes through all of it while the first client is made.
gc.freeze()

_SECRET_SECONDS = 300
# Shorter than every function's own timeout, so that a slow call is an error we see; 16 threads may share it.
_AWS = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=16,
)


class IncompleteSecret(RuntimeError):
    """A secret lacks a field."""


@cache
def _session() -> Any:
    # All that boto3 would do beside is load longer.
    return botocore.session.get_session()


@cache
def _dynamodb() -> "DynamoDBClient":
    client: DynamoDBClient = _session().create_client("dynamodb", config=_AWS)
    return client


@cache
def _sqs() -> "SQSClient":
    client: SQSClient = _session().create_client("sqs", config=_AWS)
    return client


@cache
def _s3() -> "S3Client":
    # Links must name the bucket's own region, and be signed for it.
    signing = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    client: S3Client = _session().create_client("s3", config=_AWS.merge(signing))
    return client


@cache
def step_functions() -> "SFNClient":
    client: SFNClient = _session().create_client("stepfunctions", config=_AWS)
    return client


@cache
def events() -> "EventBridgeClient":
    client: EventBridgeClient = _session().create_client("events", config=_AWS)
    return client


@cache
def _secrets_manager() -> "SecretsManagerClient":
    client: SecretsManagerClient = _session().create_client("secretsmanager", config=_AWS)
    return client


@cache
def messages() -> "Messages":
    from bandwidth_messaging.store.message_store import Messages

    return Messages(
        Table(_dynamodb(), settings().messages_table), retention_days=int(settings().message_retention_days)
    )


@cache
def numbers() -> "Numbers":
    from bandwidth_messaging.store.number_store import Numbers

    return Numbers(Table(_dynamodb(), settings().numbers_table))


@cache
def orders() -> "Orders":
    from bandwidth_messaging.store.order_store import Orders

    return Orders(Table(_dynamodb(), settings().numbers_table))


@cache
def setup_requests() -> "SetupRequests":
    from bandwidth_messaging.store.setup_requests import SetupRequests

    return SetupRequests(Table(_dynamodb(), settings().numbers_table))


@cache
def created_resources() -> "CreatedResources":
    from bandwidth_messaging.store.created_resources import CreatedResources

    return CreatedResources(Table(_dynamodb(), settings().numbers_table))


@cache
def drift() -> "Drift":
    from bandwidth_messaging.store.drift_store import Drift

    return Drift(Table(_dynamodb(), settings().numbers_table))


@cache
def leases() -> "Leases":
    from bandwidth_messaging.store.leases import Leases

    return Leases(Table(_dynamodb(), settings().numbers_table))


@cache
def letters() -> "Letters":
    from bandwidth_messaging.store.letters import Letters

    return Letters(_s3(), settings().letters_bucket)


@cache
def opt_outs() -> "OptOuts":
    from bandwidth_messaging.store.opt_out_store import OptOuts

    return OptOuts(Table(_dynamodb(), settings().numbers_table))


@cache
def send_queue() -> "SendQueue":
    from bandwidth_messaging.store.queues import SendQueue

    return SendQueue(_sqs(), settings().send_queue_url)


@cache
def quarantine() -> "Quarantine":
    from bandwidth_messaging.store.queues import Quarantine

    return Quarantine(_sqs(), settings().quarantine_queue_url, s3=_s3, bucket=settings().quarantine_bucket)


@cache
def dead_letters() -> "DeadLetters":
    from bandwidth_messaging.store.queues import DeadLetters

    return DeadLetters(
        _sqs(), settings().events_dead_letter_queue_url, s3=_s3, bucket=settings().quarantine_bucket
    )


@cache
def media_queue() -> "WorkQueue":
    from bandwidth_messaging.store.queues import WorkQueue

    return WorkQueue(_sqs(), settings().media_queue_url)


@cache
def archive() -> "Archive":
    from bandwidth_messaging.store.archive import Archive

    return Archive(_s3(), settings().media_bucket)


def is_current() -> bool:
    """Tell whether Bandwidth's API is that of today, and not the documents'."""
    return settings().bandwidth_api == "current"


def dashboard() -> "Dashboard":
    """Return the account API with the credentials of now."""
    return dashboard_current() if is_current() else _dashboard(dashboard_credentials())


def dashboard_current() -> "DashboardCurrent":
    """Return today's account API, for what only that has."""
    return _dashboard_today(_oauth_client())


def dashboard_credentials() -> "BasicCredentials":
    """Return the Dashboard user, whom Catapult too asks for when a number is imported."""
    return _credentials(settings().bandwidth_secret, "dashboardUser", "dashboardPassword")


@lru_cache(maxsize=1)
def _dashboard(auth: "Auth") -> "Dashboard":
    from bandwidth_messaging.bandwidth.dashboard import Dashboard

    return Dashboard(settings().dashboard_url, settings().bandwidth_account_id, auth)


@lru_cache(maxsize=1)
def _dashboard_today(auth: "Auth") -> "DashboardCurrent":
    from bandwidth_messaging.bandwidth.dashboard_current import DashboardCurrent

    return DashboardCurrent(settings().dashboard_url, settings().bandwidth_account_id, auth)


def registrations(*, seconds: float) -> "Registrations":
    """Return the registrations of today's account; all that is asked of them may take so many seconds."""
    from bandwidth_messaging.bandwidth.registration_center import Registrations

    return Registrations(
        settings().dashboard_url, settings().bandwidth_account_id, _oauth_client(), seconds=seconds
    )


def messaging() -> "Messaging":
    """Return the V2 messaging API with the credentials of now."""
    return _messaging_today(_oauth_client()) if is_current() else _messaging(_messaging_credentials())


def media() -> "Media":
    """Return the files of messages that came in, with the credentials of now."""
    return _media(_oauth_client() if is_current() else _messaging_credentials())


@lru_cache(maxsize=1)
def _media(auth: "Auth") -> "Media":
    from bandwidth_messaging.bandwidth.media_api import Media

    # A token of today's is none of the old host's business.
    hosts = (
        [settings().messaging_url] if is_current() else [settings().messaging_url, settings().catapult_url]
    )
    return Media(hosts, auth)


def _oauth_client() -> "OAuthClient":
    return _oauth_client_of(_client_credentials())


@lru_cache(maxsize=1)
def _oauth_client_of(credentials: "BasicCredentials") -> "OAuthClient":
    from bandwidth_messaging.bandwidth.oauth import OAuthClient

    return OAuthClient(settings().token_url, credentials, lambda: _client_credentials(fresh=True))


def _client_credentials(*, fresh: bool = False) -> "BasicCredentials":
    return _credentials(settings().bandwidth_secret, "clientId", "clientSecret", fresh=fresh)


def catapult() -> "Catapult":
    """Return the V1 API with the credentials of now."""
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
def _messaging_today(auth: "Auth") -> "MessagingCurrent":
    from bandwidth_messaging.bandwidth.messaging_current import MessagingCurrent

    return MessagingCurrent(settings().messaging_url, settings().bandwidth_account_id, auth)


def callback_credentials() -> "BasicCredentials":
    """Return what a callback must carry, and what Bandwidth is told to send."""
    return _credentials(settings().callback_secret, "username", "password")


def accepted_callback_credentials(*, fresh: bool = False) -> "list[BasicCredentials]":
    """Return what a callback may carry: our credentials, and while they are changed those before them.

    `fresh` reads the secret anew.
    """
    from bandwidth_messaging.bandwidth.credentials import BasicCredentials

    now = _credentials(settings().callback_secret, "username", "password", fresh=fresh)
    previous = _secret(settings().callback_secret).get("previousPassword")
    return [now, BasicCredentials(now.username, previous)] if previous else [now]


def callback_url_with_credentials() -> str:
    """Return our callback URL as V1 takes it: with the credentials inside."""
    from bandwidth_messaging.bandwidth.catapult import with_credentials

    return with_credentials(settings().callback_url, callback_credentials())


def callback_probe(url: str) -> "CallbackProbe":
    """Return a URL of our callback API, to be called as Bandwidth calls it."""
    from bandwidth_messaging.bandwidth.callback_probe import CallbackProbe

    return CallbackProbe(url)


def token_claims() -> dict[str, list[str]]:
    """Return what today's token says of who holds it: `accounts` and `roles`, as far as it says that."""
    return _oauth_client().claims()


def bandwidth_secret() -> str:
    """Return the text of Bandwidth's secret as it is now; from then on secrets and tokens are of now too."""
    _secrets.cache_clear()
    _oauth_client_of.cache_clear()
    return str(_secrets().get(settings().bandwidth_secret))


def _credentials(
    secret_name: str, username: str, password: str, *, fresh: bool = False
) -> "BasicCredentials":
    from bandwidth_messaging.bandwidth.credentials import BasicCredentials

    secret = _secret(secret_name, fresh=fresh)
    if missing := [name for name in (username, password) if not secret.get(name)]:
        message = f"the secret {secret_name} has no {' and no '.join(missing)}"
        raise IncompleteSecret(message)
    return BasicCredentials(secret[username], secret[password])


def _secret(secret_name: str, *, fresh: bool = False) -> dict[str, Any]:
    again = {"force_fetch": True} if fresh else {}
    secret: Any = _secrets().get(secret_name, transform="json", max_age=_SECRET_SECONDS, **again)
    return dict(secret)


@cache
def _secrets() -> "SecretsProvider":
    from aws_lambda_powertools.utilities.parameters import SecretsProvider

    return SecretsProvider(boto3_client=_secrets_manager())


# Services of callbacks, events and the ControlApi


def callback_intake() -> "CallbackIntake":
    """Return the service that stores message callbacks."""
    from bandwidth_messaging.services.callback_intake import CallbackIntake

    # Created before threads write: botocore's session is not thread-safe.
    return CallbackIntake(messages(), opt_outs, quarantine, count)


def quarantine_replay() -> "QuarantineReplay":
    """Return the service that replays quarantined callbacks."""
    from bandwidth_messaging.services.quarantine_replay import QuarantineReplay

    return QuarantineReplay(quarantine(), callback_intake().store, _apply_notification)


def _apply_notification() -> "ApplyNotification":
    # Loads lxml, which message callbacks do not need.
    from bandwidth_messaging.services import notifications

    return notifications.apply


@cache
def callback_authorization() -> "CallbackAuthorization":
    """Return the service that checks who calls the callback API."""
    from bandwidth_messaging.services.callback_authorization import CallbackAuthorization

    return CallbackAuthorization(
        lambda *, fresh=False: accepted_callback_credentials(fresh=fresh),
        settings().callback_source_addresses,
        count,
    )


def event_publishing() -> "EventPublishing":
    """Return the service that publishes table changes on the bus."""
    from bandwidth_messaging.api.bus_events import to_event
    from bandwidth_messaging.services.event_publishing import EventPublishing
    from bandwidth_messaging.store.event_bus import EventBus

    with_content = settings().events_include_text == "true"
    return EventPublishing(
        to_event=lambda record: to_event(record, with_content=with_content),
        bus=EventBus(events()),
        bus_name=settings().event_bus,
        source=settings().stack_name,
        dead_letters=dead_letters,
        count=count,
    )


def media_archive() -> "MediaArchive":
    """Return the service that archives media of inbound messages."""
    from bandwidth_messaging.services.media_archive import MediaArchive

    return MediaArchive(messages(), archive, media, count)


@cache
def media_links() -> "Archive | None":
    """Return the archive whose files the API links to, or None if the stack archives no media."""
    return archive() if settings().media_bucket else None


def setup_start() -> "SetupStart":
    """Return the service that starts set-ups."""
    from bandwidth_messaging.services.setup_start import SetupStart
    from bandwidth_messaging.store.executions import Executions

    state_machines: dict[Kind, str] = {
        "messaging_v2": settings().messaging_v2_state_machine,
        "hosted_messaging": settings().hosted_messaging_state_machine,
    }
    return SetupStart(
        orders(), setup_requests(), Executions(step_functions()), state_machines, settings().bandwidth_api
    )
