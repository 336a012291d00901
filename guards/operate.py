"""Operators whose result can be larger than what goes in, and comparisons of nests.

Stops: `10 ** 10 ** 10`, `'a' * 10**10`, `1 << 10**12`, `'%1000000000d' % 1`, endless `l += iter(l)`
(pits 5, 16, 23). Each is charged by the sizes of its operands and refused before it allocates.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from types import MethodType
from typing import Any, ClassVar, Final

from guards.attribute import read
from guards.base import Guard, Plan, Row, Site, gone, open_rows
from guards.call import callable_for_c, mapping_or_pairs
from guards.charge import (
    DICTS,
    SCALARS,
    asks_for_little,
    charge_add,
    charge_big,
    charge_decimal,
    charge_floordiv,
    charge_keys,
    charge_linear,
    charge_lshift,
    charge_mod,
    charge_mul,
    charge_nests,
    charge_pow,
    charge_truediv,
    charge_views,
    charge_walk,
    feed_keys,
    is_few,
    is_light,
    is_short_format,
    is_view,
    merged,
    size_of,
)
from guards.depth import CARRIERS, check_nesting
from guards.fact import BARE, BITS, BOOL, FLOAT, INSTANCE, NONE, SMALL, WORD, Fact
from guards.host import host_iterable, host_lookup, host_name
from guards.store import charge_key, concatenate_in_place
from guards.tables.rows import TABLE
from guards.warn import warn

__all__ = [
    "BINARY",
    "COMPARE",
    "INPLACE",
    "OPERATORS",
    "SHORT_VALUES",
    "UNARY",
    "Compared",
    "Key",
    "Modulo",
    "Operate",
    "is_short_template",
]  # fmt: skip


#: Whole numbers below this in size are never charged for, whatever the operator but `**` and `<<`.
_SMALL: Final = 1 << 500


_NUMBER: Final = Fact(int, BITS)
_FLOATS: Final[tuple[Row, ...]] = ((FLOAT, None), (None, FLOAT))
#: Where one operand is a float the other is a number too, or an object of the guest's that says what
#: is done; nothing is built, copied or walked.
_EITHER: Final[tuple[Row, ...]] = (*_FLOATS, (_NUMBER, _NUMBER))
#: As above, but a text on the left takes anything on the right, and formats it.
_LEFT: Final[tuple[Row, ...]] = ((FLOAT, None), (_NUMBER, _NUMBER))
#: As `_EITHER`, in place: an object of the guest's on the left has a say of its own (`__iadd__`), and
#: the plain operator, which is what is written where a guard is left out, would not ask it.
_IN_PLACE: Final[tuple[Row, ...]] = ((FLOAT, None), (_NUMBER, FLOAT), (_NUMBER, _NUMBER))
_WHOLE: Final[tuple[Row, ...]] = ((WORD, WORD),)
_SHIFTED: Final[tuple[Row, ...]] = ((WORD, None),)
#: By less than 1,024 bits.
_SHIFTED_LITTLE: Final[tuple[Row, ...]] = ((WORD, Fact(int, 10)),)
_ONE: Final[tuple[Row, ...]] = ((FLOAT,), (_NUMBER,))


#: Two objects of the guest's own classes: an operator calls what those say, or compares identities.
#: No C code of a builtin class is asked, as the other side of a set or a list would be.
_OBJECTS: Final[tuple[Row, ...]] = ((INSTANCE, INSTANCE),)
#: As above; a number asks nothing of what stands on its other side, either.
_SCALED: Final[tuple[Row, ...]] = (*_OBJECTS, (INSTANCE, _NUMBER))


#: As many elements of these together take less than what is noted. Lists and tuples are counted by the
#: collector.
_SHORT_UNITS: Final[dict[type, int]] = {str: 64, list: 512, tuple: 512, bytes: 256}
#: Those of them that `+=` makes anew.
_FIXED: Final = frozenset({str, tuple, bytes})


class Operate(Guard):
    """The guard of one operator; `a * b` becomes `cap:mul`(a, b)."""

    __slots__ = ()

    def met(self, a: Any, b: Any) -> None:
        """Note the classes of operands, so that compiled code knows those of the guest's own."""
        if type(a) not in TABLE or type(b) not in TABLE:
            realm = self.ref() or gone()
            for kind in (type(a), type(b)):
                if kind not in TABLE and kind not in realm.plain.classes:
                    realm.plain.learn_class(realm, kind)


