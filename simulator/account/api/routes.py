"""The account API ("Dashboard"), both its versions: every resource is a blueprint of its own."""

from flask import Flask

from simulator.account.api import (
    applications,
    disconnects,
    external_tns,
    imports,
    locations,
    messaging,
    numbers,
    orders,
    registration,
    removals,
    subscriptions,
    tnoptions,
    tns,
)
from simulator.account.api_version import V1_BASES, V2_BASE
from simulator.simulator import Simulator


def register(app: Flask, simulator: Simulator) -> None:
    """Serve the account API at its bases; add another resource here."""
    account = simulator.account
    common = (
        applications.blueprint(account),
        locations.blueprint(account),
        messaging.blueprint(account, simulator.registrations),
        numbers.blueprint(account),
        tns.blueprint(account),
        orders.blueprint(account, simulator.orders),
        disconnects.blueprint(account, simulator.disconnects),
        subscriptions.blueprint(account, simulator.subscriptions),
        imports.checker_blueprint(account, simulator.imports),
        tnoptions.blueprint(account, simulator.number_options),
    )
    hosting = (
        imports.blueprint(account, simulator.imports),
        removals.blueprint(account, simulator.removals),
    )
    only_v1 = (external_tns.blueprint(account, simulator.external_tns),)
    served = [(base, each, "") for base in V1_BASES for each in (*common, *hosting, *only_v1)]
    served += [(V2_BASE, each, "") for each in common] + [(V2_BASE, each, "/messaging") for each in hosting]
    for base, blueprint, end in served:
        path = f"{base}{blueprint.url_prefix}{end}"
        app.register_blueprint(blueprint, url_prefix=path, name=f"{base} {blueprint.name}")
    app.register_blueprint(registration.blueprint(account, simulator.registrations))
