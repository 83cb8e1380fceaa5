"""Opt-outs as a resource of the ControlApi: lists, and the statements of operators."""

import logging
from http import HTTPStatus
from typing import Any
from unittest.mock import Mock

import pytest

from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.opt_outs import OptOutSource
from bandwidth_messaging.runtime import settings as settings_module
from bandwidth_messaging.runtime import stores, wiring
from bandwidth_messaging.services import manual_opt_outs
from functions.control import browse, change_opt_outs
from tests.functions.conftest import Stack, call_api

OURS, OTHER_OURS, THEIRS, OTHERS = "+19195551212", "+19195551215", "+19195551213", "+19195551214"
HOME = Home(api="v2", customer_order_id="order-1", site_id="743")
EARLIER, AT, LATER = "2026-02-03T04:05:05.000Z", "2026-02-03T04:05:06.500Z", "2026-02-03T04:05:07.000Z"
PATH = f"/numbers/{OURS}/opt-outs/{THEIRS}"
NOTE = "Phone call, ticket 4711"


@pytest.fixture(autouse=True)
def _numbers(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store two numbers, and stop the clock at AT."""
    for number in (OURS, OTHER_OURS):
        stores.numbers().activate(number, HOME, EARLIER)
    monkeypatch.setattr(manual_opt_outs, "now", lambda: AT)


@pytest.fixture
def stack_scope(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set OptOutScope=stack."""
    set_scope("stack", monkeypatch)


def set_scope(scope: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPT_OUT_SCOPE", scope)
    for cached in (settings_module.settings, stores.opt_outs):
        cached.cache_clear()


def put(body: Any = None, path: str = PATH) -> Any:
    status, record = call_api(change_opt_outs, "PUT", path, body=body)
    assert status == HTTPStatus.OK, record
    return record


def delete(path: str = PATH) -> Any:
    status, record = call_api(change_opt_outs, "DELETE", path)
    assert status == HTTPStatus.OK, record
    return record


def text(word: str, at: str, *, ours: str = OURS, theirs: str = THEIRS) -> None:
    stores.opt_outs().record(ours, theirs, opted_out=word == "stop", keyword=word, at=at)


def listed(path: str = "/opt-outs", **query: str) -> list[tuple[str, str]]:
    status, page = call_api(browse, "GET", path, query=query or None)
    assert status == HTTPStatus.OK, page
    return sorted((item["owner"], item["number"]) for item in page["items"])


def may_send(ours: str = OURS, theirs: str = THEIRS) -> bool:
    return wiring.send_checks().check(ours, [theirs])[1] is None


# Recording


def test_put_records_an_opt_out_that_stops_sending(stack: Stack) -> None:
    assert may_send()

    record = put({"note": NOTE, "keyword": "stop  calling"})

    assert record == {
        "state": "out",
        "owner": OURS,
        "number": THEIRS,
        "since": AT,
        "keyword": "stop calling",
        "source": "manual",
        "note": NOTE,
    }
    assert not may_send()
    assert call_api(browse, "GET", f"/numbers/{OURS}/opt-outs")[1]["items"] == [
        {name: value for name, value in record.items() if name != "state"}
    ]


@pytest.mark.parametrize("body", [None, {}, {"note": None}])
def test_the_body_is_optional(body: Any) -> None:
    record = put(body)

    assert (record["keyword"], "note" in record) == ("manual", False)


def test_delete_ends_the_opt_out_and_a_later_stop_counts_again() -> None:
    text("stop", EARLIER)

    record = delete()

    assert (record["state"], record["since"], record["source"]) == ("in", AT, "manual")
    assert may_send()
    text("stop", LATER)
    assert not may_send()


def test_put_and_delete_within_one_second_both_count() -> None:
    put()
    assert delete()["state"] == "in"
    assert may_send()

    assert put()["state"] == "out"
    assert not may_send()


@pytest.mark.parametrize("request_", [put, delete])
def test_a_repeated_request_changes_nothing(
    request_: Any, monkeypatch: pytest.MonkeyPatch, stack: Stack
) -> None:
    first = request_()
    monkeypatch.setattr(manual_opt_outs, "now", lambda: LATER)

    assert request_() == first


def test_a_new_note_is_a_new_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    put()
    monkeypatch.setattr(manual_opt_outs, "now", lambda: LATER)

    record = put({"note": NOTE})

    assert (record["since"], record["note"]) == (LATER, NOTE)


def test_a_manual_opt_out_wins_over_an_older_text_that_arrives_late() -> None:
    put()

    text("start", EARLIER)

    assert not may_send()


def test_a_manual_opt_out_loses_against_a_later_start() -> None:
    put({"note": NOTE})

    text("start", LATER)

    assert may_send()
    latest, _ = stores.opt_outs().get_latest(OURS, THEIRS)
    assert latest is not None
    assert "note" not in latest


def test_a_statement_that_texts_keep_changing_is_a_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    opt_outs = stores.opt_outs()
    stale = opt_outs.record(OURS, THEIRS, opted_out=False, keyword="start", at=EARLIER)
    monkeypatch.setattr(opt_outs, "record", lambda *_, **__: stale._replace(done=False))

    status, problem = call_api(change_opt_outs, "PUT", PATH)

    assert (status, problem["detail"]) == (HTTPStatus.CONFLICT, manual_opt_outs.BUSY)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_number_of_another_stack_is_a_404(method: str) -> None:
    status, problem = call_api(change_opt_outs, method, f"/numbers/{OTHERS}/opt-outs/{THEIRS}")

    assert status == HTTPStatus.NOT_FOUND
    assert problem["detail"].startswith(f"{OTHERS} is not a number of this stack.")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/numbers/12/opt-outs/+19195551213", None, "number"),
        (f"/numbers/{OURS}/opt-outs/12", None, "recipient"),
        (PATH, {"note": "x" * 1001}, "note"),
        (PATH, {"note": "a\x00b"}, "note"),
        (PATH, {"keyword": " "}, "keyword"),
        (PATH, {"reason": "x"}, "reason"),
    ],
)
def test_an_invalid_field_is_a_422_with_its_name(path: str, body: Any, field: str) -> None:
    status, problem = call_api(change_opt_outs, "PUT", path, body=body)

    assert (status, [error["field"] for error in problem["errors"]]) == (422, [field])


