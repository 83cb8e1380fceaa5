"""Control of notifications: list them, and set faults for the next ones."""

from flask import Blueprint, jsonify

from simulator.account.subscriptions import NotificationFaults
from simulator.control.models import read_body
from simulator.json_responses import JsonResponse
from simulator.simulator import Simulator


def add(control: Blueprint, simulator: Simulator) -> None:
    @control.get("/notifications")
    def notifications() -> JsonResponse:
        return jsonify(notifications=simulator.subscriptions.notifications()), 200

    @control.put("/notifications")
    def spoil_notifications() -> JsonResponse:
        faults = read_body(NotificationFaults)
        simulator.subscriptions.set_faults(faults)
        return jsonify(faults.model_dump()), 200
