"""The tables of U are closed: whatever a guest reads, calls or iterates is of a type in U again."""

from __future__ import annotations

import collections
import datetime
import functools
import itertools
import operator
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from capcompiler import Compartment, Limits, expose
from guards import modules
from guards.attribute import is_plain_name, read
from guards.call import callable_for_c
from guards.charge import SCALARS
from guards.host import host_mro
from guards.iterate import Iterate
from guards.meter import Stop
from guards.realm import Realm
from guards.sealed import Sealed
from guards.tables.rows import TABLE, State, find, is_dunder, owners, unlisted

IMMUTABLE = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE
GUEST = """
import collections, datetime, functools, itertools, json, math, operator, string
class K:
    'a class of the guest'
    __slots__ = ('slot', '__dict__', '__weakref__')
    made = 1
    def method(self): return 1
    @property
    def prop(self): return 1
    @classmethod
    def by_class(cls): return 1
    @staticmethod
    def static(): return 1
class M(type): pass
class N(metaclass=M): pass
def function(a, /, b: int = 1, *, c=2) -> str: return 'x'
def generate():
    yield 1
    yield 2
async def agenerate():
    yield 1
async def coroutine(): pass
def cell_of():
    inner = 1
    def use(): return inner
    return use
class Sup(K):
    def get(self): return super()
try:
    1 / 0
except Exception as e:
    error = e
    traceback = e.__traceback__
@functools.lru_cache(maxsize=3)
def cached(n): return n
"""


@pytest.fixture(scope="module")
def world() -> Iterator[Compartment]:
    made = Compartment(
        {"call": len, "record": expose({}, "get", "__len__"), "state": expose(K(), read=["made"])},
        limits=Limits(steps=None, memory=None),
    )
    made.exec(GUEST)
    yield made
    made.close()


class K:
    made = 1


@pytest.fixture
def realm(world: Compartment) -> Iterator[Realm]:
    """The realm of `world`, in a turn of 200,000 steps."""
    found = world._realm
    found.meter.begin(steps=200_000, seconds=None, memory=2**24, depth=100, base=None)
    yield found
    found.meter.end()


def guest(world: Compartment, name: str) -> Any:
    return world._globals[name]


def _awaitable(name: str, *args: Any) -> Callable[[Compartment], Any]:
    return lambda w: getattr(guest(w, "agenerate")(), name)(*args)


#: Ways to make an instance, for the types that their own class does not make out of nothing.
MADE: dict[type, Callable[[Compartment], Any]] = {
    types.FunctionType: lambda w: guest(w, "function"),
    types.MethodType: lambda w: guest(w, "K")().method,
    types.BuiltinFunctionType: lambda w: [].append,
    types.MethodWrapperType: lambda w: (1).__add__,
    types.WrapperDescriptorType: lambda w: int.__add__,
    types.MethodDescriptorType: lambda w: str.join,
    types.ClassMethodDescriptorType: lambda w: dict.__dict__["fromkeys"],
    types.GetSetDescriptorType: lambda w: guest(w, "K").__dict__["__weakref__"],
    types.MemberDescriptorType: lambda w: guest(w, "K").slot,
    types.GeneratorType: lambda w: guest(w, "generate")(),
    types.CoroutineType: lambda w: guest(w, "coroutine")(),
    types.AsyncGeneratorType: lambda w: guest(w, "agenerate")(),
    types.TracebackType: lambda w: guest(w, "traceback"),
    types.CellType: lambda w: guest(w, "cell_of")().__closure__[0],
    types.GenericAlias: lambda w: list[int],
    types.UnionType: lambda w: int | str,
    type(guest_iter := iter(list[int])): lambda w: iter(list[int]),
    type: lambda w: guest(w, "K"),
    super: lambda w: guest(w, "Sup")().get(),
    object: lambda w: object(),
    Sealed: lambda w: Sealed,
    property: lambda w: guest(w, "K").__dict__["prop"],
    classmethod: lambda w: guest(w, "K").__dict__["by_class"],
    staticmethod: lambda w: guest(w, "K").__dict__["static"],
    range: lambda w: range(3),
    slice: lambda w: slice(1, 2),
    memoryview: lambda w: memoryview(b"ab"),
    str: lambda w: "a b",
    bytes: lambda w: b"a b",
    bytearray: lambda w: bytearray(b"a b"),
    list: lambda w: [1, "a"],
    tuple: lambda w: (1, "a"),
    dict: lambda w: {"a": 1},
    set: lambda w: {1},
    frozenset: lambda w: frozenset({1}),
    collections.deque: lambda w: collections.deque([1]),
    collections.OrderedDict: lambda w: collections.OrderedDict(a=1),
    collections.defaultdict: lambda w: collections.defaultdict(list, a=[1]),
    enumerate: lambda w: enumerate("ab"),
    zip: lambda w: zip("ab", "cd", strict=True),
    map: lambda w: map(str, "ab"),
    filter: lambda w: filter(None, "ab"),
    reversed: lambda w: reversed(guest(w, "K").__mro__),
    datetime.date: lambda w: datetime.date(2020, 1, 2),
    datetime.datetime: lambda w: datetime.datetime(2020, 1, 2, 3, 4, tzinfo=datetime.UTC),
    datetime.time: lambda w: datetime.time(1, 2, tzinfo=datetime.UTC),
    datetime.timedelta: lambda w: datetime.timedelta(1),
    datetime.tzinfo: lambda w: datetime.tzinfo(),
    datetime.timezone: lambda w: datetime.timezone(datetime.timedelta(hours=1), "x"),
    type(datetime.date(2020, 1, 1).isocalendar()): lambda w: datetime.date(2020, 1, 1).isocalendar(),
    functools.partial: lambda w: functools.partial(int, "1"),
    type(functools.lru_cache(len)): lambda w: guest(w, "cached"),
    type(functools.cmp_to_key(len)): lambda w: functools.cmp_to_key(lambda a, b: 0)(1),
    itertools.accumulate: lambda w: itertools.accumulate([1, 2]),
    itertools.chain: lambda w: itertools.chain("ab"),
    itertools.combinations: lambda w: itertools.combinations("ab", 1),
    itertools.combinations_with_replacement: lambda w: itertools.combinations_with_replacement("a", 1),
    itertools.compress: lambda w: itertools.compress("ab", [1, 1]),
    itertools.dropwhile: lambda w: itertools.dropwhile(str.isdigit, "ab"),
    itertools.takewhile: lambda w: itertools.takewhile(str.isalpha, "ab"),
    itertools.filterfalse: lambda w: itertools.filterfalse(None, [0]),
    itertools.groupby: lambda w: itertools.groupby("ab"),
    itertools.islice: lambda w: itertools.islice("ab", 1),
    itertools.pairwise: lambda w: itertools.pairwise("ab"),
    itertools.permutations: lambda w: itertools.permutations("ab"),
    itertools.product: lambda w: itertools.product("ab"),
    itertools.repeat: lambda w: itertools.repeat(1, 2),
    itertools.starmap: lambda w: itertools.starmap(max, [(1, 2)]),
    itertools.zip_longest: lambda w: itertools.zip_longest("ab"),
    itertools.cycle: lambda w: itertools.cycle("ab"),
    itertools.count: lambda w: itertools.count(),
    type(itertools.tee("a")[0]): lambda w: itertools.tee("ab")[0],
    type(next(itertools.groupby("a"))[1]): lambda w: next(itertools.groupby("ab"))[1],
    types.SimpleNamespace: lambda w: types.SimpleNamespace(a=1),
    types.ModuleType: lambda w: w._importer.load("math", 0, ""),
    UnicodeDecodeError: lambda w: UnicodeDecodeError("utf-8", b"a", 0, 1, "x"),
    UnicodeEncodeError: lambda w: UnicodeEncodeError("utf-8", "a", 0, 1, "x"),
    UnicodeTranslateError: lambda w: UnicodeTranslateError("a", 0, 1, "x"),
    BaseExceptionGroup: lambda w: BaseExceptionGroup("g", [KeyboardInterrupt()]),
    ExceptionGroup: lambda w: ExceptionGroup("g", [ValueError(1)]),
}
if hasattr(itertools, "batched"):
    MADE[itertools.batched] = lambda w: itertools.batched("ab", 1)
#: By name, since these have no name that can be imported.
BY_NAME: dict[str, Callable[[Compartment], Any]] = {
    "dict_keys": lambda w: {"a": 1}.keys(),
    "dict_values": lambda w: {"a": 1}.values(),
    "dict_items": lambda w: {"a": 1}.items(),
    "dict_keyiterator": lambda w: iter({"a": 1}),
    "dict_valueiterator": lambda w: iter({"a": 1}.values()),
    "dict_itemiterator": lambda w: iter({"a": 1}.items()),
    "dict_reversekeyiterator": lambda w: reversed({"a": 1}),
    "dict_reversevalueiterator": lambda w: reversed({"a": 1}.values()),
    "dict_reverseitemiterator": lambda w: reversed({"a": 1}.items()),
    "odict_keys": lambda w: collections.OrderedDict(a=1).keys(),
    "odict_values": lambda w: collections.OrderedDict(a=1).values(),
    "odict_items": lambda w: collections.OrderedDict(a=1).items(),
    "odict_iterator": lambda w: iter(collections.OrderedDict(a=1)),
    "list_iterator": lambda w: iter([1]),
    "list_reverseiterator": lambda w: reversed([1]),
    "tuple_iterator": lambda w: iter((1,)),
    "str_ascii_iterator": lambda w: iter("a"),
    "str_iterator": lambda w: iter("é"),
    "bytes_iterator": lambda w: iter(b"a"),
    "bytearray_iterator": lambda w: iter(bytearray(b"a")),
    "set_iterator": lambda w: iter({1}),
    "range_iterator": lambda w: iter(range(2)),
    "longrange_iterator": lambda w: iter(range(1 << 70, (1 << 70) + 2)),
    "_deque_iterator": lambda w: iter(collections.deque([1])),
    "_deque_reverse_iterator": lambda w: reversed(collections.deque([1])),
    "memory_iterator": lambda w: iter(memoryview(b"ab")),
    "memoryiterator": lambda w: iter(memoryview(b"ab")),
    "callable_iterator": lambda w: iter(int, 1),
    "iterator": lambda w: iter(type("Old", (), {"__getitem__": lambda self, i: "ab"[i]})()),
    "async_generator_asend": _awaitable("asend", None),
    "async_generator_athrow": _awaitable("athrow", ValueError),
    "coroutine_wrapper": lambda w: guest(w, "coroutine")().__await__(),
    "ClassNamespace": lambda w: read(w._realm, guest(w, "K"), "__dict__"),
    "ModuleNamespace": lambda w: w._realm.builtins["globals"]() and _globals_of(w),
    "TamedFunction": lambda w: read(w._realm, str, "format"),
    "Reference": lambda w: w._membrane.reference(expose(K(), "__class__") if False else _plain_cap(), "c"),
    "CallableReference": lambda w: guest(w, "call"),
    "StatefulReference": lambda w: guest(w, "state"),
    "GuestModule": lambda w: w._importer.load("string", 0, ""),
    "CacheInfo": lambda w: guest(w, "cached").cache_info(),
    "GuestCode": lambda w: w._realm.builtins["compile"]("1", "f", "eval"),
}
