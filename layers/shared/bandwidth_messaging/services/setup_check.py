"""Checks and completes the input of a state machine, and opens the record of its order."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from bandwidth_messaging.domain.number_search import NumberSearch
from bandwidth_messaging.domain.orders import Kind, build_customer_order_id
from bandwidth_messaging.domain.problems import FieldProblem, InvalidInput
from bandwidth_messaging.domain.releases import NumberRelease
from bandwidth_messaging.domain.setups import HostedMessagingSetup, MessagingV2Setup
from bandwidth_messaging.domain.texts import normalize
from bandwidth_messaging.domain.times import now, to_rfc3339
from bandwidth_messaging.domain.validation import parse

if TYPE_CHECKING:
    from bandwidth_messaging.store.letters import Letters
    from bandwidth_messaging.store.order_store import Orders

SETUPS: Final[dict[str, Any]] = {
    "hosted_messaging": HostedMessagingSetup,
    "messaging_v2": MessagingV2Setup,
    "release_numbers": NumberRelease,
}
"""The model of each state machine's input."""
# A state machine cannot cut a list of thousands of numbers fast enough.
_BATCH_SIZE: Final = 100
_MAX_LETTER_BYTES: Final = 10 * 1024 * 1024
_REJECTIONS: Final = {
    "used": "belongs to another order. Choose a new customerOrderId.",
    "undone": "was undone and its numbers were released. Choose a new customerOrderId.",
}

type SetupInput = HostedMessagingSetup | MessagingV2Setup | NumberRelease


@dataclass(frozen=True)
class Execution:
    """The execution of a state machine that an input belongs to."""

    kind: Kind
    name: str
    arn: str


@dataclass(frozen=True)
class SetupCheck:
    """Checks inputs against the stack's parameters."""

    orders: "Orders"
    letters: "Callable[[], Letters]"
    generation: str
    default_site_id: str
    stack_name: str
    letters_bucket: str
    has_order_notifications: bool

    def check(self, execution: Execution, raw: Any) -> dict[str, Any]:
        """Return the input with its defaults, its `customerOrderId` and its `deadline`.

        Raises InvalidInput, which names every invalid field.
        """
        given: SetupInput = parse(SETUPS[execution.kind], raw)
        if isinstance(given, NumberRelease):
            return self._check_release(execution, given)
        return self._check_setup(execution, given)

    def _check_release(self, execution: Execution, release: NumberRelease) -> dict[str, Any]:
        release_id = build_customer_order_id(execution.name)
        if not _is_dry_run(release):
            self._open(execution, release_id, release)
        return release.model_dump(by_alias=True) | {
            "customerOrderId": release_id,
            "setupOrderId": release.customer_order_id,
            "deadline": _deadline(release),
            "orderNotifications": self.has_order_notifications,
        }

    def _check_setup(
        self, execution: Execution, setup: HostedMessagingSetup | MessagingV2Setup
    ) -> dict[str, Any]:
        if problems := [*setup.problems_with(self.generation), *self._check_letter(setup)]:
            raise InvalidInput(problems)
        order_id = setup.customer_order_id or build_customer_order_id(execution.name)
        site_id = setup.site_id or self.default_site_id
        if not _is_dry_run(setup):
            self._open(execution, order_id, setup, site_id=site_id)
        checked = setup.model_dump(by_alias=True, exclude=set(NumberSearch.model_fields)) | {
            "customerOrderId": order_id,
            "siteId": site_id,
            "applicationName": setup.application_name or self.stack_name,
            "locationName": setup.location_name or _location_name(self.stack_name),
            "deadline": _deadline(setup),
            "quantity": setup.requested,
            "bandwidthApi": self.generation,
            "orderNotifications": self.has_order_notifications,
        }
        if isinstance(setup, MessagingV2Setup):
            return checked | {"search": setup.search()}
        numbers = setup.telephone_numbers
        starts = range(0, len(numbers), _BATCH_SIZE)
        return checked | {"batches": [numbers[start : start + _BATCH_SIZE] for start in starts]}

    def _check_letter(self, setup: HostedMessagingSetup | MessagingV2Setup) -> Iterator[FieldProblem]:
        """Yield why the letter cannot be sent. It is sent after the order is placed, which is too late."""
        if not isinstance(setup, HostedMessagingSetup) or (letter := setup.letter_of_authorization) is None:
            return
        bucket = self.letters_bucket
        if letter.bucket != bucket:
            detail = (
                f"must be {bucket}, the stack's LettersBucket"
                if bucket
                else "needs the stack's parameter LettersBucket"
            )
            yield FieldProblem("letterOfAuthorization.bucket", detail)
            return
        size = self.letters().size(letter.key)
        if size is None:
            detail = f"does not exist in {bucket}, or the stack may not read it"
            yield FieldProblem("letterOfAuthorization.key", detail)
        elif not 0 < size <= _MAX_LETTER_BYTES:
            yield FieldProblem("letterOfAuthorization.key", f"has {size} bytes; up to 10 MB may be sent")

    def _open(
        self, execution: Execution, order_id: str, given: SetupInput, *, site_id: str | None = None
    ) -> None:
        rejection = self.orders.open(
            order_id,
            kind=execution.kind,
            requested=given.requested,
            execution_arn=execution.arn,
            at=now(),
            digest=given.digest(),
            site_id=site_id,
            action=given.action if isinstance(given, HostedMessagingSetup) else None,
            generation=self.generation,
        )
        if rejection == "used" and isinstance(given, NumberRelease):
            detail = f"{order_id} belongs to another order. Start the release under another execution name."
            raise InvalidInput([FieldProblem("executionName", detail)])
        if rejection:
            raise InvalidInput([FieldProblem("customerOrderId", f"{order_id} {_REJECTIONS[rejection]}")])


def _is_dry_run(given: SetupInput) -> bool:
    """Return whether the input is a dry run, which changes nothing and has no record."""
    return not isinstance(given, MessagingV2Setup) and given.dry_run


def _deadline(given: SetupInput) -> str:
    return to_rfc3339((datetime.now(UTC) + timedelta(hours=given.deadline_hours)).isoformat())


def _location_name(stack_name: str) -> str:
    """Return a stack's name as a location's name, which has up to 50 letters, digits and spaces (13501)."""
    return normalize(stack_name.replace("-", " ")[:50])
