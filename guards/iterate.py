"""Taking the elements of x: `for`, comprehensions, `*x`, unpacking, `in`, `yield from`.

Stops: C loops that take no step (pit 5). Each element taken costs a step, counted in C by the
`compress` that pairs the elements with the counter.
"""

from __future__ import annotations

import ast
import gc
import itertools
import sys
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any, Final

from guards.attribute import read
from guards.base import Guard, Row, Site, gone, open_rows
from guards.call import callable_for_c
from guards.charge import DICTS, SCALARS, charge_walk, feed_keys, is_view, merged, range_length, size_of
from guards.convert import steady
from guards.fact import IN_TABLE, TEXT, Fact, of_node
from guards.host import host_exact_str, host_iterable, host_lookup, host_name
from guards.sealed import HOST, Sealed
from guards.store import charge_key
from guards.tables.rows import TABLE

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = [
    "Awaitable",
    "Container",
    "Contains",
    "Delegate",
    "Iterate",
    "Keywords",
    "Mapping",
    "Middle",
    "Source",
    "Star",
    "contains",
]

_compress: Final = itertools.compress
_flat: Final = itertools.chain.from_iterable


async def _coroutine() -> None: ...


def _kind_of_wrapper() -> type:
    """The class of what `__await__` of a coroutine gives, which drives it."""
    coroutine = _coroutine()
    kind = type(coroutine.__await__())
    coroutine.close()
    return kind


_DRIVEN: Final = (GeneratorType, CoroutineType, AsyncGeneratorType, _kind_of_wrapper())


class Iterate(Guard):
    """for x in xs becomes for x in `cap:iter`(xs): a step per element, whatever xs is."""

    key = "cap:iter"
    __slots__ = ()

    def run(self, obj: Any) -> Any:
        return _compress(obj, (self.ref() or gone()).meter.iterator)


#: What holds no generator that is entered when it is asked for an element.
_HELD: Final = frozenset({list, tuple, str, bytes, dict, set, frozenset, range})


class Source(Guard):
    """(... for x in xs): counted as a loop. Entering one takes no step, and what it is made from may be
    another one: `it = (x for x in it)`, fifty thousand times, went down until the stack was at its end.
    So the depth is looked at when it is first asked for an element."""

    key = "cap:source"
    __slots__ = ()

    def run(self, obj: Any) -> Any:
        meter = (self.ref() or gone()).meter
        counted = _compress(obj, meter.iterator)
        return counted if type(obj) in _HELD else _flat(map(meter.entered, (counted,)))


class Star(Guard):
    """f(*xs), [*xs] and {*xs}: counted; what cannot be iterated is left to the interpreter, whose
    error names the call."""

    key = "cap:star"
    __slots__ = ()

    def run(self, obj: Any) -> Any:
        if not host_iterable(type(obj)):
            return obj
        return _compress(obj, (self.ref() or gone()).meter.iterator)


class StarKeys(Guard):
    """{*xs}: as above, and each element is hashed."""

    key = "cap:starkeys"
    __slots__ = ()

    def run(self, obj: Any) -> Any:
        return feed_keys((self.ref() or gone()), obj) if host_iterable(type(obj)) else obj


class Delegate(Guard):
    """yield from x: what has no `send` of its own is counted like a loop; a generator of the
    guest's counts by itself and is left whole, since `send` and `throw` must reach it."""

    key = "cap:delegate"
    __slots__ = ()

    def run(self, obj: Any) -> Any:
        if type(obj) in _DRIVEN:
            return obj
        found = iter(obj)
        return found if type(found) in _DRIVEN else _delegated((self.ref() or gone()), found)


def _delegated(realm: Realm, iterator: Any) -> Any:
    if type(iterator) in TABLE:
        return _compress(iterator, realm.meter.iterator)
    return _drive(realm, iterator)


def walked(iterator: Any) -> Any:
    """What stands behind what `yield from` and `await` walk: a guest is shown its own iterator."""
    if type(iterator) is _compress:
        # Each iterator of C code has one of ours around it; what is asked for first may be its class.
        return next(x for x in gc.get_referents(iterator) if x is not _compress)
    if type(iterator) is GeneratorType and iterator.gi_code is _drive.__code__:
        frame = iterator.gi_frame
        return None if frame is None else frame.f_locals["iterator"]
    return iterator


