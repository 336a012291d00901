"""Stand-ins that many types share: object protocol, operators as methods, construction.

Each takes the realm first and then what the raw method takes. They are what the tables name in
their TAME rows.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from types import ClassMethodDescriptorType, GenericAlias, GetSetDescriptorType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from guards.attribute import (
    LATE,
    TamedFunction,
    TamedGetter,
    attribute_name,
    check_self,
    described_kind,
    read,
    says_of_itself,
    tamed_function,
    tamed_getter,
    unbound,
)
from guards.base import is_guard_name
from guards.call import (
    CONSTRUCTORS,
    MADE_EMPTY,
    callable_for_c,
    forget_annotations,
    keep_called,
    makes_empty,
    mapping_or_pairs,
)
from guards.charge import (
    charge_add,
    charge_floordiv,
    charge_format_spec,
    charge_lshift,
    charge_mod,
    charge_mul,
    charge_nests,
    charge_pow,
    charge_text,
    charge_walk,
    feed,
    range_length,
    size_of,
)
from guards.dates import MOMENTS, named_zone
from guards.depth import CARRIERS, check_nesting
from guards.host import host_dict, host_exact_str, host_lookup, host_module_dict, host_mro, host_name
from guards.iterate import charge_contains, contains
from guards.named import priced
from guards.protocol import shown_class_value
from guards.sealed import HOST, Sealed, sealed_error
from guards.short import SHORT
from guards.store import charge_key, charge_place, concatenate_in_place, delete, item_target, store
from guards.tables.rows import TABLE, Row, State, define, find, owners

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = [
    "PARTS",
    "ClassNamespace",
    "Cost",
    "charged",
    "class_namespace",
    "dir_of",
    "enter",
    "namespace_of",
]

#: (realm, obj, args, kwargs) -> args to use instead.
Cost = Callable[[Any, Any, Any, Any], Any]


#: What a stand-in pays and what it calls then, where it does no more.
PARTS: Final[dict[Any, tuple[Cost, Any]]] = {}


def _free_below(kind: type, name: str) -> int:
    """Elements below which a method costs nothing, whatever it is given; 0 where that is not so."""
    rows = [row for row in SHORT.get(name, ()) if row.kind is kind]
    if any(row.constants or row.key for row in rows):
        return 0
    return max((row.below for row in rows), default=0)


def charged(kind: Any, name: str, cost: Cost) -> Any:
    """A stand-in for the method `name` of `kind` that pays `cost` first."""
    raw = kind.__dict__[name]
    if type(raw).__name__ == "classmethod_descriptor":

        def tamed_class(realm: Realm, cls: Any, /, *args: Any, **kwargs: Any) -> Any:
            args = priced(raw, functools.partial(cost, realm, cls), args, kwargs)
            # Found on an instance, it is a method of the class all the same.
            return raw.__get__(None, cls if issubclass(type(cls), type) else type(cls))(*args, **kwargs)

        tamed_class.__name__, tamed_class.__qualname__ = name, f"{host_name(kind)}.{name}"
        return tamed_class

    if type(raw) is staticmethod:

        def tamed_static(realm: Realm, /, *args: Any, **kwargs: Any) -> Any:
            args = priced(raw.__func__, functools.partial(cost, realm, None), args, kwargs)
            return raw.__func__(*args, **kwargs)

        tamed_static.__name__, tamed_static.__qualname__ = name, f"{host_name(kind)}.{name}"
        return tamed_static

    below = _free_below(kind, name)

    def tamed(realm: Realm, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        if type(obj) is kind and below and len(obj) < below and not kwargs:
            return raw(obj, *args)
        if type(obj) is not kind and not issubclass(type(obj), kind):
            raise TypeError(
                f"descriptor {name!r} for {host_name(kind)!r} objects doesn't apply to a "
                f"{host_name(type(obj))!r} object"
            )
        if kwargs:
            args = priced(raw, functools.partial(cost, realm, obj), args, kwargs)
            return raw(obj, *args, **kwargs)
        return raw(obj, *cost(realm, obj, args, kwargs))

    tamed.__name__, tamed.__qualname__ = name, f"{host_name(kind)}.{name}"
    PARTS[tamed] = cost, raw
    return tamed


# The object protocol


def _getattribute(kind: type) -> Any:
    raw = kind.__dict__["__getattribute__"]

    def __getattribute__(realm: Realm, obj: Any, name: Any, /) -> Any:
        if not issubclass(type(obj), kind):
            raise TypeError(f"expected {host_name(kind)!r} object")
        return read(realm, obj, attribute_name(name), raw)

    return __getattribute__


def _setattr(kind: type) -> Any:
    raw = kind.__dict__["__setattr__"]

    def __setattr__(realm: Realm, obj: Any, name: Any, value: Any, /) -> None:
        store(realm, obj, attribute_name(name), value, raw)

    return __setattr__


def _delattr(kind: type) -> Any:
    raw = kind.__dict__["__delattr__"]

    def __delattr__(realm: Realm, obj: Any, name: Any, /) -> None:
        delete(realm, obj, attribute_name(name), raw)

    return __delattr__


def _new(kind: type) -> Any:
    raw = kind.__new__
    cost = CONSTRUCTORS.get(kind)

    def __new__(realm: Realm, cls: Any, /, *args: Any, **kwargs: Any) -> Any:
        if not issubclass(type(cls), type):
            raise TypeError(
                f"{host_name(kind)}.__new__(X): X is not a type object ({host_name(type(cls))})"
            )
        if issubclass(type(cls), Sealed):
            raise TypeError(f"type {host_name(cls)!r} cannot be instantiated")
        if not issubclass(cls, kind):
            raise TypeError(
                f"{host_name(kind)}.__new__({host_name(cls)}): {host_name(cls)} is not a subtype of "
                f"{host_name(kind)}"
            )
        if not realm.may_hold(cls):
            raise TypeError(f"{host_name(cls)} cannot be made here")
        if makes_empty(cls, kind):
            name = host_name(cls)
            raise TypeError(f"object.__new__({name}) is not safe, use {name}.__new__()")
        if cost is not None:
            args = priced(kind, functools.partial(cost, realm, cls), args, kwargs)
        if kind in MADE_EMPTY:
            return MADE_EMPTY[kind](cls, *args, **kwargs)
        return raw(cls, *args, **kwargs) if kwargs else raw(cls, *args)

    return __new__


def _init(kind: type) -> Any:
    raw = kind.__dict__["__init__"]
    cost = CONSTRUCTORS[kind]

    def __init__(realm: Realm, obj: Any, /, *args: Any, **kwargs: Any) -> None:
        args = priced(kind, functools.partial(cost, realm, type(obj)), args, kwargs)
        if kind in CARRIERS:
            check_nesting(realm, (*args, *kwargs.values()), obj)
        keep_called(realm, obj)
        raw(obj, *args, **kwargs)
        forget_annotations(realm, obj)

    return __init__


def _format(kind: type) -> Any:
    raw = kind.__dict__["__format__"]

    def __format__(realm: Realm, obj: Any, spec: Any, /) -> str:
        if not issubclass(type(spec), str):
            raise TypeError(f"__format__() argument must be str, not {host_name(type(spec))}")
        spec = host_exact_str(spec)
        charge_format_spec(realm, spec)
        charge_text(realm, obj)
        if issubclass(kind, MOMENTS):
            obj = named_zone(realm, obj, spec)
        text: str = raw(obj, spec)
        return text

    return __format__


def dir_of(realm: Realm, obj: Any) -> list[str]:
    """The names of `dir(obj)` that are there for the guest."""
    if type(obj) in LATE:
        LATE[type(obj)](obj, None)
    definer = host_lookup(type(obj), "__dir__")[0]
    if definer is not None and realm.is_guest_class(definer):
        # `dir` would make a list of whatever the guest's method gives, without a step
        method = callable_for_c(realm, read(realm, type(obj), "__dir__"))
        names: Any = sorted(feed(realm, method(obj)))
    elif issubclass(type(obj), type):
        names = _names_of_class(obj)
    elif issubclass(type(obj), GenericAlias):
        names = sorted({*dir_of(realm, _origin_of(obj)), *_OF_ALIASES})
    else:
        names = dir(obj)
    return _shown_names(realm, obj, names)


_origin_of: Final[Any] = GenericAlias.__dict__["__origin__"].__get__
#: What an alias has beside the attributes of the class behind it.
_OF_ALIASES: Final = ("__args__", "__origin__", "__parameters__", "__mro_entries__", "__unpacked__")


def _names_of_class(kind: type) -> list[str]:
    """What `type.__dir__` gives, which would ask a metaclass of the guest's for each `__dict__`."""
    return sorted({n for k in host_mro(kind) for n in host_dict(k) if type(n) is str})


