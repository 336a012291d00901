"""`_functools`: partial, reduce, comparison keys and the cache, over callables of the guest's own."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from types import MethodType
from typing import TYPE_CHECKING, Any, Final

from guards.call import CONSTRUCTORS, _call_cached, callable_for_c, shown_callable
from guards.depth import CARRIERS, check_nesting
from guards.tamed import enter

if TYPE_CHECKING:
    from guards.realm import Realm


from guards.modules.table import MODULES, ModuleRow, index_of, tamed_in

__all__: list[str] = []

_FUNCTOOLS_TAMED: dict[str, Callable[..., Any]] = {}
_MISSING: Final = object()


def _partial_arguments(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    return (callable_for_c(realm, args[0]), *args[1:]) if args else args


_partial_keywords: Final = functools.partial.__dict__["keywords"].__get__
_partial_func: Final = functools.partial.__dict__["func"].__get__
CONSTRUCTORS[functools.partial] = _partial_arguments
enter(
    functools.partial,
    "args __call__",
    reads={
        # A copy: C code calls with the dictionary itself, whose keys nobody would look at.
        "keywords": lambda realm, obj: dict(_partial_keywords(obj)),
        "func": lambda realm, obj: shown_callable(realm, _partial_func(obj)),
        "__dict__": lambda realm, obj: object.__getattribute__(obj, "__dict__"),
    },
    subclass=True,
)


@tamed_in(_FUNCTOOLS_TAMED)
def _reduce(realm: Realm, function: Any, iterable: Any, initial: Any = _MISSING, /) -> Any:
    f = callable_for_c(realm, function)
    items = itertools.compress(iterable, realm.meter.iterator)
    return functools.reduce(f, items) if initial is _MISSING else functools.reduce(f, items, initial)


@tamed_in(_FUNCTOOLS_TAMED)
def _cmp_to_key(realm: Realm, mycmp: Any) -> Any:
    check_nesting(realm, (mycmp,))
    return MethodType(_make_key, (realm, functools.cmp_to_key(callable_for_c(realm, mycmp))))


def _make_key(state: Any, obj: Any) -> Any:
    realm, key = state
    if type(obj) in CARRIERS:
        check_nesting(realm, (obj,))
    return key(obj)


_key_kind = type(functools.cmp_to_key(lambda a, b: 0))
enter(_key_kind, "obj __call__")
enter(type(functools.cmp_to_key(lambda a, b: 0)(1)), "obj __call__")


_cache_kind: Final = type(functools.lru_cache(lambda: None))
enter(
    _cache_kind,
    "cache_info cache_clear __wrapped__",
    tame={"__call__": _call_cached},
    reads={"__dict__": lambda realm, obj: object.__getattribute__(obj, "__dict__")},
    deny="__new__",
)


@tamed_in(_FUNCTOOLS_TAMED)
def __lru_cache_wrapper(realm: Realm, function: Any, maxsize: Any, typed: Any, info: Any, /) -> Any:
    if maxsize is not None:
        maxsize = index_of(maxsize)
    check_nesting(realm, (function,))
    make: Any = _cache_kind
    return make(callable_for_c(realm, function), maxsize, bool(typed), callable_for_c(realm, info))


_extra: dict[str, Any] = {}
if hasattr(functools, "Placeholder"):  # 3.14
    enter(type(functools.Placeholder), deny="__new__")
    _extra = {"Placeholder": functools.Placeholder, "_PlaceholderType": type(functools.Placeholder)}
MODULES["_functools"] = ModuleRow(
    why="partial and the cache are C over callables of the guest's own",
    safe={"partial": functools.partial, **_extra},
    tame=_FUNCTOOLS_TAMED,
)
