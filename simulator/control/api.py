"""The control API under /_simulator: read what happened, and set what happens next."""

from dataclasses import asdict

from flask import Blueprint, jsonify, request

from simulator.account.order_outcomes import OrderOutcome
from simulator.control import (
    callbacks,
    imports,
    messaging,
    numbers,
    oauth2,
    registration,
    subscriptions,
)
from simulator.control.account import describe_account
from simulator.control.models import UnprocessableError, number, read_body
from simulator.control.path import PREFIX
from simulator.faults import Fault
from simulator.json_responses import JsonResponse
from simulator.messaging.outcomes import Outcome
from simulator.messaging.sent_messages import summary
from simulator.rate_limits import LIFTED, Limits
from simulator.rejections import RejectedError
from simulator.simulator import Simulator
from simulator.telephone_numbers import e164


def blueprint(simulator: Simulator) -> Blueprint:
    control = Blueprint("control", __name__, url_prefix=PREFIX)

    @control.errorhandler(UnprocessableError)
    def reject_body(error: UnprocessableError) -> JsonResponse:
        return jsonify(error=str(error)), 422

    @control.errorhandler(RejectedError)
    def reject(rejected: RejectedError) -> JsonResponse:
        return jsonify(error=rejected.description), rejected.status

    _add_reads(control, simulator)
    _add_outcomes(control, simulator)
    _faults(control, simulator)
    _rate_limits(control, simulator)
    for part in (imports, numbers, callbacks, messaging, oauth2, registration, subscriptions):
        part.add(control, simulator)
    return control


def _add_reads(control: Blueprint, simulator: Simulator) -> None:
    @control.get("/health")
    def health() -> JsonResponse:
        return jsonify(status="ok", callbacks_pending=simulator.courier.pending()), 200

    @control.get("/messages")
    def messages() -> JsonResponse:
        found = simulator.sent.find(
            request.args.get("api"),
            _number_parameter("from"),
            _number_parameter("to"),
            request.args.get("tag"),
        )
        if not _flag("summary"):
            return jsonify(messages=[each.shown() for each in found]), 200
        callbacks = simulator.courier.summary({each.id for each in found})
        return jsonify(**summary(found), callbacks=callbacks), 200

    @control.get("/requests")
    def requests() -> JsonResponse:
        path, method = request.args.get("path", ""), request.args.get("method")
        found = simulator.capture.requests(path, method, _flag("bodies"))
        return jsonify(requests=found), 200

    @control.get("/callbacks")
    def callbacks() -> JsonResponse:
        shown = [each.shown() for each in simulator.courier.deliveries()]
        for name in ("api", "type", "message_id", "to", "state"):
            if wanted := _number_parameter(name) if name == "to" else request.args.get(name):
                shown = [each for each in shown if each[name] == wanted]
        return jsonify(callbacks=shown), 200

    @control.get("/account")
    def account() -> JsonResponse:
        return jsonify(describe_account(simulator)), 200


def _add_outcomes(control: Blueprint, simulator: Simulator) -> None:
    @control.put("/orders/<customer_order_id>")
    def decide_order(customer_order_id: str) -> JsonResponse:
        outcome = read_body(OrderOutcome)
        simulator.orders.decide_order(customer_order_id, outcome)
        return jsonify(outcome.model_dump(exclude_none=True)), 200

    @control.put("/area-codes/<area_code>")
    def decide_area_code(area_code: str) -> JsonResponse:
        outcome = read_body(OrderOutcome)
        simulator.orders.decide_area_code(area_code, outcome)
        return jsonify(outcome.model_dump(exclude_none=True)), 200

    @control.put("/outcomes/<recipient>")
    def decide_outcome(recipient: str) -> JsonResponse:
        outcome = read_body(Outcome)
        try:
            simulator.outcomes.decide(number(recipient), outcome)
        except ValueError as error:
            raise UnprocessableError(str(error)) from None
        return jsonify(outcome.model_dump(exclude_none=True, by_alias=True)), 200

    @control.post("/reset")
    def reset() -> JsonResponse:
        simulator.reset()
        return jsonify({}), 200


def _faults(control: Blueprint, simulator: Simulator) -> None:
    @control.get("/faults")
    def faults() -> JsonResponse:
        return jsonify(faults=simulator.faults.shown()), 200

    @control.post("/faults")
    def add_fault() -> JsonResponse:
        fault = read_body(Fault)
        return jsonify(id=simulator.faults.add(fault), **fault.model_dump(exclude_none=True)), 201

    @control.delete("/faults")
    def clear_faults() -> JsonResponse:
        simulator.faults.reset()
        return jsonify({}), 200

    @control.delete("/faults/<int:fault_id>")
    def remove_fault(fault_id: int) -> JsonResponse:
        if not simulator.faults.remove(fault_id):
            raise RejectedError(
                404,
                None,
                f"Fault {fault_id} does not exist or has ended. GET /_simulator/faults lists the faults.",
            )
        return jsonify({}), 200


def _rate_limits(control: Blueprint, simulator: Simulator) -> None:
    def shown() -> JsonResponse:
        return jsonify(simulator.rate_limits.limits.model_dump(exclude_none=True)), 200

    @control.get("/pace")
    def pace() -> JsonResponse:
        return shown()

    @control.get("/send-counts")
    def send_counts() -> JsonResponse:
        return jsonify(asdict(simulator.rate_limits.send_counts())), 200

    @control.put("/pace")
    def set_pace() -> JsonResponse:
        simulator.rate_limits.set(read_body(Limits))
        return shown()

    @control.delete("/pace")
    def lift_pace() -> JsonResponse:
        simulator.rate_limits.set(LIFTED)
        return shown()


def _flag(option: str) -> bool:
    return request.args.get(option, "").lower() in ("1", "true")


def _number_parameter(name: str) -> str | None:
    """Return a number of the query in E.164. Other text stays as it is and matches nothing."""
    text = request.args.get(name)
    return text and (e164(text) or text)
