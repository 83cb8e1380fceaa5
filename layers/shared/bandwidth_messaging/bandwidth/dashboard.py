"""Bandwidth's Dashboard API (XML, Basic auth), as "Messaging 2.0 API Setup" and "Hosted Messaging" have it.

Paths, elements and their order are the documents'; each method names its heading.
"""

from bandwidth_messaging.bandwidth.applications import Applications
from bandwidth_messaging.bandwidth.disconnect_orders import DisconnectOrders
from bandwidth_messaging.bandwidth.import_orders import ImportOrders
from bandwidth_messaging.bandwidth.locations import Locations
from bandwidth_messaging.bandwidth.number_orders import NumberOrders
from bandwidth_messaging.bandwidth.subscriptions import Subscriptions


class Dashboard(Applications, Locations, NumberOrders, DisconnectOrders, ImportOrders, Subscriptions):
    """One account of the Dashboard API."""
