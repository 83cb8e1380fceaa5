"""The simulator's own API for numbers: which can be ordered."""

from flask import Blueprint, Response, jsonify
from pydantic import BaseModel, ConfigDict, NonNegativeInt

from local.bandwidth.control_input import told
from local.bandwidth.simulator import Simulator

Answer = tuple[Response, int]


class Supply(BaseModel):
    """How many numbers are left under a name: an area code, a state, a city, one number, ..."""

    model_config = ConfigDict(extra="forbid")
    available: NonNegativeInt


def add(control: Blueprint, simulator: Simulator) -> None:
    _supply(control, simulator)


def _supply(control: Blueprint, simulator: Simulator) -> None:
    @control.get("/supply")
    def supply() -> Answer:
        return jsonify(simulator.supply.limits()), 200

    @control.put("/supply/<name>")
    def limit_supply(name: str) -> Answer:
        simulator.supply.limit(name, told(Supply).available)
        return jsonify(simulator.supply.limits()), 200

    @control.delete("/supply/<name>")
    def lift_limit(name: str) -> Answer:
        simulator.supply.limit(name, None)
        return jsonify(simulator.supply.limits()), 200
