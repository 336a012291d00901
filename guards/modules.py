"""The audited table of modules that a guest may import: which names, why they are safe, what is
tamed and what it costs. A module without a row is not there.

Each compartment gets module objects of its own, which hold just these names. Rows are of C modules
and of tiny ones; what is Python code in the real module stands here only where it was written anew.
"""

from __future__ import annotations

import datetime
import functools
import itertools
import json
import math
import operator
import string
import time
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from types import MethodType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from guards.attribute import attribute_name, read
from guards.call import CONSTRUCTORS, callable_for_c
from guards.charge import (
    SCALARS,
    charge_digits,
    charge_int_work,
    charge_mul,
    charge_walk,
    feed,
    feed_keys,
)
from guards.classes import new_class
from guards.dates import conversions, named_zone, needs_clock
from guards.depth import CARRIERS, check_nesting
from guards.harden import harden
from guards.host import host_exact_str, host_iterable, host_lookup, host_name
from guards.iterate import contains
from guards.operate import charge_compare
from guards.sealed import HOST, Sealed
from guards.store import store
from guards.tables.rows import TABLE, define
from guards.tamed import charge_item, enter

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["MODULES", "REFUSED", "ModuleRow", "build_module", "refusal_of"]


@dataclass(frozen=True, slots=True)
class ModuleRow:
    """One module. safe: names handed out as they are. tame: name to function(realm, ...).

    make: name to function(realm) that makes the value anew for each compartment.
    why: the reason why the safe names are safe.
    """

    why: str
    safe: dict[str, Any] = field(default_factory=dict)
    tame: dict[str, Callable[..., Any]] = field(default_factory=dict)
    make: dict[str, Callable[[Any], Any]] = field(default_factory=dict)


class GuestModule(ModuleType, metaclass=Sealed, host=HOST):
    """A module of one compartment: a namespace that belongs to the guest."""

    def __repr__(self) -> str:
        return "<module>"


enter(GuestModule)
MODULES: Final[dict[str, ModuleRow]] = {}

#: Modules that are authority or raw interpreter and nothing else, and what to use instead.
REFUSED: Final = {
    **dict.fromkeys("socket ssl urllib.request http.client ftplib smtplib asyncio".split(),
                    "it is network access; the host grants a capability for what is needed"),
    **dict.fromkeys("subprocess multiprocessing signal pty fcntl resource".split(),
                    "it is control over processes; the host grants a capability for what is needed"),
    **dict.fromkeys("ctypes _ctypes gc marshal pickle shelve dis code codeop _thread mmap".split(),
                    "it reaches into the interpreter"),
    **dict.fromkeys("secrets atexit tempfile shutil glob".split(),
                    "it is authority over the host's machine"),
}  # fmt: skip


def refusal_of(name: str) -> str:
    return f"the module {name!r} cannot be imported: {REFUSED[name]}"


def build_module(realm: Realm, name: str) -> GuestModule:
    """A fresh module of the table for one compartment."""
    row = MODULES[name]
    make: Any = ModuleType.__new__
    module: GuestModule = make(GuestModule, name)
    ModuleType.__init__(module, name)
    own = object.__getattribute__(module, "__dict__")
    for machinery in ("__loader__", "__spec__"):
        own.pop(machinery, None)
    own.update(row.safe)
    for key, function in row.tame.items():
        own[key] = MethodType(function, realm)
    for key, make in row.make.items():
        own[key] = make(realm)
    return module


def _tamed(row: dict[str, Callable[..., Any]]) -> Callable[..., Any]:
    def enter_function(function: Callable[..., Any]) -> Callable[..., Any]:
        name = function.__name__.lstrip("_")
        function.__name__ = function.__qualname__ = name
        function.__module__ = "builtins"
        row[name] = function
        return function

    return enter_function


def _index(value: Any) -> int:
    return operator.index(value)


# math: C functions of numbers. They take floats and whole numbers and keep nothing.

_MATH_TAMED: dict[str, Callable[..., Any]] = {}


