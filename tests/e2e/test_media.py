"""Media: the archive of inbound messages outlives Bandwidth's copy, and uploaded files are sent."""

import base64
import json
from typing import Any
from urllib.parse import quote

import requests

from local.stack import Stack
from tests.e2e.test_messages import conversation, unused_number, wait_for_end
from tests.generations import both_generations
from tests.machines import TEXT, control, get, wait_until

PICTURE = b"\x89PNG\r\n" + bytes(range(256))


@both_generations
def test_a_picture_is_archived_and_outlives_bandwidths_copy(cloud: Stack, owner_number: str) -> None:
    sender = unused_number()
    content = base64.b64encode(PICTURE).decode()
    files = [
        {"name": "picture.png", "content_base64": content},
        {"name": "0.smil", "content_base64": base64.b64encode(b"<smil/>").decode()},
    ]
    message_id = control(
        cloud, "POST", "/inbound", {"from": sender, "to": owner_number, "text": TEXT, "media": files}
    )["id"]

    def archived() -> list[Any]:
        if message_id not in [message["messageId"] for message in conversation(cloud, owner_number)]:
            return []
        archived_media: list[Any] = get(cloud, f"/messages/{quote(message_id)}").get("archivedMedia", [])
        return archived_media if len(archived_media) == len(files) else []

    picture, layout = wait_until(archived)

    delete_at_bandwidth(cloud, get(cloud, f"/messages/{quote(message_id)}")["media"])

    assert (picture["name"], picture["contentType"]) == ("picture.png", "image/png")

    response = requests.get(picture["url"], timeout=30)

    assert (response.status_code, response.content) == (200, PICTURE)
    assert layout["smil"] is True

    unsigned = requests.get(picture["url"].partition("?")[0], timeout=30)

    assert unsigned.status_code == 403


def delete_at_bandwidth(cloud: Stack, urls: list[str]) -> None:
    """Delete Bandwidth's copy of the media."""
    user = (cloud.bandwidth["messaging_token"], cloud.bandwidth["messaging_secret"])
    for url in urls:
        assert requests.delete(url, auth=user, timeout=30).status_code == 204
        assert requests.get(url, auth=user, timeout=30).status_code == 404


@both_generations
def test_bandwidth_fetches_an_uploaded_file(cloud: Stack, owner_number: str) -> None:
    upload = cloud.call("PUT", "/media/picture.png", {"contentType": "image/png"}).json()
    form = upload["form"]
    uploaded = requests.post(form["url"], data=form["fields"], files={"file": PICTURE}, timeout=30)
    assert uploaded.status_code == 204, uploaded.text
    assert get(cloud, "/media/picture.png")["bytes"] == len(PICTURE)

    recipient = unused_number()
    body = {"from": owner_number, "to": recipient, "media": [upload["media"]]}
    accepted = cloud.call("POST", "/messages", body)
    assert accepted.status_code == 202, accepted.text
    wait_for_end(cloud, accepted.json()["messageId"])

    sent = [
        json.loads(request["body"])
        for request in control(cloud, "GET", "/requests?path=/messages&method=POST&bodies=1")["requests"]
        if request["body"] and recipient in request["body"]
    ]
    (link,) = sent[-1]["media"]
    assert requests.get(link, timeout=30).content == PICTURE