def _index(a: Any, b: Any, operator_of_its_own: str = "__rmul__") -> Any:
    """The whole number that a sequence is repeated by, asked of a guest's object only once, and not
    where that has an operator of its own, which Python asks first."""
    if type(b) is not int and size_of(a) is not None and not issubclass(type(b), int):
        kind = type(b)
        if (
            host_lookup(kind, operator_of_its_own)[0] is None
            and host_lookup(kind, "__index__")[0] is not None
        ):
            return operator.index(b)
    return b


class Multiply(Operate):
    key = "cap:mul"
    free = (*_EITHER, *_SCALED)
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is int and type(b) is int and -_SMALL < a < _SMALL > b > -_SMALL:
            return a * b
        if type(a) is Decimal and is_light(a, b):
            return a * b
        if type(a) in _SHORT_UNITS and type(b) is int and len(a) * b < _SHORT_UNITS[type(a)]:
            return a * b
        if type(a) is int and type(b) is int:
            if a.bit_length() + b.bit_length() > 4096:
                charge_mul((self.ref() or gone()), a, b)
            return a * b
        if type(a) is not float and type(b) is not float:
            self.met(a, b)
            b, a = _index(a, b), _index(b, a, "__mul__")
            charge_mul((self.ref() or gone()), a, b)
        return a * b


class MultiplyInPlace(Operate):
    key = "cap:imul"
    free = _IN_PLACE
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is int and type(b) is int and -_SMALL < a < _SMALL > b > -_SMALL:
            return a * b
        if type(a) is Decimal and is_light(a, b):
            return a * b
        if type(a) is not float and type(b) is not float:
            b = _index(a, b)
            charge_mul((self.ref() or gone()), a, b)
        a *= b
        return a


#: Two texts that are short together.
_TEXTS: Final[tuple[Row, ...]] = ((Fact(str, 511), Fact(str, 511)),)
#: Two lists that are.
_LISTS: Final[tuple[Row, ...]] = ((Fact(list, 255), Fact(list, 255)),)


class Add(Operate):
    key = "cap:add"
    free = (*_EITHER, *_TEXTS, *_OBJECTS)
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is float or type(b) is float:
            return a + b
        if type(a) is int and type(b) is int and -_SMALL < a < _SMALL > b > -_SMALL:
            return a + b
        if type(a) is Decimal and is_light(a, b):
            return a + b
        if type(a) is type(b) and type(a) in _SHORT_UNITS and len(a) + len(b) < _SHORT_UNITS[type(a)]:
            return a + b
        if type(b) is bool and type(a) is int and -_SMALL < a < _SMALL:
            return a + b
        if type(a) is int and type(b) is int:
            if not a.bit_length() <= 4096 >= b.bit_length():
                charge_big((self.ref() or gone()), a, b)
            return a + b
        self.met(a, b)
        charge_add((self.ref() or gone()), a, b)
        return a + b

    @classmethod
    def tests(cls, site: Site) -> list[Row]:
        if any(map(_is_sequence, site.operands)):
            return open_rows((*_LISTS, *cls.free), site)
        return super().tests(site)


def _is_sequence(node: ast.expr) -> bool:
    """Whether an operand looks like one of two lists."""
    return isinstance(node, (ast.List, ast.ListComp)) or (
        isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice)
    )


class AddInPlace(Operate):
    key = "cap:iadd"
    free = (*_IN_PLACE, *_TEXTS)
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is int and type(b) is int and -_SMALL < a < _SMALL > b > -_SMALL:
            return a + b
        if type(a) is type(b) and type(a) in _FIXED and len(a) + len(b) < _SHORT_UNITS[type(a)]:
            return a + b
        if type(a) is Decimal and is_light(a, b):
            return a + b
        if type(a) is not float and type(b) is not float:
            realm = self.ref() or gone()
            if type(a) in _GROWN and type(b) in _GROWN and len(a) + len(b) < _GROWN_FREELY:
                a += b
                return a
            if issubclass(type(a), _EXTENDED):
                found = _added_by_right(a, b)
                if found is not NotImplemented:
                    return found
            b = concatenate_in_place(realm, a, b)
        a += b
        return a


