"""The generated sections of docs/architecture.md: each state machine as a diagram, and its steps as tables.

``python -m local.architecture`` writes them; ``--check`` fails if they are out of date.
"""

import argparse
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from samcli.yamlhelper import yaml_parse

ROOT: Final = Path(__file__).resolve().parent.parent
DOCUMENT: Final = ROOT / "docs" / "architecture.md"
# The headings of Bandwidth's two documents, in their order. Without the step number and "(sippeer)", a
# heading is the name of a state.
HEADINGS: Final = {
    "messaging_v2": (
        "Create application",
        "Create location (sippeer)",
        "Enable SMS on Location (sippeer)",
        "Enable MMS on Location (sippeer)",
        "Assign Application to Location (sippeer)",
        "Order Available Numbers",
        "Check Order Status",
        "Send Text Message",
    ),
    "hosted_messaging": (
        "Step 1 Create Import Request",
        "Step 2 Get Status",
        "Step 3 Create Application",
        "Step 4 Import Number",
        "Step 5 Send Message",
        "Step 6 Incoming Messages",
    ),
    "opt_outs": (),
    "release_numbers": (),
}
# Steps that no state machine runs: their trigger and their function.
_WITHOUT_STATE: Final = {
    "Send Text Message": ("(queue)", "DeliverMessage"),
    "Send Message": ("(queue)", "DeliverMessage"),
    "Incoming Messages": ("(callback)", "ReceiveCallback"),
}
_MARKED: Final = re.compile(r"(<!-- generated: (\w+) (\w+) -->\n).*?(<!-- /generated -->)", re.DOTALL)
# An error that more states catch has one edge in the diagram.
_MAX_CATCH_EDGES: Final = 2
_SHAPES: Final = {
    "Task": '["{}"]',
    "Choice": '{{"{}"}}',
    "Wait": '[/"{}"/]',
    "Pass": '(["{}"])',
    "Succeed": '(["{}"])',
    "Fail": '[["{}"]]',
}


def document(text: str) -> str:
    """Return the page with its generated sections. Raises KeyError for an unknown section."""
    sections = {"diagram": diagram, "steps": steps, "other_steps": other_steps}
    return _MARKED.sub(lambda found: f"{found[1]}{sections[found[2]](found[3])}{found[4]}", text)


# Diagrams


def diagram(machine: str) -> str:
    """Return a state machine as a Mermaid flowchart, and the table of the errors that its states catch."""
    definition = _definition(machine)
    catches = _catches(definition["States"])
    lines = [
        "flowchart TD",
        '    start(["start"]) --> ' + _id(definition["StartAt"]),
        *_states(definition),
        *_catch_edges(catches),
    ]
    table = _table(
        ("Error", "Caught in", "Next state"),
        ((errors, ", ".join(sources), target) for (errors, target), sources in catches.items()),
    )
    return "```mermaid\n" + "\n".join(lines) + "\n```\n\n" + table


def _states(definition: Mapping[str, Any], indent: str = "    ") -> Iterator[str]:
    """Yield a node and its transitions for each state. The states of a Map are in a subgraph."""
    for name, state in definition["States"].items():
        if state["Type"] == "Map":
            yield f'{indent}subgraph {_id(name)}["{_text(name)}"]'
            yield from _states(state["ItemProcessor"], indent + "    ")
            yield f"{indent}end"
        else:
            yield indent + _id(name) + _SHAPES[state["Type"]].format(_text(name))
        for target, label in _transitions(state):
            arrow = f'-->|"{_text(label)}"|' if label else "-->"
            yield f"{indent}{_id(name)} {arrow} {_id(target)}"


