"""Authorization of callbacks: current and previous credentials, and source addresses."""

import base64
import hmac
import json
from typing import Any

import pytest

from bandwidth_messaging.runtime import bandwidth_clients
from bandwidth_messaging.runtime import settings as settings_module
from functions.messages import authorize_callback
from tests.functions.conftest import Context, Stack, call, sample

PASSWORD, NEW = "callback:password", "another:password"
STAGE = "arn:aws:execute-api:us-east-1:000000000000:abcdef1234/live/*"
SAMPLE = sample("messages/authorize_callback")


def basic(password: str, username: str = "bandwidth") -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def authorize(authorization: str, *, name: str = "Authorization", address: str = "198.51.100.7") -> Any:
    """Return the statement of the policy, or None if the request is challenged."""
    context = SAMPLE["requestContext"] | {"identity": {"sourceIp": address}}
    event = SAMPLE | {"headers": {name: authorization}, "requestContext": context}
    try:
        policy = call(authorize_callback, event)["policyDocument"]
    except authorize_callback.Unauthorized:
        return None
    (statement,) = policy["Statement"]
    return statement


def is_allowed(authorization: str) -> bool:
    statement = authorize(authorization)
    return statement is not None and statement["Effect"] == "Allow"


def rewrite(stack: Stack, **secret: str) -> None:
    stack.secrets.update_secret(
        SecretId="callback", SecretString=json.dumps({"username": "bandwidth"} | secret)
    )


def five_minutes_pass() -> None:
    bandwidth_clients._secrets.cache_clear()


class TestCredentials:
    @pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
    def test_valid_credentials_allow_every_path_of_the_stage(self, stack: Stack, name: str) -> None:
        assert authorize(basic(PASSWORD), name=name) == {
            "Action": "execute-api:Invoke",
            "Effect": "Allow",
            "Resource": STAGE,
        }

    @pytest.mark.parametrize(
        "header",
        [
            "",
            "Basic",
            "Basic !!!",
            "Bearer YmFuZHdpZHRoOmNhbGxiYWNrOnBhc3N3b3Jk",
            "Basic YmFuZHdpZHRo",
            basic("wrong"),
            basic(PASSWORD, "somebody"),
            basic(PASSWORD + " "),
            basic("ü", "bändwidth"),
        ],
    )
    def test_other_credentials_are_challenged(self, stack: Stack, header: str) -> None:
        assert authorize(header) is None

    def test_a_request_without_the_header_is_challenged(self, stack: Stack) -> None:
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            authorize_callback.handler(SAMPLE | {"headers": {}}, Context())  # type: ignore[arg-type]


