"""Provisioning: resources are found or created once, and never taken from another system."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from types import ModuleType
from typing import Any

import pytest

from bandwidth_messaging.bandwidth.errors import (
    BandwidthOutcomeUnknown,
    BandwidthRejected,
    BandwidthUnavailable,
)
from bandwidth_messaging.domain.problems import InvalidInput
from bandwidth_messaging.runtime import bandwidth_clients, stores
from bandwidth_messaging.services import find_or_create
from bandwidth_messaging.store.dynamodb import Table
from functions.hosted_messaging import create_application as create_catapult_application
from functions.messaging_v2 import (
    assign_application,
    create_application,
    create_location,
    enable_mms,
    enable_sms,
)
from functions.setups import check_account, check_input
from simulator.account.account import Account, Location
from simulator.account.applications import Application
from simulator.callbacks import Endpoint
from tests.functions.conftest import CALLBACK_URL, Stack, call, sample
from tests.generations import both_generations

pytestmark = both_generations

APPLICATION = sample("messaging_v2/create_application")
LOCATION = sample("messaging_v2/create_location")
CHECKED = sample("setups/check_account")


@pytest.fixture
def account(stack: Stack) -> Account:
    call(check_input, sample("setups/check_input"))
    return stack.simulator.simulator.account


def application(account: Account, callback_url: str = CALLBACK_URL, **different: Any) -> Application:
    """Create an application of the set-up's name in the account."""
    made = account.create_application(APPLICATION["applicationName"], callback_url)
    for name, value in different.items():
        setattr(made, name, value)
    return made


def location(account: Account) -> tuple[Location, dict[str, str]]:
    """Create the set-up's location in the account; return it with the fields of a step for it."""
    made = account.create_location("1001", LOCATION["locationName"], is_default=True)
    return made, {"siteId": "1001", "locationId": made.id}


def run(module: ModuleType, name: str, **fields: Any) -> Any:
    return call(module, sample(f"messaging_v2/{name}") | fields)


class TestCheckAccount:
    def test_an_existing_site_is_accepted(self, account: Account) -> None:
        assert call(check_account, CHECKED) == {"detail": "site 1001 has 0 locations"}

    @pytest.mark.parametrize("field", ["locationId", "sipPeerId"])
    def test_a_location_of_another_site_is_reported_under_its_input_field(
        self, account: Account, field: str
    ) -> None:
        there, _ = location(account)
        call(check_account, CHECKED | {"locationId": there.id})
        with pytest.raises(InvalidInput, match=f"^{field}: site 1001 has no location 9; give one of that"):
            call(check_account, CHECKED | {"locationId": "9", "locationField": field})

    def test_an_unknown_site_is_reported(self, account: Account) -> None:
        with pytest.raises(InvalidInput, match=r"^siteId: the account has no site 9; give another"):
            call(check_account, CHECKED | {"siteId": "9"})

    def test_another_rejection_is_not_blamed_on_the_input(self, stack: Stack, account: Account) -> None:
        body = "<R><ResponseStatus><ErrorCode>12054</ErrorCode></ResponseStatus></R>"
        stack.add_fault("/sippeers", answer={"status": 400, "body": body})
        with pytest.raises(BandwidthRejected, match="12054"):
            call(check_account, CHECKED)


class TestApplication:
    def test_one_of_another_service_type_is_rejected_with_its_id_and_a_fix(self, account: Account) -> None:
        voice = application(account, service_type="Voice-V2")

        with pytest.raises(BandwidthRejected) as error:
            call(create_application, APPLICATION)

        assert f"{voice.id}, of the service type Voice-V2. Choose another applicationName" in str(error.value)
        assert account.applications() == [voice]

    def test_one_of_another_system_is_rejected_without_its_url(self, account: Account) -> None:
        other = application(account, "https://user:secret@elsewhere.example/v2")

        with pytest.raises(BandwidthRejected) as error:
            call(create_application, APPLICATION)

        assert f"{other.id}, with another callback URL. Choose another" in str(error.value)
        assert "elsewhere" not in str(error.value)

    def test_one_without_a_receipt_url_is_rejected_with_the_missing_element(self, account: Account) -> None:
        half = application(account)
        half.callback_url, half.inbound = "", Endpoint(CALLBACK_URL, None, None)

        with pytest.raises(BandwidthRejected) as error:
            call(create_application, APPLICATION)

        assert f"{half.id}, without OutboundCallbackUrl. Choose another" in str(error.value)

    def test_of_several_the_lowest_id_is_used(self, account: Account) -> None:
        ours = sorted(application(account).id for _ in range(4))
        application(account, service_type="Voice-V2")
        assert call(create_application, APPLICATION) == {
            "applicationId": ours[0],
            "outcome": "found",
            "detail": "found; 4 others with the same name were ignored",
        }


