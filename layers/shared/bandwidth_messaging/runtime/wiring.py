"""Builds clients, stores and services on first use, so that a function loads only what it calls.

Clients and stores live as long as the Lambda environment. Credentials are read again every five minutes.
Functions and the runtime call this module; services and the API receive what they need as arguments.
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
    from bandwidth_messaging.services.catapult_application import CatapultApplication
    from bandwidth_messaging.services.catapult_import import CatapultImport, CatapultRelease
    from bandwidth_messaging.services.doctor import Doctor
    from bandwidth_messaging.services.drift_check import DriftCheck
    from bandwidth_messaging.services.event_publishing import EventPublishing
    from bandwidth_messaging.services.find_or_create import OwnedResources
    from bandwidth_messaging.services.hosted_numbers import HostedNumbers
    from bandwidth_messaging.services.media_archive import MediaArchive
    from bandwidth_messaging.services.message_acceptance import MessageAcceptance
    from bandwidth_messaging.services.message_delivery import MessageDelivery
    from bandwidth_messaging.services.notifications import Notifications
    from bandwidth_messaging.services.number_activation import NumberActivation, NumberOrderCompletion
    from bandwidth_messaging.services.number_campaigns import NumberCampaigns
    from bandwidth_messaging.services.number_disconnect import NumberDisconnect
    from bandwidth_messaging.services.number_import import NumberImport
    from bandwidth_messaging.services.number_release import NumberRelease
    from bandwidth_messaging.services.preflight import PreflightCheck
    from bandwidth_messaging.services.provisioning import Provisioning
    from bandwidth_messaging.services.quarantine_replay import ApplyNotification, QuarantineReplay
    from bandwidth_messaging.services.registration_check import RegistrationCheck
    from bandwidth_messaging.services.release_plan import ReleasePlanner
    from bandwidth_messaging.services.resource_deletion import ResourceDeletion
    from bandwidth_messaging.services.send_checks import SendChecks
    from bandwidth_messaging.services.setup_check import SetupCheck
    from bandwidth_messaging.services.setup_start import SetupStart
    from bandwidth_messaging.services.unconfirmed import UnconfirmedMessages
    from bandwidth_messaging.store.archive import Archive
    from bandwidth_messaging.store.created_resources import CreatedResources
    from bandwidth_messaging.store.drift_store import Drift
    from bandwidth_messaging.store.executions import Executions
    from bandwidth_messaging.store.leases import Leases
    from bandwidth_messaging.store.letters import Letters
    from bandwidth_messaging.store.message_store import Messages
    from bandwidth_messaging.store.number_store import Numbers
    from bandwidth_messaging.store.opt_out_store import OptOuts
    from bandwidth_messaging.store.order_store import Orders
    from bandwidth_messaging.store.queues import DeadLetters, Quarantine, SendQueue, WorkQueue
    from bandwidth_messaging.store.setup_requests import SetupRequests

# Excludes loaded modules from garbage collection, which would run while the first client is built.
gc.freeze()

_SECRET_CACHE_SECONDS = 300
# Shorter than each function's timeout, so that a slow call raises an error. 16 threads may share a client.
_AWS_CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=16,
)


# AWS clients


@cache
def _session() -> Any:
    # botocore alone: boto3 would only add import time.
    return botocore.session.get_session()


@cache
def _dynamodb() -> "DynamoDBClient":
    client: DynamoDBClient = _session().create_client("dynamodb", config=_AWS_CONFIG)
    return client


@cache
def _sqs() -> "SQSClient":
    client: SQSClient = _session().create_client("sqs", config=_AWS_CONFIG)
    return client


@cache
def _s3() -> "S3Client":
    # A presigned link must name the bucket's region and be signed for this region.
    signing = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    client: S3Client = _session().create_client("s3", config=_AWS_CONFIG.merge(signing))
    return client


@cache
def step_functions() -> "SFNClient":
    client: SFNClient = _session().create_client("stepfunctions", config=_AWS_CONFIG)
    return client


@cache
def events() -> "EventBridgeClient":
    client: EventBridgeClient = _session().create_client("events", config=_AWS_CONFIG)
    return client


@cache
def _secrets_manager() -> "SecretsManagerClient":
    client: SecretsManagerClient = _session().create_client("secretsmanager", config=_AWS_CONFIG)
    return client


# Stores


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


# Services of set-ups and releases


def owned_resources() -> "OwnedResources":
    """Return the service that finds resources at Bandwidth or creates them once."""
    from bandwidth_messaging.services.find_or_create import OwnedResources

    return OwnedResources(leases(), created_resources())


def provisioning() -> "Provisioning":
    """Return the service that prepares applications and locations."""
    from bandwidth_messaging.services.provisioning import Provisioning

    return Provisioning(dashboard(), owned_resources(), callback_credentials)


def number_activation() -> "NumberActivation":
    """Return the service that activates the numbers of an order."""
    from bandwidth_messaging.services.number_activation import NumberActivation

    return NumberActivation(numbers(), preflight_check().check_home, registration_check().look_up_new)


def number_import() -> "NumberImport":
    """Return the service that imports and removes hosted numbers."""
    from bandwidth_messaging.services.number_import import NumberImport

    return NumberImport(numbers(), orders(), dashboard, dashboard_current)


def setup_check() -> "SetupCheck":
    """Return the service that checks the inputs of the state machines."""
    from bandwidth_messaging.services.setup_check import SetupCheck

    return SetupCheck(
        orders=orders(),
        letters=letters,
        generation=settings().bandwidth_api,
        default_site_id=settings().bandwidth_site_id,
        stack_name=settings().stack_name,
        letters_bucket=settings().letters_bucket,
        has_order_notifications=settings().order_notifications == "true",
    )


def catapult_application() -> "CatapultApplication":
    """Return the service that finds or creates the Catapult application of a set-up."""
    from bandwidth_messaging.services.catapult_application import CatapultApplication

    return CatapultApplication(
        catapult(), owned_resources(), settings().callback_url_v1, callback_credentials
    )


def catapult_import() -> "CatapultImport":
    """Return the service that imports hosted numbers at Catapult."""
    from bandwidth_messaging.services.catapult_import import CatapultImport

    return CatapultImport(
        numbers(),
        catapult(),
        dashboard_credentials(),
        settings().bandwidth_account_id,
        preflight_check().check_home,
    )


def catapult_release() -> "CatapultRelease":
    """Return the service that releases hosted numbers from Catapult."""
    from bandwidth_messaging.services.catapult_import import CatapultRelease

    return CatapultRelease(numbers(), catapult())


def number_order_completion() -> "NumberOrderCompletion":
    """Return the service that records how an order of new numbers ended."""
    from bandwidth_messaging.services.number_activation import NumberOrderCompletion

    return NumberOrderCompletion(number_activation(), numbers(), orders())


def number_campaigns() -> "NumberCampaigns":
    """Return the service that assigns numbers to campaigns."""
    from bandwidth_messaging.services.number_campaigns import NumberCampaigns

    return NumberCampaigns(dashboard_current, numbers())


def hosted_numbers() -> "HostedNumbers":
    """Return the service that distinguishes hosted numbers."""
    from bandwidth_messaging.services.hosted_numbers import HostedNumbers

    return HostedNumbers(numbers(), orders())


def release_planner() -> "ReleasePlanner":
    """Return the service that plans releases."""
    from bandwidth_messaging.services.release_plan import ReleasePlanner

    return ReleasePlanner(
        numbers=numbers(),
        orders=orders(),
        created_resources=created_resources(),
        hosted=hosted_numbers(),
        dashboard=dashboard,
        catapult=catapult,
        default_site_id=settings().bandwidth_site_id,
        generation=settings().bandwidth_api,
        notification_url=settings().notification_url,
    )


def number_release() -> "NumberRelease":
    """Return the service that starts and finishes releases."""
    from bandwidth_messaging.services.number_release import NumberRelease

    return NumberRelease(numbers(), orders(), settings().bandwidth_site_id)


def number_disconnect() -> "NumberDisconnect":
    """Return the service that disconnects the account's own numbers."""
    from bandwidth_messaging.services.number_disconnect import NumberDisconnect

    return NumberDisconnect(numbers(), orders(), dashboard)


