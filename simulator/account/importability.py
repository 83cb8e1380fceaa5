"""Importability of other carriers' numbers, set per number."""

from collections.abc import Sequence

from simulator.account.account import Account
from simulator.account.number_list_orders import NumbersError

# Codes of importTnChecker with their descriptions (error list).
WORDS = {
    19001: "Numbers are not in Service",
    19002: "Numbers are not in our Inventory, and failed NPAC check",
    19003: "Numbers are in blacklisted losing account",
    19004: "Numbers are in unmigrated losing account.",
    19005: "Messaging route is not configured.",
    19006: "Bandwidth numbers cannot be imported by this account at this time.",
    19007: "Account is not contracted for importing external numbers.",
    19008: "Non Bandwidth numbers cannot be imported by this account at this time.",
    19009: "No messaging route found",
    19010: "Unable to provision telephone numbers. Please contact Bandwidth Support.",
    19012: "Account is not migrated to new messaging",
}


class Importability:
    def __init__(self, account: Account) -> None:
        self._account = account
        self._codes: dict[str, int] = {}

    def reset(self) -> None:
        with self._account.lock:
            self._codes.clear()

    def decide(self, number: str, code: int | None) -> None:
        """Set the error code of a number (ten digits); None makes the number importable."""
        with self._account.lock:
            self._codes.pop(number, None)
            if code is not None:
                self._codes[number] = code

    def errors(self, numbers: Sequence[str]) -> list[NumbersError]:
        """Return one error per code for the numbers (ten digits) that cannot be imported."""
        with self._account.lock:
            by_code: dict[int, list[str]] = {}
            for each in numbers:
                found = self._account.numbers.get(each)
                is_owned = found is not None and not found.is_hosted
                if code := self._codes.get(each, 19006 if is_owned else None):
                    by_code.setdefault(code, []).append(each)
        return [NumbersError(code, WORDS[code], named) for code, named in by_code.items()]
