"""Input of the control API: parse JSON into models and numbers of any form."""

import re

from flask import request
from pydantic import BaseModel, ValidationError

from simulator.telephone_numbers import e164, sender, ten_digits


class UnprocessableError(Exception):
    """Control input that makes no sense; the message says what and where."""


def read_body[Model: BaseModel](model: type[Model]) -> Model:
    """The request's JSON as a model. Raises UnprocessableError, with one sentence, if it is no such thing."""
    try:
        return model.model_validate(request.get_json(force=True, silent=True))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "body"
        raise UnprocessableError(f"{place}: {first['msg']}") from None


def number(given: str) -> str:
    """A number in E.164. Raises ValueError if it is none."""
    if found := e164(given):
        return found
    raise ValueError(f"'{given}' is not a telephone number")


def parse_sender(given: str) -> str:
    """A number in E.164, a sender id, or a short code. Raises ValueError if it is none of them."""
    if found := sender(given) or (given if re.fullmatch(r"[0-9]{5,6}", given) else None):
        return found
    raise ValueError(f"'{given}' is no telephone number, sender id or short code")


def us_digits(given: str) -> str:
    """The ten digits of a US number of the path or body. Raises UnprocessableError if it is none."""
    if found := ten_digits(given):
        return found
    raise UnprocessableError(f"'{given}' is not a US telephone number")
