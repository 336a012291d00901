"""Operators whose result can be larger than what goes in, and comparisons of nests.

Stops: `10 ** 10 ** 10`, `'a' * 10**10`, `1 << 10**12`, `'%1000000000d' % 1`, endless `l += iter(l)`
(pits 5, 16, 23). Each is charged by the sizes of its operands and refused before it allocates.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any, Final

from guards.base import Guard, Plan, Site
from guards.call import mapping_or_pairs
from guards.charge import (
    charge_add,
    charge_big,
    charge_floordiv,
    charge_linear,
    charge_lshift,
    charge_mod,
    charge_mul,
    charge_pow,
    charge_walk,
    feed_keys,
    is_view,
    merged,
    size_of,
)
from guards.host import host_lookup
from guards.store import charge_key, concatenate_in_place

__all__ = ["BINARY", "INPLACE", "OPERATORS", "UNARY", "Compared", "Key", "Operate"]


#: Whole numbers below this in size are never charged for, whatever the operator but `**` and `<<`.
_SMALL: Final = 1 << 500


class Operate(Guard):
    """The guard of one operator; `a * b` becomes `cap:mul`(a, b)."""

    __slots__ = ()


def _index(a: Any, b: Any) -> Any:
    """The whole number that a sequence is repeated by, asked of a guest's object only once."""
    if type(b) is not int and size_of(a) is not None and not issubclass(type(b), int):
        kind = type(b)
        if host_lookup(kind, "__rmul__")[0] is None and host_lookup(kind, "__index__")[0] is not None:
            return operator.index(b)
    return b


class Multiply(Operate):
    key = "cap:mul"
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is int and type(b) is int and -_SMALL < a < _SMALL > b > -_SMALL:
            return a * b
        ta, tb = type(a), type(b)
        if ta is not float and tb is not float:
            b, a = _index(a, b), _index(b, a)
            charge_mul(self.realm, a, b)
        return a * b

    @classmethod
    def plan(cls, site: Site) -> Plan:
        return Plan.OMIT if any(_is_float(n) for n in site.operands) else Plan.CALL


class MultiplyInPlace(Operate):
    key = "cap:imul"
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is int and type(b) is int and -_SMALL < a < _SMALL > b > -_SMALL:
            return a * b
        b = _index(a, b)
        charge_mul(self.realm, a, b)
        a *= b
        return a

    plan = Multiply.plan


class Add(Operate):
    key = "cap:add"
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is float:
            return a + b
        if type(a) is int and type(b) is int and -_SMALL < a < _SMALL > b > -_SMALL:
            return a + b
        charge_add(self.realm, a, b)
        return a + b

    @classmethod
    def plan(cls, site: Site) -> Plan:
        return Plan.OMIT if any(_is_number(n) for n in site.operands) else Plan.CALL


class AddInPlace(Operate):
    key = "cap:iadd"
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is float:
            return a + b
        if type(a) is int and type(b) is int and -_SMALL < a < _SMALL > b > -_SMALL:
            return a + b
        b = concatenate_in_place(self.realm, a, b)
        a += b
        return a

    plan = Add.plan


class Power(Operate):
    key = "cap:pow"
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        charge_pow(self.realm, a, b)
        return a**b

    @classmethod
    def plan(cls, site: Site) -> Plan:
        return Plan.OMIT if any(_is_float(n) for n in site.operands) else Plan.CALL


class PowerInPlace(Operate):
    key = "cap:ipow"
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        charge_pow(self.realm, a, b)
        a **= b
        return a

    plan = Power.plan


class ShiftLeft(Operate):
    key = "cap:lshift"
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        charge_lshift(self.realm, a, b)
        return a << b


class ShiftLeftInPlace(Operate):
    key = "cap:ilshift"
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        charge_lshift(self.realm, a, b)
        a <<= b
        return a


class Modulo(Operate):
    key = "cap:mod"
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is int and type(b) is int and -_SMALL < a < _SMALL > b > -_SMALL:
            return a % b
        charge_mod(self.realm, a, b)
        return a % b


