"""Input of the control API: parse JSON into models and numbers of any form."""

import re

from flask import request
from pydantic import BaseModel, ValidationError

from simulator.telephone_numbers import agent_id, e164, sender, ten_digits


class UnprocessableError(Exception):
    """Invalid control input. The message names the field and the problem."""


def read_body[Model: BaseModel](model: type[Model]) -> Model:
    """Parse the request's JSON into a model. Raises UnprocessableError with the first error."""
    try:
        return model.model_validate(request.get_json(force=True, silent=True))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "body"
        raise UnprocessableError(f"{place}: {first['msg']}") from None


def number(text: str) -> str:
    """Convert a number to E.164. Raises ValueError if it is not a number."""
    if found := e164(text):
        return found
    raise ValueError(f"'{text}' is not a telephone number. Use E.164 (+19195551212) or ten digits.")


def parse_sender(text: str) -> str:
    """Return a number in E.164, a sender id or a short code. Raises ValueError for other values."""
    if found := sender(text) or (text if re.fullmatch(r"[0-9]{5,6}", text) else None):
        return found
    raise ValueError(f"'{text}' is not a telephone number, sender id or short code")


def number_or_agent(text: str) -> str:
    """Return a number in E.164, or the sender id of an RCS agent. Raises ValueError for other values."""
    if found := e164(text) or agent_id(text):
        return found
    raise ValueError(f"'{text}' is neither a telephone number nor the sender id of an agent")


def us_digits(text: str) -> str:
    """Return the ten digits of a US number. Raises UnprocessableError for other values."""
    if found := ten_digits(text):
        return found
    raise UnprocessableError(
        f"'{text}' is not a US telephone number. Use E.164 (+19195551212) or ten digits."
    )
