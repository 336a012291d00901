"""Walking, copying and placing syntax trees: what the `ast` module has, for what is done to every node.

A tree is walked a dozen times on its way to code, and `ast.iter_child_nodes` makes two generators for
each node of it: a third of the time that compiling took was spent there.
"""

from __future__ import annotations

import ast
from typing import Any, Final, TypeVar

__all__ = ["children", "copied", "placed", "walk"]

T = TypeVar("T")
#: What fields hold that is no node, most often. Of another class, a field is looked at.
_PLAIN: Final = frozenset({str, int, type(None), bool, bytes, float, complex, type(...)})


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes in the fields of a node, in their order, as `ast.iter_child_nodes` gives them."""
    found: list[ast.AST] = []
    for name in node._fields:
        value = getattr(node, name, None)
        kind = type(value)
        if kind in _PLAIN:
            continue
        if isinstance(value, ast.AST):
            found.append(value)
        elif isinstance(value, list):
            found += [item for item in value if isinstance(item, ast.AST)]
    return found


def walk(*roots: ast.AST) -> list[ast.AST]:
    """The nodes of some trees, each before what is in it, as `ast.walk` gives those of one."""
    nodes = list(roots)
    for node in nodes:  # grows meanwhile
        if node._fields:
            nodes += children(node)
    return nodes


def copied(tree: T) -> T:
    """A node, or a list of nodes, with all that is in it made anew.

    What is no node is shared, and so are contexts and operators, which have neither fields nor a place.
    """
    made: Any = tree
    if isinstance(tree, list):
        made = [copied(item) for item in tree]
    elif isinstance(tree, ast.AST) and (tree._fields or tree._attributes):
        kind = type(tree)
        made = kind.__new__(kind)
        for name, value in vars(tree).items():
            setattr(made, name, value if type(value) in _PLAIN else copied(value))
    copy: T = made
    return copy


def placed(tree: T) -> T:
    """`tree`, whose nodes without a place have that of the node they stand in, as by
    `ast.fix_missing_locations`."""
    rest: list[tuple[Any, int, int, int, int]] = [(tree, 1, 0, 1, 0)]
    while rest:
        node, line, column, end_line, end_column = rest.pop()
        if node._attributes:
            own = vars(node)
            line = own.setdefault("lineno", line)
            column = own.setdefault("col_offset", column)
            if (told := own.get("end_lineno")) is None:
                node.end_lineno = end_line
            else:
                end_line = told
            if (told := own.get("end_col_offset")) is None:
                node.end_col_offset = end_column
            else:
                end_column = told
        # In the order in which they stand: a node that stands in two places has that of the first.
        rest += [(child, line, column, end_line, end_column) for child in reversed(children(node))]
    return tree
