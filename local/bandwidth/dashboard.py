"""The account API ("Dashboard"), both its versions: every resource is a blueprint of its own."""

from flask import Flask

from local.bandwidth import (
    dashboard_applications,
    dashboard_disconnects,
    dashboard_external_tns,
    dashboard_imports,
    dashboard_locations,
    dashboard_messaging,
    dashboard_numbers,
    dashboard_orders,
    dashboard_removals,
    dashboard_subscriptions,
    dashboard_tnoptions,
    dashboard_tns,
    registration_api,
)
from local.bandwidth.api_version import V1_BASES, V2_BASE
from local.bandwidth.simulator import Simulator


def register(app: Flask, simulator: Simulator) -> None:
    """Serve the account API at its bases; add another resource here."""
    account = simulator.account
    common = (
        dashboard_applications.blueprint(account),
        dashboard_locations.blueprint(account),
        dashboard_messaging.blueprint(account, simulator.registrations),
        dashboard_numbers.blueprint(account),
        dashboard_tns.blueprint(account),
        dashboard_orders.blueprint(account, simulator.orders),
        dashboard_disconnects.blueprint(account, simulator.disconnects),
        dashboard_subscriptions.blueprint(account, simulator.subscriptions),
        dashboard_imports.checker_blueprint(account, simulator.imports),
        dashboard_tnoptions.blueprint(account, simulator.number_options),
    )
    imports = (
        dashboard_imports.blueprint(account, simulator.imports),
        dashboard_removals.blueprint(account, simulator.removals),
    )
    external_tns = dashboard_external_tns.blueprint(account, simulator.external_tns)
    served = [(base, each, "") for base in V1_BASES for each in (*common, *imports, external_tns)]
    served += [(V2_BASE, each, "") for each in common] + [(V2_BASE, each, "/messaging") for each in imports]
    for base, blueprint, end in served:
        path = f"{base}{blueprint.url_prefix}{end}"
        app.register_blueprint(blueprint, url_prefix=path, name=f"{base} {blueprint.name}")
    app.register_blueprint(registration_api.blueprint(account, simulator.registrations))
