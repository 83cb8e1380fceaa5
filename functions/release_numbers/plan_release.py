"""Release of numbers: what goes and what is left, before anything is changed."""

from typing import Any

from bandwidth_messaging.domain.orders import customer_order_id
from bandwidth_messaging.domain.releases import Removal, Resource
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step
from bandwidth_messaging.services import release_plan
from bandwidth_messaging.store.dynamodb import Item

_SHOWN = 100


class Request(StepInput):
    setup_order_id: str | None
    telephone_numbers: list[str] | None
    everything: bool


class Result(StepResult):
    """`plan` is for people; the rest is what the machine works through.

    `disconnect` are numbers of our own, `remove` hosted ones; `delete` goes in this order, `leave` stays.
    """

    setup_order_id: str | None
    requested: int
    disconnect: list[str]
    remove: list[Removal]
    delete: list[Resource]
    leave: list[Resource]
    plan: dict[str, Any]


@step("Plan Release", Request)
def handler(request: Request) -> Result:
    """Read our records, and ask Bandwidth who uses what; nothing is changed."""
    order: Item = {}
    if request.setup_order_id is None:
        items = release_plan.numbers_named(request.telephone_numbers or [])
    else:
        order = release_plan.set_up(request.setup_order_id)
        items = release_plan.numbers_of(request.setup_order_id, order, wiring.dashboard())
    fates = list(release_plan.fates_of(items))
    disconnect = [item["number"] for item, fate in fates if fate == "disconnect"]
    remove = _by_site(request.customer_order_id, [item for item, fate in fates if fate == "remove"])
    going = {*disconnect, *(number for removal in remove for number in removal.numbers)}
    delete, leave = _around(order, going) if request.everything else ([], [])
    plan = {
        "setupOrderId": request.setup_order_id,
        "numbers": {
            fate: sum(each == fate for _, each in fates)
            for fate in ("disconnect", "remove", "releasedBefore", "neverCame")
        },
        "firstNumbers": [
            {"number": item["number"], "state": item["state"], "then": fate} for item, fate in fates[:_SHOWN]
        ],
        "delete": _shown(delete),
        "leave": _shown(leave),
    }
    return Result(
        setup_order_id=request.setup_order_id,
        requested=len(going),
        disconnect=disconnect,
        remove=remove,
        delete=delete,
        leave=leave,
        plan=plan,
        detail=f"numbers: {len(going)}; things that go: {len(delete)}, that are left: {len(leave)}",
    )


def _by_site(release_id: str, items: list[Item]) -> list[Removal]:
    sites: dict[str, list[str]] = {}
    for item in items:
        sites.setdefault(release_plan.site_of(item), []).append(item["number"])
    return [
        Removal(
            site_id=site_id,
            # An id of its own, and the same one whenever this is run.
            customer_order_id=customer_order_id(f"{release_id}-removal-{position}"),
            numbers=numbers,
        )
        for position, (site_id, numbers) in enumerate(sorted(sites.items()), 1)
    ]


def _around(order: Item, going: set[str]) -> tuple[list[Resource], list[Resource]]:
    if release_plan.uses_catapult(order):
        return release_plan.around_catapult(order, wiring.catapult(), going)
    return release_plan.around_a_location(
        order, wiring.dashboard(), going, notification_url=settings().notification_url
    )


def _shown(resources: list[Resource]) -> list[dict[str, Any]]:
    return [resource.model_dump(by_alias=True, exclude_none=True) for resource in resources]
