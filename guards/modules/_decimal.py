"""`_guard_decimal`: contexts of decimal arithmetic, one set for each compartment.

The C arithmetic takes its precision, and leaves its flags, in the context of the thread, which is the
host's too (pits 10 and 25). So each turn runs in a context of its compartment (see
guards.decimal_context), and what a guest holds of a context is a handle without attributes; the class
`Context` that it sees is the facet `_decimal`, which is guest code.
"""

from __future__ import annotations

import decimal
from decimal import Decimal
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any, Final

from guards.charge import note_precision
from guards.decimal_context import MAX_PREC, new_context
from guards.host import host_dict, host_exact_str, host_name
from guards.modules.table import MODULES, ModuleRow, tamed_in
from guards.sealed import HOST, Sealed, sealed_error
from guards.tables.decimals import (
    CONTEXT_CLASS,
    SIGNALS,
    TUPLE_CLASS,
    charge_arguments,
    charge_decimals,
    charge_digits_of,
)
from guards.tables.rows import define

if TYPE_CHECKING:
    from collections.abc import Callable

    from guards.realm import Realm

__all__: list[str] = []

_TAMED: dict[str, Callable[..., Any]] = {}


class ContextHandle(metaclass=Sealed, host=HOST):
    """Stands for a context of decimal arithmetic; it has nothing to read, set or call."""

    __slots__ = ("__context__",)
    __setattr__ = sealed_error
    __delattr__ = sealed_error
    __context__: decimal.Context


define(ContextHandle, deny="__context__ __slots__ __setattr__ __delattr__ __new__ __annotations__")

_NUMBERS: Final = frozenset({"prec", "Emin", "Emax", "capitals", "clamp"})
#: Methods of a context that only compute; what each costs is the size of its operands and precision.
_METHODS: Final = frozenset(
    """
    Etiny Etop abs add canonical compare compare_signal compare_total compare_total_mag copy_abs
    copy_decimal copy_negate copy_sign divide divide_int divmod fma is_canonical is_finite is_infinite
    is_nan is_normal is_qnan is_signed is_snan is_subnormal is_zero logb logical_and logical_invert
    logical_or logical_xor max max_mag min min_mag minus multiply next_minus next_plus next_toward
    normalize number_class plus quantize radix remainder remainder_near rotate same_quantum scaleb
    shift subtract to_eng_string to_integral to_integral_exact to_integral_value to_sci_string
    clear_flags clear_traps create_decimal create_decimal_from_float
    exp ln log10 power sqrt
    """.split()
)


def _context(handle: Any) -> Any:
    if type(handle) is not ContextHandle:
        raise TypeError(f"optional argument must be a context, not {host_name(type(handle))!r}")
    return handle.__context__


@tamed_in(_TAMED)
def __new(realm: Realm, /) -> ContextHandle:
    handle = object.__new__(ContextHandle)
    object.__setattr__(handle, "__context__", new_context())
    return handle


@tamed_in(_TAMED)
def __read(realm: Realm, handle: Any, name: Any, /) -> Any:
    if name not in _NUMBERS and name != "rounding":
        raise AttributeError(f"'decimal.Context' object has no attribute {name!r}")
    return getattr(_context(handle), name)


@tamed_in(_TAMED)
def __write(realm: Realm, handle: Any, name: Any, value: Any, /) -> None:
    context = _context(handle)
    if name == "rounding":
        value = host_exact_str(value) if isinstance(value, str) else value
    elif name not in _NUMBERS:
        raise AttributeError(f"'decimal.Context' object has no attribute {name!r}")
    elif not isinstance(value, int):
        raise TypeError("an integer is required")
    else:
        value = int.__index__(value)
        if name == "prec" and not 1 <= value <= MAX_PREC:
            raise ValueError("valid range for prec is [1, MAX_PREC]")
        if name == "prec":
            note_precision(value)
    setattr(context, host_exact_str(name), value)


@tamed_in(_TAMED)
def __signals(realm: Realm, handle: Any, which: Any, /) -> list[Any]:
    table = _context(handle).traps if which == "traps" else _context(handle).flags
    return [kind for kind in SIGNALS if table[kind]]


@tamed_in(_TAMED)
def __signal(realm: Realm, handle: Any, which: Any, kind: Any, on: Any, /) -> None:
    table = _context(handle).traps if which == "traps" else _context(handle).flags
    if not any(kind is s for s in SIGNALS):
        raise KeyError("invalid error flag")
    table[kind] = on is True


@tamed_in(_TAMED)
def __call(realm: Realm, handle: Any, name: Any, /, *args: Any, **kwargs: Any) -> Any:
    context = _context(handle)
    if name not in _METHODS:
        raise AttributeError(f"'decimal.Context' object has no attribute {name!r}")
    name = host_exact_str(name)
    if name == "create_decimal":
        charge_arguments(realm, Decimal, args, kwargs)
    for operand in (*args, *kwargs.values()):
        charge_decimals(realm, operand, operand, context.prec)
    if name in ("exp", "ln", "log10", "power", "sqrt"):
        charge_digits_of(realm, name, context.prec)
    return getattr(context, name)(*args, **kwargs)


@tamed_in(_TAMED)
def __use(realm: Realm, handle: Any, /) -> None:
    context = _context(handle)
    realm.arithmetic.own = context
    decimal.setcontext(context)


@tamed_in(_TAMED)
def __register(realm: Realm, context: Any, numbers: Any, /) -> None:
    """The facet's classes: of contexts, which methods of Decimal take, and of what `as_tuple` gives."""
    slot = host_dict(context).get("_handle") if isinstance(context, type) else None
    if type(slot) is not MemberDescriptorType or not realm.is_guest_class(context):
        raise TypeError("a class of contexts was expected")
    realm.keep[CONTEXT_CLASS] = (context, slot)
    realm.keep[TUPLE_CLASS] = numbers


MODULES["_guard_decimal"] = ModuleRow(
    why="Decimal is immutable and of U; contexts are handles",
    safe={
        "Decimal": Decimal,
        **{kind.__name__: kind for kind in SIGNALS},
        "DecimalException": decimal.DecimalException,
        "ConversionSyntax": decimal.ConversionSyntax,
        "DivisionImpossible": decimal.DivisionImpossible,
        "DivisionUndefined": decimal.DivisionUndefined,
        "InvalidContext": decimal.InvalidContext,
        **{n: getattr(decimal, n) for n in dir(decimal) if n.startswith("ROUND_")},
        "MAX_PREC": MAX_PREC,
        "MAX_EMAX": decimal.MAX_EMAX,
        "MIN_EMIN": decimal.MIN_EMIN,
        "MIN_ETINY": decimal.MIN_EMIN - (MAX_PREC - 1),
    },
    tame=_TAMED,
    arrives=lambda realm: realm.arithmetic.meet(),
)
