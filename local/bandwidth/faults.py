"""Misbehaviour on demand: a wrong answer instead of the right one, a late answer, or none at all."""

import itertools
import re
import socket
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, g, request
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from local.bandwidth.catapult_json import refusal, throttle
from local.bandwidth.control_path import is_control

RATE_LIMIT_SECONDS = 1


class FaultAnswer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    status: int = Field(ge=200, le=599)
    headers: dict[str, str] = {}
    body: str = ""


class Fault(BaseModel):
    """One kind of misbehaviour, for the next `times` requests of a method whose path the regular
    expression is found in and whose body contains `match`. Exactly one of:

    - `answer`: given before the request is processed. A 429 without headers is filled in as Bandwidth's,
      and so are V1's other throttles of messages, 403 (message-rate-limit) and 400 (message-delay-limit).
    - `lose_answer`: the request is processed, then the connection closed without an answer.
    - `delay`: the request is processed, then the answer held back for so many seconds.
    """

    model_config = ConfigDict(extra="forbid")
    path: str
    method: str | None = None
    match: str | None = None
    times: PositiveInt = 1
    answer: FaultAnswer | None = None
    lose_answer: bool = False
    delay: PositiveFloat | None = None

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
        if sum((self.answer is not None, self.lose_answer, self.delay is not None)) != 1:
            raise ValueError("give exactly one of answer, lose_answer, delay")
        return self

    def fits(self, method: str, path: str, body: bytes) -> bool:
        return (
            self.method in (None, method)
            and re.search(self.path, path) is not None
            and (self.match is None or self.match.encode() in body)
        )


class Faults:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._faults: dict[int, Fault] = {}

    def install(self, app: Flask) -> None:
        """Let faults strike what `app` is asked, its control apart."""

        @app.before_request
        def strike() -> Response | None:
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
                g.answer_lost = True
                return Response(_hang_up(request.environ["werkzeug.socket"]))
            return response

    def add(self, fault: Fault) -> int:
        with self._lock:
            fault_id = next(self._ids)
            self._faults[fault_id] = fault.model_copy()
            return fault_id

    def shown(self) -> list[dict[str, Any]]:
        """The faults still to strike, `times` what is left of them."""
        with self._lock:
            return [{"id": key, **each.model_dump(exclude_none=True)} for key, each in self._faults.items()]

    def remove(self, fault_id: int) -> bool:
        with self._lock:
            return self._faults.pop(fault_id, None) is not None

    def reset(self) -> None:
        with self._lock:
            self._faults.clear()

    def _take(self) -> Fault | None:
        body = request.get_data()
        with self._lock:
            for fault_id, fault in self._faults.items():
                if fault.fits(request.method, request.path, body):
                    fault.times -= 1
                    if fault.times == 0:
                        del self._faults[fault_id]
                    return fault
        return None


def _answer(answer: FaultAnswer) -> Response:
    headers, body = dict(answer.headers), answer.body
    if not headers and not body:
        if request.path.startswith("/v1/"):
            if refused := _throttle_v1(answer.status):
                return refused
        elif answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            headers, body = _throttle()
    response = Response(body, answer.status)
    response.headers.update(headers)
    return response


def _throttle() -> tuple[dict[str, str], str]:
    if request.path.startswith("/v2/"):
        body = '{"type": "max-message-queue-size-exceeded", "description": "The queue is full."}'
        return {"Content-Type": "application/json; charset=utf-8"}, body
    # Epoch seconds (page on rate limits); this server closes the connection after every answer.
    return {"X-RateLimit-Reset": str(int(time.time()) + RATE_LIMIT_SECONDS)}, ""


def _throttle_v1(status: int) -> Response | None:
    if status != HTTPStatus.TOO_MANY_REQUESTS and not request.path.endswith("/messages"):
        return None
    refused = throttle(status, int((time.time() + RATE_LIMIT_SECONDS) * 1000))
    return refusal(refused) if refused else None


def _hang_up(connection: socket.socket) -> Iterator[bytes]:
    """An answer's body that closes the connection before the first byte of the answer is written."""
    connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError
    yield b""