def test_the_note_is_never_logged(caplog: pytest.LogCaptureFixture, capsys: Any) -> None:
    caplog.set_level(logging.DEBUG, logger="bandwidth_messaging")

    put({"note": NOTE})

    written = capsys.readouterr()
    assert NOTE not in written.out + written.err + caplog.text


def test_a_carriers_opt_out_has_the_source_carrier() -> None:
    stores.opt_outs().record(OURS, THEIRS, opted_out=True, keyword="4475", at=AT, source=OptOutSource.CARRIER)

    assert call_api(browse, "GET", "/opt-outs")[1]["items"][0]["source"] == "carrier"


# Lists


def test_the_list_of_all_opt_outs_has_those_of_every_number_page_by_page() -> None:
    text("stop", AT)
    text("stop", AT, ours=OTHER_OURS, theirs=OTHERS)
    text("stop", AT, ours=OTHER_OURS)
    text("start", LATER, ours=OTHER_OURS)

    found, cursor = [], None
    for _ in range(3):
        query = {"limit": "1"} | ({"cursor": cursor} if cursor else {})
        page = call_api(browse, "GET", "/opt-outs", query=query)[1]
        found += [(item["owner"], item["number"]) for item in page["items"]]
        if (cursor := page["cursor"]) is None:
            break

    assert sorted(found) == [(OURS, THEIRS), (OTHER_OURS, OTHERS)]
    assert cursor is None


def test_the_list_of_a_number_has_only_its_opt_outs() -> None:
    text("stop", AT)
    text("stop", AT, ours=OTHER_OURS, theirs=OTHERS)

    assert listed(number=OURS) == listed(number=OURS, scope="number") == [(OURS, THEIRS)]
    assert listed(scope="stack") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [({"scope": "number"}, "scope"), ({"scope": "all"}, "scope"), ({"number": "12"}, "number")],
)
def test_an_invalid_list_is_a_422(query: dict[str, str], field: str) -> None:
    status, problem = call_api(browse, "GET", "/opt-outs", query=query)

    assert (status, [error["field"] for error in problem["errors"]]) == (422, [field])


def test_a_cursor_of_another_list_is_a_422() -> None:
    text("stop", AT)
    text("stop", AT, theirs=OTHERS)
    cursor = call_api(browse, "GET", "/opt-outs", query={"limit": "1"})[1]["cursor"]

    status, _ = call_api(browse, "GET", "/opt-outs", query={"number": OURS, "cursor": cursor})

    assert status == HTTPStatus.UNPROCESSABLE_ENTITY


# With the scope of the stack


def test_with_the_scope_stack_an_opt_out_from_one_number_stops_every_number(stack_scope: None) -> None:
    text("stop", AT)

    assert not may_send(OURS)
    assert not may_send(OTHER_OURS)
    assert may_send(OURS, OTHERS)


def test_with_the_scope_stack_an_opt_in_to_any_number_ends_it_for_all(stack_scope: None) -> None:
    text("stop", AT)
    text("start", LATER, ours=OTHER_OURS)

    assert may_send(OURS)
    assert may_send(OTHER_OURS)
    assert listed() == []


def test_with_the_scope_stack_a_manual_opt_out_counts_for_all_numbers(stack_scope: None) -> None:
    assert put()["owner"] == "*"
    assert not may_send(OTHER_OURS)

    assert delete(PATH.replace(OURS, OTHER_OURS))["owner"] == "*"
    assert may_send(OURS)


def test_the_reason_of_a_rejected_send_says_that_the_opt_out_is_from_all_numbers(stack_scope: None) -> None:
    text("stop", AT)

    _, problem = wiring.send_checks().check(OTHER_OURS, [THEIRS])

    assert problem is not None
    assert problem.reason == f"{THEIRS} opted out of texts from all numbers of this stack at {AT} (stop)"


