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
from types import CodeType
from typing import Any, Final

__all__ = ["FILE_MARK", "as_names", "bound", "is_guest_code", "stand_in", "with_note"]

#: Parts the name of a guest's file from the serial of its program in code objects.
FILE_MARK: Final = "\x1f"

#: No text of a guest's can hold this: it is drawn anew in every process and shown to nobody.
_NONCE: Final = secrets.token_bytes(16)
_SIZE: Final = len(_NONCE)


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
