"""The checks on the local cloud: real functions with their own rights, the account, the callback API."""

from typing import Any

from local.stack import Stack
from tests.bus import schema_errors
from tests.e2e.test_messages import eventually
from tests.generations import both_generations, only_current
from tests.machines import control, get, invoke, receive_events, run, subscribe, unique

CAMPAIGN, STRANGER = "CEXMPL9", "+19104444321"


@both_generations
def test_the_doctor_reports_no_problem_in_a_working_deployment(
    cloud: Stack, owner_number: str, generation: str
) -> None:
    number = get(cloud, f"/numbers/{owner_number}")
    report = invoke(cloud, "Doctor", {})
    found = {each["check"]: each for each in report["checks"]}
    # Other tests leave locations of their own behind, broken ones too.
    names = [
        "secret", "account credentials", "generation", "messaging credentials", "site", "numbers",
        f"location {number['locationId']}", f"application {number['applicationId']}",
        "callback challenge", "callback credentials",
    ]  # fmt: skip
    for name in names + (["roles", "registration"] if generation == "current" else []):
        assert found[name]["result"] == "ok", found[name]


@both_generations
def test_drift_events_report_a_number_that_joins_and_leaves_our_location(
    cloud: Stack, owner_number: str
) -> None:
    queue = subscribe(cloud, {"detail-type": [{"prefix": "Drift "}]})
    here = get(cloud, f"/numbers/{owner_number}")["locationId"]
    control(cloud, "POST", "/numbers", {"number": STRANGER, "location_id": here})
    findings = invoke(cloud, "CheckDrift", {})["findings"]
    found = next((each for each in findings if each.get("number") == STRANGER), None)
    assert found, findings
    assert (found["what"], found["locationId"]) == ("appeared", here)
    control(cloud, "DELETE", f"/numbers/{STRANGER}")
    assert STRANGER not in str(invoke(cloud, "CheckDrift", {}))

    told: dict[int, Any] = {}

    def announced() -> bool:
        told.update({event["detail"]["version"]: event for event in receive_events(cloud, queue)})
        return len(told) > 1

    # Before it the stream has what other tests have changed, thousands of numbers among it.
    eventually(announced, within=120)
    assert [STRANGER in str(told[version]) for version in sorted(told)] == [True, False]
    assert [schema_errors(event) for event in told.values()] == [[], []]


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
    refused = send(cloud, number)
    assert refused.status_code == 422
    assert f"campaign {CAMPAIGN} is SUSPENDED" in refused.json()["errors"][0]["detail"]