def _is_denied(obj: Any, name: str) -> bool:
    """Whether the class that defines a name is one of U, and its table says that it is not there."""
    for kind in (obj, type(obj)) if issubclass(type(obj), type) else (type(obj),):
        definer = host_lookup(kind, name)[0]
        if definer is not None:
            return definer in TABLE and find(definer, name).state is State.DENY
    return False


def _shown_names(realm: Realm, obj: Any, names: Any) -> list[str]:
    realm.meter.charge(len(names))
    shown = []
    for name in names:
        if type(name) is not str or is_guard_name(name):
            continue
        if name[:2] == "__":
            try:
                read(realm, obj, name)
            except AttributeError:
                continue
            except Exception:  # noqa: S110 - a guest's own property raised: the name is there
                pass
        elif owners(name) and _is_denied(obj, name):
            continue
        shown.append(name)
    return shown


def _dir(realm: Realm, obj: Any, /) -> list[str]:
    if issubclass(type(obj), type):
        return _shown_names(realm, obj, _names_of_class(obj))
    if issubclass(type(obj), ModuleType):
        if type(obj) in LATE:
            LATE[type(obj)](obj, None)
        return [n for n in host_module_dict(obj) if not is_guard_name(n)]
    return _shown_names(realm, obj, list(object.__dir__(obj)))


