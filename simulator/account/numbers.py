"""The numbers in service on the account, its own and those it hosts, and at which location each is."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal


@dataclass(frozen=True)
class NumberOptions:
    """Whether a number texts, and for which campaign: the one specified, none, or as its location has it."""

    sms: bool = True
    a2p: Literal["asSpecified", "off", "systemDefault"] = "systemDefault"
    message_class: str | None = None
    campaign_id: str | None = None


@dataclass(frozen=True)
class AccountNumber:
    """`number` is ten digits. One `hosted_by` a kind of order lives with another carrier and was imported by
    it; only such a one may have no location (its order named none and the site had no default). `status` is
    Inservice or Aging."""

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
    """Whoever looks has the orders settled before; the account's lock guards it."""

    def __init__(self) -> None:
        self._numbers: dict[str, AccountNumber] = {}
        self._aging: dict[str, AccountNumber] = {}

    def clear(self) -> None:
        self._numbers.clear()
        self._aging.clear()

    def add(self, *numbers: AccountNumber) -> None:
        """Put numbers into service. One that is there already moves."""
        for each in numbers:
            self._aging.pop(each.number, None)
            self._numbers[each.number] = each

    def remove(self, number: str) -> AccountNumber | None:
        """Take a number (ten digits) away as if it had never been there; None if it was not."""
        return self._numbers.pop(number, None)

    def give_back(self, numbers: Iterable[str]) -> None:
        """Let numbers of the account (ten digits) age."""
        for number in numbers:
            given = self._numbers.pop(number)
            self._aging[number] = replace(given, status="Aging", since=datetime.now(UTC))

    def get(self, number: str) -> AccountNumber | None:
        """A number in service by its ten digits or in E.164."""
        return self._numbers.get(number.removeprefix("+1"))

    def find(self, *, is_hosted: bool | None = None, location_id: str | None = None) -> list[AccountNumber]:
        """The numbers in the order they came: all, the account's own or hosted ones, those of a location."""
        return [
            each
            for each in self._numbers.values()
            if is_hosted in (None, each.is_hosted) and location_id in (None, each.location_id)
        ]

    def aging(self) -> list[AccountNumber]:
        return list(self._aging.values())
