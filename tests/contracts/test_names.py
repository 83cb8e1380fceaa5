"""One name runs through heading, state, module, logical id and sample event."""

import ast
import json
import re
from typing import Any

import pytest

from bandwidth_messaging.domain.setups import MessagingV2Setup
from bandwidth_messaging.domain.validation import parse
from tests.contracts.house import FUNCTIONS, MACHINES, Function, machine, pascal
from tests.documents.examples import headings
from tests.template import ROOT, resources

DEPLOYED = resources("AWS::Serverless::Function")
every_function = pytest.mark.parametrize("function", FUNCTIONS, ids=str)
every_machine = pytest.mark.parametrize("name", MACHINES)
DOCUMENTS = sorted(path.parent.name for path in (ROOT / "tests" / "documents").glob("*/headings.txt"))


def test_every_function_of_the_template_is_a_module_and_every_module_is_deployed() -> None:
    assert sorted(DEPLOYED) == sorted(function.logical_id for function in FUNCTIONS)


@every_function
def test_the_template_points_at_the_module_of_the_same_name(function: Function) -> None:
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


def test_every_sample_event_is_of_a_function_or_a_machine() -> None:
    samples = {path for path in (ROOT / "events").rglob("*") if path.is_file()}
    assert samples == {function.sample_event for function in FUNCTIONS} | {
        ROOT / "events" / "executions" / f"{name}.json" for name in MACHINES
    }


@every_function
def test_the_sample_event_of_a_step_is_what_the_step_takes(function: Function) -> None:
    request: Any = getattr(function.load(), "Request", None)
    if request is not None:
        parse(request, json.loads(function.sample_event.read_text()))


def test_the_sample_input_of_messaging_v2_is_a_set_up() -> None:
    parse(MessagingV2Setup, json.loads((ROOT / "events/executions/messaging_v2.json").read_text()))


@every_machine
def test_every_machine_is_deployed_under_its_name(name: str) -> None:
    assert resources("AWS::Serverless::StateMachine")[pascal(name)]["DefinitionUri"] == (
        f"statemachines/{name}.asl.json"
    )


# The table of the README: Heading | State | Module | Function


def tables() -> list[list[list[str]]]:
    """Return the rows of the README's tables of steps, one per document, without marks of code and links."""
    found = re.findall(r"<!-- steps -->(.*?)<!-- /steps -->", (ROOT / "README.md").read_text(), re.DOTALL)
    return [rows(table) for table in found]


def rows(table: str) -> list[list[str]]:
    title, _, *lines = table.strip().splitlines()
    assert cells(title) == ["Heading", "State", "Module", "Function"]
    return [cells(line) for line in lines]


def steps() -> list[list[str]]:
    """Return the rows of all tables."""
    return [row for table in tables() for row in table]


def title_of(heading: str) -> str:
    """Return a heading without its number and its second name."""
    return re.sub(r"^Step \d+ | \(sippeer\)$", "", heading)


def cells(row: str) -> list[str]:
    plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", row).replace("`", "")
    return [cell.strip() for cell in plain.strip().strip("|").split("|")]


def function_of(module: str) -> Function:
    match = re.fullmatch(r"functions/(\w+)/(\w+)\.py", module)
    assert match, module
    return Function(match[1], match[2])


every_step = pytest.mark.parametrize(("heading", "state", "module", "logical_id"), steps())


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_readme_has_a_table_of_the_documents_headings_in_their_order(document: str) -> None:
    assert headings(document) in [[row[0] for row in table] for table in tables()]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_readme_names_every_module_of_a_documents_room(document: str) -> None:
    named = {function_of(module) for _, _, module, _ in steps()}
    assert {each for each in FUNCTIONS if each.room == document} - named == set()


@every_step
def test_heading_state_module_and_function_are_one_step(
    heading: str, state: str, module: str, logical_id: str
) -> None:
    function, title = function_of(module), title_of(heading)
    assert function in FUNCTIONS
    assert logical_id == function.logical_id
    assert title in (ast.get_docstring(ast.parse(function.path.read_text())) or "")
    if function.room not in MACHINES:
        # What no machine does has no state; the column then says in brackets where it is done.
        assert re.fullmatch(r"\(.+\)", state)
        return
    assert state == title
    substitutions = resources("AWS::Serverless::StateMachine")[pascal(function.room)][
        "DefinitionSubstitutions"
    ]
    invoked = {
        placeholder
        for placeholder, value in substitutions.items()
        if value == {"Fn::GetAtt": [logical_id, "Arn"]}
    }
    assert invoked & set(re.findall(r"\$\{(\w+)\}", json.dumps(machine(function.room)["States"][state])))


@every_step
def test_a_step_records_itself_under_its_states_name(
    heading: str, state: str, module: str, logical_id: str
) -> None:
    if (function := function_of(module)).room in MACHINES:
        assert recorded_as(function) == [state]


def recorded_as(function: Function) -> list[Any]:
    """Return the name that a step gives the decorator."""
    return [
        decorator.args[0].value
        for node in ast.parse(function.path.read_text()).body
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and isinstance(decorator.args[0], ast.Constant)
    ]
