"""Hosted Messaging today: which numbers can be imported, asked before anything is made or ordered."""

from functools import partial

from bandwidth_messaging.domain.numbers import Home, NumberState
from bandwidth_messaging.domain.orders import Failure
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.domain.validation import CamelModel
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import REASON_CHARACTERS, StepInput, StepResult, shown, step
from bandwidth_messaging.services.parallel import for_each

_REASONS_SHOWN = 50


class Request(StepInput):
    site_id: str
    sip_peer_id: str | None
    batches: list[list[str]]
    dry_run: bool


class Refused(CamelModel):
    """Numbers that cannot be imported, and the one reason for all of them.

    A reason of Bandwidth's that names the number has "(number)" in its place.
    """

    code: str | None
    reason: str
    numbers: list[str]


class Result(StepResult):
    """`batches` are the numbers that go on, `failed` counts the others, `failures` has the first hundred.

    A dry run has all numbers, each once, in `importable` or `refused`, and neither batches nor failures.
    """

    batches: list[list[str]]
    failed: int
    failures: tuple[Failure, ...]
    importable: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()


@step("Check Numbers", Request)
def handler(request: Request) -> Result:
    """Ask Bandwidth about all numbers (E.164), and record why those failed that cannot be imported.

    A dry run records nothing. Once the order may be at Bandwidth its numbers are not asked about again: they
    are the account's by then, and so cannot be imported.
    """
    numbers = [number for batch in request.batches for number in batch]
    if not request.dry_run and wiring.orders().was_attempted(request.customer_order_id):
        return _result(request, _failed_before(request, numbers), "asked before")
    checked = wiring.dashboard_current().check_numbers(
        numbers, site_id=request.site_id, sip_peer_id=request.sip_peer_id
    )
    failures = [failure for failure in checked.failures if failure["number"]]
    how = f"{len(numbers) - len(failures)} of {len(numbers)} can be imported"
    if request.dry_run:
        return _result(request, failures, f"dry run: {how}")
    home = Home(
        api="v2",
        customer_order_id=request.customer_order_id,
        site_id=request.site_id,
        location_id=request.sip_peer_id,
    )
    for_each(failures, partial(wiring.numbers().fail, home=home, at=now()))
    return _result(request, failures, how)


def _failed_before(request: Request, numbers: list[str]) -> list[Failure]:
    return [
        {"number": item["number"], "code": item.get("errorCode"), "reason": item["reason"]}
        for item in wiring.numbers().get_all(numbers)
        if item["state"] == NumberState.FAILED and item.get("customerOrderId") == request.customer_order_id
    ]


def _result(request: Request, failures: list[Failure], detail: str) -> Result:
    failed = {failure["number"] for failure in failures}
    batches = [[number for number in batch if number not in failed] for batch in request.batches]
    if request.dry_run:
        return Result(
            batches=[],
            failed=len(failures),
            failures=(),
            importable=tuple(number for batch in batches for number in batch),
            refused=_by_reason(failures),
            detail=detail,
        )
    return Result(
        batches=[batch for batch in batches if batch],
        failed=len(failures),
        failures=shown(failures),
        detail=detail,
    )


def _by_reason(failures: list[Failure]) -> tuple[Refused, ...]:
    """Group the failures by code and reason: the 49 most frequent groups, and one for the others."""
    groups: dict[tuple[str | None, str], list[str]] = {}
    for failure in failures:
        number = str(failure["number"])
        groups.setdefault((failure["code"], _without_number(failure["reason"], number)), []).append(number)
    refused = [Refused(code=code, reason=reason, numbers=of) for (code, reason), of in groups.items()]
    if len(refused) <= _REASONS_SHOWN:
        return tuple(refused)
    refused.sort(key=lambda group: len(group.numbers), reverse=True)
    others = [number for group in refused[_REASONS_SHOWN - 1 :] for number in group.numbers]
    reason = "other reasons; a dry run of these numbers alone shows them"
    return (*refused[: _REASONS_SHOWN - 1], Refused(code=None, reason=reason, numbers=others))


def _without_number(reason: str, number: str) -> str:
    """Replace the number (E.164) in a reason, also where Bandwidth writes it with ten digits."""
    for written in (number, number.removeprefix("+1")):
        reason = reason.replace(written, "(number)")
    return reason[:REASON_CHARACTERS]
