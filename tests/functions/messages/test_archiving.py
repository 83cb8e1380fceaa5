"""Media of inbound messages are copied to the archive and read through links that expire."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from bandwidth_messaging.domain import media
from bandwidth_messaging.domain.messages import Message, MessageState
from bandwidth_messaging.runtime import stores
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.services import media_archive
from bandwidth_messaging.services.media_archive import MediaArchive
from functions.control import browse
from functions.messages import archive_media
from simulator.messaging.media import MediaFile
from tests.functions.conftest import CONFIG, Stack, call, call_api, sample
from tests.generations import both_generations, only_classic, only_current
from tests.http_server import run_server

OURS, THEIRS = "+19195551212", "+19195551234"
ID = "1661365814860moidf7mcwd4qacn8"
PICTURE = b"\x89PNG\r\n" + bytes(range(256))
SMIL = b"<smil><body><par><img src='cid:a.png'/></par></body></smil>"
HTML = b"<script>alert(1)</script>"


def at_bandwidth(stack: Stack, name: str, content: bytes, content_type: str) -> str:
    """Store an inbound media file at Bandwidth and return its URL."""
    media_id = f"{ID}/0/{name}"
    stack.simulator.simulator.media.put(MediaFile(media_id, content, content_type))
    return f"{stack.simulator.url}/messaging/api/v2/users/{CONFIG.account_id}/media/{media_id}"


def received(*urls: str, message_id: str = ID, hours_ago: float = 0) -> str:
    """Store an inbound message with these media."""
    moment = datetime.now(UTC) - timedelta(hours=hours_ago)
    stores.messages().add(
        Message(
            message_id=message_id,
            direction="in",
            api="v2",
            owner=OURS,
            sender=THEIRS,
            recipients=(OURS,),
            text="look!",
            media=urls,
            state=MessageState.RECEIVED,
            time=moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        )
    )
    return message_id


def archive(stack: Stack, message_id: str = ID) -> bool:
    """Let the worker process a message from the queue. Return whether the message is done."""
    event = json.loads(json.dumps(sample("messages/archive_media")))
    (record,) = event["Records"]
    body = json.loads(record["body"])
    body["detail"]["messageId"] = message_id
    stack.sqs.send_message(QueueUrl=stack.media_queue, MessageBody=json.dumps(body))
    (queued,) = stack.receive_messages(stack.media_queue)
    record |= {"body": queued["Body"], "receiptHandle": queued["ReceiptHandle"]}
    again = call(archive_media, event)["batchItemFailures"]
    assert again in ([], [{"itemIdentifier": record["messageId"]}])
    stack.sqs.delete_message(QueueUrl=stack.media_queue, ReceiptHandle=queued["ReceiptHandle"])
    return not again


def shown(message_id: str = ID) -> Any:
    """Return the archived media in GET /messages/{messageId}."""
    status, message = call_api(browse, "GET", f"/messages/{message_id}")
    assert status == 200
    return message.get("archivedMedia")


def fetches(stack: Stack) -> int:
    return stack.requests("GET", "/media/")


@both_generations
def test_an_archived_picture_can_be_read_after_bandwidth_deletes_it(stack: Stack) -> None:
    received(at_bandwidth(stack, "a.png", PICTURE, "image/png"))
    assert archive(stack)
    stack.simulator.simulator.media.reset()
    (file,) = shown()
    assert (file["name"], file["contentType"], file["bytes"]) == ("a.png", "image/png", len(PICTURE))

    answer = requests.get(file["url"], timeout=10)
    assert (answer.content, answer.headers["Content-Type"]) == (PICTURE, "image/png")


def test_a_link_lasts_a_quarter_of_an_hour(stack: Stack) -> None:
    received(at_bandwidth(stack, "a.png", PICTURE, "image/png"))
    archive(stack)
    (file,) = shown()
    assert "X-Amz-Expires=900&" in file["url"]
    left = datetime.fromisoformat(file["expiresAt"]) - datetime.now(UTC)

    assert timedelta(minutes=14) < left <= timedelta(minutes=15)


def test_lists_have_no_links(stack: Stack) -> None:
    received(at_bandwidth(stack, "a.png", PICTURE, "image/png"))

    archive(stack)

    _, page = call_api(browse, "GET", "/messages", query={"number": OURS})
    assert page["items"][0]["archivedMedia"] == [
        {"name": "a.png", "contentType": "image/png", "bytes": len(PICTURE)}
    ]


def test_without_an_archive_there_are_no_links(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    received(at_bandwidth(stack, "a.png", PICTURE, "image/png"))
    archive(stack)
    monkeypatch.setenv("MEDIA_BUCKET", "")
    settings.cache_clear()

    assert shown() == [{"name": "a.png", "contentType": "image/png", "bytes": len(PICTURE)}]


def test_a_layout_file_is_archived_and_marked(stack: Stack) -> None:
    picture = at_bandwidth(stack, "a.png", PICTURE, "image/png")
    received(at_bandwidth(stack, "0.smil", SMIL, "application/smil"), picture)

    archive(stack)

    layout, file = shown()
    assert layout["smil"] is True
    assert "smil" not in file


@pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "text/plain", "nonsense"])
def test_a_file_that_a_browser_might_run_is_served_as_a_download(stack: Stack, content_type: str) -> None:
    received(at_bandwidth(stack, "page.html", HTML, content_type))

    archive(stack)

    (file,) = shown()
    served = requests.get(file["url"], timeout=10).headers
    assert served["Content-Type"] == "application/octet-stream"
    assert served["Content-Disposition"] == 'attachment; filename="page.html"'


def test_a_layout_file_is_archived_with_any_content_type(stack: Stack) -> None:
    received(at_bandwidth(stack, "0.smil", SMIL, "application/x-something"))

    archive(stack)

    (layout,) = shown()
    assert layout["smil"] is True


def test_a_file_of_an_unsupported_type_has_a_reason(stack: Stack) -> None:
    picture = at_bandwidth(stack, "a.png", PICTURE, "image/png")
    received(at_bandwidth(stack, "all.zip", b"PK", "application/zip"), picture)
    assert archive(stack)

    refused, kept = shown()
    assert refused == {
        "name": "all.zip",
        "reason": "The archive does not store files of the type application/zip.",
    }
    assert kept["name"] == "a.png"
    assert stack.s3.list_objects_v2(Bucket="media")["KeyCount"] == 1


def test_archived_files_are_not_fetched_again(stack: Stack) -> None:
    received(at_bandwidth(stack, "a.png", PICTURE, "image/png"))
    assert archive(stack)
    stack.simulator.simulator.media.reset()
    before = shown()[0].keys()

    assert archive(stack)
    assert fetches(stack) == 1
    assert shown()[0].keys() == before


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_a_file_that_failed_is_fetched_later_and_the_others_are_not_fetched_again(
    stack: Stack, generation: str, status: int
) -> None:
    first, second = (at_bandwidth(stack, name, PICTURE, "image/png") for name in ("a.png", "b.png"))
    received(first, second)
    # After a 401 today's client asks once more, with a new token.
    refusals = 2 if (status, generation) == (401, "current") else 1
    stack.add_fault("/a.png$", method="GET", answer={"status": status}, times=refusals)

    assert not archive(stack)
    assert [file["name"] for file in shown()] == ["b.png"]
    assert archive(stack)
    assert [file["name"] for file in shown()] == ["a.png", "b.png"]
    assert fetches(stack) == 2 + refusals


def test_a_file_that_failed_for_two_days_is_given_up(stack: Stack) -> None:
    received(at_bandwidth(stack, "a.png", PICTURE, "image/png"), hours_ago=48.1)
    stack.add_fault("/a.png$", method="GET", answer={"status": 503})

    assert archive(stack)
    assert shown() == [
        {"name": "a.png", "reason": "Bandwidth has deleted the file. Bandwidth keeps media for 48 hours."}
    ]


def test_a_deleted_file_is_recorded_and_not_fetched_again(stack: Stack) -> None:
    gone = at_bandwidth(stack, "a.png", PICTURE, "image/png")
    stack.simulator.simulator.media.reset()

    received(gone)

    assert archive(stack)
    assert archive(stack)
    assert shown() == [
        {"name": "a.png", "reason": "Bandwidth has deleted the file. Bandwidth keeps media for 48 hours."}
    ]
    assert fetches(stack) == 1


def test_a_url_of_another_host_is_not_fetched(stack: Stack) -> None:
    received("https://example.com/api/v2/users/9/media/a.png", "no URL at all")
    assert archive(stack)
    assert shown() == [
        {"name": "a.png", "reason": "The URL is not a media URL at Bandwidth."},
        {"name": "no_URL_at_all", "reason": "The URL is not a media URL at Bandwidth."},
    ]


def test_the_size_limit_counts_all_media_of_a_message(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "MAX_BYTES", 2 * len(PICTURE))
    urls = [at_bandwidth(stack, name, PICTURE, "image/png") for name in ("a.png", "b.png", "c.png")]

    received(*urls)

    assert archive(stack)
    assert [file.get("bytes") for file in shown()] == [len(PICTURE), len(PICTURE), None]
    assert shown()[2]["reason"] == "the response has more than 0 bytes"


@only_current
def test_a_current_token_is_not_sent_to_the_classic_host(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    with run_server() as old_host:
        monkeypatch.setenv("CATAPULT_URL", f"{old_host.url}/v1")
        received(f"{old_host.url}/v1/users/{CONFIG.user_id}/media/a.png")
        assert archive(stack)
        assert old_host.requests == []
    assert shown() == [{"name": "a.png", "reason": "The URL is not a media URL at Bandwidth."}]


@only_classic
def test_a_v1_message_is_fetched_from_v1(stack: Stack) -> None:
    stack.simulator.simulator.media.put(MediaFile("m-1-0-a.png", PICTURE, "image/png"))
    received(f"{stack.simulator.url}/v1/users/{CONFIG.user_id}/media/m-1-0-a.png", message_id="m-1")
    assert archive(stack, "m-1")

    (file,) = shown("m-1")
    assert file["bytes"] == len(PICTURE)


def test_our_credentials_go_to_bandwidth(stack: Stack) -> None:
    url = at_bandwidth(stack, "a.png", PICTURE, "image/png")
    assert requests.get(url, timeout=10).status_code == 401
    basic = base64.b64encode(f"{CONFIG.messaging_token}:wrong".encode()).decode()
    assert requests.get(url, headers={"Authorization": f"Basic {basic}"}, timeout=10).status_code == 401
    received(url)

    assert archive(stack)
    assert shown()[0]["bytes"] == len(PICTURE)


@pytest.mark.parametrize("message_id", ["a/../b", "ä" * 200, "x" * 500])
def test_an_id_with_special_characters_has_a_valid_key(stack: Stack, message_id: str) -> None:
    received(at_bandwidth(stack, "a.png", PICTURE, "image/png"), message_id=message_id)
    assert archive(stack, message_id)
    item = stores.messages().get(message_id)
    assert item
    (file,) = item["archive"]
    assert stack.s3.get_object(Bucket="media", Key=file["key"])["Body"].read() == PICTURE

    folder, position = file["key"].split("/")
    assert (len(folder), position) == (64, "0")


def test_a_missing_message_has_no_media(stack: Stack) -> None:
    assert archive(stack, "gone")
    assert stores.messages().get("gone") is None


def test_two_workers_do_not_overwrite_each_other(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    received(at_bandwidth(stack, "a.png", PICTURE, "image/png"))
    taken = MediaArchive._copy

    def slowly(*given: Any) -> Any:
        monkeypatch.setattr(MediaArchive, "_copy", taken)
        assert archive(stack)
        stack.simulator.simulator.media.reset()
        return taken(*given)

    monkeypatch.setattr(MediaArchive, "_copy", slowly)

    assert not archive(stack)
    assert archive(stack)
    assert shown()[0]["bytes"] == len(PICTURE)


def test_a_long_run_leaves_the_remaining_files_to_the_next_run(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    received(*(at_bandwidth(stack, name, PICTURE, "image/png") for name in ("a.png", "b.png")))
    taken = MediaArchive._copy

    with monkeypatch.context() as slow:

        def slowly(*given: Any) -> Any:
            slow.setattr(media_archive, "_LAST_START_SECONDS", -1)
            return taken(*given)

        slow.setattr(MediaArchive, "_copy", slowly)
        assert not archive(stack)
        assert [file["name"] for file in shown()] == ["a.png"]

    assert archive(stack)
    assert [file["name"] for file in shown()] == ["a.png", "b.png"]


def test_no_name_of_a_file_is_logged(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    private = at_bandwidth(stack, "private.png", PICTURE, "image/png")
    received(private, private.replace("private", "private2"), "https://example.com/private3.png")
    stack.add_fault("/private.png$", method="GET", answer={"status": 503})

    archive(stack)

    logged = capsys.readouterr().out
    assert "media not fetched" in logged
    assert "private" not in logged
