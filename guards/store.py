"""Storing and deleting `x.name` and `x[i]`.

Stops: a guest that sets what decides what code may reach (`__builtins__`, `__class__`, `__code__`),
that makes code run later (`__del__`), or that fills memory through a slice. The guard stands at the
target and is asked before the store: it gives back the object itself, or a stand-in that does the
store under the rules, so the order of evaluation stays Python's.
"""

from __future__ import annotations

import operator
from collections import defaultdict, deque
from types import CellType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from guards.attribute import LATE, absent, read
from guards.base import Guard, Plan, Site, gone, is_guard_name
from guards.call import check_makes, keep_called
from guards.charge import charge_add, charge_hash, charge_nest_hash, feed, size_of
from guards.fact import HOLDER, INSTANCE, REAL, TEXT, Fact
from guards.harden import is_immutable, stores_need_guards
from guards.host import host_lookup, host_name
from guards.protocol import NEVER_IN_CLASSES, safe_class_value
from guards.sealed import HOST, Sealed
from guards.tables.rows import TABLE, is_dunder
from guards.told import tells, told

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = [
    "SHORT_SLICE",
    "StoreAt",
    "StoreAttribute",
    "StoreItem",
    "charge_key",
    "charge_moves",
    "charge_place",
    "delete",
    "item_target",
    "store",
]

#: Special names that may be stored on objects of builtin types that take attributes at all.
_SAFE_ON_BUILTINS: Final = frozenset(
    """
    __doc__ __name__ __qualname__ __module__ __annotations__ __wrapped__ __isabstractmethod__
    __traceback__ __context__ __cause__ __suppress_context__ __notes__ __type_params__
    """.split()
)
_NEVER_ON_FUNCTIONS: Final = frozenset("__code__ __globals__ __closure__ __builtins__ __class__".split())
_NEVER_ON_MODULES: Final = frozenset("__class__ __dict__ __builtins__ __loader__ __spec__".split())


def store(realm: Realm, obj: Any, name: str, value: Any, put: Any = setattr) -> None:
    """`obj.name = value` under the rules. name: an exact str. put: the raw store to end in."""
    realm.plain.note_store(name)
    if name == "__bases__":
        realm.plain.begin_change()
        try:
            _store(realm, obj, name, value, put)
        finally:
            realm.plain.end_change()
        return
    if name in _CHANGES_LOOKUP:
        realm.plain.close()
    _store(realm, obj, name, value, put)


def _store(realm: Realm, obj: Any, name: str, value: Any, put: Any) -> None:
    if type(obj) in LATE:
        LATE[type(obj)](obj, name)
    if is_dunder(name) or name in _ASKED or issubclass(type(obj), type):
        value = _checked(realm, obj, name, value)
        if value is _DROPPED:
            return
    elif is_guard_name(name):
        absent(obj, name)
    if name in _TOLD and tells(type(obj), name):
        if put is not setattr or host_lookup(type(obj), "__setattr__")[0] in TABLE:
            value = told(value)
    if issubclass(type(type(obj)), Sealed):
        put = setattr  # `object.__setattr__` would pass by what a sealed class says
    put(obj, name, value)
    realm.told()


_DROPPED: Final = object()
#: Plain names that are stored under rules: the order of a class's bases, what C code calls for a key
#: that is missing, what an error is about, and the variable behind a cell: which guards its function
#: needs was decided by who binds it.
_TOLD: Final = frozenset({"path", "obj"})


def _is_believed() -> bool:
    """Whether the C code of a UnicodeDecodeError takes whatever was stored as its object for bytes."""
    error = UnicodeDecodeError("utf-8", b"", 0, 0, "")
    try:
        error.object = ""  # type: ignore[assignment]  # empty: there is nothing to read
        return bool(str(error))
    except TypeError:
        return False


#: What is stored on a UnicodeError under rules: below 3.14 its text has in it the byte at `start` of
#: whatever `object` is, and before its beginning, which is any byte of the process.
_PLACE: Final = frozenset({"start", "object"} if _is_believed() else ())
_ASKED: Final = frozenset({"mro", "default_factory", "cell_contents", *_TOLD, *_PLACE})
#: The classes on whose instances a plain name of these is stored under rules.
_ON: Final[dict[str, tuple[type, ...]]] = {
    **dict.fromkeys(_TOLD, (type, ImportError, AttributeError)),
    **dict.fromkeys(_PLACE, (type, UnicodeError)),
}
#: What decides what a class is equal to, where it is set on a metaclass or on a class behind one.
_IDENTITY: Final = frozenset({"__eq__", "__hash__", "mro", "__bases__"})
#: What decides where the attributes of an object are looked for.
_CHANGES_LOOKUP: Final = frozenset({"__class__", "__dict__", "__getattribute__"})


