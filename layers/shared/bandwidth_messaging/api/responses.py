"""The answers of the ControlApi as OpenAPI describes them, and the events on the bus as their schemas do.

`views`, `api` and `events` make them.

A field that has nothing to say is left out; null is an answer only where it is named as one.
"""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic.json_schema import SkipJsonSchema

from bandwidth_messaging.domain import drift, numbers, orders, registration, releases
from bandwidth_messaging.domain.drift import DriftState
from bandwidth_messaging.domain.failures import ErrorClass
from bandwidth_messaging.domain.messages import RANKS, Api, Direction, MessageState
from bandwidth_messaging.domain.orders import OrderState
from bandwidth_messaging.domain.segments import Encoding
from bandwidth_messaging.domain.step_outcomes import StepOutcome


def _one_of(names: Iterable[str]) -> Any:
    return Field(json_schema_extra={"enum": list(names)})


_Missing = SkipJsonSchema[None]
_Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
_Times = Annotated[dict[str, _Time], Field(description="When it came to each state (RFC 3339, UTC)")]
_MessageTimes = Annotated[
    dict[str, _Time],
    Field(description="When it came to each state, and when it was read if that is told (RFC 3339, UTC)"),
]
_MessageState = Annotated[str, _one_of((*RANKS, MessageState.RECEIVED))]
_NumberState = Annotated[str, _one_of(numbers.STATES)]
_OrderState = Annotated[
    str,
    _one_of(
        (OrderState.STARTED, OrderState.ORDERED, OrderState.COMPLETED, OrderState.PARTIAL, OrderState.FAILED)
    ),
]
_Cursor = Annotated[str | None, Field(description="Goes into the request for the next page; null: no more")]


class _Answer(BaseModel):
    # Only the document needs them built; a function answers without.
    model_config = ConfigDict(alias_generator=to_camel, defer_build=True)


class Recipient(_Answer):
    """What became of a message at one recipient."""

    state: _MessageState
    error_code: int | _Missing = Field(None, description="Bandwidth's failure code")
    error_class: ErrorClass | _Missing = None
    reason: str | _Missing = Field(None, description="Why it failed, in words")
    bandwidth_reason: str | _Missing = Field(None, description="Bandwidth's own description of the failure")
    carrier_name: str | _Missing = Field(None, description="Carrier, if the account has that feature")
    times: _MessageTimes | _Missing = Field(None, description="Of one of several recipients")


class SuggestionResponse(_Answer):
    """The suggested reply or action that somebody chose (RCS)."""

    text: str | _Missing = Field(None, description="Its label; also the text of the message")
    postback_data: str | _Missing = Field(None, description="What was sent along with the suggestion")
    paired_message_id: str | _Missing = Field(
        None, description="Bandwidth's id of the message that suggested"
    )


class LocationResponse(_Answer):
    """Where somebody said to be (RCS), in degrees as Bandwidth writes them."""

    latitude: str | _Missing = None
    longitude: str | _Missing = None


class ArchivedFile(_Answer):
    """A file of a message that came in, as the archive has it, or the reason why it has not."""

    name: str
    content_type: str | _Missing = Field(None, description="As Bandwidth said")
    bytes: int | _Missing = None
    smil: bool | _Missing = Field(None, description="True of the layout of the others, which is no content")
    reason: str | _Missing = Field(None, description="Why it is not in the archive, in words")
    url: str | _Missing = Field(None, description="Where anybody may get it; only with the message itself")
    expires_at: _Time | _Missing = Field(None, description="Until when")


