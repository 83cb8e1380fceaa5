"""Plans a release: what happens to each number, and which resources are deleted or kept. Changes nothing.

A resource is deleted if a set-up of this stack created it and nothing else uses it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from bandwidth_messaging.bandwidth.errors import BandwidthRejected, BandwidthUnauthorized
from bandwidth_messaging.domain.orders import (
    OrderState,
    build_customer_order_id,
    find_action,
    find_earliest_attempt,
    find_generation,
)
from bandwidth_messaging.domain.phone_numbers import last_four
from bandwidth_messaging.domain.problems import FieldProblem, InvalidInput
from bandwidth_messaging.domain.releases import (
    NOT_RECORDED,
    KeepCode,
    KeepReason,
    PlannedResource,
    ReleaseAction,
    Removal,
)
from bandwidth_messaging.domain.step_outcomes import StepOutcome, read_outcome
from bandwidth_messaging.domain.texts import normalize
from bandwidth_messaging.services.hosted_numbers import HostedNumbers

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.catapult import Catapult
    from bandwidth_messaging.bandwidth.dashboard import Dashboard
    from bandwidth_messaging.bandwidth.locations import Location
    from bandwidth_messaging.domain.numbers import NumberItem
    from bandwidth_messaging.domain.orders import OrderItem
    from bandwidth_messaging.store.created_resources import CreatedResources
    from bandwidth_messaging.store.number_store import Numbers
    from bandwidth_messaging.store.order_store import Orders

_NOT_OWNED: Final = KeepReason(code=KeepCode.NOT_OWNED)
_FEATURES: Final[tuple[tuple[Literal["assignment", "mms", "sms"], str], ...]] = (
    ("assignment", "Assign Application to Location"),
    ("mms", "Enable MMS on Location"),
    ("sms", "Enable SMS on Location"),
)
"""The features of a location, in the only order in which Bandwidth deletes them, and their steps."""


@dataclass(frozen=True)
class ReleasePlan:
    """What a release does with each number, and which resources it deletes, in this order, or keeps."""

    actions: "list[tuple[NumberItem, ReleaseAction]]"
    removals: list[Removal]
    delete: list[PlannedResource]
    keep: list[PlannedResource]

    @property
    def disconnect(self) -> list[str]:
        """Return the account's own numbers that are disconnected."""
        return _select(self.actions, ReleaseAction.DISCONNECT)

    @property
    def leaving(self) -> set[str]:
        """Return all numbers that the release disconnects or removes."""
        return {*self.disconnect, *(number for removal in self.removals for number in removal.numbers)}


