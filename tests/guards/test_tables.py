"""The tables of U are closed: whatever a guest reads, calls or iterates is of a type in U again.

The sample instances are made by a guest, so they are what a guest can really hold; the few types
whose instances no program of today can make are filled in by hand.
"""

from __future__ import annotations

import _io
import _random
import _string  # type: ignore[import-not-found]
import builtins
import collections
import datetime
import functools
import itertools
import sys
import threading
import time
import types
import warnings
import zlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from capcompiler import Capability, Compartment, Limits, expose
from capcompiler.membrane.pending import Call, Pending, make_pending
from capcompiler.membrane.reference import Reference
from capcompiler.nesting import _Opaque
from guards.attribute import is_plain_name, read
from guards.call import callable_for_c
from guards.code import FrameFacts, GuestCode
from guards.host import host_lookup, host_mro
from guards.lazy import LazyModule
from guards.meter import Stop
from guards.modules import MODULES
from guards.modules._decimal import ContextHandle
from guards.realm import Realm
from guards.sealed import Sealed
from guards.tables.rows import SUBCLASSABLE, TABLE, State, find, is_dunder, owners, unlisted
from guards.zones import Zone, zone_for

IMMUTABLE = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE
SCALARS = frozenset({int, float, complex, bool, str, bytes, type(None), type(...), type(NotImplemented)})
#: Guest source: each line is an expression whose value is a sample.
SAMPLES = """
[1, 'a']; (1, 'a'); {'a': 1}; {1}; frozenset({1}); 1; 1.5; True; 1j; 'a b'; b'a b'; None; ...
NotImplemented; bytearray(b'a b'); memoryview(b'ab'); range(3); slice(1, 2); object(); K; K(); M; N; Sub('x')
collections.deque([1]); collections.OrderedDict(a=1); collections.defaultdict(list, a=[1])
{'a': 1}.keys(); {'a': 1}.values(); {'a': 1}.items(); iter({'a': 1}); iter({'a': 1}.values())
iter({'a': 1}.items()); reversed({'a': 1}); reversed({'a': 1}.values()); reversed({'a': 1}.items())
collections.OrderedDict(a=1).keys(); collections.OrderedDict(a=1).values()
collections.OrderedDict(a=1).items(); iter(collections.OrderedDict(a=1)); iter([1]); reversed([1])
iter((1,)); iter('a'); iter('é'); iter(b'a'); iter(bytearray(b'a')); iter({1}); iter(range(2))
iter(range(1 << 70, (1 << 70) + 2)); iter(collections.deque([1])); reversed(collections.deque([1]))
iter(memoryview(b'ab')); reversed('ab'); enumerate('ab'); zip('ab', 'cd'); map(str, 'ab')
filter(None, 'ab'); iter(int, 1); iter(list[int]); iter(Old()); list[int]; int | str
function; K().method; K.by_class; K.static; [].append; (1.5).__add__; float.__add__; str.join; list.append; str.format
K.slot; int.real; vars(K)['__weakref__']; vars(K)['prop']; vars(K)['by_class']; vars(K)['static']; vars(K); vars(int); vars(type)['__mro__']
globals(); vars(math); generate(); agenerate(); agenerate().asend(None); agenerate().athrow(ValueError)
cell_of(); shown_cell; Super().get(); Super.got; error; traceback; error.args; ExceptionGroup('g', [ValueError(1)])
BaseExceptionGroup('g', [KeyboardInterrupt()]); UnicodeDecodeError('utf-8', b'a', 0, 1, 'x')
UnicodeEncodeError('utf-8', 'a', 0, 1, 'x'); UnicodeTranslateError('a', 0, 1, 'x'); OSError(2, 'x', 'f')
SyntaxError('m', ('f', 1, 2, 'text')); StopIteration(3); SystemExit(4); ImportError('m', name='n')
print; getattr; len; call; record; record.get; state; state.made; cap; cap.use
math; json; functools; datetime; string; own; compile('1', 'f', 'eval'); cached; cached.cache_info()
functools.partial(int, '1'); getattr(functools, 'Placeholder', None); functools.cmp_to_key(lambda a, b: 0); functools.cmp_to_key(lambda a, b: 0)(1)
operator.attrgetter('x'); operator.itemgetter(0); operator.methodcaller('x'); functools.wraps(function)
datetime.date(2020, 1, 2); datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC); datetime.time(1, 2)
datetime.timedelta(1); datetime.tzinfo(); datetime.UTC; datetime.date(2020, 1, 1).isocalendar()
itertools.accumulate([1, 2]); itertools.chain('ab'); itertools.combinations('ab', 1)
itertools.combinations_with_replacement('a', 1); itertools.compress('ab', [1, 1]); itertools.count()
itertools.cycle('ab'); itertools.dropwhile(str.isdigit, 'ab'); itertools.filterfalse(None, [0])
itertools.groupby('ab'); next(itertools.groupby('ab'))[1]; itertools.islice('ab', 1)
itertools.pairwise('ab'); itertools.permutations('ab'); itertools.product('ab'); itertools.repeat(1, 2)
itertools.starmap(max, [(1, 2)]); itertools.takewhile(str.isalpha, 'ab'); itertools.zip_longest('ab')
io.StringIO('ab'); io.BytesIO(b'ab'); struct.Struct('<i'); struct.iter_unpack('<b', b'ab'); unicodedata.ucd_3_2_0
zlib.compressobj(); zlib.decompressobj()
csv.reader(['a,b']); csv.writer(io.StringIO()); csv.reader([]).dialect; random.Random(1); decimal.getcontext()
re.compile('a'); hashlib.sha256().copy; re.match('a', 'ab'); re.compile('a').scanner('aa'); string.Formatter().parse('{a}')
sys.stdout; sys.int_info; sys.hash_info; sys.float_info; sys.flags; sys.version_info; sys._getframe()
Abstract._abc_impl; P.x; P(1); Called.__call__; weakref.ref(K()); hashes
itertools.tee('ab')[0]; number; Limits(); cap_compile('1'); cap_exec('x = 1'); Capability; Capability()
"""
GUEST = """
import abc, collections, csv, datetime, decimal, functools, hashlib, io, itertools, json, math
import operator, random, re, string, struct, sys, unicodedata, weakref, zlib
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
shown_cell = (lambda x: lambda: x)(1).__closure__[0]
class Abstract(abc.ABC): pass
class Called:
    __slots__ = ('__call__',)
P = collections.namedtuple('P', 'x')
hashes = [hashlib.new(n) for n in sorted(hashlib.algorithms_guaranteed)]
class N(metaclass=M): pass
class Sub(str): pass
class Old:
    def __getitem__(self, i): return 'ab'[i]
class Super(K):
    def get(self): return super()
    got = super(K, K)
def function(a, /, b: int = 1, *, c=2) -> str: return 'x'
def generate():
    yield 1
    yield 2
async def agenerate():
    yield 1
def cell_of():
    inner = 1
    def use(): return inner
    return use
try:
    1 / 0
except Exception as e:
    error = e
    traceback = e.__traceback__
@functools.lru_cache(maxsize=3)
def cached(n=1): return n
exec('ran = 1', vars(string))
exec('ran = 1', own := {})
held = {}
for n, h in enumerate(hashes):
    held[f'hash {n}'] = h
"""