class Message(_Answer):
    """A message, sent or received. Numbers are E.164."""

    message_id: str = Field(description="Ours (out_…); of a message that came in, Bandwidth's")
    direction: Direction | _Missing = None
    api: Api | _Missing = Field(None, description="Generation of Bandwidth's API that it goes through")
    sender: str | _Missing = Field(None, alias="from")
    to: list[str] | _Missing = None
    owner: str | _Missing = Field(None, description="The number of yours that it belongs to")
    text: str | _Missing = None
    media: list[str] | _Missing = Field(None, description="URLs")
    archived_media: list[ArchivedFile] | _Missing = Field(
        None, description="Those of the media that the archive is done with; with the parameter MediaArchive"
    )
    encoding: Encoding | _Missing = None
    segment_count: int | _Missing = Field(None, description="As computed before sending, or as received")
    bandwidth_segment_count: int | _Missing = Field(None, description="As Bandwidth counted them")
    tag: str | _Missing = Field(None, description="As you gave it")
    priority: str | _Missing = None
    channel: str | _Missing = Field(None, description="SMS, MMS or RBM (RCS), as Bandwidth reports it")
    carrier_name: str | _Missing = Field(None, description="Carrier, if the account has that feature")
    expiration: _Time | _Missing = None
    keyword: str | _Missing = Field(None, description="stop, start, help and such, if a text says only that")
    suggestion_response: SuggestionResponse | _Missing = None
    location_response: LocationResponse | _Missing = None
    application_id: str | _Missing = None
    bandwidth_id: str | _Missing = Field(None, description="The message's id at Bandwidth")
    state: _MessageState
    error_code: int | _Missing = Field(None, description="Bandwidth's failure code")
    error_class: ErrorClass | _Missing = None
    reason: str | _Missing = Field(None, description="Why it failed, in words")
    bandwidth_reason: str | _Missing = Field(None, description="Bandwidth's own description of the failure")
    warnings: list[str] | _Missing = Field(None, description="Why it may fail, though it was accepted")
    times: _MessageTimes
    recipients: dict[str, Recipient] | _Missing = Field(
        None, description="What became of it at each recipient; only of a message that went out"
    )


class Messages(_Answer):
    """A page of messages."""

    items: list[Message]
    cursor: _Cursor


class Registration(_Answer):
    """Whether carriers in the United States take a number's texts."""

    kind: Annotated[str, _one_of(registration.RegistrationKind)] = Field(
        description="What it is registered as; none: it needs no registration"
    )
    state: Annotated[str, _one_of(registration.RegistrationState)]
    checked_at: _Time = Field(description="When that was last looked up")
    campaign_id: str | _Missing = Field(None, description="The 10DLC campaign it is on")
    reason: str | _Missing = Field(None, description="Why it is not registered, or not known to be")


class Preflight(_Answer):
    """A look at Bandwidth before a number's first send."""

    at: _Time
    ok: bool
    problems: list[str] = Field(description="What is to be mended; until then nothing is sent through V2")


class Number(_Answer):
    """A number that a set-up brought, or should have brought."""

    number: str = Field(description="E.164")
    state: _NumberState
    api: Api | _Missing = Field(None, description="Generation of Bandwidth's API that it sends through")
    application_id: str | _Missing = None
    location_id: str | _Missing = None
    site_id: str | _Missing = None
    order_id: str | _Missing = Field(None, description="Bandwidth's id of the order")
    customer_order_id: str | _Missing = Field(None, description="Your id of the order")
    reason: str | _Missing = Field(None, description="Why it did not come, or is not gone")
    error_code: str | _Missing = Field(None, description="Bandwidth's code for that")
    registration: Registration | _Missing = Field(None, description="As far as it was looked up")
    preflight: Preflight | _Missing = Field(
        None, description="Whether its location and application are as they must be; missing: not known"
    )
    times: _Times


class Numbers(_Answer):
    """A page of numbers."""

    items: list[Number]
    cursor: _Cursor


class OptOut(_Answer):
    """Somebody who opted out of texts from one of your numbers."""

    number: str = Field(description="Theirs, E.164")
    since: _Time
    keyword: str = Field(description="The word they wrote, or the failure code that told of it")


class OptOuts(_Answer):
    """A page of opt-outs."""

    items: list[OptOut]
    cursor: _Cursor


class OrderFailure(_Answer):
    """Why a number, or with no number the order, failed."""

    number: str | None
    code: str | None = Field(description="Bandwidth's")
    reason: str | None


class OrderResource(_Answer):
    """Something at Bandwidth that a release took away, or left."""

    what: releases.ResourceType
    id: str
    site_id: str | _Missing = None
    location_id: str | _Missing = None
    outcome: Annotated[str, _one_of(("deleted", "gone", "left"))] = Field(
        description="gone: it was not there any more"
    )
    reason: str | _Missing = Field(None, description="Why it was left")


