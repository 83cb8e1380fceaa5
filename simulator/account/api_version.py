"""The versions of the account API: the first has numbers in ten digits, the second in E.164."""

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
    """Convert a number of the request to ten digits.

    Raises RejectedError (1022) if a number of the second version is not in E.164. The resources check the
    numbers of the first version.
    """
    if not is_v2():
        return number
    found = ten_digits(number)
    if found is None or not number.startswith("+"):
        raise RejectedError(400, "1022", f"'{number}' is not a telephone number in E.164 format.")
    return found


def read_numbers(body: etree._Element) -> None:
    """Convert every number of a request body to ten digits. Raises RejectedError (1022)."""
    for each in body.iter(*NUMBER_ELEMENTS):
        if not len(each):
            each.text = read_number((each.text or "").strip())


def write_numbers(root: etree._Element) -> None:
    """Convert every number of a response from ten digits to the format of its version."""
    for each in root.iter(*NUMBER_ELEMENTS):
        if is_v2() and re.fullmatch(r"[0-9]{10}", each.text or ""):
            each.text = f"+1{each.text}"
