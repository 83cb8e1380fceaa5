"""Why nothing was answered, in words."""

import ssl

import pytest
import requests

from bandwidth_messaging.bandwidth.reachability import why
from tests.http_server import nobody_listens


def failing(url: str) -> requests.RequestException:
    with pytest.raises(requests.RequestException) as raised:
        requests.get(url, timeout=5)
    return raised.value


def test_nobody_listens() -> None:
    assert why(failing(nobody_listens())) == "it refused the connection"


def test_a_name_that_is_not_known() -> None:
    assert why(failing("http://bandwidth.invalid/?to=19195551212")) == "its host name is not known"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (requests.exceptions.SSLError(ssl.SSLCertVerificationError()), "its certificate is not trusted"),
        (requests.ReadTimeout(), "it did not answer in time"),
        (requests.ConnectTimeout(), "there was no connection in time"),
        (requests.ConnectionError(), "the connection broke off"),
        (requests.exceptions.InvalidURL("http://?to=19195551212"), "InvalidURL"),
    ],
)
def test_other_failures(error: requests.RequestException, words: str) -> None:
    assert why(error) == words
