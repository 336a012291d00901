"""Guards in compiled code: they are constants of it, so that no name and no dictionary leads to them.

The router writes a stand-in where a guard belongs. After compiling, each compartment gets a copy of
the code with its own guards in their place. Stops, as a class: a guest that comes by the dictionary
in which the interpreter looks up builtins, or puts another one in its place, still has every access
guarded (pits 1 and 2).
"""

from __future__ import annotations

import ast
import secrets
from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any, Final

__all__ = [
    "FILE_MARK",
    "as_names",
    "bound",
    "draw_anew",
    "is_guest_code",
    "stand_in",
    "with_secret",
    "without_secret",
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


def stand_in(key: str) -> ast.expr:
    """What the guard `key` is in a tree that will be compiled.

    A constant alone would be warned about where it is called; a choice with a constant test costs
    nothing, since the compiler leaves test and other branch out.
    """
    return ast.IfExp(ast.Constant(True), ast.Constant(_NONCE + key.encode()), ast.Constant(None))


def is_guest_code(code: CodeType) -> bool:
    """Whether this package compiled it."""
    return FILE_MARK in code.co_filename


def bound(code: CodeType, guards: Mapping[str, Any]) -> CodeType:
    """`code` and all code in it with guards in place of their stand-ins."""
    consts = tuple([_bound_constant(c, guards) for c in code.co_consts])
    return code.replace(co_consts=consts)


def _bound_constant(constant: Any, guards: Mapping[str, Any]) -> Any:
    if type(constant) is bytes and constant.startswith(_NONCE):
        return guards[constant[_SIZE:].decode()]
    if type(constant) is CodeType:
        return bound(constant, guards)
    return constant


def without_secret(code: CodeType) -> CodeType:
    """`code` for another process, which `with_secret` reads: this one's secret does not go along."""
    return _converted(code, _hidden)


def with_secret(code: CodeType) -> CodeType:
    """What `without_secret` has made in another process, with this one's secret."""
    return _converted(code, _shown)


def _hidden(constant: bytes) -> bytes:
    return b"\1" + constant[_SIZE:] if constant.startswith(_NONCE) else b"\0" + constant


def _shown(constant: bytes) -> bytes:
    return _NONCE + constant[1:] if constant[:1] == b"\1" else constant[1:]


def _converted(code: CodeType, convert: Callable[[bytes], bytes]) -> CodeType:
    consts: list[Any] = []
    for constant in code.co_consts:
        if type(constant) is bytes:
            constant = convert(constant)
        elif type(constant) is CodeType:
            constant = _converted(constant, convert)
        consts.append(constant)
    return code.replace(co_consts=tuple(consts))


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