# Operators as methods


def _mul(realm: Realm, a: Any, args: Any, kwargs: Any) -> Any:
    from guards.operate import _index

    if len(args) == 1:
        b = _index(a, args[0])
        charge_mul(realm, a, b)
        return (b,)
    return args


def _pow(realm: Realm, a: Any, args: Any, kwargs: Any) -> Any:
    if 0 < len(args) <= 2:  # else C code says what is wrong
        charge_pow(realm, a, *args)
    return args


def _swapped(charge: Any) -> Cost:
    def cost(realm: Realm, a: Any, args: Any, kwargs: Any) -> Any:
        if args:
            charge(realm, args[0], a)
        return args

    return cost


def _straight(charge: Any) -> Cost:
    def cost(realm: Realm, a: Any, args: Any, kwargs: Any) -> Any:
        if args:
            charge(realm, a, args[0])
        return args

    return cost


def _iadd(realm: Realm, a: Any, args: Any, kwargs: Any) -> Any:
    return (concatenate_in_place(realm, a, args[0]),) if args else args


def _walk_self(realm: Realm, a: Any, args: Any, kwargs: Any) -> Any:
    charge_walk(realm, a)
    return args


def _walk_other(realm: Realm, a: Any, args: Any, kwargs: Any) -> Any:
    for b in args:
        charge_nests(realm, a, b)
    return args


def _getitem(realm: Realm, a: Any, args: Any, kwargs: Any) -> Any:
    if args:
        charge_item(realm, a, args[0])
    return args