def resource_deletion() -> "ResourceDeletion":
    """Return the service that deletes the resources of a set-up."""
    from bandwidth_messaging.services.resource_deletion import ResourceDeletion

    return ResourceDeletion(dashboard, catapult, hosted_numbers())


# Clients of Bandwidth


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


# Secrets


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
    return notifications().apply


def notifications() -> "Notifications":
    """Return the service that applies order notifications. It loads lxml."""
    from bandwidth_messaging.services.notifications import Notifications

    return Notifications(numbers, orders, executions, quarantine, count)


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


def executions() -> "Executions":
    """Return the executions of the state machines."""
    from bandwidth_messaging.store.executions import Executions

    return Executions(step_functions())


def setup_start() -> "SetupStart":
    """Return the service that starts set-ups."""
    from bandwidth_messaging.services.setup_start import SetupStart

    state_machines: dict[Kind, str] = {
        "messaging_v2": settings().messaging_v2_state_machine,
        "hosted_messaging": settings().hosted_messaging_state_machine,
    }
    return SetupStart(orders(), setup_requests(), executions(), state_machines, settings().bandwidth_api)


# Services of functions/checks


def drift_check() -> "DriftCheck":
    """Return the drift check."""
    from bandwidth_messaging.services.drift_check import DriftCheck

    return DriftCheck(numbers=numbers(), drift=drift(), locations=dashboard, catapult=catapult)


