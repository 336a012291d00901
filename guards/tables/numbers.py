"""U: whole numbers, floats, complex numbers, bool, range and slice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from guards.charge import charge_big, charge_linear, feed, range_length, size_of
from guards.host import host_iterable
from guards.tamed import enter

if TYPE_CHECKING:
    from guards.realm import Realm


def _to_bytes(realm: Realm, n: Any, args: Any, kwargs: Any) -> Any:
    length = args[0] if args else kwargs.get("length", 1)
    if issubclass(type(length), int):
        realm.meter.charge_bytes(max(0, int.__index__(length)))
    return args


def _from_bytes(realm: Realm, cls: Any, args: Any, kwargs: Any) -> Any:
    # Takes any iterable of whole numbers, not only bytes.
    if args and not issubclass(type(args[0]), (bytes, bytearray, memoryview)):
        if not host_iterable(type(args[0])):
            return args  # raises Python's own TypeError
        return (bytes(feed(realm, args[0])), *args[1:])
    if args:
        realm.meter.charge_bytes(size_of(args[0]) or 0)
    return args


def _linear(realm: Realm, n: Any, args: Any, kwargs: Any) -> Any:
    charge_linear(realm, n)
    return args


def _range_search(realm: Realm, r: Any, args: Any, kwargs: Any) -> Any:
    if args and type(args[0]) not in (int, bool):
        realm.meter.charge(range_length(r))  # anything else is compared with each element
    return args


def _digits(realm: Realm, n: Any, args: Any, kwargs: Any) -> Any:
    # round(n, -k) computes 10 ** k whatever n is (pit 23).
    if args and issubclass(type(args[0]), int):
        digits = -int.__index__(args[0])
        if digits > 1000:
            realm.meter.charge_bytes(digits)
            realm.meter.charge((digits >> 4) ** 2 >> 6)
    return args


def _big(realm: Realm, n: Any, args: Any, kwargs: Any) -> Any:
    charge_linear(realm, n)
    for other in args:
        charge_big(realm, n, other)
    return args


_WHOLE = """
    add radd sub rsub and rand or ror xor rxor rshift rrshift neg pos abs invert truediv rtruediv eq ne
    lt le gt ge hash int index float trunc floor ceil
""".split()
enter(
    int,
    "bit_length denominator imag is_integer numerator real",
    cost={
        **{f"__{n}__": _big for n in _WHOLE},
        **dict.fromkeys("as_integer_ratio conjugate".split(), _linear),
        "from_bytes": _from_bytes,
        "bit_count": _linear,
        "to_bytes": _to_bytes,
        "__round__": _digits,
    },
    subclass=True,
)
enter(bool)
enter(
    float,
    "as_integer_ratio conjugate fromhex from_number hex imag is_integer real",
    deny="__setformat__",
    subclass=True,
)
enter(complex, "conjugate imag real from_number", subclass=True)
enter(range, "start step stop", cost={"count": _range_search, "index": _range_search,
      "__contains__": _range_search})  # fmt: skip
enter(slice, "indices start step stop")
