"""Models of the ControlApi's responses in OpenAPI, and of the events on the bus in their schemas.

The models describe. The functions of api/views build the responses and the events. A field without a value is
left out, and is null only where the model says so.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic.json_schema import SkipJsonSchema

from bandwidth_messaging.domain import drift, numbers, orders, registration, releases, usage
from bandwidth_messaging.domain.drift import DriftState
from bandwidth_messaging.domain.failures import ErrorClass
from bandwidth_messaging.domain.messages import RANKS, Api, Direction, MessageState, Waiting
from bandwidth_messaging.domain.opt_outs import OptOutSource, OptOutState
from bandwidth_messaging.domain.orders import OrderState
from bandwidth_messaging.domain.registration import SubmissionOutcome
from bandwidth_messaging.domain.segments import Encoding
from bandwidth_messaging.domain.step_outcomes import StepOutcome
from bandwidth_messaging.domain.transfers import TRANSFER_ACTIONS, TransferState
from bandwidth_messaging.domain.webhooks import WebhookFormat, WebhookState


def _one_of(names: Iterable[str]) -> Any:
    return Field(json_schema_extra={"enum": list(names)})


_Missing = SkipJsonSchema[None]
_Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
_Times = Annotated[dict[str, _Time], Field(description="When the item reached each state (RFC 3339, UTC)")]
_MessageTimes = Annotated[
    dict[str, _Time],
    Field(description="When the message reached each state, and was read if reported (RFC 3339, UTC)"),
]
_MessageState = Annotated[str, _one_of((*RANKS, MessageState.RECEIVED))]
_NumberState = Annotated[str, _one_of(numbers.STATES)]
_OrderState = Annotated[
    str,
    _one_of(
        (OrderState.STARTED, OrderState.ORDERED, OrderState.COMPLETED, OrderState.PARTIAL, OrderState.FAILED)
    ),
]
_Cursor = Annotated[
    str | None, Field(description="`cursor` of the request for the next page; null after the last page")
]


class _Response(BaseModel):
    # Only the OpenAPI document needs the built models.
    model_config = ConfigDict(alias_generator=to_camel, defer_build=True)


class Recipient(_Response):
    """The outcome of a message for one recipient."""

    state: _MessageState
    error_code: int | _Missing = Field(None, description="Bandwidth's failure code")
    error_class: ErrorClass | _Missing = None
    reason: str | _Missing = Field(None, description="Why the message failed, as a sentence")
    bandwidth_reason: str | _Missing = Field(None, description="Bandwidth's own description of the failure")
    carrier_name: str | _Missing = Field(
        None, description="Carrier, if the Bandwidth account has that feature"
    )
    times: _MessageTimes | _Missing = Field(None, description="Only if the message has several recipients")


class Attempt(_Response):
    """An attempt to send a message that a carrier failed, and that was repeated."""

    bandwidth_id: str = Field(description="Bandwidth's id of the attempt")
    sent_at: _Time | _Missing = None
    failed_at: _Time
    error_code: int | _Missing = Field(None, description="Bandwidth's failure code")
    error_class: ErrorClass | _Missing = None
    reason: str | _Missing = Field(None, description="Why the attempt failed, as a sentence")
    bandwidth_reason: str | _Missing = Field(None, description="Bandwidth's own description of the failure")


class SuggestionResponse(_Response):
    """The suggested reply or action that the sender chose (RCS)."""

    text: str | _Missing = Field(None, description="Label of the suggestion. Also the text of the message")
    postback_data: str | _Missing = Field(None, description="Data that was sent with the suggestion")
    paired_message_id: str | _Missing = Field(
        None, description="Bandwidth's id of the message with the suggestion"
    )


class LocationResponse(_Response):
    """The location that the sender shared (RCS), in degrees as Bandwidth writes them."""

    latitude: str | _Missing = None
    longitude: str | _Missing = None


class RcsFailure(_Response):
    """Why RCS did not reach the recipient. Bandwidth then sends the fallback."""

    failed_at: _Time
    error_code: int | _Missing = Field(None, description="Bandwidth's failure code")
    error_class: ErrorClass | _Missing = None
    reason: str | _Missing = Field(None, description="Why RCS failed, as a sentence")
    bandwidth_reason: str | _Missing = Field(None, description="Bandwidth's own description of the failure")


class ArchivedFile(_Response):
    """A media file of an inbound message in the archive, or the reason why the archive does not have it."""

    name: str
    content_type: str | _Missing = Field(None, description="Content type that Bandwidth reported")
    bytes: int | _Missing = None
    smil: bool | _Missing = Field(None, description="True if the file is the layout of the other files")
    reason: str | _Missing = Field(None, description="Why the file is not in the archive, as a sentence")
    url: str | _Missing = Field(
        None, description="Public link to the file. Only in GET /messages/{messageId}"
    )
    expires_at: _Time | _Missing = Field(None, description="When the link expires")


class Message(_Response):
    """A message, sent or received. Numbers are E.164."""

    message_id: str = Field(description="Id of the message: out_… if outbound, Bandwidth's id if inbound")
    direction: Direction | _Missing = None
    api: Api | _Missing = Field(None, description="API of Bandwidth that carries the message")
    sender: str | _Missing = Field(None, alias="from")
    pool: str | _Missing = Field(
        None, description="Pool that the request named. The stack chose from among its numbers"
    )
    to: list[str] | _Missing = None
    owner: str | _Missing = Field(None, description="Your number that the message belongs to")
    text: str | _Missing = None
    media: list[str] | _Missing = Field(None, description="URLs")
    # The model of the request would be in the document three times: its degrees are numbers or text.
    rcs: dict[str, Any] | _Missing = Field(
        None, description="RCS part of the request (RcsContent). Latitudes and longitudes are text"
    )
    rcs_failure: RcsFailure | _Missing = None
    archived_media: list[ArchivedFile] | _Missing = Field(
        None,
        description="Archived files, and files that cannot be archived. Only with the parameter MediaArchive",
    )
    encoding: Encoding | _Missing = None
    segment_count: int | _Missing = Field(
        None, description="Number of segments, computed before sending or received"
    )
    bandwidth_segment_count: int | _Missing = Field(
        None, description="Number of segments that Bandwidth counted"
    )
    tag: str | _Missing = Field(None, description="Tag of the request")
    priority: str | _Missing = None
    channel: str | _Missing = Field(None, description="SMS, MMS or RBM (RCS), as Bandwidth reports it")
    carrier_name: str | _Missing = Field(
        None, description="Carrier, if the Bandwidth account has that feature"
    )
    expiration: _Time | _Missing = None
    send_at: _Time | _Missing = Field(None, description="Time of the request at which the message is sent")
    keyword: str | _Missing = Field(
        None, description="Keyword (stop, start, help, …) of the text; review if a person must decide"
    )
    reply_to: str | _Missing = Field(
        None, description="Id of the inbound message. Only for automatic replies to STOP, START or HELP"
    )
    suggestion_response: SuggestionResponse | _Missing = None
    location_response: LocationResponse | _Missing = None
    application_id: str | _Missing = None
    bandwidth_id: str | _Missing = Field(None, description="Bandwidth's id of the message")
    state: _MessageState
    error_code: int | _Missing = Field(None, description="Bandwidth's failure code")
    error_class: ErrorClass | _Missing = None
    reason: str | _Missing = Field(None, description="Why the message failed, as a sentence")
    bandwidth_reason: str | _Missing = Field(None, description="Bandwidth's own description of the failure")
    warnings: list[str] | _Missing = Field(None, description="Why the accepted message may fail")
    attempts: list[Attempt] | _Missing = Field(
        None, description="Earlier attempts that a carrier failed, oldest first (parameter CarrierRetries)"
    )
    expected_at: _Time | _Missing = Field(
        None,
        description="When an accepted message is expected to be sent. Missing if no rate limits the message, "
        "or if the time is unknown",
    )
    waiting: Waiting | _Missing = Field(None, description="Why an accepted message waits")
    times: _MessageTimes
    recipients: dict[str, Recipient] | _Missing = Field(
        None, description="Outcome for each recipient. Only for outbound messages"
    )


class Messages(_Response):
    """A page of messages."""

    items: list[Message]
    cursor: _Cursor


class Rate(_Response):
    """The rate of a lane: the account, a 10DLC campaign or a number. Messages wait for their lane."""

    lane: str = Field(description="account, campaign:CXXXXXX or number:+19195551212")
    segments_per_second: float | None = Field(description="Configured rate; null is no limit")
    source: Literal["api", "parameter"] = Field(
        description="api if PUT /rates/{lane} set the rate, parameter if a parameter of the stack sets it"
    )
    current_segments_per_second: float | _Missing = Field(
        None, description="Rate after Bandwidth throttled messages. It rises step by step every 30 seconds"
    )
    slowed_at: _Time | _Missing = Field(None, description="When the current rate last changed")
    paused_until: _Time | _Missing = Field(None, description="No message is sent before this time")
    backlog_seconds: float = Field(
        description="How long it takes to send the accepted messages without high priority"
    )
    waiting_segments: int = Field(description="Segments of accepted messages that are not due yet")


class Rates(_Response):
    """The account's lane, and the lanes whose rate was set through the API."""

    items: list[Rate]


