"""`capcompiler manifest`: what a program asks for, from its text; nothing runs."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Final

import click

import capcompiler
from capcompiler.cli.asked import asked_for, bound_by
from capcompiler.cli.filled import filled_in, kind_that_fills
from capcompiler.cli.imported import IMPORTERS, imported, is_pure, named_module, why_refused
from capcompiler.cli.outcome import Status, dump_json, show_violation
from capcompiler.cli.sources import read_source
from capcompiler.cli.terminal import write
from capcompiler.nesting import MAKERS
from guards.builtins import RAW_BUILTINS

__all__ = ["Manifest", "manifest", "manifest_of"]

#: What a guest has under these names without a grant.
_BUILTINS: Final = frozenset({*RAW_BUILTINS, *MAKERS, "__file__", "__name__", "__doc__"}) - {
    "input",
    "breakpoint",
}
#: By these a program reads names and modules that its text need not have.
_UNSEEN: Final = frozenset("eval exec compile globals locals vars __import__".split())
_UNSEEN_ATTRIBUTES: Final = frozenset({"f_globals", "f_builtins", *IMPORTERS})
_CALLED: Final = "()"


@dataclass(frozen=True, slots=True)
class Manifest:
    """names: what must be granted under a name, each with the attributes that are used of it, and `()`
    where it is called. whole: those of them that are used in another way, so that any method may be.
    own: those that the program binds too. imports: modules, each with whether guests have it without a
    grant. filled: what is used of the library that a capability fills in, each with the kind of grant.
    unseen: what it uses by which it may read more than its text says."""

    names: dict[str, list[str]]
    whole: list[str]
    own: list[str]
    imports: dict[str, bool]
    filled: dict[str, str]
    unseen: list[str]


def manifest_of(text: str, filename: str) -> Manifest:
    """What a program of the dialect asks for, as far as its text says it: no less, but for what is in
    `unseen`, and perhaps more, where a local has the same name."""
    tree = ast.parse(text, filename)
    asked = asked_for(tree)
    names = {n: set[str]() for n in sorted(asked - _BUILTINS - {"open"})}
    whole = _uses(tree, names)
    filled = filled_in(tree, names.keys())
    if "open" in asked:
        filled = {"open": kind_that_fills("open"), **filled}
    modules = {one.module for one in imported(tree, text)}
    imports = {name: is_pure(name) for name in sorted(modules)}
    unseen = sorted(_unseen(tree, modules))
    own = sorted(names.keys() & bound_by(tree))
    return Manifest({n: sorted(used) for n, used in names.items()}, whole, own, imports, filled, unseen)


def _uses(tree: ast.AST, names: dict[str, set[str]]) -> list[str]:
    """Put what is used of each name to it; gives those that are handed on or used otherwise."""
    seen = set[int]()
    whole = set[str]()
    for node in ast.walk(tree):  # from the outside in
        owner = node.value if isinstance(node, ast.Attribute) else None
        owner = node.func if isinstance(node, ast.Call) else owner
        if isinstance(owner, ast.Name) and owner.id in names:
            seen.add(id(owner))
            names[owner.id].add(node.attr if isinstance(node, ast.Attribute) else _CALLED)
        elif isinstance(node, ast.Name) and node.id in names and id(node) not in seen:
            if isinstance(node.ctx, ast.Load):
                whole.add(node.id)
        elif isinstance(node, ast.Name) and node.id.startswith("__"):
            whole |= {n for n in names if n.endswith(node.id)}  # in a class, `__x` is `_K__x`
    return sorted(whole)


def _unseen(tree: ast.AST, modules: set[str]) -> set[str]:
    """What of these it uses; imports that say which module are seen."""
    said = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call) and named_module(n)}
    attributes = _UNSEEN_ATTRIBUTES | (_UNSEEN if "builtins" in modules else frozenset())
    found = {"__main__"} & modules
    for node in ast.walk(tree):
        if id(node) in said:
            continue
        if isinstance(node, ast.Name):
            found |= {node.id} & (_UNSEEN | _UNSEEN_ATTRIBUTES)
        elif isinstance(node, ast.Attribute):
            found |= {node.attr} & attributes
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.name for alias in node.names if alias.asname} & attributes
    return found


@click.command(
    short_help="Say what a program asks for, without running it.",
    epilog="""\b
Examples:
  capcompiler manifest report.py
  capcompiler manifest plugins/mail.py --json

\b
Exit status:
  0  the manifest was printed
  2  it is not a program of the dialect, or the command is not right
""",
)
@click.argument("file", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def manifest(file: str, as_json: bool) -> None:
    """Print what the program in FILE (- is stdin) asks for: names that must be granted, with what is
    used of each; modules; and what of the library a grant would fill in."""
    source = read_source(file)
    violations = capcompiler.check(source.text, filename=source.name)
    if violations:
        for violation in violations:
            show_violation(violation, err=True)
        click.get_current_context().exit(Status.USAGE_OR_DIALECT)
    found = manifest_of(source.text, source.name)
    if as_json:
        data = {
            "names": found.names,
            "whole": found.whole,
            "own": found.own,
            "imports": found.imports,
            "filled": found.filled,
            "unseen": found.unseen,
            "refused": {name: why for name in found.imports if (why := why_refused(name))},
        }
        write(dump_json(data))
        return
    for name, used in found.names.items():
        said = [*used, "any method"] if name in found.whole else used
        own = "; the program binds it too, perhaps later" if name in found.own else ""
        write(f"grant {name}" + (f": {', '.join(said)}" if said else "") + own)
    for name, there in found.imports.items():
        why = why_refused(name)
        refused = f": refused, whatever is granted: {why}" if why else ": must be granted"
        write(f"import {name}" + ("" if there else refused))
    for name, kind in found.filled.items():
        write(f"use {name}: --grant NAME={kind}")
    if found.unseen:
        write(f"what it reaches by {', '.join(found.unseen)} is not seen here")