def _transitions(state: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the next states of a state, each with its condition."""
    for choice in state.get("Choices", ()):
        yield choice["Next"], choice["Condition"].removeprefix("{%").removesuffix("%}").strip()
    if "Default" in state:
        yield state["Default"], "otherwise"
    if "Next" in state:
        yield state["Next"], ""


def _catches(states: Mapping[str, Any]) -> dict[tuple[str, str], list[str]]:
    """Return the names of the states that catch an error, by error and next state."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, state in states.items():
        for catch in state.get("Catch", ()):
            for error in catch["ErrorEquals"]:
                found[error, catch["Next"]].append(name)
        for key, sources in _catches(state.get("ItemProcessor", {}).get("States", {})).items():
            found[key] += sources
    return found


def _catch_edges(catches: Mapping[tuple[str, str], list[str]]) -> Iterator[str]:
    for number, ((error, target), sources) in enumerate(catches.items(), start=1):
        if len(sources) > _MAX_CATCH_EDGES:
            yield f'    caught{number}>"{error} in any of {len(sources)} states"] -.-> {_id(target)}'
        else:
            yield from (f'    {_id(source)} -.->|"{error}"| {_id(target)}' for source in sources)


def _id(name: str) -> str:
    return re.sub(r"\W", "", name.title())


def _text(text: str) -> str:
    """Return a text escaped for Mermaid's quotes."""
    return text.replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")


# Steps


def steps(machine: str) -> str:
    """Return the table of a document's headings with the state, module and function of each."""
    rows = []
    for heading in HEADINGS[machine]:
        title = _title(heading)
        if title in _WITHOUT_STATE:
            rows.append((heading, *_WITHOUT_STATE[title]))
        else:
            (function,) = _find_functions(machine, title)
            rows.append((heading, title, function))
    return _table(
        ("Heading", "State", "Module", "Function"),
        ((heading, state, f"`{_module(function)}`", function) for heading, state, function in rows),
    )


def other_steps(machine: str) -> str:
    """Return the table of the states without a heading, with their modules and functions."""
    titles = {_title(heading) for heading in HEADINGS[machine]}
    return _table(
        ("State", "Module", "Function"),
        (
            (state, f"`{_module(function)}`", function)
            for state in _definition(machine)["States"]
            if state not in titles
            for function in _find_functions(machine, state)
        ),
    )


def _title(heading: str) -> str:
    return re.sub(r"^Step \d+ | \(sippeer\)$", "", heading)


def _find_functions(machine: str, state: str) -> list[str]:
    """Return the logical ids of the functions that a state, or a state inside it, invokes."""
    (properties,) = (
        resource["Properties"]
        for resource in _resources().values()
        if resource["Type"] == "AWS::Serverless::StateMachine"
        and resource["Properties"]["DefinitionUri"] == f"statemachines/{machine}.asl.json"
    )
    placeholders = re.findall(r"\$\{(\w+)\}", json.dumps(_definition(machine)["States"][state]))
    references = (properties["DefinitionSubstitutions"][name]["Ref"] for name in dict.fromkeys(placeholders))
    return [each.removesuffix(".Alias") for each in references if each.endswith(".Alias")]


def _module(function: str) -> str:
    """Return the file of a function's handler."""
    properties = _resources()[function]["Properties"]
    return f"{properties['CodeUri']}/{properties['Handler'].removesuffix('.handler')}.py"


# The sources


def _definition(machine: str) -> dict[str, Any]:
    definition: dict[str, Any] = json.loads((ROOT / "statemachines" / f"{machine}.asl.json").read_text())
    return definition


@cache
def _resources() -> dict[str, dict[str, Any]]:
    resources: dict[str, dict[str, Any]] = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
    return resources


def _table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(titles)
    lines = [" | ".join(row) for row in (head, *rows)]
    lines.insert(1, "|".join(["---"] * len(head)))
    return "".join(f"|{line}|\n" if line.startswith("---") else f"| {line} |\n" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m local.architecture",
        description="Write the generated sections of docs/architecture.md.",
    )
    parser.add_argument("--check", action="store_true", help="only check that the sections are up to date")
    stored = DOCUMENT.read_text()
    current = document(stored)
    if not parser.parse_args().check:
        DOCUMENT.write_text(current)
    elif stored != current:
        sys.exit("docs/architecture.md is out of date. Run `make diagrams`.")


if __name__ == "__main__":
    main()