class Registration(_Response):
    """Whether carriers in the United States accept a number's texts."""

    kind: Annotated[str, _one_of(registration.RegistrationKind)] = Field(
        description="Kind of registration; none if the number needs no registration"
    )
    state: Annotated[str, _one_of(registration.RegistrationState)]
    checked_at: _Time = Field(description="When the registration was last checked")
    campaign_id: str | _Missing = Field(None, description="10DLC campaign of the number")
    reason: str | _Missing = Field(
        None, description="Why the number is not registered, or its registration is unknown"
    )


class Verification(_Response):
    """The verification of a toll-free number, as Bandwidth reports it."""

    number: str = Field(description="E.164")
    outcome: SubmissionOutcome | _Missing = Field(
        None, description="What the request did. unchanged: carriers verified the number or review it"
    )
    status: str | _Missing = Field(
        None,
        description="Bandwidth's status: VERIFIED, UNVERIFIED or PENDING; RESTRICTED if the number is "
        "blocked. Missing if no verification was requested",
    )
    state: Annotated[str, _one_of(registration.RegistrationState)] = Field(
        description="Whether carriers accept the number's texts. GET /numbers/{number} shows it too"
    )
    reason: str | _Missing = Field(None, description="Bandwidth's reason for a denial or a block")
    resubmit_allowed: bool | _Missing = Field(
        None, description="Whether a denied submission may be replaced. Bandwidth allows it for seven days"
    )
    ticket: str | _Missing = Field(None, description="Id of the verification for Bandwidth's support")
    created_at: _Time | _Missing = None
    modified_at: _Time | _Missing = None


