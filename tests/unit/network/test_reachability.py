"""Explanations of requests without a response."""

import ssl

import pytest
import requests

from bandwidth_messaging.network.reachability import explain_failure
from tests.http_server import unused_url


def failing(url: str) -> requests.RequestException:
    with pytest.raises(requests.RequestException) as raised:
        requests.get(url, timeout=5)
    return raised.value


def test_a_refused_connection_is_explained() -> None:
    assert explain_failure(failing(unused_url())) == "the server refused the connection"


def test_an_unknown_host_name_is_explained() -> None:
    assert (
        explain_failure(failing("http://bandwidth.invalid/?to=19195551212")) == "the host name does not exist"
    )


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            requests.exceptions.SSLError(ssl.SSLCertVerificationError()),
            "the server's certificate is not trusted",
        ),
        (requests.ReadTimeout(), "the server did not respond in time"),
        (requests.ConnectTimeout(), "the connection timed out"),
        (requests.ConnectionError(), "the connection was lost"),
        (requests.exceptions.InvalidURL("http://?to=19195551212"), "InvalidURL"),
    ],
)
def test_other_failures_are_explained(error: requests.RequestException, words: str) -> None:
    assert explain_failure(error) == words
