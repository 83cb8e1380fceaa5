"""The drift item changes only when the findings change."""

from collections.abc import Sequence
from typing import Any

import pytest

from bandwidth_messaging.domain.drift import DriftCause, DriftKind, Finding, count_findings, sort_findings
from bandwidth_messaging.store.drift_store import Drift
from bandwidth_messaging.store.dynamodb import Table
from bandwidth_messaging.store.keys import drift_key

AT, LATER, LAST = "2026-02-03T04:05:06.000Z", "2026-02-04T04:05:06.000Z", "2026-02-05T04:05:06.000Z"
APPEARED = Finding(DriftKind.APPEARED, DriftCause.LISTED_AT_LOCATION, "+19195551212", location_id="561")
LOST = Finding(DriftKind.LOST_MESSAGING, DriftCause.SMS_OFF_AT_LOCATION, numbers=7, location_id="561")
APPEARED_VIEW = {
    "what": "appeared",
    "number": "+19195551212",
    "locationId": "561",
    "reason": "location 561 lists the number",
}
LOST_VIEW = {
    "what": "lostMessaging",
    "numbers": 7,
    "locationId": "561",
    "reason": "SMS is off at location 561",
}


@pytest.fixture
def drift(numbers_table: Table) -> Drift:
    return Drift(numbers_table)


def item(table: Table) -> dict[str, Any]:
    found = table.get(drift_key())
    assert found is not None
    return found


def versions(table: Table) -> int:
    key = {name: {"S": value} for name, value in drift_key().items()}
    written: dict[str, Any] = table._client.get_item(TableName=table.name, Key=key).get("Item", {})
    return int(written.get("version", {"N": "0"})["N"])


def test_no_drift_stores_nothing(drift: Drift, numbers_table: Table) -> None:
    assert not drift.record([], AT)
    assert numbers_table.get(drift_key()) is None


def test_findings_are_stored_with_counts_of_numbers(drift: Drift, numbers_table: Table) -> None:
    assert drift.record([APPEARED, LOST], AT)

    found = item(numbers_table)
    assert found.pop("digest")
    assert found == drift_key() | {
        "driftState": "found",
        "foundAt": AT,
        "counts": {"appeared": 1, "lostMessaging": 7},
        "findings": [APPEARED_VIEW, LOST_VIEW],
    }


def test_equal_findings_are_not_stored_again(drift: Drift, numbers_table: Table) -> None:
    drift.record([APPEARED], AT)
    assert not drift.record([APPEARED], LATER)
    assert versions(numbers_table) == 1


def test_different_findings_are_stored_and_keep_the_time_of_the_first(
    drift: Drift, numbers_table: Table
) -> None:
    drift.record([APPEARED], AT)
    assert drift.record([LOST], LATER)

    found = item(numbers_table)
    assert (found["driftState"], found["foundAt"], found["findings"]) == ("found", AT, [LOST_VIEW])


def test_the_end_of_drift_is_stored_once(drift: Drift, numbers_table: Table) -> None:
    drift.record([APPEARED], AT)

    assert drift.record([], LATER)
    assert item(numbers_table) == drift_key() | {"driftState": "ended", "foundAt": AT, "endedAt": LATER}
    assert not drift.record([], LAST)
    assert versions(numbers_table) == 2


def test_findings_that_return_after_the_end_are_stored_again(drift: Drift, numbers_table: Table) -> None:
    for findings, at in (([APPEARED], AT), ([], LATER)):
        drift.record(findings, at)
    assert drift.record([APPEARED], LAST)

    found = item(numbers_table)
    assert (found["foundAt"], "endedAt" in found) == (LAST, False)


def test_counts_cover_all_findings_and_the_first_hundred_are_stored(
    drift: Drift, numbers_table: Table
) -> None:
    many = [
        Finding(DriftKind.VANISHED, DriftCause.NOT_LISTED_IN_CATAPULT, f"+1919555{number:04}")
        for number in range(5000)
    ]
    assert drift.record(many, AT)

    found = item(numbers_table)
    assert (found["counts"], len(found["findings"])) == ({"vanished": 5000}, 100)
    assert drift.record(many[:-1], LATER), "the last finding is not shown, but it is new"


def test_of_two_concurrent_runs_only_one_stores_the_findings(
    drift: Drift, numbers_table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = numbers_table.get(drift_key())
    drift.record([APPEARED], AT)
    monkeypatch.setattr(numbers_table, "get", lambda _: before)

    assert not drift.record([APPEARED], AT)
    assert versions(numbers_table) == 1


@pytest.mark.parametrize("findings", [[APPEARED, LOST], [LOST, APPEARED]])
def test_sorted_findings_do_not_depend_on_input_order(findings: Sequence[Finding]) -> None:
    assert sort_findings(findings) == [APPEARED, LOST]


def test_counts_contain_only_kinds_that_occur() -> None:
    assert count_findings([]) == {}
    assert count_findings([LOST, LOST]) == {"lostMessaging": 14}


def test_the_wording_of_a_reason_does_not_make_findings_differ(
    drift: Drift, monkeypatch: pytest.MonkeyPatch
) -> None:
    drift.record([APPEARED], AT)
    monkeypatch.setattr("bandwidth_messaging.domain.drift._explain", lambda _: "other words")

    assert not drift.record([APPEARED], LATER)
