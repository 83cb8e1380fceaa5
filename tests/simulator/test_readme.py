"""The simulator's README documents every control endpoint and every field of its requests."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from simulator.account.order_outcomes import OrderOutcome, OrderOutcomeError
from simulator.account.subscriptions import NotificationFaults
from simulator.control.callbacks import Bulk
from simulator.control.imports import Letters, NotImportable
from simulator.control.messaging import File, HandsetLocation, Inbound, Read, Suggestion
from simulator.control.numbers import Appearance, Supply
from simulator.control.oauth2 import Rotation
from simulator.control.path import PREFIX
from simulator.control.registration import CampaignInput, Switches, VerificationInput
from simulator.faults import Fault, FaultResponse
from simulator.messaging.events import Style
from simulator.messaging.outcomes import Outcome
from simulator.rate_limits import Limits
from simulator.server import create_app
from simulator.simulator import Settings, Simulator
from tests.simulator.support import CONFIG

README = (Path(__file__).parents[2] / "simulator" / "README.md").read_text()
ENDPOINT = re.compile(r"`(GET|PUT|POST|DELETE) (/_simulator/[^`?]*)")
REQUESTS: list[type[BaseModel]] = [
    Appearance, Bulk, OrderOutcome, OrderOutcomeError, Fault, FaultResponse, File, Inbound, Letters, Limits,
    NotificationFaults, NotImportable, Outcome, Read, Rotation, Style, Suggestion, Supply, Switches,
    CampaignInput, VerificationInput, HandsetLocation,
]  # fmt: skip


def without_names(path: str) -> str:
    """Return the path with every parameter as {}."""
    return re.sub(r"<[^>]*>|\{[^}]*\}", "{}", path)


def test_every_control_endpoint_is_documented_and_no_other() -> None:
    simulator = Simulator(CONFIG, Settings())
    rules = [rule for rule in create_app(simulator).url_map.iter_rules() if rule.rule.startswith(PREFIX)]
    simulator.close()

    served = {
        (method, without_names(rule.rule))
        for rule in rules
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    assert {(method, without_names(path)) for method, path in ENDPOINT.findall(README)} == served


@pytest.mark.parametrize("request_model", REQUESTS, ids=lambda model: model.__name__)
def test_every_field_of_a_control_request_is_documented(request_model: type[BaseModel]) -> None:
    names = {field.alias or name for name, field in request_model.model_fields.items()}

    assert {name for name in names if f"`{name}`" not in README} == set()