def charge_item(realm: Realm, obj: Any, key: Any) -> None:
    """Charge for `obj[key]`: a slice copies, a key is hashed."""
    kind = type(key)
    if kind is str:
        return
    if kind is slice:
        size = size_of(obj)
        if size and size >= _SHORT and type(obj) is not range:  # a slice of one is a range again
            realm.meter.charge_bytes(_taken(key, size) * 8)
        elif size and type(obj) is str:
            realm.meter.charge_bytes(_taken(key, size) * 4)  # no steps, but bytes
    elif kind is not int or issubclass(type(obj), dict):
        charge_key(realm, key)
    charge_place(realm, obj, key)


_SHORT: Final = 512  # elements that are copied for nothing
_WHOLE: Final = frozenset({int, type(None)})


def _taken(key: slice, size: int) -> int:
    """How many of `size` elements a slice takes; all of them where a bound is an object that says what
    it is when it is asked, and may say something else the next time."""
    if {type(key.start), type(key.stop), type(key.step)} <= _WHOLE and key.step != 0:
        return range_length(range(*key.indices(size)))
    return size


_NUMERIC: Final[dict[str, Cost]] = {
    "__mul__": _mul,
    "__rmul__": _mul,
    "__imul__": _mul,
    "__pow__": _pow,
    "__rpow__": _swapped(charge_pow),
    "__lshift__": _straight(charge_lshift),
    "__rlshift__": _swapped(charge_lshift),
    "__mod__": _straight(charge_mod),
    "__rmod__": _swapped(charge_mod),
    "__floordiv__": _straight(charge_floordiv),
    "__rfloordiv__": _swapped(charge_floordiv),
    "__divmod__": _straight(charge_floordiv),
    "__rdivmod__": _swapped(charge_floordiv),
}
_SEQUENCES: Final[dict[str, Cost]] = {
    "__add__": _straight(charge_add),
    "__iadd__": _iadd,
    "__getitem__": _getitem,
    "__eq__": _walk_other,
    "__ne__": _walk_other,
    "__lt__": _walk_other,
    "__le__": _walk_other,
    "__gt__": _walk_other,
    "__ge__": _walk_other,
    "__hash__": _walk_self,
    "__repr__": _walk_self,
    "__str__": _walk_self,
}


def _contains(kind: type) -> Any:
    raw = kind.__dict__["__contains__"]

    def __contains__(realm: Realm, obj: Any, item: Any, /) -> bool:
        if type(obj) is kind:
            return contains(realm, obj, item)
        check_self(kind, "__contains__", obj)
        charge_contains(realm, kind, obj, item)
        found: bool = raw(obj, item)  # the method of a class derived from it is not asked again
        return found

    return __contains__


class _Raw:
    """A guest's subclass seen as the builtin container that it is, past its own methods."""

    __slots__ = ("kind", "obj")

    def __init__(self, obj: Any, kind: Any) -> None:
        self.obj = obj
        self.kind = kind

    def __setitem__(self, key: Any, value: Any) -> None:
        self.kind.__setitem__(self.obj, key, value)

    def __delitem__(self, key: Any) -> None:
        self.kind.__delitem__(self.obj, key)


def _raw_setitem(kind: Any) -> Any:
    def __setitem__(realm: Realm, obj: Any, key: Any, value: Any, /) -> None:
        if not issubclass(type(obj), kind):
            raise TypeError(f"descriptor '__setitem__' requires a {host_name(kind)!r} object")
        if type(key) is slice:
            item_target(realm, _Raw(obj, kind))[key] = value
        else:
            charge_key(realm, key)
            charge_place(realm, obj, key)
            kind.__setitem__(obj, key, value)

    return __setitem__


# Entering a type


