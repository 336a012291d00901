"""Guards in compiled code: they are constants of it, so that no name and no dictionary leads to them.

The router writes a stand-in where a guard belongs. After compiling, each compartment gets a copy of
the code with its own guards in their place. Stops, as a class: a guest that comes by the dictionary
in which the interpreter looks up builtins, or puts another one in its place, still has every access
guarded (pits 1 and 2).
"""

from __future__ import annotations

import ast
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any, Final

__all__ = [
    "FILE_MARK",
    "Places",
    "as_names",
    "bind",
    "bound",
    "draw_anew",
    "is_guest_code",
    "places",
    "places_kept",
    "revived",
    "stand_in",
    "stored",
    "with_note",
]

#: Parts the name of a guest's file from the serial of its program in code objects.
FILE_MARK: Final = "\x1f"

#: No text of a guest's can hold this: it is drawn anew in every process and shown to nobody.
_NONCE = secrets.token_bytes(16)
_SIZE: Final = len(_NONCE)


def draw_anew() -> None:
    """Draw another one, in a process that has been forked: its parent's would be known to all of its
    kind. What was compiled before must not be bound any more."""
    global _NONCE
    _NONCE = secrets.token_bytes(_SIZE)
    _kept.clear()


def stand_in(key: str) -> ast.expr:
    """What the guard `key` is in a tree that will be compiled.

    A constant alone would be warned about where it is called; a choice with a constant test costs
    nothing, since the compiler leaves test and other branch out.
    """
    return ast.IfExp(ast.Constant(True), ast.Constant(_NONCE + key.encode()), ast.Constant(None))


def with_note(code: CodeType, key: str) -> CodeType:
    """`code` with a stand-in among its constants that nothing reads: a realm is told of `key` when it
    binds the code, before any of it runs."""
    return code.replace(co_consts=(*code.co_consts, _NONCE + key.encode()))


def is_guest_code(code: CodeType) -> bool:
    """Whether this package compiled it."""
    return FILE_MARK in code.co_filename


@dataclass(frozen=True, slots=True)
class Places:
    """Where guards stand in a code object: which by their places among its constants, and what inner
    code has some itself."""

    code: CodeType
    guards: tuple[tuple[int, str], ...]
    inner: tuple[tuple[int, Places], ...]
    names: tuple[str, ...]  # all that it and inner code name, each once, in order


def places(code: CodeType) -> Places:
    """Where guards stand in `code` and all code in it."""
    guards: list[tuple[int, str]] = []
    inner: list[tuple[int, Places]] = []
    names = dict.fromkeys(code.co_names)
    for i, constant in enumerate(code.co_consts):
        kind = type(constant)
        if kind is bytes:
            if constant.startswith(_NONCE):
                guards.append((i, constant[_SIZE:].decode()))
        elif kind is CodeType:
            within = places(constant)
            names |= dict.fromkeys(within.names)
            if within.guards or within.inner:
                inner.append((i, within))
    return Places(code, tuple(guards), tuple(inner), tuple(names))


#: Of modules of the library, which each compartment binds anew, by the address of their code.
_kept: dict[int, Places] = {}
_MOST_KEPT: Final = 512


def places_kept(code: CodeType) -> Places:
    """`places` of a module of the library, worked out once in a process."""
    found = _kept.get(id(code))
    if found is None or found.code is not code:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        found = _kept[id(code)] = places(code)
    return found


def bind(found: Places, guards: Mapping[str, Any]) -> CodeType:
    """The code with guards in place of their stand-ins, and in all code in it; itself where it has
    none."""
    code = found.code
    if not found.guards and not found.inner:
        return code
    consts = list(code.co_consts)
    for i, key in found.guards:
        consts[i] = guards[key]
    for i, within in found.inner:
        consts[i] = bind(within, guards)
    return code.replace(co_consts=tuple(consts))


def bound(code: CodeType, guards: Mapping[str, Any]) -> CodeType:
    """`code` and all code in it with guards in place of their stand-ins; itself where it has none."""
    return bind(places(code), guards)


#: Code with nothing in its stand-ins' places; which guards stand where; what inner code stands where.
Stored = tuple[CodeType, tuple[tuple[int, str], ...], tuple[tuple[int, Any], ...]]


def stored(code: CodeType) -> Stored | None:
    """Compiled code as another process may read it: without this one's secret, and without its file's
    name. A guard is told by its place and not by a value, which a constant of a guest's could equal.

    None for code that holds the secret anywhere else.
    """
    consts = list(code.co_consts)
    guards: list[tuple[int, str]] = []
    inner: list[tuple[int, Any]] = []
    for i, constant in enumerate(consts):
        if type(constant) is bytes and constant.startswith(_NONCE):
            guards.append((i, constant[_SIZE:].decode()))
        elif type(constant) is CodeType:
            kept = stored(constant)
            if kept is None:
                return None
            inner.append((i, kept))
        elif _tells(constant):
            return None
        else:
            continue
        consts[i] = None
    return code.replace(co_consts=tuple(consts), co_filename=""), tuple(guards), tuple(inner)


def _tells(constant: Any) -> bool:
    """Whether a constant that is no stand-in holds this process's secret."""
    if type(constant) is bytes:
        return _NONCE in constant
    return type(constant) in (tuple, frozenset) and any(map(_tells, constant))


def revived(kept: Stored, filename: str) -> CodeType:
    """What `stored` was given, with this process's stand-ins and another file name."""
    code, guards, inner = kept
    consts = list(code.co_consts)
    for i, key in guards:
        consts[i] = _NONCE + key.encode()
    for i, within in inner:
        consts[i] = revived(within, filename)
    return code.replace(co_consts=tuple(consts), co_filename=filename)


class _AsNames(ast.NodeTransformer):
    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        value = getattr(node.body, "value", None)
        if type(value) is bytes and value.startswith(_NONCE):
            return ast.copy_location(ast.Name(value[_SIZE:].decode(), ast.Load()), node)
        self.generic_visit(node)
        return node


def as_names(node: ast.AST) -> Any:
    """A tree with the names of guards in place of their stand-ins, to be shown; changes it."""
    return _AsNames().visit(node)