@_tamed(_MATH_TAMED)
def _factorial(realm: Realm, n: Any, /) -> int:
    number = _index(n)
    if number > 500:
        bits = number * number.bit_length()
        realm.meter.charge_bytes(bits >> 3)
        charge_int_work(realm, 1 << min(bits, 1 << 26), 1 << min(bits, 1 << 26))
    return math.factorial(number)


def _choose(name: str) -> Callable[..., Any]:
    function = getattr(math, name)

    def tamed(realm: Realm, n: Any, k: Any = None, /) -> int:
        number = _index(n)
        take = number if k is None else _index(k)
        take = min(take, number - take) if name == "comb" else min(take, number)
        bits = max(take, 1) * number.bit_length()
        if bits > 4096:
            realm.meter.charge_bytes(bits >> 3)
            charge_int_work(realm, 1 << min(bits, 1 << 26), 1 << min(bits, 1 << 26))
        result: int = function(number) if k is None else function(number, _index(k))
        return result

    tamed.__name__ = tamed.__qualname__ = name
    return tamed


def _many_ints(name: str) -> Callable[..., Any]:
    function = getattr(math, name)

    def tamed(realm: Realm, /, *args: Any) -> int:
        total = 1
        for a in args:
            if issubclass(type(a), int):
                bits = int.bit_length(a)
                if bits > 1024:
                    realm.meter.charge((bits >> 6) ** 2 >> 4)
                total += bits
        realm.meter.charge_bytes(total >> 3)
        if name == "lcm" and total > 4096:
            realm.meter.charge((total >> 6) ** 2 >> 4)
        result: int = function(*args)
        return result

    tamed.__name__ = tamed.__qualname__ = name
    return tamed


@_tamed(_MATH_TAMED)
def _isqrt(realm: Realm, n: Any, /) -> int:
    number = _index(n)
    charge_int_work(realm, number, number)
    return math.isqrt(number)


@_tamed(_MATH_TAMED)
def _prod(realm: Realm, iterable: Any, /, *, start: Any = 1) -> Any:
    total = start
    for x in feed(realm, iterable):
        charge_mul(realm, total, x)
        total = total * x
    return total


def _fed(module: Any, name: str) -> Callable[..., Any]:
    function = getattr(module, name)

    def tamed(realm: Realm, /, *args: Any, **kwargs: Any) -> Any:
        fed = [list(feed(realm, a)) if host_iterable(type(a)) else a for a in args]
        return function(*fed, **kwargs)

    tamed.__name__ = tamed.__qualname__ = name
    return tamed


_MATH_TAMED.update({n: _choose(n) for n in ("comb", "perm")})
_MATH_TAMED.update({n: _many_ints(n) for n in ("gcd", "lcm")})
_MATH_TAMED.update({n: _fed(math, n) for n in ("fsum", "dist", "sumprod") if hasattr(math, n)})


def _rounding(name: str) -> Callable[..., Any]:
    function = getattr(math, name)

    def tamed(realm: Realm, x: Any, /) -> Any:
        if issubclass(type(x), Decimal):
            charge_digits(realm, x)
        return function(x)

    tamed.__name__ = tamed.__qualname__ = name
    tamed.__module__ = "builtins"
    return tamed


_MATH_TAMED.update({n: _rounding(n) for n in ("ceil", "floor", "trunc")})
MODULES["math"] = ModuleRow(
    why="C functions of numbers: no state, nothing kept; those that grow or iterate are charged",
    safe={
        n: getattr(math, n)
        for n in """acos acosh asin asinh atan atan2 atanh cbrt copysign cos cosh degrees e erf
        erfc exp exp2 expm1 fabs fmod frexp fma gamma hypot inf isclose isfinite isinf isnan
        ldexp lgamma log log10 log1p log2 modf nan nextafter pi pow radians remainder sin sinh sqrt
        tan tanh tau ulp""".split()
        if hasattr(math, n)
    },
    tame=_MATH_TAMED,
)