class OrderStep(_Answer):
    """A step of a set-up. One that stays running although nothing runs has died."""

    name: str = Field(description="The step's state in the state machine, a heading of Bandwidth's document")
    state: Annotated[str, _one_of(("running", "succeeded", "failed"))]
    at: _Time = Field(description="When it came to that state")
    started_at: _Time | _Missing = None
    detail: str | _Missing = Field(None, description="Text for people")
    outcome: Annotated[str, _one_of(tuple(StepOutcome))] | _Missing = Field(
        None, description="How the step reached its result"
    )
    replaced_application_id: str | _Missing = Field(
        None, description="Application that the location sent its messages to before"
    )
    application_id: str | _Missing = Field(None, description="That it found or made, as are the next two")
    location_id: str | _Missing = None
    order_id: str | _Missing = None


class Order(_Answer):
    """A set-up, or a release of numbers: what it asked for, how far it is, what came of it."""

    customer_order_id: str
    state: _OrderState
    kind: orders.Kind | _Missing = None
    order_id: str | _Missing = Field(None, description="Bandwidth's id of the order")
    application_id: str | _Missing = None
    location_id: str | _Missing = None
    requested: int | _Missing = Field(None, description="How many numbers were asked for")
    completed: int | _Missing = Field(None, description="How many came")
    failed: int | _Missing = Field(None, description="How many did not")
    reason: str | _Missing = Field(None, description="Why the order failed, in words")
    execution_arn: str | _Missing = None
    setup_order_id: str | _Missing = Field(None, description="Of a release: the set-up whose numbers go")
    resources: list[OrderResource] | _Missing = Field(
        None, description="Of a release of everything: what went with the numbers, and what did not"
    )
    undone_by: str | _Missing = Field(
        None, description="Of a set-up: the customerOrderId of the release that undid it"
    )
    failures: list[OrderFailure] = Field(description="The first hundred of them")
    steps: list[OrderStep]
    times: _Times
    next_steps: str | _Missing = Field(None, description="What may be done next, in words")


class StartedSetup(_Answer):
    """A set-up that has been started."""

    customer_order_id: str = Field(description="Under which GET /orders/{customerOrderId} tells of it")
    execution_arn: str = Field(description="Its execution in Step Functions")


class WrongField(_Answer):
    """One wrong field."""

    field: str = Field(description="Its name as you gave it")
    detail: str


class Problem(_Answer):
    """Problem details (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[WrongField] | _Missing = Field(None, description="Every wrong field; only with 422")


class _Event(_Answer):
    event_id: str = Field(description="The same when the event comes again")
    version: int = Field(description="Counts the item's writes: of two events the higher one is the later")
    omitted_fields: list[str] | _Missing = Field(
        None, description="Fields that are missing or empty because the event would be too large"
    )


class MessageEvent(Message, _Event):
    """A message as it is after a change."""

    text: str | _Missing = Field(None, description="Only if the parameter EventsIncludeText is true")
    media: list[str] | _Missing = Field(
        None, description="URLs, only if the parameter EventsIncludeText is true"
    )
    archived_media: list[ArchivedFile] | _Missing = Field(
        None, description="Without links, only if the parameter EventsIncludeText is true"
    )
    media_count: int | _Missing = Field(None, description="How many media there are, if any")


class NumberEvent(Number, _Event):
    """A number as it is after a change."""


class OrderEvent(Order, _Event):
    """A set-up as it is after a change; of single numbers that failed their own events tell."""


class OptOutEvent(OptOut, _Event):
    """An opt-out as it is after a change."""

    owner: str = Field(description="The number of yours that it is about")


class DriftCounts(_Answer):
    """How many numbers each difference is about."""

    appeared: int | _Missing = None
    vanished: int | _Missing = None
    lost_messaging: int | _Missing = None


class DriftFinding(_Answer):
    """A difference between Bandwidth's account and our records: of one number, or of several."""

    what: Annotated[str, _one_of(drift.DriftKind)]
    number: str | _Missing = Field(None, description="E.164")
    numbers: int | _Missing = Field(None, description="How many it is about, if not one")
    site_id: str | _Missing = None
    location_id: str | _Missing = None
    reason: str = Field(description="What Bandwidth tells")


class DriftEvent(_Event):
    """The drift as it is after a change."""

    state: Annotated[str, _one_of((DriftState.FOUND, DriftState.ENDED))]
    counts: DriftCounts | _Missing = None
    findings: list[DriftFinding] | _Missing = Field(None, description="The first hundred of them")
    times: _Times
