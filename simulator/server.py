"""The simulator as an HTTP server on this machine's loopback, alone or inside a test."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Flask, Request, Response, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter, Rule
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from simulator.account.api import oauth2
from simulator.account.api import routes as account_api
from simulator.account.config import AccountConfig
from simulator.catapult import json_api, resources_api
from simulator.catapult import messages_api as catapult_messages_api
from simulator.control import api as control_api
from simulator.control.path import is_control
from simulator.messaging import media_api, messages_api
from simulator.simulator import Settings, Simulator
from simulator.web_pages import rejection_reason

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HOST = "127.0.0.1"
_ACCOUNT_API = "/api/"


@dataclass(frozen=True)
class RunningSimulator:
    """A simulator and its URL, without a trailing slash."""

    url: str
    simulator: Simulator

    @property
    def dashboard_url(self) -> str:
        return f"{self.url}/api"

    @property
    def current_dashboard_url(self) -> str:
        """Return the equivalent of https://api.bandwidth.com/api/v2."""
        return f"{self.url}/api/v2"

    @property
    def token_url(self) -> str:
        return f"{self.url}/api/v1/oauth2/token"

    @property
    def messaging_url(self) -> str:
        return f"{self.url}/v2"

    @property
    def current_messaging_url(self) -> str:
        """Return the equivalent of https://messaging.bandwidth.com/api/v2."""
        return f"{self.url}/messaging/api/v2"

    @property
    def catapult_url(self) -> str:
        return f"{self.url}/v1"

    @property
    def control_url(self) -> str:
        return f"{self.url}/_simulator"


@contextmanager
def serve(
    config: AccountConfig, settings: Settings | None = None, port: int = 0
) -> Iterator[RunningSimulator]:
    """Serve a simulator from a thread until the context ends. Port 0 selects a free port."""
    simulator = Simulator(config, settings or Settings())
    server = create_server(simulator, port)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="bandwidth", daemon=True)
    thread.start()
    try:
        yield RunningSimulator(f"http://{HOST}:{server.server_port}", simulator)
    finally:
        server.shutdown()
        thread.join(timeout=5)
        simulator.close()


def create_server(simulator: Simulator, port: int) -> BaseWSGIServer:
    """Return the threaded server. It listens already but does not serve yet."""
    return make_server(HOST, port, create_app(simulator), threaded=True, request_handler=_QuietHandler)


class _Route(Rule):
    """A rule without a URL builder: the simulator builds no URLs, and the builder is slow to compile."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: ARG002
        return lambda *_, **__: ("", "")


class _App(Flask):
    """Match resource names of the account API in any letter case: Bandwidth's clients differ in it."""

    url_rule_class = _Route

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Process a request. Reject requests from web pages, including those to /_simulator."""
        reason = rejection_reason(environ.get("HTTP_HOST", ""), environ.get("HTTP_ORIGIN"))
        if reason is not None:
            start_response("403 Forbidden", [("Content-Type", "text/plain; charset=utf-8")])
            return [reason.encode()]
        path = environ["PATH_INFO"]
        if path.startswith(_ACCOUNT_API):
            environ["PATH_INFO"] = "/".join(self._names.get(each.lower(), each) for each in path.split("/"))
        return super().wsgi_app(environ, start_response)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Match a request without a version in its path like one with /v1. The request keeps its path."""
        adapter = super().create_url_adapter(request)
        if adapter is not None:
            adapter.path_info = account_api.add_version(adapter.path_info)
        return adapter

    @cached_property
    def _names(self) -> dict[str, str]:
        rules = (rule.rule for rule in self.url_map.iter_rules() if rule.rule.startswith(_ACCOUNT_API))
        names = {each for rule in rules for each in rule.split("/") if "<" not in each}
        return {each.lower(): each for each in names}


def create_app(simulator: Simulator) -> Flask:
    """Return the Flask app with every API of the simulator. Register new blueprints here."""
    app = _App(__name__, static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.strict_slashes = False
    # Flask runs after_request hooks in reverse order. Faults change the response before it is captured.
    simulator.capture.install(app)
    simulator.faults.install(app)
    account_api.register(app, simulator)
    app.register_blueprint(
        resources_api.blueprint(simulator.account, simulator.catapult, simulator.rate_limits)
    )
    app.register_blueprint(
        catapult_messages_api.blueprint(
            simulator.account,
            simulator.messages_v1,
            simulator.rate_limits,
            simulator.settings.message_location,
        )
    )
    app.register_blueprint(
        messages_api.blueprint(simulator.account, simulator.messages, simulator.rate_limits)
    )
    app.register_blueprint(
        messages_api.current_blueprint(
            simulator.account, simulator.messages, simulator.message_log, simulator.rate_limits
        )
    )
    app.register_blueprint(media_api.blueprint(simulator.account, simulator.media))
    app.register_blueprint(media_api.blueprint_v1(simulator.account, simulator.media, simulator.rate_limits))
    app.register_blueprint(oauth2.blueprint(simulator.account))
    app.register_blueprint(control_api.blueprint(simulator))

    @app.errorhandler(HTTPException)
    def reject(error: HTTPException) -> Response | tuple[Response, int]:
        status = error.code or 500
        if is_control(request.path):
            return jsonify(error=f"{status} {error.name}: {request.method} {request.path}"), status
        if request.path.startswith("/v1/"):
            return json_api.unknown_path(status, error.name)
        if messages_api.is_messaging(request.path):
            if status == HTTPStatus.NOT_FOUND:
                return messages_api.not_found(request.path)
            return messages_api.error(status, error.name.lower().replace(" ", "-"), error.name)
        return Response(), status

    return app


class _QuietHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing. The capture records requests without secrets."""
