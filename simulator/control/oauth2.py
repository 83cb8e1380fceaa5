"""Control of OAuth2: rotate the client's secrets, revoke and count its tokens."""

from typing import Annotated

from flask import Blueprint, jsonify
from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from simulator.account.tokens import MAX_SECRETS
from simulator.control.models import read_body
from simulator.json_responses import JsonResponse
from simulator.simulator import Simulator


class Rotation(BaseModel):
    """What is not given stays as it is. `expires_in` (seconds) holds for tokens yet to be issued, `revoke`
    ends those issued so far: whoever uses one gets a 401."""

    model_config = ConfigDict(extra="forbid")
    client_secrets: list[Annotated[str, Field(min_length=1)]] | None = Field(
        default=None, min_length=1, max_length=MAX_SECRETS
    )
    expires_in: PositiveInt | None = None
    revoke: bool = False


def add(control: Blueprint, simulator: Simulator) -> None:
    tokens = simulator.account.tokens

    def shown() -> JsonResponse:
        """Never a secret or a token: how many there are, and how long the next one lives."""
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
