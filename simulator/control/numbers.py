"""Control of numbers: limit the supply, add or remove numbers without an order."""

from flask import Blueprint, jsonify
from pydantic import BaseModel, ConfigDict, NonNegativeInt

from simulator.account.numbers import AccountNumber
from simulator.control.models import read_body, us_digits
from simulator.json_responses import JsonResponse
from simulator.rejections import RejectedError
from simulator.simulator import Simulator


class Supply(BaseModel):
    """The count of available numbers for a name: an area code, a state, a city or one number."""

    model_config = ConfigDict(extra="forbid")
    available: NonNegativeInt


class Appearance(BaseModel):
    """A number that appears at a location without an order."""

    model_config = ConfigDict(extra="forbid")
    number: str
    location_id: str
    hosted: bool = False


def add(control: Blueprint, simulator: Simulator) -> None:
    _supply(control, simulator)
    _drift(control, simulator)


def _supply(control: Blueprint, simulator: Simulator) -> None:
    @control.get("/supply")
    def supply() -> JsonResponse:
        return jsonify(simulator.supply.limits()), 200

    @control.put("/supply/<name>")
    def limit_supply(name: str) -> JsonResponse:
        simulator.supply.limit(name, read_body(Supply).available)
        return jsonify(simulator.supply.limits()), 200

    @control.delete("/supply/<name>")
    def lift_limit(name: str) -> JsonResponse:
        simulator.supply.limit(name, None)
        return jsonify(simulator.supply.limits()), 200


def _drift(control: Blueprint, simulator: Simulator) -> None:
    account = simulator.account

    @control.post("/numbers")
    def add_number() -> JsonResponse:
        appearance = read_body(Appearance)
        location = account.find_location(appearance.location_id)
        if location is None:
            raise RejectedError(
                404,
                None,
                f"Location {appearance.location_id} does not exist. See GET /_simulator/account.",
            )
        number = AccountNumber(
            us_digits(appearance.number),
            location.site_id,
            location.id,
            hosted_by="importTnOrders" if appearance.hosted else None,
        )
        with account.lock:
            account.update_orders()
            account.numbers.add(number)
        return jsonify(number=number.e164, location_id=location.id, hosted=number.is_hosted), 201

    @control.delete("/numbers/<number>")
    def remove_number(number: str) -> JsonResponse:
        with account.lock:
            account.update_orders()
            removed = account.numbers.remove(us_digits(number))
            if removed is None:
                words = f"{number} is not a number of this account. See GET /_simulator/account."
                raise RejectedError(404, None, words)
            if removed.is_hosted:
                simulator.subscriptions.report_messaging_lost([removed.number])
        return jsonify({}), 200
