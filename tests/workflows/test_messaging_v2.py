"""The outcomes of the state machine messaging_v2 on the local cloud."""

import json
from pathlib import Path
from typing import Any

from local.stack import Stack
from tests.generations import both_generations
from tests.machines import Execution, control, get, run, unique

pytestmark = both_generations

SAMPLE = json.loads((Path(__file__).parents[2] / "events/executions/messaging_v2.json").read_text())
SUCCESS_PATH = [
    "Check Input",
    "Check Account",
    "Create application",
    "Create location",
    "Enable SMS on Location",
    "Enable MMS on Location",
    "Assign Application to Location",
    "Order Available Numbers",
]


def set_up(cloud: Stack, name: str, **fields: Any) -> Execution:
    """Run with `name` as the name of the application and the location, and as customerOrderId."""
    own = {"applicationName": name, "locationName": name, "customerOrderId": name}
    return run(cloud, "messaging_v2", SAMPLE | own | fields)


def decide(cloud: Stack, name: str, **fate: Any) -> None:
    control(cloud, "PUT", f"/orders/{name}", fate)


def account(cloud: Stack, kind: str, name: str) -> list[Any]:
    name_field = "customer_order_id" if kind == "orders" else "name"
    return [each for each in control(cloud, "GET", "/account")[kind] if each[name_field] == name]


def test_the_sample_input_goes_from_an_empty_account_to_numbers_that_text(cloud: Stack) -> None:
    name = unique("sample")

    execution = set_up(cloud, name)

    assert (execution.status, execution.cause) == ("SUCCEEDED", None)
    assert execution.states[: len(SUCCESS_PATH)] == SUCCESS_PATH
    assert execution.states[-1] == "Numbers Ready"
    output = execution.output
    assert output is not None
    (application,) = account(cloud, "applications", name)
    (location,) = account(cloud, "locations", name)
    (order,) = account(cloud, "orders", name)
    assert application["has_credentials"]
    assert (location["sms"], location["mms"], location["application_id"]) == (True, True, application["id"])
    assert "POST /messages" in output.pop("nextSteps")
    assert output == {
        "customerOrderId": name,
        "applicationId": application["id"],
        "locationId": location["id"],
        "orderId": order["id"],
        "state": "completed",
        "numbers": order["numbers"],
        "failed": 0,
        "failures": [],
    }
    for number in order["numbers"]:
        assert get(cloud, f"/numbers/{number}")["state"] == "active"


def test_without_names_the_stacks_own_are_used_and_the_executions_name_is_the_customer_order_id(
    cloud: Stack,
) -> None:
    execution = run(cloud, "messaging_v2", {"areaCode": "919"})

    assert execution.status == "SUCCEEDED"
    assert execution.output is not None
    assert execution.output["customerOrderId"] == execution.name
    assert get(cloud, f"/orders/{execution.name}")["state"] == "completed"


def test_a_second_run_creates_no_duplicate_resource(cloud: Stack) -> None:
    name = unique("again")
    first = set_up(cloud, name)

    second = set_up(cloud, name)

    assert first.output == second.output
    assert [len(account(cloud, kind, name)) for kind in ("applications", "locations", "orders")] == [1, 1, 1]


def test_a_partial_order_succeeds_and_reports_the_failed_numbers(cloud: Stack) -> None:
    name = unique("partial")
    decide(cloud, name, fate="PARTIAL", completed=1)

    execution = set_up(cloud, name, quantity=3)

    assert execution.status == "SUCCEEDED"
    assert execution.output is not None
    assert (execution.output["state"], execution.output["failed"]) == ("partial", 2)
    assert len(execution.output["numbers"]) == 1
    assert execution.output["failures"]
    order = get(cloud, f"/orders/{name}")
    assert (order["state"], order["requested"], order["completed"], order["failed"]) == ("partial", 3, 1, 2)
    assert order["failures"]


def test_failed_ends_with_bandwidths_reason(cloud: Stack) -> None:
    name = unique("failed")
    decide(cloud, name, fate="FAILED", errors=[{"code": 5018, "description": "None available"}])

    execution = set_up(cloud, name)

    assert (execution.status, execution.error) == ("FAILED", "OrderFailed")
    assert "5018 None available" in str(execution.cause)
    order = get(cloud, f"/orders/{name}")
    assert order["state"] == "failed"
    assert "5018 None available" in order["reason"]


def test_a_backordered_order_is_polled_until_it_completes(cloud: Stack) -> None:
    name = unique("backordered")
    decide(cloud, name, fate="BACKORDERED", backordered_seconds=1.5)

    execution = set_up(cloud, name)

    assert execution.status == "SUCCEEDED"
    assert execution.states.count("Check Order Status") > 1


