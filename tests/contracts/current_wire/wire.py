"""Identifiers and XML elements that the tests of the current API share.

Elements and fields are those of Bandwidth's published specifications (Numbers API, both versions; Messaging
API). The values are invented.
"""

from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.domain.imports import Authority, Subscriber
from bandwidth_messaging.domain.orders import Campaign
from tests.http_server import Server

ACCOUNT, SITE, LOCATION = "9500149", "743", "561"
CALLBACK_URL = "https://abc.execute-api.us-east-1.amazonaws.com/live/callbacks/v2"
CREDENTIALS = BasicCredentials("client", "secret")
OWN_NUMBER, OTHER_NUMBER = "+19195550100", "+19195550101"
AUTHORITY = Authority(
    subscriber=Subscriber(
        name="Example Inc.",
        house_number="900",
        street_name="Main Street",
        city="Raleigh",
        state_code="NC",
        zip="27606",
        county="Wake",
    ),
    loa_authorizing_person="Ada Example",
)
CAMPAIGN = Campaign("CABC123", "M")
Outline = list[tuple[int, str, str]]


def base_path(version: str) -> str:
    """Return the path of the base URL of a version of the account API."""
    return "/api/v2" if version == "v2" else "/api"


def path_below_account(bandwidth: Server, version: str) -> str:
    """Return the path of the request below the account."""
    return bandwidth.only_request.path.removeprefix(f"{base_path(version)}/accounts/{ACCOUNT}")


def format_number(number: str, version: str) -> str:
    """Return a number as a version writes it: in E.164, or with ten digits."""
    return number if version == "v2" else number.removeprefix("+1")


def outline_numbers(depth: int, version: str, *numbers: str) -> Outline:
    """Return the outline of a list of numbers."""
    return [
        (depth, "TelephoneNumbers", ""),
        *((depth + 1, "TelephoneNumber", format_number(number, version)) for number in numbers),
    ]


def numbers_element(version: str, *numbers: str) -> str:
    """Return the XML of a list of numbers."""
    inside = "".join(f"<TelephoneNumber>{format_number(each, version)}</TelephoneNumber>" for each in numbers)
    return f"<TelephoneNumbers>{inside}</TelephoneNumbers>"
