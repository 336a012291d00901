"""One step of a walk: what a guest gets from an object that it holds, by what the guards allow.

Nothing of the guest's runs: where Python would ask a property, a `__getattr__` or an iterator of the
guest's own, the step goes to the function behind it, and from there to all that its code can use.
"""

from __future__ import annotations

import gc
import types
from collections import deque
from collections.abc import Callable, Iterator
from types import FunctionType, GeneratorType, MethodType, ModuleType
from typing import Any, Final

from capcompiler.membrane.reference import Reference
from guards.attribute import TamedFunction, TamedGetter, read
from guards.base import is_guard_name
from guards.host import (
    MethodOfHeapType,
    host_dict,
    host_method_func,
    host_method_self,
    host_mro,
    host_name,
)
from guards.modules.table import GuestModule, module_dict
from guards.protocol import shown_class_value
from guards.realm import Realm
from guards.tables.rows import TABLE, State, find
from guards.tamed import ClassNamespace, ModuleNamespace

__all__ = ["BOUND", "SCALARS", "Step", "steps_from"]

#: (what stands behind the path so far, value)
Step = tuple[str, Any]

SCALARS: Final = frozenset(
    {int, float, complex, bool, str, bytes, range, type(None), type(...), type(NotImplemented)}
)
#: Methods that only look, called where a type of U itself defines them and takes no argument.
ACCESSORS: Final = tuple(
    """
    __reduce__ __iter__ __reversed__ __getstate__ __subclasses__ mro keys values items copy
    as_integer_ratio conjugate cache_info cache_parameters groups groupdict regs __enter__ tolist
    isocalendar timetuple tzinfo utcoffset __length_hint__ __copy__ __getnewargs__
    """.split()
)
#: Types whose instances all have the same attributes: methods, and data that holds nothing else.
ALIKE: Final = SCALARS | {
    list, tuple, dict, set, frozenset, bytearray, deque, types.MethodDescriptorType,
    types.WrapperDescriptorType, types.ClassMethodDescriptorType, types.GetSetDescriptorType,
    types.MemberDescriptorType, ModuleNamespace, ClassNamespace,
}  # fmt: skip
_BODIES: Final = {
    GeneratorType: "gi_frame", types.CoroutineType: "cr_frame", types.AsyncGeneratorType: "ag_frame",
}  # fmt: skip
#: What C code makes anew each time that a method is read.
BOUND: Final = frozenset({types.BuiltinFunctionType, MethodOfHeapType, types.MethodWrapperType})
_object_read: Final[Any] = object.__getattribute__
_type_read: Final[Any] = type.__getattribute__
_cells: Final[Any] = FunctionType.__dict__["__closure__"].__get__
_globals: Final[Any] = FunctionType.__dict__["__globals__"].__get__
_defaults: Final[Any] = FunctionType.__dict__["__defaults__"].__get__
_kwdefaults: Final[Any] = FunctionType.__dict__["__kwdefaults__"].__get__
_contents: Final[Any] = types.CellType.__dict__["cell_contents"].__get__


def steps_from(realm: Realm, obj: Any, looked: set[type]) -> Iterator[Step]:
    """Every step that leads on from `obj`. Inside a turn, since reads are guarded and charged.

    looked: the types of which one instance was looked at that says what all of them offer.
    """
    kind = type(obj)
    if kind not in looked:
        yield "type(…)", kind
    if issubclass(kind, Reference):
        yield from _of_reference(obj)
    elif kind is FunctionType:
        if realm.is_guest_function(obj):
            yield from _of_function(obj)
            yield from _attributes(realm, obj)
    elif kind is MethodType:
        yield from _of_method(realm, obj)
    elif kind in (TamedFunction, TamedGetter, types.CellType):
        return
    elif kind in BOUND:
        if kind not in looked:
            looked.add(kind)
            yield from _attributes(realm, obj)
    elif kind in _BODIES:
        yield from _of_body(realm, obj)
    else:
        yield from _elements(realm, obj)
        if kind in ALIKE:
            if kind in looked:
                return
            looked.add(kind)
        yield from _attributes(realm, obj)
        yield from _accessors(realm, obj)


def _of_reference(reference: Any) -> Iterator[Step]:
    """A capability: its methods. What they do is the host's decision and no part of the walk."""
    for name, method in object.__getattribute__(reference, "__dict__").items():
        yield f".{name}", method


def _of_function(function: Any) -> Iterator[Step]:
    """All that the code of a guest's function can use."""
    for name, cell in zip(function.__code__.co_freevars, _cells(function) or (), strict=True):
        try:
            yield f".<{name}>", _contents(cell)
        except ValueError:  # not bound yet
            continue
    for i, value in enumerate(_defaults(function) or ()):
        yield f".<default {i}>", value
    for name, value in (_kwdefaults(function) or {}).items():
        yield f".<default {name}>", value
    for name, value in list(_globals(function).items()):
        if type(name) is str and not is_guard_name(name):
            yield f".<global {name}>", value


