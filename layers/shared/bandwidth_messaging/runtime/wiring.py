"""Builds services with the stores and clients that they use.

Functions and the runtime call this module. Services and the API receive what they need as arguments. A
builder imports its service, so that a function loads only what it calls.
"""

from functools import cache
from time import sleep
from typing import TYPE_CHECKING

from bandwidth_messaging.runtime import bandwidth_clients, stores
from bandwidth_messaging.runtime.metrics import count, record
from bandwidth_messaging.runtime.settings import settings, split_list

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bandwidth_messaging.api.bus_metrics import Measurement
    from bandwidth_messaging.domain.keywords import Keywords
    from bandwidth_messaging.domain.orders import Kind
    from bandwidth_messaging.domain.quiet_hours import QuietHours
    from bandwidth_messaging.network.webhook_client import WebhookClient
    from bandwidth_messaging.services.callback_authorization import CallbackAuthorization
    from bandwidth_messaging.services.callback_intake import CallbackIntake
    from bandwidth_messaging.services.carrier_retries import CarrierRetries
    from bandwidth_messaging.services.catapult_application import CatapultApplication
    from bandwidth_messaging.services.catapult_import import CatapultImport, CatapultRelease
    from bandwidth_messaging.services.doctor import Doctor
    from bandwidth_messaging.services.drift_check import DriftCheck
    from bandwidth_messaging.services.event_publishing import EventPublishing
    from bandwidth_messaging.services.execution_endings import ExecutionEndings, OrderEndings
    from bandwidth_messaging.services.find_or_create import OwnedResources
    from bandwidth_messaging.services.hosted_numbers import HostedNumbers, HostedRemoval
    from bandwidth_messaging.services.keyword_replies import KeywordReplies
    from bandwidth_messaging.services.lane_rates import LaneRates
    from bandwidth_messaging.services.letter_sending import LetterSending
    from bandwidth_messaging.services.manual_opt_outs import ManualOptOuts
    from bandwidth_messaging.services.media_archive import MediaArchive
    from bandwidth_messaging.services.message_acceptance import MessageAcceptance
    from bandwidth_messaging.services.message_cancellation import MessageCancellation
    from bandwidth_messaging.services.message_delivery import MessageDelivery
    from bandwidth_messaging.services.message_schedule import MessageSchedule
    from bandwidth_messaging.services.notifications import Notifications
    from bandwidth_messaging.services.number_activation import NumberActivation, NumberOrderCompletion
    from bandwidth_messaging.services.number_campaigns import NumberCampaigns
    from bandwidth_messaging.services.number_disconnect import NumberDisconnect
    from bandwidth_messaging.services.number_import import NumberImport
    from bandwidth_messaging.services.number_pools import NumberPools
    from bandwidth_messaging.services.number_release import NumberRelease
    from bandwidth_messaging.services.number_verification import NumberVerification
    from bandwidth_messaging.services.opt_out_transfer import OptOutTransfer
    from bandwidth_messaging.services.pacing import DefaultRates, Pacing
    from bandwidth_messaging.services.pool_choice import PoolChoice
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
    from bandwidth_messaging.services.usage_counting import UsageCounting
    from bandwidth_messaging.services.usage_report import Prices, UsageReport
    from bandwidth_messaging.services.webhook_delivery import WebhookDelivery
    from bandwidth_messaging.services.webhook_settings import WebhookSettings


def send_checks() -> "SendChecks":
    """Return the checks of senders and recipients."""
    from bandwidth_messaging.services.send_checks import SendChecks

    return SendChecks(
        opt_outs=stores.opt_outs(),
        unregistered_senders=settings().unregistered_senders,
        enforce_opt_outs=settings().enforce_opt_outs == "true",
    )


