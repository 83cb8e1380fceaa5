"""Control of callbacks: send any body, or many inbound texts with faults."""

import random
from typing import Annotated

from flask import Blueprint, jsonify, request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveFloat, model_validator

from simulator.callbacks import Callback, DeliveryOptions, Endpoint
from simulator.catapult.messages import find_target
from simulator.control.models import UnprocessableError, number, read_body
from simulator.json_responses import JsonResponse
from simulator.messaging.events import new_id
from simulator.rejections import RejectedError
from simulator.simulator import Simulator
from simulator.urls import redact_credentials, scheme_and_host

Percent = Annotated[float, Field(ge=0, le=100)]
METHODS = ("POST", "GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


class Bulk(BaseModel):
    """So many texts to one number, each from another sender, at once or `per_second`.

    The texts are `text` and a number. `duplicate_percent` of them are delivered twice, the identical event
    at the same time again; of other `lose_answer_percent` the first answer is lost, so that they are repeated
    as V2 repeats. The same `seed` chooses the same ones.
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
            raise ValueError("duplicate_percent and lose_answer_percent must not exceed 100 together")
        return self

    def chosen(self) -> tuple[set[int], set[int]]:
        """The positions of what is to be delivered twice, and of what is to lose its answer."""
        twice, lost = (
            round(self.count * each / 100) for each in (self.duplicate_percent, self.lose_answer_percent)
        )
        # No secret hangs on it, and it has to be repeatable.
        positions = random.Random(self.seed).sample(range(self.count), min(self.count, twice + lost))  # noqa: S311
        return set(positions[:twice]), set(positions[twice:])


def add(control: Blueprint, simulator: Simulator) -> None:
    @control.post("/callbacks")
    def call() -> JsonResponse:
        """Sends the request's own body, under its own Content-Type, as Bandwidth would.

        Of the query: `target` is the id of an application of either API, or a URL, called as V2 does unless
        `api` is v1; `method` is POST unless given; `query` is added to the URL.
        """
        target, method = request.args.get("target", ""), request.args.get("method", "POST")
        if method not in METHODS:
            raise UnprocessableError(f"method: must be one of {', '.join(METHODS)}")
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
    def inbound_bulk() -> JsonResponse:
        bulk = read_body(Bulk)
        base_url = request.host_url.rstrip("/")
        twice, lost = bulk.chosen()
        ids = []
        for position in range(bulk.count):
            options = DeliveryOptions(
                copies=2 if position in twice else 1,
                delay=position / bulk.per_second if bulk.per_second else 0.0,
                lose_answer=position in lost,
            )
            sender, text = f"+1226{2_000_000 + position}", f"{bulk.text} {position}"
            if simulator.messages_v1.knows(bulk.to):
                answer = simulator.messages_v1.receive(sender, bulk.to, text, [], base_url, options)
            else:
                answer = simulator.inbound.receive(sender, bulk.to, text, [], [], base_url, options)
            if "swallowed" in answer:
                raise UnprocessableError(f"to: {answer['swallowed']}")
            ids.append(answer["id"])
        return jsonify(
            ids=ids,
            duplicated=[ids[each] for each in sorted(twice)],
            lost=[ids[each] for each in sorted(lost)],
        ), 202


def _endpoints(simulator: Simulator, target: str, api: str) -> tuple[str, tuple[Endpoint, ...]]:
    """The API that a target is of, and its endpoints. Raises UnprocessableError if it is none."""
    if scheme_and_host(target):
        return api, (Endpoint.with_userinfo(target),)
    if endpoints := find_target(simulator.catapult.find_application(target)).endpoints:
        return "v1", endpoints
    try:
        endpoint = simulator.account.application(target).endpoint("in")
    except RejectedError:
        raise UnprocessableError("target: must be the id of an application, or a URL") from None
    if endpoint is None:
        raise UnprocessableError("target: must be an application with an inbound URL")
    return "v2", (endpoint,)
