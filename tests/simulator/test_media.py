"""The simulator's media: uploads of the current API, and files of inbound messages."""

from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta

import pytest
import requests

from simulator.messaging.media import LIFETIME, MAX_BYTES, PAGE, MediaFile
from simulator.server import RunningSimulator
from tests.simulator.support import CONFIG, MESSAGING_CREDENTIALS, TIMEOUT, Client, Hosted, Receiver, Setup

PICTURE = b"\x89PNG\r\n\x1a\n\x00picture"
HANDSET = "+19195550142"
CREDENTIALS = MESSAGING_CREDENTIALS


def upload(current: Client, name: str, content: bytes = PICTURE) -> requests.Response:
    return current.put(f"/media/{name}", data=content, headers={"Content-Type": "image/png"})


def fetch(url: str, credentials: tuple[str, str] | None = CREDENTIALS) -> requests.Response:
    return requests.get(url, auth=credentials, timeout=TIMEOUT)


class TestUploads:
    @pytest.mark.parametrize(("written", "name"), [("a.png", "a.png"), ("x/y%2Fz%20.png", "x/y/z .png")])
    def test_an_uploaded_file_exists_until_deleted(self, current: Client, written: str, name: str) -> None:
        response = upload(current, written)
        assert (response.status_code, response.content) == (204, b"")

        got = current.get(f"/media/{written}")
        assert (got.status_code, got.content) == (200, PICTURE)
        assert got.headers["Content-Type"] == "image/png"

        [listed] = current.get("/media").json()
        assert (listed["mediaName"], listed["contentLength"]) == (name, len(PICTURE))
        assert fetch(listed["content"]).content == PICTURE

        head = current.head(f"/media/{written}")
        assert (head.headers["Content-Length"], head.content) == (str(len(PICTURE)), b"")
        assert current.delete(f"/media/{written}").status_code == 204
        assert current.get("/media").json() == []

        gone = current.get(f"/media/{written}")
        assert gone.status_code == 404
        assert gone.json().keys() == {"type", "description"}
        assert current.delete(f"/media/{written}").status_code == 404

    def test_an_upload_replaces_a_file_of_the_same_name(self, current: Client) -> None:
        headers = {"Content-Type": "text/plain", "Cache-Control": "no-cache"}
        upload(current, "a")

        current.put("/media/a", data=b"text", headers=headers)

        got = current.get("/media/a")
        assert got.content == b"text"
        assert (got.headers["Content-Type"], got.headers["Cache-Control"]) == ("text/plain", "no-cache")

    def test_a_file_above_the_size_limit_is_rejected(self, current: Client) -> None:
        assert upload(current, "a.png", b"x" * MAX_BYTES).status_code == 204
        assert upload(current, "b.png", b"x" * (MAX_BYTES + 1)).status_code == 400

    def test_files_of_another_account_return_403(self, bandwidth: RunningSimulator, current: Client) -> None:
        assert fetch(f"{bandwidth.current_messaging_url}/users/9900001/media").status_code == 403

    def test_many_files_are_listed_in_pages(self, bandwidth: RunningSimulator, current: Client) -> None:
        for number in range(PAGE + 2):
            bandwidth.simulator.media.put(MediaFile(f"{number:05}", b"", "text/plain"))
        first = current.get("/media")
        assert len(first.json()) == PAGE

        token = first.headers["Continuation-Token"]
        second = current.get("/media", headers={"Continuation-Token": token})

        assert [each["mediaName"] for each in second.json()] == ["01000", "01001"]
        assert "Continuation-Token" not in second.headers
        assert current.get("/media", headers={"Continuation-Token": "x"}).status_code == 400


