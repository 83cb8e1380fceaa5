"""Every state machine completes with both versions of the current account API, their paths and numbers.

The second version is the default; `DashboardUrl` chooses the first.
"""

from typing import Any

import pytest

from bandwidth_messaging.runtime import settings as settings_module
from simulator.account.registrations import Campaign
from tests.functions.conftest import CONFIG, Stack, sample
from tests.generations import only_current
from tests.in_process_machines import Ended, Machines, install_machines

pytestmark = only_current

CAMPAIGN = "CABC123"
HOSTED = ["+19195550100", "+19195550101"]
AUTHORITY = {
    name: sample("executions/hosted_messaging")[name] for name in ("subscriber", "loaAuthorizingPerson")
}
OF_THE_FIRST_VERSION = {
    "/importTnOrders/messaging": "/importTnOrders",
    "/removeImportedTnOrders/messaging": "/removeImportedTnOrders",
}


@pytest.fixture(params=["/api", "/api/v1", "/api/v2"])
def base(request: pytest.FixtureRequest, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> str:
    """The path of the account API that the stack uses, with order notifications and without letters."""
    path: str = request.param
    monkeypatch.setenv("DASHBOARD_URL", f"{stack.simulator.url}{path}")
    settings_module.settings.cache_clear()
    stack.simulator.simulator.imports.needs_letter = False
    stack.simulator.simulator.registrations.set_campaign(Campaign(CAMPAIGN, "REGISTERED"))
    return path


@pytest.fixture
def machines(base: str, monkeypatch: pytest.MonkeyPatch) -> Machines:
    return install_machines(monkeypatch)


def succeeded(ended: Ended) -> Any:
    assert (ended.status, ended.cause) == ("SUCCEEDED", None)
    return ended.output


def paths(stack: Stack, base: str) -> set[str]:
    """Return the paths below the account that were requested, without tokens and registrations.

    Fails if one has another base, or if a request was rejected that does not ask whether something exists.
    """
    account = f"{base}/accounts/{CONFIG.account_id}"
    asked = set()
    for each in stack.simulator.simulator.capture.requests("/api/"):
        if "/oauth2/" not in each["path"] and "/tendlc/" not in each["path"]:
            assert each["path"].startswith(account)
            assert each["status"] < 400 or (each["method"], each["status"]) == ("GET", 404)
            asked.add(each["path"].removeprefix(account))
    return asked


def test_new_numbers_are_ordered_put_on_a_campaign_and_released(
    stack: Stack, machines: Machines, base: str
) -> None:
    given = {"customerOrderId": "set-up", "areaCode": "910", "quantity": 2, "campaignId": CAMPAIGN}

    made = succeeded(machines.run("messaging_v2", given))
    released = succeeded(machines.run("release_numbers", {"customerOrderId": "set-up", "everything": True}))

    assert [number[:5] for number in made["numbers"]] == ["+1910"] * 2
    assert made["campaign"]["state"] == "completed"
    assert released["released"] == 2

    simulator = stack.simulator.simulator
    assert (simulator.account.list_numbers(), simulator.account.applications()) == ([], [])
    assert {"/orders", "/tnoptions", "/disconnects"} <= paths(stack, base)


def test_hosted_numbers_are_imported_and_removed(stack: Stack, machines: Machines, base: str) -> None:
    given = {"customerOrderId": "import", "telephoneNumbers": HOSTED, **AUTHORITY}

    succeeded(machines.run("hosted_messaging", given))
    imported = stack.simulator.simulator.account.list_numbers()
    succeeded(machines.run("hosted_messaging", {"telephoneNumbers": HOSTED, "action": "REMOVE"}))

    assert [number.e164 for number in imported] == HOSTED
    assert stack.simulator.simulator.account.list_numbers() == []
    expected = set(OF_THE_FIRST_VERSION) if base == "/api/v2" else set(OF_THE_FIRST_VERSION.values())

    assert expected | {"/importTnChecker", "/subscriptions"} <= paths(stack, base)
