"""First state of every machine: the input is checked and completed, and the order's record opened."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.domain.number_search import NumberSearch
from bandwidth_messaging.domain.orders import customer_order_id
from bandwidth_messaging.domain.problems import FieldProblem, InvalidInput
from bandwidth_messaging.domain.releases import NumberRelease
from bandwidth_messaging.domain.setups import HostedMessagingSetup, MessagingV2Setup
from bandwidth_messaging.domain.texts import normalized
from bandwidth_messaging.domain.times import now, rfc3339
from bandwidth_messaging.domain.validation import parse
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.runtime.steps import aws_errors

# Numbers travel through the machine in batches of this size: cutting them there would take too long.
_BATCH = 100
_LONGEST_LETTER = 10 * 1024 * 1024
_SETUPS: dict[str, Any] = {
    "hosted_messaging": HostedMessagingSetup,
    "messaging_v2": MessagingV2Setup,
    "release_numbers": NumberRelease,
}

_REFUSED = {
    "used": "was used for another order; choose a new one",
    "undone": "was undone, and its numbers given back; choose another customerOrderId",
}

type Given = HostedMessagingSetup | MessagingV2Setup | NumberRelease


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return the set-up with nothing left out, its `customerOrderId` and its `deadline` (RFC 3339).

    `event` has `kind` (the machine's name), `input` (what the person gave), `executionName` and
    `executionArn`. What numbers to order comes back as `search`, and the numbers of a hosted set-up in
    `batches` (E.164). A release comes back with its own id as `customerOrderId`, and that of the set-up as
    `setupOrderId`.
    Raises InvalidInput that names every wrong field.
    """
    given = parse(_SETUPS[event["kind"]], event["input"])
    return _release(event, given) if isinstance(given, NumberRelease) else _set_up(event, given)


def _release(event: dict[str, Any], release: NumberRelease) -> dict[str, Any]:
    release_id = customer_order_id(event["executionName"])
    if not _is_dry_run(release):
        _open(event, release_id, release)
    return release.model_dump(by_alias=True) | {
        "customerOrderId": release_id,
        "setupOrderId": release.customer_order_id,
        "deadline": _deadline(release),
    }


def _set_up(event: dict[str, Any], setup: HostedMessagingSetup | MessagingV2Setup) -> dict[str, Any]:
    if problems := [*setup.problems_with(settings().bandwidth_api), *_problems_with_letter(setup)]:
        raise InvalidInput(problems)
    order_id = setup.customer_order_id or customer_order_id(event["executionName"])
    site_id = setup.site_id or settings().bandwidth_site_id
    if not _is_dry_run(setup):
        _open(event, order_id, setup, site_id=site_id)
    checked = setup.model_dump(by_alias=True, exclude=set(NumberSearch.model_fields)) | {
        "customerOrderId": order_id,
        "siteId": site_id,
        "applicationName": setup.application_name or settings().stack_name,
        "locationName": setup.location_name or _as_location_name(settings().stack_name),
        "deadline": _deadline(setup),
        "quantity": setup.requested,
        "bandwidthApi": settings().bandwidth_api,
        "orderNotifications": settings().order_notifications == "true",
    }
    if isinstance(setup, MessagingV2Setup):
        return checked | {"search": setup.search()}
    numbers = setup.telephone_numbers
    return checked | {
        "batches": [numbers[start : start + _BATCH] for start in range(0, len(numbers), _BATCH)],
    }


def _problems_with_letter(setup: HostedMessagingSetup | MessagingV2Setup) -> Iterator[FieldProblem]:
    """Yield why the letter cannot be sent later; an order without it should not be placed first."""
    if not isinstance(setup, HostedMessagingSetup) or (letter := setup.letter_of_authorization) is None:
        return
    bucket = settings().letters_bucket
    if letter.bucket != bucket:
        right = (
            f"must be {bucket}, the stack's LettersBucket" if bucket else "needs the parameter LettersBucket"
        )
        yield FieldProblem("letterOfAuthorization.bucket", right)
        return
    with aws_errors():
        size = wiring.letters().size(letter.key)
    if size is None:
        yield FieldProblem("letterOfAuthorization.key", f"is no document in {bucket} that the stack may read")
    elif not 0 < size <= _LONGEST_LETTER:
        yield FieldProblem("letterOfAuthorization.key", f"has {size} bytes; up to 10 MB may be sent")


def _open(event: dict[str, Any], order_id: str, given: Given, *, site_id: str | None = None) -> None:
    with aws_errors():
        refusal = wiring.orders().open(
            order_id,
            kind=event["kind"],
            requested=given.requested,
            execution_arn=event["executionArn"],
            at=now(),
            digest=given.digest(),
            site_id=site_id,
            action=given.action if isinstance(given, HostedMessagingSetup) else None,
            generation=settings().bandwidth_api,
        )
    if refusal == "used" and isinstance(given, NumberRelease):
        problem = "is that of another order; start the release under another execution name"
        raise InvalidInput([FieldProblem("executionName", f"{order_id} {problem}")])
    if refusal:
        raise InvalidInput([FieldProblem("customerOrderId", f"{order_id} {_REFUSED[refusal]}")])


def _is_dry_run(given: Given) -> bool:
    """A dry run changes nothing, so it leaves no record."""
    return not isinstance(given, MessagingV2Setup) and given.dry_run


def _deadline(given: Given) -> str:
    return rfc3339((datetime.now(UTC) + timedelta(hours=given.deadline_hours)).isoformat())


def _as_location_name(stack_name: str) -> str:
    """A location's name has up to 50 letters, digits and spaces (13501, 13502); a stack's has dashes too."""
    return normalized(stack_name.replace("-", " ")[:50])
