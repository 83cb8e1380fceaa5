"""The generated sections of docs/architecture.md."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from local import architecture
from tests.contracts.project import MACHINES, machine

every_machine = pytest.mark.parametrize("name", MACHINES)


def states_of(definition: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return every state of a machine, those inside a Map too."""
    found = dict(definition["States"])
    for state in definition["States"].values():
        found |= states_of(state["ItemProcessor"]) if "ItemProcessor" in state else {}
    return found


def test_the_page_is_up_to_date() -> None:
    written = architecture.DOCUMENT.read_text()

    assert architecture.document(written) == written, "make diagrams"


def test_the_page_has_a_diagram_of_every_machine() -> None:
    drawn = re.findall(r"<!-- generated: diagram (\w+) -->", architecture.DOCUMENT.read_text())

    assert sorted(drawn) == MACHINES


@every_machine
def test_a_diagram_shows_every_state_and_every_transition(name: str) -> None:
    drawn = architecture.diagram(name)

    for title, state in states_of(machine(name)).items():
        assert f'"{title}"' in drawn
        nexts = [
            state.get("Next"),
            state.get("Default"),
            *(each["Next"] for each in state.get("Choices", ())),
        ]
        for target in filter(None, nexts):
            source = re.escape(architecture._id(title))
            assert re.search(rf"^ *{source} -->(\|.*\|)? {architecture._id(target)}$", drawn, re.MULTILINE)


@every_machine
def test_a_diagram_names_every_caught_error_with_its_state(name: str) -> None:
    drawn = architecture.diagram(name)

    for title, state in states_of(machine(name)).items():
        for catch in state.get("Catch", ()):
            for error in catch["ErrorEquals"]:
                pattern = rf"^\| {re.escape(error)} \| .*\b{re.escape(title)}\b.* \| {catch['Next']} \|$"
                assert re.search(pattern, drawn, re.MULTILINE)


@every_machine
def test_no_two_states_share_a_node(name: str) -> None:
    ids = [architecture._id(title) for title in states_of(machine(name))]

    assert len(ids) == len(set(ids))


def test_a_condition_cannot_end_a_label() -> None:
    assert (
        architecture._text('$a < 2 and $b > 1 and $c = "x"')
        == "$a #lt; 2 and $b #gt; 1 and $c = #quot;x#quot;"
    )


def test_an_unknown_section_is_an_error() -> None:
    with pytest.raises(KeyError, match="pictures"):
        architecture.document("<!-- generated: pictures messaging_v2 -->\n<!-- /generated -->\n")


def test_the_check_fails_if_a_state_was_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    definition = machine("messaging_v2")
    definition["States"]["Numbers Ready"] = {"Type": "Pass", "Next": "One More"}
    definition["States"]["One More"] = {"Type": "Pass", "End": True}
    real = architecture._definition
    monkeypatch.setattr(
        architecture,
        "_definition",
        lambda name: json.loads(json.dumps(definition)) if name == "messaging_v2" else real(name),
    )
    monkeypatch.setattr("sys.argv", ["architecture", "--check"])

    with pytest.raises(SystemExit, match=r"^docs/architecture\.md is out of date\. Run `make diagrams`\.$"):
        architecture.main()


def test_the_command_writes_what_the_check_then_accepts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "architecture.md"
    page.write_text("# Page\n\n<!-- generated: steps messaging_v2 -->\nold\n<!-- /generated -->\n\nEnd\n")
    monkeypatch.setattr(architecture, "DOCUMENT", page)

    for arguments in ([], ["--check"]):
        monkeypatch.setattr("sys.argv", ["architecture", *arguments])
        architecture.main()

    assert "old" not in page.read_text()
    assert page.read_text().startswith("# Page\n\n<!-- generated")
    assert page.read_text().endswith("<!-- /generated -->\n\nEnd\n")