class Preflight(_Response):
    """The check of a number's location and application at Bandwidth before its first message."""

    at: _Time
    ok: bool
    problems: list[str] = Field(description="What to fix. Until then the number cannot send through V2")


class NumberReplies(_Response):
    """The replies of a number to STOP, START and HELP. An empty text is no reply."""

    stop: str | _Missing = Field(None, description="Missing: the stack's reply")
    start: str | _Missing = Field(None, description="Missing: the stack's reply")
    help: str | _Missing = Field(None, description="Missing: the stack's reply")


class Number(_Response):
    """A number of a set-up."""

    number: str = Field(description="E.164")
    state: _NumberState
    api: Api | _Missing = Field(None, description="API of Bandwidth that the number sends through")
    application_id: str | _Missing = None
    location_id: str | _Missing = None
    site_id: str | _Missing = None
    order_id: str | _Missing = Field(None, description="Bandwidth's id of the order")
    customer_order_id: str | _Missing = Field(None, description="Your id of the order")
    reason: str | _Missing = Field(None, description="Why the set-up or the release of the number failed")
    error_code: str | _Missing = Field(None, description="Bandwidth's error code for the failure")
    registration: Registration | _Missing = Field(None, description="Registration, if it was checked")
    preflight: Preflight | _Missing = Field(
        None, description="Result of the check of location and application. Missing if not checked"
    )
    replies: NumberReplies | _Missing = Field(
        None, description="Replies of the number instead of the stack's"
    )
    times: _Times


