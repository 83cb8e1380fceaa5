"""Control of current hosted messaging: importable numbers, and whether orders wait for letters."""

from flask import Blueprint, jsonify
from pydantic import BaseModel, ConfigDict, field_validator

from simulator.account.importability import WORDS
from simulator.control.models import read_body, us_digits
from simulator.json_responses import JsonResponse
from simulator.simulator import Simulator


class NotImportable(BaseModel):
    """The reason why a number cannot be imported, as one of the published codes."""

    model_config = ConfigDict(extra="forbid")
    code: int

    @field_validator("code")
    @classmethod
    def _is_published(cls, code: int) -> int:
        if code not in WORDS:
            raise ValueError(f"{code} is not a published code. Use one of {', '.join(map(str, WORDS))}.")
        return code


class Letters(BaseModel):
    """Whether an import with LoaType SUBSCRIBER waits for a letter of authorization."""

    model_config = ConfigDict(extra="forbid")
    needs_letter: bool


def add(control: Blueprint, simulator: Simulator) -> None:
    @control.put("/importable/<number>")
    def forbid_import(number: str) -> JsonResponse:
        chosen = read_body(NotImportable)
        simulator.importability.decide(us_digits(number), chosen.code)
        return jsonify(code=chosen.code, description=WORDS[chosen.code]), 200

    @control.delete("/importable/<number>")
    def allow_import(number: str) -> JsonResponse:
        simulator.importability.decide(us_digits(number), None)
        return jsonify({}), 200

    @control.put("/letters")
    def set_letters() -> JsonResponse:
        letters = read_body(Letters)
        simulator.imports.needs_letter = letters.needs_letter
        return jsonify(letters.model_dump()), 200
