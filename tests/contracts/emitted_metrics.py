"""The metrics that the functions write to their logs, as the source says."""

import ast
from collections.abc import Iterator
from functools import cache

from tests.template import ROOT

SOURCES = sorted([*(ROOT / "functions").rglob("*.py"), *(ROOT / "layers").rglob("*.py")])
# Functions whose results are recorded as metrics.
RECORDED = {"_billed"}


@cache
def emitted_metrics() -> frozenset[str]:
    """Return the names that are passed to count or record, and those of bus_metrics and _billed."""
    return frozenset(name for path in SOURCES for name in _names(ast.parse(path.read_text()), path.stem))


def _names(tree: ast.AST, module: str) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[argument, *_]) if name in {
                "count",
                "_count",
                "record",
            }:
                yield from _texts(argument)
            case ast.FunctionDef(name=name) if name in RECORDED:
                yield from (text for each in ast.walk(node) for text in _keys(each))
            case ast.Subscript(value=ast.Name(id="values"), slice=key) if module == "bus_metrics":
                yield from _texts(key)
            case ast.Call(func=ast.Name(id="Measurement"), args=[ast.Dict() as values, _]):
                yield from _keys(values)


def _texts(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(name)) if name[:1].isupper():
            yield name
        case ast.Dict() | ast.BinOp():
            yield from (key for each in ast.walk(node) for key in _keys(each))


def _keys(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Dict):
        for key in node.keys:
            if isinstance(key, ast.Constant) and str(key.value)[:1].isupper():
                yield str(key.value)