@dataclass(frozen=True)
class ReleasePlanner:
    """Plans releases of numbers and of everything that a set-up created."""

    numbers: "Numbers"
    orders: "Orders"
    created_resources: "CreatedResources"
    hosted: HostedNumbers
    dashboard: "Callable[[], Dashboard]"
    catapult: "Callable[[], Catapult]"
    default_site_id: str
    generation: str
    notification_url: str

    def plan(
        self,
        release_id: str,
        *,
        setup_order_id: str | None,
        telephone_numbers: Sequence[str],
        everything: bool,
    ) -> ReleasePlan:
        """Return the plan for numbers (E.164) or, with `setup_order_id`, for the numbers of a set-up.

        Raises InvalidInput for unknown numbers or set-ups, and for a set-up whose order is still open.
        """
        order: Mapping[str, Any] = {}
        if setup_order_id is None:
            items = self._find_numbers(telephone_numbers)
        else:
            order = self._find_setup(setup_order_id)
            items = self._list_numbers(setup_order_id, order)
        actions = list(self.hosted.plan_actions(items))
        removals = self._group_by_site(release_id, actions)
        plan = ReleasePlan(actions, removals, [], [])
        if not everything:
            return plan
        resources = list(self._plan_cleanup(order, plan.leaving))
        return ReleasePlan(
            actions,
            removals,
            [resource for resource in resources if resource.keep is None],
            [resource for resource in resources if resource.keep is not None],
        )

    def _find_numbers(self, numbers: Sequence[str]) -> "list[NumberItem]":
        items = self.numbers.get_all(numbers, consistent=True)
        known = {item["number"] for item in items}
        if unknown := [number for number in numbers if number not in known]:
            more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
            number = f"…{last_four(unknown[0])}{more}"
            detail = f"{number} is not a number of this stack. GET /numbers lists its numbers"
            raise InvalidInput([FieldProblem("telephoneNumbers", detail)])
        return items

    def _find_setup(self, setup_order_id: str) -> "OrderItem":
        order = self.orders.get(setup_order_id)
        if order is None:
            problem = f"{setup_order_id!r} is unknown. Give the customerOrderId of a set-up of this stack"
            raise InvalidInput([FieldProblem("customerOrderId", problem)])
        if order.get("kind") == "release_numbers":
            problem = f"{setup_order_id!r} belongs to a release. Give the customerOrderId of a set-up"
            raise InvalidInput([FieldProblem("customerOrderId", problem)])
        return order

    def _list_numbers(self, setup_order_id: str, order: Mapping[str, Any]) -> "list[NumberItem]":
        """Return the numbers that a set-up added, also those that came after it had stopped waiting.

        Raises InvalidInput while Bandwidth still works on the order, because more numbers may come.
        """
        items = self.numbers.list_all_by_order(setup_order_id)
        has_ended = order.get("orderState") in {OrderState.COMPLETED, OrderState.PARTIAL}
        if has_ended or "orderAttemptedAt" not in order:
            return items
        account, is_hosted = self.dashboard(), order.get("kind") == "hosted_messaging"
        order_id = order.get("orderId")
        if order_id is None:
            find = account.find_import_request if is_hosted else account.find_order
            order_id = find(setup_order_id, placed_after=find_earliest_attempt(order))
            if order_id is None:
                return items
        # The numbers of an import are recorded before it is placed, so that only its status matters here.
        status = account.import_status(order_id, []) if is_hosted else account.order_status(order_id)
        if status.ended_as is None and not status.is_incomplete:
            detail = (
                f"its order {order_id} is still {status.status} at Bandwidth, and more numbers may come. "
                "Wait for its end, or close it at Bandwidth"
            )
            raise InvalidInput([FieldProblem("customerOrderId", detail)])
        known = {item["number"] for item in items}
        late = (number for number in status.completed if number not in known)
        home = {"siteId": self.find_site(order), "customerOrderId": setup_order_id}
        return items + [
            cast("NumberItem", {"number": number, "state": NOT_RECORDED, **home}) for number in late
        ]

    def _group_by_site(
        self, release_id: str, actions: "Sequence[tuple[NumberItem, ReleaseAction]]"
    ) -> list[Removal]:
        sites: dict[str, list[str]] = {}
        for item, action in actions:
            if action == ReleaseAction.REMOVE:
                sites.setdefault(self.find_site(item), []).append(item["number"])
        return [
            Removal(
                site_id=site_id,
                # The same id in every run of this release, so that the order is placed once.
                customer_order_id=build_customer_order_id(f"{release_id}-removal-{position}"),
                numbers=numbers,
            )
            for position, (site_id, numbers) in enumerate(sorted(sites.items()), 1)
        ]

    def find_site(self, item: Mapping[str, Any]) -> str:
        """Return the site of an order or a number."""
        return str(item.get("siteId") or self.default_site_id)

    def _plan_cleanup(self, order: Mapping[str, Any], leaving: Collection[str]) -> Iterator[PlannedResource]:
        if self._uses_catapult(order):
            return self.plan_catapult_cleanup(order, leaving)
        return self.plan_location_cleanup(order, leaving)

    def _uses_catapult(self, order: Mapping[str, Any]) -> bool:
        """Return whether a set-up created its application in Catapult, and Catapult can be queried for it."""
        return _is_hosted_import(order) and self.generation == "classic" == find_generation(order)

    def plan_location_cleanup(
        self, order: Mapping[str, Any], leaving: Collection[str]
    ) -> Iterator[PlannedResource]:
        """Yield the resources of a set-up whose numbers text from a location, in the order of deletion.

        `leaving` are the numbers that are released first. Resources that do not exist are left out.
        """
        account = self.dashboard()
        site_id, location_id = self.find_site(order), order.get("locationId")
        locations = _list_locations(account, site_id)
        location = next((each for each in locations if each.location_id == location_id), None)
        deleted: set[str] = set()
        if location is not None:
            for resource in self._plan_location(order, site_id, location, locations, account, leaving):
                if resource.keep is None:
                    deleted.add(resource.what)
                yield resource
        if application_id := order.get("applicationId"):
            uses_application = location is not None and "assignment" not in deleted
            yield from self._plan_application(
                order, application_id, account, location, uses_application=uses_application
            )
        if _is_hosted_import(order) and find_generation(order) == "current":
            yield from self._plan_subscriptions(account, leaving)

    def plan_catapult_cleanup(
        self, order: Mapping[str, Any], leaving: Collection[str]
    ) -> Iterator[PlannedResource]:
        """Yield the Catapult application of a hosted set-up if it exists."""
        catapult, application_id = self.catapult(), order.get("applicationId")
        application = catapult.find_application(application_id) if application_id else None
        if application is None:
            return
        application_id = application.application_id
        keep = None
        if others := catapult.list_numbers(application_id).keys() - set(leaving):
            keep = KeepReason(code=KeepCode.NUMBERS_USE_APPLICATION, numbers=len(others))
        elif not self._is_owned(
            order, "Create Application", "catapult application", application.name, application_id
        ):
            keep = _NOT_OWNED
        yield PlannedResource(what="catapultApplication", id=application_id, keep=keep)

    def _plan_location(
        self,
        order: Mapping[str, Any],
        site_id: str,
        location: "Location",
        locations: "Sequence[Location]",
        account: "Dashboard",
        leaving: Collection[str],
    ) -> Iterator[PlannedResource]:
        location_id = location.location_id
        others = (account.list_location_numbers(site_id, location_id) or {}).keys() - set(leaving)
        in_use = None
        if others:
            in_use = KeepReason(
                code=KeepCode.NUMBERS_AT_LOCATION, numbers=len(others), location_ids=(location_id,)
            )
        is_owned = self._is_owned(order, "Create location", f"location#{site_id}", location.name, location_id)
        existing = {
            "assignment": account.find_assigned_application(site_id, location_id),
            "mms": account.find_mms_protocol(site_id, location_id),
            "sms": account.find_sms(site_id, location_id),
        }
        for what, step in _FEATURES:
            if existing[what] is None:
                continue
            keep = in_use or (None if is_owned else _find_feature_reason(order, step))
            if what == "assignment" and existing[what] != order.get("applicationId"):
                keep = KeepReason(
                    code=KeepCode.OTHER_APPLICATION_ASSIGNED,
                    location_ids=(location_id,),
                    application_id=str(existing[what]),
                )
            yield PlannedResource(
                what=what, id=location_id, site_id=site_id, location_id=location_id, keep=keep
            )
        keep = in_use or (None if is_owned else _NOT_OWNED)
        if keep is None and location.is_default_peer and len(locations) > 1:
            keep = KeepReason(code=KeepCode.DEFAULT_LOCATION, site_id=site_id)
        yield PlannedResource(
            what="location", id=location_id, site_id=site_id, location_id=location_id, keep=keep
        )

    def _plan_application(
        self,
        order: Mapping[str, Any],
        application_id: str,
        account: "Dashboard",
        location: "Location | None",
        *,
        uses_application: bool,
    ) -> Iterator[PlannedResource]:
        """Yield an application. `uses_application` is whether the set-up's own location still uses it."""
        application = account.find_application(application_id)
        if application is None:
            return
        users = account.list_application_locations(application_id)
        if location is not None:
            own = {location.location_id}
            users = users | own if uses_application else users - own
        keep = None
        if users:
            keep = KeepReason(code=KeepCode.LOCATIONS_USE_APPLICATION, location_ids=tuple(sorted(users)))
        elif not self._is_owned(order, "Create application", "application", application.name, application_id):
            keep = _NOT_OWNED
        yield PlannedResource(what="application", id=application_id, keep=keep)

    def _plan_subscriptions(
        self, account: "Dashboard", leaving: Collection[str]
    ) -> Iterator[PlannedResource]:
        """Yield the subscriptions to lost numbers, which all hosted set-ups of the stack share."""
        url = self.notification_url
        try:
            subscription_ids = account.list_lost_number_subscriptions(url)
        except (BandwidthRejected, BandwidthUnauthorized) as error:
            # A set-up that may not subscribe continues, and so does its release.
            keep = KeepReason(code=KeepCode.SUBSCRIPTIONS_NOT_LISTED, error=str(error), callback_url=url)
            yield PlannedResource(what="subscription", id="MESSAGING_LOST", keep=keep)
            return
        others = self.hosted.list_current() - set(leaving) if subscription_ids else set()
        remaining = KeepReason(code=KeepCode.HOSTED_NUMBERS_REMAIN, numbers=len(others)) if others else None
        for subscription_id in subscription_ids:
            yield PlannedResource(what="subscription", id=subscription_id, keep=remaining)

    def _is_owned(self, order: Mapping[str, Any], step: str, kind: str, name: str, resource_id: str) -> bool:
        outcome, _ = _find_outcome(order, step)
        resource = f"{kind}#{normalize(name)}"
        return outcome == StepOutcome.CREATED or self.created_resources.is_owned(resource, resource_id)


def _is_hosted_import(order: Mapping[str, Any]) -> bool:
    return order.get("kind") == "hosted_messaging" and find_action(order) == "IMPORT"


def _select(actions: "Sequence[tuple[NumberItem, ReleaseAction]]", wanted: ReleaseAction) -> list[str]:
    return [item["number"] for item, action in actions if action == wanted]


def _list_locations(account: "Dashboard", site_id: str) -> "list[Location]":
    try:
        return account.list_locations(site_id)
    except BandwidthRejected as error:
        if error.is_absent:
            return []
        raise


def _find_feature_reason(order: Mapping[str, Any], step: str) -> KeepReason | None:
    """Return why a feature of a location that is not owned stays, None if this set-up enabled it."""
    outcome, replaced = _find_outcome(order, step)
    if replaced is not None:
        return KeepReason(code=KeepCode.APPLICATION_REPLACED, application_id=replaced)
    return None if outcome == StepOutcome.CREATED else _NOT_OWNED


def _find_outcome(order: Mapping[str, Any], step: str) -> tuple[str | None, str | None]:
    """Return the outcome of a step of a set-up, and the id of the application that it replaced."""
    return read_outcome(order.get("steps", {}).get(step, {}))