def message_acceptance() -> "MessageAcceptance":
    """Return the service that accepts messages for sending."""
    from datetime import timedelta

    from bandwidth_messaging.services.message_acceptance import MessageAcceptance
    from bandwidth_messaging.services.schedule_backlog import BacklogLimits, ScheduleBacklog

    limits = BacklogLimits(
        deadline=timedelta(hours=float(settings().send_deadline_hours)),
        is_refused=settings().backlog_policy == "refuse",
    )
    return MessageAcceptance(
        messages=stores.messages(),
        find_queue=stores.find_send_queue,
        checks=send_checks(),
        pool_choice=pool_choice,
        pacing=pacing(),
        limits=limits,
        schedule_backlog=ScheduleBacklog(stores.scheduled_segments, limits),
        quiet_hours=_quiet_hours(),
        uploads=stores.uploads,
        record=record,
        has_rcs=bandwidth_clients.is_current(),
    )


@cache
def pool_choice() -> "PoolChoice":
    """Return the service that chooses the number of a pool. It is loaded for messages from pools only."""
    from bandwidth_messaging.services.pool_choice import PoolChoice

    return PoolChoice(stores.pools(), pacing(), enforce_opt_outs=settings().enforce_opt_outs == "true")


def number_pools() -> "NumberPools":
    """Return the service that reads and changes the pools."""
    from bandwidth_messaging.services.number_pools import NumberPools

    return NumberPools(stores.pools(), stores.numbers())


def pacing() -> "Pacing":
    """Return the service that paces messages at the rates of their lanes."""
    from bandwidth_messaging.services.pacing import Pacing

    return Pacing(stores.lanes(), _default_rates())


def lane_rates() -> "LaneRates":
    """Return the service that reads and sets the rates of lanes."""
    from bandwidth_messaging.services.lane_rates import LaneRates

    return LaneRates(stores.lanes(), _default_rates())


def _default_rates() -> "DefaultRates":
    from bandwidth_messaging.services.pacing import DefaultRates

    return DefaultRates(
        account=_interval(settings().account_rate),
        campaign=_interval(settings().campaign_rate),
        toll_free=_interval(settings().toll_free_rate),
        number=_interval(settings().number_rate),
        high_share=int(settings().high_priority_share),
    )


def _interval(segments_per_second: str) -> int | None:
    """Return the interval of a rate. The rate 0 is no limit."""
    from bandwidth_messaging.domain.lanes import to_interval

    rate = float(segments_per_second)
    return to_interval(rate) if rate else None


def manual_opt_outs() -> "ManualOptOuts":
    """Return the service that records opt-outs and opt-ins of operators."""
    from bandwidth_messaging.services.manual_opt_outs import ManualOptOuts

    return ManualOptOuts(stores.numbers(), stores.opt_outs())


def opt_out_transfer() -> "OptOutTransfer":
    """Return the service that imports and exports opt-outs."""
    from bandwidth_messaging.services.opt_out_transfer import OptOutTransfer

    return OptOutTransfer(
        stores.files(), stores.opt_outs(), stores.numbers, settings().opt_out_scope == "stack"
    )


def preflight_check() -> "PreflightCheck":
    """Return the check of a number's set-up before its first send."""
    from bandwidth_messaging.services.preflight import PreflightCheck

    return PreflightCheck(
        dashboard=bandwidth_clients.dashboard,
        catapult=bandwidth_clients.catapult,
        numbers=stores.numbers,
        callback_url_v1=settings().callback_url_v1,
        callback_url_v2=settings().callback_url_v2,
        count=count,
    )


def unconfirmed_messages() -> "UnconfirmedMessages":
    """Return the service that resolves unconfirmed messages."""
    from bandwidth_messaging.services.unconfirmed import UnconfirmedMessages

    return UnconfirmedMessages(
        messages=stores.messages(),
        receipts=stores.receipts(),
        messaging=bandwidth_clients.messaging,
        count=count,
    )