class TestInbound:
    def test_the_event_has_the_url_of_a_file_that_requires_credentials(
        self,
        bandwidth: RunningSimulator,
        control: Client,
        receiver: Receiver,
        set_up: Callable[..., Setup],
    ) -> None:
        files = [
            {"name": "0.smil", "content_type": "application/smil", "content_base64": "PHNtaWwvPg=="},
            {"name": "a b.png", "content_base64": b64encode(PICTURE).decode()},
            "https://a.example/c.png",
            {"name": "d.bin", "bytes": 1000},
        ]
        body = {"from": HANDSET, "to": set_up().numbers[0], "media": files}
        message_id = control.post("/inbound", json=body).json()["id"]
        [event] = receiver.wait_for(1)
        folder = f"{bandwidth.current_messaging_url}/users/{CONFIG.account_id}/media/{message_id}"

        assert event["message"]["media"] == [
            f"{folder}/0/0.smil",
            f"{folder}/1/a%20b.png",
            "https://a.example/c.png",
            f"{folder}/3/d.bin",
        ]

        smil, picture, _, filler = event["message"]["media"]
        assert fetch(picture, None).status_code == 401

        got = fetch(picture)

        assert (got.status_code, got.content, got.headers["Content-Type"]) == (200, PICTURE, "image/png")
        assert fetch(smil).headers["Content-Type"] == "application/smil"
        assert len(fetch(filler).content) == 1000
        assert fetch(f"{folder}/2/c.png").status_code == 404

    def test_v1_has_its_own_media_url(
        self, bandwidth: RunningSimulator, control: Client, receiver: Receiver, host: Callable[..., Hosted]
    ) -> None:
        files = [{"name": "a.png", "content_base64": b64encode(PICTURE).decode()}]
        body = {"from": HANDSET, "to": host().numbers[0], "media": files}
        message_id = control.post("/inbound", json=body).json()["id"]
        [event] = receiver.wait_for(1)
        [url] = event["media"]

        assert url == f"{bandwidth.catapult_url}/users/{CONFIG.user_id}/media/{message_id}-0-a.png"
        assert fetch(url, None).status_code == 401
        assert fetch(url).content == PICTURE

        absent = fetch(f"{url}x")
        assert (absent.status_code, absent.json()["code"]) == (404, "media-not-found")

    def test_a_file_exists_for_48_hours(
        self, bandwidth: RunningSimulator, control: Client, current: Client, set_up: Callable[..., Setup]
    ) -> None:
        body = {"from": HANDSET, "to": set_up().numbers[0], "media": [{"name": "a.png", "bytes": 1}]}
        control.post("/inbound", json=body)
        [shown] = control.get("/media").json()["media"]
        file = bandwidth.simulator.media.get(shown["id"])

        assert file is not None

        file.stored -= LIFETIME - timedelta(minutes=1)
        assert current.get(f"/media/{shown['id']}").status_code == 200

        file.stored -= timedelta(minutes=1)
        assert current.get(f"/media/{shown['id']}").status_code == 404
        assert current.get("/media").json() == []

    def test_all_files_can_be_deleted(
        self, control: Client, current: Client, set_up: Callable[..., Setup]
    ) -> None:
        upload(current, "a.png")
        control.delete("/media")
        assert current.get("/media/a.png").status_code == 404

    @pytest.mark.parametrize(
        ("file", "error"),
        [
            ({"name": "a.png"}, "set exactly one of content_base64 and bytes"),
            ({"name": "a.png", "bytes": 1, "content_base64": ""}, "set exactly one of"),
            ({"name": "a/b.png", "bytes": 1}, "media.0.file.name: "),
            ({"name": "a.png", "content_base64": "?"}, "media.0.file.content_base64: "),
            ({"name": "a.png", "content_base64": 7}, "media.0.file.content_base64: "),
            ({"name": "a.png", "bytes": -1}, "media.0.file.bytes: "),
        ],
    )
    def test_invalid_input_returns_422_with_an_error(
        self, control: Client, file: dict[str, object], error: str
    ) -> None:
        body = {"from": HANDSET, "to": "+19105550100", "media": [file]}
        response = control.post("/inbound", json=body)
        assert response.status_code == 422
        assert error in response.json()["error"]
