"""Finds the fields of each function's result that a state machine reads, also through variables and outputs.

`local.release` records them, because a running execution keeps reading the same fields after an update.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import jsonata

Path = tuple[str, ...]
Source = tuple[str, Path]
"""The title of a state, and a path in the result of its function."""
Value = Mapping[Path, frozenset[Source]]
"""Where a value can come from: for each path in the value, the results it can be a part of."""

_EXPRESSION: Final = re.compile(r"\{%(.*)%\}", re.DOTALL)
# Where the result of a state has the output of its function or machine. A wait for a token has neither.
_OUTPUTS: Final = {
    "arn:${Partition}:states:::lambda:invoke": "Payload",
    "arn:${Partition}:states:::states:startExecution.sync:2": "Output",
}
_NOTHING: Final[Value] = {}


def find_payload_reads(definition: dict[str, Any]) -> dict[str, set[str]]:
    """Return the fields that a machine reads of what each of its functions and machines returns, by state.

    A field inside another has a path: `remove.numbers`. Lists count as their elements.
    """
    reader = _Reader()
    reader.follow(definition, {}, _NOTHING)
    return reader.reads


def list_graph_states(definition: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the states of a machine, also those inside maps and branches."""
    for title, state in definition["States"].items():
        yield title, state
        for inner in _inner_machines(state):
            yield from list_graph_states(inner)


def _inner_machines(state: dict[str, Any]) -> list[dict[str, Any]]:
    return [*state.get("Branches", ()), *filter(None, [state.get("ItemProcessor")])]