def message_delivery() -> "MessageDelivery":
    """Return the service that delivers messages to Bandwidth."""
    from datetime import timedelta

    from bandwidth_messaging.services.message_delivery import DeliveryTimes, MessageDelivery

    return MessageDelivery(
        messages=stores.messages(),
        claims=stores.claims(),
        schedule=stores.schedule(),
        receipts=stores.receipts(),
        checks=send_checks(),
        preflight_check=preflight_check(),
        unconfirmed=unconfirmed_messages(),
        messaging=bandwidth_clients.messaging,
        catapult=bandwidth_clients.catapult,
        callback_url_with_credentials=bandwidth_clients.callback_url_with_credentials,
        pacing=pacing(),
        find_queue=stores.find_send_queue,
        times=DeliveryTimes(
            send_deadline=timedelta(hours=float(settings().send_deadline_hours)),
            unconfirmed=timedelta(minutes=float(settings().unconfirmed_minutes)),
            max_delay_seconds=int(settings().longest_send_delay_seconds),
        ),
        count=count,
        record=record,
        sleep=sleep,
        quiet_hours=_quiet_hours(),
        uploads=stores.uploads,
    )


def _quiet_hours() -> "QuietHours | None":
    """Return the quiet hours. Stacks without them do not load the data of time zones."""
    if not settings().quiet_hours:
        return None
    from bandwidth_messaging.domain.quiet_hours import QuietHours

    return QuietHours.parse(settings().quiet_hours)


def message_cancellation() -> "MessageCancellation":
    """Return the service that cancels messages."""
    from bandwidth_messaging.services.message_cancellation import MessageCancellation

    return MessageCancellation(stores.schedule(), stores.lanes, stores.scheduled_segments)


def message_schedule() -> "MessageSchedule":
    """Return the service that queues scheduled messages."""
    from bandwidth_messaging.services.message_schedule import MessageSchedule

    # Created before threads use them: botocore's session is not thread-safe.
    stores.create_send_queues()
    return MessageSchedule(stores.schedule(), stores.find_send_queue)


def callback_intake() -> "CallbackIntake":
    """Return the service that stores message callbacks."""
    from bandwidth_messaging.services.callback_intake import CallbackIntake

    # Created before threads write: botocore's session is not thread-safe.
    return CallbackIntake(
        stores.messages(),
        stores.receipts(),
        stores.opt_outs,
        stores.quarantine,
        keywords(),
        count,
        carrier_retries(),
    )


@cache
def keywords() -> "Keywords":
    """Return the keywords of the stack's languages, and its own."""
    from bandwidth_messaging.domain.keywords import Keywords
    from bandwidth_messaging.domain.opt_outs import KeywordKind

    own = {
        KeywordKind.OPT_OUT: settings().stop_words,
        KeywordKind.OPT_IN: settings().start_words,
        KeywordKind.HELP: settings().help_words,
    }
    return Keywords.of(
        split_list(settings().keyword_languages), {kind: split_list(words) for kind, words in own.items()}
    )


@cache
def keyword_replies() -> "KeywordReplies":
    """Return the service that replies to STOP, START and HELP."""
    from bandwidth_messaging.domain.opt_outs import KeywordKind
    from bandwidth_messaging.domain.replies import ReplyTexts
    from bandwidth_messaging.services.keyword_replies import KeywordReplies

    texts = {
        (KeywordKind.OPT_OUT, "en"): settings().stop_reply,
        (KeywordKind.OPT_OUT, "fr"): settings().stop_reply_fr,
        (KeywordKind.OPT_OUT, "es"): settings().stop_reply_es,
        (KeywordKind.OPT_IN, "en"): settings().start_reply,
        (KeywordKind.OPT_IN, "fr"): settings().start_reply_fr,
        (KeywordKind.OPT_IN, "es"): settings().start_reply_es,
        (KeywordKind.HELP, "en"): settings().help_reply,
        (KeywordKind.HELP, "fr"): settings().help_reply_fr,
        (KeywordKind.HELP, "es"): settings().help_reply_es,
    }
    return KeywordReplies(
        stores.messages(),
        stores.opt_outs(),
        stores.replies(),
        stores.high_send_queue,
        keywords(),
        ReplyTexts(texts),
    )