def enter(
    kind: type,
    safe: str = "",
    *,
    cost: dict[str, Cost] | None = None,
    tame: dict[str, Any] | None = None,
    reads: dict[str, Any] | None = None,
    deny: Any = "",
    subclass: bool = False,
    container: bool = False,
) -> None:
    """Enter a type into U with the stand-ins that its special methods need.

    cost: methods that are charged first. container: whether its elements are guest objects, so
    that comparing, hashing and printing it walks them.
    """
    own = kind.__dict__
    stand: dict[str, Any] = {}
    if "__getattribute__" in own:
        stand["__getattribute__"] = _getattribute(kind)
    if "__setattr__" in own:
        stand["__setattr__"] = _setattr(kind)
    if "__delattr__" in own:
        stand["__delattr__"] = _delattr(kind)
    if "__dir__" in own:
        stand["__dir__"] = _dir
    if "__new__" in own and kind is not type:
        stand["__new__"] = _new(kind)
    safe_names = safe.split()
    if "__init__" in own:
        if kind in CONSTRUCTORS:
            stand["__init__"] = _init(kind)
        else:
            safe_names.append("__init__")
    if "__format__" in own:
        stand["__format__"] = _format(kind)
    for name, pay in _NUMERIC.items():
        if name in own:
            stand[name] = charged(kind, name, pay)
    if container:
        for name, pay in _SEQUENCES.items():
            if name in own and own[name] is not None:
                stand[name] = charged(kind, name, pay)
        if "__contains__" in own:
            stand["__contains__"] = _contains(kind)
        if "__setitem__" in own:
            stand["__setitem__"] = _raw_setitem(kind)
    for name, pay in (cost or {}).items():
        if name in own:
            stand[name] = charged(kind, name, pay)
    stand.update({n: f for n, f in (tame or {}).items() if n in own})
    define(
        kind,
        " ".join(n for n in safe_names if n not in stand),
        tame=stand,
        reads=reads,
        deny=deny,
        subclass=subclass,
    )


# Namespaces


class ClassNamespace(metaclass=Sealed, host=HOST):
    """`vars(cls)` and `cls.__dict__`: what the class itself defines, to read.

    Not a mappingproxy: that hands its real dictionary to whoever stands on the other side of `==`
    or `|` (pit 13).
    """

    __slots__ = ("__kind__", "__realm__")
    __setattr__ = sealed_error
    __delattr__ = sealed_error
    __kind__: type
    __realm__: Realm

    def __iter__(self) -> Iterator[str]:
        return iter(_class_names(self.__realm__, self.__kind__))

    def __len__(self) -> int:
        return len(_class_names(self.__realm__, self.__kind__))

    def __contains__(self, name: object) -> bool:
        exact = _exact(name)
        if exact is None:
            return False
        realm, kind = self.__realm__, self.__kind__
        if not realm.is_guest_class(kind):
            return exact in _class_names(realm, kind)
        own = host_dict(kind)
        if realm.meter.live:
            realm.meter.charge(len(own) >> 3)  # what looking through its names costs
        return exact in own and not is_guard_name(exact)

    def __getitem__(self, name: Any) -> Any:
        realm, kind = self.__realm__, self.__kind__
        exact = _exact(name)
        if realm.is_guest_class(kind):
            own = host_dict(kind)
            if exact is None or is_guard_name(exact) or exact not in own:
                raise KeyError(name)
            if type(own[exact]) is GetSetDescriptorType:
                return tamed_getter(realm, kind, exact)
            return shown_class_value(own[exact])
        if exact is None or exact not in _class_names(realm, kind):
            raise KeyError(name)
        row = find(kind, exact)
        if (kind is type and row.reads) or _is_stored_to(row, host_dict(kind)[exact]):
            return tamed_getter(realm, kind, exact)
        if row.state is State.TAME and type(host_dict(kind)[exact]) is ClassMethodDescriptorType:
            return tamed_function(realm, realm.bound(row), kind, exact)
        return unbound(realm, kind, kind, exact)

    def __repr__(self) -> str:
        realm = self.__realm__
        if not realm.meter.live:
            return f"<namespace of {host_name(self.__kind__)}>"
        from guards.format import text_of

        return f"mappingproxy({text_of(realm, {n: self[n] for n in self}, repr)})"


def class_namespace(realm: Realm, kind: type) -> ClassNamespace:
    """What a guest is given as the namespace of a class."""
    self = object.__new__(ClassNamespace)
    object.__setattr__(self, "__realm__", realm)
    object.__setattr__(self, "__kind__", kind)
    return self