def _of_method(realm: Realm, method: Any) -> Iterator[Step]:
    function, owner = host_method_func(method), host_method_self(method)
    if owner is realm or type(owner) is MethodType or type(function) is not FunctionType:
        return  # a stand-in: what it is bound to is not there for the guest
    if realm.is_guest_function(function):
        yield ".__func__", function
        yield ".__self__", owner


def _of_body(realm: Realm, generator: Any) -> Iterator[Step]:
    """What the code of a suspended generator or coroutine holds."""
    frame = getattr(generator, _BODIES[type(generator)])
    if frame is not None and realm.is_guest_frame(frame):
        for name, value in frame.f_locals.items():
            if not is_guard_name(name):
                yield f".<local {name}>", value
    yield from _attributes(realm, generator)


def _elements(realm: Realm, obj: Any) -> Iterator[Step]:
    """What a container holds, and what an iterator of C code will give."""
    kind = type(obj)
    if kind is ModuleNamespace:
        return  # of a module that is visited itself, or of an `exec` whose dictionary is
    if kind is ClassNamespace:
        for name in obj:
            yield f"[{name!r}]", obj[name]
    elif issubclass(kind, dict):
        for key, value in list(dict.items(obj)):
            yield ".<key>", key
            yield f"[{_shown(key)}]", value
    elif issubclass(kind, (list, tuple, deque)):
        base: Any = next(k for k in (list, tuple, deque) if issubclass(kind, k))
        for i, value in enumerate(list(base.__iter__(obj))):
            yield f"[{i}]", value
    elif issubclass(kind, (set, frozenset)):
        base = set if issubclass(kind, set) else frozenset
        for value in list(base.__iter__(obj)):
            yield ".<element>", value
    elif kind in TABLE and hasattr(kind, "__next__"):
        # Not advanced: what it refers to is what it gives, or makes it from.
        for value in gc.get_referents(obj):
            if value is not realm.meter.iterator and type(value) is not type:
                yield ".<source>", value


def _shown(key: Any) -> str:
    kind = type(key)
    if kind is str:
        return repr(key[:40])
    return repr(key) if kind in (int, float, bool, type(None)) else f"<{host_name(kind)}>"


def _attributes(realm: Realm, obj: Any) -> Iterator[Step]:
    """Every attribute by every name that a class of the object or a table knows, and its own."""
    yield from _own(realm, obj)
    is_class = issubclass(type(obj), type)
    raw: Any = _type_read if is_class else _object_read
    seen: set[str] = set()
    for k in (*(host_mro(obj) if is_class else ()), *host_mro(type(obj))):
        if realm.is_guest_class(k):
            for name, value in list(host_dict(k).items()):
                if type(name) is str and not is_guard_name(name) and name not in seen:
                    seen.add(name)
                    yield f".{name}", _behind(obj, shown_class_value(value))
            continue
        for name in (*host_dict(k), *TABLE.get(k, ())):
            if name in seen or is_guard_name(name):
                continue
            seen.add(name)
            try:
                yield f".{name}", read(realm, obj, name, raw)
            except Exception:  # noqa: S112 - not there, which is the usual answer
                continue


def _own(realm: Realm, obj: Any) -> Iterator[Step]:
    if issubclass(type(obj), ModuleType):
        own: Any = module_dict(obj)
    elif issubclass(type(obj), type):
        return  # among the classes of the walk
    else:
        try:
            own = object.__getattribute__(obj, "__dict__")
        except AttributeError:
            return
    if issubclass(type(own), dict):
        for name, value in list(dict.items(own)):
            if type(name) is str and not is_guard_name(name):
                yield f".{name}", value


def _behind(obj: Any, value: Any) -> Any:
    """What a guest's class holds under a name; a slot is read, since that runs nothing."""
    if type(value) is types.MemberDescriptorType and issubclass(type(obj), value.__objclass__):
        try:
            return value.__get__(obj)
        except AttributeError:
            return None
    return value


def _accessors(realm: Realm, obj: Any) -> Iterator[Step]:
    kind = type(obj)
    if kind not in TABLE or issubclass(type(obj), type) or issubclass(kind, GuestModule):
        return
    for name in ACCESSORS:
        if find_definer(kind, name) is None:
            continue
        try:
            accessor: Callable[[], Any] = read(realm, obj, name, _object_read)
            yield f".{name}()", accessor()
        except Exception:  # noqa: S112 - refused, or wants arguments
            continue


def find_definer(kind: type, name: str) -> type | None:
    """The class of U that offers `name` on instances of `kind`, or None."""
    for k in host_mro(kind):
        if name in TABLE.get(k, ()) and find(k, name).state is not State.DENY:
            definer: type = k
            return definer
        if name in host_dict(k):
            return None
    return None
