"""The same receipts and writes lead to the same item, in any order and any number of times.

The whole item is compared, except the claim (a random token) and the id. The stack's writes keep their
order, and receipts may come between them. CONVERGENCE_EXAMPLES=1000 in the environment makes it a long run.
tests/functions/store/test_outcomes.py tests the merge of two outcomes alone, with more examples.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandwidth_messaging.bandwidth.callbacks import parse_v1, parse_v2
from bandwidth_messaging.domain.messages import RANKS, Api, Message, MessageState, Receipt, create_message_id
from bandwidth_messaging.store.claims import Claims
from bandwidth_messaging.store.dynamodb import Table
from bandwidth_messaging.store.message_store import Messages
from bandwidth_messaging.store.outcomes import ATTRIBUTES
from bandwidth_messaging.store.receipts import Receipts
from tests.aws import aws, client
from tests.template import create_table

type Write = Callable[[str], Any]
"""A write of the message with this id."""

OWNER = "+19195551212"
GROUP = ("+19195551213", "+19195551214", "+19195551215")
# Times of states that only Bandwidth reports.
REPORTED = ["sent", "delivery_unknown", "delivered", "failed", "read"]
# Hypothesis takes longer to build a strategy than to draw from it, so these are built once.
SOME_RECEIPTS = st.integers(2, 6)
SECONDS = st.sampled_from([0, 10, 30, 50])
CODES = st.sampled_from([4720, 4750, 9902, 9999, 31, None])
BANDWIDTH_IDS = st.sampled_from(["1562", "1562", "1562", "1561"])
DESCRIPTIONS = st.sampled_from(["what happened", "as the carrier says"])
CARRIERS = st.sampled_from(["Acme", "Other", None])
CHANNELS = st.sampled_from(["RBM", "SMS", None])
REPEATS = st.integers(1, 2)
EXAMPLES = int(os.environ.get("CONVERGENCE_EXAMPLES", "25"))
some_examples = settings(max_examples=EXAMPLES)
_ids = count()


class Stores(NamedTuple):
    """The stores that change a message while it is sent."""

    messages: Messages
    claims: Claims
    receipts: Receipts


@pytest.fixture(scope="module")
def stores() -> Iterator[Stores]:
    with aws():
        dynamodb = client("dynamodb")
        table = Table(dynamodb, create_table(dynamodb, "MessagesTable"))
        yield Stores(
            messages=Messages(table, retention_days=90),
            claims=Claims(table),
            receipts=Receipts(table, retention_days=90),
        )


def at(second: int) -> str:
    return f"2026-02-03T04:05:{second:02}.000Z"


# Callbacks of Bandwidth


def v2(
    kind: str,
    time: str,
    code: int | None,
    bandwidth_id: str,
    to: str,
    *,
    everybody: Sequence[str],
    description: str,
    carrier: str | None,
    channel: str | None,
) -> Any:
    return {
        "type": f"message-{kind}",
        "time": time,
        "description": description,
        "to": to,
        "errorCode": code,
        "carrierName": carrier,
        "message": {
            "id": bandwidth_id,
            "owner": OWNER,
            "channel": channel,
            "applicationId": "app-1",
            "time": at(5),
            "segmentCount": 1,
            "direction": "out",
            "to": list(everybody),
            "from": OWNER,
        },
    }


def v1(kind: str, time: str, code: int | None, bandwidth_id: str, to: str) -> Any:
    return {
        "eventType": "sms",
        "direction": "out",
        "messageId": bandwidth_id,
        "from": OWNER,
        "to": to,
        "time": time,
        "state": "error" if kind == "failed" else kind,
        "deliveryState": {"delivered": "delivered", "failed": "not-delivered"}.get(kind, "waiting"),
        "deliveryCode": code % 1000 if code and kind == "failed" else None,
        "segmentCount": 1,
    }


@st.composite
def receipts(draw: st.DrawFn, api: Api, everybody: Sequence[str]) -> list[Any]:
    """Draw a few callbacks about one message. They may contradict each other.

    A time may lie before our own writes, as clocks differ; two ids are a message that Bandwidth took twice.
    """
    kinds = st.sampled_from(["sending", "sent", "delivered", "failed"] + (["read"] if api == "v2" else []))
    recipients = st.sampled_from(everybody)
    callbacks = []
    for _ in range(draw(SOME_RECEIPTS)):
        kind = draw(kinds)
        parts = (
            kind,
            at(draw(SECONDS)),
            draw(CODES) if kind == "failed" else None,
            draw(BANDWIDTH_IDS),
            draw(recipients),
        )
        more: dict[str, Any] = {
            "description": draw(DESCRIPTIONS),
            "carrier": draw(CARRIERS),
            "channel": draw(CHANNELS),
        }
        callbacks.append(v1(*parts) if api == "v1" else v2(*parts, everybody=everybody, **more))
    return callbacks


def heard(stores: Stores, callback: Any, *, foreign: bool = False) -> Write:
    """Return the write of a callback. Without a tag Bandwidth's id is the id of the message."""

    def record(of: str) -> Any:
        said = {"tag": "a foreign tag"} | ({"id": of, "messageId": of} if foreign else {"tag": of})
        if "eventType" in callback:
            receipt = parse_v1(json.dumps(callback | said))
        else:
            (receipt,) = parse_v2(json.dumps(callback | {"message": callback["message"] | said}))
        assert isinstance(receipt, Receipt)
        assert receipt.message_id == of
        return stores.receipts.record_receipt(receipt)

    return record


