"""Which modules a program imports, from its text, and which of them no grant supplies."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from capcompiler.errors import one_line
from capcompiler.imports import Imports
from guards.modules import REFUSED

__all__ = ["IMPORTERS", "Imported", "imported", "is_pure", "named_module", "why_refused"]

#: Functions that import what their first argument names.
IMPORTERS: Final = ("__import__", "import_module")


@dataclass(frozen=True, slots=True)
class Imported:
    """One import of a module. line: 1-based; column: 0-based. guarded: whether it is inside a `try`, as
    that of a program which can do without the module."""

    module: str
    line: int
    column: int
    guarded: bool

    def described(self, filename: str) -> str:
        where = f"{one_line(filename, 4096)}:{self.line}:{self.column + 1}"
        return f"{where}: {self.said()}"

    def said(self) -> str:
        return f"imports {self.module}, which guests do not get: {why_refused(self.module)}"


def imported(tree: ast.AST, text: str) -> list[Imported]:
    """The modules that import statements name, and calls of `__import__` and `import_module` by a text,
    in order of place; relative ones are left out. text: what the tree was made of."""
    lines = text.split("\n")
    found = [replace(one, column=_characters(lines, one)) for one in _walk(tree)]
    return sorted(found, key=lambda one: (one.line, one.column))


def _characters(lines: list[str], one: Imported) -> int:
    """The column in characters; syntax trees count bytes of UTF-8."""
    line = lines[one.line - 1] if one.line <= len(lines) else ""
    return len(line.encode("utf-8", "surrogatepass")[: one.column].decode("utf-8", "replace"))


def _walk(tree: ast.AST) -> Iterator[Imported]:
    rest: list[tuple[ast.AST, bool]] = [(tree, False)]
    while rest:
        node, guarded = rest.pop()
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        elif isinstance(node, ast.Call) and (module := named_module(node)):
            names = [module]
        for name in names:
            yield Imported(name, node.lineno, node.col_offset, guarded)  # type: ignore[attr-defined]
        inside = guarded or isinstance(node, (ast.Try, ast.TryStar))
        rest += [(child, inside) for child in ast.iter_child_nodes(node)]


def named_module(call: ast.Call) -> str:
    """The module that a call imports, where it says so as a text; else ""."""
    if not call.args:
        return ""
    name, first = call.func, call.args[0]
    called = name.id if isinstance(name, ast.Name) else getattr(name, "attr", "")
    if called not in IMPORTERS or not isinstance(first, ast.Constant) or type(first.value) is not str:
        return ""
    return "" if first.value.startswith(".") else first.value


def is_pure(module: str) -> bool:
    """Whether guests have it without a grant."""
    try:
        return Imports.pure().find(module) is not None
    except ImportError:
        return False


def why_refused(module: str) -> str:
    """Why guests do not get a module of the library, whatever is granted by its kinds; "" for one that
    they have, and for any other, which a host may supply."""
    top = module.partition(".")[0]
    if top not in sys.stdlib_module_names or is_pure(module):
        return ""
    reason = REFUSED.get(module) or REFUSED.get(top)
    return reason or "it is not among the modules of the standard library that guests can have"
