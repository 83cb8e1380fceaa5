"""Steps 5 and 6, Send Message and Incoming Messages, as the document prints them."""

from urllib.parse import parse_qs

import pytest

from bandwidth_messaging.bandwidth.callbacks import parse_v1, parse_v1_query
from bandwidth_messaging.bandwidth.catapult import Catapult
from bandwidth_messaging.bandwidth.messaging import AcceptedMessage
from bandwidth_messaging.domain.messages import Message, MessageState
from tests.contracts.hosted_messaging_document.document import (
    APPLICATION,
    CATAPULT_URL,
    MESSAGE,
    TAG,
    URL_WITH_CREDENTIALS,
    USER,
    assert_is_catapult_request,
    list_fields,
    printed_example,
    printed_response,
)
from tests.http_server import Server


def send(catapult: Catapult, callback_url: str | None = None) -> AcceptedMessage:
    return catapult.prepare_send(
        sender="+14352154439",
        to=("+19195551213",),
        text="Good morning, this is a test message",
        tag=TAG,
        callback_url=callback_url,
    )()


@pytest.mark.parametrize("callback_url", [None, URL_WITH_CREDENTIALS])
def test_the_request_is_the_printed_one_in_e164_with_tag_and_receipts(
    bandwidth: Server, catapult: Catapult, callback_url: str | None
) -> None:
    bandwidth.respond_with(printed_response("send_message.response"))
    send(catapult, callback_url)

    expected = printed_example("send_message.request")
    assert_is_catapult_request(bandwidth.only_request, expected)
    sent = dict(list_fields(bandwidth.only_request.body))
    added = {"receiptRequested": "all", "tag": TAG}
    added |= {"callbackUrl": callback_url} if callback_url else {}
    assert {name: value for name, value in sent.items() if name in added} == added
    # The printed sender lacks the + of E.164, which the reference of this operation requires.
    assert [(name, value) for name, value in sent.items() if name not in added] == [
        (name, f"+{value}" if name == "from" else value) for name, value in list_fields(expected.body)
    ]


def test_the_message_id_comes_from_the_location_of_an_empty_response(
    bandwidth: Server, catapult: Catapult
) -> None:
    assert printed_example("send_message.response").body == ""
    bandwidth.respond_with(printed_response("send_message.response"))
    assert send(catapult) == AcceptedMessage("m-id3x6rblp4jrkih2u7zxjdy", segment_count=None)


def test_a_get_callback_is_read_as_the_document_prints_it() -> None:
    # The document prints each parameter of the query on its own line.
    query = parse_qs(printed_example("incoming_messages.get").body.replace("\n", ""), strict_parsing=True)

    assert query.pop("messageUri") == [f"{CATAPULT_URL}/users/{USER}/messages/{MESSAGE}"]
    assert parse_v1_query(query) == Message(
        message_id=MESSAGE,
        direction="in",
        api="v1",
        owner="+14352154439",
        sender="+19191231111",
        recipients=("+14352154439",),
        text="test",
        state=MessageState.RECEIVED,
        time="2016-12-01T16:04:49.000Z",
        application_id=APPLICATION,
    )


def test_a_post_callback_is_read_as_the_document_prints_it() -> None:
    assert parse_v1(printed_example("incoming_messages.post").body) == Message(
        message_id=MESSAGE,
        direction="in",
        api="v1",
        owner="+14352154439",
        sender="+13233326955",
        recipients=("+14352154439",),
        text="Example",
        state=MessageState.RECEIVED,
        time="2012-11-14T16:13:06.076Z",
        application_id=APPLICATION,
    )