V2 = partial(call, create_application, APPLICATION)
V1 = partial(call, create_catapult_application, sample("hosted_messaging/create_application"))
both = pytest.mark.parametrize("make", [V2, V1], ids=["Dashboard", "Catapult"])


def made(stack: Stack) -> int:
    """Count the applications of both generations."""
    simulator = stack.simulator.simulator
    return len(simulator.account.applications()) + len(simulator.catapult.applications())


def one_at_a_time(call: Callable[..., Any]) -> Callable[..., Any]:
    """Serialize the calls: DynamoDB serializes the writes to an item, and moto does not."""
    lock = threading.Lock()

    def locked(*given: Any, **named: Any) -> Any:
        with lock:
            return call(*given, **named)

    return locked


class TestTwoAtOnce:
    @both
    def test_two_runs_at_once_create_one_application(
        self, stack: Stack, account: Account, make: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Table, "update", one_at_a_time(Table.update))
        # Both runs list no application before either creates one.
        stack.add_fault("/applications", method="GET", delay=0.5, times=2)
        # boto3 cannot create clients in two threads at once; in Lambda each run has its own.
        for part in (
            stores.leases,
            stores.orders,
            bandwidth_clients.dashboard,
            bandwidth_clients.catapult,
            bandwidth_clients.callback_credentials,
        ):
            part()
        together = threading.Barrier(2)

        def set_up() -> Any:
            together.wait()
            with suppress(BandwidthOutcomeUnknown):
                return make()

        with ThreadPoolExecutor(2) as threads:
            results = [each.result() for each in [threads.submit(set_up) for _ in range(2)]]

        # The second run raises an error that is retried, and then finds the application.
        assert {each["applicationId"] for each in results if each} == {make()["applicationId"]}
        assert made(stack) == 1

    @both
    def test_others_wait_for_a_run_with_an_unknown_outcome(
        self, stack: Stack, account: Account, make: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stack.add_fault("/applications", method="POST", answer={"status": 500})
        with pytest.raises(BandwidthOutcomeUnknown):
            make()
        with pytest.raises(BandwidthOutcomeUnknown, match="another run is creating the"):
            make()
        monkeypatch.setattr(find_or_create, "now", lambda: "2100-01-01T00:00:00.000Z")

        assert make()["outcome"] == "created"
        assert made(stack) == 1

    @both
    def test_others_do_not_wait_for_a_run_that_was_rejected(
        self, stack: Stack, account: Account, make: Callable[[], Any]
    ) -> None:
        stack.add_fault("/applications", method="POST", answer={"status": 429})
        with pytest.raises(BandwidthUnavailable):
            make()
        assert make()["outcome"] == "created"


class TestLocation:
    def test_a_location_is_used_by_its_id(self, account: Account) -> None:
        there, at = location(account)
        assert run(create_location, "create_location", **at) == {
            "locationId": there.id,
            "outcome": "given",
            "detail": "given",
        }
        assert account.locations() == [there]

    def test_an_unknown_location_id_is_rejected_and_none_is_created(self, account: Account) -> None:
        with pytest.raises(BandwidthRejected, match="site 1001 has no location 9"):
            run(create_location, "create_location", locationId="9")
        assert account.locations() == []

    def test_id_and_name_exclude_each_other(self, stack: Stack) -> None:
        given = {"areaCode": "910", "locationId": 9, "locationName": "Nine"}
        with pytest.raises(InvalidInput, match=r"^locationId: give either this or locationName, not both$"):
            call(check_input, sample("setups/check_input") | {"input": given})


class TestSms:
    def test_missing_settings_are_added_and_none_is_removed(self, account: Account) -> None:
        there, at = location(account)
        run(enable_sms, "enable_sms", **at, tollFree=False, shortCode=True)
        assert there.sms is not None
        there.sms.settings["Zone2"] = "true"
        result = run(enable_sms, "enable_sms", **at, tollFree=True, shortCode=False)
        assert (result["outcome"], result["detail"]) == ("updated", "updated; added TollFree")

        on = {name for name, value in there.sms.settings.items() if value == "true"}
        assert on == {"TollFree", "ShortCode", "Zone1", "Zone2"}

    def test_sms_over_another_protocol_is_rejected(self, account: Account) -> None:
        there, at = location(account)
        run(enable_sms, "enable_sms", **at)
        assert there.sms is not None
        there.sms.settings["Protocol"] = "SMPP"

        with pytest.raises(BandwidthRejected, match=f"SMS of location {there.id} uses SMPP, not HTTP"):
            run(enable_sms, "enable_sms", **at)

        assert there.sms.settings["Protocol"] == "SMPP"


def test_mms_over_another_protocol_is_rejected(stack: Stack, account: Account) -> None:
    there, at = location(account)
    run(enable_sms, "enable_sms", **at)
    body = "<MmsFeatureResponse><MmsFeature><MmsSettings><Protocol>MM4</Protocol></MmsSettings></MmsFeature></MmsFeatureResponse>"  # noqa: E501
    stack.add_fault("features/mms", method="GET", answer={"status": 200, "body": body})

    with pytest.raises(BandwidthRejected, match=f"MMS of location {there.id} uses MM4, not HTTP"):
        run(enable_mms, "enable_mms", **at)

    assert there.mms_proxy_peer_id is None


class TestAssignment:
    @pytest.fixture
    def taken(self, account: Account) -> tuple[Location, dict[str, str]]:
        """A location with another application, and the fields of the step that assigns the stack's own."""
        there, at = location(account)
        run(enable_sms, "enable_sms", **at)
        theirs, ours = account.create_application("Theirs", CALLBACK_URL), application(account)
        account.assign_application(there, theirs.id)
        return there, at | {"applicationId": ours.id}

    def test_an_assignment_of_another_application_is_rejected_with_a_fix(
        self, taken: tuple[Location, dict[str, str]]
    ) -> None:
        there, at = taken
        before = there.application_id

        with pytest.raises(BandwidthRejected, match=rf"application {before}\. .* replaceApplication: true"):
            run(assign_application, "assign_application", **at)

        assert there.application_id == before

    def test_replace_application_replaces_the_assignment(
        self, taken: tuple[Location, dict[str, str]]
    ) -> None:
        there, at = taken
        before = there.application_id

        result = run(assign_application, "assign_application", **at, replaceApplication=True)

        assert result == {
            "outcome": "updated",
            "replacedApplicationId": before,
            "detail": f"updated; replaced application {before}",
        }
        assert there.application_id == at["applicationId"]


def lose_application(account: Account) -> None:
    account._applications.clear()
    account.locations()[0].application_id = None


def lose_location(account: Account) -> None:
    account._locations.clear()


def lose_sms(account: Account) -> None:
    account.locations()[0].sms = None


def lose_mms(account: Account) -> None:
    account.locations()[0].mms_proxy_peer_id = None


def lose_assignment(account: Account) -> None:
    account.locations()[0].application_id = None


def nothing(account: Account) -> None:
    pass


CREATED = {
    "application": "created",
    "location": "created",
    "SMS": "created",
    "MMS": "created",
    "assignment": "created",
}


def provision() -> dict[str, str]:
    """Run the five steps in the order of the machine; return the outcome of each."""
    made = call(create_application, APPLICATION)
    at = run(create_location, "create_location")
    where = {"siteId": "1001", "locationId": at["locationId"]}
    results = (
        made,
        at,
        run(enable_sms, "enable_sms", **where),
        run(enable_mms, "enable_mms", **where),
        run(assign_application, "assign_application", **where, applicationId=made["applicationId"]),
    )
    return {what: result["outcome"] for what, result in zip(CREATED, results, strict=True)}


@pytest.mark.parametrize(
    ("lose", "created_again"),
    [
        (nothing, set()),
        (lose_application, {"application", "assignment"}),
        (lose_location, {"location", "SMS", "MMS", "assignment"}),
        (lose_sms, {"SMS"}),
        (lose_mms, {"MMS"}),
        (lose_assignment, {"assignment"}),
    ],
)
def test_a_second_run_creates_only_what_is_missing(
    stack: Stack, account: Account, lose: Callable[[Account], None], created_again: set[str]
) -> None:
    assert provision() == CREATED
    lose(account)
    written = [stack.requests(method, "") for method in ("POST", "PUT")]
    again = provision()
    assert {what for what, how in again.items() if how == CREATED[what]} == created_again
    assert sum(stack.requests(method, "") for method in ("POST", "PUT")) - sum(written) == len(created_again)
    (there,) = account.locations()

    (ours,) = account.applications()

    assert (there.sms is None, there.mms_proxy_peer_id is None) == (False, False)
    assert there.application_id == ours.id
