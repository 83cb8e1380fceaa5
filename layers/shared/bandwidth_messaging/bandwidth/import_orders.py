"""Orders of imported numbers in the account API: externalTns (document "Hosted Messaging")."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from bandwidth_messaging.bandwidth import xml
from bandwidth_messaging.bandwidth.account_api import NOT_FOUND, AccountApi, build_failure, parse_failures
from bandwidth_messaging.bandwidth.order_lookup import find_order_id
from bandwidth_messaging.bandwidth.transport import ErrorBody
from bandwidth_messaging.bandwidth.xml import E
from bandwidth_messaging.domain.imports import Authority
from bandwidth_messaging.domain.orders import Action, OrderState, OrderStatus
from bandwidth_messaging.domain.phone_numbers import from_ten_digits

# Errors of a removal: the number is not external (externalTns), or not imported (removeImportedTnOrders).
_NOT_HOSTED: Final = ("25120", "5158")
# Paths of the order's numbers in the published samples. Numbers inside Errors have other paths.
_IMPORTED: Final = tuple(
    f"{inside}TelephoneNumbers/TelephoneNumber"
    for inside in ("", "Order/", "ExternalTnsOrder/", "ImportTnOrder/", "RemoveImportedTnOrder/")
)


class ImportOrders(AccountApi):
    """The account's orders of imported numbers."""

    import_paths: Mapping[Action, str] = MappingProxyType(
        {"IMPORT": "/externalTns", "REMOVE": "/externalTns"}
    )

    def create_import_request(
        self,
        *,
        customer_order_id: str,
        site_id: str,
        sip_peer_id: str | None,
        action: Action,
        numbers: Sequence[str],
        authority: Authority | None = None,  # noqa: ARG002 - externalTns has no element for it
    ) -> str:
        """Import or remove numbers (E.164) and return the order's id (document "Hosted Messaging", step 1).

        The spelling CustomerOrderID is this resource's own; the order's id comes in the body only.
        """
        order = E.ExternalTnsOrder(E.CustomerOrderID(customer_order_id), E.SiteId(site_id))
        if sip_peer_id is not None:
            order.append(E.SipPeerId(sip_peer_id))
        order.append(E.Action(action))
        order.append(self.build_number_list(numbers))
        return self.place(self.import_paths[action], order, ".//OrderId")

    def find_import_request(
        self, customer_order_id: str, action: Action = "IMPORT", *, placed_after: str | None = None
    ) -> str | None:
        """Return the id of the import or removal with this CustomerOrderID, None if Bandwidth knows none.

        Raises what `find_order_id` raises.
        """
        return find_order_id(self, self.import_paths[action], customer_order_id, placed_after=placed_after)

    def import_status(
        self, order_id: str, requested: Sequence[str], action: Action = "IMPORT"
    ) -> OrderStatus:
        """Return the status of an import order (document "Hosted Messaging", step 2).

        The completed numbers are computed from the `requested` ones (E.164), because the response's own list
        may include failed numbers. A FAILED order failed for all of them. Failures of the order come before
        those of numbers. A COMPLETE order without errors is incomplete while its list lacks requested
        numbers.
        """
        body = self.read_order(f"{self.import_paths[action]}/{order_id}", ".//ProcessingStatus")
        if body is None:
            return NOT_FOUND
        order = OrderStatus(body.status, failures=tuple(parse_failures(body.root)))
        if order.ended_as is None:
            return OrderStatus(body.status)
        listed = {from_ten_digits(number) for path in _IMPORTED for number in xml.texts(body.root, path)}
        if (
            order.ended_as == OrderState.COMPLETED
            and not order.failures
            and listed
            and not listed.issuperset(requested)
        ):
            return replace(order, is_incomplete=True)
        ended = resolve_requested(order, requested, listed)
        return _complete_removal(ended, requested) if action == "REMOVE" else ended


def _complete_removal(order: OrderStatus, requested: Sequence[str]) -> OrderStatus:
    """Return a removal whose completed numbers include those that were not hosted before it.

    Without another failure the removal is complete, whatever its status at Bandwidth is.
    """
    failures = tuple(failure for failure in order.failures if failure["code"] not in _NOT_HOSTED)
    left = {failure["number"] for failure in failures}
    completed = tuple(number for number in requested if number not in left)
    status = "COMPLETE" if not failures else "PARTIAL" if completed else order.status
    return OrderStatus(status, completed, failures)


def resolve_requested(order: OrderStatus, requested: Sequence[str], listed: set[str]) -> OrderStatus:
    """Return an ended order with the completed ones of the requested numbers (E.164), and with its failures.

    `listed` are the numbers of the response's own list. If it is empty, it proves nothing.
    """
    asked = set(requested)
    explained = {failure["number"]: failure for failure in order.failures if failure["number"] in asked}
    missing = asked - listed if listed else set()
    failed = asked if order.ended_as == OrderState.FAILED else explained.keys() | missing
    # An error that names no requested number is one of the order. The first one explains the failed numbers
    # that no error names.
    general = [failure | {"number": None} for failure in order.failures if failure["number"] not in asked]
    unexplained = build_failure(None, ErrorBody(None, None))
    if failed - explained.keys() and general:
        unexplained = general.pop(0)
    return OrderStatus(
        order.status,
        completed=tuple(number for number in requested if number not in failed),
        failures=(
            *general,
            *(
                explained.get(number, unexplained | {"number": number})
                for number in requested
                if number in failed
            ),
        ),
    )
