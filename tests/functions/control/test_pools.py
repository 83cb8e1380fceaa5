"""The pools API: GET /pools, GET, PUT and DELETE /pools/{name}."""

from dataclasses import replace
from typing import Any

import pytest

from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.registration import build_unlisted_registration
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import stores
from functions.control import browse, change_pools
from tests.functions.conftest import PASSED, Stack, call_api

FIRST, SECOND, THIRD = "+19102398766", "+19102398767", "+19102398768"
HOME = Home(api="v2", customer_order_id="order-1", order_id="o-1", application_id="app-1", site_id="1001")
AT = "2026-01-01T00:00:00.000Z"


@pytest.fixture(autouse=True)
def ready(stack: Stack) -> Stack:
    """An account with three active numbers."""
    for number in (FIRST, SECOND, THIRD):
        stores.numbers().activate(number, HOME, AT, preflight=PASSED)
    return stack


def put(*numbers: str, name: str = "reminders", **fields: Any) -> tuple[int, Any]:
    return call_api(change_pools, "PUT", f"/pools/{name}", body={"numbers": list(numbers)} | fields)


def get(name: str = "reminders") -> tuple[int, Any]:
    return call_api(browse, "GET", f"/pools/{name}")


def delete(name: str = "reminders") -> tuple[int, Any]:
    return call_api(change_pools, "DELETE", f"/pools/{name}")


def list_names(**query: str) -> tuple[list[str], str | None]:
    _, page = call_api(browse, "GET", "/pools", query=query or None)
    return [pool["name"] for pool in page["items"]], page["cursor"]


def release(number: str) -> None:
    stores.numbers().start_release(number, HOME, now())
    stores.numbers().release(number, now())


def usable() -> list[str]:
    return [member["number"] for member in get()[1]["members"] if member["usable"]]


def test_a_pool_is_created_and_shown() -> None:
    status, pool = put("(910) 239-8766", SECOND, FIRST, matchAreaCode=True)

    assert status == 200
    assert (pool["name"], pool["numbers"], pool["matchAreaCode"]) == ("reminders", [FIRST, SECOND], True)
    assert pool["formerNumbers"] == []
    assert pool["members"] == [{"number": FIRST, "usable": True}, {"number": SECOND, "usable": True}]
    assert get() == (200, pool)


def test_a_pool_is_replaced_and_remembers_the_numbers_that_it_had() -> None:
    put(FIRST, SECOND, matchAreaCode=True)
    put(SECOND, THIRD)

    _, pool = put(THIRD, FIRST)

    assert (pool["numbers"], pool["formerNumbers"]) == ([THIRD, FIRST], [SECOND])
    assert pool["matchAreaCode"] is False


def test_pools_are_listed_by_name_page_by_page() -> None:
    for name in ("b", "a", "c"):
        put(FIRST, name=name)

    names, cursor = list_names(limit="2")

    assert names == ["a", "b"]
    assert cursor
    assert list_names(limit="2", cursor=cursor) == (["c"], None)
    assert call_api(browse, "GET", "/numbers")[1]["items"][0]["number"] == FIRST


def test_numbers_of_others_are_named_one_by_one() -> None:
    release(THIRD)

    status, problem = put(FIRST, FIRST, "+19195550000", THIRD, "+19195550001")

    assert status == 422
    assert [(error["field"], error["detail"]) for error in problem["errors"]] == [
        (
            "numbers[2]",
            "+19195550000 is not a number of this stack. GET /numbers lists the stack's numbers.",
        ),
        ("numbers[3]", f"{THIRD} is released. Leave the number out."),
        (
            "numbers[4]",
            "+19195550001 is not a number of this stack. GET /numbers lists the stack's numbers.",
        ),
    ]
    assert get()[0] == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"numbers": []}, "numbers"),
        ({}, "numbers"),
        ({"numbers": [f"+1910555{last:04}" for last in range(101)]}, "numbers"),
        ({"numbers": ["12"]}, "numbers[0]"),
        ({"numbers": [FIRST], "matchAreaCode": "maybe"}, "matchAreaCode"),
        ({"numbers": [FIRST], "sticky": True}, "sticky"),
    ],
)
def test_a_wrong_pool_is_a_422(body: Any, field: str) -> None:
    status, problem = call_api(change_pools, "PUT", "/pools/reminders", body=body)

    assert status == 422
    assert [error["field"] for error in problem["errors"]] == [field]


