"""Media files: portable names, archived types, and types that a browser may show."""

import pytest

from bandwidth_messaging.domain.media import (
    OCTETS,
    is_harmless,
    is_kept,
    is_smil,
    parse_content_type,
    parse_file_name,
)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://messaging.bandwidth.com/api/v2/users/9/media/m-1/0/IMG_2034.jpg", "IMG_2034.jpg"),
        ("https://host/media/a%20b%2Fc.png", "a_b_c.png"),
        ("https://host/media/..%2f..%2Fetc", ".._.._etc"),
        ('https://host/media/x"; filename="y.html', "x_filename_y.html"),
        ("https://host/media/f%C3%BCr.png", "f_r.png"),
        ("https://host/media/a.png?size=large#top", "a.png"),
        ("https://host/media/" + "a" * 300 + ".png", "a" * 96 + ".png"),
        ("https://host", ""),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_a_files_name_is_the_end_of_its_url(url: str, name: str) -> None:
    assert parse_file_name(url) == name


@pytest.mark.parametrize(
    ("header", "content_type"),
    [
        ("image/png", "image/png"),
        ("Text/X-vCard; charset=utf-8", "text/x-vcard"),
        ("application/vnd.wap.multipart.related", "application/vnd.wap.multipart.related"),
        ("image", OCTETS),
        ("image/png\nX-Other: 1", OCTETS),
        ("", OCTETS),
        (None, OCTETS),
    ],
)
def test_a_content_type_is_normalized_or_octets(header: str | None, content_type: str) -> None:
    assert parse_content_type(header) == content_type


@pytest.mark.parametrize(
    ("name", "content_type", "expected"),
    [
        ("0.smil", "application/octet-stream", True),
        ("layout", "application/smil", True),
        ("SMIL.SMIL", "text/plain", True),
        ("smile.png", "image/png", False),
    ],
)
def test_a_layout_file_is_recognized_by_name_or_type(name: str, content_type: str, expected: bool) -> None:
    assert is_smil(name, content_type) is expected


@pytest.mark.parametrize("content_type", ["image/png", "image/jpeg", "image/heic", "audio/amr", "video/3gpp"])
def test_images_audio_and_video_may_be_shown(content_type: str) -> None:
    assert is_harmless(content_type)


@pytest.mark.parametrize(
    "content_type",
    ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "text/plain", "text/vcard", OCTETS],
)
def test_types_that_a_browser_may_run_are_not_shown(content_type: str) -> None:
    assert not is_harmless(content_type)


@pytest.mark.parametrize(
    "content_type",
    [
        "image/svg+xml",
        "audio/amr",
        "video/3gpp",
        "text/x-vcard",
        "application/smil",
        "application/pdf",
        OCTETS,
    ],
)
def test_types_that_people_send_are_archived(content_type: str) -> None:
    assert is_kept(content_type)


@pytest.mark.parametrize(
    "content_type", ["application/zip", "application/x-msdownload", "application/java-archive"]
)
def test_programs_and_archives_of_files_are_not_archived(content_type: str) -> None:
    assert not is_kept(content_type)
