"""The numbers in service on the account, its own and those it hosts, and at which location each is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class AccountNumber:
    """`number` is ten digits. A hosted one lives with another carrier and was imported; only such a one may
    have no location (its order named none and the site had no default)."""

    number: str
    site_id: str
    location_id: str | None
    is_hosted: bool
    since: datetime


class AccountNumbers:
    """Whoever looks has the orders settled before; the account's lock guards it."""

    def __init__(self) -> None:
        self._numbers: dict[str, AccountNumber] = {}

    def clear(self) -> None:
        self._numbers.clear()

    def add(
        self, numbers: Iterable[str], site_id: str, location_id: str | None, *, is_hosted: bool = False
    ) -> None:
        """Put numbers (ten digits) into service. One that is there already moves."""
        now = datetime.now(UTC)
        for number in numbers:
            self._numbers[number] = AccountNumber(number, site_id, location_id, is_hosted, now)

    def remove(self, number: str) -> bool:
        """Whether there was such a number (ten digits)."""
        return self._numbers.pop(number, None) is not None

    def get(self, number: str) -> AccountNumber | None:
        """A number by its ten digits or in E.164."""
        return self._numbers.get(number.removeprefix("+1"))

    def find(self, *, is_hosted: bool | None = None, location_id: str | None = None) -> list[AccountNumber]:
        """The numbers in the order they came: all, the account's own or hosted ones, those of a location."""
        return [
            each
            for each in self._numbers.values()
            if is_hosted in (None, each.is_hosted) and location_id in (None, each.location_id)
        ]