class ModuloInPlace(Operate):
    key = "cap:imod"
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is int and type(b) is int and -_SMALL < a < _SMALL > b > -_SMALL:
            return a % b
        charge_mod(self.realm, a, b)
        a %= b
        return a


class FloorDivide(Operate):
    key = "cap:floordiv"
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is int and type(b) is int and -_SMALL < a < _SMALL > b > -_SMALL:
            return a // b
        charge_floordiv(self.realm, a, b)
        return a // b

    @classmethod
    def plan(cls, site: Site) -> Plan:
        return Plan.OMIT if any(_is_small(n) for n in site.operands[1:]) else Plan.CALL


class FloorDivideInPlace(Operate):
    key = "cap:ifloordiv"
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is int and type(b) is int and -_SMALL < a < _SMALL > b > -_SMALL:
            return a // b
        charge_floordiv(self.realm, a, b)
        a //= b
        return a

    plan = FloorDivide.plan


class Compared(Guard):
    """a == b becomes a == `cap:compared`(b): a nest on the right is paid for before it is walked.

    C code stops at the shorter of two nests, so looking at one side bounds the work on both.
    """

    key = "cap:compared"
    __slots__ = ()

    def run(self, obj: Any) -> Any:
        charge_walk(self.realm, obj)
        return obj

    @classmethod
    def plan(cls, site: Site) -> Plan:
        return Plan.OMIT if any(_is_plain_key(n) for n in site.operands) else Plan.CALL


class Key(Guard):
    """A key of a dict display or an element of a set display, which C code hashes."""

    key = "cap:key"
    __slots__ = ()

    def run(self, obj: Any) -> Any:
        charge_key(self.realm, obj)
        return obj

    @classmethod
    def plan(cls, site: Site) -> Plan:
        return Plan.OMIT if all(_is_plain_key(n) for n in site.operands) else Plan.CALL


def _is_plain_key(node: ast.expr) -> bool:
    if not isinstance(node, ast.Constant):
        return False
    value = node.value
    return (
        len(value) < 4096
        if isinstance(value, (str, bytes))
        else (type(value) is not int or _is_small(node))
    )


class _Combine(Operate):
    """Set operators. A view of a dictionary takes any iterable on the other side, and a dictionary
    takes any on the right of `|=`; C code would walk an endless one (pit 26)."""

    __slots__ = ()

    @classmethod
    def plan(cls, site: Site) -> Plan:
        return Plan.OMIT if any(_is_number(n) for n in site.operands) else Plan.CALL


_VIEWS: Final[tuple[type, ...]] = (type({}.keys()), type({}.items()))


def _iterable(kind: type) -> bool:
    return host_lookup(kind, "__iter__")[0] is not None


def _fed(realm: Any, a: Any, b: Any) -> tuple[Any, Any]:
    ta, tb = type(a), type(b)
    if ta is int:
        charge_big(realm, a, b)
        return a, b
    if issubclass(ta, (set, frozenset)) and issubclass(tb, (set, frozenset)):
        realm.meter.charge(((size_of(a) or 0) + (size_of(b) or 0)) >> 4)
        return a, b
    if issubclass(ta, _VIEWS) and _iterable(tb):
        return a, feed_keys(realm, b)
    if issubclass(tb, _VIEWS) and _iterable(ta):
        return feed_keys(realm, a), b
    if issubclass(ta, dict) and issubclass(tb, dict):
        return a, merged(realm, b)
    return a, b


class Subtract(_Combine):
    key = "cap:sub"
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is int:
            charge_big(self.realm, a, b)
        elif type(a) is not float:
            a, b = _fed(self.realm, a, b)
        return a - b


class SubtractInPlace(_Combine):
    key = "cap:isub"
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is int:
            charge_big(self.realm, a, b)
        elif type(a) is not float:
            a, b = _fed(self.realm, a, b)
        a -= b
        return a