@cache
def carrier_retries() -> "CarrierRetries | None":
    """Return the service that repeats messages that a carrier failed, None if the stack repeats none."""
    max_retries = int(settings().carrier_retries or 0)
    if not max_retries:
        return None
    from bandwidth_messaging.services.carrier_retries import CarrierRetries

    classes = frozenset(split_list(settings().retry_error_classes))
    stores.create_send_queues()
    return CarrierRetries(stores.messages(), stores.schedule(), stores.find_send_queue, max_retries, classes)


def quarantine_replay() -> "QuarantineReplay":
    """Return the service that replays quarantined callbacks."""
    from bandwidth_messaging.services.quarantine_replay import QuarantineReplay

    return QuarantineReplay(stores.quarantine(), callback_intake().store, _apply_notification)


def _apply_notification() -> "ApplyNotification":
    return notifications().apply


def notifications() -> "Notifications":
    """Return the service that applies order notifications. It loads lxml."""
    from bandwidth_messaging.services.notifications import Notifications

    return Notifications(stores.numbers, stores.orders, stores.executions, stores.quarantine, count)


@cache
def callback_authorization() -> "CallbackAuthorization":
    """Return the service that checks who calls the callback API."""
    from bandwidth_messaging.services.callback_authorization import CallbackAuthorization

    return CallbackAuthorization(
        lambda *, fresh=False: bandwidth_clients.accepted_callback_credentials(fresh=fresh),
        settings().callback_source_addresses,
        count,
    )


def event_publishing() -> "EventPublishing":
    """Return the service that publishes table changes on the bus."""
    from bandwidth_messaging.api.bus_events import to_event
    from bandwidth_messaging.api.bus_metrics import measure
    from bandwidth_messaging.services.event_publishing import EventPublishing
    from bandwidth_messaging.store.event_bus import EventBus

    with_content = settings().events_include_text == "true"
    return EventPublishing(
        to_event=lambda record: to_event(record, with_content=with_content),
        bus=EventBus(stores.events()),
        bus_name=settings().event_bus,
        source=settings().stack_name,
        dead_letters=stores.dead_letters,
        count=count,
        measure=lambda events: _record_all(measure((each.detail_type, each.detail) for each in events)),
    )


def _record_all(measurements: "Iterable[Measurement]") -> None:
    for measurement in measurements:
        record(*measurement)


def media_archive() -> "MediaArchive":
    """Return the service that archives media of inbound messages."""
    from bandwidth_messaging.services.media_archive import MediaArchive

    return MediaArchive(
        stores.messages(), stores.archive_records(), stores.archive, bandwidth_clients.media, count
    )


def webhook_settings() -> "WebhookSettings":
    """Return the service that stores webhook endpoints."""
    from bandwidth_messaging.services.webhook_settings import WebhookSettings

    return WebhookSettings(
        stores.webhooks(),
        bandwidth_clients.webhook_master_secret if settings().webhook_secret else None,
        allow_local=settings().webhooks_allow_local == "true",
    )


def webhook_delivery() -> "WebhookDelivery":
    """Return the service that sends events to webhook endpoints."""
    from bandwidth_messaging.services.webhook_delivery import WebhookDelivery

    return WebhookDelivery(
        webhooks=stores.webhooks(),
        queue=stores.webhook_queue,
        client=_webhook_client,
        read_master_secret=bandwidth_clients.webhook_master_secret,
        count=count,
    )


@cache
def _webhook_client() -> "WebhookClient":
    from bandwidth_messaging.network.webhook_client import WebhookClient

    return WebhookClient(allow_local=settings().webhooks_allow_local == "true")


def execution_endings() -> "ExecutionEndings":
    """Return the service that records how executions ended."""
    from bandwidth_messaging.services.execution_endings import ExecutionEndings

    return ExecutionEndings(
        stores.executions(), order_endings(), stores.transfers(), settings().opt_outs_state_machine
    )


def order_endings() -> "OrderEndings":
    """Return the service that keeps orders equal to what became of their executions."""
    from bandwidth_messaging.services.execution_endings import OrderEndings

    return OrderEndings(stores.orders())