class _Reader:
    """Follows values through the states of a machine until nothing new is found."""

    def __init__(self) -> None:
        self.reads: dict[str, set[str]] = {}

    def follow(self, graph: dict[str, Any], variables: dict[str, Value], given: Value) -> Value:
        """Follow a machine from its start. Return its output. `given` is its input."""
        entered: dict[str, dict[str, Value]] = {}
        pending = deque([(graph["StartAt"], {**variables, "states.input": given})])
        output = _NOTHING
        while pending:
            title, arriving = pending.popleft()
            known = entered.get(title)
            merged = _merge_variables(known or {}, arriving)
            if merged == known:
                continue
            entered[title] = merged
            for following, leaving in self._run(title, graph["States"][title], merged):
                if following is None:
                    output = _merge([output, leaving["states.input"]])
                else:
                    pending.append((following, leaving))
        return output

    def _run(
        self, title: str, state: dict[str, Any], variables: dict[str, Value]
    ) -> Iterator[tuple[str | None, dict[str, Value]]]:
        """Yield each next state, None for the end, with the variables and the input that it gets."""
        given = variables["states.input"]
        for part in ("Arguments", "Seconds", "TimeoutSeconds", "Error", "Cause", "MaxConcurrency"):
            self._evaluate(state.get(part), variables)
        result = given
        if state["Type"] == "Task":
            output = _OUTPUTS.get(state["Resource"])
            result = _put_into(output, {(): frozenset({(title, ())})}) if output else _NOTHING
        elif inner := _inner_machines(state):
            if unknown := state.keys() & {"ItemSelector", "ItemBatcher", "ItemReader"}:
                message = f"{title}: {', '.join(unknown)} cannot be followed. Add the case here."
                raise ValueError(message)
            items = self._evaluate(state.get("Items"), variables) if "Items" in state else given
            result = _merge(self.follow(each, variables, items) for each in inner)

        rules = [(rule, given) for rule in state.get("Choices", ())]
        rules += [(rule, _NOTHING) for rule in state.get("Catch", ())]
        if "Next" in state or state.get("End"):
            rules.append((state, result))
        if "Default" in state:
            rules.append(({**state, "Next": state["Default"]}, given))
        for rule, passed in rules:
            seen = {**variables, "states.result": result}
            self._evaluate(rule.get("Condition"), seen)
            assigned = {name: self._evaluate(value, seen) for name, value in rule.get("Assign", {}).items()}
            leaving = self._evaluate(rule["Output"], seen) if "Output" in rule else passed
            yield rule.get("Next"), {**variables, **assigned, "states.input": leaving}

    def _evaluate(self, written: Any, variables: Mapping[str, Value]) -> Value:
        """Return where a part of a definition can come from, and record the fields that it reads."""
        if isinstance(written, dict):
            return _merge(_put_into(name, self._evaluate(each, variables)) for name, each in written.items())
        if isinstance(written, list):
            return _merge([self._evaluate(each, variables) for each in written])
        if isinstance(written, str) and (match := _EXPRESSION.fullmatch(written)):
            return self._reduce(jsonata.Jsonata(match[1]).ast, variables, _NOTHING)
        return _NOTHING

    def _reduce(self, node: Any, variables: Mapping[str, Value], context: Value) -> Value:
        """Return where the value of an expression can come from. Names select from `context`."""
        if node.type == "path":
            return self._reduce_path(node, variables, context)
        match node.type:
            case "name":
                value = self._select(context, node.value)
            case "variable":
                value = variables.get(node.value, _NOTHING) if node.value else context
            case "unary" if node.value == "{":
                value = _merge(
                    _put_into(key.value, self._reduce(item, variables, context))
                    for key, item in node.lhs_object
                )
            case _:
                value = _merge([self._reduce(each, variables, context) for each in _children(node)])
        if node.type == "binary":
            # A comparison or a calculation has no fields.
            value = _NOTHING
        return self._filter(node, value, variables)

    def _reduce_path(self, node: Any, variables: Mapping[str, Value], context: Value) -> Value:
        first, *rest = node.steps
        if (first.type, first.value) == ("variable", "states") and rest:
            first, *rest = rest
            value = self._filter(first, variables.get(f"states.{first.value}", _NOTHING), variables)
        else:
            value = self._reduce(first, variables, context)
        for step in rest:
            value = self._reduce(step, variables, value)
        return self._filter(node, value, variables)

    def _filter(self, node: Any, value: Value, variables: Mapping[str, Value]) -> Value:
        """Record what the filters of a step read of a value, as in `resource[outcome = 'left']`."""
        for each in (*(node.stages or ()), *(node.predicate or ())):
            self._reduce(each.expr, variables, value)
        return value

    def _select(self, value: Value, field: str) -> Value:
        """Return a field of a value, and record that it is read."""
        selected: list[Value] = []
        for path, sources in value.items():
            if path[:1] == (field,):
                selected.append({path[1:]: sources})
            elif not path:
                selected.append({(): frozenset((title, (*inside, field)) for title, inside in sources)})
                for title, inside in sources:
                    self.reads.setdefault(title, set()).add(".".join((*inside, field)))
        return _merge(selected)


def _children(node: Any) -> list[Any]:
    """Return the parts of an expression that have values. Raises ValueError for unknown syntax."""
    match node.type:
        case "string" | "number" | "value" | "regex":
            return []
        case "binary":
            return [node.lhs, node.rhs]
        case "condition":
            return [each for each in (node.condition, node.then, node._else) if each]  # noqa: SLF001 - no other name
        case "function":
            return list(node.arguments)
        case "block":
            return list(node.expressions)
        case "unary":
            return list(node.expressions) if node.value == "[" else [node.expression]
    message = (
        f"JSONata of the type {node.type!r} (position {node.position}) cannot be followed. Add the case here."
    )
    raise ValueError(message)


def _put_into(field: str, value: Value) -> Value:
    """Return an object with the value in a field."""
    return {(field, *path): sources for path, sources in value.items()}


def _merge(values: Iterable[Value]) -> Value:
    merged: dict[Path, frozenset[Source]] = {}
    for value in values:
        for path, sources in value.items():
            merged[path] = merged.get(path, frozenset()) | sources
    return merged


def _merge_variables(known: Mapping[str, Value], arriving: Mapping[str, Value]) -> dict[str, Value]:
    names = known.keys() | arriving.keys()
    return {name: _merge([known.get(name, _NOTHING), arriving.get(name, _NOTHING)]) for name in names}
