"""All parts of one simulator, connected."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from simulator.account.account import Account
from simulator.account.config import AccountConfig
from simulator.account.disconnects import Disconnects
from simulator.account.external_tns import ExternalTns
from simulator.account.importability import Importability
from simulator.account.imports import Imports, Removals
from simulator.account.number_options import NumberOptionsOrders
from simulator.account.number_supply import NumberSupply
from simulator.account.order_outcomes import Shape
from simulator.account.orders import OrderBook
from simulator.account.registrations import Registrations
from simulator.account.subscriptions import Subscriptions
from simulator.account.verifications import Verifications
from simulator.callbacks import Courier
from simulator.capture import Capture
from simulator.catapult.catapult import Catapult
from simulator.catapult.messages import MessagesV1
from simulator.catapult.messages_api import MessageLocation
from simulator.faults import Faults
from simulator.messaging.events import Events, Style
from simulator.messaging.inbound_messages import InboundMessages
from simulator.messaging.media import MediaStore
from simulator.messaging.message_log import MessageLog
from simulator.messaging.messages import Messages
from simulator.messaging.outcomes import EVENT_TYPES, Outcomes
from simulator.messaging.rcs import Rcs
from simulator.messaging.sent_messages import SentMessages
from simulator.rate_limits import DOCUMENTED, LIFTED, RateLimits


@dataclass(frozen=True)
class Settings:
    """Settings of the simulator. All times are in seconds.

    `receipt_types` are the event types sent for outgoing messages, unless an outcome names other types.
    `callback_routes` maps a host suffix of callback URLs to the base URL that the simulator calls.
    `retry_seconds` is the first wait after a callback that was not accepted. The wait doubles up to 10 s.
    `retry_limit` is the maximum count of retries. V1 does not retry.
    `external_tns_shape` selects the published form of externalTns responses, `message_location` that of the
    Location of a V1 message. With `catapult_pace` V1 has its documented rate limits, otherwise none.
    With `needs_letter` an import with LoaType SUBSCRIBER waits for a letter of authorization. With
    `enforce_registration` messages of numbers without a campaign or verification fail.
    `event_style` is the form of V2's events.
    """

    receipt_seconds: float = 0.2
    order_seconds: float = 0.5
    receipt_types: Collection[str] = EVENT_TYPES
    callback_routes: Mapping[str, str] = field(default_factory=dict)
    retry_seconds: float = 1.0
    retry_limit: int = 20
    callback_timeout: float = 10.0
    callback_workers: int = 16
    external_tns_shape: Shape = "document"
    message_location: MessageLocation = "absolute"
    catapult_pace: bool = False
    needs_letter: bool = True
    enforce_registration: bool = False
    event_style: Style = field(default_factory=Style)


class Simulator:
    def __init__(self, config: AccountConfig, settings: Settings) -> None:
        self.settings = settings
        self.account = Account(config)
        self.supply = NumberSupply(self.account)
        self.orders = OrderBook(self.account, self.supply, settings.order_seconds)
        self.disconnects = Disconnects(self.account, self.orders, settings.order_seconds)
        self.external_tns = ExternalTns(
            self.account, self.orders, settings.order_seconds, settings.external_tns_shape
        )
        self.importability = Importability(self.account)
        self.imports = Imports(
            self.account,
            self.orders,
            self.importability,
            settings.order_seconds,
            needs_letter=settings.needs_letter,
        )
        self.removals = Removals(self.account, self.orders, settings.order_seconds)
        self.registrations = Registrations(self.account, enforced=settings.enforce_registration)
        self.number_options = NumberOptionsOrders(
            self.account, self.orders, self.registrations, settings.order_seconds
        )
        self.catapult = Catapult(self.account, self.external_tns)
        self.rate_limits = RateLimits(DOCUMENTED if settings.catapult_pace else LIFTED)
        self.courier = Courier(
            settings.callback_routes,
            settings.retry_seconds,
            settings.retry_limit,
            settings.callback_timeout,
            settings.callback_workers,
        )
        self.subscriptions = Subscriptions(self.account, self.courier)
        self.verifications = Verifications(self.account, self.registrations, self.courier)
        self.outcomes = Outcomes(settings.receipt_seconds, settings.receipt_types)
        self.sent = SentMessages()
        self.media = MediaStore()
        self.message_log = MessageLog()
        self.events = Events(settings.event_style)
        self.rcs = Rcs()
        self.messages = Messages(
            self.account,
            self.orders,
            self.registrations,
            self.courier,
            self.outcomes,
            self.sent,
            self.message_log,
            self.events,
            self.rcs,
        )
        self.inbound = InboundMessages(
            self.account, self.orders, self.courier, self.media, self.message_log, self.events, self.rcs
        )
        self.messages_v1 = MessagesV1(
            self.account,
            self.external_tns,
            self.catapult,
            self.courier,
            self.outcomes,
            self.sent,
            self.media,
        )
        self.faults = Faults()
        self.capture = Capture()

    def close(self) -> None:
        """Stop the threads."""
        self.subscriptions.close()
        self.courier.close()

    def reset(self) -> None:
        """Delete everything except the configuration."""
        for part in (
            self.faults,
            self.subscriptions,
            self.courier,
            self.outcomes,
            self.sent,
            self.message_log,
            self.events,
            self.rcs,
            self.media,
            self.catapult,
            self.external_tns,
            self.imports,
            self.removals,
            self.importability,
            self.number_options,
            self.registrations,
            self.verifications,
            self.disconnects,
            self.orders,
            self.supply,
            self.account,
            self.rate_limits,
            self.capture,
        ):
            part.reset()