def usage_counting() -> "UsageCounting | None":
    """Return the service that counts usage, None if the stack counts none."""
    if settings().usage_counts != "true":
        return None
    from bandwidth_messaging.services.usage_counting import UsageCounting

    return UsageCounting(stores.usage(), count)


def usage_report() -> "UsageReport":
    """Return the service that sums usage."""
    from bandwidth_messaging.services.usage_report import UsageReport

    return UsageReport(stores.usage(), stores.numbers, settings().usage_counts == "true")


def prices() -> "Prices":
    """Return the prices of the stack's parameters."""
    from decimal import Decimal

    from bandwidth_messaging.services.usage_report import Prices

    return Prices(Decimal(settings().segment_price), Decimal(settings().mms_price))


def setup_start() -> "SetupStart":
    """Return the service that starts set-ups and releases."""
    from bandwidth_messaging.services.setup_start import SetupStart

    state_machines: dict[Kind, str] = {
        "messaging_v2": settings().messaging_v2_state_machine,
        "hosted_messaging": settings().hosted_messaging_state_machine,
        "release_numbers": settings().release_numbers_state_machine,
    }
    return SetupStart(
        stores.orders(),
        stores.setup_requests(),
        stores.executions(),
        order_endings(),
        state_machines,
        settings().bandwidth_api,
    )


def owned_resources() -> "OwnedResources":
    """Return the service that finds resources at Bandwidth or creates them once."""
    from bandwidth_messaging.services.find_or_create import OwnedResources

    return OwnedResources(stores.leases(), stores.created_resources())


def provisioning() -> "Provisioning":
    """Return the service that prepares applications and locations."""
    from bandwidth_messaging.services.provisioning import Provisioning

    return Provisioning(
        bandwidth_clients.dashboard(), owned_resources(), bandwidth_clients.callback_credentials
    )


def number_activation() -> "NumberActivation":
    """Return the service that activates the numbers of an order."""
    from bandwidth_messaging.services.number_activation import NumberActivation

    return NumberActivation(stores.numbers(), preflight_check().check_home, registration_check().look_up_new)


def number_import() -> "NumberImport":
    """Return the service that imports and removes hosted numbers."""
    from bandwidth_messaging.services.number_import import NumberImport

    return NumberImport(
        stores.numbers(), stores.orders(), bandwidth_clients.dashboard, bandwidth_clients.dashboard_current
    )


def letter_sending() -> "LetterSending":
    """Return the service that sends letters of authorization."""
    from bandwidth_messaging.services.letter_sending import LetterSending

    return LetterSending(bandwidth_clients.dashboard_current(), stores.letters())


def setup_check() -> "SetupCheck":
    """Return the service that checks the inputs of the state machines."""
    from bandwidth_messaging.services.setup_check import SetupCheck

    return SetupCheck(
        orders=stores.orders(),
        letters=stores.letters,
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
        bandwidth_clients.catapult(),
        owned_resources(),
        settings().callback_url_v1,
        bandwidth_clients.callback_credentials,
    )


def catapult_import() -> "CatapultImport":
    """Return the service that imports hosted numbers at Catapult."""
    from bandwidth_messaging.services.catapult_import import CatapultImport

    return CatapultImport(
        stores.numbers(),
        bandwidth_clients.catapult(),
        bandwidth_clients.dashboard_credentials(),
        settings().bandwidth_account_id,
        preflight_check().check_home,
    )


def catapult_release() -> "CatapultRelease":
    """Return the service that releases hosted numbers from Catapult."""
    from bandwidth_messaging.services.catapult_import import CatapultRelease

    return CatapultRelease(stores.numbers(), bandwidth_clients.catapult())


def number_order_completion() -> "NumberOrderCompletion":
    """Return the service that records how an order of new numbers ended."""
    from bandwidth_messaging.services.number_activation import NumberOrderCompletion

    return NumberOrderCompletion(number_activation(), stores.numbers(), stores.orders())


def number_campaigns() -> "NumberCampaigns":
    """Return the service that assigns numbers to campaigns."""
    from bandwidth_messaging.services.number_campaigns import NumberCampaigns

    return NumberCampaigns(bandwidth_clients.dashboard_current, stores.numbers())


