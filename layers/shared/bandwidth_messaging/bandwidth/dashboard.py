"""Bandwidth's classic account API, the Dashboard API (XML, Basic auth).

Paths, elements and their order follow the documents "Messaging 2.0 API Setup" and "Hosted Messaging". The
docstrings of methods name the headings.
"""

from bandwidth_messaging.bandwidth.applications import Applications
from bandwidth_messaging.bandwidth.disconnect_orders import DisconnectOrders
from bandwidth_messaging.bandwidth.import_orders import ImportOrders
from bandwidth_messaging.bandwidth.locations import Locations
from bandwidth_messaging.bandwidth.number_orders import NumberOrders
from bandwidth_messaging.bandwidth.subscriptions import Subscriptions


class Dashboard(Applications, Locations, NumberOrders, DisconnectOrders, ImportOrders, Subscriptions):
    """One account of the Dashboard API."""