def test_an_opt_out_from_before_the_scope_stack_counts_for_its_number(request: pytest.FixtureRequest) -> None:
    text("stop", AT)
    request.getfixturevalue("stack_scope")

    assert not may_send(OURS)
    assert may_send(OTHER_OURS)
    text("stop", LATER, ours=OTHER_OURS)
    text("stop", LATER, ours=OTHER_OURS, theirs=OTHERS)
    assert listed(number=OURS) == [("*", THEIRS), ("*", OTHERS), (OURS, THEIRS)]
    assert listed(number=OTHER_OURS) == listed(scope="stack") == [("*", THEIRS), ("*", OTHERS)]


def test_a_later_opt_in_of_the_scope_stack_ends_an_opt_out_from_before(
    request: pytest.FixtureRequest,
) -> None:
    text("stop", AT)
    request.getfixturevalue("stack_scope")

    text("start", EARLIER, ours=OTHER_OURS)
    assert not may_send(OURS)

    assert listed(number=OURS) == [(OURS, THEIRS)]

    text("start", LATER, ours=OTHER_OURS)
    assert may_send(OURS)
    assert listed(number=OURS) == listed() == []


def test_a_page_of_two_numbers_of_a_person_leaves_out_both(request: pytest.FixtureRequest) -> None:
    text("stop", AT)
    text("stop", AT, ours=OTHER_OURS)
    text("stop", AT, theirs=OTHERS)
    request.getfixturevalue("stack_scope")

    text("start", LATER)

    assert listed() == [(OURS, OTHERS)]


def test_the_list_of_a_number_with_both_scopes_has_pages(request: pytest.FixtureRequest) -> None:
    text("stop", AT)
    request.getfixturevalue("stack_scope")
    text("stop", AT, theirs=OTHERS)

    found: list[tuple[str, str]] = []
    cursor = None
    for _ in range(3):
        query = {"limit": "1", "number": OURS} | ({"cursor": cursor} if cursor else {})
        page = call_api(browse, "GET", "/opt-outs", query=query)[1]
        found += [(item["owner"], item["number"]) for item in page["items"]]
        if (cursor := page["cursor"]) is None:
            break

    assert found == [(OURS, THEIRS), ("*", OTHERS)]
    assert cursor is None


@pytest.mark.parametrize("scope", ["number", "stack"])
def test_the_check_before_a_send_is_one_read(
    scope: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if scope == "stack":
        request.getfixturevalue("stack_scope")
    client = stores.opt_outs()._table._client
    read = Mock(wraps=client.batch_get_item)
    monkeypatch.setattr(client, "batch_get_item", read)

    wiring.send_checks().check(OURS, [THEIRS, OTHERS])

    (call_,) = read.call_args_list
    (request_,) = call_.kwargs["RequestItems"].values()
    rates = {"RATES", "LANE#account"}
    sender_and_statements = [key for key in request_["Keys"] if key["pk"]["S"] not in rates]
    assert len(sender_and_statements) == 1 + 2 * len([THEIRS, OTHERS])


# After a change from the scope of the stack to that of a number


def test_an_opt_out_from_all_numbers_still_counts_with_the_scope_number(
    stack_scope: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    text("stop", AT)
    set_scope("number", monkeypatch)

    assert not may_send(OURS)
    assert not may_send(OTHER_OURS)
    assert listed(number=OTHER_OURS) == listed() == [("*", THEIRS)]


def test_a_later_start_to_a_number_ends_an_opt_out_from_all_numbers_for_it(
    stack_scope: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    text("stop", AT)
    set_scope("number", monkeypatch)

    text("start", LATER)

    assert may_send(OURS)
    assert not may_send(OTHER_OURS)
    assert listed(number=OURS) == listed(f"/numbers/{OURS}/opt-outs") == []
    assert listed(number=OTHER_OURS) == listed() == [("*", THEIRS)]


def test_an_opt_in_to_all_numbers_still_counts_with_the_scope_number(monkeypatch: pytest.MonkeyPatch) -> None:
    text("stop", EARLIER)
    set_scope("stack", monkeypatch)
    text("start", LATER)
    set_scope("number", monkeypatch)

    assert may_send(OURS)


def test_delete_ends_an_opt_out_from_all_numbers_of_the_same_second_for_its_number(
    stack_scope: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    put()
    set_scope("number", monkeypatch)

    delete()

    assert may_send(OURS)
    assert not may_send(OTHER_OURS)


@pytest.mark.parametrize(("request_", "opposite"), [(put, delete), (delete, put)])
def test_a_request_counts_though_an_equal_statement_no_longer_decides(
    request_: Any, opposite: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_()
    set_scope("stack", monkeypatch)
    opposite()
    set_scope("number", monkeypatch)

    request_()

    assert may_send(OURS) is (request_ is delete)
