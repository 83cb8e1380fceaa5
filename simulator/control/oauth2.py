"""Control of OAuth2: rotate the client's secrets, revoke and count its tokens."""

from typing import Annotated

from flask import Blueprint, jsonify
from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from simulator.account.tokens import MAX_SECRETS
from simulator.control.models import read_body
from simulator.json_responses import JsonResponse
from simulator.simulator import Simulator


class Rotation(BaseModel):
    """Changes to the OAuth2 client. Omitted fields stay as they are.

    `expires_in` (seconds) applies to tokens issued from now on. `revoke` invalidates all issued tokens, so
    the next request with one of them gets a 401.
    """

    model_config = ConfigDict(extra="forbid")
    client_secrets: list[Annotated[str, Field(min_length=1)]] | None = Field(
        default=None, min_length=1, max_length=MAX_SECRETS
    )
    expires_in: PositiveInt | None = None
    revoke: bool = False


def add(control: Blueprint, simulator: Simulator) -> None:
    tokens = simulator.account.tokens

    def shown() -> JsonResponse:
        """Return counts and the lifetime of new tokens, without secrets and tokens."""
        return jsonify(
            client_id=tokens.client_id,
            client_secrets=tokens.live_secrets,
            expires_in=tokens.expires_in,
            tokens_issued=tokens.issued,
        ), 200

    @control.get("/oauth2")
    def oauth2() -> JsonResponse:
        return shown()

    @control.put("/oauth2")
    def rotate() -> JsonResponse:
        rotation = read_body(Rotation)
        if rotation.client_secrets:
            tokens.rotate(rotation.client_secrets)
        if rotation.expires_in:
            tokens.expires_in = rotation.expires_in
        if rotation.revoke:
            tokens.revoke()
        return shown()
