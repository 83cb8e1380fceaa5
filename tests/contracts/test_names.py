"""Heading, state, module, logical id and sample event of a step have the same name."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from bandwidth_messaging.domain.opt_out_files import Transfer
from bandwidth_messaging.domain.validation import parse
from bandwidth_messaging.services.setup_check import SETUPS
from tests.contracts.project import FUNCTIONS, MACHINES, Function, machine, pascal
from tests.documents.examples import headings
from tests.template import ROOT, aliased, resources

DEPLOYED = resources("AWS::Serverless::Function")
every_function = pytest.mark.parametrize("function", FUNCTIONS, ids=str)
every_machine = pytest.mark.parametrize("name", MACHINES)
DOCUMENTS = sorted(path.parent.name for path in (ROOT / "tests" / "documents").glob("*/headings.txt"))


def test_every_function_of_the_template_is_a_module_and_every_module_is_deployed() -> None:
    assert sorted(DEPLOYED) == sorted(function.logical_id for function in FUNCTIONS)


@every_function
def test_a_function_of_the_template_has_the_module_of_its_name(function: Function) -> None:
    properties = DEPLOYED[function.logical_id]
    assert (properties["CodeUri"], properties["Handler"]) == (
        f"functions/{function.room}",
        f"{function.name}.handler",
    )


@every_function
def test_every_module_defines_its_handler(function: Function) -> None:
    defined = [
        node.name for node in ast.parse(function.path.read_text()).body if isinstance(node, ast.FunctionDef)
    ]
    assert "handler" in defined


@every_function
def test_every_function_has_a_sample_event(function: Function) -> None:
    assert isinstance(json.loads(function.sample_event.read_text()), dict)


def test_every_sample_event_belongs_to_a_function_or_a_machine() -> None:
    others = {ROOT / "events" / "bus", ROOT / "events" / "releases"}
    samples = {
        path for path in (ROOT / "events").rglob("*") if path.is_file() and not others & set(path.parents)
    }
    executions = {path for path in samples if path.parent.name == "executions"}
    assert samples - executions == {function.sample_event for function in FUNCTIONS}
    assert {machine_of(path) for path in executions} == set(MACHINES)


def machine_of(sample: Path) -> str:
    """Return the machine of a sample input: <machine>.json, or <machine>.<variant>.json."""
    return sample.name.partition(".")[0]


@every_function
def test_the_sample_event_of_a_step_is_a_valid_request(function: Function) -> None:
    request: Any = getattr(function.load(), "Request", None)
    if request is not None:
        parse(request, json.loads(function.sample_event.read_text()))


def test_every_machine_but_opt_outs_is_a_kind_of_set_up() -> None:
    assert sorted([*SETUPS, "opt_outs"]) == MACHINES


@every_machine
def test_the_sample_inputs_of_a_machine_are_valid(name: str) -> None:
    samples = [path for path in (ROOT / "events/executions").iterdir() if machine_of(path) == name]
    assert ROOT / f"events/executions/{name}.json" in samples
    for sample in samples:
        parse({**SETUPS, "opt_outs": Transfer}[name], json.loads(sample.read_text()))


@every_machine
def test_every_machine_is_deployed_under_its_name(name: str) -> None:
    assert resources("AWS::Serverless::StateMachine")[pascal(name)]["DefinitionUri"] == (
        f"statemachines/{name}.asl.json"
    )


# docs/architecture.md: for each machine a table Heading | State | Module | Function of its document, and a
# table State | Module | Function of its other steps. local/architecture.py generates both.

ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()


def generated_tables(section: str) -> dict[str, list[list[str]]]:
    """Return the rows of the generated tables of a section by machine, without Markdown."""
    sections = re.findall(
        rf"<!-- generated: {section} (\w+) -->\n(.*?)<!-- /generated -->", ARCHITECTURE, re.DOTALL
    )
    assert len(sections) == len(dict(sections)), f"a machine has two sections {section}"
    return {name: rows(table) for name, table in sections}


def rows(table: str) -> list[list[str]]:
    """Return the cells of the rows of a table."""
    title, _, *lines = table.strip().splitlines()
    assert cells(title) in (["Heading", "State", "Module", "Function"], ["State", "Module", "Function"])
    return [cells(line) for line in lines]


def steps() -> list[list[str]]:
    """Return heading, state, module and function of every step that has a heading."""
    return [row for table in generated_tables("steps").values() for row in table]


def other_steps() -> list[list[str]]:
    """Return machine, state, module and function of every other step."""
    return [[name, *row] for name, table in generated_tables("other_steps").items() for row in table]


def title_of(heading: str) -> str:
    """Return a heading without its number and its synonym."""
    return re.sub(r"^Step \d+ | \(sippeer\)$", "", heading)


def cells(row: str) -> list[str]:
    """Return the cells of a row without Markdown."""
    plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", row).replace("`", "")
    return [cell.strip() for cell in plain.strip().strip("|").split("|")]


def function_of(module: str) -> Function:
    """Return the function of a module."""
    match = re.fullmatch(r"functions/(\w+)/(\w+)\.py", module)
    assert match, module
    return Function(match[1], match[2])


every_step = pytest.mark.parametrize(("heading", "state", "module", "logical_id"), steps())
every_other_step = pytest.mark.parametrize(("machine_name", "state", "module", "logical_id"), other_steps())


@pytest.mark.parametrize("document", DOCUMENTS)
def test_architecture_lists_the_headings_of_each_document_in_their_order(document: str) -> None:
    assert [row[0] for row in generated_tables("steps")[document]] == headings(document)


def test_every_machine_of_a_set_up_has_a_document() -> None:
    assert sorted([*DOCUMENTS, "opt_outs", "release_numbers"]) == MACHINES


@every_machine
def test_architecture_names_each_module_of_a_machines_room_once(name: str) -> None:
    named = [function_of(module) for _, _, module, _ in steps()]
    named += [function_of(module) for _, _, module, _ in other_steps()]
    assert sorted(str(function) for function in named if function.room == name) == sorted(
        str(function) for function in FUNCTIONS if function.room == name
    )


@every_machine
def test_architecture_names_every_state_that_invokes_a_function_once(name: str) -> None:
    named = [state for _, state, _, _ in generated_tables("steps").get(name, []) if not state.startswith("(")]
    named += [state for state, _, _ in generated_tables("other_steps")[name]]
    assert sorted(named) == sorted(state for state in machine(name)["States"] if invoked_by(name, state))


@every_step
def test_heading_state_module_and_function_are_one_step(
    heading: str, state: str, module: str, logical_id: str
) -> None:
    function, title = function_of(module), title_of(heading)
    assert function in FUNCTIONS
    assert logical_id == function.logical_id
    assert title in (ast.get_docstring(ast.parse(function.path.read_text())) or "")
    if function.room not in MACHINES:
        # A step outside the machines has no state. The column names its place in brackets.
        assert re.fullmatch(r"\(.+\)", state)
        return
    assert state == title
    assert logical_id in invoked_by(function.room, state)


def invoked_by(name: str, state: str) -> set[str]:
    """Return the logical ids of the functions that a state, or a state inside it, invokes."""
    substitutions = resources("AWS::Serverless::StateMachine")[pascal(name)]["DefinitionSubstitutions"]
    placeholders = re.findall(r"\$\{(\w+)\}", json.dumps(machine(name)["States"][state]))
    values = [substitutions[placeholder] for placeholder in placeholders]
    return set(map(aliased, values)) & DEPLOYED.keys()


@every_step
def test_the_comment_of_a_state_has_the_words_of_its_heading(
    heading: str, state: str, module: str, logical_id: str
) -> None:
    if (function := function_of(module)).room not in MACHINES:
        return
    comment = machine(function.room)["States"][state]["Comment"].lower()
    # The comment can inflect a word: Enable, enables.
    stems = [word[:5].lower() for word in re.findall(r"\w{4,}|SMS|MMS", title_of(heading))]
    assert [stem for stem in stems if stem not in comment] == []


@every_step
def test_a_step_is_recorded_under_the_name_of_its_state(
    heading: str, state: str, module: str, logical_id: str
) -> None:
    if (function := function_of(module)).room in MACHINES:
        assert recorded_names(function) == [state]


@every_other_step
def test_a_step_without_a_heading_belongs_to_its_machine_and_is_recorded_under_its_state(
    machine_name: str, state: str, module: str, logical_id: str
) -> None:
    function = function_of(module)
    assert function.logical_id == logical_id
    assert logical_id in invoked_by(machine_name, state)
    if function.room in MACHINES:
        assert recorded_names(function) == [state]


def recorded_names(function: Function) -> list[Any]:
    """Return the names that the decorator of a step gets."""
    return [
        decorator.args[0].value
        for node in ast.parse(function.path.read_text()).body
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and isinstance(decorator.args[0], ast.Constant)
    ]