class Tool(Capability):
    def use(self, n: int = 1) -> int:
        return n


class Record:
    made = 1


_PLACEHOLDER = getattr(functools, "Placeholder", None)  # from 3.14 on
_FIELDS = _string.formatter_field_name_split("a.b")[1]  # type: ignore[attr-defined]


async def _never() -> None: ...


def _by_hand() -> dict[type, Callable[[], Any]]:
    """Instances of the types that no program can make today."""

    def cell() -> Any:
        inner = 1
        return (lambda: inner).__closure__[0]  # type: ignore[index]

    def wrapper() -> Any:
        coroutine = _never()
        made.append(coroutine)
        return coroutine.__await__()

    made: list[Any] = []
    return {
        types.CellType: cell,
        types.ClassMethodDescriptorType: lambda: dict.__dict__["fromkeys"],
        # From 3.15 on the slots of a guest's class are shown by stand-ins.
        types.GetSetDescriptorType: lambda: types.FunctionType.__dict__["__name__"],
        types.SimpleNamespace: lambda: types.SimpleNamespace(a=1),
        types.ModuleType: lambda: types.ModuleType("m"),
        LazyModule: lambda: LazyModule("m"),
        types.CoroutineType: _never,
        time.struct_time: lambda: time.gmtime(0),
        type(_closed().__await__()): wrapper,
        _io._IOBase: _io._IOBase,
        _io._BufferedIOBase: _io._BufferedIOBase,
        _io._TextIOBase: _io._TextIOBase,
        sys.thread_info.__class__: lambda: sys.thread_info,
        ContextHandle: lambda: object.__new__(ContextHandle),
        _random.Random: lambda: _random.Random(1),
        type(_FIELDS): lambda: _FIELDS,
        Pending: lambda: make_pending(Call(None, "call", None, (), {}, 0.0, 0.0, True)),
        type(_PLACEHOLDER): lambda: _PLACEHOLDER,
        type(zlib.compressobj()): zlib.compressobj,
        type(zlib.decompressobj()): zlib.decompressobj,
        Zone: lambda: zone_for(Realm(), _Zone()),
    }


