"""Authorizes requests to the callback API by source address and Basic credentials."""

from typing import TYPE_CHECKING, Any

from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.services.callback_authorization import Access

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class Unauthorized(Exception):
    """Makes API Gateway respond with 401 and the Basic challenge. API Gateway requires exactly this text."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Return a policy that allows every path of the callback API, or denies them to a rejected address.

    `event` is of type REQUEST. API Gateway caches the policy by Authorization header and address, so the
    policy must cover every path. Raises Unauthorized for credentials that the secret does not hold.
    """
    address = event["requestContext"]["identity"]["sourceIp"]
    access = wiring.callback_authorization().check(address, event["headers"])
    if access == Access.WRONG_CREDENTIALS:
        raise Unauthorized
    stage = "/".join(event["methodArn"].split("/")[:2])
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow" if access == Access.ALLOWED else "Deny",
        "Resource": f"{stage}/*",
    }
    return {
        "principalId": "bandwidth",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }
