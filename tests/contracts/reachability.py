"""The AWS actions, resources and indexes that the code of a function can reach, as its source says.

The search follows names from the handler to the builders of runtime, to services, stores and AWS clients.
It includes too much rather than too little: a method of a service counts if reached code mentions its name. A
method of a store counts if reached code mentions it on a value that annotations or assignments call a store.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.contracts.project import Function, pascal
from tests.contracts.test_walls import LAYER, is_type_checking, list_sources
from tests.permissions import Permission

# Names of values of the stores that are clients of AWS.
CLIENTS = frozenset({"client", "sqs", "s3"})
# Powertools reads the secrets with this client.
SECRETS_CLIENT = "secrets_manager"
# Attributes of these clients that are no actions.
NO_ACTIONS = frozenset({"exceptions", "meta"})
ACTIONS = {
    "head_object": "GetObject",
    "generate_presigned_url": "GetObject",
    "generate_presigned_post": "PutObject",
}


@dataclass(frozen=True)
class Definition:
    """A function, a method, the body of a class (no name), or that of a module (no owner and no name)."""

    module: str
    owner: str
    name: str
    mentions: "Mentions" = field(compare=False)

    @property
    def is_store(self) -> bool:
        """Return whether this is a method of a store."""
        return ".store." in self.module and bool(self.owner)


@dataclass(frozen=True)
class Mentions:
    """What a definition mentions: names, attributes with the name of their object, imports, and texts."""

    names: frozenset[str]
    attributes: frozenset[tuple[str, str]]
    modules: frozenset[str]
    texts: frozenset[str]


type Reached = tuple[Definition, str]
"""A definition, and for a method of Table the logical id of the table."""


def reachable_permissions(function: Function) -> set[Permission]:
    """Return the permissions that the code of a function can need. Their actions have no service."""
    return {permission for definition, table in reach(function) for permission in needed(definition, table)}


def needed(definition: Definition, table: str) -> Iterator[Permission]:
    """Yield the permissions for the methods of AWS clients that a definition mentions."""
    if definition.name == SECRETS_CLIENT:
        yield Permission("GetSecretValue")
    if definition.is_store:
        for owner, method in definition.mentions.attributes:
            if owner in CLIENTS and method not in NO_ACTIONS:
                is_index = method in {"query", "scan"} and "IndexName" in definition.mentions.texts
                yield Permission(ACTIONS.get(method, pascal(method)), table, is_index=is_index)


def reachable_settings(function: Function) -> set[str]:
    """Return the settings that the code of a function can read, as names of environment variables."""
    return {
        name.upper()
        for definition, _ in reach(function)
        for owner, name in definition.mentions.attributes
        if owner == "settings"
    }


def reachable_texts(function: Function) -> set[str]:
    """Return the string constants of the stores that the code of a function can reach."""
    return {
        text for definition, _ in reach(function) if definition.is_store for text in definition.mentions.texts
    }


@cache
def reach(function: Function) -> set[Reached]:
    """Return the definitions that the code of a function can reach."""
    handler = list_definitions(str(function), function.path)
    reached: set[Reached] = {(definition, "") for definition in handler}
    while True:
        known = [definition for definition, _ in reached]
        modules = {module for each in known for module in each.mentions.modules}
        names = {(each.module, name) for each in known for name in each.mentions.names}
        attributes = {attribute for each in known for attribute in each.mentions.attributes}
        added = {
            (definition, "")
            for module in modules & layer().keys()
            for definition in layer()[module]
            if is_mentioned(definition, modules, names, attributes)
        }
        added |= {each for definition, table in reached for each in calls_of(definition, table)}
        if added <= reached:
            return reached
        reached |= added


def is_mentioned(
    definition: Definition,
    modules: set[str],
    names: set[tuple[str, str]],
    attributes: set[tuple[str, str]],
) -> bool:
    """Return whether code that imports and mentions these names can use a definition of a loaded module."""
    module, owner, name = definition.module, definition.owner, definition.name
    if not name:
        # A module runs, and its classes are defined, when it is imported.
        return True
    if not owner:
        is_imported = f"{module}.{name}" in modules
        return is_imported or (module, name) in names or (module.rpartition(".")[2], name) in attributes
    if name.startswith("__"):
        return True
    if owner == "Table":
        # Depends on the store that calls the method (calls_of).
        return False
    return any(
        mentioned == name and (not definition.is_store or owner in annotated_stores()[value])
        for value, mentioned in attributes
    )


def calls_of(definition: Definition, table: str) -> Iterator[Reached]:
    """Yield the methods that a method of a store calls: its own ones, and those of its table."""
    if not definition.is_store:
        return
    for owner, attribute in definition.mentions.attributes:
        if owner == "self":
            yield from methods({definition.owner, *stores()[definition.owner]}, attribute, table)
        elif owner == "table":
            yield from methods({"Table"}, attribute, tables()[definition.owner])


def methods(owners: set[str], name: str, table: str) -> Iterator[Reached]:
    """Yield the methods of this name of some stores."""
    for definitions in layer().values():
        for definition in definitions:
            if definition.is_store and definition.owner in owners and definition.name == name:
                yield definition, table


@cache
def layer() -> dict[str, list[Definition]]:
    """Return the definitions of the layer by module."""
    return {module_of(path): list(list_definitions(module_of(path), path)) for path in list_sources(LAYER)}


def module_of(path: Path) -> str:
    """Return the name by which other modules import a file of the layer."""
    return ".".join(path.relative_to(LAYER.parent).with_suffix("").parts)


def list_definitions(module: str, path: Path) -> Iterator[Definition]:
    """Yield the definitions of a module."""
    body = [node for node in ast.parse(path.read_text()).body if not is_type_checking(node)]
    classes = [(node.name, node.body) for node in body if isinstance(node, ast.ClassDef)]
    for owner, statements in [("", body), *classes]:
        rest = [each for each in statements if not isinstance(each, ast.ClassDef | ast.FunctionDef)]
        yield Definition(module, owner, "", read_mentions(rest))
        for node in statements:
            if isinstance(node, ast.FunctionDef):
                yield Definition(module, owner, node.name, read_mentions([node]))


def read_mentions(nodes: list[ast.stmt]) -> Mentions:
    """Return what the statements mention. Imports for type checkers do not count."""
    names, attributes, modules, texts = set[str](), set[tuple[str, str]](), set[str](), set[str]()
    for node in (each for statement in nodes for each in ast.walk(statement)):
        match node:
            case ast.Name(id=name):
                names.add(name)
            case ast.Attribute(value=value, attr=attribute):
                attributes.add((name_of(value), attribute))
            case ast.Constant(value=str(text)):
                texts.add(text)
            case ast.ImportFrom(module=str(module), names=aliases):
                modules |= {module, *(f"{module}.{alias.name}" for alias in aliases)}
    return Mentions(frozenset(names), frozenset(attributes), frozenset(modules), frozenset(texts))


def name_of(node: ast.expr) -> str:
    """Return the last name of an expression without leading underscores: `numbers` of `self._numbers()`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.lstrip("_")
        case ast.Call(func=function):
            return name_of(function)
    return ""


@cache
def stores() -> dict[str, tuple[str, ...]]:
    """Return each class of the store with its bases."""
    return {
        node.name: tuple(base.id for base in node.bases if isinstance(base, ast.Name))
        for path in list_sources(LAYER / "store")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef)
    }


@cache
def annotated_stores() -> dict[str, set[str]]:
    """Return the stores that a value can be, by its name, as annotations and assignments say."""
    by_name, aliases = defaultdict[str, set[str]](set), list[tuple[str, str]]()
    for path in list_sources(LAYER):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.arg(arg=name, annotation=ast.expr() as annotation):
                    pass
                case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                    pass
                case ast.FunctionDef(name=name, returns=ast.expr() as annotation):
                    pass
                case ast.Assign(targets=[ast.Attribute(attr=alias)], value=value):
                    aliases.append((alias.lstrip("_"), name_of(value)))
                    continue
                case _:
                    continue
            classes = set(re.findall(r"\w+", ast.unparse(annotation))) & stores().keys()
            by_name[name.lstrip("_")] |= {base for each in classes for base in (each, *stores()[each])}
    for alias, name in aliases:
        by_name[alias] |= by_name[name]
    return by_name


@cache
def tables() -> dict[str, str]:
    """Return the logical id of the table of each store that has one, as runtime/stores builds it."""
    by_store = {}
    for node in ast.walk(ast.parse((LAYER / "runtime" / "stores.py").read_text())):
        match node:
            case ast.Call(
                func=ast.Name(id=store),
                args=[ast.Call(func=ast.Name(id="Table"), args=[_, ast.Attribute(attr=setting)]), *_],
            ):
                by_store[store] = pascal(setting)
    return by_store