class Numbers(_Response):
    """A page of numbers."""

    items: list[Number]
    cursor: _Cursor


class PoolSummary(_Response):
    """A pool of your numbers. A message whose `from` names the pool is sent from one of them."""

    name: str
    numbers: list[str] = Field(description="E.164")
    former_numbers: list[str] = Field(
        description="Former numbers of the pool. Their opt-outs still apply to the pool"
    )
    match_area_code: bool = Field(description="Whether numbers with the recipient's area code come first")
    updated_at: _Time = Field(description="When the numbers were set")


class PoolMember(_Response):
    """A number of a pool, and whether it can send."""

    number: str = Field(description="E.164")
    usable: bool
    reason: str | _Missing = Field(None, description="Why the number cannot send for the pool")


class Pool(PoolSummary):
    """A pool and the state of its numbers."""

    members: list[PoolMember]


class Pools(_Response):
    """A page of pools."""

    items: list[PoolSummary]
    cursor: _Cursor


class OptOut(_Response):
    """A person who opted out of texts from one of your numbers, or from all of them."""

    owner: str = Field(description="Your number, E.164, or `*` for all numbers of the stack")
    number: str = Field(description="The person's number, E.164")
    since: _Time
    keyword: str = Field(description='Keyword that the person wrote, Bandwidth\'s failure code, or "manual"')
    source: Annotated[str, _one_of(OptOutSource)] = Field(
        description="`text`: the person's text. `carrier`: a failure code. `manual`: a request to this API. "
        "`import`: an imported file"
    )
    note: str | _Missing = Field(None, description="Note of the request or of the imported file")


class OptOutRecord(OptOut):
    """What is recorded about a person after a request."""

    state: Annotated[str, _one_of(OptOutState)] = Field(description="`out`: opted out. `in`: opted in again")


class OptOuts(_Response):
    """A page of opt-outs."""

    items: list[OptOut]
    cursor: _Cursor


class OrderFailure(_Response):
    """Why a number failed, or the whole order if `number` is null."""

    number: str | None
    code: str | None = Field(description="Bandwidth's error code")
    reason: str | None


class OrderResource(_Response):
    """A resource at Bandwidth that a release deleted or left."""

    what: releases.ResourceType
    id: str
    site_id: str | _Missing = None
    location_id: str | _Missing = None
    outcome: Annotated[str, _one_of(("deleted", "gone", "left"))] = Field(
        description="gone: the resource did not exist"
    )
    reason: str | _Missing = Field(None, description="Why the resource was kept")


class OrderStep(_Response):
    """A step of a set-up. A step that is running after its execution has ended was interrupted."""

    name: str = Field(description="State of the state machine, named after a heading of Bandwidth's document")
    state: Annotated[str, _one_of(("running", "succeeded", "failed"))]
    at: _Time = Field(description="When the step reached the state")
    started_at: _Time | _Missing = None
    detail: str | _Missing = Field(None, description="Text for people")
    outcome: Annotated[str, _one_of(tuple(StepOutcome))] | _Missing = Field(
        None, description="How the step reached its result"
    )
    replaced_application_id: str | _Missing = Field(
        None, description="Application that was assigned to the location before"
    )
    application_id: str | _Missing = Field(None, description="Application that the step found or created")
    location_id: str | _Missing = None
    order_id: str | _Missing = None


