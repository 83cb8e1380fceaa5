"""The simulator's parts, put together once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from local.bandwidth.account import Account, AccountConfig
from local.bandwidth.callbacks import Courier
from local.bandwidth.capture import Capture
from local.bandwidth.faults import Faults
from local.bandwidth.messages import EVENT_TYPES, Messages
from local.bandwidth.orders import OrderBook


@dataclass(frozen=True)
class Settings:
    """How the simulator behaves. All times in seconds.

    `receipt_types` are the kinds of events sent about outgoing messages unless an outcome names its own.
    `callback_routes` maps a host suffix of callback URLs to the base URL they really go to.
    `retry_seconds` is the first wait after a callback that was not taken, doubling up to 10 s, at most
    `retry_limit` times.
    """

    receipt_seconds: float = 0.2
    order_seconds: float = 0.5
    receipt_types: Collection[str] = EVENT_TYPES
    callback_routes: Mapping[str, str] = field(default_factory=dict)
    retry_seconds: float = 1.0
    retry_limit: int = 20
    callback_timeout: float = 10.0
    callback_workers: int = 16


class Simulator:
    def __init__(self, config: AccountConfig, settings: Settings) -> None:
        self.account = Account(config)
        self.orders = OrderBook(self.account, settings.order_seconds)
        self.courier = Courier(
            settings.callback_routes,
            settings.retry_seconds,
            settings.retry_limit,
            settings.callback_timeout,
            settings.callback_workers,
        )
        self.messages = Messages(
            self.account, self.orders, self.courier, settings.receipt_seconds, settings.receipt_types
        )
        self.faults = Faults()
        self.capture = Capture()

    def reset(self) -> None:
        """Forget everything but the configuration."""
        for part in (self.faults, self.courier, self.messages, self.orders, self.account, self.capture):
            part.reset()
