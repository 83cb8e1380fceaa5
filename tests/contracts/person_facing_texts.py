"""Finds code that compares or searches texts written for people, such as a `detail` or a `reason`.

The search follows a text within one function: through variables, loops, tuples, lists, dictionaries,
formatting and methods of str. A parameter counts as a text if it has the name of one. The search does not
follow arguments into other functions, or results out of them.
"""

import ast
from collections.abc import Iterator

TEXTS = frozenset(
    {"detail", "reason", "words", "nextSteps", "next_steps", "problems"}
    | {"bandwidthReason", "bandwidth_reason", "fix"}
)
# A parameter of this name is an exception. Its text is for people.
ERROR = "error"
LOOK_UPS = frozenset({"get", "pop", "setdefault"})
SEARCHES = frozenset(
    {"startswith", "endswith", "find", "rfind", "index", "rindex", "count", "partition", "rpartition"}
    | {"split", "rsplit", "search", "match", "fullmatch", "findall", "finditer"}
)
# Methods of str whose result still is the text.
TEXT_METHODS = frozenset(
    {"lower", "upper", "casefold", "strip", "lstrip", "rstrip", "removeprefix", "removesuffix", "replace"}
)
COPIES = frozenset({"str", "list", "tuple", "set", "sorted", "reversed", "iter", "next"})
# Expressions that are or contain a text if one of their parts is or contains one.
BUILDERS = (
    *(ast.BoolOp, ast.BinOp, ast.IfExp, ast.NamedExpr, ast.JoinedStr, ast.FormattedValue, ast.Starred),
    *(ast.Tuple, ast.List, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.GeneratorExp),
)
# An index that is not known.
ANY = ast.Name("_any")

type Followed = tuple[ast.expr, frozenset[str]]
"""An expression, and the variables that were read on the way to it. They are not read again."""


def list_readings(tree: ast.Module) -> Iterator[ast.expr | ast.Match]:
    """Yield the expressions that compare a text for people with another text, search in it, or look it up."""
    for nodes in split_scopes(tree):
        scope = Scope(nodes)
        yield from (node for node in nodes if isinstance(node, ast.expr | ast.Match) and scope.reads(node))


def split_scopes(tree: ast.Module) -> Iterator[list[ast.AST]]:
    """Yield the nodes of each outermost function, and those of the module outside functions."""
    outside, pending = list[ast.AST](), list[ast.AST]([tree])
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield list(ast.walk(node))
        else:
            outside.append(node)
            pending += ast.iter_child_nodes(node)
    yield outside


class Scope:
    """The nodes of a function with the values of its variables."""

    def __init__(self, nodes: list[ast.AST]) -> None:
        self._values: dict[str, list[ast.expr]] = {}
        for node in nodes:
            match node:
                case ast.Assign(targets=targets, value=value):
                    for target in targets:
                        self._bind(target, value)
                case (
                    ast.AnnAssign(target=target, value=ast.expr() as value)
                    | ast.AugAssign(target=target, value=value)
                    | ast.NamedExpr(target=target, value=value)
                ):
                    self._bind(target, value)
                case ast.For(target=target, iter=values) | ast.comprehension(target=target, iter=values):
                    self._bind(target, ast.Subscript(values, ANY))
                case ast.Match(subject=subject, cases=cases):
                    for case_ in cases:
                        self._bind_captured(case_.pattern, subject)
                case ast.ExceptHandler(name=str(name)):
                    self._bind(ast.Name(name), ast.Attribute(ast.Name(name), "words"))

    def _bind_captured(self, pattern: ast.pattern, subject: ast.expr) -> None:
        for name in captured(pattern):
            self._bind(ast.Name(name), ast.Subscript(subject, ANY))
        for text, inner in text_patterns(pattern):
            for name in captured(inner):
                self._bind(ast.Name(name), ast.Attribute(subject, text))

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        match target:
            case ast.Name(id=name):
                self._values.setdefault(name, []).append(value)
            case ast.Starred(value=rest):
                self._bind(rest, value)
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                is_fixed = not any(isinstance(each, ast.Starred) for each in targets)
                for place, each in enumerate(targets):
                    self._bind(each, ast.Subscript(value, ast.Constant(place) if is_fixed else ANY))

    def reads(self, node: ast.expr | ast.Match) -> bool:
        """Return whether a node compares a text for people, searches in it, or looks it up."""
        match node:
            case ast.Compare(left=left, comparators=others):
                sides = [left, *others]
                return any(map(self.is_text, sides)) and not any(map(is_empty, sides))
            case ast.Call(func=ast.Attribute(attr=name, value=value), args=args) if name in SEARCHES:
                return self.is_text(value) or any(map(self.is_text, args))
            case ast.Call(func=ast.Attribute(attr=name), args=[key, *_]) if name in LOOK_UPS:
                return self.is_text(key)
            case ast.Subscript(slice=key):
                return self.is_text(key)
            case ast.Match(subject=subject, cases=cases):
                patterns = [each.pattern for each in cases]
                texts = [inner for pattern in patterns for _, inner in text_patterns(pattern)]
                return any(map(compares, patterns if self.is_text(subject) else texts))
        return False

    def is_text(self, node: ast.expr, seen: frozenset[str] = frozenset()) -> bool:
        """Return whether an expression is or contains a text for people."""
        if is_text_field(node):
            return True
        match node:
            case ast.Attribute(attr="args", value=error):
                return self.is_text(error, seen)
            case ast.Name(id=name) if name in self._values:
                known = () if name in seen else self._values[name]
                return any(self.is_text(value, seen | {name}) for value in known)
            case ast.Name(id=name):
                # A parameter.
                return name in {*TEXTS, ERROR}
            case ast.Call(func=ast.Attribute(value=container, attr=method), args=[key, *defaults]) if (
                method in LOOK_UPS
            ):
                found = [*self._elements(container, key, seen), *((each, seen) for each in defaults)]
            case ast.Subscript(value=container, slice=key):
                found = list(self._elements(container, key, seen))
            case _:
                found = [(part, seen) for part in parts_of(node)]
        return any(self.is_text(part, names) for part, names in found)

    def _elements(self, container: ast.expr, key: ast.expr, seen: frozenset[str]) -> Iterator[Followed]:
        """Yield the elements that a container can have at a key."""
        match container:
            case ast.Subscript(slice=ast.Constant(value=name)) if name in TEXTS:
                # An element of a list of texts is a text.
                yield container, seen
            case ast.Name(id=name):
                for value in () if name in seen else self._values.get(name, ()):
                    yield from self._elements(value, key, seen | {name})
            case ast.Subscript(value=outer, slice=outer_key):
                for element, names in self._elements(outer, outer_key, seen):
                    yield from self._elements(element, key, names)
            case ast.Call(func=ast.Attribute(value=mapping, attr="values")):
                yield from self._elements(mapping, ANY, seen)
            case ast.Call(func=ast.Attribute(value=mapping, attr="items")):
                yield ast.Tuple([ANY, ast.Subscript(mapping, ANY)]), seen
            case ast.IfExp(body=first, orelse=second):
                yield from self._elements(first, key, seen)
                yield from self._elements(second, key, seen)
            case _:
                yield from ((element, seen) for element in elements_of(container, key))


