"""The account API ("Dashboard") under /api: every resource is a blueprint of its own."""

from flask import Flask

from local.bandwidth import (
    dashboard_applications,
    dashboard_disconnects,
    dashboard_external_tns,
    dashboard_locations,
    dashboard_messaging,
    dashboard_numbers,
    dashboard_orders,
    dashboard_subscriptions,
    dashboard_tns,
)
from local.bandwidth.simulator import Simulator

BASE = "/api"


def register(app: Flask, simulator: Simulator) -> None:
    """Serve the account API; add another resource here."""
    account = simulator.account
    for blueprint in (
        dashboard_applications.blueprint(account),
        dashboard_locations.blueprint(account),
        dashboard_messaging.blueprint(account),
        dashboard_numbers.blueprint(account),
        dashboard_tns.blueprint(account),
        dashboard_orders.blueprint(account, simulator.orders),
        dashboard_disconnects.blueprint(account, simulator.disconnects),
        dashboard_external_tns.blueprint(account, simulator.external_tns),
        dashboard_subscriptions.blueprint(account, simulator.subscriptions),
    ):
        app.register_blueprint(blueprint, url_prefix=f"{BASE}{blueprint.url_prefix}")
