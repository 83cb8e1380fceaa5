"""Deletes the resources that a set-up created. Each deletion may run again: a missing resource is success."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.domain.releases import DeletionOutcome, KeepCode, KeepReason, Resource
from bandwidth_messaging.services.hosted_numbers import HostedNumbers

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.catapult import Catapult
    from bandwidth_messaging.bandwidth.dashboard import Dashboard


class Deletion(NamedTuple):
    """The outcome of a deletion, and why the resource was kept, if it was."""

    outcome: DeletionOutcome
    reason: KeepReason | None = None


@dataclass(frozen=True)
class ResourceDeletion:
    """Deletes resources at Bandwidth."""

    dashboard: "Callable[[], Dashboard]"
    catapult: "Callable[[], Catapult]"
    hosted: HostedNumbers

    def delete(self, resource: Resource) -> Deletion:
        """Delete a resource unless it has come into use since the plan or Bandwidth rejects it."""
        try:
            if reason := self._find_use(resource):
                return Deletion(DeletionOutcome.LEFT, reason)
            existed = self._delete(resource)
        except BandwidthRejected as error:
            reason = KeepReason(code=KeepCode.REJECTED, error_code=error.code, error=error.words)
            return Deletion(DeletionOutcome.LEFT, reason)
        return Deletion(DeletionOutcome.DELETED if existed else DeletionOutcome.GONE)

    def _find_use(self, resource: Resource) -> KeepReason | None:
        if resource.what == "subscription":
            # A set-up that ran since the plan relies on it.
            if hosted := self.hosted.list_current():
                return KeepReason(code=KeepCode.HOSTED_NUMBERS_REMAIN, numbers=len(hosted))
        elif resource.what not in {"application", "catapultApplication"}:
            # Bandwidth accepts and drops messages of numbers at a location without an application.
            location_id = str(resource.location_id)
            if numbers := self.dashboard().list_location_numbers(str(resource.site_id), location_id):
                return KeepReason(
                    code=KeepCode.NUMBERS_AT_LOCATION,
                    numbers=len(numbers),
                    location_ids=(location_id,),
                )
        return None

    def _delete(self, resource: Resource) -> bool:
        """Delete a resource; return whether it existed."""
        site_id, location_id = str(resource.site_id), str(resource.location_id)
        if resource.what == "catapultApplication":
            return self.catapult().delete_application(resource.id)
        account = self.dashboard()
        if resource.what == "application":
            return account.delete_application(resource.id)
        if resource.what == "subscription":
            return account.delete_subscription(resource.id)
        delete_at_location = {
            "assignment": account.detach_application,
            "mms": account.disable_mms,
            "sms": account.disable_sms,
            "location": account.delete_location,
        }[resource.what]
        return delete_at_location(site_id, location_id)
