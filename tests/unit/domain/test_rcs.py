"""The field rcs of POST /messages."""

from typing import Any

import pytest

from bandwidth_messaging.domain.problems import InvalidInput
from bandwidth_messaging.domain.sending import NewMessage
from bandwidth_messaging.domain.validation import parse

GIVEN = {"from": "+19195551212", "to": "+19195551213", "text": "Your parcel: https://example.com"}
FILE = {"fileUrl": "https://example.com/a.png"}
REPLY = {"type": "REPLY", "text": "Yes", "postbackData": "eWVz"}
TITLE = {"title": "Your parcel"}
CARD = {"orientation": "VERTICAL", "cardContent": TITLE}


def message(rcs: Any, **changes: Any) -> NewMessage:
    return parse(NewMessage, GIVEN | {"rcs": rcs} | changes)


def stored(**rcs: Any) -> dict[str, Any]:
    new = message({"from": "ExampleAgent", **rcs})
    assert new.rcs is not None
    return new.rcs.to_item()


def problems(rcs: Any, **changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as raised:
        message(rcs, **changes)
    return [(problem.field, problem.detail) for problem in raised.value.problems]


def wrong_fields(**rcs: Any) -> list[str]:
    return [field for field, _ in problems({"from": "ExampleAgent", **rcs})]


def action(**fields: Any) -> dict[str, Any]:
    return REPLY | fields


@pytest.mark.parametrize(
    "content",
    [
        {"text": "x" * 3270},
        {"text": "Well?", "suggestions": [REPLY] * 11},
        {"media": [FILE, FILE | {"thumbnailUrl": "https://example.com/b.png"}]},
        {"card": CARD | {"cardContent": {"description": "x" * 2000, "suggestions": [REPLY] * 4}}},
        {"card": CARD | {"orientation": "HORIZONTAL", "thumbnailImageAlignment": "LEFT"}},
        {"card": CARD | {"cardContent": {"media": FILE | {"height": "TALL"}}}},
        {"carousel": {"cardWidth": "SMALL", "cardContents": [TITLE] * 10}},
    ],
)
def test_content_within_bandwidths_limits_is_stored_as_it_was_given(content: dict[str, Any]) -> None:
    assert stored(**content) == {"from": "ExampleAgent", **content}


@pytest.mark.parametrize(
    "suggestion",
    [
        REPLY,
        action(type="REQUEST_LOCATION"),
        action(type="DIAL_PHONE", phoneNumber="+19195551214"),
        action(type="SHOW_LOCATION", latitude="-37.774900", longitude="180.000000", label="Here"),
        action(
            type="CREATE_CALENDAR_EVENT",
            title="Visit",
            startTime="2026-11-22T10:00:00.000Z",
            endTime="2026-11-22T11:00:00.000Z",
            description="At the shop",
        ),
        action(type="OPEN_URL", url="https://example.com", application="BROWSER"),
        action(type="OPEN_URL", url="https://example.com", application="WEBVIEW", webviewViewMode="HALF"),
    ],
)
def test_each_type_of_suggestion_is_accepted_with_its_fields(suggestion: dict[str, Any]) -> None:
    assert stored(text="Well?", suggestions=[suggestion])["suggestions"] == [suggestion]


@pytest.mark.parametrize(
    ("given", "kept"),
    [(37.7749, "37.774900"), ("1e-7", "0.000000"), (-0.0000004, "0.000000"), (90, "90.000000")],
)
def test_degrees_are_stored_as_text_with_six_digits(given: Any, kept: str) -> None:
    place = action(type="SHOW_LOCATION", latitude=given, longitude=0)
    assert stored(text="Here", suggestions=[place])["suggestions"][0]["latitude"] == kept


def test_numbers_and_times_of_suggestions_are_normalized() -> None:
    dial = action(type="DIAL_PHONE", phoneNumber="(919) 555-1214")
    event = action(
        type="CREATE_CALENDAR_EVENT",
        title="Visit",
        startTime="2026-11-22T10:00:00+01:00",
        endTime="2026-11-22T11:00:00+01:00",
    )

    dialed, created = stored(text="Well?", suggestions=[dial, event])["suggestions"]

    assert dialed["phoneNumber"] == "+19195551214"
    assert created["startTime"] == "2026-11-22T09:00:00.000Z"


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"text": ""}, "rcs.text"),
        ({"text": "x" * 3271}, "rcs.text"),
        ({"media": []}, "rcs.media"),
        ({"media": [{"fileUrl": "ftp://example.com"}]}, "rcs.media[0].fileUrl"),
        ({"media": [{"fileUrl": f"https://example.com/{'x' * 1000}"}]}, "rcs.media[0].fileUrl"),
        ({"text": "x", "suggestions": [REPLY] * 12}, "rcs.suggestions"),
        ({"text": "x", "suggestions": [action(text="x" * 26)]}, "rcs.suggestions[0].text"),
        ({"text": "x", "suggestions": [action(postbackData="no base64")]}, "rcs.suggestions[0].postbackData"),
        (
            {"text": "x", "suggestions": [action(postbackData="eWVz" * 513)]},
            "rcs.suggestions[0].postbackData",
        ),
        ({"text": "x", "suggestions": [action(type="CALL")]}, "rcs.suggestions[0].type"),
        (
            {"text": "x", "suggestions": [action(type="SHOW_LOCATION", latitude=90.1, longitude=0)]},
            "rcs.suggestions[0].latitude",
        ),
        ({"card": CARD | {"cardContent": {"title": "x" * 201}}}, "rcs.card.cardContent.title"),
        ({"card": CARD | {"cardContent": {"description": "x" * 2001}}}, "rcs.card.cardContent.description"),
        ({"card": CARD | {"cardContent": {"media": FILE}}}, "rcs.card.cardContent.media.height"),
        (
            {"card": CARD | {"cardContent": {"media": FILE | {"height": "HUGE"}}}},
            "rcs.card.cardContent.media.height",
        ),
        (
            {"card": CARD | {"cardContent": TITLE | {"suggestions": [REPLY] * 5}}},
            "rcs.card.cardContent.suggestions",
        ),
        ({"card": CARD | {"cardContent": {}}}, "rcs.card.cardContent"),
        ({"card": CARD | {"orientation": "HORIZONTAL"}}, "rcs.card"),
        ({"carousel": {"cardWidth": "SMALL", "cardContents": [TITLE]}}, "rcs.carousel.cardContents"),
        ({"carousel": {"cardWidth": "SMALL", "cardContents": [TITLE] * 11}}, "rcs.carousel.cardContents"),
        ({"carousel": {"cardWidth": "TALL", "cardContents": [TITLE] * 2}}, "rcs.carousel.cardWidth"),
        ({"text": "x", "title": "y"}, "rcs.title"),
        ({}, "rcs"),
        ({"text": "x", "card": CARD}, "rcs"),
    ],
)
def test_content_beyond_bandwidths_limits_is_named(content: dict[str, Any], field: str) -> None:
    assert wrong_fields(**content) == [field]


