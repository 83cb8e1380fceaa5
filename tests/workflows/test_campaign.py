"""The state machine messaging_v2 with a campaign, on the current API."""

import json
from pathlib import Path
from typing import Any

from local.stack import Stack
from tests.generations import only_current
from tests.machines import Execution, control, get, run, unique

pytestmark = only_current

SAMPLE = json.loads((Path(__file__).parents[2] / "events/executions/messaging_v2.json").read_text())


def set_up(cloud: Stack, name: str, **fields: Any) -> Execution:
    own = {"applicationName": name, "locationName": name, "customerOrderId": name}
    return run(cloud, "messaging_v2", SAMPLE | own | fields)


def test_ordered_numbers_are_assigned_to_their_campaign(cloud: Stack) -> None:
    control(cloud, "PUT", "/campaigns/CWORKFLOW", {"status": "REGISTERED"})
    name = unique("campaign")

    execution = set_up(cloud, name, campaignId="CWORKFLOW")

    assert (execution.status, execution.cause) == ("SUCCEEDED", None)
    assert execution.states[-1] == "Campaign Ready"
    assert execution.output is not None
    assert execution.output["campaign"] == {
        "campaignId": "CWORKFLOW",
        "state": "completed",
        "failed": 0,
        "failures": [],
    }
    for number in execution.output["numbers"]:
        assert get(cloud, f"/numbers/{number}")["registration"]["campaignId"] == "CWORKFLOW"


def test_an_unknown_campaign_stops_before_numbers_are_bought(cloud: Stack) -> None:
    name = unique("unknown")

    execution = set_up(cloud, name, campaignId="CUNKNOWN")

    assert (execution.status, execution.error) == ("FAILED", "BandwidthRejected")
    assert "'CUNKNOWN' was not found" in str(execution.cause)
    orders = control(cloud, "GET", "/account")["orders"]
    assert [order for order in orders if order["customer_order_id"] == name] == []
