"""Faults on demand: an error response, a late response, or no response."""

import itertools
import random
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, g, request
from flask.typing import ResponseReturnValue
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from simulator.catapult.json_api import rejection, throttle
from simulator.control.path import is_control
from simulator.messaging import messages_api

RATE_LIMIT_SECONDS = 1


class FaultResponse(BaseModel):
    model_config = ConfigDict(extra="forbid")
    status: int = Field(ge=200, le=599)
    headers: dict[str, str] = {}
    body: str = ""


class Fault(BaseModel):
    """A fault for requests whose method matches, whose path contains the regular expression `path`, and
    whose body contains `match`.

    The fault applies to the next `times` matching requests (default 1). With a `chance` (above 0, at most 1)
    it applies to each at random, until it is removed or has applied `times`. The same `seed` selects the same
    positions among the matching requests. A fault has exactly one kind:

    - `answer`: the simulator returns this response and does not process the request. It completes a 429
      without headers as Bandwidth does. It also completes V1's 403 (message-rate-limit) and 400
      (message-delay-limit) for messages.
    - `lose_answer`: the simulator processes the request and closes the connection without a response.
    - `delay`: the simulator processes the request and responds after this many seconds.
    - `replace_answer`: the simulator processes the request and returns this response instead.
    - `drip`: the simulator processes the request and sends the response body byte by byte, with this many
      seconds between two bytes.
    """

    model_config = ConfigDict(extra="forbid")
    path: str
    method: str | None = None
    match: str | None = None
    times: PositiveInt | None = None
    chance: float | None = Field(default=None, gt=0, le=1)
    seed: int | None = None
    answer: FaultResponse | None = None
    lose_answer: bool = False
    delay: PositiveFloat | None = None
    replace_answer: FaultResponse | None = None
    drip: PositiveFloat | None = None

    @field_validator("path")
    @classmethod
    def _is_regular_expression(cls, path: str) -> str:
        try:
            re.compile(path)
        except re.error as error:
            raise ValueError(f"'{path}' is not a regular expression: {error}") from None
        return path

    @model_validator(mode="after")
    def _is_one_kind(self) -> "Fault":
        kinds = (self.answer, self.lose_answer or None, self.delay, self.replace_answer, self.drip)
        if sum(each is not None for each in kinds) != 1:
            raise ValueError("set exactly one of answer, lose_answer, delay, replace_answer, drip")
        return self

    @model_validator(mode="after")
    def _has_an_end(self) -> "Fault":
        if self.chance is None:
            if self.seed is not None:
                raise ValueError("seed requires chance. Add chance or remove seed.")
            self.times = self.times or 1
        return self

    def matches(self, method: str, path: str, body: bytes) -> bool:
        return (
            self.method in (None, method)
            and re.search(self.path, path) is not None
            and (self.match is None or self.match.encode() in body)
        )


@dataclass
class ActiveFault:
    """A fault and the number of requests it was applied to."""

    fault: Fault
    struck: int = 0
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # The choice protects no secret and must be repeatable.
        self._random = random.Random(self.fault.seed)  # noqa: S311

    @property
    def left(self) -> int | None:
        return None if self.fault.times is None else self.fault.times - self.struck

    def applies(self) -> bool:
        """Return whether the fault applies to the next matching request, and count it."""
        if self.fault.chance is not None and self._random.random() >= self.fault.chance:
            return False
        self.struck += 1
        return True

    def shown(self) -> dict[str, Any]:
        shown = {**self.fault.model_dump(), "times": self.left, "struck": self.struck}
        return {name: value for name, value in shown.items() if value is not None}


class Faults:
    """The active faults. At most one fault, the first that applies, changes a request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._faults: dict[int, ActiveFault] = {}

    def install(self, app: Flask) -> None:
        """Apply faults to requests of `app`, except those of the control API."""

        @app.before_request
        def respond_early() -> ResponseReturnValue | None:
            g.fault = None if is_control(request.path) else self._take()
            if g.fault is None or g.fault.answer is None:
                return None
            return _early_response(g.fault.answer)

        @app.after_request
        def change_response(response: Response) -> Response:
            fault: Fault | None = g.get("fault")
            if fault is None:
                return response
            if fault.delay:
                time.sleep(fault.delay)
            if fault.lose_answer:
                g.response_lost = True
                return Response(_hang_up(request.environ["werkzeug.socket"]))
            if fault.replace_answer:
                return _response(fault.replace_answer)
            if fault.drip:
                response.response = _drip(response.get_data(), fault.drip)
            return response

    def add(self, fault: Fault) -> int:
        with self._lock:
            fault_id = next(self._ids)
            self._faults[fault_id] = ActiveFault(fault)
            return fault_id

    def shown(self) -> list[dict[str, Any]]:
        """Return the faults in the order they were added, with their remaining `times`."""
        with self._lock:
            return [{"id": key, **each.shown()} for key, each in self._faults.items()]

    def remove(self, fault_id: int) -> bool:
        with self._lock:
            return self._faults.pop(fault_id, None) is not None

    def reset(self) -> None:
        with self._lock:
            self._faults.clear()

    def _take(self) -> Fault | None:
        body = request.get_data()
        with self._lock:
            for fault_id, active in self._faults.items():
                if active.fault.matches(request.method, request.path, body) and active.applies():
                    if active.left == 0:
                        del self._faults[fault_id]
                    return active.fault
        return None


def _early_response(response: FaultResponse) -> ResponseReturnValue:
    if not response.headers and not response.body and (throttled := _throttle(response.status)):
        return throttled
    return _response(response)


def _response(chosen: FaultResponse) -> Response:
    response = Response(chosen.body, chosen.status)
    response.headers.update(chosen.headers)
    return response


def _drip(body: bytes, seconds: float) -> Iterator[bytes]:
    for position in range(len(body)):
        yield body[position : position + 1]
        time.sleep(seconds)


def _throttle(status: int) -> ResponseReturnValue | None:
    """Return the requested API's throttle response with this status; None for other statuses."""
    is_throttle = status == HTTPStatus.TOO_MANY_REQUESTS
    if request.path.startswith("/v1/"):
        if not is_throttle and not request.path.endswith("/messages"):
            return None
        rejected = throttle(status, int((time.time() + RATE_LIMIT_SECONDS) * 1000))
        return rejection(rejected) if rejected else None
    if not is_throttle:
        return None
    if messages_api.is_messaging(request.path):
        is_search = request.method == "GET" and request.path.endswith("/messages")
        return messages_api.search_throttled(RATE_LIMIT_SECONDS) if is_search else messages_api.throttled()
    # The header has epoch seconds (page on rate limits).
    # This server closes the connection after every response, so the limit needs no code for that.
    return Response(status=status, headers={"X-RateLimit-Reset": str(int(time.time()) + RATE_LIMIT_SECONDS)})


def _hang_up(connection: socket.socket) -> Iterator[bytes]:
    """Return a body that closes the connection before the first byte of the response is sent."""
    connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError
    yield b""
