"""Catapult, the V1 API: applications and numbers are found before they are created; errors are classified."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandwidth_messaging.bandwidth.catapult import (
    Application,
    Catapult,
    read_error,
    with_credentials,
    without_credentials,
)
from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.errors import (
    BandwidthError,
    BandwidthGarbled,
    BandwidthOutcomeUnknown,
    BandwidthRejected,
    BandwidthUnauthorized,
    BandwidthUnavailable,
)
from bandwidth_messaging.bandwidth.messaging import AcceptedMessage
from bandwidth_messaging.bandwidth.transport import ErrorBody
from tests.http_server import Response, Server

Call = Callable[[Catapult], object]

NUMBER, NUMBER_ID, APPLICATION = "+19199918388", "n-id3x6rblp4jrkih2u7zxjdy", "a-ours"
DASHBOARD = BasicCredentials("wileCoyote", "catchThatBird")
CALLBACK = BasicCredentials("bandwidth", "callback-password")
URL = "https://example.com/live/callbacks/v1"


def import_number(catapult: Catapult) -> str:
    return catapult.import_number(NUMBER, APPLICATION, account_id="9500149", dashboard=DASHBOARD)


def send(catapult: Catapult) -> AcceptedMessage:
    return catapult.prepare_send(sender=NUMBER, to=("+19195551213",), text="a private word", tag="out_1")()


def create_application(catapult: Catapult) -> str:
    return catapult.create_application("MyFirstApp", URL, CALLBACK, http_method="POST")


READS: dict[str, Call] = {
    "list_applications": lambda catapult: catapult.list_applications(),
    "find_application": lambda catapult: catapult.find_application(APPLICATION),
    "find_number": lambda catapult: catapult.find_number(NUMBER),
    "list_numbers": lambda catapult: catapult.list_numbers(),
}
WRITES: dict[str, Call] = {
    "create_application": create_application,
    "import_number": import_number,
    "move_number": lambda catapult: catapult.move_number(NUMBER_ID, APPLICATION),
    "send": send,
}
DELETES: dict[str, Call] = {
    "release_number": lambda catapult: catapult.release_number(NUMBER_ID),
    "delete_application": lambda catapult: catapult.delete_application(APPLICATION),
}
CALLS = READS | WRITES | DELETES
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
every_read = pytest.mark.parametrize("call", READS.values(), ids=READS)
every_write = pytest.mark.parametrize("call", WRITES.values(), ids=WRITES)


def refusal(
    status: int, code: str | None, *, category: str = "bad-request", message: str = "No."
) -> Response:
    error = {"category": category, "code": code, "message": message, "details": [{"name": "a", "value": "b"}]}
    return Response(status, json.dumps(error), {"Content-Type": "application/json"})


def asked(bandwidth: Server) -> list[tuple[str, str]]:
    return [(each.method, each.path) for each in bandwidth.requests]


# Applications


def page(first: int, count: int) -> Response:
    listed = [
        {"id": f"a-{each}", "name": f"name {each}", "incomingMessageUrl": URL}
        for each in range(first, first + count)
    ]
    return Response(200, json.dumps(listed))


@pytest.mark.parametrize(
    "sizes", [(0,), (1,), (999,), (1000, 0), (1000, 1), (1000, 1000, 0), (1000, 1000, 999)]
)
def test_applications_are_read_until_a_page_is_not_full(
    bandwidth: Server, catapult: Catapult, sizes: tuple[int, ...]
) -> None:
    bandwidth.respond_with(*(page(1000 * number, size) for number, size in enumerate(sizes)), Response(500))

    found = catapult.list_applications()

    assert [each.application_id for each in found] == [f"a-{each}" for each in range(sum(sizes))]
    assert asked(bandwidth) == [
        ("GET", f"/users/u-ly123/applications?page={number}&size=1000") for number in range(len(sizes))
    ]


def test_listed_applications_have_ids_names_and_urls_without_credentials(
    bandwidth: Server, catapult: Catapult
) -> None:
    listed = [
        {"id": "a-1", "name": "MyFirstApp", "incomingMessageUrl": with_credentials(URL, CALLBACK)},
        {"id": "a-2", "name": None, "incomingMessageUrl": None, "incomingCallUrl": "https://example.com"},
        {"id": "a-3"},
    ]
    bandwidth.respond_with(Response(200, json.dumps(listed)))
    assert catapult.list_applications() == [
        Application("a-1", "MyFirstApp", URL),
        Application("a-2", "", ""),
        Application("a-3", "", ""),
    ]


def test_a_missing_application_is_none(bandwidth: Server, catapult: Catapult) -> None:
    url = "https://user:password@hook.example/v1"
    bandwidth.respond_with(
        Response(200, json.dumps({"id": "a-ours", "name": "MyFirstApp", "incomingMessageUrl": url}))
    )
    assert catapult.find_application(APPLICATION) == Application(
        "a-ours", "MyFirstApp", "https://hook.example/v1"
    )
    bandwidth.respond_with(refusal(404, "application-not-found", category="not-found"))

    assert catapult.find_application(APPLICATION) is None
    assert asked(bandwidth) == [("GET", "/users/u-ly123/applications/a-ours")] * 2


def test_deleting_an_application_returns_whether_it_existed(bandwidth: Server, catapult: Catapult) -> None:
    assert catapult.delete_application(APPLICATION) is True
    bandwidth.respond_with(refusal(404, "application-not-found", category="not-found"))

    assert catapult.delete_application(APPLICATION) is False
    assert asked(bandwidth) == [("DELETE", "/users/u-ly123/applications/a-ours")] * 2


# Numbers


def test_the_numbers_of_an_application_are_listed_page_by_page(bandwidth: Server, catapult: Catapult) -> None:
    url = "https://api.catapult.inetwork.com/v1/users/u-ly123/applications/a-ours"
    full = [{"id": f"n-{each}", "number": f"+1919555{each:04}", "application": url} for each in range(1000)]
    last = [{"id": "n-x", "number": "+19195559999"}]
    bandwidth.respond_with(Response(200, json.dumps(full)), Response(200, json.dumps(last)))
    found = catapult.list_numbers(APPLICATION)
    assert (len(found), found["+19195550999"], found["+19195559999"]) == (1001, "a-ours", None)

    queries = [each.path.partition("?")[2] for each in bandwidth.requests]
    assert queries == [f"applicationId=a-ours&page={page}&size=1000" for page in (0, 1)]


@pytest.mark.parametrize(
    ("application", "application_id"),
    [
        ("https://api.catapult.inetwork.com/v1/users/u-ly123/applications/a-ours", "a-ours"),
        ("/v1/users/u-ly123/applications/a-ours/", "a-ours"),
        ("", None),
        (None, None),
    ],
)
def test_a_number_has_the_application_of_its_url(
    bandwidth: Server, catapult: Catapult, application: str | None, application_id: str | None
) -> None:
    bandwidth.respond_with(
        Response(200, json.dumps({"id": NUMBER_ID, "number": NUMBER, "application": application}))
    )
    assert catapult.find_number(NUMBER) == (NUMBER_ID, application_id)
    assert asked(bandwidth) == [("GET", "/users/u-ly123/phoneNumbers/%2B19199918388")]


def test_a_missing_number_is_none(bandwidth: Server, catapult: Catapult) -> None:
    bandwidth.respond_with(refusal(404, "number-not-found", category="not-found"))
    assert catapult.find_number(NUMBER) is None


def test_moving_a_number_is_a_post(bandwidth: Server, catapult: Catapult) -> None:
    catapult.move_number(NUMBER_ID, APPLICATION)
    assert asked(bandwidth) == [("POST", f"/users/u-ly123/phoneNumbers/{NUMBER_ID}")]
    assert json.loads(bandwidth.only_request.body) == {"applicationId": APPLICATION}


@pytest.mark.parametrize("answer", [Response(200), refusal(404, "number-not-found", category="not-found")])
def test_releasing_a_released_number_does_nothing(
    bandwidth: Server, catapult: Catapult, answer: Response
) -> None:
    bandwidth.respond_with(answer)
    catapult.release_number(NUMBER_ID)
    assert asked(bandwidth) == [("DELETE", f"/users/u-ly123/phoneNumbers/{NUMBER_ID}")]


def test_a_number_that_cannot_be_released_is_rejected(bandwidth: Server, catapult: Catapult) -> None:
    bandwidth.respond_with(refusal(401, "number-access-denied", category="authorization"))
    with pytest.raises(BandwidthRejected, match="number-access-denied"):
        catapult.release_number(NUMBER_ID)


# Numbers that are there already


DUPLICATE = refusal(409, "duplicate-number", category="conflict", message="The number is there.")
CREATED = Response(201, headers={"Location": f"/v1/users/u-ly123/phoneNumbers/{NUMBER_ID}"})


def found(application_id: str) -> Response:
    return Response(
        200, json.dumps({"id": "n-old", "application": f"https://x/applications/{application_id}"})
    )


def test_a_new_number_is_imported_with_one_request(bandwidth: Server, catapult: Catapult) -> None:
    bandwidth.respond_with(CREATED)
    assert import_number(catapult) == NUMBER_ID
    assert asked(bandwidth) == [("POST", "/users/u-ly123/phoneNumbers")]


def test_an_existing_number_counts_as_imported(bandwidth: Server, catapult: Catapult) -> None:
    bandwidth.respond_with(DUPLICATE, found(APPLICATION), Response(500))
    assert import_number(catapult) == "n-old"
    assert [method for method, _ in asked(bandwidth)] == ["POST", "GET"]


@pytest.mark.parametrize("application_id", ["a-another", ""])
def test_an_existing_number_of_another_application_is_moved(
    bandwidth: Server, catapult: Catapult, application_id: str
) -> None:
    bandwidth.respond_with(DUPLICATE, found(application_id), Response(200))

    assert import_number(catapult) == "n-old"
    assert asked(bandwidth)[2:] == [("POST", "/users/u-ly123/phoneNumbers/n-old")]
    assert json.loads(bandwidth.requests[2].body) == {"applicationId": APPLICATION}


def test_an_existing_number_of_another_user_is_rejected(bandwidth: Server, catapult: Catapult) -> None:
    bandwidth.respond_with(DUPLICATE, refusal(404, "number-not-found"))

    with pytest.raises(BandwidthRejected) as raised:
        import_number(catapult)

    assert (raised.value.status, raised.value.code) == (409, "duplicate-number")
    assert raised.value.words == "The number is there."


def test_another_conflict_is_rejected(bandwidth: Server, catapult: Catapult) -> None:
    bandwidth.respond_with(refusal(409, "duplicate-application", category="conflict"))
    with pytest.raises(BandwidthRejected, match="duplicate-application"):
        import_number(catapult)
    assert len(bandwidth.requests) == 1


def test_a_failed_look_up_of_a_number_is_not_a_rejection(bandwidth: Server, catapult: Catapult) -> None:
    bandwidth.respond_with(DUPLICATE, Response(500))
    with pytest.raises(BandwidthUnavailable):
        import_number(catapult)


# What its refusals mean


@every_call
@pytest.mark.parametrize(
    "code",
    [
        "message-rate-limit",
        "message-rate-limit-overall",
        "message-rate-limit-per-tn",
        "multi-message-limit",
        "a-limit-to-come",
    ],
)
def test_a_403_of_a_limit_is_unavailable(
    bandwidth: Server, catapult: Catapult, call: Call, code: str
) -> None:
    bandwidth.respond_with(refusal(403, code, category="limit"))
    with pytest.raises(BandwidthUnavailable, match=r"403\. Retry it later"):
        call(catapult)


def test_the_code_alone_identifies_a_limit(bandwidth: Server, catapult: Catapult) -> None:
    bandwidth.respond_with(refusal(403, "message-rate-limit", category=""))
    with pytest.raises(BandwidthUnavailable):
        send(catapult)


def test_a_400_of_a_full_queue_is_unavailable(bandwidth: Server, catapult: Catapult) -> None:
    bandwidth.respond_with(refusal(400, "message-delay-limit"))
    with pytest.raises(BandwidthUnavailable, match=r"400\. Retry it later"):
        send(catapult)


@every_call
def test_a_429_is_unavailable(bandwidth: Server, catapult: Catapult, call: Call) -> None:
    bandwidth.respond_with(refusal(429, "rate-limit-reached", category="too-many-requests"))
    with pytest.raises(BandwidthUnavailable, match=r"429\. Retry it later"):
        call(catapult)


@pytest.mark.parametrize(
    "code", ["message-gateway-unavailable", "message-delivery-failed", "gateway-unavailable", None]
)
def test_a_503_of_the_message_gateway_has_an_unknown_outcome(
    bandwidth: Server, catapult: Catapult, code: str | None
) -> None:
    bandwidth.respond_with(refusal(503, code, category="unavailable"))
    with pytest.raises(BandwidthOutcomeUnknown):
        send(catapult)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "number-access-denied"),
        (401, "no-allocated-number"),
        (403, "message-from-toll-free"),
        (403, "restricted-number"),
        (400, "validation-error"),
        (400, "missing-property"),
        (404, "number-not-found"),
    ],
)
def test_a_rejected_number_or_message_is_not_unauthorized(
    bandwidth: Server, catapult: Catapult, status: int, code: str
) -> None:
    bandwidth.respond_with(refusal(status, code, message="Not this one."))
    with pytest.raises(BandwidthRejected) as raised:
        send(catapult)
    assert (raised.value.status, raised.value.code, raised.value.words) == (status, code, "Not this one.")


@every_call
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "user-access-denied"),
        (401, None),
        (403, "application-access-denied"),
        (403, "insufficient-available-balance"),
    ],
)
def test_another_401_or_403_is_unauthorized(
    bandwidth: Server, catapult: Catapult, call: Call, status: int, code: str | None
) -> None:
    bandwidth.respond_with(refusal(status, code, category="authorization"))
    with pytest.raises(BandwidthUnauthorized, match="Check the credentials"):
        call(catapult)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'"no"', b"null", b"7", b"\xff", b'{"code": [1], "message": {"a": 1}}']
)
def test_an_unknown_error_body_is_ignored(body: bytes) -> None:
    error = read_error(body)
    assert error is None or (error.code, error.words, error.means) == ("[1]", "{'a': 1}", None)


@given(
    st.dictionaries(
        st.sampled_from(["category", "code", "message", "details"]),
        st.none() | st.booleans() | st.floats() | st.text() | st.lists(st.text()) | st.just({"a": 1}),
    )
)
def test_values_of_an_error_body_become_text(body: dict[str, Any]) -> None:
    error = read_error(json.dumps(body).encode())
    assert error is not None
    assert all(isinstance(each, str | None) for each in error[:2])


def test_an_error_body_has_code_and_description() -> None:
    body = refusal(400, "validation-error", message="Wrong.").body
    assert read_error(str(body).encode()) == ErrorBody("validation-error", "Wrong.")


# What a message's request says


PLAIN = {"from": NUMBER, "to": "+19195551213", "text": "a private word", "tag": "out_1"}
TAKEN = Response(201, headers={"Location": "/v1/users/u-1/messages/m-1"})


def test_a_text_requests_receipts_and_omits_empty_fields(bandwidth: Server, catapult: Catapult) -> None:
    bandwidth.respond_with(TAKEN)
    assert send(catapult) == AcceptedMessage("m-1", None)
    assert json.loads(bandwidth.only_request.body) == PLAIN | {"receiptRequested": "all"}


def test_media_request_no_receipts(bandwidth: Server, catapult: Catapult) -> None:
    bandwidth.respond_with(TAKEN)
    catapult.prepare_send(
        sender=NUMBER,
        to=("+19195551213",),
        text="a private word",
        tag="out_1",
        media=("https://example.com/a.png",),
        callback_url="https://u:p@example.com/callbacks/v1",
    )()
    assert json.loads(bandwidth.only_request.body) == PLAIN | {
        "media": ["https://example.com/a.png"],
        "callbackUrl": "https://u:p@example.com/callbacks/v1",
    }


def test_a_group_message_is_not_supported(bandwidth: Server, catapult: Catapult) -> None:
    with pytest.raises(ValueError, match="too many values"):
        catapult.prepare_send(
            sender=NUMBER, to=("+19195551213", "+19195551214"), text="a private word", tag="out_1"
        )()
    assert bandwidth.requests == []


# Answers of another form


@every_read
@pytest.mark.parametrize(
    "body", ["", "<html/>", "null", "7", '"a-1"', "[7]", "[[]]", "{}", '[{"name": "x"}]', "[" * 100_000]
)
def test_a_200_with_undocumented_json_is_garbled(
    bandwidth: Server, catapult: Catapult, call: Call, body: str
) -> None:
    bandwidth.respond_with(Response(200, body))
    with pytest.raises(BandwidthGarbled, match="is not the documented JSON"):
        call(catapult)


@pytest.mark.parametrize("name", ["create_application", "import_number", "send"])
@pytest.mark.parametrize("location", [None, "", "/"])
def test_a_201_without_a_location_is_garbled(
    bandwidth: Server, catapult: Catapult, name: str, location: str | None
) -> None:
    bandwidth.respond_with(Response(201, headers={} if location is None else {"Location": location}))
    with pytest.raises(BandwidthGarbled, match="Location"):
        CALLS[name](catapult)


@every_write
@pytest.mark.parametrize("answer", [Response(500), Response(lost=True)])
def test_a_write_with_unknown_outcome_is_sent_once(
    bandwidth: Server, catapult: Catapult, call: Call, answer: Response
) -> None:
    bandwidth.respond_with(answer)
    with pytest.raises(BandwidthOutcomeUnknown):
        call(catapult)
    assert len(bandwidth.requests) == 1


# Nothing secret


WAYS_TO_FAIL = [
    refusal(400, "validation-error", message=f"{NUMBER} is wrong."),
    Response(401),
    DUPLICATE,
    Response(429),
    Response(500, f"<html>{NUMBER}</html>"),
    Response(lost=True),
    Response(200, f'["{NUMBER}"]'),
]


@every_call
@pytest.mark.parametrize("answer", WAYS_TO_FAIL)
def test_no_error_contains_a_password_a_text_or_a_full_number(
    bandwidth: Server, catapult: Catapult, call: Call, answer: Response
) -> None:
    bandwidth.respond_with(answer)
    shown = ""
    try:
        call(catapult)
    except BandwidthError as error:
        shown = f"{error!s} {error!r}"
    for secret in (DASHBOARD.password, CALLBACK.password, "messaging-secret", "private", NUMBER[2:]):
        assert secret not in shown


def test_an_error_shows_the_last_four_digits_of_a_number_in_its_path(
    bandwidth: Server, catapult: Catapult
) -> None:
    bandwidth.respond_with(Response(500))
    with pytest.raises(BandwidthUnavailable) as raised:
        catapult.find_number(NUMBER)
    assert str(raised.value) == "GET /users/u-ly123/phoneNumbers/…8388 returned 500"


def test_the_repr_of_client_and_credentials_hides_the_password(catapult: Catapult) -> None:
    shown = f"{catapult!r} {DASHBOARD!r} {CALLBACK!r}"
    assert not {"messaging-secret", DASHBOARD.password, CALLBACK.password} & set(shown.split("'"))


# Credentials in URLs


@pytest.mark.parametrize("password", ["plain", "p:ss/w@rd?#[]%&=+ ", "pässwörd…", "%40"])
def test_credentials_in_a_url_are_quoted(password: str) -> None:
    parts = urlsplit(with_credentials(URL, BasicCredentials("bandwidth", password)))
    assert (parts.hostname, parts.path, unquote(parts.password or "")) == (
        "example.com",
        "/live/callbacks/v1",
        password,
    )


@given(
    st.text(min_size=1),
    st.text(min_size=1),
    st.sampled_from(["", "/", "/a@b?c=https://d@e", "?x=@#y", ":8443/a"]),
)
def test_credentials_can_be_removed_from_a_url(username: str, password: str, rest: str) -> None:
    try:
        credentials = BasicCredentials(username, password)
        url = with_credentials(f"https://example.com{rest}", credentials)
    except UnicodeEncodeError:
        return
    assert without_credentials(url) == f"https://example.com{rest}"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "no URL",
        "http://[External server URL]",
        "https://[::1",
        "//example.com/a@b",
        "https://example.com/a@b",
    ],
)
def test_removing_credentials_accepts_every_url(url: str) -> None:
    assert without_credentials(url) == url


def test_credentials_end_at_the_last_at_of_the_host() -> None:
    assert without_credentials("http://user:p@ss@example.com:80/a") == "http://example.com:80/a"
