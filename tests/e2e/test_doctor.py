"""The doctor and the scheduled checks on the local cloud, with the permissions of each function."""

from typing import Any

from local.stack import Stack
from tests.bus import schema_errors
from tests.generations import both_generations, only_current
from tests.machines import control, get, invoke, receive_events, run, subscribe, unique, wait_until

CAMPAIGN, STRANGER = "CEXMPL9", "+19104444321"


@both_generations
def test_the_doctor_reports_no_problem_in_a_working_deployment(
    cloud: Stack, owner_number: str, generation: str
) -> None:
    number = get(cloud, f"/numbers/{owner_number}")

    report = invoke(cloud, "Doctor", {})

    checks = {check["check"]: check for check in report["checks"]}
    # Other tests leave locations in the account, some with problems, so only these are checked.
    names = [
        "secret", "account credentials", "generation", "messaging credentials", "site", "numbers",
        f"location {number['locationId']}", f"application {number['applicationId']}",
        "callback challenge", "callback credentials",
    ]  # fmt: skip
    for name in names + (["roles", "registration"] if generation == "current" else []):
        assert checks[name]["result"] == "ok", checks[name]


@both_generations
def test_drift_events_report_a_number_that_joins_and_leaves_an_owned_location(
    cloud: Stack, owner_number: str
) -> None:
    queue = subscribe(cloud, {"detail-type": [{"prefix": "Drift "}]})
    location_id = get(cloud, f"/numbers/{owner_number}")["locationId"]
    control(cloud, "POST", "/numbers", {"number": STRANGER, "location_id": location_id})

    findings = invoke(cloud, "CheckDrift", {})["findings"]

    finding = next((each for each in findings if each.get("number") == STRANGER), None)
    assert finding, findings
    assert (finding["what"], finding["locationId"]) == ("appeared", location_id)

    control(cloud, "DELETE", f"/numbers/{STRANGER}")

    assert STRANGER not in str(invoke(cloud, "CheckDrift", {}))

    events: dict[int, Any] = {}

    def has_both_events() -> bool:
        events.update({event["detail"]["version"]: event for event in receive_events(cloud, queue)})
        return len(events) > 1

    # The stream first delivers the changes of other tests, including thousands of numbers.
    wait_until(has_both_events)

    assert [STRANGER in str(events[version]) for version in sorted(events)] == [True, False]
    assert [schema_errors(event) for event in events.values()] == [[], []]


def send(stack: Stack, sender: str) -> Any:
    body = {"from": sender, "to": "+19195551234", "text": "Good morning!"}
    return stack.call("POST", "/messages", body)


@only_current
def test_a_number_can_send_while_its_campaign_is_registered(cloud: Stack) -> None:
    control(cloud, "PUT", f"/campaigns/{CAMPAIGN}", {"status": "REGISTERED"})
    name = unique("registered")
    own = {"applicationName": name, "locationName": name, "customerOrderId": name, "campaignId": CAMPAIGN}
    execution = run(cloud, "messaging_v2", {"areaCode": "984"} | own)
    assert execution.output is not None, execution.cause
    (number,) = execution.output["numbers"]
    assert get(cloud, f"/numbers/{number}")["registration"]["state"] == "pending"

    assert invoke(cloud, "CheckRegistration", {"numbers": [number]})["registered"] == 1
    assert get(cloud, f"/numbers/{number}")["registration"]["campaignId"] == CAMPAIGN
    assert send(cloud, number).status_code == 202

    control(cloud, "PUT", f"/campaigns/{CAMPAIGN}", {"status": "SUSPENDED"})
    assert invoke(cloud, "CheckRegistration", {"numbers": [number]})["unregistered"] == 1
    response = send(cloud, number)
    assert response.status_code == 422
    assert f"campaign {CAMPAIGN} is SUSPENDED" in response.json()["errors"][0]["detail"]
