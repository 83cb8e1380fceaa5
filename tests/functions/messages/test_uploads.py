"""Files that applications upload and send: checked before the message is accepted, fetched by Bandwidth."""

import base64
import json
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
import requests

from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.uploads import MAX_FILE_BYTES
from bandwidth_messaging.runtime import stores
from bandwidth_messaging.runtime.settings import settings
from functions.control import change_pools, upload_media
from functions.messages import deliver_message, send_message
from tests.functions.conftest import PASSED, Stack, call, call_api, sample
from tests.generations import only_current

pytestmark = only_current
OURS, TOLL_FREE, V1, THEIRS = "+19195551212", "+18885551212", "+19195551213", "+19195551234"
AT = "2026-02-03T04:05:06.000Z"
PICTURE = b"\x89PNG\r\n" + bytes(range(256))


@pytest.fixture(autouse=True)
def _numbers(stack: Stack) -> None:
    for number, api in ((OURS, "v2"), (TOLL_FREE, "v2"), (V1, "v1")):
        home: Any = Home(api=api, customer_order_id="order-1", site_id="1001", application_id="app")  # type: ignore[arg-type]
        stores.numbers().activate(number, home, AT)


def form(name: str, content_type: str = "image/png") -> Any:
    status, upload = call_api(upload_media, "PUT", f"/media/{name}", body={"contentType": content_type})
    assert status == HTTPStatus.OK, upload
    return upload


def put_file(stack: Stack, name: str, size: int) -> None:
    """Store an uploaded file of this size."""
    stack.s3.put_object(Bucket="uploads", Key=name, Body=b"x" * size, ContentType="image/png")


def accept(*media: str, sender: str = OURS, **fields: Any) -> tuple[int, Any]:
    body = {"from": sender, "to": THEIRS, "media": list(media), **fields}
    return call_api(send_message, "POST", "/messages", body=body)


def problems(*media: str, sender: str = OURS, **fields: Any) -> list[str]:
    status, body = accept(*media, sender=sender, **fields)
    assert status == HTTPStatus.UNPROCESSABLE_ENTITY, body
    return [f"{each['field']}: {each['detail']}" for each in body["errors"]]


def test_a_form_uploads_a_file() -> None:
    upload = form("logo.png")

    posted = requests.post(
        upload["form"]["url"], data=upload["form"]["fields"], files={"file": PICTURE}, timeout=10
    )

    assert posted.status_code == HTTPStatus.NO_CONTENT
    status, file = call_api(upload_media, "GET", "/media/logo.png")
    assert status == HTTPStatus.OK
    assert file.pop("uploadedAt")
    assert file == {
        "name": "logo.png",
        "media": "media://logo.png",
        "contentType": "image/png",
        "bytes": len(PICTURE),
    }


def test_a_form_permits_only_its_file_type_and_size() -> None:
    upload = form("logo.png")

    # moto does not check policies of forms.
    policy = json.loads(base64.b64decode(upload["form"]["fields"]["policy"]))

    assert {"bucket": "uploads"} in policy["conditions"]
    assert {"key": "logo.png"} in policy["conditions"]
    assert {"Content-Type": "image/png"} in policy["conditions"]
    assert ["content-length-range", 1, MAX_FILE_BYTES] in policy["conditions"]
    assert upload["maxBytes"] == MAX_FILE_BYTES


@pytest.mark.parametrize("name", ["a b.png", ".png", "a" * 101, "ü.png", "a%2Fb.png"])
def test_an_invalid_name_is_rejected(name: str) -> None:
    status, body = call_api(upload_media, "PUT", f"/media/{name}", body={"contentType": "image/png"})

    assert status == HTTPStatus.UNPROCESSABLE_ENTITY
    (problem,) = body["errors"]
    assert problem["detail"].startswith("is not a name. Use 1 to 100 letters")


def test_a_type_that_carriers_do_not_deliver_is_rejected() -> None:
    status, body = call_api(upload_media, "PUT", "/media/a.tiff", body={"contentType": "image/tiff"})

    assert status == HTTPStatus.UNPROCESSABLE_ENTITY
    (problem,) = body["errors"]
    assert problem["field"] == "contentType"
    assert problem["detail"].startswith('"image/tiff" is not a type for MMS. Use application/pdf, ')


