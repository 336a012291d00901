"""`functools`: partial and reduce are C; the rest is written anew over the guards."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from types import MethodType
from typing import TYPE_CHECKING, Any, Final

from guards.attribute import attribute_name, read
from guards.call import CONSTRUCTORS, callable_for_c
from guards.charge import (
    feed,
)
from guards.sealed import Sealed
from guards.store import store
from guards.tables.rows import define
from guards.tamed import enter

if TYPE_CHECKING:
    from guards.realm import Realm


from guards.modules.table import MODULES, ModuleRow, tamed_in

__all__: list[str] = []

_FUNCTOOLS_TAMED: dict[str, Callable[..., Any]] = {}
_MISSING: Final = object()
_WRAPPER_ASSIGNMENTS: Final = (
    "__module__", "__name__", "__qualname__", "__doc__", "__annotations__", "__type_params__",
)  # fmt: skip


def _partial_arguments(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    return (callable_for_c(realm, args[0]), *args[1:]) if args else args


CONSTRUCTORS[functools.partial] = _partial_arguments
enter(
    functools.partial,
    "func args keywords __call__",
    reads={"__dict__": lambda realm, obj: object.__getattribute__(obj, "__dict__")},
    subclass=True,
)


@tamed_in(_FUNCTOOLS_TAMED)
def _reduce(realm: Realm, function: Any, iterable: Any, initial: Any = _MISSING, /) -> Any:
    f = callable_for_c(realm, function)
    items = itertools.compress(iterable, realm.meter.iterator)
    return functools.reduce(f, items) if initial is _MISSING else functools.reduce(f, items, initial)


@tamed_in(_FUNCTOOLS_TAMED)
def _cmp_to_key(realm: Realm, mycmp: Any) -> Any:
    return functools.cmp_to_key(callable_for_c(realm, mycmp))


_key_kind = type(functools.cmp_to_key(lambda a, b: 0))
enter(_key_kind, "obj __call__")
enter(type(functools.cmp_to_key(lambda a, b: 0)(1)), "obj __call__")


@tamed_in(_FUNCTOOLS_TAMED)
def _update_wrapper(
    realm: Realm,
    wrapper: Any,
    wrapped: Any,
    assigned: Any = _WRAPPER_ASSIGNMENTS,
    updated: Any = ("__dict__",),
) -> Any:
    # `assigned` is the guest's: each name in it goes through the guards of reading and storing, so
    # that `__globals__` is not there to be handed to a guest's `__setattr__` (pit 6).
    for name in feed(realm, assigned):
        exact = attribute_name(name)
        try:
            value = read(realm, wrapped, exact)
        except AttributeError:
            continue
        store(realm, wrapper, exact, value)
    for name in feed(realm, updated):
        exact = attribute_name(name)
        target = read(realm, wrapper, exact)
        try:
            source = read(realm, wrapped, exact)
        except AttributeError:
            source = {}
        callable_for_c(realm, read(realm, target, "update"))(source)
    store(realm, wrapper, "__wrapped__", wrapped)
    return wrapper


def _apply_wraps(state: Any, wrapper: Any) -> Any:
    realm, wrapped, assigned, updated = state
    return _update_wrapper(realm, wrapper, wrapped, assigned, updated)


@tamed_in(_FUNCTOOLS_TAMED)
def _wraps(
    realm: Realm,
    wrapped: Any,
    assigned: Any = _WRAPPER_ASSIGNMENTS,
    updated: Any = ("__dict__",),
) -> Any:
    return MethodType(_apply_wraps, (realm, wrapped, assigned, updated))


class CacheInfo(tuple, metaclass=Sealed, host=True):  # type: ignore[type-arg]
    """What `cache_info()` gives: hits, misses, maxsize, currsize."""

    __slots__ = ()

    def __new__(cls, *values: Any) -> CacheInfo:
        return tuple.__new__(cls, values)

    def __repr__(self) -> str:
        names = ("hits", "misses", "maxsize", "currsize")
        return f"CacheInfo({', '.join(f'{n}={v}' for n, v in zip(names, self, strict=True))})"


define(
    CacheInfo,
    "__repr__",
    reads={
        "hits": lambda realm, info: tuple.__getitem__(info, 0),
        "misses": lambda realm, info: tuple.__getitem__(info, 1),
        "maxsize": lambda realm, info: tuple.__getitem__(info, 2),
        "currsize": lambda realm, info: tuple.__getitem__(info, 3),
    },
    deny="__new__ __slots__",
)
_cache_kind: Final = type(functools.lru_cache(lambda: None))
enter(
    _cache_kind,
    "cache_info cache_clear __call__ __wrapped__",
    reads={"__dict__": lambda realm, obj: object.__getattribute__(obj, "__dict__")},
    deny="__new__",
)


def _cached(realm: Realm, function: Any, maxsize: Any, typed: bool) -> Any:
    make: Any = _cache_kind
    wrapper = make(callable_for_c(realm, function), maxsize, typed, CacheInfo)
    return _update_wrapper(realm, wrapper, function)


def _apply_cache(state: Any, function: Any) -> Any:
    realm, maxsize, typed = state
    return _cached(realm, function, maxsize, typed)


@tamed_in(_FUNCTOOLS_TAMED)
def _lru_cache(realm: Realm, maxsize: Any = 128, typed: Any = False) -> Any:
    if maxsize is None or issubclass(type(maxsize), int):
        size = None if maxsize is None else max(0, int.__index__(maxsize))
        return MethodType(_apply_cache, (realm, size, bool(typed)))
    if callable(maxsize):
        return _cached(realm, maxsize, 128, bool(typed))
    raise TypeError("Expected first argument to be an integer, a callable, or None")


@tamed_in(_FUNCTOOLS_TAMED)
def _cache(realm: Realm, user_function: Any, /) -> Any:
    return _cached(realm, user_function, None, False)


MODULES["functools"] = ModuleRow(
    why="partial and the cache are C over callables of the guest's own; the rest reads and stores "
    "attributes through the guards",
    safe={
        "partial": functools.partial,
        "WRAPPER_ASSIGNMENTS": _WRAPPER_ASSIGNMENTS,
        "WRAPPER_UPDATES": ("__dict__",),
    },
    tame=_FUNCTOOLS_TAMED,
)
