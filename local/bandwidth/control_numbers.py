"""The simulator's own API for numbers: which can be ordered, and which come and go without an order."""

from flask import Blueprint, Response, jsonify
from pydantic import BaseModel, ConfigDict, NonNegativeInt

from local.bandwidth.account_numbers import AccountNumber
from local.bandwidth.control_input import UnprocessableError, told
from local.bandwidth.refused import RefusedError
from local.bandwidth.simulator import Simulator
from local.bandwidth.telephone_numbers import ten_digits

Answer = tuple[Response, int]


class Supply(BaseModel):
    """How many numbers are left under a name: an area code, a state, a city, one number, ..."""

    model_config = ConfigDict(extra="forbid")
    available: NonNegativeInt


class Appearance(BaseModel):
    """A number that is suddenly there, at this location."""

    model_config = ConfigDict(extra="forbid")
    number: str
    location_id: str
    hosted: bool = False


def add(control: Blueprint, simulator: Simulator) -> None:
    _supply(control, simulator)
    _drift(control, simulator)


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


def _drift(control: Blueprint, simulator: Simulator) -> None:
    account = simulator.account

    @control.post("/numbers")
    def appear() -> Answer:
        appearance = told(Appearance)
        location = account.find_location(appearance.location_id)
        if location is None:
            raise RefusedError(404, None, f"There is no location {appearance.location_id}.")
        number = AccountNumber(
            _ten_digits(appearance.number), location.site_id, location.id, is_hosted=appearance.hosted
        )
        with account.lock:
            account.settle()
            account.numbers.add(number)
        return jsonify(number=number.e164, location_id=location.id, hosted=number.is_hosted), 201

    @control.delete("/numbers/<number>")
    def vanish(number: str) -> Answer:
        with account.lock:
            account.settle()
            if account.numbers.remove(_ten_digits(number)) is None:
                raise RefusedError(404, None, f"{number} is not a number of this account.")
        return jsonify({}), 200


def _ten_digits(number: str) -> str:
    if found := ten_digits(number):
        return found
    raise UnprocessableError(f"'{number}' is not a US telephone number")
