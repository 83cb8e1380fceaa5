"""The outcomes of the state machine hosted_messaging on the current API."""

import json
import uuid
from pathlib import Path
from typing import Any

from local.deployment import LETTERS_BUCKET
from local.stack import Stack
from simulator.account.importability import WORDS
from tests.generations import only_current
from tests.machines import Execution, control, get, run, unique, wait_until
from tests.workflows.test_hosted_messaging import numbers_of, some_numbers

pytestmark = only_current

SAMPLE = json.loads((Path(__file__).parents[2] / "events/executions/hosted_messaging.json").read_text())
AUTHORITY = {name: SAMPLE[name] for name in ("subscriber", "loaAuthorizingPerson")}
IMPORT_PATH = [
    "Check Input",
    "Check Account",
    "Import Or Remove",
    "Prepare Location",
    "Check Numbers",
    "Numbers Checked",
    "Create Import Request",
    "Wait For Status",
    "Get Status",
    "Order Ended",
]


def set_up(cloud: Stack, name: str, numbers: list[str], **fields: Any) -> Execution:
    """Run with `name` as the name of the application and the location, and as customerOrderId."""
    own = {"applicationName": name, "locationName": name, "customerOrderId": name}
    return run(cloud, "hosted_messaging", {"telephoneNumbers": numbers} | AUTHORITY | own | fields)


def remove(cloud: Stack, name: str, numbers: list[str]) -> Execution:
    machine_input = {"telephoneNumbers": numbers, "action": "REMOVE", "customerOrderId": name}
    return run(cloud, "hosted_messaging", machine_input)


def account(cloud: Stack, kind: str, name: str) -> list[Any]:
    name_field = "customer_order_id" if kind in {"imports", "removals"} else "name"
    return [each for each in control(cloud, "GET", "/account")[kind] if each[name_field] == name]


def test_the_sample_input_imports_numbers_that_then_text_through_v2(cloud: Stack) -> None:
    execution = run(cloud, "hosted_messaging", SAMPLE)

    assert (execution.status, execution.cause) == ("SUCCEEDED", None)
    assert execution.states[: len(IMPORT_PATH)] == IMPORT_PATH
    assert execution.states[-4:] == ["Activate Numbers", "Record Outcome", "Set-up Ended", "Set-up Done"]
    assert execution.output is not None
    result = {field: execution.output[field] for field in ("state", "completed", "failed", "failures")}
    assert result == {"state": "completed", "completed": 4, "failed": 0, "failures": []}
    number = get(cloud, "/numbers/+19199918388")
    assert (number["state"], number["api"]) == ("active", "v2")
    assert number["applicationId"] == execution.output["applicationId"]


def test_a_dry_run_reports_each_number_and_creates_nothing(cloud: Stack) -> None:
    name, numbers = unique("dry run"), some_numbers(3)
    control(cloud, "PUT", f"/importable/{numbers[0]}", {"code": 19001})
    # A check without a location uses the site's default location, which this set-up creates.
    set_up(cloud, unique("default"), some_numbers(1))

    execution = set_up(cloud, name, numbers, dryRun=True)

    assert (execution.status, execution.cause) == ("SUCCEEDED", None)
    assert execution.states[2:] == ["Import Or Remove", "Check Numbers", "Numbers Checked", "Dry Run Done"]
    rejected = {"code": "19001", "reason": WORDS[19001], "numbers": numbers[:1]}
    assert execution.output == {
        "customerOrderId": name,
        "dryRun": True,
        "importable": numbers[1:],
        "refused": [rejected],
    }
    assert [account(cloud, kind, name) for kind in ("applications", "locations", "imports")] == [[], [], []]
    assert cloud.call("GET", f"/numbers/{numbers[1]}").status_code == 404


def test_numbers_that_cannot_be_imported_are_reported_and_the_others_are_imported(cloud: Stack) -> None:
    name, numbers = unique("partly"), some_numbers(3)
    control(cloud, "PUT", f"/importable/{numbers[0]}", {"code": 19006})

    execution = set_up(cloud, name, numbers)

    assert execution.status == "SUCCEEDED"
    assert execution.output is not None
    assert (execution.output["state"], execution.output["completed"], execution.output["failed"]) == (
        "partial",
        2,
        1,
    )
    (failure,) = execution.output["failures"]
    assert (failure["number"], failure["code"]) == (numbers[0], "19006")
    assert numbers_of(cloud, name, "active") == set(numbers[1:])
    order = get(cloud, f"/orders/{name}")
    assert (order["state"], order["completed"], order["failed"]) == ("partial", 2, 1)
    assert order["failures"] == [failure]