_AWAITED_ONCE = ("async_generator_asend", "async_generator_athrow")


class _Zone(datetime.tzinfo):
    """A zone with code of its own."""


def _closed() -> Any:
    coroutine = _never()
    coroutine.close()
    return coroutine


BY_HAND = _by_hand()


class World:
    """A compartment in a turn, and samples of what its guest can hold."""

    def __init__(self) -> None:
        caps = {
            "call": len,
            "record": expose({}, "get", "__len__"),
            "state": expose(Record(), read=["made"]),
            "cap": Tool(),
            "number": Decimal("1.5"),
        }
        self.compartment = Compartment(caps, limits=Limits(steps=None, memory=None))
        sources = [s.strip() for line in SAMPLES.splitlines() for s in line.split(";") if s.strip()]
        sources += [f"{n}(1)" for n in _plain_exceptions()]
        if hasattr(itertools, "batched"):
            sources.append("itertools.batched('ab', 1)")
        if sys.version_info >= (3, 14):
            sources += ["t'a{1!r:>3}b'", "t'{1}'.interpolations[0]", "iter(t'{1}')"]
        if sys.version_info >= (3, 15):
            sources += ["frozendict(a=[1])", "sentinel('S')"]
        filled = "".join(f"held[{s!r}] = {s}\n" for s in sources)
        self.compartment.exec(GUEST + filled)
        self.realm: Realm = self.compartment._realm
        self.samples: dict[str, Any] = dict(self.compartment._globals["held"])
        for kind, make in BY_HAND.items():
            self.samples[f"by hand: {kind.__name__}"] = make()
        for kind in TABLE:
            if issubclass(kind, BaseException) and not hasattr(builtins, kind.__name__):
                self.samples[f"by hand: {kind.__module__}.{kind.__name__}"] = kind("text")
        self.begin()

    def begin(self) -> None:
        self.realm.meter.begin(steps=1_000_000, seconds=None, memory=2**28, depth=200, base=None)
        # A read outside a turn of the compartment is refused; the walk below is a turn.
        self.compartment._thread = threading.get_ident()

    def end(self) -> None:
        for value in self.samples.values():
            # What nobody awaits is told of when it is collected, which may be in another test.
            if type(value) is types.CoroutineType or type(value).__name__ in _AWAITED_ONCE:
                value.close()
        self.realm.meter.end()
        self.compartment._thread = None


def _plain_exceptions() -> list[str]:
    special = (BaseExceptionGroup, UnicodeDecodeError, UnicodeEncodeError, UnicodeTranslateError)
    return [
        k.__name__
        for k in TABLE
        if issubclass(k, BaseException) and not issubclass(k, special) and hasattr(builtins, k.__name__)
    ]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    yield from _worlds()


@pytest.fixture
def fresh() -> Iterator[World]:
    """A world of its own, for a test that changes what is in it."""
    yield from _worlds()


def _worlds() -> Iterator[World]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # awaitables that nobody awaits
        made = World()
        yield made
        made.end()


def leak(realm: Realm, value: Any) -> str:
    """Why a value is none that a guest may hold; "" when it may."""
    kind = type(value)
    if kind is types.FunctionType:
        return "" if realm.is_guest_function(value) else "a function of the host, which takes attributes"
    if kind is types.ModuleType and value.__spec__ is not None:
        return "a module of the host"
    if issubclass(kind, type) and not realm.may_hold(value):
        return f"a class outside U: {value!r}"
    if not realm.may_hold(kind):
        return f"an instance of a class outside U: {kind!r}"
    if kind is dict and "__builtins__" in value:
        return "the namespace of code, with its builtins"
    return ""


def names_of(obj: Any) -> list[str]:
    """Every attribute name that could be tried on an object, in the raw and in the tables."""
    kinds = [*host_mro(type(obj)), *(host_mro(obj) if isinstance(obj, type) else ())]
    return sorted({n for k in kinds for n in (*vars(k), *TABLE.get(k, ())) if not n.startswith("cap:")})