def _class_names(realm: Realm, kind: type) -> list[str]:
    own = host_dict(kind)
    if realm.meter.live:
        realm.meter.charge(len(own) >> 3)
    if realm.is_guest_class(kind):
        return [n for n in own if not is_guard_name(n)]
    if kind not in TABLE:
        return []
    shown = []
    for name, value in own.items():
        row = find(kind, name)
        if row.state is State.SAFE:
            # A raw getset or member descriptor could be called on objects that its name is
            # guarded on; those of builtin types are read through the instance only.
            if name in _TELLING or not hasattr(type(value), "__set__"):
                shown.append(name)
        elif row.state is State.TAME and (not row.reads or kind is type):
            # `inspect.getattr_static` takes the getters of `type` from here.
            shown.append(name)
    return shown


#: What classes, functions and generators say of themselves: read and stored by stand-ins.
_TELLING: Final = frozenset({"__name__", "__qualname__", "__module__", "__doc__"})


def _is_stored_to(row: Row, value: Any) -> bool:
    """Whether a raw descriptor could be called on objects that its name is guarded on."""
    return row.state is State.SAFE and hasattr(type(value), "__set__")


class ModuleNamespace(metaclass=Sealed, host=HOST):
    """`globals()` and `module.__dict__`: the names of a module without the guards among them."""

    __slots__ = ("__raw__", "__realm__")
    __setattr__ = sealed_error
    __delattr__ = sealed_error
    __raw__: dict[str, Any]
    __realm__: Realm

    def __iter__(self) -> Iterator[str]:
        return iter([n for n in self.__raw__ if not is_guard_name(n)])

    def __len__(self) -> int:
        return len([n for n in self.__raw__ if not is_guard_name(n)])

    def __contains__(self, name: object) -> bool:
        exact = _exact(name)
        return exact is not None and not is_guard_name(exact) and exact in self.__raw__

    def __getitem__(self, name: Any) -> Any:
        exact = _exact(name)
        if exact is None or is_guard_name(exact) or exact not in self.__raw__:
            raise KeyError(name)
        return self.__raw__[exact]

    def __setitem__(self, name: Any, value: Any) -> None:
        exact = _exact(name)
        if exact is None:
            raise TypeError(f"a module's names are str, not {host_name(type(name))}")
        if is_guard_name(exact):
            raise KeyError(f"{exact!r} cannot be set: it decides what code can reach")
        self.__raw__[exact] = value

    def __delitem__(self, name: Any) -> None:
        exact = _exact(name)
        if exact is None or is_guard_name(exact) or exact not in self.__raw__:
            raise KeyError(name)
        del self.__raw__[exact]

    def __repr__(self) -> str:
        return f"<namespace of {self.__raw__.get('__name__', 'a module')!s:.60}>"

    def __or__(self, other: Any) -> Any:
        # By the guard, which charges for what C code copies of the other side.
        return self.__realm__.guards["cap:or"](_view_copy(self.__realm__, self), other)

    def __eq__(self, other: object) -> Any:
        if type(other) is ModuleNamespace:
            if other is self:
                return True
            other = _view_copy(self.__realm__, other)
        # A copy is what an object of the guest's is handed on the other side.
        mine = _view_copy(self.__realm__, self)
        charge_nests(self.__realm__, mine, other)
        return mine == other

    __hash__ = None  # type: ignore[assignment]


def _exact(name: object) -> str | None:
    """The text of a name; None for what is no text. An object of the guest's that hashes like a text
    and says that it equals one would find what `is_guard_name` hides (pit 7)."""
    if type(name) is str:
        return name
    return host_exact_str(name) if issubclass(type(name), str) else None


