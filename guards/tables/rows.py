"""The closed world U: for each type that a guest can hold, what each attribute is.

A row is in one of three states. SAFE: the raw attribute is handed out, and its value's type is in U
again. TAME: a stand-in of ours is handed out, which charges for the work or checks it first. DENY:
the attribute looks absent. What a type has and no row names is denied too, and a test reports it,
so a new Python version shows itself (pit 12 of the design). Both faces of every guard ask `find`
and `owners`; nobody else keeps a rule about a name.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from guards.harden import protect
from guards.sealed import Sealed

__all__ = ["TABLE", "Row", "State", "define", "find", "fingerprint", "is_dunder", "names_known",
           "owners", "unlisted"]  # fmt: skip


class State(enum.Enum):
    SAFE = "safe"
    TAME = "tame"
    DENY = "deny"


#: A stand-in: called with the realm and then as the raw attribute would be called unbound.
Tamed = Callable[..., Any]


def _no_stand_in(*_args: object, **_kwargs: object) -> NoReturn:
    raise AttributeError("this attribute has no stand-in")


@dataclass(frozen=True, slots=True)
class Row:
    """One attribute of one type.

    tamed: the stand-in of a TAME row. reads: the stand-in gives the value itself when the attribute
    is read (`__dict__`); otherwise it is a method that is bound to what it was read from.
    reason: why a row is denied or tamed.
    """

    state: State
    tamed: Tamed = _no_stand_in
    reads: bool = False
    reason: str = ""


SAFE_ROW: Final = Row(State.SAFE)
ABSENT_ROW: Final = Row(State.DENY, reason="not in the table")

#: Names that lead to code, frames, pickling or interpreter internals on every type that has them.
DENIED_EVERYWHERE: Final = {
    "__reduce__": "hands out raw builtins and copyreg's functions (pit 18)",
    "__reduce_ex__": "hands out raw builtins and copyreg's functions (pit 18)",
    "__getstate__": "pickling runs code in the host's time",
    "__setstate__": "sets attributes from a dictionary without a guard",
    "__getnewargs__": "pickling",
    "__getnewargs_ex__": "pickling",
    "__replace__": "copies without a guard",
    "__del__": "finalisers",
    "__firstlineno__": "where trusted code stands in its file",
    "__static_attributes__": "what trusted code does",
    "__copy__": "copies without a charge",
    "__deepcopy__": "copies without a charge",
    "__globals__": "the namespace of a module, with its builtins",
    "__builtins__": "decides what later functions can reach (pit 2)",
    "__code__": "bytecode",
    "__closure__": "cells of other code",
    "__subclasses__": "every class of the interpreter",
    "__subclasscheck__": "answers for other classes",
    "__weakrefoffset__": "interpreter internals",
    "__dictoffset__": "interpreter internals",
    "__vectorcalloffset__": "interpreter internals",
    "__buffer__": "raw memory",
    "__release_buffer__": "raw memory",
}

#: Special methods that only compute: what they give is of the same type, a number, a bool, an
#: iterator or a str, in time that the sizes of their operands bound.
PLAIN_DUNDERS: Final = frozenset(
    """
    __doc__ __len__ __iter__ __next__ __getitem__ __setitem__ __delitem__ __reversed__ __bool__
    __int__ __float__ __complex__ __index__ __abs__ __neg__ __pos__ __invert__ __round__ __trunc__
    __floor__ __ceil__ __lt__ __le__ __gt__ __ge__ __eq__ __ne__ __hash__ __sub__ __rsub__ __isub__
    __truediv__ __rtruediv__ __floordiv__ __rfloordiv__ __divmod__ __rdivmod__ __and__ __rand__
    __iand__ __or__ __ror__ __ior__ __xor__ __rxor__ __ixor__ __rshift__ __rrshift__ __length_hint__
    __await__ __aiter__ __anext__ __get__ __sizeof__ __init_subclass__ __subclasshook__
    __class_getitem__ __contains__ __missing__ __add__ __radd__ __bytes__ __str__ __repr__ __name__
    __qualname__ __module__ __text_signature__ __objclass__ __getformat__ __class__
    __reversed__ __enter__ __exit__
    """.split()
)

TABLE: Final[dict[type, dict[str, Row]]] = {}
#: Types that a guest's class statement may name as a base.
SUBCLASSABLE: Final[set[type]] = set()
_OWNERS: Final[dict[str, list[type]]] = {}
_owners_cache: Final[dict[str, tuple[type, ...]]] = {}


def is_dunder(name: str) -> bool:
    return name[:2] == "__" and name[-2:] == "__"


def define(
    kind: type,
    safe: str = "",
    *,
    tame: Mapping[str, Tamed] | None = None,
    reads: Mapping[str, Tamed] | None = None,
    deny: Mapping[str, str] | str = "",
    subclass: bool = False,
    instances_safe: bool = False,
) -> None:
    """Enter a type into U.

    safe: names, split at white space, beside the plain special methods. tame: name to stand-in.
    reads: name to a stand-in that gives the value on reading. deny: names with or without reasons.
    subclass: whether guests may derive classes from it.
    """
    protect(kind)
    rows: dict[str, Row] = {}
    own = kind.__dict__
    for name in own:
        if name in DENIED_EVERYWHERE:
            rows[name] = Row(State.DENY, reason=DENIED_EVERYWHERE[name])
        elif name in PLAIN_DUNDERS:
            rows[name] = SAFE_ROW
    for name in safe.split():
        rows[name] = SAFE_ROW
    for name, function in (tame or {}).items():
        rows[name] = Row(State.TAME, function)
    for name, function in (reads or {}).items():
        rows[name] = Row(State.TAME, function, reads=True)
    denied = {n: "" for n in deny.split()} if isinstance(deny, str) else deny
    for name, reason in denied.items():
        rows[name] = Row(State.DENY, reason=reason)
    TABLE[kind] = rows
    if subclass:
        SUBCLASSABLE.add(kind)
    for name in {*own, *rows}:
        if not is_dunder(name) and rows.get(name, ABSENT_ROW).state is not State.SAFE:
            _OWNERS.setdefault(name, []).append(kind)
            _owners_cache.pop(name, None)


def find(kind: type, name: str) -> Row:
    """The row of `name` as the type `kind` itself defines it; a denied row when none says so."""
    rows = TABLE.get(kind)
    if rows is None:
        return ABSENT_ROW
    return rows.get(name, ABSENT_ROW)


def owners(name: str) -> tuple[type, ...]:
    """The types in U that tame, deny or do not list `name`, which is no special method.

    Empty for a name that is safe on every type: an access by such a name needs no guard.
    """
    found = _owners_cache.get(name)
    if found is None:
        if name not in _OWNERS:
            return ()
        found = _owners_cache[name] = tuple(_OWNERS[name])
    return found


def names_known() -> int:
    """How many names need a guard. It grows when a type is entered that brings a new one, and what was
    compiled before then does not know of it."""
    return len(_OWNERS)


def fingerprint() -> bytes:
    """A digest of what the tables say of types that are not this package's own."""
    total = hashlib.sha256(repr(sorted(_OWNERS)).encode())
    for kind, rows in TABLE.items():
        if type(kind) is not Sealed:
            total.update(f"{kind.__module__}.{kind.__qualname__}\0{kind in SUBCLASSABLE}\0".encode())
            total.update(repr(sorted((n, r.state.value, r.reads) for n, r in rows.items())).encode())
    return total.digest()


def unlisted() -> Iterable[tuple[type, str]]:
    """Every attribute that a type in U has and no row names: removed, for a person to look at."""
    for kind, rows in TABLE.items():
        for name in kind.__dict__:
            if name not in rows:
                yield kind, name