def test_a_file_that_was_not_uploaded_is_a_404() -> None:
    status, body = call_api(upload_media, "GET", "/media/logo.png")

    assert status == HTTPStatus.NOT_FOUND
    assert body["detail"] == "logo.png is not uploaded. PUT /media/logo.png returns a form to upload it."


def test_bandwidth_gets_a_link_to_the_file(stack: Stack) -> None:
    put_file(stack, "logo.png", 1000)
    stores.numbers().record_preflight(OURS, PASSED)
    status, message = accept("media://logo.png", "https://example.com/a.png")
    assert status == HTTPStatus.ACCEPTED
    assert message["media"] == ["media://logo.png", "https://example.com/a.png"]

    deliver(stack, message["messageId"])

    (sent,) = stack.simulator.simulator.capture.requests("/messages", "POST", bodies=True)
    link, unchanged = json.loads(sent["body"])["media"]
    assert unchanged == "https://example.com/a.png"
    assert requests.get(link, timeout=10).content == b"x" * 1000
    stored = stores.messages().get(message["messageId"])
    assert stored
    assert stored["media"] == ["media://logo.png", "https://example.com/a.png"]


def deliver(stack: Stack, message_id: str) -> None:
    """Let the worker process the message."""
    event = json.loads(json.dumps(sample("messages/deliver_message")))
    (record,) = event["Records"]
    record["body"] = message_id
    assert call(deliver_message, event) == {"batchItemFailures": []}


def test_a_message_with_a_file_that_was_not_uploaded_is_rejected() -> None:
    assert problems("https://example.com/a.png", "media://logo.png") == [
        "media[1]: media://logo.png is not uploaded. Upload it first (PUT /media/logo.png)."
    ]


def test_a_file_exists_until_the_time_of_its_message(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESSAGE_RETENTION_DAYS", "30")
    settings.cache_clear()
    stores.uploads.cache_clear()
    put_file(stack, "logo.png", 1000)
    before, after = [(datetime.now(UTC) + timedelta(days=days)).isoformat() for days in (29, 31)]

    assert accept("media://logo.png", sendAt=before)[0] == HTTPStatus.ACCEPTED
    (problem,) = problems("media://logo.png", sendAt=after)
    assert problem.startswith("media[0]: media://logo.png is deleted at ")
    assert problem.endswith(", before sendAt. Upload it again (PUT /media/logo.png).")


def test_a_message_names_a_file_and_no_path() -> None:
    (problem,) = problems("media://a/b")

    assert problem.startswith("media[0]: does not name an uploaded file. Use 1 to 100 letters")


@pytest.mark.parametrize(("sender", "limit"), [(OURS, 3_500_000), (TOLL_FREE, 525_000), (V1, 1_500_000)])
def test_the_files_of_a_message_fit_the_limit_of_its_sender(stack: Stack, sender: str, limit: int) -> None:
    put_file(stack, "one", limit - 10)
    put_file(stack, "two", 11)
    put_file(stack, "three", 10)

    (problem,) = problems("media://one", "media://two", sender=sender)
    assert problem.startswith(
        f"media: the uploaded files have {limit + 1:,} bytes. {sender} can send {limit:,}."
    )
    assert accept("media://one", "media://three", sender=sender)[0] == HTTPStatus.ACCEPTED


def test_the_files_of_a_message_of_a_pool_fit_the_limit_of_the_chosen_number(stack: Stack) -> None:
    call_api(change_pools, "PUT", "/pools/promotions", body={"numbers": [TOLL_FREE]})
    put_file(stack, "large", 525_001)

    (problem,) = problems("media://large", sender="promotions")

    assert f"{TOLL_FREE} can send 525,000." in problem


def test_a_message_without_uploaded_files_reaches_no_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "uploads", lambda: pytest.fail("the bucket was used"))

    assert accept("https://example.com/a.png")[0] == HTTPStatus.ACCEPTED