def contents(value: Any) -> list[Any]:
    """The elements of a plain container."""
    if type(value) in (list, tuple, set, frozenset):
        return list(value)
    return [*value.keys(), *value.values()] if type(value) is dict else []


def test_there_is_a_sample_of_every_type(world: World) -> None:
    abstract = {Sealed, _Opaque}  # a metaclass, and a base that is never made itself
    there = {type(v) for v in world.samples.values()}
    made = {k for k in TABLE if issubclass(k, Reference) and k is not Reference}  # one per capability
    o: collections.OrderedDict[str, int] = collections.OrderedDict()
    kept_back = {type(x) for x in (o, o.keys(), o.values(), o.items(), iter(o))}
    missing = [k.__qualname__ for k in TABLE if k not in there | abstract | made | kept_back]
    assert missing == []


def test_every_sample_is_in_u(world: World) -> None:
    bad = {s: leak(world.realm, v) for s, v in world.samples.items() if leak(world.realm, v)}
    assert bad == {}


def test_what_can_be_read_is_in_u_again(world: World) -> None:
    """A walk over attributes, four steps deep, from the samples and the classes of U."""
    realm = world.realm
    found: dict[str, str] = {}
    seen: set[Any] = set()
    todo: list[tuple[str, Any, int]] = [(s, v, 0) for s, v in world.samples.items()]
    todo += [(k.__qualname__, k, 0) for k in TABLE if k is not Sealed]
    todo += [(n, v, 0) for n, v in realm.builtins.items() if not n.startswith("cap:")]
    keep: list[Any] = []
    while todo:
        path, obj, depth = todo.pop()
        for name in names_of(obj):
            try:
                value = read(realm, obj, name)
            except Stop:
                pytest.fail(f"{path}.{name} used up the budget")
            except Exception:  # noqa: S112 - not there, which is the usual answer
                continue
            keep.append(value)
            for part in (value, *contents(value)):
                why = leak(realm, part)
                if why:
                    found.setdefault(why, f"{path}.{name}")
                    continue
                mark = shape(part)
                if depth < 3 and mark not in seen and type(part) not in SCALARS:
                    seen.add(mark)
                    todo.append((f"{path}.{name}", part, depth + 1))
    assert found == {}
    assert len(seen) > 500


def shape(value: Any) -> Any:
    """What tells two values apart for the walk: bound methods are made anew at each read."""
    kind = type(value)
    if kind in (types.MethodType, types.BuiltinFunctionType, types.MethodWrapperType):
        return kind, value.__name__ if hasattr(value, "__name__") else "", type(value.__self__)
    return id(value)


#: Arguments to try on what can be called; the guards have charged for it by then.
ARGUMENTS: tuple[tuple[Any, ...], ...] = (
    (),
    (1,),
    ("a",),
    ([1],),
    ("a", "b"),
    (2, 3),
    (None,),
    ({"a": 1},),
)
#: Not called: what takes other objects apart, or waits for what does not come.
NOT_CALLED = {"input", "breakpoint", "help", "print", "__init_subclass__"}


def test_what_a_call_gives_is_in_u_again(fresh: World) -> None:
    """Every method of every sample, and every class and builtin, is called with small arguments."""
    world = fresh
    realm = world.realm
    found: dict[str, str] = {}
    called = 0
    targets: list[tuple[str, Any]] = [(n, v) for n, v in realm.builtins.items() if ":" not in n]
    for name, row in MODULES.items():
        if row:
            if name.startswith("cap:"):
                continue  # in realms of library code only
            module = world.compartment._importer.load(name, 0, "", True)
            targets += [(f"{name}.{n}", v) for n, v in vars(module).items() if callable(v)]
    for source, sample in world.samples.items():
        for name in names_of(sample):
            try:
                targets.append((f"{source}.{name}", read(realm, sample, name)))
            except Exception:  # noqa: S112
                continue
    for path, target in targets:
        if not callable(target) or path.rpartition(".")[2] in NOT_CALLED:
            continue
        for args in ARGUMENTS:
            try:
                result = callable_for_c(realm, target)(*args)
            except Stop:
                world.realm.meter.end()
                world.begin()
                continue
            except BaseException as error:  # noqa: B036 - a guest can hold what is raised, too
                if not realm.may_hold(type(error)):
                    found.setdefault(f"raises {type(error)!r}", f"{path}{args!r}")
                continue
            called += 1
            parts = [result, *contents(result)]
            if hasattr(type(result), "__next__") and type(result) is not types.GeneratorType:
                try:
                    parts += list(itertools.islice(result, 2))
                except BaseException:  # noqa: B036, S110
                    pass
            for part in parts:
                why = leak(realm, part)
                if why:
                    found.setdefault(why, f"{path}{args!r}")
            if type(result) in (types.CoroutineType, types.AsyncGeneratorType):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    del result
    assert found == {}
    assert called > 1000