def _drive(realm: Realm, iterator: Any) -> Any:
    """`yield from` an iterator of the guest's own class, as PEP 380 spells it out.

    C code would call what it finds as `send`, `throw` and `close` of the iterator, past the guard of
    calls: `throw = list` iterates whatever is thrown.
    """

    def method(name: str) -> Any:
        try:
            return callable_for_c(realm, read(realm, iterator, name))
        except AttributeError:
            return None

    try:
        value = next(iterator)
        while True:
            thrown: BaseException | None = None
            try:
                sent = yield value
            except BaseException as error:
                thrown = error
            if thrown is None:
                if sent is None:
                    value = next(iterator)
                else:
                    value = callable_for_c(realm, read(realm, iterator, "send"))(sent)
                continue
            if isinstance(thrown, GeneratorExit):
                close = method("close")
                if close is not None:
                    close()
                raise thrown
            throw = method("throw")
            if throw is None:
                raise thrown
            value = throw(thrown)
    except StopIteration as stop:
        return stop.value


class Awaitable(Guard):
    """await x: an object of the guest's own class is driven as `yield from` would."""

    key = "cap:await"
    __slots__ = ()

    def run(self, obj: Any) -> Any:
        kind = type(obj)
        if kind in _DRIVEN or kind in TABLE or host_lookup(kind, "__await__")[0] is None:
            return obj
        awaited = _new(_Awaited)
        _set_awaited(awaited, obj)
        _set_awaiting(awaited, (self.ref() or gone()))
        return awaited


def _no_iterator(name: str, found: Any) -> str:
    """What Python says of what an `__await__` gave."""
    given = host_name(type(found))
    if sys.version_info >= (3, 15):
        return f"{name}.__await__() must return an iterator, not {given}"
    if type(found) is CoroutineType:
        return "__await__() returned a coroutine"
    return f"__await__() returned non-iterator of type {given!r}"


class _Awaited(metaclass=Sealed, host=HOST):
    """Stands in for what is awaited; never held by a guest."""

    __slots__ = ("__obj__", "__realm__")
    __obj__: Any
    __realm__: Realm

    def __await__(self) -> Any:
        obj, realm = self.__obj__, self.__realm__
        iterator = type(obj).__await__(obj)
        if type(iterator) is CoroutineType or host_lookup(type(iterator), "__next__")[0] is None:
            raise TypeError(_no_iterator(host_name(type(obj)), iterator))
        return iterator if type(iterator) in _DRIVEN else _delegated(realm, iterator)


_new: Final[Any] = object.__new__
_set_awaited: Final = _Awaited.__dict__["__obj__"].__set__
_set_awaiting: Final = _Awaited.__dict__["__realm__"].__set__


class Mapping(Guard):
    """**x in a display: charged by size."""

    key = "cap:mapping"
    __slots__ = ()

    def run(self, obj: Any) -> Any:
        # C code asks the object itself for `keys`, and takes what that gives to its end.
        if is_view(type(obj)) or hasattr(obj, "keys"):
            return merged((self.ref() or gone()), obj)
        if host_lookup(type(obj), "__getattr__")[0] or (
            host_lookup(type(obj), "__getattribute__")[0] not in TABLE
        ):
            # What has none now may have some when it is asked again.
            raise TypeError(f"{host_name(type(obj))!r} object is not a mapping")
        return obj  # the interpreter says what it is no mapping for


class Keywords(Mapping):
    """**x in a call: the names are exact texts.

    Stops: a name of the guest's own class whose hash and equality lie. What is charged looks it up, and
    does not find it; C code goes by its characters.
    """

    key = "cap:keywords"
    __slots__ = ()

    def run(self, obj: Any) -> Any:
        found = super().run(obj)
        kind = type(found)
        if not issubclass(kind, DICTS) or _TEXTS.issuperset(map(type, found.keys())):
            return found
        exact: dict[Any, Any] = {}
        for name, value in found.items():
            if issubclass(type(name), str):
                name = host_exact_str(name)
                if name in exact:
                    raise TypeError(f"got multiple values for keyword argument {name!r}")
            exact[name] = value
        return exact


_TEXTS: Final = frozenset({str})
_HASHED: Final = frozenset({dict, set, frozenset})
_CHEAP: Final = frozenset({bool, float, type(None), complex})
_SHORT: Final = 1 << 60


