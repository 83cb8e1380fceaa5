"""Routes of both versions of the account API ("Dashboard"). Each resource has its own blueprint."""

from flask import Flask
from werkzeug.routing import BaseConverter

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
from simulator.account.api_version import V2_BASE
from simulator.simulator import Simulator

_WITHOUT_VERSION = ("/api/accounts/", "/api/tns")


class _AnyVersion(BaseConverter):
    regex = "v1|v2"


class _FirstVersion(BaseConverter):
    regex = "v1"


def add_version(path: str) -> str:
    """Return the path with /v1 where the request omits the version: the first version has two base paths."""
    return f"/api/v1{path.removeprefix('/api')}" if path.startswith(_WITHOUT_VERSION) else path


def register(app: Flask, simulator: Simulator) -> None:
    """Serve the account API at its base paths. Add new resources here."""
    app.url_map.converters.update(any_version=_AnyVersion, first_version=_FirstVersion)
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
    external_tns_api = external_tns.blueprint(account, simulator.external_tns)
    for blueprint in common:
        app.register_blueprint(blueprint, url_prefix=f"/api/<any_version:version>{blueprint.url_prefix}")
    for blueprint in (*hosting, external_tns_api):
        app.register_blueprint(blueprint, url_prefix=f"/api/<first_version:version>{blueprint.url_prefix}")
    for blueprint in hosting:
        path = f"{V2_BASE}{blueprint.url_prefix}/messaging"
        app.register_blueprint(blueprint, url_prefix=path, name=f"{blueprint.name}_v2")
    app.register_blueprint(registration.blueprint(account, simulator.registrations, simulator.verifications))
