"""Checks of the stack's callback API. The doctor calls the API as Bandwidth does."""

from http import HTTPStatus
from typing import TYPE_CHECKING

from bandwidth_messaging.services.diagnosis import Finding, ok, wrong

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.callback_probe import CallbackProbe
    from bandwidth_messaging.bandwidth.credentials import BasicCredentials


def check_challenge(url: str, probe: "CallbackProbe") -> Finding:
    """Check that a callback URL requests credentials, so that Bandwidth sends them."""
    response = probe.send()
    if response.is_challenge:
        return ok(f"{url} requests credentials with a Basic challenge")
    if response.status is None:
        return wrong(
            f"{url} cannot be reached: {response.failure}",
            "check that CallbackApi is deployed (stage live) and that the stack uses its current URL",
        )
    missing = "" if response.challenge else " and no WWW-Authenticate header"
    return wrong(
        f"{url} returns {response.status}{missing} to a request without credentials. Bandwidth expects 401 "
        "with a Basic challenge; without the challenge it sends no credentials and drops the event",
        "deploy the stack again; undo manual changes to API Gateway",
    )


def check_credentials(url: str, probe: "CallbackProbe", credentials: "BasicCredentials") -> Finding:
    """Check that a callback URL accepts a callback with the stack's own credentials."""
    response = probe.send(credentials)
    if response.is_accepted:
        return ok(f"{url} accepts a callback with the stack's credentials")
    if response.status == HTTPStatus.FORBIDDEN:
        return wrong(
            f"{url} returns 403 to the credentials in the stack's secret",
            "if CallbackSourceAddresses is set, the doctor's address is not in the list: check that incoming "
            "messages arrive instead; if the parameter is empty, deploy the stack again",
        )
    if response.status == HTTPStatus.UNAUTHORIZED:
        return wrong(
            f"{url} returns 401 to the credentials in the stack's secret",
            "if the secret changed in the last five minutes, run the doctor again later; otherwise deploy "
            "the stack again",
        )
    result = f"returns {response.status}" if response.status else f"gives no response ({response.failure})"
    return wrong(
        f"{url} {result} to a callback. Bandwidth repeats such a callback for a day",
        "read the logs of the functions receive_callback and authorize_callback",
    )