def test_a_backorder_past_its_deadline_fails_with_the_next_steps(cloud: Stack) -> None:
    name = unique("deadline")
    decide(cloud, name, fate="BACKORDERED")

    execution = set_up(cloud, name, deadlineHours=0.002)

    assert (execution.status, execution.error) == ("FAILED", "DeadlinePassed")
    assert "is still BACKORDERED after 0.002 hours. It stays open at Bandwidth" in str(execution.cause)
    assert f'again with the same input and the customerOrderId "{name}"' in str(execution.cause)
    order = get(cloud, f"/orders/{name}")
    assert (order["state"], f"{order['reason']} {order['nextSteps']}") == ("failed", execution.cause)


def test_a_backorder_closed_at_its_deadline_keeps_the_received_numbers(cloud: Stack) -> None:
    name = unique("closed")
    decide(cloud, name, fate="BACKORDERED", completed=1)
    back_order = {"quantity": 3, "backOrderRequested": True, "closeBackOrder": True}

    execution = set_up(cloud, name, deadlineHours=0.002, **back_order)

    assert (execution.status, execution.states.count("Close Order")) == ("SUCCEEDED", 1)
    assert execution.output is not None
    assert (execution.output["state"], len(execution.output["numbers"])) == ("partial", 1)
    assert get(cloud, f"/orders/{name}")["state"] == "partial"


def test_all_three_invalid_fields_are_reported_and_nothing_is_created(cloud: Stack) -> None:
    name = unique("invalid")

    execution = set_up(cloud, name, areaCode="91", quantity=0, siteId="main")

    assert (execution.status, execution.error) == ("FAILED", "InvalidInput")
    assert all(field in str(execution.cause) for field in ("areaCode: ", "quantity: ", "siteId: "))
    assert execution.states == ["Check Input", "Set-up Failed"]
    assert account(cloud, "applications", name) == []


def test_an_unknown_site_is_reported_before_any_resource_is_created(cloud: Stack) -> None:
    name = unique("site")

    execution = set_up(cloud, name, siteId="99")

    assert (execution.status, execution.error) == ("FAILED", "InvalidInput")
    assert str(execution.cause).startswith("siteId: the account has no site 99")
    assert execution.states == ["Check Input", "Check Account", "Record Failure", "Set-up Failed"]
    assert account(cloud, "applications", name) == []


def test_a_rejection_is_recorded_with_bandwidths_code_and_message(cloud: Stack) -> None:
    name = unique("rejected")
    error = "<ErrorCode>12103</ErrorCode><Description>No HTTP.</Description>"
    body = f"<Response><ResponseStatus>{error}</ResponseStatus></Response>"
    rejection = {"method": "POST", "path": "/applications$", "match": name}
    control(cloud, "POST", "/faults", rejection | {"answer": {"status": 400, "body": body}})

    execution = set_up(cloud, name)

    assert (execution.status, execution.error) == ("FAILED", "BandwidthRejected")
    assert "12103 No HTTP." in str(execution.cause)
    assert execution.states[-2:] == ["Record Failure", "Set-up Failed"]
    order = get(cloud, f"/orders/{name}")
    assert (order["state"], f"{order['reason']} {order['nextSteps']}") == ("failed", execution.cause)


def test_a_429_is_retried_and_succeeds(cloud: Stack) -> None:
    name = unique("throttled")
    throttle = {"method": "POST", "path": "/applications$", "match": name, "answer": {"status": 429}}

    control(cloud, "POST", "/faults", throttle | {"times": 2})

    assert set_up(cloud, name).status == "SUCCEEDED"
    assert len(account(cloud, "applications", name)) == 1


def test_a_wrong_password_stops_at_once_with_a_clear_cause(cloud: Stack) -> None:
    name = unique("unauthorized")
    rejection = {"method": "POST", "path": "/applications$", "match": name, "answer": {"status": 401}}
    control(cloud, "POST", "/faults", rejection | {"times": 9})

    execution = set_up(cloud, name)

    assert (execution.status, execution.error) == ("FAILED", "BandwidthUnauthorized")
    assert "Check the credentials in the Bandwidth secret" in str(execution.cause)
    faults = control(cloud, "GET", "/faults")["faults"]
    (remaining,) = [fault["times"] for fault in faults if fault.get("match") == name]
    # The client of the current API retries once with a new token.
    assert remaining == {"classic": 8, "current": 7}[cloud.bandwidth_api]
    *_, step = get(cloud, f"/orders/{name}")["steps"]
    assert (step["name"], step["state"]) == ("Create application", "failed")


def test_an_order_whose_response_is_lost_is_placed_once(cloud: Stack) -> None:
    name = unique("lost")
    control(
        cloud,
        "POST",
        "/faults",
        {"method": "POST", "path": "/orders$", "match": name, "lose_answer": True},
    )

    execution = set_up(cloud, name)

    assert execution.status == "SUCCEEDED"
    (order,) = account(cloud, "orders", name)
    assert execution.output is not None
    assert execution.output["orderId"] == order["id"]