def _checked(realm: Realm, obj: Any, name: str, value: Any) -> Any:
    kind = type(obj)
    if is_guard_name(name):
        raise AttributeError(f"{name!r} cannot be set: it decides what code can reach")
    if name in _TOLD and not issubclass(kind, type):
        return value
    if name in _PLACE and not issubclass(kind, type):
        for about, data in _ABOUT.items():
            if issubclass(kind, about) and host_lookup(kind, name)[0] is about:
                return checked_place(name, value, data)
        return value
    if name == "cell_contents" and not issubclass(kind, type):
        if kind is CellType:
            raise AttributeError(
                "'cell_contents' of a cell cannot be set or deleted: only its function binds it"
            )
        return value
    if name == "default_factory" and not issubclass(kind, type):
        if issubclass(kind, defaultdict):
            check_makes(realm, value)
            keep_called(realm, obj)
        return value
    if issubclass(kind, type):
        if not realm.is_guest_class(obj):
            if is_immutable(obj) or issubclass(kind, Sealed):
                return value  # the store itself refuses, in Python's words
            raise TypeError(f"cannot set {name!r} attribute of immutable type {host_name(obj)!r}")
        if name in _IDENTITY:
            from guards.classes import is_behind_metaclass

            if is_behind_metaclass(obj):
                raise TypeError(f"{name!r} of a metaclass cannot be set: classes compare by identity")
        if name in NEVER_IN_CLASSES:
            return _DROPPED
        if name == "__class__":
            raise TypeError("__class__ of a class cannot be set")
        if name == "__bases__":
            from guards.classes import check_bases

            check_bases(realm, value)
        return safe_class_value(realm, name, value)
    if kind is FunctionType:
        if name in _NEVER_ON_FUNCTIONS or not realm.is_guest_function(obj):
            raise AttributeError(f"{name!r} of a function cannot be set")
        return value
    if issubclass(kind, ModuleType):
        if name == "__loader__":
            # `six` says who made a module. The host would ask it for source, so nothing is kept.
            return _DROPPED
        if name in _NEVER_ON_MODULES:
            raise AttributeError(f"{name!r} of a module cannot be set")
        return value
    if name == "__class__":
        if not (realm.is_guest_class(kind) and isinstance(value, type) and realm.is_guest_class(value)):
            raise TypeError("__class__ assignment only between classes of the guest's own")
        return value
    if realm.is_guest_class(kind):
        definer = host_lookup(kind, name)[0]
        if definer is None or realm.is_guest_class(definer) or name == "__dict__":
            return value
    if name in _SAFE_ON_BUILTINS or (name == "__dict__" and issubclass(kind, BaseException)):
        return value
    if host_lookup(kind, "__setattr__")[0] not in TABLE:
        return value
    if name in host_lookup_names(kind):
        raise AttributeError(f"{host_name(kind)!r} object attribute {name!r} is read-only")
    return value


#: What each kind of UnicodeError is about.
_ABOUT: Final[dict[type, type]] = {
    UnicodeDecodeError: bytes,
    UnicodeEncodeError: str,
    UnicodeTranslateError: str,
}


def checked_place(name: str, value: Any, data: type = bytes) -> Any:
    """What may be the `start` or the `object` of a UnicodeError. TypeError or ValueError for what its C
    code would read past; where that code looks itself, it says what is wrong."""
    if name not in _PLACE:
        return value
    if name == "object":
        if not issubclass(type(value), data):
            raise TypeError(f"UnicodeError 'object' attribute must be a {data.__name__}")
        return value
    if host_lookup(type(value), "__index__")[0] is None:
        return value  # C code says what is wrong with it
    number = operator.index(value)
    if number < 0:
        raise ValueError("start of a UnicodeError cannot be negative")
    return number


