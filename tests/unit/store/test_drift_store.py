"""The drift's item: it changes with the news, and with nothing else."""

from collections.abc import Sequence
from typing import Any

import pytest

from bandwidth_messaging.domain.drift import Finding, counted, in_order
from bandwidth_messaging.store.drift_store import Drift
from bandwidth_messaging.store.dynamodb import Table
from bandwidth_messaging.store.keys import drift_key

AT, LATER, LAST = "2026-02-03T04:05:06.000Z", "2026-02-04T04:05:06.000Z", "2026-02-05T04:05:06.000Z"
APPEARED: Finding = {"what": "appeared", "number": "+19195551212", "reason": "location 561 lists it"}
MUTE: Finding = {"what": "lostMessaging", "numbers": 7, "reason": "SMS is off at location 561"}


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


def test_no_drift_leaves_nothing_behind(drift: Drift, numbers_table: Table) -> None:
    assert not drift.record([], AT)
    assert numbers_table.get(drift_key()) is None


def test_what_is_found_is_kept_with_how_many_numbers_it_is_about(drift: Drift, numbers_table: Table) -> None:
    assert drift.record([APPEARED, MUTE], AT)
    found = item(numbers_table)
    assert found.pop("digest")
    assert found == drift_key() | {
        "driftState": "found",
        "foundAt": AT,
        "counts": {"appeared": 1, "lostMessaging": 7},
        "findings": [APPEARED, MUTE],
    }


def test_the_same_finding_is_no_news(drift: Drift, numbers_table: Table) -> None:
    drift.record([APPEARED], AT)
    assert not drift.record([APPEARED], LATER)
    assert versions(numbers_table) == 1


def test_another_finding_is_news_and_the_drift_is_as_old_as_it_was(
    drift: Drift, numbers_table: Table
) -> None:
    drift.record([APPEARED], AT)
    assert drift.record([MUTE], LATER)
    found = item(numbers_table)
    assert (found["driftState"], found["foundAt"], found["findings"]) == ("found", AT, [MUTE])


def test_the_end_of_it_is_news_once(drift: Drift, numbers_table: Table) -> None:
    drift.record([APPEARED], AT)
    assert drift.record([], LATER)
    assert item(numbers_table) == drift_key() | {"driftState": "ended", "foundAt": AT, "endedAt": LATER}
    assert not drift.record([], LAST)
    assert versions(numbers_table) == 2


def test_what_was_found_before_and_ended_is_news_again(drift: Drift, numbers_table: Table) -> None:
    for findings, at in (([APPEARED], AT), ([], LATER)):
        drift.record(findings, at)
    assert drift.record([APPEARED], LAST)
    found = item(numbers_table)
    assert (found["foundAt"], "endedAt" in found) == (LAST, False)


def test_all_of_many_findings_count_and_the_first_hundred_are_kept(
    drift: Drift, numbers_table: Table
) -> None:
    many: list[Finding] = [
        {"what": "vanished", "number": f"+1919555{number:04}", "reason": "gone"} for number in range(5000)
    ]
    assert drift.record(many, AT)
    found = item(numbers_table)
    assert (found["counts"], len(found["findings"])) == ({"vanished": 5000}, 100)
    assert drift.record(many[:-1], LATER), "the last one is not shown, but it is of the news"


def test_of_two_runs_at_once_the_second_does_not_tell_it_again(
    drift: Drift, numbers_table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = numbers_table.get(drift_key())
    drift.record([APPEARED], AT)
    monkeypatch.setattr(numbers_table, "get", lambda _: before)
    assert not drift.record([APPEARED], AT)
    assert versions(numbers_table) == 1


@pytest.mark.parametrize("findings", [[APPEARED, MUTE], [MUTE, APPEARED]])
def test_findings_have_one_order(findings: Sequence[Finding]) -> None:
    assert in_order(findings) == [APPEARED, MUTE]


def test_counts_name_only_what_there_is() -> None:
    assert counted([]) == {}
    assert counted([MUTE, MUTE]) == {"lostMessaging": 14}
