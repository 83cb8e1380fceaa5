"""Control of notifications: what was told, and what is to go wrong with the next."""

from flask import Blueprint, Response, jsonify

from local.bandwidth.control_input import told
from local.bandwidth.simulator import Simulator
from local.bandwidth.subscriptions import Manner

Answer = tuple[Response, int]


def add(control: Blueprint, simulator: Simulator) -> None:
    @control.get("/notifications")
    def notifications() -> Answer:
        return jsonify(notifications=simulator.subscriptions.notifications()), 200

    @control.put("/notifications")
    def spoil_notifications() -> Answer:
        manner = told(Manner)
        simulator.subscriptions.set_manner(manner)
        return jsonify(manner.model_dump()), 200