# Writes of the stack


class Worker:
    """The writes of the stack about one message. A history keeps their order."""

    def __init__(self, stores: Stores, api: Api, everybody: Sequence[str]) -> None:
        self._stores = stores
        self._api = api
        self._everybody = everybody

    def add(self, of: str) -> None:
        message = Message(
            message_id=of, direction="out", api=self._api, owner=OWNER, sender=OWNER,
            recipients=tuple(self._everybody), text="hello", state=MessageState.ACCEPTED, time=at(1),
            application_id="app-1", segment_count=1,
        )  # fmt: skip
        assert self._stores.messages.add(message)

    def claim(self, of: str) -> bool:
        self._claimed, holds_claim = self._stores.claims.claim(of, at(2))
        return holds_claim

    def put_back(self, of: str) -> None:
        assert self._claimed is not None
        self._stores.claims.release_claim(self._claimed)

    def sent(self, of: str) -> None:
        self._stores.receipts.advance(of, MessageState.SENT, at(6), bandwidth_id="1562", segment_count=1)

    def unconfirmed(self, of: str) -> None:
        self._stores.receipts.advance(of, MessageState.SEND_UNCONFIRMED, at(7), reason="its answer was lost")

    def given_up(self, of: str) -> None:
        self._stores.receipts.advance(of, MessageState.DELIVERY_UNKNOWN, at(40), reason="no receipt came")

    def rejected(self, of: str) -> None:
        self._stores.receipts.advance(of, MessageState.FAILED, at(6), error_class="request", reason="refused")


# Writes before and after Bandwidth accepts the message. A claim is released only after a rejection.
HISTORIES: list[tuple[list[str], list[str]]] = [
    (["add", "claim"], ["sent"]),
    (["add", "claim", "put_back", "claim"], ["sent"]),
    (["add", "claim", "unconfirmed", "put_back", "claim"], ["unconfirmed", "sent"]),
    (["add", "claim"], ["unconfirmed"]),
    (["add", "claim"], ["unconfirmed", "given_up"]),
    (["add", "claim"], ["rejected"]),
]


def played(stores: Stores, writes: Sequence[Write]) -> dict[str, Any]:
    """Return the item after the writes, without the attributes that differ between messages."""
    of = create_message_id(f"message {next(_ids)}")
    for write in writes:
        write(of)
    found = stores.messages.get(of)
    assert found is not None
    item: dict[str, Any] = dict(found)
    filed = item.pop("sortKey").removesuffix(of)
    # The expiry counts from the first write by the clock of the stack.
    own = {"messageId", "claim", "expiresAt"} | {name for name, value in item.items() if value == of}
    return {name: value for name, value in item.items() if name not in own} | {"filed": filed}


