"""Whether a number that lives with another carrier can be hosted, chosen by the number."""

from collections.abc import Sequence

from local.bandwidth.account import Account
from local.bandwidth.numbers_orders import NumbersError

# Codes of importTnChecker, and what they say (numbers specification).
WORDS = {
    19001: "The number is not in service.",
    19002: "The number is not in the inventory, and could not be looked up.",
    19003: "The losing account could not be determined.",
    19004: "The losing account does not release the number.",
    19005: "No messaging route is configured.",
    19006: "Bandwidth numbers cannot be imported by this account at this time.",
    19007: "The carrier of the number is not contracted.",
    19008: "The number's type is not contracted.",
    19009: "The account has no messaging route.",
    19010: "The number cannot be provisioned.",
    19012: "The account has not been migrated.",
}


class Importability:
    def __init__(self, account: Account) -> None:
        self._account = account
        self._codes: dict[str, int] = {}

    def reset(self) -> None:
        with self._account.lock:
            self._codes.clear()

    def decide(self, number: str, code: int | None) -> None:
        """Choose why a number (ten digits) cannot be imported; None lets it."""
        with self._account.lock:
            self._codes.pop(number, None)
            if code is not None:
                self._codes[number] = code

    def errors(self, numbers: Sequence[str]) -> list[NumbersError]:
        """Why some of these numbers (ten digits) cannot be imported, once for each reason."""
        with self._account.lock:
            of_code: dict[int, list[str]] = {}
            for each in numbers:
                found = self._account.numbers.get(each)
                is_ours = found is not None and not found.is_hosted
                if code := self._codes.get(each, 19006 if is_ours else None):
                    of_code.setdefault(code, []).append(each)
        return [NumbersError(code, WORDS[code], named) for code, named in of_code.items()]
