"""Making classes: the class statement and `type(name, bases, dict)`.

Stops: finalisers and buffers (`__del__` and `__buffer__` are accepted and dropped), subclasses
of classes that are not the guest's to extend, raw constructors under special names, and classes
that do not carry the mark by which guards know the guest's own.
"""

from __future__ import annotations

import builtins
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from guards.attribute import SHOWN_AS
from guards.base import Guard, gone, is_guard_name
from guards.charge import feed
from guards.host import host_dict, host_exact_str, host_lookup, host_mro, host_name
from guards.protocol import (
    CALL_SLOT,
    NEVER_IN_CLASSES,
    PROTOCOL_NAMES,
    call_slot,
    check_slots,
    safe_class_value,
)
from guards.realm import GUEST_MARK
from guards.tables.rows import SUBCLASSABLE, TABLE

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["BuildClass", "check_bases", "is_behind_metaclass", "make_type", "new_class", "own_class"]

_build: Final = builtins.__build_class__
_type_new: Final = type.__new__
#: What a realm keeps that takes keywords out of class statements: called with the bases and the
#: keywords, gives what stands in the class's dictionary for those that it took.
CLASS_KEYWORDS: Final = "class keywords"
_DROPPED: Final = frozenset({"__builtins__", *NEVER_IN_CLASSES})


def check_bases(realm: Realm, bases: Any) -> None:
    """Refuse a base that is neither the guest's own class nor a builtin that may be extended."""
    if type(bases) is not tuple:
        return
    for base in bases:
        if issubclass(type(base), type) and not realm.is_guest_class(base):
            if base not in SUBCLASSABLE:
                raise TypeError(f"type {host_name(base)!r} is not an acceptable base type")


#: What no metaclass of a guest may define. Classes compare and hash by identity: the tables of U are
#: asked by class, and a class that calls itself equal to `str` would be taken for it (pit 7). `mro`
#: would let C code walk what it gives without a step.
NOT_ON_METACLASSES: Final = frozenset({"__eq__", "__hash__", "mro"})


#: What the dictionary of a class holds that a metaclass derives from, or ever was to. Not to be had from
#: `__subclasses__`: a metaclass that came back from a collection of garbage is not among them any more.
BEHIND: Final = "cap:behind"


def check_metaclass(realm: Realm, name: str, bases: tuple[Any, ...], namespace: Any) -> None:
    """Refuse a metaclass that changes what identity is, itself or by a class beside `type`; and mark
    the classes beside it, which must not change it later."""
    for refused in sorted(NOT_ON_METACLASSES & namespace.keys()):
        raise TypeError(f"metaclass {name!r} cannot define {refused!r}: classes compare by identity")
    for base in bases:
        if issubclass(base, type):
            continue
        for kind in host_mro(base):
            if kind is object:
                continue
            if kind in TABLE:
                raise TypeError(
                    f"metaclass {name!r}: {host_name(kind)!r} cannot stand beside a metaclass"
                )
            for refused in sorted(NOT_ON_METACLASSES & host_dict(kind).keys()):
                raise TypeError(
                    f"metaclass {name!r}: {host_name(kind)!r} defines {refused!r}; classes compare by "
                    "identity"
                )
            realm.meter.charge(1)
            type.__setattr__(kind, BEHIND, True)


def is_behind_metaclass(kind: type) -> bool:
    """Whether a metaclass derives from a class, which is one itself or stands beside one."""
    return issubclass(kind, type) or BEHIND in host_dict(kind)


def host_name_of(name: Any) -> str:
    return host_exact_str(name) if issubclass(type(name), str) else "?"


