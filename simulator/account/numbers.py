"""The owned and hosted numbers in service on the account, with their locations."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal


@dataclass(frozen=True)
class NumberOptions:
    """Whether a number can send messages, and its campaign: its own, none, or its location's."""

    sms: bool = True
    a2p: Literal["asSpecified", "off", "systemDefault"] = "systemDefault"
    message_class: str | None = None
    campaign_id: str | None = None


@dataclass(frozen=True)
class AccountNumber:
    """`number` has ten digits. `hosted_by` is the kind of order that imported the number.
    Only a hosted number can be without a location, if its order named none and the site had no default.
    `status` is Inservice or Aging.
    """

    number: str
    site_id: str
    location_id: str | None
    hosted_by: Literal["externalTns", "importTnOrders"] | None = None
    order_id: str | None = None
    options: NumberOptions = NumberOptions()
    status: str = "Inservice"
    since: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def is_hosted(self) -> bool:
        return self.hosted_by is not None

    @property
    def e164(self) -> str:
        return f"+1{self.number}"


class AccountNumbers:
    """The numbers of the account. Callers hold the account's lock and update the orders first."""

    def __init__(self) -> None:
        self._numbers: dict[str, AccountNumber] = {}
        self._aging: dict[str, AccountNumber] = {}

    def clear(self) -> None:
        self._numbers.clear()
        self._aging.clear()

    def add(self, *numbers: AccountNumber) -> None:
        """Add numbers in service. They replace existing numbers."""
        for each in numbers:
            self._aging.pop(each.number, None)
            self._numbers[each.number] = each

    def remove(self, number: str) -> AccountNumber | None:
        """Remove a number (ten digits) without aging. Returns None if the number does not exist."""
        return self._numbers.pop(number, None)

    def release(self, numbers: Iterable[str]) -> None:
        """Release numbers (ten digits) into aging."""
        for number in numbers:
            released = self._numbers.pop(number)
            self._aging[number] = replace(released, status="Aging", since=datetime.now(UTC))

    def get(self, number: str) -> AccountNumber | None:
        """Return a number in service by its ten digits or in E.164."""
        return self._numbers.get(number.removeprefix("+1"))

    def find(self, *, is_hosted: bool | None = None, location_id: str | None = None) -> list[AccountNumber]:
        """Return the numbers in the order they were added, filtered by kind and location."""
        return [
            each
            for each in self._numbers.values()
            if is_hosted in (None, each.is_hosted) and location_id in (None, each.location_id)
        ]

    def aging(self) -> list[AccountNumber]:
        return list(self._aging.values())
