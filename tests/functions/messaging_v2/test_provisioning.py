"""What numbers need at Bandwidth: found, mended, made once, and never taken from somebody else."""

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
from bandwidth_messaging.runtime import wiring
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
from tests.functions.conftest import CALLBACK_URL, House, call, sample
from tests.generations import both_generations

pytestmark = both_generations

APPLICATION = sample("messaging_v2/create_application")
LOCATION = sample("messaging_v2/create_location")
CHECKED = sample("setups/check_account")


@pytest.fixture
def account(house: House) -> Account:
    call(check_input, sample("setups/check_input"))
    return house.simulator.simulator.account


def application(account: Account, callback_url: str = CALLBACK_URL, **different: Any) -> Application:
    """Let the account have an application of the set-up's name."""
    made = account.create_application(APPLICATION["applicationName"], callback_url)
    for name, value in different.items():
        setattr(made, name, value)
    return made


def location(account: Account) -> tuple[Location, dict[str, str]]:
    """Let the account have the set-up's location; return it and the fields of a step that works on it."""
    made = account.create_location("1001", LOCATION["locationName"], is_default=True)
    return made, {"siteId": "1001", "locationId": made.id}


def run(module: ModuleType, name: str, **fields: Any) -> Any:
    return call(module, sample(f"messaging_v2/{name}") | fields)


class TestCheckAccount:
    def test_a_site_that_the_account_has_is_enough(self, account: Account) -> None:
        assert call(check_account, CHECKED) == {"detail": "site 1001 has 0 locations"}

    @pytest.mark.parametrize("field", ["locationId", "sipPeerId"])
    def test_names_a_location_of_another_site_as_the_input_calls_it(
        self, account: Account, field: str
    ) -> None:
        there, _ = location(account)
        call(check_account, CHECKED | {"locationId": there.id})
        with pytest.raises(InvalidInput, match=f"^{field}: site 1001 has no location 9; give one of that"):
            call(check_account, CHECKED | {"locationId": "9", "locationField": field})

    def test_names_a_site_that_the_account_does_not_have(self, account: Account) -> None:
        with pytest.raises(InvalidInput, match=r"^siteId: the account has no site 9; give another"):
            call(check_account, CHECKED | {"siteId": "9"})

    def test_another_refusal_is_none_of_the_inputs(self, house: House, account: Account) -> None:
        body = "<R><ResponseStatus><ErrorCode>12054</ErrorCode></ResponseStatus></R>"
        house.fault("/sippeers", answer={"status": 400, "body": body})
        with pytest.raises(BandwidthRejected, match="12054"):
            call(check_account, CHECKED)


class TestApplication:
    def test_of_another_service_stops_with_its_id_and_what_to_do(self, account: Account) -> None:
        voice = application(account, service_type="Voice-V2")
        with pytest.raises(BandwidthRejected) as error:
            call(create_application, APPLICATION)
        assert f"{voice.id}, of the service type Voice-V2; choose another applicationName" in str(error.value)
        assert account.applications() == [voice]

    def test_of_another_system_stops_without_its_address_which_may_hold_a_password(
        self, account: Account
    ) -> None:
        other = application(account, "https://user:secret@elsewhere.example/v2")
        with pytest.raises(BandwidthRejected) as error:
            call(create_application, APPLICATION)
        assert f"{other.id}, with another callback URL; choose another" in str(error.value)
        assert "elsewhere" not in str(error.value)

    def test_of_which_no_receipt_would_come_stops_with_what_it_has_not(self, account: Account) -> None:
        half = application(account)
        half.callback_url, half.inbound = "", Endpoint(CALLBACK_URL, None, None)
        with pytest.raises(BandwidthRejected) as error:
            call(create_application, APPLICATION)
        assert f"{half.id}, without OutboundCallbackUrl; choose another" in str(error.value)

    def test_of_several_the_same_one_is_taken_however_they_are_listed(self, account: Account) -> None:
        ours = sorted(application(account).id for _ in range(4))
        application(account, service_type="Voice-V2")
        assert call(create_application, APPLICATION) == {
            "applicationId": ours[0],
            "detail": "found; 4 more of this name left alone",
        }