def new_class(realm: Realm, meta: type, name: Any, bases: Any, namespace: Any, /, **kwargs: Any) -> Any:
    """`type.__new__(meta, name, bases, namespace)` for a guest."""
    if not issubclass(type(meta), type) or not issubclass(meta, type):
        raise TypeError("type.__new__(X): X is not a type object")
    if meta is not type and not realm.is_guest_class(meta):
        raise TypeError(f"type.__new__({host_name(meta)}): not a class of the guest's own")
    if not issubclass(type(bases), tuple):
        raise TypeError(f"type.__new__() argument 2 must be tuple, not {host_name(type(bases))}")
    if not issubclass(type(namespace), dict):
        raise TypeError(f"type.__new__() argument 3 must be dict, not {host_name(type(namespace))}")
    exact = tuple(tuple.__iter__(bases))
    check_bases(realm, exact)
    own: dict[Any, Any] = {}
    ordered = issubclass(type(namespace), OrderedDict)  # it keeps an order of its own
    for key, value in list((OrderedDict if ordered else dict).items(namespace)):
        if type(key) is not str:
            if not issubclass(type(key), str):
                # A key with a hash and an `==` of its own could answer one way to the guard that looks
                # a name up and another way to the interpreter that looks it up after it.
                raise TypeError(f"class namespace keys must be str, not {host_name(type(key))}")
            key = host_exact_str(key)
        if key in PROTOCOL_NAMES:
            own[key] = safe_class_value(realm, key, value)
        elif key not in _DROPPED and not is_guard_name(key):
            own[key] = value
    if issubclass(meta, type) and any(issubclass(type(b), type) and issubclass(b, type) for b in exact):
        check_metaclass(realm, host_name_of(name), exact, own)
    if "__slots__" in own:
        own["__slots__"] = _slots(realm, own["__slots__"])
        if CALL_SLOT in own["__slots__"] and "__call__" not in own:
            own["__call__"] = call_slot(realm)
    # The order of resolution is as long as the chain of bases, and each class keeps its own.
    realm.meter.charge(sum(len(host_mro(b)) for b in exact if issubclass(type(b), type)) >> 1)
    own[GUEST_MARK] = realm.token
    if kwargs and CLASS_KEYWORDS in realm.keep:
        own.update(realm.keep[CLASS_KEYWORDS](exact, kwargs))
    if "__module__" not in own:
        frame = realm.guest_frame()
        module = frame.f_globals.get("__name__") if frame is not None else None
        if module is not None:
            own["__module__"] = module
    return _type_new(meta, name, exact, own, **kwargs)