@pytest.mark.parametrize("name", ["9195551212", "-a", "a" * 65])
def test_a_name_that_could_be_a_number_is_a_422(name: str) -> None:
    for status, problem in (put(FIRST, name=name), get(name), delete(name)):
        assert status == 422
        assert [error["field"] for error in problem["errors"]] == ["name"]
        assert "Use a letter" in problem["errors"][0]["detail"]


def test_an_unknown_pool_is_a_404() -> None:
    for status, problem in (get("unknown"), delete("unknown")):
        assert (status, problem["detail"]) == (
            404,
            "unknown is not a pool of this stack. GET /pools lists the pools.",
        )


def test_a_deleted_pool_is_gone_and_its_numbers_count_again_if_it_is_created_again() -> None:
    _, before = put(FIRST, SECOND)

    status, deleted = delete()

    assert (status, deleted) == (200, {name: before[name] for name in before if name != "members"})
    assert get()[0] == delete()[0] == 404
    assert list_names() == ([], None)
    assert put(THIRD)[1]["formerNumbers"] == [FIRST, SECOND]


def test_a_pool_that_would_remember_too_many_numbers_is_a_422() -> None:
    remembered = [f"+1910555{last:04}" for last in range(399)]
    stores.pools().put(
        None, "reminders", numbers=[FIRST], former_numbers=remembered, match_area_code=False, at=AT
    )

    assert put(FIRST)[0] == 200
    status, problem = put(SECOND)

    assert status == 422
    assert problem["errors"][0]["detail"] == (
        "the pool would have 401 numbers: 1 members and 400 former members, whose opt-outs still apply. Use "
        "at most 400 in total, or create another pool. The opt-outs from the former members do not apply to "
        "another pool."
    )


def test_a_change_that_another_request_overtakes_is_a_409(monkeypatch: pytest.MonkeyPatch) -> None:
    put(FIRST)
    pools, before = stores.pools(), stores.pools().get("reminders")
    monkeypatch.setattr(pools, "get", lambda _: before)
    put(SECOND)

    assert put(THIRD)[0] == 409
    assert delete()[0] == 409

    monkeypatch.undo()
    assert get()[1]["numbers"] == [SECOND]


def test_members_show_why_they_cannot_send() -> None:
    put(FIRST, SECOND, THIRD)
    stores.numbers().record_registration(FIRST, build_unlisted_registration(AT))
    stores.numbers().start_release(SECOND, HOME, now())

    members = {member["number"]: member for member in get()[1]["members"]}

    assert members[FIRST]["usable"] is members[SECOND]["usable"] is False
    assert "is not registered" in members[FIRST]["reason"]
    assert f"{SECOND} is releasing." in members[SECOND]["reason"]
    assert members[THIRD] == {"number": THIRD, "usable": True}


def test_a_released_number_stays_out_if_another_order_adds_it_again() -> None:
    put(FIRST, SECOND)
    release(FIRST)
    again = replace(HOME, customer_order_id="order-2", order_id="o-2")
    stores.numbers().activate(FIRST, again, now(), preflight=PASSED)

    members = get()[1]["members"]

    assert members[0]["reason"] == (
        f"{FIRST} was released and left the pool. PUT /pools/reminders adds the number again."
    )
    assert usable() == [SECOND]

    put(FIRST, SECOND)
    assert usable() == [FIRST, SECOND]
