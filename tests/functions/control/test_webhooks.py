"""The webhooks API: endpoints, their secrets, and errors that name the field."""

import base64
from http import HTTPStatus
from typing import Any

import pytest

from bandwidth_messaging.domain.numbers import STATES
from bandwidth_messaging.domain.webhooks import MAX_WEBHOOKS
from bandwidth_messaging.runtime import settings as settings_module
from bandwidth_messaging.runtime import stores
from functions.control import manage_webhooks
from tests.functions.conftest import call_api
from tests.generations import only_current

pytestmark = [only_current, pytest.mark.usefixtures("stack")]
URL = "https://crm.example.com/messaging-events"


def request(method: str, path: str, body: Any = None) -> tuple[int, Any]:
    return call_api(manage_webhooks, method, path, body=body)


def put(name: str = "crm", **fields: Any) -> Any:
    status, webhook = request("PUT", f"/webhooks/{name}", {"url": URL, **fields})
    assert status == HTTPStatus.OK, webhook
    return webhook


def problem(status: int, body: Any) -> list[str]:
    assert status == HTTPStatus.UNPROCESSABLE_ENTITY, body
    return [f"{each['field']}: {each['detail']}" for each in body["errors"]]


def test_a_new_webhook_shows_its_secret_once() -> None:
    created = put(types=["Message Failed", "Message Delivered"], format="standard")

    secret = created.pop("secret")
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert created.pop("times")["created"]
    assert created == {
        "name": "crm",
        "state": "enabled",
        "types": ["Message Delivered", "Message Failed"],
        "format": "standard",
        "url": URL,
    }
    for path in ("/webhooks", "/webhooks/crm"):
        assert secret not in str(request("GET", path))
    assert "secret" not in put()


def test_the_table_holds_no_secret() -> None:
    secret = put()["secret"]

    item = stores.webhooks().get("crm")
    assert item
    assert secret.removeprefix("whsec_") not in str(item)


def test_a_webhook_is_replaced_as_a_whole_and_keeps_its_secret_and_age() -> None:
    created = put(types=["Message Failed"], format="standard", state="disabled")
    before = stores.webhooks().get("crm")

    replaced = put()

    after = stores.webhooks().get("crm")
    assert before
    assert after
    assert after["secretId"] == before["secretId"]
    assert replaced == {
        "name": "crm",
        "state": "enabled",
        "format": "event",
        "times": {"created": created["times"]["created"]},
        "url": URL,
    }


def test_all_webhooks_are_listed_by_name() -> None:
    put("crm", state="disabled")
    put("audit")
    put("zoo")

    status, page = request("GET", "/webhooks")

    assert status == HTTPStatus.OK
    assert [(each["name"], each["state"]) for each in page["items"]] == [
        ("audit", "enabled"),
        ("crm", "disabled"),
        ("zoo", "enabled"),
    ]


def test_webhooks_are_no_numbers() -> None:
    put()
    put("paused", state="disabled")

    assert [stores.numbers().list_all_by_state(state) for state in STATES] == [[]] * len(STATES)


def test_a_rotation_returns_a_new_secret_and_the_end_of_the_old_one() -> None:
    created = put()

    status, rotated = request("POST", "/webhooks/crm/secret")

    assert status == HTTPStatus.OK
    assert rotated["secret"] != created["secret"]
    assert rotated["previousSecretUntil"] > rotated["times"]["rotated"]
    assert "secret" not in request("GET", "/webhooks/crm")[1]


def test_a_webhook_that_is_created_again_has_another_secret() -> None:
    first = put()["secret"]

    status, deleted = request("DELETE", "/webhooks/crm")

    assert (status, deleted["name"]) == (HTTPStatus.OK, "crm")
    assert request("GET", "/webhooks/crm")[0] == HTTPStatus.NOT_FOUND
    assert request("GET", "/webhooks")[1] == {"items": []}
    assert put()["secret"] != first


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/webhooks/crm"), ("DELETE", "/webhooks/crm"), ("POST", "/webhooks/crm/secret")],
)
def test_an_unknown_webhook_is_a_404(method: str, path: str) -> None:
    status, body = request(method, path)

    assert status == HTTPStatus.NOT_FOUND
    assert body["detail"] == "crm is not a webhook of this stack. GET /webhooks lists them."


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"url": None}, "url: input should be a valid string"),
        ({"url": "ftp://crm.example.com"}, "url: has the scheme ftp. Use https."),
        ({"url": "https://a:b@crm.example.com"}, "url: contains a user name or a password."),
        ({"types": ["Message Sunk"]}, 'types[0]: "Message Sunk" is not a type of event.'),
        ({"types": []}, "types: list should have at least 1 item"),
        ({"format": "xml"}, "format: input should be 'event' or 'standard'"),
        ({"state": "off"}, "state: input should be 'enabled' or 'disabled'"),
        ({"secret": "whsec_a"}, "secret: is not a field of this input"),
    ],
)
def test_an_invalid_field_is_named(fields: dict[str, Any], expected: str) -> None:
    (detail,) = problem(*request("PUT", "/webhooks/crm", {"url": URL, **fields}))

    assert detail.startswith(expected)
    assert stores.webhooks().get("crm") is None


@pytest.mark.parametrize("name", ["CRM", "a" * 41, "-crm", "crm-", "c.rm"])
def test_an_invalid_name_is_rejected(name: str) -> None:
    (detail,) = problem(*request("PUT", f"/webhooks/{name}", {"url": URL}))

    assert detail.startswith(f'name: "{name}" is not a name.')


def test_a_private_address_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOKS_ALLOW_LOCAL", "false")
    settings_module.settings.cache_clear()

    assert problem(*request("PUT", "/webhooks/crm", {"url": "https://10.0.0.8/"})) == [
        "url: 10.0.0.8 is not a public host. Use the public name or address of your endpoint."
    ]
    assert problem(*request("PUT", "/webhooks/crm", {"url": "http://crm.example.com/"})) == [
        "url: has the scheme http. Use https."
    ]


def test_a_stack_without_webhooks_names_the_parameter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_SECRET", "")
    settings_module.settings.cache_clear()

    status, body = request("PUT", "/webhooks/crm", {"url": URL})

    assert status == HTTPStatus.CONFLICT
    assert body["detail"] == "The stack sends no webhooks. Deploy with the parameter Webhooks=true."
    assert request("GET", "/webhooks") == (HTTPStatus.OK, {"items": []})


def test_a_stack_has_at_most_20_webhooks() -> None:
    for position in range(MAX_WEBHOOKS):
        put(f"webhook-{position}")

    status, body = request("PUT", "/webhooks/one-more", {"url": URL})

    assert status == HTTPStatus.CONFLICT
    assert "20 webhooks" in body["detail"]
    assert put("webhook-3")


def test_a_concurrent_change_is_a_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    put()
    known = stores.webhooks().get("crm")
    request("POST", "/webhooks/crm/secret")
    monkeypatch.setattr(stores.webhooks(), "get", lambda _: known)

    status, body = request("POST", "/webhooks/crm/secret")

    assert status == HTTPStatus.CONFLICT
    assert "Repeat the request" in body["detail"]
