"""Every search for numbers, from the input to the ordered numbers."""

from typing import Any

import pytest

from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from functions.messaging_v2 import check_order_status, close_order, create_location, order_numbers
from functions.setups import check_input
from tests.functions.conftest import Stack, call, sample
from tests.generations import both_generations

pytestmark = both_generations


def order(stack: Stack, given: dict[str, Any]) -> dict[str, Any]:
    """Check the input, place the order and check its status, as the state machine does."""
    setup = call(check_input, sample("setups/check_input") | {"input": given})
    at = {
        "customerOrderId": setup["customerOrderId"],
        "siteId": setup["siteId"],
        "locationId": call(create_location, sample("messaging_v2/create_location"))["locationId"],
    }
    chosen = {name: setup[name] for name in ("search", "quantity", "partialAllowed", "backOrderRequested")}
    ordered = call(order_numbers, at | chosen)
    status = sample("messaging_v2/check_order_status") | at
    status |= {"orderId": ordered["orderId"], "quantity": setup["quantity"]}
    ended: dict[str, Any] = call(check_order_status, status)
    return ended | {"orderId": ordered["orderId"]}


@pytest.mark.parametrize(
    ("given", "start"),
    [
        ({"areaCode": "910"}, "+1910"),
        ({"rateCenter": "RALEIGH", "state": "NC", "enableLca": True}, "+1"),
        ({"npaNxx": 919672}, "+1919672"),
        ({"city": "Raleigh", "state": "nc"}, "+1"),
        ({"state": "NC"}, "+1"),
        ({"zip": "27606"}, "+1"),
        ({"lata": "426"}, "+1"),
        ({"tollFreeVanity": "CARS"}, "+18"),
        ({"tollFreeWildCardPattern": "80*"}, "+1800"),
        ({"combined": {"areaCode": "919", "localVanity": "CAT"}}, "+1919"),
        ({"telephoneNumbers": ["(919) 672-0001", "9196720002"]}, "+1919672000"),
    ],
    ids=lambda part: next(iter(part)) if isinstance(part, dict) else "",
)
def test_each_search_brings_numbers(stack: Stack, given: dict[str, Any], start: str) -> None:
    ended = order(stack, given | ({} if "telephoneNumbers" in given else {"quantity": 2}))
    assert (ended["state"], len(ended["numbers"]), ended["failed"]) == ("completed", 2, 0)
    assert all(number.startswith(start) for number in ended["numbers"])


SHORT = {"areaCode": "910", "quantity": 3}


@pytest.mark.parametrize(
    ("chosen", "state", "status", "came"),
    [
        ({"partialAllowed": True, "backOrderRequested": True}, "pending", "BACKORDERED", 0),
        ({"partialAllowed": False, "backOrderRequested": True}, "pending", "BACKORDERED", 0),
        ({}, "partial", "PARTIAL", 1),
        ({"partialAllowed": False}, "failed", "FAILED", 0),
    ],
    ids=["some now, the rest later", "all later", "some", "none"],
)
def test_the_input_decides_what_happens_with_too_few_numbers(
    stack: Stack, chosen: dict[str, bool], state: str, status: str, came: int
) -> None:
    stack.simulator.simulator.supply.limit("910", 1)
    ended = order(stack, SHORT | chosen)
    assert (ended["state"], ended["status"], len(ended["numbers"])) == (state, status, came)


def test_an_unavailable_number_is_reported_by_its_number(stack: Stack) -> None:
    stack.simulator.simulator.supply.limit("9196720002", 0)

    ended = order(stack, {"telephoneNumbers": ["+19196720001", "+19196720002"]})
    assert (ended["state"], ended["numbers"], ended["failed"]) == ("partial", ["+19196720001"], 1)
    assert [failure["number"] for failure in ended["failures"]] == ["+19196720002"]


class TestCloseOrder:
    def close(self, ended: dict[str, Any]) -> Any:
        return call(close_order, sample("messaging_v2/close_order") | {"orderId": ended["orderId"]})

    @pytest.fixture
    def backordered(self, stack: Stack) -> dict[str, Any]:
        """An order of three numbers, one of which is available."""
        stack.simulator.simulator.supply.limit("910", 1)
        return order(stack, SHORT | {"backOrderRequested": True})

    def test_a_closed_backorder_ends_with_the_numbers_it_has(
        self, stack: Stack, backordered: dict[str, Any]
    ) -> None:
        assert self.close(backordered) == {"outcome": "updated", "detail": "closed"}
        (placed,) = stack.simulator.simulator.orders.find()
        assert (placed.status, len(placed.numbers)) == ("PARTIAL", 1)

    def test_an_order_that_has_ended_is_not_closed(self, stack: Stack, backordered: dict[str, Any]) -> None:
        for _ in ("closed", "closed again"):
            detail = self.close(backordered)["detail"]
        assert detail == "no longer backordered"

    def test_another_rejection_is_raised(self, stack: Stack, backordered: dict[str, Any]) -> None:
        with pytest.raises(BandwidthRejected):
            self.close(backordered | {"orderId": "unknown"})
