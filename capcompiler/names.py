"""Every name that a piece of syntax binds or asks for, told by one place.

Nobody else walks for names: a rule about names that is kept at each kind of binding is a rule that
one of them forgets (RestrictedPython forgot positional-only parameters until 8.3; pit 20).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Final

__all__ = ["RESERVED_NAMES", "asked_names", "bound_names", "import_names", "mangled", "used_names"]

#: Identifiers that no program may bind or read, and why.
RESERVED_NAMES: Final = {
    "__builtins__": "it decides what every function made later can reach",
    "__build_class__": "class statements use it",
}

#: Nodes that are many and bind nothing.
_NAMELESS: Final = frozenset({ast.Load, ast.Store, ast.Constant, ast.Attribute, ast.Call, ast.Expr,
                              ast.BinOp, ast.Assign, ast.Subscript})  # fmt: skip
_DEFINITIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def bound_names(node: ast.AST) -> list[str]:
    """The names that this node itself binds or unbinds; not those of its children."""
    if isinstance(node, ast.Name):
        return [] if isinstance(node.ctx, ast.Load) else [node.id]
    if isinstance(node, _DEFINITIONS):
        return [node.name]
    if isinstance(node, ast.arg):
        return [node.arg]
    if isinstance(node, ast.alias):
        return [node.asname or node.name.partition(".")[0]]
    if isinstance(node, (ast.Global, ast.Nonlocal)):
        return list(node.names)
    if isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
        return [node.name] if node.name else []
    if isinstance(node, ast.MatchMapping):
        return [node.rest] if node.rest else []
    name = getattr(node, "name", None)  # type parameters of 3.12 and later
    return [name] if isinstance(name, str) else []


def used_names(node: ast.AST) -> list[str]:
    """Every name in this node itself that is bound, read or imported.

    Attribute and keyword names are not among them: what they may be is decided at run time, where
    the object is known.
    """
    names = bound_names(node)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        names.append(node.id)
    elif isinstance(node, ast.alias):
        names.extend(node.name.split("."))
    elif isinstance(node, ast.ImportFrom) and node.module:
        names.extend(node.module.split("."))
    return names


def asked_names(nodes: Iterable[ast.AST]) -> frozenset[str]:
    """The names that a program reads and nowhere binds: what it asks its host for.
    nodes: all of them."""
    bound: set[str] = set()
    read: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            read.add(node.id)
        elif type(node) not in _NAMELESS:
            bound.update(bound_names(node))
    return frozenset(read - bound)


def import_names(nodes: Iterable[ast.AST]) -> frozenset[str]:
    """The modules that a program imports, as it names them; relative ones with their dots. nodes: all
    of them."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return frozenset(found)


def mangled(private: str | None, name: str) -> str:
    """What a private name (`__x` in a class) becomes; as CPython's `_Py_Mangle`."""
    if private is None or not name.startswith("__") or name.endswith("__") or "." in name:
        return name
    owner = private.lstrip("_")
    return f"_{owner}{name}" if owner else name