class Union(_Combine):
    key = "cap:or"
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        a, b = _fed(self.realm, a, b)
        return a | b


class UnionInPlace(_Combine):
    key = "cap:ior"
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if issubclass(type(a), dict) and not issubclass(type(b), dict):
            if _iterable(type(b)) or is_view(type(b)) or host_lookup(type(b), "keys")[0]:
                b = mapping_or_pairs(self.realm, b)
        else:
            a, b = _fed(self.realm, a, b)
        a |= b
        return a


class Intersect(_Combine):
    key = "cap:and"
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        a, b = _fed(self.realm, a, b)
        return a & b


class IntersectInPlace(_Combine):
    key = "cap:iand"
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        a, b = _fed(self.realm, a, b)
        a &= b
        return a


class ShiftRight(Operate):
    key = "cap:rshift"
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        charge_linear(self.realm, a)
        return a >> b


class ShiftRightInPlace(Operate):
    key = "cap:irshift"
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        charge_linear(self.realm, a)
        a >>= b
        return a


class Negate(Operate):
    """-a, +a and ~a copy a large whole number."""

    key = "cap:neg"
    __slots__ = ()

    def run(self, a: Any) -> Any:
        charge_linear(self.realm, a)
        return -a

    @classmethod
    def plan(cls, site: Site) -> Plan:
        return Plan.OMIT if all(_is_plain_key(n) for n in site.operands) else Plan.CALL


class Plus(Negate):
    key = "cap:plus"
    __slots__ = ()

    def run(self, a: Any) -> Any:
        charge_linear(self.realm, a)
        return +a


class Invert(Negate):
    key = "cap:invert"
    __slots__ = ()

    def run(self, a: Any) -> Any:
        charge_linear(self.realm, a)
        return ~a


class Differ(_Combine):
    key = "cap:xor"
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        a, b = _fed(self.realm, a, b)
        return a ^ b


class DifferInPlace(_Combine):
    key = "cap:ixor"
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        a, b = _fed(self.realm, a, b)
        a ^= b
        return a


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float, complex)


def _is_float(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (float, complex)


def _is_small(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value < 1 << 60


OPERATORS: Final[tuple[type[Operate], ...]] = (
    Multiply, MultiplyInPlace, Add, AddInPlace, Power, PowerInPlace, ShiftLeft, ShiftLeftInPlace,
    Modulo, ModuloInPlace, FloorDivide, FloorDivideInPlace, Subtract, SubtractInPlace, Union,
    UnionInPlace, Intersect, IntersectInPlace, Differ, DifferInPlace, ShiftRight, ShiftRightInPlace,
    Negate, Plus, Invert,
)  # fmt: skip
BINARY: Final[dict[type[ast.operator], type[Operate]]] = {
    ast.Mult: Multiply,
    ast.Add: Add,
    ast.Pow: Power,
    ast.LShift: ShiftLeft,
    ast.Mod: Modulo,
    ast.FloorDiv: FloorDivide,
    ast.Sub: Subtract,
    ast.BitOr: Union,
    ast.BitAnd: Intersect,
    ast.BitXor: Differ,
    ast.RShift: ShiftRight,
}
UNARY: Final[dict[type[ast.unaryop], type[Operate]]] = {
    ast.USub: Negate, ast.UAdd: Plus, ast.Invert: Invert,
}  # fmt: skip  # fmt: skip
INPLACE: Final[dict[type[ast.operator], type[Operate]]] = {
    ast.Mult: MultiplyInPlace, ast.Add: AddInPlace, ast.Pow: PowerInPlace,
    ast.LShift: ShiftLeftInPlace, ast.Mod: ModuloInPlace, ast.FloorDiv: FloorDivideInPlace,
    ast.Sub: SubtractInPlace, ast.BitOr: UnionInPlace, ast.BitAnd: IntersectInPlace,
    ast.BitXor: DifferInPlace, ast.RShift: ShiftRightInPlace,
}  # fmt: skip

Charge = Callable[..., None]
