"""Hosted Messaging, step 3, "Create Application": what Catapult calls messages back through."""

from typing import Literal

from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.domain.step_outcomes import StepOutcome
from bandwidth_messaging.domain.step_texts import describe_outcome
from bandwidth_messaging.domain.texts import is_same_text
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step
from bandwidth_messaging.services.find_or_create import Candidate, Resolved, choose_candidate


class Request(StepInput):
    application_id: str | None
    application_name: str
    callback_http_method: Literal["GET", "POST"]


class Result(StepResult):
    application_id: str


@step("Create Application", Request)
def handler(request: Request) -> Result:
    """Take the application that was given, find it by name, or create it with our callback URL."""
    catapult, callback_url = wiring.catapult(), settings().callback_url_v1
    if request.application_id is not None:
        if catapult.application(request.application_id) is None:
            words = (
                f"the user has no application {request.application_id}; leave applicationId out to create one"
            )
            raise BandwidthRejected("Create Application", words=words)
        return Result(
            application_id=request.application_id,
            outcome=StepOutcome.GIVEN,
            detail=describe_outcome(StepOutcome.GIVEN),
        )

    def find() -> Resolved | None:
        candidates = [
            Candidate(
                found.application_id,
                None if found.incoming_message_url == callback_url else "with another incomingMessageUrl",
            )
            for found in catapult.applications()
            if is_same_text(found.name, request.application_name)
        ]
        return choose_candidate("Create Application", f"application {request.application_name!r}", candidates)

    application = wiring.owned_resources().find_or_create(
        f"catapult application#{request.application_name}",
        find=find,
        create=lambda: catapult.create_application(
            request.application_name,
            callback_url,
            wiring.callback_credentials(),
            http_method=request.callback_http_method,
        ),
    )
    return Result(
        application_id=application.id,
        outcome=application.outcome,
        detail=describe_outcome(application.outcome, ignored_duplicates=application.ignored_duplicates),
    )