def hosted_numbers() -> "HostedNumbers":
    """Return the service that distinguishes hosted numbers."""
    from bandwidth_messaging.services.hosted_numbers import HostedNumbers

    return HostedNumbers(stores.numbers(), stores.orders())


def hosted_removal() -> "HostedRemoval":
    """Return the service that starts the removal of hosted numbers."""
    from bandwidth_messaging.services.hosted_numbers import HostedRemoval

    return HostedRemoval(stores.numbers(), hosted_numbers())


def release_planner() -> "ReleasePlanner":
    """Return the service that plans releases."""
    from bandwidth_messaging.services.release_plan import ReleasePlanner

    return ReleasePlanner(
        numbers=stores.numbers(),
        orders=stores.orders(),
        created_resources=stores.created_resources(),
        hosted=hosted_numbers(),
        dashboard=bandwidth_clients.dashboard,
        catapult=bandwidth_clients.catapult,
        default_site_id=settings().bandwidth_site_id,
        generation=settings().bandwidth_api,
        notification_url=settings().notification_url,
    )


def number_release() -> "NumberRelease":
    """Return the service that starts and finishes releases."""
    from bandwidth_messaging.services.number_release import NumberRelease

    return NumberRelease(stores.numbers(), stores.orders(), settings().bandwidth_site_id)


def number_disconnect() -> "NumberDisconnect":
    """Return the service that disconnects the account's own numbers."""
    from bandwidth_messaging.services.number_disconnect import NumberDisconnect

    return NumberDisconnect(stores.numbers(), stores.orders(), bandwidth_clients.dashboard)


def resource_deletion() -> "ResourceDeletion":
    """Return the service that deletes the resources of a set-up."""
    from bandwidth_messaging.services.resource_deletion import ResourceDeletion

    return ResourceDeletion(bandwidth_clients.dashboard, bandwidth_clients.catapult, hosted_numbers())


def drift_check() -> "DriftCheck":
    """Return the drift check."""
    from bandwidth_messaging.services.drift_check import DriftCheck

    return DriftCheck(
        numbers=stores.numbers(),
        drift=stores.drift(),
        locations=bandwidth_clients.dashboard,
        catapult=bandwidth_clients.catapult,
    )


def registration_check() -> "RegistrationCheck":
    """Return the registration check."""
    from bandwidth_messaging.services.registration_check import RegistrationCheck

    return RegistrationCheck(
        numbers=stores.numbers(),
        registrations=bandwidth_clients.registrations if bandwidth_clients.is_current() else None,
    )


def number_verification() -> "NumberVerification":
    """Return the service that requests toll-free verifications."""
    from bandwidth_messaging.services.number_verification import NumberVerification

    return NumberVerification(
        numbers=stores.numbers(),
        leases=stores.leases(),
        registrations=bandwidth_clients.registrations if bandwidth_clients.is_current() else None,
        callback_url=settings().notification_url,
        credentials=bandwidth_clients.callback_credentials,
    )


def doctor() -> "Doctor":
    """Return the doctor."""
    from bandwidth_messaging.runtime.aws_errors import classify_aws_error
    from bandwidth_messaging.services.doctor import Deployment, Doctor

    deployment = Deployment(
        is_current=bandwidth_clients.is_current(),
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
        numbers=stores.numbers(),
        dashboard=bandwidth_clients.dashboard,
        catapult=bandwidth_clients.catapult,
        messaging=bandwidth_clients.messaging,
        registrations=bandwidth_clients.registrations,
        probe=bandwidth_clients.callback_probe,
        read_secret=bandwidth_clients.bandwidth_secret,
        token_claims=bandwidth_clients.token_claims,
        callback_credentials=bandwidth_clients.callback_credentials,
        classify_aws_error=classify_aws_error,
    )


def _v1_url(url_v2: str) -> str:
    return f"{url_v2.removesuffix('/v2')}/v1"