class Order(_Response):
    """A set-up or a release of numbers: its request, progress and result."""

    customer_order_id: str
    state: _OrderState
    kind: orders.Kind | _Missing = None
    order_id: str | _Missing = Field(None, description="Bandwidth's id of the order")
    application_id: str | _Missing = None
    location_id: str | _Missing = None
    requested: int | _Missing = Field(None, description="How many numbers were requested")
    completed: int | _Missing = Field(None, description="How many numbers succeeded")
    failed: int | _Missing = Field(None, description="How many numbers failed")
    reason: str | _Missing = Field(None, description="Why the order failed, as a sentence")
    execution_arn: str | _Missing = None
    setup_order_id: str | _Missing = Field(
        None, description="Only for a release: the set-up whose numbers are released"
    )
    resources: list[OrderResource] | _Missing = Field(
        None, description="Only for a release of everything: the resources that were deleted or kept"
    )
    undone_by: str | _Missing = Field(
        None, description="Only for a set-up: customerOrderId of the release that undid the set-up"
    )
    failures: list[OrderFailure] = Field(description="At most 100")
    steps: list[OrderStep]
    times: _Times
    next_steps: str | _Missing = Field(None, description="What you can do next, as sentences")


class WebhookFields(_Response):
    """The fields of a webhook that its events have too."""

    name: str
    state: Annotated[str, _one_of(WebhookState)] = Field(description="`disabled`: nothing is sent")
    types: list[str] | _Missing = Field(
        None, description="Detail types of the events to send. If left out, all events"
    )
    format: Annotated[str, _one_of(WebhookFormat)] = Field(
        description="Body of the requests. `event`: the event as EventBridge delivers it. "
        "`standard`: `type`, `timestamp` and `data`, the detail of the event"
    )
    reason: str | _Missing = Field(None, description="Why the stack disabled the webhook, as a sentence")
    times: _Times


class Webhook(WebhookFields):
    """An endpoint that receives signed events."""

    url: str
    previous_secret_until: _Time | _Missing = Field(
        None, description="Until this time the previous secret also signs"
    )


class WebhookWithSecret(Webhook):
    """A webhook, with its secret if the request created the secret."""

    secret: str | _Missing = Field(
        None, description="Signing secret (`whsec_` and base64). No other response contains it"
    )


class Webhooks(_Response):
    """All webhooks."""

    items: list[Webhook]


class UploadForm(_Response):
    """A form for S3: a POST request (multipart/form-data) with these fields and, last, the field file."""

    url: str
    fields: dict[str, str]


class Upload(_Response):
    """A form that uploads a file."""

    name: str
    media: str = Field(description="The file in `media` of POST /messages")
    form: UploadForm
    max_bytes: int
    expires_at: _Time = Field(description="When the form becomes invalid")


class UploadedFile(_Response):
    """An uploaded file."""

    name: str
    media: str = Field(description="The file in `media` of POST /messages")
    content_type: str
    bytes: int
    uploaded_at: _Time


class Orders(_Response):
    """A page of orders."""

    items: list[Order]
    cursor: _Cursor


class StartedSetup(_Response):
    """A set-up that was started."""

    customer_order_id: str = Field(description="Id for GET /orders/{customerOrderId}")
    execution_arn: str = Field(description="Execution in Step Functions")


class UsageTotal(_Response):
    """What messages used. A message counts once for each recipient."""

    sent_messages: int = Field(description="Messages that Bandwidth accepted, attempts included")
    sent_segments: int = Field(description="Segments of the sent SMS")
    sent_mms: int = Field(description="Sent MMS, part of sentMessages")
    received_messages: int
    received_segments: int = Field(description="Segments of the received SMS")
    received_mms: int = Field(description="Received MMS, part of receivedMessages")
    estimated_price: float | _Missing = Field(
        None,
        description="US dollars for what was sent. Only with the parameters SegmentPrice or MmsPrice",
    )


class UsageItem(UsageTotal):
    """The usage of a day, a number or a campaign."""

    day: Annotated[str, Field(json_schema_extra={"format": "date"})] | _Missing = Field(
        None, description="Only by day (UTC)"
    )
    number: str | _Missing = Field(None, description="Only by number")
    campaign_id: str | _Missing = Field(
        None, description="Only by campaign. Missing for numbers that are in no campaign now"
    )


