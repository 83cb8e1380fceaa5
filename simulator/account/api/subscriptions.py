"""The Dashboard API's subscriptions: URLs notified of order changes (page on subscriptions)."""

from dataclasses import replace

from flask import Blueprint, Response, request
from lxml import etree

from simulator.account.account import Account
from simulator.account.api.access import guard
from simulator.account.api.xml import element, parse, text, xml_response
from simulator.account.api_version import is_v2
from simulator.account.subscriptions import MESSAGING_LOST, NumberFormat, Subscription, Subscriptions
from simulator.callbacks import Endpoint
from simulator.rejections import RejectedError

ROOT = "SubscriptionsResponse"


def blueprint(account: Account, subscriptions: Subscriptions) -> Blueprint:
    api = Blueprint("subscriptions", __name__, url_prefix="/accounts/<account_id>/subscriptions")
    guard(api, account, {"": ROOT})

    def listed(found: list[Subscription]) -> Response:
        shown = (_subscription(each, subscriptions.last_status(each)) for each in found)
        return xml_response(element(ROOT, element("Subscriptions", *shown)))

    @api.post("")
    def subscribe() -> Response:
        subscription = _read_subscription()
        subscriptions.subscribe(subscription)
        return Response(status=201, headers={"Location": f"{request.base_url}/{subscription.id}"})

    @api.get("")
    def list_subscriptions() -> Response:
        return listed(subscriptions.find())

    @api.get("/<subscription_id>")
    def get_subscription(subscription_id: str) -> Response:
        return listed([subscriptions.get(subscription_id)])

    @api.put("/<subscription_id>")
    def change_subscription(subscription_id: str) -> Response:
        subscriptions.subscribe(_read_subscription(subscription_id), instead_of=subscription_id)
        return Response(status=200)

    @api.delete("/<subscription_id>")
    def cancel_subscription(subscription_id: str) -> Response:
        subscriptions.cancel(subscription_id)
        return Response(status=200)

    return api


def _read_subscription(subscription_id: str | None = None) -> Subscription:
    """Parse the subscription of the request body. Raises RejectedError (400)."""
    body = parse(request.get_data(), "Subscription")
    topics = [each for each in (text(body, "OrderType"), text(body, "EventType")) if each]
    if len(topics) != 1:
        raise RejectedError(400, "1003", "Either OrderType or EventType is required.")
    callback = body.find("CallbackSubscription")
    if callback is None:
        raise RejectedError(400, "1003", "CallbackSubscription is required. No other kind is supported.")
    required = {name: text(callback, name) for name in ("URL", "Expiry")}
    for name, value in required.items():
        if not value:
            raise RejectedError(400, "1003", f"{name} is required.")
    expiry = required["Expiry"] or ""
    credentials = "CallbackCredentials/BasicAuthentication"
    subscription = Subscription(
        topic=topics[0],
        order_id=text(body, "OrderId") or None,
        endpoint=Endpoint(
            required["URL"] or "",
            text(callback, f"{credentials}/Username") or None,
            text(callback, f"{credentials}/Password"),
        ),
        expiry=int(expiry) if expiry.isascii() and expiry.isdigit() else 0,
        number_format=_number_format(text(callback, "NumberFormat")),
    )
    return subscription if subscription_id is None else replace(subscription, id=subscription_id)


def _number_format(text: str | None) -> NumberFormat:
    match text:
        case None | "":
            return "E164" if is_v2() else "LEGACY"
        case "LEGACY":
            return "LEGACY"
        case "E164":
            return "E164"
        case _:
            raise RejectedError(400, "1006", "NumberFormat must be LEGACY or E164.")


def _subscription(subscription: Subscription, last_status: str | None) -> etree._Element:
    """Return a subscription as published, with the user name and without the password."""
    shown = element("Subscription", element("SubscriptionId", subscription.id))
    name = "EventType" if subscription.topic == MESSAGING_LOST else "OrderType"
    shown.append(element(name, subscription.topic))
    if subscription.order_id:
        shown.append(element("OrderId", subscription.order_id))
    callback = element("CallbackSubscription", element("URL", subscription.endpoint.url))
    callback.append(element("Expiry", subscription.expiry))
    if last_status is not None:
        callback.append(element("Status", last_status))
    if subscription.endpoint.user:
        basic = element("BasicAuthentication", element("Username", subscription.endpoint.user))
        callback.append(element("CallbackCredentials", basic))
    callback.append(element("NumberFormat", subscription.number_format))
    shown.append(callback)
    return shown
