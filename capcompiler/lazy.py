"""Which loads of names in a module may mean something that was imported lazily (PEP 810).

Newer versions of Python say in the library's own text what it imports lazily. Where an older text
imports something at once that only some of its functions need, the table here says it instead.
"""

from __future__ import annotations

import ast
from typing import Any, Final

from capcompiler.names import bound_names
from capcompiler.tree import children, walk

__all__ = ["LAZY", "is_lazy", "mark_lazy_imports", "mark_lazy_names"]

#: What modules of the library import and only some of their functions need: the names, by the file that
#: a guest sees. A row is worth its place where the import takes long and those functions seldom run,
#: for each of their loads of the name asks whether it is there.
LAZY: Final = {
    file: frozenset(names.split())
    for file, names in {
        "facet/re/_compiler.py": "_parser",
        "lib/collections/__init__.py": "_proxy",
        "lib/contextlib.py": "os",
        "lib/dataclasses.py": "_thread",
        "lib/functools.py": "RLock",
        "lib/inspect.py": "ast importlib linecache os",
        "lib/re/__init__.py": "_parser",
        "lib/reprlib.py": "get_ident",
        "lib/typing.py": "warnings",
    }.items()
}

_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def is_lazy(node: Any) -> bool:
    """Whether an import statement is a lazy one, or a name was marked as lazily imported."""
    return bool(getattr(node, "is_lazy", 0))


def mark_lazy_imports(tree: ast.Module, file: str) -> None:
    """Make the imports of a module of the library lazy that the table names.

    file: as a guest sees it. An import of several names that are not all lazy becomes two.
    """
    names = LAZY.get(file)
    if names is None:
        return
    body: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)) and not is_lazy(node):
            late = [a for a in node.names if names.intersection(bound_names(a))]
            if late:
                now = [a for a in node.names if a not in late]
                if now:
                    body.append(_importing(node, now))
                node = _importing(node, late)
                node.is_lazy = True
        body.append(node)
    tree.body = body


def _importing(node: ast.Import | ast.ImportFrom, names: list[ast.alias]) -> Any:
    if isinstance(node, ast.Import):
        return ast.copy_location(ast.Import(names), node)
    return ast.copy_location(ast.ImportFrom(node.module, names, node.level), node)


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