def own_class(realm: Realm, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
    """A class of a realm's that trusted code makes, in a turn or outside of one, and that costs no
    step: when it is made depends on what else the program names."""
    own = {"__module__": "capcompiler", **namespace, GUEST_MARK: realm.token}
    return _type_new(type, name, bases, own)


def _slots(realm: Realm, slots: Any) -> Any:
    """`__slots__` as exact data, looked at before the interpreter makes descriptors of it."""
    if issubclass(type(slots), str):
        exact: Any = _slot(slots)
        check_slots((exact,))
        return exact
    if type(slots) is dict:
        exact = {_slot(k): v for k, v in slots.items()}
    else:
        exact = tuple(_slot(x) for x in feed(realm, slots))
    check_slots(exact)
    return exact


def _slot(name: Any) -> Any:
    exact = host_exact_str(name) if issubclass(type(name), str) else name
    return CALL_SLOT if exact == "__call__" else exact


def type_of(realm: Realm, obj: Any) -> type:
    """The class of an object. One that is not of U is refused: a class of the host's takes attributes,
    and has descriptors that others rely on."""
    kind = type(obj)
    if kind in SHOWN_AS:
        return SHOWN_AS[kind](obj)  # type: ignore[no-any-return]
    if not realm.may_hold(kind):
        raise TypeError("type(): the class of this object is not in the table of types")
    return kind


def make_type(realm: Realm, meta: type, /, *args: Any, **kwargs: Any) -> Any:
    """`type(x)` and `type(name, bases, namespace)`."""
    if len(args) == 1 and not kwargs:
        return type_of(realm, args[0])
    if len(args) != 3:
        raise TypeError("type() takes 1 or 3 arguments")
    winner = _winner(realm, meta, args[1] if type(args[1]) is tuple else ())
    if winner is not meta and winner is not type:
        from guards.call import callable_for_c

        return callable_for_c(realm, winner)(*args, **kwargs)
    return new_class(realm, winner, *args, **kwargs)


def _winner(realm: Realm, meta: type, bases: Any) -> type:
    winner = meta
    for base in bases:
        kind = type(base)
        if not issubclass(kind, type) and host_lookup(kind, "__mro_entries__")[0] is not None:
            raise TypeError("type() doesn't support MRO entry resolution; use types.new_class()")
        if issubclass(winner, kind):
            continue
        if issubclass(kind, winner):
            winner = kind
            continue
        raise TypeError(
            "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass "
            "of the metaclasses of all its bases"
        )
    return winner


class _Maker:
    """What the interpreter is told is the metaclass of a class statement: finds the real one,
    prepares its namespace, and calls it with the checks above. Never held by a guest."""

    __slots__ = ("bases", "explicit", "original", "realm", "winner")

    def __init__(self, realm: Realm, explicit: Any, bases: tuple[Any, ...]) -> None:
        self.realm = realm
        self.explicit = explicit
        self.original = bases
        self.bases = _resolved(realm, bases)
        self.winner: Any = type

    def __prepare__(self, name: str, _no_bases: Any, /, **kwargs: Any) -> Any:
        bases = self.bases
        meta = self.explicit
        if meta is None:
            meta = type(bases[0]) if bases else type
        if issubclass(type(meta), type):
            meta = _winner(self.realm, meta, bases)
        self.winner = meta
        if meta is type:
            return {}
        from guards.attribute import read

        try:
            prepare = read(self.realm, meta, "__prepare__")
        except AttributeError:
            return {}
        from guards.call import callable_for_c

        namespace = callable_for_c(self.realm, prepare)(name, bases, **kwargs)
        if host_lookup(type(namespace), "__getitem__")[0] is None:
            shown = host_name(meta) if issubclass(type(meta), type) else "<metaclass>"
            raise TypeError(
                f"{shown}.__prepare__() must return a mapping, not {host_name(type(namespace))}"
            )
        return namespace

    def __call__(self, name: str, _no_bases: Any, namespace: Any, /, **kwargs: Any) -> Any:
        meta, bases = self.winner, self.bases
        if bases is not self.original:
            namespace["__orig_bases__"] = self.original
        if meta is type:
            return new_class(self.realm, type, name, bases, namespace, **kwargs)
        check_bases(self.realm, bases)
        from guards.call import callable_for_c

        return callable_for_c(self.realm, meta)(name, bases, namespace, **kwargs)


class BuildClass(Guard):
    """The class statement calls this as `__build_class__`."""

    key = "__build_class__"
    __slots__ = ()

    def run(self, function: Any, name: str, /, *bases: Any, **kwargs: Any) -> Any:
        realm = self.ref() or gone()
        if not realm.is_guest_function(function):
            raise TypeError("__build_class__: func must be a function")
        realm.meter.tick()
        explicit = kwargs.pop("metaclass", None)
        check_bases(realm, bases)
        # The interpreter is shown no bases, and so asks none of them for anything.
        return _build(function, name, metaclass=_Maker(realm, explicit, bases), **kwargs)


def _resolved(realm: Realm, bases: tuple[Any, ...]) -> tuple[Any, ...]:
    """The bases with those that are no classes replaced by what their `__mro_entries__` give.

    C code asks the object itself for the method, and would call a class that it finds past its guard.
    """
    if all(issubclass(type(b), type) for b in bases):
        return bases
    from guards.attribute import read
    from guards.call import callable_for_c

    out: list[Any] = []
    found = False
    for base in bases:
        if not issubclass(type(base), type):
            try:
                method = read(realm, base, "__mro_entries__")
            except AttributeError:
                out.append(base)
                continue
            entries = callable_for_c(realm, method)(bases)
            if not issubclass(type(entries), tuple):
                raise TypeError("__mro_entries__ must return a tuple")
            found = True
            out.extend(tuple.__iter__(entries))
        else:
            out.append(base)
    return tuple(out) if found else bases
