"""GET /orders: set-ups and releases, kind by kind, the latest first."""

from typing import Any

import pytest

from bandwidth_messaging.domain.orders import KINDS, Kind
from bandwidth_messaging.runtime import stores
from functions.control import browse
from tests.functions.conftest import Stack, call_api


def store(kind: Kind, minute: int) -> None:
    name = f"{kind.replace('_', '-')}-{minute}"
    stores.orders().register(
        name,
        kind=kind,
        requested=1,
        execution_arn=f"arn:{name}",
        at=f"2026-01-01T00:{minute:02}:00.000Z",
        digest=name,
    )


@pytest.fixture(autouse=True)
def _orders(stack: Stack) -> None:
    """Three orders of each kind."""
    for minute in (1, 3, 2):
        for kind in KINDS:
            store(kind, minute)


def list_orders(**query: str) -> Any:
    status, page = call_api(browse, "GET", "/orders", query=query or None)
    assert status == 200, page
    return page


def ids(page: Any) -> list[str]:
    return [order["customerOrderId"] for order in page["items"]]


ALL = [
    f"{kind}-{minute}"
    for kind in ("messaging-v2", "hosted-messaging", "release-numbers")
    for minute in (3, 2, 1)
]


def test_orders_are_listed_kind_by_kind_the_latest_first() -> None:
    page = list_orders()

    assert ids(page) == ALL
    assert page["cursor"] is None


@pytest.mark.parametrize("limit", range(1, 11))
def test_pages_have_each_order_once(limit: int) -> None:
    found, page = [], list_orders(limit=str(limit))
    found += ids(page)
    while page["cursor"]:
        page = list_orders(limit=str(limit), cursor=page["cursor"])
        assert len(page["items"]) <= limit
        found += ids(page)

    assert found == ALL


def test_orders_of_one_kind_are_listed() -> None:
    assert ids(list_orders(kind="hosted_messaging")) == ALL[3:6]


def test_an_order_of_the_list_is_as_if_read_alone() -> None:
    (order,) = list_orders(kind="release_numbers", limit="1")["items"]

    assert call_api(browse, "GET", "/orders/release-numbers-3")[1] == order


@pytest.mark.parametrize(
    ("query", "field"), [({"kind": "port"}, "kind"), ({"limit": "101"}, "limit"), ({"cursor": "x"}, "cursor")]
)
def test_an_invalid_parameter_is_named(query: dict[str, str], field: str) -> None:
    status, problem = call_api(browse, "GET", "/orders", query=query)

    assert (status, [error["field"] for error in problem["errors"]]) == (422, [field])


def test_a_cursor_of_another_kind_is_a_422() -> None:
    cursor = list_orders(kind="messaging_v2", limit="1")["cursor"]

    status, problem = call_api(browse, "GET", "/orders", query={"kind": "release_numbers", "cursor": cursor})

    assert (status, problem["errors"][0]["field"]) == (422, "cursor")
