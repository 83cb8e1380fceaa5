"""Options of numbers in the current account API (tnoptions): SMS, and the campaign of a number."""

from collections.abc import Sequence

from bandwidth_messaging.bandwidth.account_api import NOT_FOUND, AccountApi, parse_failures
from bandwidth_messaging.bandwidth.import_orders import resolve_requested
from bandwidth_messaging.bandwidth.xml import E
from bandwidth_messaging.domain.orders import Campaign, OrderStatus


class NumberOptions(AccountApi):
    """Orders of number options."""

    def set_campaign(self, numbers: Sequence[str], campaign: Campaign, *, customer_order_id: str) -> str:
        """Order SMS and a campaign for numbers (E.164) and return the order's id.

        A second order leaves the options unchanged.
        """
        group = E.TnOptionGroup(
            E.Sms("on"),
            E.A2pSettings(
                E.MessageClass(campaign.message_class),
                E.CampaignId(campaign.campaign_id),
                E.Action("asSpecified"),
            ),
            self.build_number_list(numbers),
        )
        order = E.TnOptionOrder(E.CustomerOrderId(customer_order_id), E.TnOptionGroups(group))
        return self.place("/tnoptions", order, ".//OrderId")

    def options_status(self, order_id: str, numbers: Sequence[str]) -> OrderStatus:
        """Return the status of an order of options for numbers (E.164), with the numbers that failed.

        A warning ("already on") is not a failure.
        """
        body = self.read_order(f"/tnoptions/{order_id}", ".//ProcessingStatus")
        if body is None:
            return NOT_FOUND
        order = OrderStatus(body.status, failures=tuple(parse_failures(body.root)))
        return order if order.ended_as is None else resolve_requested(order, numbers, set())
