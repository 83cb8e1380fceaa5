"""Imports and releases hosted numbers at Catapult, one request per number."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bandwidth_messaging.bandwidth.errors import BandwidthRejected, BandwidthUnavailable
from bandwidth_messaging.domain.numbers import NumberItem, NumberState
from bandwidth_messaging.domain.orders import Failure
from bandwidth_messaging.domain.times import now

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.catapult import Catapult
    from bandwidth_messaging.bandwidth.credentials import BasicCredentials
    from bandwidth_messaging.domain.numbers import Home, Preflight
    from bandwidth_messaging.store.number_store import Numbers

MIN_WAIT_SECONDS: Final = 60
"""The shortest wait at Catapult's limit. A limit that admits one number at a time must not fill the history
of the state machine."""


@dataclass(frozen=True)
class ImportedBatch:
    """How many numbers were imported, which failed, and after how long the others can be imported."""

    completed: int
    failures: list[Failure]
    wait_seconds: int = 0


@dataclass(frozen=True)
class CatapultImport:
    """Imports numbers that an order at the Dashboard added."""

    numbers: "Numbers"
    catapult: "Catapult"
    dashboard_credentials: "BasicCredentials"
    account_id: str
    check_home: "Callable[[Home], Preflight | None]"

    def import_batch(self, batch: Sequence[str], home: "Home") -> ImportedBatch:
        """Import the numbers (E.164) that no earlier run imported, failed or released."""
        ended = {
            item["number"]: item
            for item in self.numbers.get_all(batch)
            if item["state"] != NumberState.PENDING and home.owns(item)
        }
        failures: list[Failure] = [
            {"number": number, "code": item.get("errorCode"), "reason": str(item.get("reason"))}
            for number, item in ended.items()
            if item["state"] == NumberState.FAILED
        ]
        completed = len(ended) - len(failures)
        preflight = self.check_home(home)
        for number in batch:
            if number in ended:
                continue
            try:
                number_id = self.catapult.import_number(
                    number,
                    str(home.application_id),
                    account_id=self.account_id,
                    dashboard=self.dashboard_credentials,
                )
            except BandwidthRejected as error:
                failure: Failure = {"number": number, "code": error.code, "reason": error.words}
                self.numbers.fail(failure, home, now())
                failures.append(failure)
            except BandwidthUnavailable as error:
                if error.wait_seconds is None:
                    raise
                return ImportedBatch(completed, failures, max(error.wait_seconds, MIN_WAIT_SECONDS))
            else:
                self.numbers.activate(number, home, now(), number_id=number_id, preflight=preflight)
                completed += 1
        return ImportedBatch(completed, failures)


@dataclass(frozen=True)
class CatapultRelease:
    """Releases numbers from Catapult before the Dashboard removes them."""

    numbers: "Numbers"
    catapult: "Catapult"

    def release_batch(self, batch: Sequence[str]) -> tuple[int, int]:
        """Release the numbers (E.164) that Catapult has.

        Return the count of released numbers and the seconds to wait (0: the batch is done).
        """
        released = 0
        try:
            known = {item["number"]: item for item in self.numbers.get_all(batch)}
            for number in batch:
                # The read may miss a number that was recorded a moment ago.
                item = known.get(number, NumberItem(number=number, state=NumberState.RELEASING))
                if "detachedAt" not in item:
                    self._release(number, item.get("numberId"))
                released += 1
        except BandwidthUnavailable as error:
            if error.wait_seconds is None:
                raise
            return released, max(error.wait_seconds, MIN_WAIT_SECONDS)
        return released, 0

    def _release(self, number: str, number_id: str | None) -> None:
        number_id = number_id or next(iter(self.catapult.find_number(number) or ()), None)
        if number_id:
            self.catapult.release_number(number_id)
        self.numbers.record_detached(number, now())