def host_lookup_names(kind: type) -> frozenset[str]:
    """The special names that the builtin classes behind `kind` define."""
    from guards.host import host_dict, host_mro

    names: set[str] = set()
    for k in host_mro(kind):
        if k in TABLE:
            names.update(host_dict(k))
    return frozenset(names)


def delete(realm: Realm, obj: Any, name: str, take: Any = delattr) -> None:
    """`del obj.name` under the rules."""
    realm.plain.note_store(name)
    if type(obj) in LATE:
        LATE[type(obj)](obj, name)
    if (is_dunder(name) or name in _ASKED or issubclass(type(obj), type)) and name not in (
        "__doc__",
        "__annotations__",
        "__wrapped__",
        "__dict__",
    ):
        _checked(realm, obj, name, None if name != "__bases__" else ())
    elif is_guard_name(name):
        absent(obj, name)
    if issubclass(type(type(obj)), Sealed):
        take = delattr
    take(obj, name)
    realm.told()


class AttributeTarget(metaclass=Sealed, host=HOST):
    """Stands in for an object at a store, a delete or an augmented assignment. Never held by a
    guest: the store uses it up."""

    __slots__ = ("__obj__", "__realm__")
    __obj__: Any
    __realm__: Realm

    def __getattribute__(self, name: str) -> Any:
        get = object.__getattribute__
        return read(get(self, "__realm__"), get(self, "__obj__"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        get = object.__getattribute__
        store(get(self, "__realm__"), get(self, "__obj__"), name, value)

    def __delattr__(self, name: str) -> None:
        get = object.__getattribute__
        delete(get(self, "__realm__"), get(self, "__obj__"), name)


_new: Final[Any] = object.__new__
_attribute_slots: Final = [AttributeTarget.__dict__[n].__set__ for n in ("__realm__", "__obj__")]


def attribute_target(realm: Realm, obj: Any) -> Any:
    target = _new(AttributeTarget)
    _attribute_slots[0](target, realm)
    _attribute_slots[1](target, obj)
    return target


class StoreAttribute(Guard):
    """a.b = v becomes `cap:target`(a, 'b').b = v; del and += alike."""

    key = "cap:target"
    __slots__ = ()

    def run(self, obj: Any, name: str) -> Any:
        if name in _ON and not issubclass(type(obj), _ON[name]):
            return obj  # many objects have one
        if is_dunder(name) or name in _ASKED or issubclass(type(obj), type):
            return attribute_target((self.ref() or gone()), obj)
        return obj

    @classmethod
    def plan(cls, site: Site) -> Plan:
        if is_dunder(site.name) or site.name in _ASKED or stores_need_guards():
            return Plan.CALL
        return Plan.OMIT


#: A slice of a list is stored for nothing where the list and what is stored have fewer elements than
#: this together, as one is read for nothing.
SHORT_SLICE: Final = 512


def _is_short_slice(obj: Any, value: Any) -> bool:
    return type(obj) is list and type(value) is list and len(obj) + len(value) < SHORT_SLICE


def charge_key(realm: Realm, key: Any) -> None:
    """Charge for hashing a key: a nest of tuples is walked along every path, each time (pit 22), and a
    key with a hash of the guest's own may meet every other key in the table."""
    kind = type(key)
    if kind is str:
        return
    if kind is int:
        if not -_SHORT < key < _SHORT:
            charge_hash(realm, key)
        return
    if kind is not type:
        charge_nest_hash(realm, key)


def charge_place(realm: Realm, obj: Any, key: Any) -> None:
    """Charge for finding `obj[key]` in a deque, whose blocks are walked from the nearer end: that takes
    30 µs in the middle of a million, where a step is worth 0.05."""
    if issubclass(type(obj), deque):
        size = deque.__len__(obj)
        if size >= 1024:
            # What else has an index says a number that is not known before.
            off = abs(key) if type(key) is int else size >> 1
            realm.meter.charge(min(off, abs(size - off), size) >> 10)


def charge_moves(realm: Realm, obj: Any) -> None:
    """Charge for what moves when an element comes or goes: of a deque C code moves one by one."""
    realm.meter.charge((size_of(obj) or 0) >> (6 if issubclass(type(obj), deque) else 10))


class ItemTarget(metaclass=Sealed, host=HOST):
    """Stands in for a container at a store or delete of an item, to see the index and the value."""

    __slots__ = ("__obj__", "__realm__")
    __obj__: Any
    __realm__: Realm

    def __getitem__(self, key: Any) -> Any:
        from guards.tamed import charge_item

        charge_item(self.__realm__, self.__obj__, key)
        return self.__obj__[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        realm, obj = self.__realm__, self.__obj__
        if type(key) is slice and not _is_short_slice(obj, value):
            value = feed(realm, value)
            size = size_of(value)
            if size is None:
                value = list(value)  # steps are taken one by one; the list is made but once
                size = len(value)
            realm.meter.charge_bytes(((size_of(obj) or 0) + size) * 8)
        elif type(key) is not slice:
            charge_key(realm, key)
            charge_place(realm, obj, key)
        obj[key] = value
        realm.told()

    def __delitem__(self, key: Any) -> None:
        realm, obj = self.__realm__, self.__obj__
        if issubclass(type(obj), (list, bytearray, deque)):
            charge_moves(realm, obj)
        charge_key(realm, key)
        del obj[key]
        realm.told()


_item_slots: Final = [ItemTarget.__dict__[n].__set__ for n in ("__realm__", "__obj__")]


def item_target(realm: Realm, obj: Any) -> Any:
    """What stands for a container at a store or delete of an item."""
    target = _new(ItemTarget)
    _item_slots[0](target, realm)
    _item_slots[1](target, obj)
    return target


class ItemSlot(metaclass=Sealed, host=HOST):
    """Stands for one item of a container where what is stored comes later; never held by a guest."""

    __slots__ = ("__key__", "__obj__", "__realm__")
    __obj__: Any
    __realm__: Realm
    __key__: Any

    def __setattr__(self, name: str, value: Any) -> None:
        get = object.__getattribute__
        realm, obj, key = get(self, "__realm__"), get(self, "__obj__"), get(self, "__key__")
        realm.guards[StoreItem.key](obj, key)[key] = value


class StoreAt(Guard):
    """`for a[f()] in xs` of a comprehension becomes for `cap:storeat`(a, f()).value in xs."""

    key = "cap:storeat"
    __slots__ = ()

    def run(self, obj: Any, key: Any) -> Any:
        slot = _new(ItemSlot)
        for name, value in (("__realm__", self.ref() or gone()), ("__obj__", obj), ("__key__", key)):
            object.__setattr__(slot, name, value)
        return slot


#: In place of a key that the store itself brings.
_LATER: Final = object()
_LOOKED_AT: Final = (list, dict, bytearray, deque)


class StoreItem(Guard):
    """a[i] = v becomes `cap:itemtarget`(a, i)[i] = v, and del a[i] `cap:itemtarget`(a)[i]."""

    key = "cap:itemtarget"
    free = ((HOLDER, Fact(int, 60)), (None, TEXT), (INSTANCE, None))
    known = ((HOLDER, REAL),)
    __slots__ = ()

    def run(self, obj: Any, key: Any = _LATER) -> Any:
        if type(key) is str or (type(key) is int and -_SHORT < key < _SHORT):
            if type(key) is int and issubclass(type(obj), deque):
                charge_place(self.ref() or gone(), obj, key)
            return obj  # no slice, and hashed for nothing
        if type(obj) not in TABLE:
            realm = self.ref() or gone()
            if realm.plain.is_own(realm, type(obj)):
                return obj
        kind = type(obj)
        if issubclass(kind, dict) and key is not _LATER:
            if kind in TABLE or _builtin_setitem(kind):
                charge_key((self.ref() or gone()), key)
            return obj  # the store is what comes next
        if issubclass(kind, _LOOKED_AT):
            if kind in TABLE or _builtin_setitem(kind):
                return item_target((self.ref() or gone()), obj)
        return obj


_SHORT: Final = 1 << 60


def _builtin_setitem(kind: type) -> bool:
    return host_lookup(kind, "__setitem__")[0] in TABLE


def concatenate_in_place(realm: Realm, a: Any, b: Any) -> Any:
    """The right operand of `a += b`, charged: a list takes any iterable."""
    kind = type(a)
    if issubclass(kind, (list, bytearray, deque)):
        size = size_of(b)
        if size is None:
            return feed(realm, b)
        realm.meter.charge_growth(((size_of(a) or 0) + size) * 8, size * 8)
        realm.meter.charge(size >> 4)
        return b
    charge_add(realm, a, b)
    return b
