"""Consumes the streams of both tables: replies to STOP, START and HELP."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.stream_records import process_changes

# Imported here, and not only by the wiring, so that Lambda loads it in its init phase.
from bandwidth_messaging.services.keyword_replies import KeywordReplies


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Reply to the keywords behind the changes. Lambda delivers again from the first failed change on."""
    replies: KeywordReplies = wiring.keyword_replies()
    return process_changes(event, replies.handle_change)