def registration_check() -> "RegistrationCheck":
    """Return the registration check."""
    from bandwidth_messaging.services.registration_check import RegistrationCheck

    return RegistrationCheck(numbers=numbers(), registrations=registrations if is_current() else None)


def doctor() -> "Doctor":
    """Return the doctor."""
    from bandwidth_messaging.runtime.aws_errors import classify_aws_error
    from bandwidth_messaging.services.doctor import Deployment, Doctor

    deployment = Deployment(
        is_current=is_current(),
        secret_name=settings().bandwidth_secret,
        account_id=settings().bandwidth_account_id,
        site_id=settings().bandwidth_site_id,
        callback_url_v1=settings().callback_url_v1,
        callback_url_v2=settings().callback_url_v2,
        probe_url_v1=_v1_url(settings().callback_probe_url),
        probe_url_v2=settings().callback_probe_url,
    )
    return Doctor(
        deployment=deployment,
        numbers=numbers(),
        dashboard=dashboard,
        catapult=catapult,
        messaging=messaging,
        registrations=registrations,
        probe=callback_probe,
        read_secret=bandwidth_secret,
        token_claims=token_claims,
        callback_credentials=callback_credentials,
        classify_aws_error=classify_aws_error,
    )


def _v1_url(url_v2: str) -> str:
    return f"{url_v2.removesuffix('/v2')}/v1"


# Services of sending


def send_checks() -> "SendChecks":
    """Return the checks of senders and recipients."""
    from bandwidth_messaging.services.send_checks import SendChecks

    return SendChecks(
        opt_outs=opt_outs(),
        unregistered_senders=settings().unregistered_senders,
        enforce_opt_outs=settings().enforce_opt_outs == "true",
    )


def message_acceptance() -> "MessageAcceptance":
    """Return the service that accepts messages for sending."""
    from bandwidth_messaging.services.message_acceptance import MessageAcceptance

    return MessageAcceptance(messages=messages(), send_queue=send_queue(), checks=send_checks())


def preflight_check() -> "PreflightCheck":
    """Return the check of a number's set-up before its first send."""
    from bandwidth_messaging.services.preflight import PreflightCheck

    return PreflightCheck(
        dashboard=dashboard,
        catapult=catapult,
        numbers=numbers,
        callback_url_v1=settings().callback_url_v1,
        callback_url_v2=settings().callback_url_v2,
        count=count,
    )


def unconfirmed_messages() -> "UnconfirmedMessages":
    """Return the service that resolves unconfirmed messages."""
    from bandwidth_messaging.services.unconfirmed import UnconfirmedMessages

    return UnconfirmedMessages(messages=messages(), messaging=messaging, count=count)


def message_delivery() -> "MessageDelivery":
    """Return the service that delivers messages to Bandwidth."""
    from datetime import timedelta

    from bandwidth_messaging.services.message_delivery import DeliveryTimes, MessageDelivery

    return MessageDelivery(
        messages=messages(),
        checks=send_checks(),
        preflight_check=preflight_check(),
        unconfirmed=unconfirmed_messages(),
        messaging=messaging,
        catapult=catapult,
        callback_url_with_credentials=callback_url_with_credentials,
        times=DeliveryTimes(
            send_deadline=timedelta(hours=float(settings().send_deadline_hours)),
            unconfirmed=timedelta(minutes=float(settings().unconfirmed_minutes)),
            max_delay_seconds=int(settings().longest_send_delay_seconds),
        ),
        count=count,
    )
