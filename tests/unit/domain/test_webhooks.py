"""Webhooks: which URLs are accepted, how requests are signed, and when they are repeated."""

import base64
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from bandwidth_messaging.domain import webhooks
from bandwidth_messaging.domain.webhooks import (
    RETRY_DELAYS,
    Delivery,
    WebhookFormat,
    WebhookItem,
    WebhookState,
    derive_secret,
    find_retry_delay,
    find_url_problem,
    list_secret_ids,
    read_delivery,
    sign,
    wants,
    write_delivery,
)
from tests.contracts.template.deployed import DEPLOYED

EVENT: dict[str, Any] = {
    "version": "0",
    "id": "6a7e8feb",
    "detail-type": "Message Delivered",
    "source": "bandwidth-messaging",
    "time": "2026-11-22T09:30:01Z",
    "detail": {"eventId": "c4ca", "text": "é"},
}


def webhook(**fields: Any) -> WebhookItem:
    item: WebhookItem = {
        "webhookName": "crm",
        "state": WebhookState.ENABLED,
        "url": "https://crm.example.com",
        "format": WebhookFormat.EVENT,
        "secretId": "new",
        "createdAt": "2026-11-22T09:30:00.000Z",
    }
    return item | fields  # type: ignore[return-value]


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example.com",
        "https://crm.example.com:8443/a/b?token=x%20y",
        "https://93.184.216.34/events",
        "https://[2606:2800:220:1:248:1893:25c8:1946]/events",
        "https://xn--bcher-kva.example/",
    ],
)
def test_a_public_https_url_is_accepted(url: str) -> None:
    assert find_url_problem(url, allow_local=False) is None


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://crm.example.com", "has the scheme http. Use https."),
        ("crm.example.com", "is not a URL"),
        ("", "is not a URL"),
        ("https://", "is not a URL"),
        ("https://crm.example.com/a b", "is not a URL"),
        ("https://crm.example.com\n", "is not a URL"),
        ("https://bücher.example/", "is not a URL"),
        ("https://crm.example.com:99999/", "is not a URL"),
        ("https://user:password@crm.example.com/", "contains a user name or a password"),
        ("https://user@crm.example.com/", "contains a user name or a password"),
        ("https://crm.example.com/#top", "has a fragment"),
        ("https://crm..example.com/", "is not a URL"),
        (f"https://{'a' * 64}.example.com/", "is not a URL"),
        ("https://localhost/", "localhost is not a public host"),
        ("https://a.localhost./", "a.localhost. is not a public host"),
        ("https://db.internal/", "db.internal is not a public host"),
        ("https://127.0.0.1/", "127.0.0.1 is not a public host"),
        ("https://127.1/", "127.1 is not a public host"),
        ("https://2130706433/", "2130706433 is not a public host"),
        ("https://0x7f.0.0.1/", "0x7f.0.0.1 is not a public host"),
        ("https://10.0.0.8/", "10.0.0.8 is not a public host"),
        ("https://169.254.169.254/latest", "169.254.169.254 is not a public host"),
        ("https://100.64.0.1/", "100.64.0.1 is not a public host"),
        ("https://224.0.0.1/", "224.0.0.1 is not a public host"),
        ("https://[::1]/", "::1 is not a public host"),
        ("https://[::ffff:10.0.0.8]/", "::ffff:10.0.0.8 is not a public host"),
        ("https://[2002:a00:8::]/", "2002:a00:8:: is not a public host"),
        ("https://[fd00::1]/", "fd00::1 is not a public host"),
        ("https://[64:ff9b::a00:8]/", "64:ff9b::a00:8 is not a public host"),
        ("https://[::a00:8]/", "::a00:8 is not a public host"),
        ("https://[::ffff:0:a00:8]/", "::ffff:0:a00:8 is not a public host"),
        ("https://[fec0::1]/", "fec0::1 is not a public host"),
    ],
)
def test_another_url_is_rejected_with_the_reason(url: str, problem: str) -> None:
    assert (find_url_problem(url, allow_local=False) or "").startswith(problem)


