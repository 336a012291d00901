"""Numbers from objects of the guest's: `__int__`, `__index__`, `__trunc__`, `__float__`, `__complex__`.

C code warns where a method gives an instance of a subclass, or where `int` asks `__trunc__`. Its
warnings go to the host's filters, so the methods are asked here, in C's order and by C's rules, and the
guest's own `warnings` is told; C code is handed the exact number that comes of it.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from guards.host import host_exact_str, host_lookup, host_name

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["exact_number", "index_of", "steady"]

_LEAVING: Final = (
    "The ability to return an instance of a strict subclass of {0} is deprecated, and may not be "
    "supported in a future version of Python."
)
_TRUNCATES: Final = sys.version_info < (3, 14)


def _ask(obj: Any, name: str) -> Any:
    """What a special method of the guest's gives, called as C code calls it."""
    kind = type(obj)
    method = host_lookup(kind, name)[1]
    if host_lookup(type(method), "__get__")[0] is not None:
        return type(method).__get__(method, obj, kind)()
    return method()


def _own(realm: Realm, kind: type, name: str) -> bool:
    """Whether a class of the guest's says what `name` does on instances of `kind`."""
    definer = host_lookup(kind, name)[0]
    return definer is not None and realm.is_guest_class(definer)


def _exactly(realm: Realm, found: Any, wanted: type, asked: str) -> Any:
    """The exact `wanted` behind what a method gave. asked: how C code calls the method."""
    from guards.warn import warn

    kind = type(found)
    if kind is wanted:
        return found
    said = f"{asked} returned non-{wanted.__name__} (type {host_name(kind)})"
    if not issubclass(kind, wanted):
        raise TypeError(said)
    warn(realm, DeprecationWarning, f"{said}.  {_LEAVING.format(wanted.__name__)}")
    return _COPIES[wanted](found)


_COPIES: Final[dict[type, Callable[[Any], Any]]] = {
    int: lambda n: int.__add__(n, 0),
    float: float.__pos__,
    complex: complex.__pos__,
}


def index_of(realm: Realm, obj: Any) -> Any:
    """`operator.index(obj)`; an instance of a subclass of int is itself."""
    kind = type(obj)
    if issubclass(kind, int) or not _own(realm, kind, "__index__"):
        return operator.index(obj)
    return _exactly(realm, _ask(obj, "__index__"), int, "__index__")


_STEADY: Final = frozenset({int, str, bytes, bytearray, memoryview, type(None)})


def steady(realm: Realm, value: Any) -> Any:
    """What C code may ask in place of `value` while it holds on to memory that a guest can have moved:
    nothing of it is the guest's to run. A text or bytes as exact ones, and the number that an object
    stands for."""
    kind = type(value)
    if kind in _STEADY or issubclass(kind, bytearray):
        return value
    if issubclass(kind, str):
        return host_exact_str(value)
    if issubclass(kind, bytes):
        return bytes(memoryview(value))
    return (
        int.__add__(index_of(realm, value), 0)
        if host_lookup(kind, "__index__")[0] is not None
        else value
    )


def _int(realm: Realm, obj: Any) -> Any:
    kind = type(obj)
    if _own(realm, kind, "__int__"):
        return _exactly(realm, _ask(obj, "__int__"), int, "__int__")
    if host_lookup(kind, "__int__")[0] is not None:
        return obj
    if _own(realm, kind, "__index__"):
        return index_of(realm, obj)
    if _TRUNCATES and _own(realm, kind, "__trunc__"):
        return _truncated(realm, obj)
    return obj


def _truncated(realm: Realm, obj: Any) -> Any:
    from guards.warn import warn

    warn(realm, DeprecationWarning, "The delegation of int() to __trunc__ is deprecated.")
    found = _ask(obj, "__trunc__")
    kind = type(found)
    if issubclass(kind, int):
        return _COPIES[int](found)
    if host_lookup(kind, "__index__")[0] is None:
        raise TypeError(f"__trunc__ returned non-Integral (type {host_name(kind)})")
    return index_of(realm, found)


def _float(realm: Realm, obj: Any) -> Any:
    kind = type(obj)
    if _own(realm, kind, "__float__"):
        return _exactly(realm, _ask(obj, "__float__"), float, f"{host_name(kind)}.__float__")
    if host_lookup(kind, "__float__")[0] is None and _own(realm, kind, "__index__"):
        return index_of(realm, obj)
    return obj


def _complex(realm: Realm, obj: Any) -> Any:
    kind = type(obj)
    if _own(realm, kind, "__complex__"):
        return _exactly(realm, _ask(obj, "__complex__"), complex, "__complex__")
    if issubclass(kind, (complex, str)):
        return obj
    return _float(realm, obj)


_BY_TARGET: Final[dict[type, Callable[[Realm, Any], Any]]] = {
    int: _int,
    float: _float,
    complex: _complex,
}


def exact_number(realm: Realm, target: type, obj: Any) -> Any:
    """What C code may be handed in place of `obj` to make a `target` of it."""
    return _BY_TARGET[target](realm, obj)