def test_content_that_is_too_large_to_be_stored_is_rejected_with_its_size() -> None:
    link = action(type="OPEN_URL", url=f"https://example.com/{'漢' * 2000}", postbackData="eWVz" * 512)
    cards = [{"description": "x" * 2000, "suggestions": [link] * 4}] * 10

    ((field, detail),) = problems(
        {"from": "ExampleAgent", "carousel": {"cardWidth": "SMALL", "cardContents": cards}}
    )

    assert field == "rcs"
    assert detail.endswith("bytes in UTF-8, more than 300,000. Shorten its texts and URLs.")


@pytest.mark.parametrize(
    ("suggestion", "detail"),
    [
        (action(type="OPEN_URL"), "is OPEN_URL and needs url"),
        (action(type="SHOW_LOCATION", label="x"), "is SHOW_LOCATION and needs latitude, longitude"),
        (action(url="https://example.com"), "is REPLY, which has no url. Leave it out."),
        (
            action(type="OPEN_URL", url="https://example.com", application="WEBVIEW"),
            "needs webviewViewMode with the application WEBVIEW, and only then",
        ),
        (
            action(type="OPEN_URL", url="https://example.com", webviewViewMode="FULL"),
            "needs webviewViewMode with the application WEBVIEW, and only then",
        ),
        (
            action(
                type="CREATE_CALENDAR_EVENT",
                title="x",
                startTime="2026-11-22T10:00:00Z",
                endTime="2026-11-22T10:00:00Z",
            ),
            "has an endTime that is not after startTime. Give a later endTime.",
        ),
    ],
)
def test_a_suggestion_with_wrong_fields_says_what_its_type_has(suggestion: Any, detail: str) -> None:
    assert problems({"from": "ExampleAgent", "text": "x", "suggestions": [suggestion]}) == [
        ("rcs.suggestions[0]", detail)
    ]


@pytest.mark.parametrize("agent", ["", "+19195551212", "two words", "x" * 101, "Ägent", None])
def test_a_sender_that_is_not_the_id_of_an_agent_is_named(agent: Any) -> None:
    assert [field for field, _ in problems({"from": agent, "text": "x"})] == ["rcs.from"]


def test_rcs_has_one_recipient() -> None:
    found = problems({"from": "ExampleAgent", "text": "x"}, to=["+19195551213", "+19195551214"])
    assert found == [("rcs", "is for one recipient, and to has several. Send one message to each.")]


def test_the_media_of_the_fallback_have_bandwidths_limit_of_files() -> None:
    url = f"https://example.com/{'x' * 981}"
    assert len(url) == 1001
    assert parse(NewMessage, GIVEN | {"media": [url]}).media == [url]
    ((field, detail),) = problems({"from": "ExampleAgent", "text": "x"}, media=[url])
    assert (field, "1000 characters" in detail) == ("rcs", True)


def test_uploaded_files_cannot_be_sent_with_rcs() -> None:
    ((field, detail),) = problems({"from": "ExampleAgent", "text": "x"}, media=["media://logo.png"])
    assert (field, "uploaded files" in detail) == ("rcs", True)
    assert wrong_fields(media=[{"fileUrl": "media://logo.png"}]) == ["rcs.media[0].fileUrl"]


def test_the_fallback_needs_a_text_or_media() -> None:
    assert [field for field, _ in problems({"from": "ExampleAgent", "text": "x"}, text="")] == ["text"]


def test_the_digest_differs_by_rcs_and_not_without_it() -> None:
    # The digest of the same request in versions without rcs.
    plain = parse(NewMessage, {"from": "+19195551212", "to": "+19195551213", "text": "hi"})
    assert plain.digest() == "727c8b5b59cd6532b7c740c02a34bba133c5937f3d974971d5e66f0aaf16b6f1"
    digests = {message({"from": "ExampleAgent", "text": text}).digest() for text in ("a", "b")}
    assert len({*digests, parse(NewMessage, GIVEN).digest()}) == 3
