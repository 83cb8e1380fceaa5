"""Faults on demand: a wrong response, a late response, or no response."""

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


class FaultAnswer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    status: int = Field(ge=200, le=599)
    headers: dict[str, str] = {}
    body: str = ""


class Fault(BaseModel):
    """One kind of misbehaviour, for requests of a method whose path the regular expression is found in and
    whose body contains `match`: for the next `times` of them (default 1), or with a `chance` (above 0, at
    most 1) for each until removed, or until it struck `times`. The same `seed` lets it strike the same of
    these requests again, counted as they come. Exactly one of:

    - `answer`: given before the request is processed. A 429 without headers is filled in as Bandwidth's,
      and so are V1's other throttles of messages, 403 (message-rate-limit) and 400 (message-delay-limit).
    - `lose_answer`: the request is processed, then the connection closed without an answer, which may have
      been a rejection.
    - `delay`: the request is processed, then the answer held back for so many seconds.
    - `replace_answer`: the request is processed, then this answer given instead of the right one.
    - `drip`: the request is processed, then the answer's body sent byte by byte, one after each so many
      seconds.
    """

    model_config = ConfigDict(extra="forbid")
    path: str
    method: str | None = None
    match: str | None = None
    times: PositiveInt | None = None
    chance: float | None = Field(default=None, gt=0, le=1)
    seed: int | None = None
    answer: FaultAnswer | None = None
    lose_answer: bool = False
    delay: PositiveFloat | None = None
    replace_answer: FaultAnswer | None = None
    drip: PositiveFloat | None = None

    @field_validator("path")
    @classmethod
    def _is_regular_expression(cls, path: str) -> str:
        try:
            re.compile(path)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return path

    @model_validator(mode="after")
    def _is_one_kind(self) -> "Fault":
        given = (self.answer, self.lose_answer or None, self.delay, self.replace_answer, self.drip)
        if sum(each is not None for each in given) != 1:
            raise ValueError("give exactly one of answer, lose_answer, delay, replace_answer, drip")
        return self

    @model_validator(mode="after")
    def _has_an_end(self) -> "Fault":
        if self.chance is None:
            if self.seed is not None:
                raise ValueError("give seed with chance only")
            self.times = self.times or 1
        return self

    def fits(self, method: str, path: str, body: bytes) -> bool:
        return (
            self.method in (None, method)
            and re.search(self.path, path) is not None
            and (self.match is None or self.match.encode() in body)
        )


@dataclass
class ActiveFault:
    """A fault and how often it has struck."""

    fault: Fault
    struck: int = 0
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # No secret hangs on it, and it has to be repeatable.
        self._random = random.Random(self.fault.seed)  # noqa: S311

    @property
    def left(self) -> int | None:
        return None if self.fault.times is None else self.fault.times - self.struck

    def strikes(self) -> bool:
        """Whether it strikes the next request that it fits."""
        if self.fault.chance is not None and self._random.random() >= self.fault.chance:
            return False
        self.struck += 1
        return True

    def shown(self) -> dict[str, Any]:
        shown = {**self.fault.model_dump(), "times": self.left, "struck": self.struck}
        return {name: value for name, value in shown.items() if value is not None}


class Faults:
    """The faults still to strike. The first of them that strikes a request is the only one it gets."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._faults: dict[int, ActiveFault] = {}

    def install(self, app: Flask) -> None:
        """Let faults strike what `app` is asked, its control apart."""

        @app.before_request
        def strike() -> ResponseReturnValue | None:
            g.fault = None if is_control(request.path) else self._take()
            if g.fault is None or g.fault.answer is None:
                return None
            return _answer(g.fault.answer)

        @app.after_request
        def spoil(response: Response) -> Response:
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
        """The faults in the order they were added: `times` is what is left, `struck` what was."""
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
                if active.fault.fits(request.method, request.path, body) and active.strikes():
                    if active.left == 0:
                        del self._faults[fault_id]
                    return active.fault
        return None


def _answer(answer: FaultAnswer) -> ResponseReturnValue:
    if not answer.headers and not answer.body and (throttled := _throttle(answer.status)):
        return throttled
    return _response(answer)


def _response(answer: FaultAnswer) -> Response:
    response = Response(answer.body, answer.status)
    response.headers.update(answer.headers)
    return response


def _drip(body: bytes, seconds: float) -> Iterator[bytes]:
    for position in range(len(body)):
        yield body[position : position + 1]
        time.sleep(seconds)


def _throttle(status: int) -> ResponseReturnValue | None:
    """How the API that is asked says "not now" with this status; None if it is no such status."""
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
    # Epoch seconds (page on rate limits); this server closes the connection after every answer.
    return Response(status=status, headers={"X-RateLimit-Reset": str(int(time.time()) + RATE_LIMIT_SECONDS)})


def _hang_up(connection: socket.socket) -> Iterator[bytes]:
    """An answer's body that closes the connection before the first byte of the answer is written."""
    connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError
    yield b""
