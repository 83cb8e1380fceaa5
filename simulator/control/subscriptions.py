"""Control of notifications: list them, and set faults for the next ones."""

from flask import Blueprint, Response, jsonify

from simulator.account.subscriptions import Manner
from simulator.control.models import read_body
from simulator.simulator import Simulator

Answer = tuple[Response, int]


def add(control: Blueprint, simulator: Simulator) -> None:
    @control.get("/notifications")
    def notifications() -> Answer:
        return jsonify(notifications=simulator.subscriptions.notifications()), 200

    @control.put("/notifications")
    def spoil_notifications() -> Answer:
        manner = read_body(Manner)
        simulator.subscriptions.set_manner(manner)
        return jsonify(manner.model_dump()), 200