def test_no_order_is_placed_if_no_number_can_be_imported(cloud: Stack) -> None:
    name, numbers = unique("none"), some_numbers(2)
    for number in numbers:
        control(cloud, "PUT", f"/importable/{number}", {"code": 19010})

    execution = set_up(cloud, name, numbers)

    assert (execution.status, execution.error) == ("FAILED", "OrderFailed")
    assert str(execution.cause).startswith("none of the numbers can be imported")
    assert account(cloud, "imports", name) == []
    assert get(cloud, f"/orders/{name}")["state"] == "failed"


def test_the_letter_is_uploaded_with_the_order(cloud: Stack) -> None:
    name, key = unique("letter"), f"{uuid.uuid4().hex}.pdf"
    cloud.client("s3").put_object(Bucket=LETTERS_BUCKET, Key=key, Body=b"%PDF-1.7 signed")
    letter = {"bucket": LETTERS_BUCKET, "key": key}

    execution = set_up(cloud, name, some_numbers(1), letterOfAuthorization=letter)

    assert (execution.status, execution.cause) == ("SUCCEEDED", None)
    assert execution.states.count("Send Letter") == 1
    (order,) = account(cloud, "imports", name)
    assert order["letters"] == 1


def test_an_order_whose_response_is_lost_is_placed_once(cloud: Stack) -> None:
    name, numbers = unique("lost"), some_numbers(2)
    lost = {"method": "POST", "path": "/importTnOrders/messaging$", "match": name, "lose_answer": True}
    control(cloud, "POST", "/faults", lost)

    execution = set_up(cloud, name, numbers)

    assert execution.status == "SUCCEEDED"
    (order,) = account(cloud, "imports", name)
    assert execution.output is not None
    assert execution.output["orderId"] == order["id"]


def test_failed_ends_with_bandwidths_reason(cloud: Stack) -> None:
    name = unique("failed")
    errors = [{"code": 19010, "description": "Cannot be provisioned"}]
    control(cloud, "PUT", f"/orders/{name}", {"fate": "FAILED", "errors": errors})

    execution = set_up(cloud, name, some_numbers(2))

    assert (execution.status, execution.error) == ("FAILED", "OrderFailed")
    assert "19010 Cannot be provisioned" in str(execution.cause)


def test_removal_reports_imported_and_absent_numbers_as_released(cloud: Stack) -> None:
    name, numbers = unique("import"), some_numbers(3)

    assert set_up(cloud, name, numbers[:2]).status == "SUCCEEDED"

    execution = remove(cloud, unique("removal"), numbers)

    assert execution.status == "SUCCEEDED"
    assert execution.output is not None
    assert (execution.output["state"], execution.output["completed"]) == ("completed", 3)
    assert {get(cloud, f"/numbers/{number}")["state"] for number in numbers} == {"released"}


def test_a_number_that_bandwidth_removes_is_released(cloud: Stack) -> None:
    name, (kept, lost) = unique("lost"), some_numbers(2)

    assert set_up(cloud, name, [kept, lost]).status == "SUCCEEDED"

    control(cloud, "DELETE", f"/numbers/{lost}")
    wait_until(
        lambda: get(cloud, f"/numbers/{lost}")["state"] == "released",
        lambda: str(get(cloud, f"/numbers/{lost}")),
    )

    assert get(cloud, f"/numbers/{lost}")["errorCode"] == "MESSAGING_LOST"
    assert get(cloud, f"/numbers/{kept}")["state"] == "active"


def test_an_import_without_its_authority_is_rejected_before_any_resource_is_created(cloud: Stack) -> None:
    name = unique("nobody")
    machine_input = {"applicationName": name, "customerOrderId": name, "telephoneNumbers": some_numbers(1)}

    execution = run(cloud, "hosted_messaging", machine_input)

    assert (execution.status, execution.error) == ("FAILED", "InvalidInput")
    assert "subscriber: is required for an import" in str(execution.cause)
    assert account(cloud, "applications", name) == []
