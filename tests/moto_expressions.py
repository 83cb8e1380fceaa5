"""Makes moto's update expressions faster. Most of the time of an update was spent on its expression."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from functools import cache
from typing import Any
from unittest.mock import patch

from moto.dynamodb.parsing.ast_nodes import (  # type: ignore[attr-defined]
    DepthFirstTraverser,
    Expression,
    Node,
    UpdateExpressionFunction,
)
from moto.dynamodb.parsing.expressions import UpdateExpressionParser  # type: ignore[attr-defined]
from moto.dynamodb.parsing.validators import ActionCountValidator, OverlappingPathsValidator

# moto parses an expression twice per update, and changes only copies of the result.
_parse = cache(UpdateExpressionParser.make)


@contextmanager
def faster_expressions() -> Iterator[None]:
    """Parse an expression once, and process it in less time, with the same results."""
    with (
        patch.object(UpdateExpressionParser, "make", _parse),
        patch.object(Node, "__deepcopy__", _copy_node, create=True),
        patch.object(Node, "find_clauses", _find_clauses),
        patch.object(DepthFirstTraverser, "traverse", _traverse),
    ):
        yield


def _copy_node(node: Node, memo: dict[int, Any]) -> Node:
    """Copy a parsed expression as deepcopy does. Its leaves are text."""
    copied: Node = copy(node)
    if node.children is not None:
        copied.children = []
        for child in node.children:
            if _is_a(type(child), Node):
                child = _copy_node(child, memo)  # noqa: PLW2901
                child.set_parent(copied)
            copied.children.append(child)
    return copied


def _find_clauses(node: Node, kinds: list[type]) -> list[Node]:
    """Find nodes of a parsed expression, as moto does."""
    found: list[Node] = []
    for child in node.children or ():
        if type(child) in kinds:
            found.append(child)
        elif _is_a(type(child), (Expression, UpdateExpressionFunction)):
            found += _find_clauses(child, kinds)
    return found


def _traverse(traverser: DepthFirstTraverser, root: Node) -> Node:
    """Process the nodes of a parsed expression bottom up, as moto does.

    moto asks the traverser for its kinds of nodes again at each node, ten times per update.
    """
    processors = traverser._processing_map()
    if type(traverser) in (ActionCountValidator, OverlappingPathsValidator):
        # They check all clauses below a node, so the check of the root includes those of the other nodes.
        return traverser.process(root)

    def visit(node: Node, position: int) -> Node:
        parent = node.parent
        for index, child in enumerate(node.children or ()):
            traverser.pre_processing_of_child(node, index)
            if _is_a(type(child), Node):
                visit(child, index)
        for kind, process in processors.items():
            if _is_a(type(node), kind):
                node = process(node)
                node.parent = parent
                if parent:
                    parent.children[position] = node
                break
        return node

    return visit(root, -1)


# isinstance is slow here, because the classes are abstract base classes.
_is_a: Callable[[Any, Any], bool] = cache(issubclass)
