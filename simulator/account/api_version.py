"""The versions of the account API: the second writes numbers in E.164 where the first has ten digits."""

import re

from flask import request
from lxml import etree

from simulator.rejections import RejectedError
from simulator.telephone_numbers import ten_digits

V2_BASE = "/api/v2"
NUMBER_ELEMENTS = ("TelephoneNumber", "FullNumber")


def is_v2() -> bool:
    return request.path.startswith(f"{V2_BASE}/")


def read_number(number: str) -> str:
    """A number of the request as the first version has it. Of the second version it must be in E.164, else
    RejectedError (1022) is raised; what is wrong with one of the first, its resource says in its own way."""
    if not is_v2():
        return number
    found = ten_digits(number)
    if found is None or not number.startswith("+"):
        raise RejectedError(400, "1022", f"'{number}' is not a telephone number in E.164 format.")
    return found


def read_numbers(body: etree._Element) -> None:
    """Turn every number of a request's body into ten digits. Raises RejectedError (1022)."""
    for each in body.iter(*NUMBER_ELEMENTS):
        if not len(each):
            each.text = read_number((each.text or "").strip())


def write_numbers(root: etree._Element) -> None:
    """Write every number of an answer, in ten digits so far, as its version has it."""
    for each in root.iter(*NUMBER_ELEMENTS):
        if is_v2() and re.fullmatch(r"[0-9]{10}", each.text or ""):
            each.text = f"+1{each.text}"