#: What grows in place for nothing by so many elements of another of these.
_GROWN: Final = frozenset({list, tuple, bytearray, bytes})
_GROWN_FREELY: Final = 128
#: What takes any iterable in place; its class says nothing of adding numbers.
_EXTENDED: Final = (list, bytearray, deque)


def _added_by_right(a: Any, b: Any) -> Any:
    """What `__radd__` of an object of the guest's makes of `a += b`: Python asks for it before a
    sequence is extended. What extends it is given an iterator, which has none."""
    if (
        host_lookup(type(a), "__iadd__")[0] not in TABLE
        or host_lookup(type(a), "__add__")[0] not in TABLE
    ):
        return NotImplemented
    kind = type(b)
    definer, method = host_lookup(kind, "__radd__")
    if definer is None or definer in TABLE:
        return NotImplemented
    if host_lookup(type(method), "__get__")[0] is not None:
        method = type(method).__get__(method, b, kind)
    return method(a)


class Power(Operate):
    key = "cap:pow"
    free = _FLOATS
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is not float and type(b) is not float:
            charge_pow((self.ref() or gone()), a, b)
        return a**b

    @classmethod
    def tests(cls, site: Site) -> list[Row]:
        exponent = site.operands[1]
        if isinstance(exponent, ast.Constant) and type(exponent.value) is int and exponent.value <= 100:
            return open_rows(((FLOAT, None), (Fact(int, 4096 // max(1, exponent.value)), None)), site)
        return super().tests(site)


class PowerInPlace(Operate):
    key = "cap:ipow"
    free = _IN_PLACE[:2]
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is not float and type(b) is not float:
            charge_pow((self.ref() or gone()), a, b)
        a **= b
        return a


class ShiftLeft(Operate):
    key = "cap:lshift"
    free = _SHIFTED_LITTLE
    __slots__ = ()

    @classmethod
    def tests(cls, site: Site) -> list[Row]:
        by = site.operands[1]
        if isinstance(by, ast.Constant) and type(by.value) is int and by.value <= 1000:
            return open_rows((_SHIFTED[0],), site)
        return open_rows(cls.free, site)

    def run(self, a: Any, b: Any) -> Any:
        charge_lshift((self.ref() or gone()), a, b)
        return a << b


class ShiftLeftInPlace(Operate):
    key = "cap:ilshift"
    free = _SHIFTED_LITTLE
    __slots__ = ()
    tests = ShiftLeft.tests

    def run(self, a: Any, b: Any) -> Any:
        charge_lshift((self.ref() or gone()), a, b)
        a <<= b
        return a


class Modulo(Operate):
    key = "cap:mod"
    free = _LEFT
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is int and type(b) is int and -_SMALL < a < _SMALL > b > -_SMALL:
            return a % b
        if type(a) is Decimal and is_light(a, b):
            return a % b
        if type(a) is not float and not (type(a) is str and is_short_format(a, b)):
            charge_mod((self.ref() or gone()), a, b)
            a = unmoved(a)
        elif type(b) is str and len(b) > 64:
            (self.ref() or gone()).meter.weigh(4 * len(b))
        return a % b

    @classmethod
    def tests(cls, site: Site) -> list[Row]:
        if is_short_template(site.operands[0]):
            return open_rows(tuple((None, need) for need in SHORT_VALUES), site)
        return super().tests(site)


def unmoved(a: Any) -> Any:
    """What stands on the left of `%`, where that is a format in memory that a guest can have moved: C
    code reads on in it while it asks the values what they are."""
    if issubclass(type(a), bytearray) and host_lookup(type(a), "__mod__")[0] is bytearray:
        return bytearray(memoryview(a))
    return a


def is_short_template(node: ast.expr) -> bool:
    """Whether a text is written out on the left of `%` that asks for little."""
    return isinstance(node, ast.Constant) and type(node.value) is str and asks_for_little(node.value)


#: What is put into such a text for nothing.
SHORT_VALUES: Final = (Fact(str, 4095), SMALL, FLOAT)


class ModuloInPlace(Operate):
    key = "cap:imod"
    free = _LEFT
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is int and type(b) is int and -_SMALL < a < _SMALL > b > -_SMALL:
            return a % b
        if type(a) is Decimal and is_light(a, b):
            return a % b
        if type(a) is not float:
            charge_mod((self.ref() or gone()), a, b)
            a = unmoved(a)
        a %= b
        return a


class FloorDivide(Operate):
    key = "cap:floordiv"
    free = _EITHER
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is int and type(b) is int and -_SMALL < a < _SMALL > b > -_SMALL:
            return a // b
        if type(a) is Decimal and is_light(a, b):
            return a // b
        if type(a) is not float and type(b) is not float:
            charge_floordiv((self.ref() or gone()), a, b)
        return a // b


class FloorDivideInPlace(Operate):
    key = "cap:ifloordiv"
    free = _IN_PLACE
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is int and type(b) is int and -_SMALL < a < _SMALL > b > -_SMALL:
            return a // b
        if type(a) is Decimal and is_light(a, b):
            return a // b
        if type(a) is not float and type(b) is not float:
            charge_floordiv((self.ref() or gone()), a, b)
        a //= b
        return a


class Divide(Operate):
    key = "cap:truediv"
    free = (*_EITHER, *_SCALED)
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is Decimal and is_light(a, b):
            return a / b
        if type(a) is not float and type(b) is not float:
            self.met(a, b)
            charge_truediv((self.ref() or gone()), a, b)
        return a / b


class DivideInPlace(Operate):
    key = "cap:itruediv"
    free = _IN_PLACE
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is Decimal and is_light(a, b):
            return a / b
        if type(a) is not float and type(b) is not float:
            charge_truediv((self.ref() or gone()), a, b)
        a /= b
        return a


#: Types that are compared with anything at once.
_AT_ONCE: Final = frozenset({float, bool, complex, type(None), type(Ellipsis), type(NotImplemented)})


def charge_compare(realm: Any, a: Any, b: Any) -> None:
    """Charge for comparing two objects."""
    ta, tb = type(a), type(b)
    if ta in _AT_ONCE or tb in _AT_ONCE:
        return
    if ta is int or tb is int:
        if ta is tb:
            realm.meter.charge(min(a.bit_length(), b.bit_length()) >> 15)
        else:
            charge_decimal(realm, a, b)
        return
    if ta is memoryview or tb is memoryview:
        charge_views(realm, a, b)
        return
    if ta in SCALARS or tb in SCALARS:
        if ta is tb:
            realm.meter.charge(min(len(a), len(b)) >> 12)
        return
    charge_nests(realm, a, b)


_SHORT_TEXT: Final = Fact(str, 4095)
_SHORT_BYTES: Final = Fact(bytes, 4095)


class Compare(Operate):
    """a < b becomes `cap:lt`(a, b)."""

    known = tuple(
        row
        for kind in (
            FLOAT,
            BOOL,
            NONE,
            Fact(complex),
            Fact(type(...)),
            Fact(str, 4095),
            Fact(bytes, 4095),
        )
        for row in ((kind, None), (None, kind))
    )
    free: ClassVar[tuple[Row, ...]] = (
        (_NUMBER, Fact(int)),
        (Fact(int), _NUMBER),
        (FLOAT, None),
        (Fact(str, 4095), None),
        *_OBJECTS,
        (None, FLOAT),
    )
    __slots__ = ()
    operate: ClassVar[Any]

    def run(self, a: Any, b: Any) -> Any:
        ta = type(a)
        if not (ta is int and type(b) is int and -_SMALL < a < _SMALL) and not (
            ta is str and len(a) < 4096
        ):
            if (ta is tuple is type(b) and is_few(b)) or (ta is Decimal and is_light(a, b)):
                return self.operate(a, b)
            self.met(a, b)
            charge_compare((self.ref() or gone()), a, b)
        return self.operate(a, b)


class Equal(Compare):
    key = "cap:eq"
    free = (*Compare.free, (BARE, BARE), (INSTANCE, NONE))
    operate = operator.eq
    __slots__ = ()


class Unequal(Compare):
    key = "cap:ne"
    free = (*Compare.free, (BARE, BARE), (INSTANCE, NONE))
    operate = operator.ne
    __slots__ = ()


class Less(Compare):
    key = "cap:lt"
    operate = operator.lt
    __slots__ = ()


class LessOrEqual(Compare):
    key = "cap:le"
    operate = operator.le
    __slots__ = ()


class Greater(Compare):
    key = "cap:gt"
    operate = operator.gt
    __slots__ = ()


class GreaterOrEqual(Compare):
    key = "cap:ge"
    operate = operator.ge
    __slots__ = ()


COMPARE: Final[dict[type[ast.cmpop], type[Compare]]] = {
    ast.Eq: Equal, ast.NotEq: Unequal, ast.Lt: Less, ast.LtE: LessOrEqual, ast.Gt: Greater,
    ast.GtE: GreaterOrEqual,
}  # fmt: skip


class Compared(Guard):
    """a < b < c: what stands on the right of each operator of a chain, and what `except` names."""

    key = "cap:compared"
    free = ((_NUMBER,), (FLOAT,), (Fact(str, 4095),))
    __slots__ = ()

    def run(self, obj: Any) -> Any:
        if type(obj) is int and -_SMALL < obj < _SMALL:
            return obj
        charge_walk((self.ref() or gone()), obj)
        return obj

    @classmethod
    def plan(cls, site: Site) -> Plan:
        right = site.known()[0]
        at_once = right.kind in _AT_ONCE or (right.kind is bytes and 0 <= right.bits < 4096)
        return Plan.OMIT if at_once else super().plan(site)


_KEY: Final = 1 << 60


class Key(Guard):
    """A key of a dict display or an element of a set display, which C code hashes."""

    key = "cap:key"
    __slots__ = ()

    def run(self, obj: Any) -> Any:
        if type(obj) is not str and not (type(obj) is int and -_KEY < obj < _KEY):
            charge_key((self.ref() or gone()), obj)
        return obj

    @classmethod
    def plan(cls, site: Site) -> Plan:
        fact = site.known()[0]
        if fact.kind is str or (fact.kind is int and 0 <= fact.bits <= 60):
            return Plan.OMIT
        return Plan.OMIT if all(_is_plain_key(n) for n in site.operands) else Plan.CALL


def _is_plain_key(node: ast.expr) -> bool:
    if not isinstance(node, ast.Constant):
        return False
    value = node.value
    return (
        isinstance(value, str)
        or (isinstance(value, bytes) and len(value) < 4096)
        or (type(value) is not bytes and (type(value) is not int or _is_small(node)))
    )


class _Combine(Operate):
    """Set operators. A view of a dictionary takes any iterable on the other side, and a dictionary
    takes any on the right of `|=`; C code would walk an endless one (pit 26)."""

    __slots__ = ()


_VIEWS: Final[tuple[type, ...]] = (type({}.keys()), type({}.items()))


def _fed(realm: Any, a: Any, b: Any) -> tuple[Any, Any]:
    ta, tb = type(a), type(b)
    if ta is int or (issubclass(ta, Decimal) and not issubclass(tb, _VIEWS)):
        charge_big(realm, a, b)
        return a, b
    if ta in CARRIERS or tb in CARRIERS:
        check_nesting(realm, (a, b))  # and fed all the same: iterators are among these
    if issubclass(ta, (set, frozenset)) and issubclass(tb, (set, frozenset)):
        realm.meter.charge(((size_of(a) or 0) + (size_of(b) or 0)) >> 4)
        return a, b
    if issubclass(ta, _VIEWS) and host_iterable(tb):
        charge_keys(realm, a)
        return a, feed_keys(realm, b)
    if issubclass(tb, _VIEWS) and host_iterable(ta):
        charge_keys(realm, b)
        return feed_keys(realm, a), b
    if issubclass(ta, DICTS) and issubclass(tb, DICTS):
        realm.meter.charge_bytes((size_of(a) or 0) * 16)
        return a, merged(realm, b)
    return a, b


def _own_first(realm: Any, a: Any, b: Any, *names: str) -> Any:
    """What the guest's own operator says to a view of a dictionary on the right. It is asked with the
    object itself; the view, which is asked next, is fed what it walks."""
    if not issubclass(type(b), _VIEWS) or type(a) in TABLE:
        return NotImplemented
    for name in names:
        definer = host_lookup(type(a), name)[0]
        if definer is not None and realm.is_guest_class(definer):
            found = callable_for_c(realm, read(realm, type(a), name))(a, b)
            if found is not NotImplemented:
                return found
    return NotImplemented


def _right_first(realm: Any, a: Any, b: Any, name: str) -> Any:
    """What the reflected operator of a subclass on the right says, which Python asks first. It is
    asked with the object itself, and not with the copy that C code is fed."""
    ta, tb = type(a), type(b)
    if tb is ta or not issubclass(tb, ta):
        return NotImplemented
    definer = host_lookup(tb, name)[0]
    if definer is None or not realm.is_guest_class(definer):
        return NotImplemented
    return callable_for_c(realm, read(realm, tb, name))(b, a)


class Subtract(_Combine):
    key = "cap:sub"
    free = (*_EITHER, *_OBJECTS)
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is int:
            if type(b) is not int or not -_SMALL < a < _SMALL > b > -_SMALL:
                charge_big((self.ref() or gone()), a, b)
        elif type(a) is Decimal is type(b):
            charge_decimal((self.ref() or gone()), a, b)
        elif type(a) is not float and type(b) is not float:
            self.met(a, b)
            realm = self.ref() or gone()
            found = _own_first(realm, a, b, "__sub__")
            if found is not NotImplemented:
                return found
            a, b = _fed(realm, a, b)
        return a - b


class SubtractInPlace(_Combine):
    key = "cap:isub"
    free = _IN_PLACE
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is int:
            if type(b) is not int or not -_SMALL < a < _SMALL > b > -_SMALL:
                charge_big((self.ref() or gone()), a, b)
        elif type(a) is Decimal is type(b):
            charge_decimal((self.ref() or gone()), a, b)
        elif type(a) is not float and type(b) is not float:
            realm = self.ref() or gone()
            found = _own_first(realm, a, b, "__isub__", "__sub__")
            if found is not NotImplemented:
                return found
            a, b = _fed(realm, a, b)
        a -= b
        return a


class Union(_Combine):
    key = "cap:or"
    free = _WHOLE
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is int and type(b) is int and -_SMALL < a < _SMALL > b > -_SMALL:
            return a | b
        if issubclass(type(a), DICTS) and issubclass(type(b), DICTS):
            found = _right_first((self.ref() or gone()), a, b, "__ror__")
            if found is not NotImplemented:
                return found
        realm = self.ref() or gone()
        found = _own_first(realm, a, b, "__or__")
        if found is not NotImplemented:
            return found
        a, b = _fed(realm, a, b)
        return a | b


class UnionInPlace(_Combine):
    key = "cap:ior"
    free = _WHOLE
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is int and type(b) is int and -_SMALL < a < _SMALL > b > -_SMALL:
            return a | b
        if issubclass(type(a), dict) and not issubclass(type(b), dict):
            if host_iterable(type(b)) or is_view(type(b)) or hasattr(b, "keys"):
                b = mapping_or_pairs((self.ref() or gone()), b)
        else:
            realm = self.ref() or gone()
            found = _own_first(realm, a, b, "__ior__", "__or__")
            if found is not NotImplemented:
                return found
            a, b = _fed(realm, a, b)
        a |= b
        return a


class Intersect(_Combine):
    key = "cap:and"
    free = _WHOLE
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is int and type(b) is int and -_SMALL < a < _SMALL > b > -_SMALL:
            return a & b
        realm = self.ref() or gone()
        found = _own_first(realm, a, b, "__and__")
        if found is not NotImplemented:
            return found
        a, b = _fed(realm, a, b)
        return a & b


class IntersectInPlace(_Combine):
    key = "cap:iand"
    free = _WHOLE
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is int and type(b) is int and -_SMALL < a < _SMALL > b > -_SMALL:
            return a & b
        realm = self.ref() or gone()
        found = _own_first(realm, a, b, "__iand__", "__and__")
        if found is not NotImplemented:
            return found
        a, b = _fed(realm, a, b)
        a &= b
        return a


class ShiftRight(Operate):
    key = "cap:rshift"
    free = _SHIFTED
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        realm = self.ref() or gone()
        charge_linear(realm, a)
        if type(a) is MethodType and a is realm.builtins.get("print"):
            kind = type(b)
            if kind in TABLE or host_lookup(kind, "__rrshift__")[0] is None:
                # What C code tells who writes as in Python 2.
                raise TypeError(
                    "unsupported operand type(s) for >>: 'builtin_function_or_method' and "
                    f'{host_name(kind)!r}. Did you mean "print(<message>, file=<output_stream>)"?'
                )
        return a >> b


class ShiftRightInPlace(Operate):
    key = "cap:irshift"
    free = _SHIFTED
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        charge_linear((self.ref() or gone()), a)
        a >>= b
        return a


class Negate(Operate):
    """-a, +a and ~a copy a large whole number."""

    key = "cap:neg"
    free = _ONE
    __slots__ = ()

    def run(self, a: Any) -> Any:
        charge_linear((self.ref() or gone()), a)
        return -a


class Plus(Negate):
    key = "cap:plus"
    __slots__ = ()

    def run(self, a: Any) -> Any:
        charge_linear((self.ref() or gone()), a)
        return +a


def _said_of_inverted() -> list[str]:
    """What C code says, from 3.12 on, to whoever inverts a bool."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        # Where no guard stands: what is said there is heard by nobody (see guards.headroom).
        eval("~inverted", {"inverted": True})  # noqa: S307 - a text of our own
    return [str(w.message) for w in heard]


_OF_INVERTED: Final = _said_of_inverted()


class Invert(Negate):
    key = "cap:invert"
    __slots__ = ()

    def run(self, a: Any) -> Any:
        realm = self.ref() or gone()
        if type(a) is bool:
            # C code would tell the host's filters, which may be errors.
            for text in _OF_INVERTED:
                warn(realm, DeprecationWarning, text)
            return ~int(a)
        charge_linear(realm, a)
        return ~a


class Differ(_Combine):
    key = "cap:xor"
    free = _WHOLE
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is int and type(b) is int and -_SMALL < a < _SMALL > b > -_SMALL:
            return a ^ b
        realm = self.ref() or gone()
        found = _own_first(realm, a, b, "__xor__")
        if found is not NotImplemented:
            return found
        a, b = _fed(realm, a, b)
        return a ^ b


class DifferInPlace(_Combine):
    key = "cap:ixor"
    free = _WHOLE
    __slots__ = ()

    def run(self, a: Any, b: Any) -> Any:
        if type(a) is int and type(b) is int and -_SMALL < a < _SMALL > b > -_SMALL:
            return a ^ b
        realm = self.ref() or gone()
        found = _own_first(realm, a, b, "__ixor__", "__xor__")
        if found is not NotImplemented:
            return found
        a, b = _fed(realm, a, b)
        a ^= b
        return a


def _is_small(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value < 1 << 60


OPERATORS: Final[tuple[type[Operate], ...]] = (
    Multiply, MultiplyInPlace, Add, AddInPlace, Power, PowerInPlace, ShiftLeft, ShiftLeftInPlace,
    Modulo, ModuloInPlace, FloorDivide, FloorDivideInPlace, Divide, DivideInPlace, Subtract,
    SubtractInPlace, Union, UnionInPlace, Intersect, IntersectInPlace, Differ, DifferInPlace, ShiftRight,
    ShiftRightInPlace, Negate, Plus, Invert, Equal, Unequal, Less, LessOrEqual, Greater, GreaterOrEqual,
)  # fmt: skip
BINARY: Final[dict[type[ast.operator], type[Operate]]] = {
    ast.Mult: Multiply,
    ast.Add: Add,
    ast.Pow: Power,
    ast.LShift: ShiftLeft,
    ast.Mod: Modulo,
    ast.FloorDiv: FloorDivide,
    ast.Div: Divide,
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
    ast.Div: DivideInPlace, ast.Sub: SubtractInPlace, ast.BitOr: UnionInPlace,
    ast.BitAnd: IntersectInPlace, ast.BitXor: DifferInPlace, ast.RShift: ShiftRightInPlace,
}  # fmt: skip

Charge = Callable[..., None]
