"""The functions and state machines of the project, as its folders list them."""

import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.template import ROOT


def pascal(name: str) -> str:
    """Return create_application as CreateApplication."""
    return "".join(part.capitalize() for part in name.split("_"))


@dataclass(frozen=True)
class Function:
    """A function: functions/<room>/<name>.py."""

    room: str
    name: str

    def __str__(self) -> str:
        return f"{self.room}/{self.name}"

    @property
    def path(self) -> Path:
        """The module's file."""
        return ROOT / "functions" / self.room / f"{self.name}.py"

    @property
    def logical_id(self) -> str:
        """Its logical id: the name in Pascal case. A step of a machine has its room in front."""
        return (pascal(self.room) if self.room in MACHINES else "") + pascal(self.name)

    @property
    def sample_event(self) -> Path:
        """The file of its sample event."""
        return ROOT / "events" / self.room / f"{self.name}.json"

    def load(self) -> ModuleType:
        """Import the module."""
        return importlib.import_module(f"functions.{self.room}.{self.name}")


def machine(name: str) -> dict[str, Any]:
    """Read the definition of a state machine."""
    definition: dict[str, Any] = json.loads((ROOT / "statemachines" / f"{name}.asl.json").read_text())
    return definition


MACHINES = sorted(path.name.removesuffix(".asl.json") for path in (ROOT / "statemachines").iterdir())
FUNCTIONS = sorted(
    (Function(path.parent.name, path.stem) for path in (ROOT / "functions").glob("*/*.py")), key=str
)