def test_no_attribute_of_any_type_is_unlisted() -> None:
    """Removed all the same; a new Python version shows itself here."""
    assert [f"{k.__qualname__}.{n}" for k, n in unlisted()] == []


@pytest.mark.parametrize("kind", list(TABLE), ids=lambda k: k.__qualname__)
def test_every_class_of_u_is_immutable(kind: type) -> None:
    """So that no guest can store on a class that all compartments and the host share."""
    assert kind.__flags__ & IMMUTABLE or type(kind) is Sealed
    with pytest.raises((TypeError, AttributeError)):
        kind.stored_by_a_test = 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", list(TABLE), ids=lambda k: k.__qualname__)
def test_rows_name_what_is_there_or_stand_in_for_it(kind: type) -> None:
    for name, row in TABLE[kind].items():
        assert row.state is not State.TAME or callable(row.tamed)
        if row.state is State.SAFE and not is_dunder(name) and name in vars(kind):
            assert type(vars(kind)[name]) is not types.FunctionType or type(kind) is Sealed


def test_a_plain_name_is_safe_on_every_type() -> None:
    """`is_plain_name` lets a guard be left out: no type may tame, deny or not list such a name."""
    wrong = []
    for kind, rows in TABLE.items():
        for name in {*vars(kind), *rows}:
            if find(kind, name).state is not State.SAFE and is_plain_name(name):
                wrong.append(f"{kind.__qualname__}.{name}")
    assert wrong == []


def test_special_names_are_never_plain() -> None:
    names = {n for k in TABLE for n in vars(k) if is_dunder(n)}
    assert not any(is_plain_name(n) for n in names)
    assert all(owners(n) == () for n in names)


@pytest.mark.parametrize("name", "gi_frame cr_frame ag_frame tb_frame f_globals gi_code cr_await "
                         "gi_yieldfrom tb_next obj mapping _from_flags format format_map".split())  # fmt: skip
def test_names_that_lead_out_keep_their_guard(name: str) -> None:
    assert not is_plain_name(name) or not any(hasattr(k, name) for k in TABLE)


@pytest.mark.parametrize("kind", sorted(SUBCLASSABLE, key=lambda k: k.__qualname__),
                         ids=lambda k: k.__qualname__)  # fmt: skip
def test_what_may_be_subclassed_is_in_u(kind: type) -> None:
    assert kind in TABLE
    assert all(k in TABLE for k in host_mro(kind))


def test_every_base_of_a_class_of_u_is_in_u() -> None:
    outside = {k.__qualname__: b for k in TABLE for b in host_mro(k) if b not in TABLE}
    assert outside == {}


#: Python's roads from an object to code, frames, globals, or the list of all classes.
ROADS = """__globals__ __closure__ __builtins__ gi_frame gi_code gi_yieldfrom cr_frame cr_code cr_await cr_origin
ag_frame ag_code ag_await __cell__ __facts__ __outer__
f_builtins co_consts co_code __weakrefoffset__
__tamed__ __realm__ __cap_use__ __kind__ __raw__ __obj__ cap:guest __cap_help__""".split()


@pytest.mark.parametrize("name", ROADS)
def test_a_road_out_of_u_is_absent_on_every_sample(world: World, name: str) -> None:
    there = []
    for source, sample in world.samples.items():
        try:
            value = read(world.realm, sample, name)
        except AttributeError:
            continue
        if value is not None and type(value) not in (FrameFacts, GuestCode):
            there.append(source)
    assert there == []


def test_no_class_of_c_code_is_made_by_object(world: World) -> None:
    """`object.__new__` gives C code an instance without what it needs to find there."""
    inherit = [k for k in TABLE if k is not object and host_lookup(k, "__new__")[0] is object]
    assert inherit
    for kind in inherit:
        with pytest.raises(TypeError, match="cannot create"):
            callable_for_c(world.realm, kind)()