def elements_of(container: ast.expr, key: ast.expr) -> list[ast.expr]:
    """Return the elements that an expression that builds a container puts at a key."""
    match container:
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            is_fixed = not any(isinstance(each, ast.Starred) for each in elements)
            match key:
                case ast.Constant(value=int(place)) if is_fixed and place < len(elements):
                    return [elements[place]]
            return elements
        case ast.Dict(keys=keys, values=values):
            return [value for known, value in zip(keys, values, strict=True) if can_equal(known, key)]
        case ast.ListComp(elt=element) | ast.SetComp(elt=element) | ast.GeneratorExp(elt=element):
            return [element]
        case ast.DictComp(value=element):
            return [element]
    # An element of a list of texts is a text.
    return [container]


def parts_of(node: ast.expr) -> list[ast.expr]:
    """Return the parts of an expression of which one must be a text for people if the expression is one."""
    match node:
        case ast.Call(func=ast.Attribute(attr="join" | "format", value=text), args=args):
            return [text, *args]
        case ast.Call(func=ast.Attribute(attr=name, value=text)) if name in TEXT_METHODS:
            return [text]
        case ast.Call(func=ast.Name(id=name), args=args) if name in COPIES:
            return args
    is_read = isinstance(node, BUILDERS)
    return [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)] if is_read else []


def captured(pattern: ast.pattern) -> set[str]:
    """Return the variables that a pattern assigns."""
    return {
        node.name
        for node in ast.walk(pattern)
        if isinstance(node, ast.MatchAs | ast.MatchStar) and node.name is not None
    }


def is_text_field(node: ast.expr) -> bool:
    """Return whether an expression reads an attribute or an entry with the name of a text for people."""
    match node:
        case (
            ast.Attribute(attr=name)
            | ast.Subscript(slice=ast.Constant(value=name))
            | ast.Call(
                func=ast.Attribute(attr="get" | "pop" | "setdefault"), args=[ast.Constant(value=name), *_]
            )
        ):
            return name in TEXTS
    return False


def text_patterns(pattern: ast.pattern) -> Iterator[tuple[str, ast.pattern]]:
    """Yield the parts of a pattern that match a text for people, with the names of the texts."""
    for node in ast.walk(pattern):
        fields = list[tuple[object, ast.pattern]]()
        match node:
            case ast.MatchMapping(keys=keys, patterns=patterns):
                names = [key.value if isinstance(key, ast.Constant) else None for key in keys]
                fields = list(zip(names, patterns, strict=True))
            case ast.MatchClass(kwd_attrs=names, kwd_patterns=patterns):
                fields = list(zip(names, patterns, strict=True))
        yield from ((name, inner) for name, inner in fields if isinstance(name, str) and name in TEXTS)


def compares(pattern: ast.pattern) -> bool:
    """Return whether a pattern compares with a value other than None."""
    return any(isinstance(node, ast.MatchValue) for node in ast.walk(pattern))


def can_equal(known: ast.expr | None, key: ast.expr) -> bool:
    """Return whether two keys can be equal: constants only if they are, other expressions always."""
    if isinstance(known, ast.Constant) and isinstance(key, ast.Constant):
        return bool(known.value == key.value)
    return True


def is_empty(node: ast.expr) -> bool:
    """Return whether an expression is a value that a missing text is compared with."""
    return isinstance(node, ast.Constant) and node.value in {None, ""}
