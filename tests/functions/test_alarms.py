"""Each alarm of the template fires by a scripted fault, and none fires while the stack works.

A fault runs the real handlers where it can. Metrics of AWS that no handler writes get the value that AWS
documents for the fault.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from bandwidth_messaging.domain.messages import Unreadable
from bandwidth_messaging.domain.opt_outs import OptOutSource
from bandwidth_messaging.runtime import settings as settings_module
from bandwidth_messaging.runtime import stores
from bandwidth_messaging.services import callback_intake
from bandwidth_messaging.services.message_acceptance import MessageAcceptance
from functions.checks import check_drift, check_registration
from functions.messages import (
    authorize_callback,
    deliver_message,
    publish_events,
    queue_scheduled,
    receive_callback,
    send_message,
)
from functions.setups import receive_notification
from tests.cloudwatch import SERVICE, STACK, Metrics, compute, is_firing
from tests.functions.conftest import Context, Stack, api_event, logical_id_of, sample
from tests.functions.messages.test_authorizing import PASSWORD, authorize, basic
from tests.functions.messages.test_callbacks import INBOUND, receipt, receive
from tests.functions.messages.test_sending import OWNER, RECIPIENT, TEXT, deliver, send, worker
from tests.functions.messages.test_sending import ready as ready  # noqa: PLC0414 - a fixture
from tests.functions.messages.test_waiting import OWN_500
from tests.functions.messages.test_webhooks import publish, store_webhook, work_until_idle
from tests.generations import only_current
from tests.http_server import Response, run_server
from tests.in_process_machines import install_machines
from tests.template import resources

pytestmark = only_current

ALARMS = resources("AWS::CloudWatch::Alarm")
AT = "2026-02-03T04:05:06.000Z"
PARAMETERS = {"DailySpendAlarm": 1}
MACHINES = ("MessagingV2", "HostedMessaging", "ReleaseNumbers", "OptOuts")


@dataclass
class World:
    """The stack, and the metrics of what its functions did."""

    stack: Stack
    patch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    metrics: Metrics = field(default_factory=Metrics)

    def read_log(self) -> None:
        """Take the metrics from the log of the functions."""
        self.metrics.read_log(self.capsys.readouterr().out)

    def invoke(self, module: ModuleType, event: Any, *, api: str = "", version: str = "") -> None:
        """Invoke a function, and add what AWS counts: an error of the function, and a 5xx of its API.

        The default version is the new one of an update, which `resolve` gives the function's logical id.
        """
        function = logical_id_of(module)
        version = version or function
        status = 200
        try:
            context = Context(function_name=function, function_version=version)
            result = module.handler(json.loads(json.dumps(event)), context)
            status = result["statusCode"] if api else status
        except Exception:
            status = 502
        error = int(status == 502)
        self.metrics.add("AWS/Lambda", "Errors", error, FunctionName=function)
        # Invocations through the alias also count for the version that it chose.
        executed = {"Resource": f"{function}:live", "ExecutedVersion": version}
        self.metrics.add("AWS/Lambda", "Errors", error, FunctionName=function, **executed)
        if api:
            self.metrics.add("AWS/ApiGateway", "5XXError", int(status >= 500), ApiName=f"{STACK}-{api}")

    def break_tables(self) -> None:
        """Let every call of DynamoDB fail."""
        for table in ("NumbersTable", "MessagesTable"):
            self.stack.dynamodb.delete_table(TableName=table)

    def publish_message(self, message_id: str, *, times: int = 1) -> None:
        """Publish the last change of a message, as often as there are such messages."""
        self._publish("MessagesTable", {"messageId": {"S": message_id}}, {"state": {"S": "sent"}}, times)

    def publish_opt_out(self, key: str) -> None:
        self._publish("NumbersTable", {"pk": {"S": key}}, {"optOutState": {"S": "in"}}, 1)

    def _publish(self, table: str, key: Any, before: Any, times: int) -> None:
        image = self.stack.dynamodb.get_item(TableName=table, Key=key)["Item"]
        (record,) = sample("messages/publish_events")["Records"]
        change = record["dynamodb"] | {"NewImage": image, "OldImage": image | before, "Keys": key}
        for number in range(times):
            numbered = change | {"SequenceNumber": str(number)}
            self.invoke(publish_events, {"Records": [record | {"eventName": "MODIFY", "dynamodb": numbered}]})

    def end_messages(self, kind: str, count: int, **event: Any) -> None:
        """Send a message, receive its receipt, and publish the change for `count` such messages."""
        message_id = send()[1]["messageId"]
        deliver(self.stack, message_id)
        assert receive([receipt(kind, message_id, **event)]) == 204
        self.publish_message(message_id, times=count)


@pytest.fixture
def world(
    ready: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[World]:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", SERVICE)
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", STACK)
    settings_module.service.cache_clear()
    yield World(ready, monkeypatch, capsys)
    settings_module.service.cache_clear()


type Fault = Callable[[World], None]
FAULTS: dict[str, Fault] = {}


def fault(*alarms: str) -> Callable[[Fault], Fault]:
    """Register a fault for alarms."""

    def register(script: Fault) -> Fault:
        FAULTS.update(dict.fromkeys(alarms, script))
        return script

    return register


# Functions fail


@fault("SendMessageCanaryAlarm")
def new_code_does_not_start(world: World) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(send_message, "app", None)
        world.invoke(send_message, api_event("POST", "/messages", body={}), api="control")


@fault("SendMessageCanaryRequestsAlarm")
def new_code_cannot_accept_messages(world: World) -> None:
    accept_messages_with_a_bug(world)


def accept_messages_with_a_bug(world: World, version: str = "") -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(MessageAcceptance, "accept")
        body = {"from": OWNER, "to": RECIPIENT, "text": TEXT}
        event = api_event("POST", "/messages", body=body)
        world.invoke(send_message, event, api="control", version=version)


@fault("ReceiveCallbackCanaryRequestsAlarm")
def new_code_cannot_parse_callbacks(world: World) -> None:
    receive_callbacks_with_a_bug(world)


def receive_callbacks_with_a_bug(world: World, version: str = "") -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(callback_intake, "parse_v2", lambda _: [Unreadable(reason="a bug")])
        event = sample("messages/receive_callback")
        world.invoke(receive_callback, event, api="callbacks", version=version)


@fault("SendErrorsAlarm", "QueueScheduledErrorsAlarm", "ReceiveCallbackErrorsAlarm", "CallbackErrorsAlarm")
@fault("ControlErrorsAlarm", "ReceiveCallbackCanaryAlarm")
def tables_do_not_respond(world: World) -> None:
    world.break_tables()
    world.invoke(deliver_message, sample("messages/deliver_message"))
    world.invoke(queue_scheduled, {})
    world.invoke(receive_callback, sample("messages/receive_callback"), api="callbacks")
    body = {"from": OWNER, "to": RECIPIENT, "text": TEXT}
    world.invoke(send_message, api_event("POST", "/messages", body=body), api="control")


@fault("AuthorizeCallbackErrorsAlarm")
def the_callback_secret_is_gone(world: World) -> None:
    world.stack.secrets.delete_secret(SecretId="callback", ForceDeleteWithoutRecovery=True)
    event = sample("messages/authorize_callback") | {"headers": {"Authorization": basic(PASSWORD)}}
    world.invoke(authorize_callback, event)


@fault("ReceiveNotificationErrorsAlarm")
def a_notification_can_neither_be_applied_nor_quarantined(world: World) -> None:
    world.break_tables()
    world.stack.sqs.delete_queue(QueueUrl=world.stack.quarantine_queue)
    world.invoke(receive_notification, sample("setups/receive_notification") | {"body": "no XML"})


@fault("CheckRegistrationErrorsAlarm", "CheckDriftErrorsAlarm")
def bandwidth_rejects_the_account_credentials(world: World) -> None:
    world.stack.add_fault("/oauth2/token", answer={"status": 401}, times=99)
    world.invoke(check_registration, {})
    world.invoke(check_drift, {})


@fault("CallbacksSlowAlarm")
def callbacks_take_nine_seconds(world: World) -> None:
    # The function's timeout. API Gateway reports milliseconds.
    world.metrics.add("AWS/ApiGateway", "Latency", 9000, ApiName=f"{STACK}-callbacks")


@fault("CallbackSourceAddressesAlarm")
def a_source_address_is_invalid(world: World) -> None:
    world.patch.setenv("CALLBACK_SOURCE_ADDRESSES", "127.0.0.0/33")
    settings_module.settings.cache_clear()
    authorize(basic(PASSWORD))


# Queues and streams


@fault("QuarantineAlarm")
def a_callback_cannot_be_parsed(world: World) -> None:
    assert receive("no JSON") == 204
    add_depth(world, "QuarantineQueue", world.stack.quarantine_queue)


@fault("EventsDeadLetterAlarm")
def a_change_can_never_be_published(world: World) -> None:
    (record,) = sample("messages/publish_events")["Records"]
    # An image without the fields of a message.
    broken = record["dynamodb"] | {"NewImage": {"messageId": {"S": "m-1"}}}
    world.invoke(publish_events, {"Records": [record | {"dynamodb": broken}]})
    add_depth(world, "EventsDeadLetterQueue", world.stack.events_dead_letter_queue)


def add_depth(world: World, queue: str, url: str) -> None:
    attribute = "ApproximateNumberOfMessages"
    attributes = world.stack.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[attribute])
    visible = int(attributes["Attributes"][attribute])
    world.metrics.add("AWS/SQS", "ApproximateNumberOfMessagesVisible", visible, QueueName=queue)


@fault("SendDeadLetterAlarm", "MediaDeadLetterAlarm", "ForwardDeadLetterAlarm", "ExecutionsDeadLetterAlarm")
@fault("WebhookDeadLetterAlarm", "AnalyticsDeadLetterAlarm")
def aws_moves_a_record_to_a_dead_letter_queue(world: World) -> None:
    for name in ("Send", "Media", "Forward", "Executions", "Webhook", "Analytics"):
        queue = f"{name}DeadLetterQueue"
        world.metrics.add("AWS/SQS", "ApproximateNumberOfMessagesVisible", 1, QueueName=queue)


@fault("EventsLateAlarm", "RepliesLateAlarm")
def streams_are_not_read_for_twenty_minutes(world: World) -> None:
    for function in ("PublishEvents", "SendKeywordReply"):
        world.metrics.add("AWS/Lambda", "IteratorAge", 20 * 60 * 1000, FunctionName=function)


@fault("AnalyticsLateAlarm")
def firehose_may_not_write_to_the_bucket(world: World) -> None:
    # The metric is the age of the oldest event that is not in the bucket.
    add_age_of_exported_events(world, 2 * 3600)


def add_age_of_exported_events(world: World, seconds: int) -> None:
    stream = "AnalyticsStream"
    world.metrics.add("AWS/Firehose", "DeliveryToS3.DataFreshness", seconds, DeliveryStreamName=stream)


@fault("SendQueueWaitsAlarm", "HighSendQueueWaitsAlarm")
def no_worker_takes_messages(world: World) -> None:
    for queue in ("SendQueue", "HighSendQueue"):
        add_queue(world, queue, visible=1, received=0)


def add_queue(world: World, queue: str, *, visible: int, received: int) -> None:
    world.metrics.add("AWS/SQS", "ApproximateNumberOfMessagesVisible", visible, QueueName=queue)
    world.metrics.add("AWS/SQS", "NumberOfMessagesReceived", received, QueueName=queue)


@fault("DeliverMessageThrottledAlarm")
def the_concurrency_of_the_account_is_used_up(world: World) -> None:
    # Lambda counts no invocation and no error for a throttled request.
    world.metrics.add("AWS/Lambda", "Throttles", 40, FunctionName="DeliverMessage")


# State machines


@fault(*(f"{machine}FailedAlarm" for machine in MACHINES))
def every_state_machine_fails(world: World) -> None:
    machines = install_machines(world.patch)
    for logical_id, name in zip(
        MACHINES, ("messaging_v2", "hosted_messaging", "release_numbers", "opt_outs"), strict=True
    ):
        ended = machines.run(name, {"unknown": "field"})
        world.metrics.add(
            "AWS/States", "ExecutionsFailed", int(ended.status == "FAILED"), StateMachineArn=logical_id
        )


@fault(*(f"{machine}TimedOutAlarm" for machine in MACHINES))
def every_execution_times_out(world: World) -> None:
    for machine in MACHINES:
        world.metrics.add("AWS/States", "ExecutionsTimedOut", 1, StateMachineArn=machine)


# Messages


@fault("SendUnauthorizedAlarm")
def bandwidth_rejects_the_messaging_credentials(world: World) -> None:
    world.stack.add_fault("/messages", method="POST", answer={"status": 401}, times=2)
    deliver(world.stack, send()[1]["messageId"])


@fault("SendRedirectedAlarm")
def bandwidth_redirects(world: World) -> None:
    answer = {"status": 302, "headers": {"Location": "https://example.com/"}}
    world.stack.add_fault("/messages", method="POST", answer=answer)
    deliver(world.stack, send()[1]["messageId"])


@fault("SendRetriesAlarm")
def bandwidth_accepts_no_message_for_forty_minutes(world: World) -> None:
    world.stack.add_fault("/messages", method="POST", answer=OWN_500)
    message_id = send()[1]["messageId"]
    (queued,) = world.stack.receive_messages(world.stack.send_queue)
    worker(message_id, queued["ReceiptHandle"], 9, datetime.now(UTC) - timedelta(minutes=40))


@fault("MessagesFailedAlarm", "SpamAlarm")
def carriers_reject_messages_as_spam(world: World) -> None:
    fail_messages(world, 4770)


@fault("SenderFailuresAlarm")
def the_sender_is_not_registered(world: World) -> None:
    fail_messages(world, 4476)


@fault("VolumeAlarm")
def a_carrier_limit_is_exceeded(world: World) -> None:
    fail_messages(world, 4781)


@fault("CarrierFailuresAlarm")
def a_carrier_fails(world: World) -> None:
    fail_messages(world, 5600)


def fail_messages(world: World, code: int) -> None:
    """Let 3 of 23 messages fail."""
    world.end_messages("message-delivered", 20)
    world.end_messages("message-failed", 3, errorCode=code)


@fault("OptOutRateAlarm")
def recipients_opt_out(world: World) -> None:
    world.end_messages("message-delivered", 20)
    for number in range(2):
        sender = f"+1919555100{number}"
        message = INBOUND["message"] | {"id": f"stop-{number}", "from": sender, "text": "STOP"}
        assert receive([INBOUND | {"message": message}]) == 204
        world.publish_opt_out(f"OPT_OUT#{INBOUND['to']}#{sender}")


@fault("SpendAlarm")
def long_messages_go_to_many_recipients(world: World) -> None:
    # 130 segments at $0.0085 are more than the dollar of PARAMETERS.
    for _ in range(10):
        deliver(world.stack, send(text="a" * 153 * 13)[1]["messageId"])


# Webhooks


@fault("WebhookAttemptsAlarm")
def a_webhook_rejects_requests(world: World) -> None:
    attempt_webhook(world, 500)


@fault("WebhookDisabledAlarm")
def a_webhook_no_longer_exists(world: World) -> None:
    attempt_webhook(world, 410)


def attempt_webhook(world: World, status: int) -> None:
    """Send an event to a webhook that responds with this status."""
    with run_server() as endpoint:
        endpoint.respond_with(Response(status))
        store_webhook("crm", endpoint.url)
        publish(world.stack, "event-1")
        work_until_idle(world.stack)


# The alarms


def test_every_alarm_has_a_scripted_fault() -> None:
    assert FAULTS.keys() == ALARMS.keys()


def run(world: World, name: str) -> None:
    FAULTS[name](world)
    world.read_log()


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_fires_by_its_fault(world: World, name: str) -> None:
    run(world, name)

    assert is_firing(ALARMS[name], world.metrics, parameters=PARAMETERS)


@pytest.mark.parametrize("name", [name for name, alarm in ALARMS.items() if alarm["EvaluationPeriods"] > 1])
def test_a_fault_of_one_period_does_not_fire_an_alarm_on_lasting_faults(world: World, name: str) -> None:
    run(world, name)

    assert not is_firing(ALARMS[name], world.metrics, parameters=PARAMETERS, periods=1)


def test_no_alarm_fires_while_the_stack_works(world: World) -> None:
    world.end_messages("message-delivered", 99)
    world.end_messages("message-failed", 1, errorCode=4770)
    world.invoke(receive_callback, sample("messages/receive_callback"), api="callbacks")
    for queue in ("SendQueue", "HighSendQueue"):
        add_queue(world, queue, visible=0, received=100)
    # Firehose collects events for 15 minutes.
    add_age_of_exported_events(world, 960)
    add_depth(world, "QuarantineQueue", world.stack.quarantine_queue)
    world.read_log()

    firing = [
        name for name, alarm in ALARMS.items() if is_firing(alarm, world.metrics, parameters=PARAMETERS)
    ]

    assert firing == []
    computed = {
        name for name, alarm in ALARMS.items() if compute(alarm, world.metrics, PARAMETERS) is not None
    }
    assert computed >= {
        "MessagesFailedAlarm",
        "SpamAlarm",
        "SpendAlarm",
        "CallbackErrorsAlarm",
        "QuarantineAlarm",
    }


def test_errors_of_the_old_code_do_not_stop_the_update_that_fixes_them(world: World) -> None:
    accept_messages_with_a_bug(world, version="old")
    receive_callbacks_with_a_bug(world, version="old")
    body = {"from": OWNER, "to": RECIPIENT, "text": TEXT}
    world.invoke(send_message, api_event("POST", "/messages", body=body), api="control")
    world.invoke(receive_callback, sample("messages/receive_callback"), api="callbacks")
    world.read_log()

    assert any(name == "FailedRequests" for _, name, _ in world.metrics.values)
    assert [name for name in ALARMS if "Canary" in name and is_firing(ALARMS[name], world.metrics)] == []


def test_a_rejected_request_does_not_roll_an_update_back(world: World) -> None:
    world.invoke(send_message, api_event("POST", "/messages", body={"to": RECIPIENT}), api="control")
    world.read_log()

    assert [name for _, name, _ in world.metrics.values if name == "FailedRequests"] == []


def test_few_messages_fire_no_alarm_on_a_share(world: World) -> None:
    world.end_messages("message-failed", 19, errorCode=4770)
    world.read_log()

    assert compute(ALARMS["SpamAlarm"], world.metrics) == 0
    assert not is_firing(ALARMS["MessagesFailedAlarm"], world.metrics)


@pytest.mark.parametrize(("queue", "minutes"), [("SendQueue", 30), ("HighSendQueue", 10)])
def test_a_queue_is_late_if_its_workers_need_longer_than_the_limit(
    world: World, queue: str, minutes: int
) -> None:
    slow, fast = Metrics(), Metrics()
    for metrics, received in ((slow, 99), (fast, 101)):
        world.metrics = metrics
        add_queue(world, queue, visible=100 * minutes // 5, received=received)

    assert is_firing(ALARMS[f"{queue}WaitsAlarm"], slow)
    assert not is_firing(ALARMS[f"{queue}WaitsAlarm"], fast)


@pytest.mark.parametrize("queue", ["SendQueue", "HighSendQueue"])
def test_a_queue_that_no_worker_reads_fires_its_alarm(world: World, queue: str) -> None:
    # SQS reports NumberOfMessagesReceived only during receive operations, also no zero.
    world.metrics.add("AWS/SQS", "ApproximateNumberOfMessagesVisible", 1, QueueName=queue)

    assert is_firing(ALARMS[f"{queue}WaitsAlarm"], world.metrics)


@pytest.mark.parametrize("queue", ["SendQueue", "HighSendQueue"])
def test_a_record_that_waits_for_hours_fires_no_alarm_on_a_busy_queue(world: World, queue: str) -> None:
    # An unconfirmed message: its record is invisible, and always the oldest. Other messages come and go.
    world.metrics.add("AWS/SQS", "ApproximateAgeOfOldestMessage", 3 * 3600, QueueName=queue)
    add_queue(world, queue, visible=1, received=300)

    assert not is_firing(ALARMS[f"{queue}WaitsAlarm"], world.metrics)


def test_a_message_that_waited_for_its_rate_fires_no_alarm_on_retries(world: World) -> None:
    world.stack.add_fault("/messages", method="POST", answer={"status": 429})
    message_id = send()[1]["messageId"]
    deliver(world.stack, message_id)
    world.read_log()

    # The record is new, because a message that waits for its rate is queued again.
    assert not is_firing(ALARMS["SendRetriesAlarm"], world.metrics)


@pytest.mark.parametrize("count", [True, False])
def test_an_import_of_opt_outs_does_not_count_as_a_reaction_of_recipients(world: World, count: bool) -> None:
    source = OptOutSource.CARRIER if count else OptOutSource.IMPORT
    stores.opt_outs().record(OWNER, RECIPIENT, opted_out=True, keyword="x", at=AT, source=source)
    world.publish_opt_out(f"OPT_OUT#{OWNER}#{RECIPIENT}")
    world.read_log()

    counted = [key for key in world.metrics.values if key[1] == "OptOutsReceived"]
    assert bool(counted) is count