def test_the_local_cloud_accepts_plain_http_to_this_machine() -> None:
    assert find_url_problem("http://127.0.0.1:4567/events", allow_local=True) is None


def test_a_signature_equals_that_of_the_reference_implementations() -> None:
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    headers = sign(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", "2021-02-25T15:02:10.700Z", b'{"test": 2432232314}', [secret]
    )

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_each_secret_adds_a_signature() -> None:
    headers = sign("event-1", "2021-02-25T15:02:10.000Z", b"{}", [b"new", b"previous"])

    assert [each.split(",")[0] for each in headers["webhook-signature"].split(" ")] == ["v1", "v1"]
    assert len(set(headers["webhook-signature"].split(" "))) == 2


def test_a_secret_depends_on_the_master_secret_and_its_id() -> None:
    secret = derive_secret("master", "a")

    assert derive_secret("master", "a") == secret
    assert len({secret, derive_secret("master", "b"), derive_secret("other", "a")}) == 3
    # The specification asks for 24 to 64 bytes.
    assert len(secret) == 32


def test_the_previous_secret_signs_until_its_time() -> None:
    rotated = webhook(previousSecretId="old", previousUntil="2026-11-23T09:30:00.000Z")

    assert list_secret_ids(webhook(), "2026-11-22T09:30:00.000Z") == ["new"]
    assert list_secret_ids(rotated, "2026-11-23T09:29:59.999Z") == ["new", "old"]
    assert list_secret_ids(rotated, "2026-11-23T09:30:00.000Z") == ["new"]


def test_an_endpoint_gets_only_its_types() -> None:
    assert wants(webhook(), "Number Released")
    assert wants(webhook(types=["Message Failed", "Message Delivered"]), "Message Delivered")
    assert not wants(webhook(types=["Message Failed"]), "Message Delivered")
    assert not wants(webhook(state=WebhookState.DISABLED), "Message Delivered")


def test_the_standard_format_has_type_timestamp_and_data() -> None:
    body = webhooks.build_body(EVENT, WebhookFormat.STANDARD)

    expected = (
        '{"type":"Message Delivered","timestamp":"2026-11-22T09:30:01Z","data":{"eventId":"c4ca","text":"é"}}'
    )
    assert body.decode() == expected


def test_the_name_of_a_replay_is_left_out() -> None:
    replayed = EVENT | {"replay-name": "again"}

    assert webhooks.build_body(replayed, WebhookFormat.EVENT) == webhooks.build_body(
        EVENT, WebhookFormat.EVENT
    )


def test_a_delivery_is_attempted_for_a_day_with_growing_delays() -> None:
    assert list(RETRY_DELAYS) == sorted(RETRY_DELAYS)
    with patch("random.uniform", lambda lowest, _: lowest):
        delays = [find_retry_delay(attempt, None) for attempt in range(1, len(RETRY_DELAYS) + 1)]
    assert (
        timedelta(hours=23.5) < timedelta(seconds=sum(each for each in delays if each)) < timedelta(hours=24)
    )
    assert find_retry_delay(len(RETRY_DELAYS) + 1, None) is None


@pytest.mark.parametrize("delivery", [Delivery("crm"), Delivery("crm", 3, 1_900_000_000)])
def test_a_delivery_is_read_as_it_was_written(delivery: Delivery) -> None:
    assert read_delivery(write_delivery(delivery).get) == delivery


def test_a_record_of_the_rule_is_no_delivery() -> None:
    assert read_delivery(lambda _: None) is None


def test_retry_after_delays_the_next_attempt_by_at_most_an_hour() -> None:
    with patch("random.uniform", lambda lowest, _: lowest):
        assert find_retry_delay(1, 120) == 120
        assert find_retry_delay(1, 1) == 5
        assert find_retry_delay(1, 86_400) == 3600
        assert find_retry_delay(len(RETRY_DELAYS), 86_400) == RETRY_DELAYS[-1]


def test_the_function_outlasts_a_request() -> None:
    from bandwidth_messaging.network.webhook_client import TOTAL_SECONDS  # noqa: PLC0415

    assert DEPLOYED["SendWebhook"]["Timeout"] >= 2 * TOTAL_SECONDS
