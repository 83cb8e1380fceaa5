"""Command line of the simulator: `python -m simulator`."""

import argparse
from pathlib import Path
from typing import get_args

from simulator.account.config import AccountConfig
from simulator.account.order_outcomes import Shape
from simulator.catapult.messages_api import MessageLocation
from simulator.messaging.outcomes import EVENT_TYPES
from simulator.server import HOST, create_server
from simulator.simulator import Settings, Simulator


def main() -> None:
    options = _parse_options()
    settings = Settings(
        receipt_seconds=options.receipt_seconds,
        order_seconds=options.order_seconds,
        receipt_types=options.receipt_types,
        callback_routes=dict(options.callback_route),
        retry_seconds=options.retry_seconds,
        retry_limit=options.retry_limit,
        external_tns_shape=options.external_tns_shape,
        message_location=options.message_location,
        catapult_pace=options.catapult_pace == "on",
        needs_letter=options.needs_letter == "on",
        enforce_registration=options.enforce_registration == "on",
    )
    server = create_server(Simulator(options.config, settings), options.port)
    print(f"Simulator running at http://{HOST}:{server.server_port}", flush=True)
    server.serve_forever()


def _parse_options() -> argparse.Namespace:
    defaults = Settings()
    parser = argparse.ArgumentParser(prog="python -m simulator", description="Run the Bandwidth simulator.")
    parser.add_argument(
        "--config", type=_parse_config, required=True, help="JSON file describing the account"
    )
    parser.add_argument("--port", type=int, default=4567, help="port on 127.0.0.1 (0: any free one)")
    parser.add_argument(
        "--order-seconds",
        type=float,
        default=defaults.order_seconds,
        help="seconds from the placement of an order to its outcome",
    )
    parser.add_argument(
        "--receipt-seconds",
        type=float,
        default=defaults.receipt_seconds,
        help="seconds from the acceptance of a message to its first event",
    )
    parser.add_argument(
        "--receipt-types",
        type=_parse_receipt_types,
        default=defaults.receipt_types,
        metavar="TYPE,TYPE",
        help=f"events sent for outgoing messages, from {', '.join(EVENT_TYPES)}",
    )
    parser.add_argument(
        "--callback-route",
        type=_parse_route,
        action="append",
        default=[],
        metavar="HOSTSUFFIX=URL",
        help="base URL for callbacks to hosts with this suffix, e.g. amazonaws.com=http://127.0.0.1:4566",
    )
    parser.add_argument(
        "--retry-seconds",
        type=float,
        default=defaults.retry_seconds,
        help="first wait in seconds after a callback failed",
    )
    parser.add_argument(
        "--retry-limit", type=int, default=defaults.retry_limit, help="maximum retries of a callback"
    )
    parser.add_argument(
        "--external-tns-shape",
        choices=get_args(Shape),
        default=defaults.external_tns_shape,
        help="published form of externalTns responses",
    )
    parser.add_argument(
        "--message-location",
        choices=get_args(MessageLocation),
        default=defaults.message_location,
        help="form of the Location of a V1 message",
    )
    _add_switch(parser, "--catapult-pace", defaults.catapult_pace, "apply V1's documented rate limits")
    _add_switch(
        parser,
        "--needs-letter",
        defaults.needs_letter,
        "imports with LoaType SUBSCRIBER wait for a letter of authorization",
    )
    _add_switch(
        parser,
        "--enforce-registration",
        defaults.enforce_registration,
        "messages of numbers without a campaign or verification fail",
    )
    return parser.parse_args()


def _add_switch(parser: argparse.ArgumentParser, name: str, default: bool, help_: str) -> None:
    parser.add_argument(name, choices=("on", "off"), default="on" if default else "off", help=help_)


def _parse_config(path: str) -> AccountConfig:
    try:
        return AccountConfig.read(Path(path))
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _parse_receipt_types(text: str) -> list[str]:
    types = [each.strip() for each in text.split(",")]
    if unknown := sorted(set(types) - set(EVENT_TYPES)):
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}")
    return types


def _parse_route(text: str) -> tuple[str, str]:
    suffix, _, url = text.partition("=")
    if not suffix or not url.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError("expected HOSTSUFFIX=URL, e.g. amazonaws.com=http://127.0.0.1:4566")
    return suffix.lstrip("."), url


if __name__ == "__main__":
    main()