V2 = partial(call, create_application, APPLICATION)
V1 = partial(call, create_catapult_application, sample("hosted_messaging/create_application"))
both = pytest.mark.parametrize("make", [V2, V1], ids=["Dashboard", "Catapult"])


def made(house: House) -> int:
    """Count the applications of both generations."""
    simulator = house.simulator.simulator
    return len(simulator.account.applications()) + len(simulator.catapult.applications())


def one_at_a_time(call: Callable[..., Any]) -> Callable[..., Any]:
    """DynamoDB decides on one write to an item after the other; moto lets threads come in between."""
    lock = threading.Lock()

    def locked(*given: Any, **named: Any) -> Any:
        with lock:
            return call(*given, **named)

    return locked


class TestTwoAtOnce:
    @both
    def test_make_one_application(
        self, house: House, account: Account, make: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Table, "update", one_at_a_time(Table.update))
        # Both see that there is none, before either makes one.
        house.fault("/applications", method="GET", delay=0.5, times=2)
        # In Lambda each has clients of its own; boto3 makes none in two threads at once.
        for part in (
            wiring.leases,
            wiring.orders,
            wiring.dashboard,
            wiring.catapult,
            wiring.callback_credentials,
        ):
            part()
        together = threading.Barrier(2)

        def set_up() -> Any:
            together.wait()
            with suppress(BandwidthOutcomeUnknown):
                return make()

        with ThreadPoolExecutor(2) as threads:
            results = [each.result() for each in [threads.submit(set_up) for _ in range(2)]]
        # Who came second was told to come again, and then finds it.
        assert {each["applicationId"] for each in results if each} == {make()["applicationId"]}
        assert made(house) == 1

    @both
    def test_wait_for_one_that_may_have_made_it_but_cannot_know(
        self, house: House, account: Account, make: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        house.fault("/applications", method="POST", answer={"status": 500})
        with pytest.raises(BandwidthOutcomeUnknown):
            make()
        with pytest.raises(BandwidthOutcomeUnknown, match="another run is just making the"):
            make()
        monkeypatch.setattr(find_or_create, "now", lambda: "2100-01-01T00:00:00.000Z")
        assert make()["detail"] == "created"
        assert made(house) == 1

    @both
    def test_do_not_wait_for_one_that_was_refused(
        self, house: House, account: Account, make: Callable[[], Any]
    ) -> None:
        house.fault("/applications", method="POST", answer={"status": 429})
        with pytest.raises(BandwidthUnavailable):
            make()
        assert make()["detail"] == "created"


class TestLocation:
    def test_may_be_given_by_its_id(self, account: Account) -> None:
        there, at = location(account)
        assert run(create_location, "create_location", **at) == {"locationId": there.id, "detail": "given"}
        assert account.locations() == [there]

    def test_that_is_gone_again_stops_and_none_is_made_instead(self, account: Account) -> None:
        with pytest.raises(BandwidthRejected, match="site 1001 has no location 9 any more"):
            run(create_location, "create_location", locationId="9")
        assert account.locations() == []

    def test_is_given_by_its_id_or_by_its_name(self, house: House) -> None:
        given = {"areaCode": "910", "locationId": 9, "locationName": "Nine"}
        with pytest.raises(InvalidInput, match=r"^locationId: give either this or locationName$"):
            call(check_input, sample("setups/check_input") | {"input": given})


class TestSms:
    def test_gets_what_it_lacks_and_keeps_what_it_has(self, account: Account) -> None:
        there, at = location(account)
        run(enable_sms, "enable_sms", **at, tollFree=False, shortCode=True)
        assert there.sms is not None
        there.sms.settings["Zone2"] = "true"
        result = run(enable_sms, "enable_sms", **at, tollFree=True, shortCode=False)
        assert result["detail"] == "was on; added TollFree"
        on = {name for name, value in there.sms.settings.items() if value == "true"}
        assert on == {"TollFree", "ShortCode", "Zone1", "Zone2"}

    def test_through_another_protocol_is_another_systems(self, account: Account) -> None:
        there, at = location(account)
        run(enable_sms, "enable_sms", **at)
        assert there.sms is not None
        there.sms.settings["Protocol"] = "SMPP"
        with pytest.raises(
            BandwidthRejected, match=f"SMS of location {there.id} goes through SMPP, not HTTP"
        ):
            run(enable_sms, "enable_sms", **at)
        assert there.sms.settings["Protocol"] == "SMPP"


def test_mms_through_another_protocol_is_another_systems(house: House, account: Account) -> None:
    there, at = location(account)
    run(enable_sms, "enable_sms", **at)
    body = "<MmsFeatureResponse><MmsFeature><MmsSettings><Protocol>MM4</Protocol></MmsSettings></MmsFeature></MmsFeatureResponse>"  # noqa: E501
    house.fault("features/mms", method="GET", answer={"status": 200, "body": body})
    with pytest.raises(BandwidthRejected, match=f"MMS of location {there.id} goes through MM4, not HTTP"):
        run(enable_mms, "enable_mms", **at)
    assert there.mms_proxy_peer_id is None


class TestAssignment:
    @pytest.fixture
    def taken(self, account: Account) -> tuple[Location, dict[str, str]]:
        """A location that serves another application, and the fields of the step that wants it for ours."""
        there, at = location(account)
        run(enable_sms, "enable_sms", **at)
        theirs, ours = account.create_application("Theirs", CALLBACK_URL), application(account)
        account.assign_application(there, theirs.id)
        return there, at | {"applicationId": ours.id}

    def test_of_another_application_stops_with_what_to_do(
        self, taken: tuple[Location, dict[str, str]]
    ) -> None:
        there, at = taken
        before = there.application_id
        with pytest.raises(BandwidthRejected, match=f"application {before}; .* replaceApplication: true"):
            run(assign_application, "assign_application", **at)
        assert there.application_id == before

    def test_is_taken_over_when_told(self, taken: tuple[Location, dict[str, str]]) -> None:
        there, at = taken
        before = there.application_id
        result = run(assign_application, "assign_application", **at, replaceApplication=True)
        assert (result["detail"], there.application_id) == (
            f"assigned in place of {before}",
            at["applicationId"],
        )


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


MAKING = {
    "application": "created",
    "location": "created",
    "SMS": "enabled",
    "MMS": "enabled",
    "assignment": "assigned",
}


def provision() -> dict[str, str]:
    """Run the five steps in the order of the machine; return how each came by what it needs."""
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
    return {what: result["detail"] for what, result in zip(MAKING, results, strict=True)}


@pytest.mark.parametrize(
    ("lose", "made_again"),
    [
        (nothing, set()),
        (lose_application, {"application", "assignment"}),
        (lose_location, {"location", "SMS", "MMS", "assignment"}),
        (lose_sms, {"SMS"}),
        (lose_mms, {"MMS"}),
        (lose_assignment, {"assignment"}),
    ],
)
def test_a_second_run_makes_what_is_missing_and_nothing_twice(
    house: House, account: Account, lose: Callable[[Account], None], made_again: set[str]
) -> None:
    assert provision() == MAKING
    lose(account)
    written = [house.requests(method, "") for method in ("POST", "PUT")]
    again = provision()
    assert {what for what, how in again.items() if how == MAKING[what]} == made_again
    assert sum(house.requests(method, "") for method in ("POST", "PUT")) - sum(written) == len(made_again)
    (there,) = account.locations()
    (ours,) = account.applications()
    assert (there.sms is None, there.mms_proxy_peer_id is None) == (False, False)
    assert there.application_id == ours.id