def contains(realm: Realm, container: Any, item: Any) -> bool:
    """`item in container`, charged."""
    kind = type(container)
    if (kind in _HASHED and (type(item) is str or (type(item) is int and -_SHORT < item < _SHORT))) or (
        (kind is list or kind is tuple)
        and (type(item) in _CHEAP or (type(item) is int and -_SHORT < item < _SHORT))
        and len(container) < 16
    ):
        return item in container
    if kind in _HASHED:
        if type(item) is not type:
            charge_key(realm, item)
        return item in container
    if kind is range:
        charge_contains(realm, kind, container, item)
        return item in container
    definer = kind if kind is list or kind is tuple else host_lookup(kind, "__contains__")[0]
    if definer is None:
        if host_iterable(kind):
            charge_walk(realm, item)
            return item in feed_keys(realm, container)
        return item in container  # raises Python's own TypeError
    if definer in TABLE:
        charge_contains(realm, kind, container, item)
        if definer is bytearray:
            item = steady(realm, item)  # asked for its number, it could have the bytes moved
    return item in container


def charge_contains(realm: Realm, kind: type, container: Any, item: Any) -> None:
    """Charge for what the `__contains__` of a builtin class does. kind: it, or one derived from it."""
    if kind is range:
        if type(item) not in (int, bool):
            realm.meter.charge(range_length(container))
        return
    size = size_of(container)
    if size is None:
        # Not known to be cheap: it may be compared with what is in it, or hashed.
        charge_walk(realm, item)
        charge_walk(realm, container)
        return
    if issubclass(kind, (str, bytes, bytearray)):
        realm.meter.charge(size >> 8)
    elif issubclass(kind, (dict, set, frozenset)):
        charge_key(realm, item)
    else:
        realm.meter.charge((size >> 4) + size * (charge_walk(realm, item) >> 12))
        if type(item) not in SCALARS:
            charge_walk(realm, container)


class _Container(metaclass=Sealed, host=HOST):
    """Stands in for the right operand of `in`; never held by a guest."""

    __slots__ = ("__obj__", "__realm__")
    __obj__: Any
    __realm__: Realm

    def __contains__(self, item: Any) -> bool:
        return contains(self.__realm__, self.__obj__, item)


_set_realm: Final = _Container.__dict__["__realm__"].__set__
_set_obj: Final = _Container.__dict__["__obj__"].__set__


class Contains(Guard):
    """a in b becomes `cap:in`(a, b), where no other comparison follows."""

    key = "cap:in"
    #: A short text or number is looked for in a table, and a text in a short one, for nothing.
    free = (
        (TEXT, IN_TABLE),
        (Fact(int, 60), IN_TABLE),
        (TEXT, Fact(str, 255)),
        (Fact(int, 60), Fact(list, 15)),
        (Fact(int, 60), Fact(tuple, 15)),
    )
    __slots__ = ()

    @classmethod
    def tests(cls, site: Site) -> list[Row]:
        if _is_short_display(site.operands[1]):
            return open_rows(((Fact(str, 4095), None), (Fact(int, 60), None)), site)
        return super().tests(site)

    def run(self, item: Any, container: Any) -> bool:
        return contains((self.ref() or gone()), container, item)


def _is_short_display(node: ast.expr) -> bool:
    """Whether a container is written out, with few short texts and numbers in it."""
    if not isinstance(node, (ast.Tuple, ast.List, ast.Set)) or len(node.elts) >= 16:
        return False
    facts = [of_node(e) for e in node.elts]
    return all((f.kind is str and f.bits < 4096) or (f.kind is int and f.bits <= 60) for f in facts)


class Middle(Guard):
    """a in b < c: b is also the left operand of what follows, so it is charged and left itself."""

    key = "cap:middle"
    __slots__ = ()

    def run(self, obj: Any) -> Any:
        size = size_of(obj)
        if size is not None:
            realm = self.ref() or gone()
            realm.meter.charge(size)
            charge_walk(realm, obj)
            return obj
        if host_lookup(type(obj), "__contains__")[0] is None:
            return _compress(obj, (self.ref() or gone()).meter.iterator)
        return obj


class Container(Guard):
    """x < a in b becomes x < a in `cap:container`(b)."""

    key = "cap:container"
    __slots__ = ()

    def run(self, obj: Any) -> Any:
        container = _new(_Container)
        _set_realm(container, (self.ref() or gone()))
        _set_obj(container, obj)
        return container