# itertools: C iterators. What they iterate is counted, so whoever drains them takes steps.


#: Elements of one tuple that an iterator of C makes at each step, at most.
_WIDEST: Final = 4096


def check_width(count: int) -> None:
    """Refuse an iterator each of whose elements is a tuple so wide that a step is no step."""
    if count > _WIDEST:
        raise OverflowError(f"itertools: an element of {count:,} parts; at most {_WIDEST:,} are taken")


def _counted(*positions: int, function: int | None = None) -> Callable[..., Any]:
    """A constructor whose arguments at these positions are iterated and one of which is called."""

    def prepare(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
        out = list(args)
        check_width(len(out))
        for i in positions or range(len(out)):
            if i < len(out) and out[i] is not None and i != function:
                out[i] = itertools.compress(out[i], realm.meter.iterator)
        if function is not None and function < len(out) and out[function] is not None:
            out[function] = callable_for_c(realm, out[function])
        return tuple(out)

    return prepare


def _accumulate(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    function = args[1] if len(args) > 1 else kwargs.pop("func", None)
    function = realm.builtins["cap:add"] if function is None else callable_for_c(realm, function)
    return (itertools.compress(args[0], realm.meter.iterator), function) if args else args


def _combined(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    repeat = kwargs.get("repeat", args[1] if len(args) > 1 and kind is not itertools.product else 1)
    pools = args if kind is itertools.product else args[:1]
    fed = [list(feed(realm, a)) for a in pools]
    times = abs(int.__index__(repeat)) if issubclass(type(repeat), int) else 1
    check_width(times * max(1, len(fed)))
    realm.meter.charge_bytes(max(times, 1) * 16 * max(1, len(fed)))
    return (*fed, *(() if kind is itertools.product else args[1:]))


def _endless(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    for x in (*args, *kwargs.values()):
        if issubclass(type(x), int) and int.bit_length(x) > 4096 and kind is itertools.count:
            raise OverflowError("itertools.count: the number is too large; add it to a smaller count")
    return args


for _kind, _prepare in {
    itertools.accumulate: _accumulate,
    itertools.chain: _counted(),
    itertools.combinations: _combined,
    itertools.combinations_with_replacement: _combined,
    itertools.permutations: _combined,
    itertools.product: _combined,
    itertools.compress: _counted(),
    itertools.cycle: _counted(),
    itertools.dropwhile: _counted(1, function=0),
    itertools.takewhile: _counted(1, function=0),
    itertools.filterfalse: _counted(1, function=0),
    itertools.starmap: _counted(1, function=0),
    itertools.groupby: _counted(0, function=1),
    itertools.islice: _counted(0),
    itertools.pairwise: _counted(0),
    itertools.zip_longest: _counted(),
    itertools.count: _endless,
    itertools.repeat: _endless,
}.items():
    CONSTRUCTORS[_kind] = _prepare
if hasattr(itertools, "batched"):
    CONSTRUCTORS[itertools.batched] = _counted(0)


def _groupby_key(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    from guards.builtins import paid_key

    key = args[1] if len(args) > 1 else kwargs.pop("key", None)
    if not args:
        return args
    if key is None:
        return (feed_keys(realm, args[0]),)
    return (itertools.compress(args[0], realm.meter.iterator), paid_key(realm, key))


CONSTRUCTORS[itertools.groupby] = _groupby_key


def _from_iterable(realm: Realm, cls: Any, iterables: Any, /) -> Any:
    # the outer and each inner iterable are counted
    outer = itertools.compress(iterables, realm.meter.iterator)
    return itertools.chain.from_iterable(map(realm.builtins["cap:iter"], outer))


def _tee(realm: Realm, iterable: Any, n: Any = 2, /) -> Any:
    number = _index(n)
    realm.meter.charge_bytes(max(0, number) * 64)
    check_nesting(realm, (iterable,))
    return itertools.tee(itertools.compress(iterable, realm.meter.iterator), number)


_ITERTOOLS = [
    n
    for n in """accumulate batched chain combinations combinations_with_replacement compress count
    cycle dropwhile filterfalse groupby islice pairwise permutations product repeat starmap
    takewhile zip_longest""".split()
    if hasattr(itertools, n)
]
for _name in _ITERTOOLS:
    _kind = getattr(itertools, _name)
    if _kind not in TABLE:
        enter(_kind, tame={"from_iterable": _from_iterable}, subclass=True)
for _kind in (type(itertools.tee(())[0]), type(next(itertools.groupby([1]))[1])):
    enter(_kind, deny="__copy__ __new__")
MODULES["itertools"] = ModuleRow(
    why="C iterators over what they are given; every input is counted, so no consumer runs free",
    safe={n: getattr(itertools, n) for n in _ITERTOOLS},
    tame={"tee": _tee},
)

# operator: functions for the operators. Those that grow, walk or read names are the guards.


def _guard(key: str) -> Callable[[Realm], Any]:
    return lambda realm: realm.builtins[key]


def _walked(name: str) -> Callable[..., Any]:
    function = getattr(operator, name)

    def tamed(realm: Realm, a: Any, b: Any, /) -> Any:
        charge_compare(realm, a, b)
        return function(a, b)

    tamed.__name__ = tamed.__qualname__ = name
    return tamed


_OPERATOR_TAMED: dict[str, Callable[..., Any]] = {n: _walked(n) for n in "eq ne lt le gt ge".split()}


@_tamed(_OPERATOR_TAMED)
def _contains(realm: Realm, a: Any, b: Any, /) -> bool:
    return contains(realm, a, b)


@_tamed(_OPERATOR_TAMED)
def _countOf(realm: Realm, a: Any, b: Any, /) -> int:
    charge_walk(realm, b)
    return operator.countOf(feed_keys(realm, a), b)


@_tamed(_OPERATOR_TAMED)
def _indexOf(realm: Realm, a: Any, b: Any, /) -> int:
    charge_walk(realm, b)
    return operator.indexOf(feed_keys(realm, a), b)


@_tamed(_OPERATOR_TAMED)
def _setitem(realm: Realm, a: Any, b: Any, c: Any, /) -> None:
    realm.builtins["cap:itemtarget"](a)[b] = c


@_tamed(_OPERATOR_TAMED)
def _delitem(realm: Realm, a: Any, b: Any, /) -> None:
    del realm.builtins["cap:itemtarget"](a)[b]


@_tamed(_OPERATOR_TAMED)
def _concat(realm: Realm, a: Any, b: Any, /) -> Any:
    if host_lookup(type(a), "__getitem__")[0] is None:
        raise TypeError(f"{host_name(type(a))!r} object can't be concatenated")
    return realm.builtins["cap:add"](a, b)


@_tamed(_OPERATOR_TAMED)
def _call(realm: Realm, f: Any, /, *args: Any, **kwargs: Any) -> Any:
    return callable_for_c(realm, f)(*args, **kwargs)


def _get_path(state: Any, obj: Any) -> Any:
    realm, paths = state
    found = []
    for path in paths:
        value = obj
        for part in path:
            value = read(realm, value, part)
        found.append(value)
    return found[0] if len(found) == 1 else tuple(found)


@_tamed(_OPERATOR_TAMED)
def _attrgetter(realm: Realm, attr: Any, /, *attrs: Any) -> Any:
    paths = []
    for name in (attr, *attrs):
        if not isinstance(name, str):
            raise TypeError("attribute name must be a string")
        paths.append(tuple(host_exact_str(name).split(".")))
    return MethodType(_get_path, (realm, tuple(paths)))


def _get_items(state: Any, obj: Any) -> Any:
    realm, keys = state
    realm.meter.charge(len(keys))
    found = []
    for key in keys:
        charge_item(realm, obj, key)
        found.append(obj[key])
    return found[0] if len(found) == 1 else tuple(found)


@_tamed(_OPERATOR_TAMED)
def _itemgetter(realm: Realm, item: Any, /, *items: Any) -> Any:
    return MethodType(_get_items, (realm, (item, *items)))


def _call_method(state: Any, obj: Any) -> Any:
    realm, name, args, kwargs = state
    return callable_for_c(realm, read(realm, obj, name))(*args, **kwargs)


@_tamed(_OPERATOR_TAMED)
def _methodcaller(realm: Realm, name: Any, /, *args: Any, **kwargs: Any) -> Any:
    if not isinstance(name, str):
        raise TypeError("method name must be a string")
    return MethodType(_call_method, (realm, host_exact_str(name), args, kwargs))


MODULES["operator"] = ModuleRow(
    why="C functions for operators; those that grow are the guards of the operators themselves",
    safe={
        n: getattr(operator, n)
        for n in "index is_ is_not matmul imatmul not_ truth length_hint is_none is_not_none".split()
        if hasattr(operator, n)  # the last two: 3.14
    },
    tame=_OPERATOR_TAMED,
    make={
        **{n: _guard(f"cap:{n}") for n in "mul imul add iadd pow ipow mod imod".split()},
        **{n: _guard(f"cap:{n}") for n in "lshift ilshift floordiv ifloordiv getitem".split()},
        **{
            n: _guard(f"cap:{n}")
            for n in "truediv itruediv sub isub ior iand xor ixor rshift irshift".split()
        },
        **{n: _guard(f"cap:{n.strip('_')}") for n in ("and_", "or_")},
        "neg": _guard("cap:neg"),
        "pos": _guard("cap:plus"),
        **{n: _guard("cap:invert") for n in ("inv", "invert")},
        "abs": _guard("abs"),
        "iconcat": _guard("cap:iadd"),
    },
)

# functools: partial and reduce are C; the rest is written anew over the guards.

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


@_tamed(_FUNCTOOLS_TAMED)
def _reduce(realm: Realm, function: Any, iterable: Any, initial: Any = _MISSING, /) -> Any:
    f = callable_for_c(realm, function)
    items = itertools.compress(iterable, realm.meter.iterator)
    return functools.reduce(f, items) if initial is _MISSING else functools.reduce(f, items, initial)


@_tamed(_FUNCTOOLS_TAMED)
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


@_tamed(_FUNCTOOLS_TAMED)
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


@_tamed(_FUNCTOOLS_TAMED)
def _wraps(
    realm: Realm,
    wrapped: Any,
    assigned: Any = _WRAPPER_ASSIGNMENTS,
    updated: Any = ("__dict__",),
) -> Any:
    return MethodType(_apply_wraps, (realm, wrapped, assigned, updated))


class CacheInfo(tuple, metaclass=Sealed, host=HOST):  # type: ignore[type-arg]
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
    check_nesting(realm, (function,))
    make: Any = _cache_kind
    wrapper = make(callable_for_c(realm, function), maxsize, typed, CacheInfo)
    return _update_wrapper(realm, wrapper, function)


def _apply_cache(state: Any, function: Any) -> Any:
    realm, maxsize, typed = state
    return _cached(realm, function, maxsize, typed)


@_tamed(_FUNCTOOLS_TAMED)
def _lru_cache(realm: Realm, maxsize: Any = 128, typed: Any = False) -> Any:
    if maxsize is None or issubclass(type(maxsize), int):
        size = None if maxsize is None else max(0, int.__index__(maxsize))
        return MethodType(_apply_cache, (realm, size, bool(typed)))
    if callable(maxsize):
        return _cached(realm, maxsize, 128, bool(typed))
    raise TypeError("Expected first argument to be an integer, a callable, or None")


@_tamed(_FUNCTOOLS_TAMED)
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

MODULES["collections"] = ModuleRow(
    why="C containers of the guest's own objects; methods that walk or build are charged",
    safe={"deque": deque, "defaultdict": defaultdict, "OrderedDict": OrderedDict},
)
MODULES["string"] = ModuleRow(
    why="text constants",
    safe={
        n: getattr(string, n)
        for n in """ascii_letters ascii_lowercase ascii_uppercase digits hexdigits octdigits
        printable punctuation whitespace""".split()
    },
)

# json: what goes out is copied to exact builtin data first, so that the real encoder, which is Python
# code of the host's, never meets an object of the guest's; what comes in is text.

_JSON_TAMED: dict[str, Callable[..., Any]] = {}
_JSON_DEPTH: Final = 200


def _plain(realm: Realm, obj: Any, default: Any, skip: bool, path: set[int], depth: int) -> Any:
    kind = type(obj)
    if kind in SCALARS and kind is not bytes and kind is not complex:
        return obj
    realm.meter.charge(1)
    if issubclass(kind, str):
        return host_exact_str(obj)
    if issubclass(kind, int):
        return int.__int__(obj)
    if issubclass(kind, float):
        return float.__float__(obj)
    if id(obj) in path:
        raise ValueError("Circular reference detected")
    if depth > _JSON_DEPTH:
        raise RecursionError("maximum recursion depth exceeded while encoding a JSON object")
    path.add(id(obj))
    try:
        if issubclass(kind, (list, tuple)):
            base = list if issubclass(kind, list) else tuple
            items = list(base.__iter__(obj))
            realm.meter.charge(len(items))
            return [_plain(realm, x, default, skip, path, depth + 1) for x in items]
        if issubclass(kind, dict):
            out: dict[Any, Any] = {}
            for k, v in list(dict.items(obj)):
                if k is None or issubclass(type(k), (str, int, float)):
                    key = _plain(realm, k, None, skip, path, depth)
                elif skip:
                    continue
                else:
                    raise TypeError(
                        f"keys must be str, int, float, bool or None, not {host_name(type(k))}"
                    )
                out[_json_key(key)] = _plain(realm, v, default, skip, path, depth + 1)
            return out
        if default is None:
            raise TypeError(f"Object of type {host_name(kind)} is not JSON serializable")
        return _plain(realm, default(obj), default, skip, path, depth + 1)
    finally:
        path.discard(id(obj))


def _json_key(key: Any) -> str:
    if type(key) is str:
        return key
    if key is True:
        return "true"
    if key is False:
        return "false"
    if key is None:
        return "null"
    return float.__repr__(key) if type(key) is float else int.__repr__(key)


@_tamed(_JSON_TAMED)
def _dumps(
    realm: Realm, obj: Any, *, skipkeys: Any = False, ensure_ascii: Any = True,
    check_circular: Any = True, allow_nan: Any = True, cls: Any = None, indent: Any = None,
    separators: Any = None, default: Any = None, sort_keys: Any = False,
) -> str:  # fmt: skip
    if cls is not None:
        raise TypeError("json.dumps: cls is not supported here; pass default=")
    if default is not None:
        default = callable_for_c(realm, default)
    before = realm.meter.used
    plain = _plain(realm, obj, default, bool(skipkeys), set(), 0)
    nodes = realm.meter.used - before
    if indent is not None:
        width = len(host_exact_str(indent)) if isinstance(indent, str) else max(0, _index(indent))
        indent = host_exact_str(indent) if isinstance(indent, str) else width
        realm.meter.charge_bytes((nodes + 1) * width * 4)
    if separators is not None:
        first, second = separators
        if not (isinstance(first, str) and isinstance(second, str)):
            raise TypeError("separators must be two strings")
        separators = (host_exact_str(first), host_exact_str(second))
        realm.meter.charge_bytes((nodes + 1) * (len(separators[0]) + len(separators[1])))
    charge_walk(realm, plain)
    return json.dumps(
        plain, ensure_ascii=bool(ensure_ascii), allow_nan=bool(allow_nan), indent=indent,
        separators=separators, sort_keys=bool(sort_keys),
    )  # fmt: skip


@_tamed(_JSON_TAMED)
def _dump(realm: Realm, obj: Any, fp: Any, **kwargs: Any) -> None:
    callable_for_c(realm, read(realm, fp, "write"))(_dumps(realm, obj, **kwargs))


@_tamed(_JSON_TAMED)
def _loads(
    realm: Realm, s: Any, *, cls: Any = None, object_hook: Any = None, parse_float: Any = None,
    parse_int: Any = None, parse_constant: Any = None, object_pairs_hook: Any = None,
) -> Any:  # fmt: skip
    if cls is not None:
        raise TypeError("json.loads: cls is not supported here; pass object_hook=")
    kind = type(s)
    if issubclass(kind, str):
        text: Any = host_exact_str(s)
    elif issubclass(kind, (bytes, bytearray)):
        text = bytes(memoryview(s))
    else:
        raise TypeError(f"the JSON object must be str, bytes or bytearray, not {host_name(kind)}")
    realm.meter.charge_bytes(len(text) * 8)
    hooks = {
        name: callable_for_c(realm, hook)
        for name, hook in (
            ("object_hook", object_hook),
            ("parse_float", parse_float),
            ("parse_int", parse_int),
            ("parse_constant", parse_constant),
            ("object_pairs_hook", object_pairs_hook),
        )
        if hook is not None
    }
    problem: tuple[Any, ...]
    try:
        return json.loads(text, **hooks)
    except json.JSONDecodeError as error:
        # The real class is the host's and takes attributes; the guest gets one of its own.
        problem = (error.msg, error.doc, error.pos, error.lineno, error.colno)
    msg, doc, pos, line, column = problem
    made = _decode_error(realm)(f"{msg}: line {line} column {column} (char {pos})")
    made.__dict__.update(msg=msg, doc=doc, pos=pos, lineno=line, colno=column)
    raise made


@_tamed(_JSON_TAMED)
def _load(realm: Realm, fp: Any, **kwargs: Any) -> Any:
    return _loads(realm, callable_for_c(realm, read(realm, fp, "read"))(), **kwargs)


def _decode_error(realm: Realm) -> Any:
    module = realm.modules.get("cap:json")
    if module is None:
        module = new_class(realm, type, "JSONDecodeError", (ValueError,), {"__module__": "json"})
        realm.modules["cap:json"] = module
    return module


MODULES["json"] = ModuleRow(
    why="text to exact data and back; hooks are the guest's own and take steps",
    tame=_JSON_TAMED,
    make={"JSONDecodeError": _decode_error},
)

# datetime: C types. What asks the clock or the local time zone needs a granted clock.


def _from_timestamp(realm: Realm, cls: Any, timestamp: Any, tz: Any = None) -> Any:
    if tz is None:
        needs_clock("datetime.fromtimestamp without tz")(realm)
    return cls.fromtimestamp(timestamp, tz)


def _as_zone(realm: Realm, moment: Any, tz: Any = None) -> Any:
    # Computed here: a zone that gives no offset would be taken for the host's.
    offset = None if moment.tzinfo is None else moment.utcoffset()
    if tz is None or offset is None:
        needs_clock("datetime.astimezone of or to local time")(realm)
    if not issubclass(type(tz), datetime.tzinfo):
        raise TypeError(f"tz argument must be an instance of tzinfo, not {host_name(type(tz))}")
    return tz.fromutc((moment.replace(tzinfo=None) - offset).replace(tzinfo=tz))


def _timestamp(realm: Realm, moment: Any) -> float:
    offset = None if moment.tzinfo is None else moment.utcoffset()
    if offset is None:
        needs_clock("datetime.timestamp of local time")(realm)
    seconds: float = (moment.replace(tzinfo=None) - offset - _EPOCH).total_seconds()
    return seconds


def _format_time(kind: Any) -> Callable[..., Any]:
    def strftime(realm: Realm, moment: Any, format: Any, /) -> str:
        if not isinstance(format, str):
            raise TypeError("strftime() argument 1 must be str")
        from guards.charge import charge_format_spec

        text = host_exact_str(format)
        realm.meter.charge_bytes(len(text) * 32)
        charge_format_spec(realm, text + "   ")
        result: str = kind.strftime(named_zone(realm, moment, text), text)
        return result

    return strftime


def _parse_time(realm: Realm, cls: Any, text: Any, format: Any, /) -> Any:
    if not isinstance(text, str) or not isinstance(format, str):
        raise TypeError("strptime() arguments must be str")
    text, format = host_exact_str(text), host_exact_str(format)
    if len(text) > 200 or len(format) > 100:
        raise ValueError("strptime(): the text is longer than 200, or the format than 100")
    # The parser is Python code of the standard library that builds a pattern: it gets exact text
    # of bounded length, and pays for trying.
    realm.meter.charge(len(text) * len(format))
    if "Z" in conversions(format):
        needs_clock("datetime.strptime with %Z, the host's names of time zones,")(realm)
    problem: str
    try:
        return cls.strptime(text, format)
    except ValueError as error:
        problem = str(error)
    except Exception:  # `re.error`, a class of the library's that takes attributes
        problem = f"bad format {format!r}"
    raise ValueError(problem)


_EPOCH: Final = datetime.datetime(1970, 1, 1)


_COMMON_TIME = "isoformat replace utcoffset dst tzname min max resolution fromisoformat "
enter(
    datetime.date,
    _COMMON_TIME + "year month day ctime isocalendar isoweekday weekday toordinal fromordinal "
    "fromisocalendar",
    tame={
        "today": needs_clock("date.today"),
        "fromtimestamp": needs_clock("date.fromtimestamp"),
        "strftime": _format_time(datetime.date),
        "timetuple": lambda realm, moment: datetime.date.timetuple(moment),
        **({"strptime": _parse_time} if hasattr(datetime.date, "strptime") else {}),  # 3.14
    },
    deny="__replace__",
    subclass=True,
)
enter(
    datetime.datetime,
    _COMMON_TIME + "hour minute second microsecond tzinfo fold date time timetz combine "
    "utcfromtimestamp ctime",
    tame={
        "now": needs_clock("datetime.now"),
        "timetuple": lambda realm, moment: datetime.datetime.timetuple(moment),
        "utctimetuple": lambda realm, moment: datetime.datetime.utctimetuple(moment),
        "utcnow": needs_clock("datetime.utcnow"),
        "today": needs_clock("datetime.today"),
        "fromtimestamp": _from_timestamp,
        "astimezone": _as_zone,
        "timestamp": _timestamp,
        "strptime": _parse_time,
    },
    deny="__replace__",
    subclass=True,
)
enter(
    datetime.time,
    _COMMON_TIME + "hour minute second microsecond tzinfo fold",
    tame={"strftime": _format_time(datetime.time), "strptime": _parse_time},
    deny="__replace__",
    subclass=True,
)
enter(datetime.timedelta, "days seconds microseconds total_seconds min max resolution",
      subclass=True)  # fmt: skip
enter(datetime.tzinfo, "utcoffset dst tzname fromutc", subclass=True)
enter(datetime.timezone, "utcoffset dst tzname fromutc utc min max", deny="__getinitargs__")
# C code makes this class as a class statement would; a guest could store on it.
if not harden(time.struct_time):
    raise ImportError("guards: time.struct_time could not be made immutable")
enter(
    time.struct_time,
    "tm_year tm_mon tm_mday tm_hour tm_min tm_sec tm_wday tm_yday tm_isdst tm_zone tm_gmtoff "
    "n_fields n_sequence_fields n_unnamed_fields __match_args__",
    deny="__replace__",
)
enter(type(datetime.date(2000, 1, 1).isocalendar()), "week weekday year")
MODULES["datetime"] = ModuleRow(
    why="C types for moments; what reads the clock or the local zone is refused",
    safe={
        n: getattr(datetime, n)
        for n in "date datetime time timedelta timezone tzinfo MINYEAR MAXYEAR UTC".split()
    },
)
