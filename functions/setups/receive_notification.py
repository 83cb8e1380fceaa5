"""Notifications: a changed order ends the wait for the order, and a lost hosted number is released.

Bandwidth does not repeat notifications. The function stores a notification that cannot be read or applied in
the quarantine, and an operator replays it. The response is a 5xx only if the quarantine fails too.
"""

from typing import TYPE_CHECKING, Any, Final

from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring

# Imported here, and not only by the wiring, so that Lambda loads it in its init phase.
from bandwidth_messaging.services.notifications import Notifications
from bandwidth_messaging.services.parallel import deadline_in

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# Leaves two of the function's nine seconds for the write to the quarantine.
_APPLY_SECONDS: Final = 7
_NO_CONTENT: Final = {"statusCode": 204}


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Apply a notification. `event` is API Gateway's proxy event."""
    deadline, at = deadline_in(_APPLY_SECONDS), now()
    notifications: Notifications = wiring.notifications()
    notifications.accept(event, at=at, deadline=deadline)
    return _NO_CONTENT
