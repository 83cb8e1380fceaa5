"""Whether our callback API does what Bandwidth needs: it is called as Bandwidth would."""

from http import HTTPStatus

from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.services.diagnosis import Finding, ok, wrong


def challenge(url: str) -> Finding:
    """Return whether a URL of the callback API asks for credentials, so that Bandwidth sends them."""
    knock = wiring.callback_probe(url).knock()
    if knock.is_challenge:
        return ok(f"{url} asks for credentials, as Bandwidth needs to be asked")
    if knock.status is None:
        return wrong(
            f"{url} cannot be reached: {knock.words}",
            "see that the stack's CallbackApi is deployed (stage live), and what its URL is now",
        )
    without = "" if knock.challenge else " and no challenge (WWW-Authenticate: Basic)"
    return wrong(
        f"{url} answers {knock.status}{without} to a request without credentials, where Bandwidth needs 401 "
        "and a Basic challenge; it sends no credentials then, and the event is lost",
        "deploy the stack again; if API Gateway was changed by hand, undo that",
    )


def credentials(url: str) -> Finding:
    """Return whether a URL of the callback API takes a callback with our credentials; it holds no events."""
    knock = wiring.callback_probe(url).knock(wiring.callback_credentials())
    if knock.is_taken:
        return ok(f"{url} takes a callback that has them")
    if knock.status == HTTPStatus.FORBIDDEN:
        return wrong(
            f"{url} answers 403 to the credentials of the stack's own secret",
            "if the stack has CallbackSourceAddresses, this call did not come from one of them: see instead "
            "whether texts arrive; if it has none, deploy again",
        )
    if knock.status == HTTPStatus.UNAUTHORIZED:
        return wrong(
            f"{url} answers 401 to the credentials of the stack's own secret",
            "if that secret was changed just now, run this again in five minutes; else deploy again",
        )
    return wrong(
        f"{url} answers {knock.status or knock.words} to a callback, so Bandwidth repeats it for a day",
        "the logs of the functions receive_callback and authorize_callback say why",
    )
