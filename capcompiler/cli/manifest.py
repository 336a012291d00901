"""`capcompiler manifest`: what a program asks for, from its text; nothing runs."""

from __future__ import annotations

import ast
import builtins
import symtable
from dataclasses import dataclass
from typing import Final

import click

import capcompiler
from capcompiler.cli.filled import filled_in, kind_that_fills
from capcompiler.cli.imported import imported, is_pure, why_refused
from capcompiler.cli.outcome import Status, dump_json, show_violation
from capcompiler.cli.sources import read_source
from capcompiler.cli.terminal import write
from capcompiler.nesting import MAKERS

__all__ = ["Manifest", "manifest", "manifest_of"]

_BUILTINS: Final = frozenset({*dir(builtins), *MAKERS, "__file__", "__name__", "__doc__"})


@dataclass(frozen=True, slots=True)
class Manifest:
    """names: what must be granted under a name, each with the attributes that are used of it.
    imports: modules, each with whether guests have it without a grant. filled: what is used of the
    library that a capability fills in, each with the kind of grant."""

    names: dict[str, list[str]]
    imports: dict[str, bool]
    filled: dict[str, str]


def manifest_of(text: str, filename: str) -> Manifest:
    """What a program of the dialect asks for, as far as its text says it: no less, where it uses a
    name by itself, and perhaps more, where a local has the same name."""
    tree = ast.parse(text)
    free = _free(symtable.symtable(text, filename, "exec"))
    wanted = {n: set[str]() for n in sorted(free - _BUILTINS)}
    modules = {one.module for one in imported(tree, text)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in wanted
        ):
            wanted[node.value.id].add(node.attr)
    filled = filled_in(tree, wanted.keys())
    if "open" in free:
        filled = {"open": kind_that_fills("open"), **filled}
    imports = {name: is_pure(name) for name in sorted(modules)}
    return Manifest({n: sorted(used) for n, used in wanted.items()}, imports, filled)


def _free(table: symtable.SymbolTable) -> set[str]:
    """The names that are read somewhere as globals and bound by nothing at the top level."""
    bound = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
    read: set[str] = set()
    rest = [table]
    while rest:
        at = rest.pop()
        rest += at.get_children()
        for symbol in at.get_symbols():
            if at is table or symbol.is_global():
                if symbol.is_referenced():
                    read.add(symbol.get_name())
                if symbol.is_assigned() and at is not table:
                    bound.add(symbol.get_name())
    return read - bound


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
            "imports": found.imports,
            "filled": found.filled,
            "refused": {name: why for name in found.imports if (why := why_refused(name))},
        }
        write(dump_json(data))
        return
    for name, used in found.names.items():
        write(f"grant {name}" + (f": {', '.join(used)}" if used else ""))
    for name, there in found.imports.items():
        why = why_refused(name)
        refused = f": refused, whatever is granted: {why}" if why else ": must be granted"
        write(f"import {name}" + ("" if there else refused))
    for name, kind in found.filled.items():
        write(f"use {name}: --grant NAME={kind}")