@st.composite
def repeated(draw: st.DrawFn, news: Sequence[Write]) -> list[Write]:
    """Draw an order of the callbacks, some of them repeated."""
    return draw(st.permutations([*news, *draw(st.lists(st.sampled_from(news), max_size=3))]))


@st.composite
def between(draw: st.DrawFn, news: Sequence[Write], own: Sequence[Write]) -> list[Write]:
    """Draw an order of writes and callbacks. AWS's client repeats a write without a response."""
    order = list(news)
    places = sorted(draw(st.lists(st.integers(0, len(news)), min_size=len(own), max_size=len(own))))
    for place, write in reversed(list(zip(places, own, strict=True))):
        order[place:place] = [write] * draw(REPEATS)
    return order


@st.composite
def messages_to(draw: st.DrawFn) -> tuple[Api, Sequence[str]]:
    """Draw an API and the recipients. Only V2 supports groups."""
    some: list[tuple[Api, Sequence[str]]] = [("v1", GROUP[:1]), ("v2", GROUP[:1]), ("v2", GROUP)]
    return draw(st.sampled_from(some))


# Messages of the stack


@some_examples
@given(data=st.data())
def test_all_orders_of_writes_of_a_message_converge(stores: Stores, data: st.DataObject) -> None:
    api, everybody = data.draw(messages_to())
    worker, history = Worker(stores, api, everybody), data.draw(st.sampled_from(HISTORIES))
    before, after = ([getattr(worker, name) for name in names] for names in history)
    news = [heard(stores, each) for each in data.draw(receipts(api, everybody))]
    order = data.draw(between(data.draw(repeated(news)), after))
    assert played(stores, [*before, *order]) == played(stores, [*before, *after, *news])


# Messages of another system


@some_examples
@given(data=st.data())
def test_all_orders_of_receipts_of_another_systems_message_converge(
    stores: Stores, data: st.DataObject
) -> None:
    api, everybody = data.draw(messages_to())
    news = [heard(stores, each, foreign=True) for each in data.draw(receipts(api, everybody))]
    assert played(stores, data.draw(repeated(news))) == played(stores, news)


# A message that Bandwidth rejected but accepted nevertheless


@some_examples
@given(data=st.data(), api=st.sampled_from(["v1", "v2"]))
def test_a_receipt_before_the_release_of_a_claim_converges_to_the_same_outcome(
    stores: Stores, data: st.DataObject, api: Api
) -> None:
    has_receipt = [False]
    worker = Worker(stores, api, GROUP[:1])

    def add_and_claim(of: str) -> None:
        has_receipt[0] = False
        worker.add(of)
        assert worker.claim(of)

    def claim_again(of: str) -> None:
        # A message that Bandwidth has reported is not sent again.
        assert not (worker.claim(of) and has_receipt[0])

    def noticed(news: Write) -> Write:
        def write(of: str) -> None:
            has_receipt[0] = True
            news(of)

        return write

    news = [noticed(heard(stores, each)) for each in data.draw(receipts(api, GROUP[:1]))]
    again: list[Write] = [worker.put_back, claim_again]
    order = data.draw(between(data.draw(repeated(news)), again))
    known = {*ATTRIBUTES, "bandwidthId", "bandwidthSegmentCount", *(f"{state}At" for state in REPORTED)}

    one, other = (
        {name: value for name, value in played(stores, [add_and_claim, *writes]).items() if name in known}
        for writes in (order, [*again, *news])
    )

    assert one == other


@some_examples
@given(data=st.data())
def test_the_state_never_moves_down_and_matches_its_rank(stores: Stores, data: st.DataObject) -> None:
    of, rank = create_message_id(), 0
    api, everybody = data.draw(messages_to())
    Worker(stores, api, everybody).add(of)
    for each in data.draw(receipts(api, everybody)):
        moved = heard(stores, each)(of)
        item = stores.messages.get(of)
        assert item is not None
        assert item["rank"] == RANKS[item["state"]] >= rank
        assert (moved is not None) is (item["rank"] > rank)
        rank = item["rank"]