class Usage(_Response):
    """The usage of a period."""

    first: str = Field(alias="from", description="First day")
    last: str = Field(alias="to", description="Last day")
    by: usage.By
    items: list[UsageItem]
    total: UsageTotal


class InvalidField(_Response):
    """An invalid field."""

    field: str = Field(description="Name of the field in the request")
    detail: str


class Problem(_Response):
    """Problem details (RFC 9457)."""

    type: str = Field(
        description="Kind of the problem: urn:problem-type:bandwidth-messaging: and the code",
        json_schema_extra={"format": "uri"},
    )
    title: str = Field(description="Name of the status")
    status: int | _Missing = Field(
        None, description="HTTP status. Missing in rare responses of API Gateway (request_rejected)"
    )
    code: str = Field(description="What is wrong, for programs. docs/problems.md lists the codes")
    detail: str = Field(description="What is wrong, as a sentence")
    request_id: str | _Missing = Field(
        None, description="Id of the request. The header x-amzn-RequestId of every response has it too"
    )
    errors: list[InvalidField] | _Missing = Field(
        None, description="Every invalid field. Only with status 422"
    )


class _Event(_Response):
    event_id: str = Field(description="Id of the event. A redelivered event has the same id")
    version: int = Field(
        description="Number of writes of the item. The later of two events has the higher version"
    )
    omitted_fields: list[str] | _Missing = Field(
        None, description="Fields that are missing or empty because the event is too large"
    )


class MessageEvent(Message, _Event):
    """A message after a change."""

    text: str | _Missing = Field(None, description="Only if the parameter EventsIncludeText is true")
    media: list[str] | _Missing = Field(
        None, description="URLs. Only if the parameter EventsIncludeText is true"
    )
    archived_media: list[ArchivedFile] | _Missing = Field(
        None, description="Files without links. Only if the parameter EventsIncludeText is true"
    )
    media_count: int | _Missing = Field(None, description="Number of media, if any")


class NumberEvent(Number, _Event):
    """A number after a change."""


class OrderEvent(Order, _Event):
    """A set-up after a change. Failed numbers have events of their own."""


class OptOutEvent(OptOut, _Event):
    """An opt-out after a change."""

    note: str | _Missing = Field(None, description="Only if the parameter EventsIncludeText is true")


class DriftCounts(_Response):
    """How many numbers have each kind of difference."""

    appeared: int | _Missing = None
    vanished: int | _Missing = None
    lost_messaging: int | _Missing = None


class DriftFinding(_Response):
    """A difference between the Bandwidth account and the stored records, of one or several numbers."""

    what: Annotated[str, _one_of(drift.DriftKind)]
    number: str | _Missing = Field(None, description="E.164")
    numbers: int | _Missing = Field(
        None, description="How many numbers have the difference. Missing if number names the only one"
    )
    site_id: str | _Missing = None
    location_id: str | _Missing = None
    reason: str = Field(description="What Bandwidth reports, as a sentence")


class DriftEvent(_Event):
    """The drift after a change."""

    state: Annotated[str, _one_of((DriftState.FOUND, DriftState.ENDED))]
    counts: DriftCounts | _Missing = None
    findings: list[DriftFinding] | _Missing = Field(None, description="At most 100")
    times: _Times


class OptOutTransferEvent(_Event):
    """An import or export of opt-outs that failed, or that runs again after a failure."""

    state: Annotated[str, _one_of(tuple(TransferState))]
    execution_arn: str
    action: Annotated[str, _one_of(TRANSFER_ACTIONS)] | _Missing = None
    key: str | _Missing = Field(None, description="S3 key of the file to read or write")
    reason: str | _Missing = Field(None, description="Why the execution ended")
    times: _Times


class WebhookEvent(WebhookFields, _Event):
    """A webhook after a change of these fields. The URL is left out: it may contain a token."""
