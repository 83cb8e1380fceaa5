"""The token endpoint under /api/v1/oauth2: client credentials for an access token (RFC 6749, section 4.4)."""

from flask import Blueprint, abort, jsonify, request

from simulator.account.account import Account
from simulator.json_responses import JsonResponse


def blueprint(account: Account) -> Blueprint:
    api = Blueprint("oauth2", __name__, url_prefix="/api/v1/oauth2")

    @api.post("/token")
    def token() -> JsonResponse:
        if account.config.generation == "classic":
            abort(404)
        match request.form.getlist("grant_type"):
            case ["client_credentials"]:
                pass
            case [_]:
                return _error(400, "unsupported_grant_type", "Only client_credentials is supported.")
            case _:
                return _error(400, "invalid_request", "The form must have one grant_type.")
        client = request.authorization
        issued = account.tokens.issue(client.username, client.password) if client else None
        if issued is None:
            return _error(401, "invalid_client", "Client authentication failed.")
        body = jsonify(access_token=issued, token_type="Bearer", expires_in=account.tokens.expires_in)  # noqa: S106
        body.headers.update({"Cache-Control": "no-store", "Pragma": "no-cache"})
        return body, 200

    return api


def _error(status: int, code: str, description: str) -> JsonResponse:
    """Return an error as in RFC 6749, section 5.2."""
    body = jsonify(error=code, error_description=description)
    body.headers.update({"Cache-Control": "no-store", "Pragma": "no-cache"})
    if status == 401:  # noqa: PLR2004
        body.headers["WWW-Authenticate"] = 'Basic realm="Bandwidth"'
    return body, status
