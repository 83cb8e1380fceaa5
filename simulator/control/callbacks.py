"""Control of callbacks: send any body, or many inbound texts with faults."""

import random
from typing import Annotated

from flask import Blueprint, jsonify, request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveFloat, model_validator

from simulator.callbacks import Callback, DeliveryOptions, Endpoint
from simulator.catapult.messages import find_target
from simulator.control.messaging import receive
from simulator.control.models import UnprocessableError, number, read_body
from simulator.json_responses import JsonResponse
from simulator.messaging.events import new_id
from simulator.rejections import RejectedError
from simulator.simulator import Simulator
from simulator.urls import redact_credentials, scheme_and_host

Percent = Annotated[float, Field(ge=0, le=100)]
METHODS = ("POST", "GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


class Bulk(BaseModel):
    """`count` texts to one number, each from a different sender, sent at once or at a rate of `per_second`.

    Each text is `text` followed by its position. The simulator delivers `duplicate_percent` of the events
    twice at the same time. It loses the first response to another `lose_answer_percent` and retries them as
    V2 does. The same `seed` selects the same events.
    """

    model_config = ConfigDict(extra="forbid")
    to: Annotated[str, AfterValidator(number)]
    count: int = Field(ge=1, le=10_000)
    text: str = "Text"
    per_second: PositiveFloat | None = None
    duplicate_percent: Percent = 0
    lose_answer_percent: Percent = 0
    seed: int | None = None

    @model_validator(mode="after")
    def _shares_have_room(self) -> "Bulk":
        if self.duplicate_percent + self.lose_answer_percent > 100:  # noqa: PLR2004
            raise ValueError(
                "duplicate_percent and lose_answer_percent add up to more than 100. Lower one of them."
            )
        return self

    def choose_positions(self) -> tuple[set[int], set[int]]:
        """Return the positions of the events to deliver twice, and of those whose response is lost."""
        twice, lost = (
            round(self.count * each / 100) for each in (self.duplicate_percent, self.lose_answer_percent)
        )
        # The choice protects no secret and must be repeatable.
        positions = random.Random(self.seed).sample(range(self.count), min(self.count, twice + lost))  # noqa: S311
        return set(positions[:twice]), set(positions[twice:])


def add(control: Blueprint, simulator: Simulator) -> None:
    @control.post("/callbacks")
    def send_callback() -> JsonResponse:
        """Send the request's body, with its Content-Type, to a callback URL as Bandwidth does.

        Query parameters: `target` is the id of an application of either API, or a URL. The simulator calls a
        URL as V2 does unless `api` is v1. `method` defaults to POST. `query` is added to the URL.
        """
        target, method = request.args.get("target", ""), request.args.get("method", "POST")
        if method not in METHODS:
            raise UnprocessableError(f"method: '{method}' is not supported. Use one of {', '.join(METHODS)}.")
        api, endpoints = _endpoints(simulator, target, request.args.get("api", "v2"))
        callback = Callback(
            "v1" if api == "v1" else "v2",
            endpoints,
            type="raw",
            message_id=new_id(),
            to="",
            body=request.get_data(),
            query=request.args.get("query"),
            method=method,
            content_type=request.headers.get("Content-Type"),
        )
        simulator.courier.deliver(callback, DeliveryOptions())
        return jsonify(id=callback.message_id, callback_url=redact_credentials(endpoints[0].url)), 202

    @control.post("/inbound/bulk")
    def send_texts() -> JsonResponse:
        bulk = read_body(Bulk)
        twice, lost = bulk.choose_positions()
        ids = []
        for position in range(bulk.count):
            options = DeliveryOptions(
                copies=2 if position in twice else 1,
                delay=position / bulk.per_second if bulk.per_second else 0.0,
                lose_answer=position in lost,
            )
            sender, text = f"+1226{2_000_000 + position}", f"{bulk.text} {position}"
            result = receive(simulator, sender, bulk.to, text, options)
            if "swallowed" in result:
                raise UnprocessableError(f"to: {result['swallowed']}")
            ids.append(result["id"])
        return jsonify(
            ids=ids,
            duplicated=[ids[each] for each in sorted(twice)],
            lost=[ids[each] for each in sorted(lost)],
        ), 202


def _endpoints(simulator: Simulator, target: str, api: str) -> tuple[str, tuple[Endpoint, ...]]:
    """Return the API and the endpoints of a target. Raises UnprocessableError if the target is invalid."""
    if scheme_and_host(target):
        return api, (Endpoint.with_userinfo(target),)
    if endpoints := find_target(simulator.catapult.find_application(target)).endpoints:
        return "v1", endpoints
    try:
        endpoint = simulator.account.application(target).endpoint("in")
    except RejectedError:
        raise UnprocessableError(
            f"target: '{target}' is not an application id or URL. GET /_simulator/account lists the ids."
        ) from None
    if endpoint is None:
        raise UnprocessableError(
            f"target: application {target} has no inbound URL. Choose an application that has one."
        )
    return "v2", (endpoint,)
