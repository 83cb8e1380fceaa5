"""Operations of the ControlApi: starting set-ups, and reading messages, numbers and orders."""

import json
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, EndpointConnectionError

from bandwidth_messaging.domain.messages import Message, MessageState
from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.setups import MessagingV2Setup
from bandwidth_messaging.runtime import stores
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.services import setup_start
from bandwidth_messaging.store.keys import order_key
from bandwidth_messaging.store.setup_requests import hash_idempotency_key
from functions.control import browse, start_setup
from tests.functions.conftest import House, ask, sample

HOME = Home(
    api="v2",
    customer_order_id="order-1",
    order_id="bandwidth-order-1",
    application_id="app-1",
    location_id="500001",
    site_id="1001",
)
AT = "2026-01-01T00:00:00.000Z"
OURS = "+19102398766"


class TestStartSetup:
    @pytest.fixture
    def machine(self, house: House, monkeypatch: pytest.MonkeyPatch) -> str:
        arn: str = boto3.client("stepfunctions").create_state_machine(
            name="messaging_v2",
            definition=json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}),
            roleArn="arn:aws:iam::123456789012:role/machine",
        )["stateMachineArn"]
        monkeypatch.setenv("MESSAGING_V2_STATE_MACHINE", arn)
        return arn

    def start(self, **given: Any) -> tuple[int, Any]:
        return ask(start_setup, "POST", "/setups/messaging-v2", body=given)

    def end(self, started: Any, state: str, at: str = AT) -> None:
        """End a set-up."""
        stores.orders().finish(started["customerOrderId"], state, at=at)

    def test_the_order_records_its_generation(self, machine: str) -> None:
        _, started = self.start(areaCode="910")

        order: Any = stores.orders().get(started["customerOrderId"])
        assert order["generation"] == settings().bandwidth_api

    def test_starts_the_machine_under_the_customer_order_id(self, machine: str) -> None:
        status, started = self.start(areaCode="910", quantity=3, customerOrderId="Order 7")
        assert status == 202
        assert started["customerOrderId"] == "Order 7"
        execution = boto3.client("stepfunctions").describe_execution(executionArn=started["executionArn"])
        assert json.loads(execution["input"]) == {
            "areaCode": "910",
            "quantity": 3,
            "customerOrderId": "Order 7",
        }

    def test_the_order_can_be_read_at_once(self, machine: str) -> None:
        _, started = self.start(areaCode="910", quantity=3)
        status, order = ask(browse, "GET", f"/orders/{started['customerOrderId']}")
        assert status == 200
        assert (order["state"], order["kind"], order["requested"]) == ("started", "messaging_v2", 3)
        assert order["executionArn"] == started["executionArn"]

    def test_dry_runs_have_no_order_to_be_read_and_the_set_up_itself_may_follow(
        self, machine: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("BANDWIDTH_API", "current")
        monkeypatch.setenv("HOSTED_MESSAGING_STATE_MACHINE", machine)
        given = sample("executions/hosted_messaging") | {"customerOrderId": "Order-7"}
        for more, found in (({"dryRun": True}, 404), ({"dryRun": True}, 404), ({}, 200)):
            status, started = ask(start_setup, "POST", "/setups/hosted-messaging", body=given | more)
            assert (status, started["customerOrderId"]) == (202, "Order-7")
            assert ask(browse, "GET", "/orders/Order-7")[0] == found

    def test_the_same_customer_order_id_with_another_input_is_a_conflict(self, machine: str) -> None:
        self.start(areaCode="910", customerOrderId="Order-7")
        status, problem = self.start(areaCode="919", customerOrderId="Order-7")
        assert status == 409
        assert (
            "customerOrderId 'Order-7' is already used. That set-up has not ended (started)."
            in problem["detail"]
        )

    def test_a_set_up_that_has_failed_is_continued_under_a_name_of_its_own(self, machine: str) -> None:
        _, first = self.start(areaCode="910", customerOrderId="Order 7")
        self.end(first, "failed")
        status, second = self.start(areaCode="910", customerOrderId="Order 7", deadlineHours=48)
        assert status == 202
        assert second["customerOrderId"] == "Order 7"
        assert second["executionArn"].removeprefix(first["executionArn"]) == "-again-20260101000000000"
        execution = boto3.client("stepfunctions").describe_execution(executionArn=second["executionArn"])
        assert json.loads(execution["input"])["customerOrderId"] == "Order 7"

    def test_each_failure_is_continued_once(self, machine: str) -> None:
        _, first = self.start(areaCode="910", customerOrderId="Order-7")
        self.end(first, "failed")
        _, second = self.start(areaCode="910", customerOrderId="Order-7", deadlineHours=48)
        status, problem = self.start(areaCode="910", customerOrderId="Order-7", deadlineHours=72)
        assert status == 409
        assert (
            "The execution Order-7-again-20260101000000000 was started with different input."
            in problem["detail"]
        )
        self.end(second, "failed", "2026-01-02T00:00:00.000Z")
        status, third = self.start(areaCode="910", customerOrderId="Order-7", deadlineHours=72)
        assert status == 202
        executions = boto3.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
        assert {each["executionArn"] for each in executions} == {
            each["executionArn"] for each in (first, second, third)
        }

    @pytest.mark.parametrize("state", ["completed", "partial"])
    def test_a_completed_set_up_started_again_is_a_conflict(self, machine: str, state: str) -> None:
        _, first = self.start(areaCode="910", customerOrderId="Order-7")
        self.end(first, state)
        status, problem = self.start(areaCode="910", customerOrderId="Order-7", deadlineHours=48)
        assert status == 409
        assert f"has ended ({state})" in problem["detail"]

    def test_a_failed_order_with_another_input_is_a_conflict(self, machine: str) -> None:
        asked = {"areaCode": "910", "customerOrderId": "Order-7"}
        _, first = self.start(**asked)
        orders = stores.orders()
        digest = MessagingV2Setup.model_validate(asked).digest()
        orders.open("Order-7", kind="messaging_v2", requested=1, execution_arn="arn", at=AT, digest=digest)
        orders.begin_ordering("Order-7", "first", AT)
        self.end(first, "failed")
        status, problem = self.start(areaCode="919", customerOrderId="Order-7")
        assert status == 409
        assert "was started with different input" in problem["detail"]
        assert self.start(**asked, deadlineHours=48)[0] == 202

    def test_another_input_than_the_running_set_up_is_a_conflict_under_any_execution(
        self, machine: str
    ) -> None:
        asked = {"areaCode": "910", "customerOrderId": "Order-7"}
        digest = MessagingV2Setup.model_validate(asked).digest()
        stores.orders().open(
            "Order-7", kind="messaging_v2", requested=1, execution_arn="arn", at=AT, digest=digest
        )
        assert self.start(**asked | {"areaCode": "919"})[0] == 409
        assert self.start(**asked)[0] == 202

    def test_an_undone_set_up_started_again_is_a_conflict(self, machine: str) -> None:
        _, first = self.start(areaCode="910", customerOrderId="Order-7")
        self.end(first, "failed")
        stores.orders().record_undone("Order-7", by="release-1", at=AT)
        status, problem = self.start(areaCode="910", customerOrderId="Order-7", deadlineHours=48)
        assert status == 409
        assert "was undone" in problem["detail"]

    @pytest.mark.parametrize("given", ["Order 7 ", "\tOrder  7"])
    def test_white_space_in_an_id_is_normalized(self, machine: str, given: str) -> None:
        _, first = self.start(areaCode="910", customerOrderId="Order 7")
        assert self.start(areaCode="910", customerOrderId=given) == (202, first)
        execution = boto3.client("stepfunctions").describe_execution(executionArn=first["executionArn"])
        assert json.loads(execution["input"])["customerOrderId"] == "Order 7"

    def test_the_same_request_after_its_execution_has_ended_gets_the_first_response(
        self, machine: str
    ) -> None:
        asked = {"areaCode": "910", "customerOrderId": "Order-7"}
        first = self.start(**asked)
        boto3.client("stepfunctions").stop_execution(executionArn=first[1]["executionArn"])

        assert self.start(**asked) == first

    @pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
    def test_a_refused_start_fails_the_order_which_can_then_be_continued(
        self, machine: str, monkeypatch: pytest.MonkeyPatch, code: str
    ) -> None:
        asked = {"areaCode": "910", "customerOrderId": "Order-7"}
        with monkeypatch.context() as patch:
            refuse_start(patch, code)
            assert self.start(**asked)[0] == 500

        order = ask(browse, "GET", "/orders/Order-7")[1]
        assert order["state"] == "failed"
        assert order["reason"] == f"Step Functions did not start the execution ({code})."
        assert self.start(**asked)[0] == 202

    def test_a_refused_start_of_a_running_set_up_leaves_its_order(
        self, machine: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = {"areaCode": "910", "customerOrderId": "Order-7"}
        assert self.start(**asked)[0] == 202
        with monkeypatch.context() as patch:
            refuse_start(patch, "ThrottlingException")
            assert self.start(**asked)[0] == 500

        assert ask(browse, "GET", "/orders/Order-7")[1]["state"] == "started"

    def test_a_refused_start_leaves_the_order_of_a_request_in_the_same_millisecond(
        self, machine: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = {"areaCode": "910", "customerOrderId": "Order-7"}
        monkeypatch.setattr(setup_start, "now", lambda: AT)
        assert self.start(**asked)[0] == 202

        refuse_start(monkeypatch, "ThrottlingException")
        assert self.start(**asked)[0] == 500

        assert ask(browse, "GET", "/orders/Order-7")[1]["state"] == "started"

    def test_a_refused_start_leaves_the_order_of_an_execution_in_the_same_millisecond(
        self, machine: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = {"areaCode": "910", "customerOrderId": "Order-7"}
        digest = MessagingV2Setup.model_validate(asked).digest()
        stores.orders().open(
            "Order-7", kind="messaging_v2", requested=1, execution_arn="arn", at=AT, digest=digest
        )
        monkeypatch.setattr(setup_start, "now", lambda: AT)

        refuse_start(monkeypatch, "ThrottlingException")
        assert self.start(**asked)[0] == 500

        assert ask(browse, "GET", "/orders/Order-7")[1]["state"] == "started"

    def test_a_refused_start_leaves_the_order_of_a_version_without_start_tokens(
        self, machine: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = {"areaCode": "910", "customerOrderId": "Order-7"}
        assert self.start(**asked)[0] == 202
        stores.orders()._table.update(order_key("Order-7"), assign={"startToken": None})

        refuse_start(monkeypatch, "ThrottlingException")
        assert self.start(**asked)[0] == 500

        assert ask(browse, "GET", "/orders/Order-7")[1]["state"] == "started"

    @pytest.mark.parametrize("lost", [None, 500], ids=["no response", "500"])
    def test_a_refusal_after_an_attempt_that_may_have_started_leaves_the_order(
        self, machine: str, monkeypatch: pytest.MonkeyPatch, lost: int | None
    ) -> None:
        with monkeypatch.context() as patch:
            refuse_start(patch, "ThrottlingException", earlier_attempt=lost)
            assert self.start(areaCode="910", customerOrderId="Order-7")[0] == 500

        assert ask(browse, "GET", "/orders/Order-7")[1]["state"] == "started"

    def test_every_invalid_field_is_named(self, machine: str) -> None:
        status, problem = self.start(areaCode="91", quantity=5001, siteId="main")
        assert status == 422
        assert {error["field"] for error in problem["errors"]} == {"areaCode", "quantity", "siteId"}


REFUSED = object()


def refuse_start(patch: pytest.MonkeyPatch, code: str, *, earlier_attempt: object = REFUSED) -> None:
    """Let Step Functions refuse to start an execution, after an earlier attempt with this status, if any."""
    send = BaseClient._make_api_call  # type: ignore[attr-defined]

    def refuse(client: Any, name: str, parameters: Any) -> Any:
        if name != "StartExecution":
            return send(client, name, parameters)
        if earlier_attempt is not REFUSED:
            response = None if earlier_attempt is None else {"status_code": earlier_attempt}
            client.meta.events.emit("response-received.sfn.StartExecution", response_dict=response)
        client.meta.events.emit("response-received.sfn.StartExecution", response_dict={"status_code": 400})
        details = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": 400}}
        raise ClientError(details, name)  # type: ignore[arg-type]

    patch.setattr(BaseClient, "_make_api_call", refuse)


class TestIdempotencyKey:
    """Requests with the same key and body start one set-up, also if the first response was lost."""

    start = TestStartSetup.start
    machine = TestStartSetup.machine

    def again(self, key: str, **given: Any) -> tuple[int, Any]:
        return ask(start_setup, "POST", "/setups/messaging-v2", body=given, headers={"Idempotency-Key": key})

    def executions(self, machine: str) -> list[Any]:
        return list(boto3.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"])

    def test_the_same_key_and_body_are_one_set_up(self, machine: str) -> None:
        first = self.again("key-1", areaCode="910", quantity=2)
        assert first[0] == 202
        assert [self.again("key-1", areaCode="910", quantity=2) for _ in range(3)] == [first] * 3
        assert len(self.executions(machine)) == 1

    @pytest.mark.parametrize("customer_order_id", [None, "Order-7"])
    def test_a_refused_start_fails_the_order_until_the_request_is_repeated(
        self, machine: str, monkeypatch: pytest.MonkeyPatch, customer_order_id: str | None
    ) -> None:
        asked = {"areaCode": "910"} | ({"customerOrderId": customer_order_id} if customer_order_id else {})
        for _ in range(2):
            with monkeypatch.context() as patch:
                refuse_start(patch, "ThrottlingException")
                assert self.again("key-1", **asked)[0] == 500
            order_id = customer_order_id or f"setup-{hash_idempotency_key('key-1')}"
            assert ask(browse, "GET", f"/orders/{order_id}")[1]["state"] == "failed"

        status, started = self.again("key-1", **asked)

        assert status == 202
        order = ask(browse, "GET", f"/orders/{order_id}")[1]
        assert (order["state"], order["executionArn"]) == ("started", started["executionArn"])
        assert "reason" not in order
        assert len(self.executions(machine)) == 1

    def test_another_key_is_another_set_up(self, machine: str) -> None:
        first = self.again("key-1", areaCode="910")[1]
        second = self.again("key-2", areaCode="910")[1]
        assert first["customerOrderId"] != second["customerOrderId"]
        assert len(self.executions(machine)) == 2

    @pytest.mark.parametrize("customer_order_id", [None, "Order-7"])
    def test_another_body_is_rejected_and_starts_nothing(
        self, machine: str, customer_order_id: str | None
    ) -> None:
        named = {"customerOrderId": customer_order_id} if customer_order_id else {}
        self.again("key-1", areaCode="910", **named)
        for other in ({"areaCode": "919", **named}, {"areaCode": "910", "customerOrderId": "Order-8"}):
            status, problem = self.again("key-1", **other)
            assert (status, problem["errors"][0]["field"]) == (422, "Idempotency-Key")
        assert len(self.executions(machine)) == 1
        assert ask(browse, "GET", "/orders/Order-8")[0] == 404

    def test_the_key_belongs_to_one_operation(self, machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOSTED_MESSAGING_STATE_MACHINE", machine)
        self.again("key-1", areaCode="910")
        status, problem = ask(
            start_setup,
            "POST",
            "/setups/hosted-messaging",
            body=sample("executions/hosted_messaging"),
            headers={"Idempotency-Key": "key-1"},
        )
        assert (status, problem["errors"][0]["field"]) == (422, "Idempotency-Key")

    @pytest.mark.parametrize("state", ["completed", "failed"])
    def test_an_ended_set_up_gets_the_first_response(self, machine: str, state: str) -> None:
        first = self.again("key-1", areaCode="910", customerOrderId="Order-7")
        boto3.client("stepfunctions").stop_execution(executionArn=first[1]["executionArn"])
        stores.orders().finish("Order-7", state, at=AT)
        assert self.again("key-1", areaCode="910", customerOrderId="Order-7") == first
        assert len(self.executions(machine)) == 1

    def test_a_new_key_continues_a_set_up_that_failed_once(self, machine: str) -> None:
        asked = {"areaCode": "910", "customerOrderId": "Order-7"}
        first = self.again("key-1", **asked)
        stores.orders().finish("Order-7", "failed", at=AT)
        second = self.again("key-2", **asked)
        assert second[1]["executionArn"] == f"{first[1]['executionArn']}-again-20260101000000000"
        boto3.client("stepfunctions").stop_execution(executionArn=second[1]["executionArn"])
        assert self.again("key-2", **asked) == second
        assert self.again("key-1", **asked) == first
        assert len(self.executions(machine)) == 2

    def test_a_dry_run_is_one_execution_too(self, machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("BANDWIDTH_API", "current")
        monkeypatch.setenv("HOSTED_MESSAGING_STATE_MACHINE", machine)
        given = sample("executions/hosted_messaging") | {"dryRun": True}
        parts: Any = {"body": given, "headers": {"Idempotency-Key": "key-1"}}
        first, second = (ask(start_setup, "POST", "/setups/hosted-messaging", **parts) for _ in range(2))
        assert first == second
        assert len(self.executions(machine)) == 1

    @pytest.mark.parametrize("call_that_fails", ["UpdateItem", "StartExecution"])
    @pytest.mark.parametrize("is_lost", [True, False], ids=["response lost", "not carried out"])
    @pytest.mark.parametrize("nth", [1, 2])
    def test_a_failed_request_can_be_repeated(
        self,
        machine: str,
        monkeypatch: pytest.MonkeyPatch,
        call_that_fails: str,
        is_lost: bool,
        nth: int,
    ) -> None:
        calls: list[str] = []
        send = BaseClient._make_api_call  # type: ignore[attr-defined]

        def fail(client: Any, name: str, parameters: Any) -> Any:
            calls.append(name)
            if name != call_that_fails or calls.count(name) != nth:
                return send(client, name, parameters)
            if is_lost:
                send(client, name, parameters)
            raise EndpointConnectionError(endpoint_url="https://aws.example")

        with monkeypatch.context() as patch:
            patch.setattr(BaseClient, "_make_api_call", fail)
            status, _ = self.again("key-1", areaCode="910", quantity=2)
        is_struck = calls.count(call_that_fails) >= nth
        assert status == (500 if is_struck else 202)
        status, started = self.again("key-1", areaCode="910", quantity=2)
        assert status == 202
        (execution,) = self.executions(machine)
        assert execution["executionArn"] == started["executionArn"]
        # Nothing that may fail comes after the start.
        assert "StartExecution" not in calls[:-1]


class TestNumbers:
    def test_are_listed_state_by_state_and_page_by_page(self, house: House) -> None:
        numbers = [f"+1910239{n:04}" for n in range(5)]
        for number in numbers:
            stores.numbers().activate(number, HOME, AT)
        failure = {"number": "+19102399999", "code": "5005", "reason": "not available"}
        stores.numbers().fail(failure, HOME, AT)  # type: ignore[arg-type]
        listed: list[str] = []
        cursor, pages = None, 0
        while pages == 0 or cursor:
            query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
            status, page = ask(browse, "GET", "/numbers", query=query)
            assert status == 200
            listed += [item["number"] for item in page["items"]]
            cursor, pages = page["cursor"], pages + 1
        assert listed == [*numbers, "+19102399999"]

    def test_of_one_state_only(self, house: House) -> None:
        stores.numbers().activate(OURS, HOME, AT)
        assert ask(browse, "GET", "/numbers", query={"state": "failed"})[1]["items"] == []
        (number,) = ask(browse, "GET", "/numbers", query={"state": "active"})[1]["items"]
        assert number == {
            "number": OURS,
            "state": "active",
            "api": "v2",
            "applicationId": "app-1",
            "locationId": "500001",
            "siteId": "1001",
            "orderId": "bandwidth-order-1",
            "customerOrderId": "order-1",
            "times": {"active": AT},
        }

    def test_a_number_is_found_in_a_national_notation(self, house: House) -> None:
        stores.numbers().activate(OURS, HOME, AT)
        assert ask(browse, "GET", "/numbers/9102398766")[1]["number"] == OURS

    @pytest.mark.parametrize("path", ["/numbers/+19195550000", "/orders/none", "/messages/none", "/nothing"])
    def test_a_missing_resource_is_a_404_with_a_detail(self, house: House, path: str) -> None:
        status, problem = ask(browse, "GET", path)
        assert status == 404
        assert problem["detail"]


class TestMessages:
    def test_of_a_number_come_newest_first_page_by_page(self, house: House) -> None:
        for n in range(5):
            message = Message(
                message_id=f"in-{n}", direction="in", api="v2", owner=OURS, sender="+19195551234",
                recipients=(OURS,), text=f"text {n}", state=MessageState.RECEIVED,
                time=f"2026-01-01T00:00:0{n}.000Z",
            )  # fmt: skip
            stores.messages().add(message)
        query = {"number": "9102398766", "limit": "3"}
        first = ask(browse, "GET", "/messages", query=query)[1]
        assert [item["text"] for item in first["items"]] == ["text 4", "text 3", "text 2"]
        second = ask(browse, "GET", "/messages", query=query | {"cursor": first["cursor"]})[1]
        assert [item["text"] for item in second["items"]] == ["text 1", "text 0"]
        assert second["cursor"] is None

    @pytest.mark.parametrize(
        ("query", "named"),
        [
            ({}, "number"),
            ({"number": "home"}, "number"),
            ({"number": OURS, "limit": "0"}, "limit"),
            ({"number": OURS, "cursor": "x"}, "cursor"),
        ],
    )
    def test_invalid_parameters_are_named(self, house: House, query: dict[str, str], named: str) -> None:
        status, problem = ask(browse, "GET", "/messages", query=query or None)
        assert status == 422
        assert [error["field"] for error in problem["errors"]] == [named]