class TestRotation:
    def test_old_and_new_password_are_accepted_until_the_old_one_is_removed(self, stack: Stack) -> None:
        assert (is_allowed(basic(PASSWORD)), is_allowed(basic(NEW))) == (True, False)
        rewrite(stack, password=NEW, previousPassword=PASSWORD)
        five_minutes_pass()
        assert (is_allowed(basic(PASSWORD)), is_allowed(basic(NEW))) == (True, True)
        rewrite(stack, password=NEW)

        five_minutes_pass()

        assert (is_allowed(basic(PASSWORD)), is_allowed(basic(NEW))) == (False, True)

    def test_an_empty_previous_password_is_not_accepted(self, stack: Stack) -> None:
        rewrite(stack, password=NEW, previousPassword="")
        assert not is_allowed(basic(""))

    def test_a_new_password_is_accepted_at_once(self, stack: Stack) -> None:
        assert is_allowed(basic(PASSWORD))
        rewrite(stack, password=NEW, previousPassword=PASSWORD)

        assert is_allowed(basic(NEW))
        assert is_allowed(basic(PASSWORD))

    def test_many_wrong_passwords_refresh_the_secret_once(
        self, stack: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[bool] = []
        accepted = bandwidth_clients.accepted_callback_credentials

        def noticed(*, fresh: bool = False) -> Any:
            asked.append(fresh)
            return accepted(fresh=fresh)

        monkeypatch.setattr(bandwidth_clients, "accepted_callback_credentials", noticed)
        for number in range(50):
            assert not is_allowed(basic(f"guess {number}"))

        assert asked.count(True) == 1

    def test_every_credential_is_compared_even_after_a_match(
        self, stack: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rewrite(stack, password=NEW, previousPassword=PASSWORD)
        compare = hmac.compare_digest
        compared: list[tuple[int, int]] = []

        def counted(one: bytes, other: bytes) -> bool:
            compared.append((len(one), len(other)))
            return compare(one, other)

        monkeypatch.setattr(hmac, "compare_digest", counted)

        assert is_allowed(basic(NEW))
        assert is_allowed(basic(PASSWORD))
        assert compared == [(32, 32)] * 4


class TestAddresses:
    @pytest.fixture
    def listed(self, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CALLBACK_SOURCE_ADDRESSES", "198.51.100.0/24,203.0.113.7,2001:db8::/32")
        settings_module.settings.cache_clear()

    @pytest.mark.parametrize("address", ["198.51.100.0", "198.51.100.255", "203.0.113.7", "2001:db8::1"])
    def test_listed_addresses_are_allowed(self, listed: None, address: str) -> None:
        assert authorize(basic(PASSWORD), address=address)["Effect"] == "Allow"
        assert authorize(basic("wrong"), address=address) is None

    @pytest.mark.parametrize("address", ["198.51.101.0", "203.0.113.8", "2001:db9::1", "127.0.0.1"])
    @pytest.mark.parametrize("password", [PASSWORD, "wrong"])
    def test_other_addresses_are_denied_with_valid_credentials(
        self, listed: None, address: str, password: str
    ) -> None:
        assert authorize(basic(password), address=address) == {
            "Action": "execute-api:Invoke",
            "Effect": "Deny",
            "Resource": STAGE,
        }

    @pytest.mark.parametrize("address", ["198.51.100.7", "2001:db8::1"])
    def test_without_a_list_every_address_is_allowed(self, stack: Stack, address: str) -> None:
        assert authorize(basic(PASSWORD), address=address)["Effect"] == "Allow"

    @pytest.mark.parametrize("malformed", ["test-invoke-source-ip", "", "198.51.100.7:443"])
    def test_a_source_that_is_not_an_ip_address_is_denied_if_there_is_a_list(
        self, listed: None, caplog: pytest.LogCaptureFixture, malformed: str
    ) -> None:
        assert authorize(basic(PASSWORD), address=malformed)["Effect"] == "Deny"

        (record,) = caplog.records
        assert (record.message, vars(record)["address"]) == ("callback address rejected", malformed)

    def test_a_source_that_is_not_an_ip_address_is_allowed_without_a_list(self, stack: Stack) -> None:
        assert authorize(basic(PASSWORD), address="test-invoke-source-ip")["Effect"] == "Allow"

    @pytest.mark.parametrize("wrong", ["10.0.0/24", "127.0.0.0/33", "999.1.1.1", "1:2:3", "", "everywhere"])
    def test_an_invalid_entry_allows_no_address_and_is_counted(
        self, stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wrong: str
    ) -> None:
        monkeypatch.setenv("CALLBACK_SOURCE_ADDRESSES", f"198.51.100.0/24,{wrong}")
        settings_module.settings.cache_clear()

        assert authorize(basic(PASSWORD), address="198.51.100.7")["Effect"] == "Allow"
        assert authorize(basic(PASSWORD), address="203.0.113.7")["Effect"] == "Deny"

        written = capsys.readouterr().out
        assert "callback source address invalid" in written
        assert '"CallbackSourceAddressInvalid":[1.0]' in written.replace(" ", "")

    def test_a_list_without_valid_addresses_denies_every_address(
        self, stack: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CALLBACK_SOURCE_ADDRESSES", "127.0.0.0/33")
        settings_module.settings.cache_clear()

        assert authorize(basic(PASSWORD))["Effect"] == "Deny"
