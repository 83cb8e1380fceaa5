"""Control endpoint that shows the account."""

from typing import Any

from simulator.account.applications import Application
from simulator.account.number_list_orders import NumbersOrder
from simulator.simulator import Simulator
from simulator.urls import redact_credentials


def describe_account(simulator: Simulator) -> dict[str, Any]:
    """Return everything in the account, without secrets."""
    account, config = simulator.account, simulator.account.config
    return {
        "account_id": config.account_id,
        "site_id": config.site_id,
        "user_id": config.user_id,
        "applications": [
            {
                "id": each.id,
                "name": each.name,
                "service_type": each.service_type,
                **_callbacks(each),
            }
            for each in account.applications()
        ],
        "locations": [
            {
                "id": each.id,
                "site_id": each.site_id,
                "name": each.name,
                "is_default": each.is_default,
                "sms": each.sms is not None,
                "mms": each.mms_proxy_peer_id is not None,
                "application_id": each.application_id,
            }
            for each in account.locations()
        ],
        "orders": [
            {
                "id": each.id,
                "customer_order_id": each.customer_order_id,
                "status": each.status,
                "order_type": each.wanted.search.order_type,
                "area_code": each.area_code,
                "quantity": each.quantity,
                "location_id": each.location_id,
                "numbers": [f"+1{number}" for number in each.numbers],
            }
            for each in simulator.orders.find()
        ],
        "numbers": [
            {"number": each.e164, "location_id": each.location_id}
            for each in account.list_numbers(is_hosted=False)
        ],
        "subscriptions": [
            {
                "id": each.id,
                "topic": each.topic,
                "order_id": each.order_id,
                "url": redact_credentials(each.endpoint.url),
                "has_credentials": each.endpoint.user is not None,
            }
            for each in simulator.subscriptions.find()
        ],
        "disconnects": [_order_fields(each) for each in simulator.disconnects.find()],
        **_hosted(simulator),
    }


def _hosted(simulator: Simulator) -> dict[str, Any]:
    """Return the data of hosted messaging: first from the Dashboard, then from Catapult."""
    return {
        "external_orders": [
            {
                "id": each.id,
                "customer_order_id": each.customer_order_id,
                "status": each.status,
                "action": each.action,
                "quantity": len(each.numbers),
                "failed_numbers": [f"+1{number}" for number in each.numbers if number in each.failed],
            }
            for each in simulator.external_tns.find()
        ],
        "external_numbers": [
            {"number": each.e164, "site_id": each.site_id, "location_id": each.location_id}
            for each in simulator.account.list_numbers(is_hosted=True)
        ],
        "imports": [
            {**_order_fields(each), "loa_type": each.loa_type, "letters": len(each.letters)}
            for each in simulator.imports.find()
        ],
        "removals": [_order_fields(each) for each in simulator.removals.find()],
        "number_options": [_order_fields(each) for each in simulator.number_options.find()],
        "campaigns": [
            {"id": each.id, "status": each.status, "numbers": simulator.registrations.list_numbers(each)}
            for each in simulator.registrations.campaigns()
        ],
        "toll_free_verifications": [
            {"number": f"+1{number}", "status": each.status}
            for number, each in simulator.registrations.verifications().items()
        ],
        "catapult_applications": [
            {
                "id": each.id,
                "name": each.name,
                "callback_urls": [redact_credentials(url) for url in each.urls],
                "has_credentials": any(redact_credentials(url) != url for url in each.urls),
                "callback_http_method": each.method,
                "callback_timeout": each.timeout,
            }
            for each in simulator.catapult.applications()
        ],
        "phone_numbers": [
            {
                "id": each.id,
                "number": each.number,
                "name": each.name,
                "application_id": each.application_id,
                "state": each.state,
            }
            for each in [*simulator.catapult.numbers(), *simulator.catapult.numbers("released")]
        ],
    }


def _callbacks(application: Application) -> dict[str, Any]:
    """Return the URLs of an application: `callback_url` for inbound messages, `outbound_url` for events of
    outgoing messages.
    """
    inbound, outbound = application.endpoint("in"), application.endpoint("out")
    return {
        "callback_url": redact_credentials(inbound.url) if inbound else None,
        "outbound_url": redact_credentials(outbound.url) if outbound else None,
        "callback_types": application.callback_types,
        "has_credentials": any(each is not None and each.user is not None for each in (inbound, outbound)),
    }


def _order_fields(order: NumbersOrder) -> dict[str, Any]:
    """Return an order that lists its numbers."""
    return {
        "id": order.id,
        "customer_order_id": order.customer_order_id,
        "status": order.status,
        "numbers": [f"+1{number}" for number in order.numbers],
        "failed_numbers": [f"+1{number}" for number in order.missed_numbers],
    }
