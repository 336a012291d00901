"""Which loads of names in a module may mean something that was imported lazily (PEP 810)."""

from __future__ import annotations

import ast
from typing import Any, Final

from capcompiler.names import bound_names
from capcompiler.tree import children, walk

__all__ = ["is_lazy", "mark_lazy_names"]

_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def is_lazy(node: Any) -> bool:
    """Whether an import statement is a lazy one, or a name was marked as lazily imported."""
    return bool(getattr(node, "is_lazy", 0))


def mark_lazy_names(tree: ast.Module) -> None:
    """Mark each load of a name that a lazy import of the module binds and no function hides."""
    names = {
        name
        for node in tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom)) and is_lazy(node)
        for alias in node.names
        for name in bound_names(alias)
    }
    if names:
        for node in tree.body:
            _mark(node, names)


def _mark(node: ast.AST, names: set[str]) -> None:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        node.is_lazy = True  # type: ignore[attr-defined]
    if isinstance(node, _FUNCTIONS):
        outside: list[ast.AST] = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        outside += getattr(node, "decorator_list", [])
        for part in outside:
            _mark(part, names)
        names = names - _bound_in(node)
        inside: list[ast.AST] = [c for c in children(node) if c not in outside and c is not node.args]
        arguments = [a for a in walk(node.args) if isinstance(a, ast.arg)]
        inside += [a.annotation for a in arguments if a.annotation is not None]
    else:
        if isinstance(node, _COMPREHENSIONS):
            names = names - _bound_in(node)
        inside = children(node)
    for part in inside:
        _mark(part, names)


def _bound_in(scope: ast.AST) -> set[str]:
    """The names that are local to a function or comprehension."""
    bound: set[str] = set()
    declared: set[str] = set()
    stack = children(scope)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Global):
            declared.update(node.names)
        else:
            bound.update(bound_names(node))
        if not isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            stack.extend(children(node))
    return bound - declared
