"""Finds or creates the Catapult application of a hosted set-up."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.domain.step_outcomes import StepOutcome
from bandwidth_messaging.domain.texts import is_same_text
from bandwidth_messaging.services.find_or_create import Candidate, Resolved, choose_candidate

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.catapult import Catapult
    from bandwidth_messaging.bandwidth.credentials import BasicCredentials
    from bandwidth_messaging.services.find_or_create import OwnedResources


@dataclass(frozen=True)
class CatapultApplication:
    """Resolves the application of numbers that use the V1 API."""

    catapult: "Catapult"
    owned_resources: "OwnedResources"
    callback_url: str
    callback_credentials: "Callable[[], BasicCredentials]"

    def resolve(
        self, application_id: str | None, name: str, *, http_method: Literal["GET", "POST"]
    ) -> Resolved:
        """Check the given application, find one by name, or create it with the stack's callback URL.

        Raises BandwidthRejected if `application_id` does not exist, or if applications with this name exist
        and none has the callback URL.
        """
        if application_id is None:
            return self._find_or_create(name, http_method)
        if self.catapult.find_application(application_id) is None:
            words = f"application {application_id} does not exist. Omit applicationId to create one"
            raise BandwidthRejected("Create Application", words=words)
        return Resolved(application_id, StepOutcome.GIVEN)

    def _find_or_create(self, name: str, http_method: Literal["GET", "POST"]) -> Resolved:
        def find() -> Resolved | None:
            candidates = [
                Candidate(
                    found.application_id,
                    None
                    if found.incoming_message_url == self.callback_url
                    else "with another incomingMessageUrl",
                )
                for found in self.catapult.list_applications()
                if is_same_text(found.name, name)
            ]
            return choose_candidate("Create Application", f"application {name!r}", candidates)

        return self.owned_resources.find_or_create(
            f"catapult application#{name}",
            find=find,
            create=lambda: self.catapult.create_application(
                name, self.callback_url, self.callback_credentials(), http_method=http_method
            ),
        )
