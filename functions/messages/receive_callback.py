"""Message callbacks ("Incoming Messages"): each message or delivery receipt is one conditional write.

Bandwidth waits ten seconds for the response. Bandwidth sends a V2 callback again for a day until the response
is 2xx, and does not document that for V1. So the function quarantines a callback and responds with 2xx if the
callback can never be parsed, if not all events were stored in time, or if a write of V1 failed. The response
is a 5xx only if a write of V2, or a write to the quarantine, failed.
"""

from typing import TYPE_CHECKING, Any, Final

from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.metrics import count_failed_request

# Imported here, and not only by the wiring, so that Lambda loads it in its init phase.
from bandwidth_messaging.services.callback_intake import CallbackIntake
from bandwidth_messaging.services.parallel import deadline_in

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# Leaves two of the function's nine seconds for the write to the quarantine.
_STORE_SECONDS: Final = 7
_NO_CONTENT: Final = {"statusCode": 204}
# A V1 application that calls by GET expects BXML. An empty Response asks Bandwidth for nothing.
_EMPTY_BXML: Final = {
    "statusCode": 200,
    "headers": {"Content-Type": "application/xml"},
    "body": '<?xml version="1.0" encoding="UTF-8"?><Response/>',
}


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Store every event of the callback. `event` is API Gateway's proxy event."""
    intake: CallbackIntake = wiring.callback_intake()
    if not intake.accept(event, deadline=deadline_in(_STORE_SECONDS)):
        count_failed_request(context)
    return _EMPTY_BXML if event["httpMethod"] == "GET" else _NO_CONTENT