def namespace_of(realm: Realm, raw: dict[str, Any]) -> ModuleNamespace:
    """The one view of a module's dictionary, so that `globals() is globals()` stays true."""
    view = realm.views.get(id(raw))
    if view is None:
        # Functions made in a namespace take their builtins from it; one that has none would let
        # them take those of whatever trusted code happens to run.
        raw["__builtins__"] = realm.builtins
        view = realm.views[id(raw)] = object.__new__(ModuleNamespace)
        object.__setattr__(view, "__realm__", realm)
        object.__setattr__(view, "__raw__", raw)
    return view


_MISSING: Final = object()


def _view_keys(realm: Realm, view: Any, /) -> Any:
    return _view_copy(realm, view).keys()


def _view_values(realm: Realm, view: Any, /) -> Any:
    return _view_copy(realm, view).values()


def _view_items(realm: Realm, view: Any, /) -> Any:
    return _view_copy(realm, view).items()


def _view_get(realm: Realm, view: Any, name: Any, default: Any = None, /) -> Any:
    return view[name] if name in view else default


def _view_copy(realm: Realm, view: Any, /) -> dict[str, Any]:
    realm.meter.charge(len(view))
    return {n: view[n] for n in list(view)}


def _view_pop(realm: Realm, view: Any, name: Any, default: Any = _MISSING, /) -> Any:
    if name not in view:
        if default is _MISSING:
            raise KeyError(name)
        return default
    value = view[name]
    del view[name]
    return value


def _view_setdefault(realm: Realm, view: Any, name: Any, default: Any = None, /) -> Any:
    if name not in view:
        view[name] = default
    return view[name]


def _view_update(realm: Realm, view: Any, other: Any = (), /, **kwargs: Any) -> None:
    found = mapping_or_pairs(realm, other)
    pairs: Iterable[Any] = list(dict.items(found)) if issubclass(type(found), dict) else found
    for name, value in pairs:
        view[name] = value
    for name, value in kwargs.items():
        view[name] = value


_READ_VIEW: Final = {
    "keys": _view_keys,
    "values": _view_values,
    "items": _view_items,
    "get": _view_get,
    "copy": _view_copy,
}
_WRITE_VIEW: Final = {
    **_READ_VIEW,
    "pop": _view_pop,
    "setdefault": _view_setdefault,
    "update": _view_update,
}


def enter_view(kind: type, methods: dict[str, Any]) -> None:
    """Enter one of our own mapping views, whose methods exist as stand-ins only."""
    safe = "__iter__ __len__ __contains__ __getitem__ __repr__"
    if "__setitem__" in kind.__dict__:
        safe += " __setitem__ __delitem__ __or__ __eq__"
    hidden = [n for n in kind.__dict__ if n not in safe.split()]
    define(kind, safe, tame=methods, deny=" ".join(hidden))


enter_view(ClassNamespace, dict(_READ_VIEW))
enter_view(ModuleNamespace, dict(_WRITE_VIEW))


def _says(name: str) -> Any:
    return lambda realm, function: says_of_itself(realm, function, name)


def _getter_doc(getter: TamedGetter) -> Any:
    found = getattr(host_dict(getter.__owner__).get(getter.__real__), "__doc__", None)
    return found if type(found) is str else None


define(
    TamedGetter,
    "__get__ __set__ __delete__ __repr__",
    reads={
        "__doc__": lambda realm, getter: _getter_doc(getter),
        "__qualname__": lambda realm, getter: f"{host_name(getter.__owner__)}.{getter.__real__}",
        "__name__": lambda realm, getter: getter.__real__,
        "__objclass__": lambda realm, getter: getter.__owner__,
    },
    deny="__owner__ __real__ __realm__ __setattr__ __delattr__ __new__ __slots__ __annotations__",
)
define(
    TamedFunction,
    "__call__ __get__ __repr__",
    reads={"__class__": lambda realm, function: described_kind(function)}
    | {n: _says(n) for n in "__name__ __qualname__ __objclass__ __doc__ __text_signature__".split()},
    deny="__tamed__ __owner__ __real__ __setattr__ __delattr__ __new__ __slots__ __annotations__",
)
