"""The callback API's authorizer: Basic credentials, compared in constant time."""

import base64
import binascii
import hmac
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.runtime import wiring


class Unauthorized(Exception):
    """API Gateway answers 401, and so the Basic challenge, for exactly this text and no other."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return a policy that allows every path of this API; `event` has the Authorization header as its token.

    The policy is cached by that header, so it must not name the one path that was asked for first.
    Raises Unauthorized for anything but our credentials.
    """
    credentials = wiring.callback_credentials()
    expected = f"{credentials.username}:{credentials.password}".encode()
    if not hmac.compare_digest(_given(event["authorizationToken"]), expected):
        raise Unauthorized
    stage = "/".join(event["methodArn"].split("/")[:2])
    return {
        "principalId": credentials.username,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": f"{stage}/*"}],
        },
    }


def _given(authorization: str) -> bytes:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""
