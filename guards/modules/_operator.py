"""`_operator`: functions for the operators. Those that grow or walk are the guards.

What reads names (`attrgetter`, `methodcaller`) is the Python code of `operator`, as guest code.
"""

from __future__ import annotations

import operator
from _operator import _compare_digest as _compare
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from guards.call import callable_for_c
from guards.charge import (
    charge_walk,
    feed_keys,
    size_of,
)
from guards.convert import index_of
from guards.host import host_exact_str, host_lookup, host_name
from guards.iterate import contains
from guards.operate import charge_compare

if TYPE_CHECKING:
    from guards.realm import Realm


from guards.modules.table import MODULES, ModuleRow, tamed_in

__all__: list[str] = []


def _walked(name: str) -> Callable[..., Any]:
    function = getattr(operator, name)

    def tamed(realm: Realm, a: Any, b: Any, /) -> Any:
        charge_compare(realm, a, b)
        return function(a, b)

    tamed.__name__ = tamed.__qualname__ = name
    return tamed


_OPERATOR_TAMED: dict[str, Callable[..., Any]] = {n: _walked(n) for n in "eq ne lt le gt ge".split()}


@tamed_in(_OPERATOR_TAMED)
def _contains(realm: Realm, a: Any, b: Any, /) -> bool:
    return contains(realm, a, b)


@tamed_in(_OPERATOR_TAMED)
def _index(realm: Realm, a: Any, /) -> Any:
    return index_of(realm, a)


@tamed_in(_OPERATOR_TAMED)
def _countOf(realm: Realm, a: Any, b: Any, /) -> int:
    charge_walk(realm, b)
    return operator.countOf(feed_keys(realm, a), b)


@tamed_in(_OPERATOR_TAMED)
def _indexOf(realm: Realm, a: Any, b: Any, /) -> int:
    charge_walk(realm, b)
    return operator.indexOf(feed_keys(realm, a), b)


@tamed_in(_OPERATOR_TAMED)
def _setitem(realm: Realm, a: Any, b: Any, c: Any, /) -> None:
    realm.guards["cap:itemtarget"](a)[b] = c


@tamed_in(_OPERATOR_TAMED)
def _delitem(realm: Realm, a: Any, b: Any, /) -> None:
    del realm.guards["cap:itemtarget"](a)[b]


@tamed_in(_OPERATOR_TAMED)
def _concat(realm: Realm, a: Any, b: Any, /) -> Any:
    if host_lookup(type(a), "__getitem__")[0] is None:
        raise TypeError(f"{host_name(type(a))!r} object can't be concatenated")
    return realm.guards["cap:add"](a, b)


@tamed_in(_OPERATOR_TAMED)
def _iconcat(realm: Realm, a: Any, b: Any, /) -> Any:
    if host_lookup(type(a), "__getitem__")[0] is None:
        raise TypeError(f"{host_name(type(a))!r} object can't be concatenated")
    return realm.guards["cap:iadd"](a, b)


@tamed_in(_OPERATOR_TAMED)
def __compare_digest(realm: Realm, a: Any, b: Any, /) -> bool:
    exact: list[Any] = []
    for text in (a, b):
        kind = type(text)
        realm.meter.charge_bytes((size_of(text) or 0) * 4)
        if issubclass(kind, str):
            exact.append(host_exact_str(text))
        elif issubclass(kind, (bytes, bytearray, memoryview)):
            exact.append(bytes(memoryview(text)))
        else:
            exact.append(None)
    return _compare(*exact)


@tamed_in(_OPERATOR_TAMED)
def _call(realm: Realm, f: Any, /, *args: Any, **kwargs: Any) -> Any:
    return callable_for_c(realm, f)(*args, **kwargs)


def _guard(name: str, key: str) -> None:
    """Enter the guard of an operator as a function that says whose it is, as the one of C does."""

    def tamed(realm: Realm, /, *args: Any) -> Any:
        return realm.guards[key](*args)

    tamed.__name__ = tamed.__qualname__ = name
    _OPERATOR_TAMED[name] = tamed


for (
    _name
) in """mul imul add iadd pow ipow mod imod lshift ilshift floordiv ifloordiv getitem truediv itruediv
                sub isub ior iand xor ixor rshift irshift and_ or_ neg invert""".split():
    _guard(_name, f"cap:{_name.strip('_')}")
for _name, _key in {"pos": "plus", "inv": "invert"}.items():
    _guard(_name, f"cap:{_key}")


@tamed_in(_OPERATOR_TAMED)
def _abs(realm: Realm, a: Any, /) -> Any:
    return realm.builtin("abs")(a)


for _function in _OPERATOR_TAMED.values():
    _function.__module__ = "_operator"

MODULES["_operator"] = ModuleRow(
    why="C functions for operators; those that grow are the guards of the operators themselves",
    safe={
        n: getattr(operator, n)
        for n in "is_ is_not matmul imatmul not_ truth length_hint is_none is_not_none".split()
        if hasattr(operator, n)  # the last two: 3.14
    },
    tame=_OPERATOR_TAMED,
)
