"""What is known of a value before the program runs, and what a test at run time can add."""

from __future__ import annotations

import ast
from collections import OrderedDict, defaultdict
from dataclasses import dataclass
from typing import Final

__all__ = [
    "ANY",
    "BARE",
    "BITS",
    "BOOL",
    "FLOAT",
    "GROUPS",
    "HASHED",
    "HOLDER",
    "HOLDERS",
    "INEXACT",
    "INSTANCE",
    "IN_TABLE",
    "KEY",
    "NONE",
    "REAL",
    "SMALL",
    "TEXT",
    "WORD",
    "Fact",
    "of_constant",
    "of_node",
    "satisfied",
]  # fmt: skip

#: Whole numbers of so many bits are charged for by no operator but `**` and `<<`.
BITS: Final = 500
#: The bits that the inline test of a small whole number allows: one digit of CPython's, whose
#: comparison the interpreter specialises.
TESTED_BITS: Final = 30


@dataclass(frozen=True, slots=True)
class Fact:
    """The exact type of a value, None where it is not known. bits: for a whole number, the most that
    it can have; -1 where that is not known. For a text or bytes, the most elements, or -1."""

    kind: type | None
    bits: int = -1


ANY: Final = Fact(None)
FLOAT: Final = Fact(float)
#: A float that is no `INEXACT`: a complex number has a hash that a guest can choose.
REAL: Final = Fact(float)
BOOL: Final = Fact(bool)
NONE: Final = Fact(type(None))
SMALL: Final = Fact(int, TESTED_BITS)
TEXT: Final = Fact(str)
#: A whole number that is hashed for nothing; compiled code tests for all of these where keys are
#: often identities, and for small ones elsewhere.
KEY: Final = Fact(int, 60)
#: A whole number of no more than `BITS`; compiled code tests for those of a machine's word, which is
#: what operators on bits meet.
WORD: Final = Fact(int, BITS)
#: Classes whose instances C code subscripts at once, and without asking an object of the guest's: of a
#: deque it walks the blocks from the nearer end.
HOLDERS: Final = frozenset({list, tuple, dict, str, bytes, bytearray, range, defaultdict, OrderedDict})


class _Inexact:
    """Stands for float and complex."""


#: What a float to a power is: what holds of a float for any guard holds of it.
INEXACT: Final = Fact(_Inexact)


class _Holder:
    """Stands for any class of HOLDERS."""


HOLDER: Final = Fact(_Holder)
#: Exact classes that look for a key in a table.
HASHED: Final = frozenset({dict, set, frozenset})


class _Table:
    """Stands for any class of HASHED."""


IN_TABLE: Final = Fact(_Table)


class _Bare:
    """Stands for any class of the guest's whose instances C code does not look into (guards.plain)."""


BARE: Final = Fact(_Bare)


class _Instance:
    """Stands for any class that is made of nothing but classes of the guest's."""


#: An object whose operators are the guest's own functions, or none. Which classes those are is learned
#: while a turn runs (`guards.plain`): nothing else is known to be one before.
INSTANCE: Final = Fact(_Instance)
#: The classes behind each group, and the stand-in for them in compiled code.
GROUPS: Final[dict[Fact, tuple[frozenset[type], str]]] = {
    HOLDER: (HOLDERS, "cap:holders"),
    IN_TABLE: (HASHED, "cap:hashed"),
    BARE: (frozenset(), "cap:bare"),
    INSTANCE: (frozenset(), "cap:classes"),
}


def of_constant(value: object) -> Fact:
    kind = type(value)
    if kind is int:
        return Fact(int, int.bit_length(value))  # type: ignore[arg-type]
    if kind is str or kind is bytes:
        return Fact(kind, len(value))  # type: ignore[arg-type]
    return Fact(kind)


def of_node(node: ast.expr) -> Fact:
    """What a literal says of itself."""
    if isinstance(node, ast.Constant):
        return of_constant(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = of_node(node.operand)
        if inner.kind in (int, float):
            return inner
    return ANY


def satisfied(fact: Fact, need: Fact | None) -> bool | None:
    """Whether a value of which `fact` is known is one that `need` asks for; None where that must be
    tested, False where it cannot be."""
    if need is None:
        return True
    if fact.kind is None:
        return None
    if fact in GROUPS:
        return True if fact is need else None
    if need in GROUPS:
        return fact.kind in GROUPS[need][0]
    if fact is INEXACT:
        return need is FLOAT
    if fact.kind is not need.kind:
        return False
    if need.bits >= 0:
        if fact.bits < 0:
            return None
        return fact.bits <= need.bits
    return True
