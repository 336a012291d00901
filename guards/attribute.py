"""Reading `x.name`.

Stops: walking out of the closed world by a name, as in `gen.gi_frame.f_builtins` (CVE-2023-37271)
or `str.format` with a field of the guest's (CVE-2023-41039). A name that no type in U tames or denies is
read raw; for the rest one function, `read`, finds the class that defines the attribute and asks
that class's row. What a guest class defines is the guest's own and is handed out.
"""

from __future__ import annotations

from types import (
    ClassMethodDescriptorType,
    FunctionType,
    GenericAlias,
    GetSetDescriptorType,
    MethodDescriptorType,
    MethodType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import TYPE_CHECKING, Any, Final, NoReturn

from guards.base import Guard, Plan, Site, gone, is_guard_name
from guards.harden import is_immutable
from guards.host import (
    host_data_descriptor,
    host_dict,
    host_exact_str,
    host_lookup,
    host_method_func,
    host_method_self,
    host_mro,
    host_name,
    host_super_class,
    host_super_self,
    host_super_this,
)
from guards.kept import KEPT, kept
from guards.sealed import HOST, Sealed, sealed_error
from guards.tables.rows import ABSENT_ROW, TABLE, Row, State, find, is_dunder, owners

if TYPE_CHECKING:
    from collections.abc import Callable

    from guards.realm import Realm

__all__ = [
    "LATE",
    "SHOWN_AS",
    "ReadAttribute",
    "TamedFunction",
    "TamedGetter",
    "attribute_name",
    "check_self",
    "described_kind",
    "is_plain_name",
    "read",
    "says_of_itself",
    "tamed_function",
    "tamed_getter",
]

#: Types whose own attribute lookup goes on to another object: every name on them is looked at.
_FORWARDING: Final = (MethodType, GenericAlias, super)
#: What has a dictionary and no methods to be found in it: functions, and classes and modules, of whose
#: dictionaries a guest is given views.
_WITHOUT_METHODS: Final = (FunctionType, type, ModuleType)
#: Attributes of builtin types that are not bound to what they are read from.
_STATIC: Final = frozenset({"__new__", "maketrans"})
_HOST_FUNCTION_NAMES: Final = frozenset({"__name__", "__qualname__", "__doc__", "__module__"})
#: The rooms of this package, which guests know nothing of.
_ROOMS: Final = ("guards.", "capcompiler.", "stdlib_caps.")


def _says(function: Any, name: str) -> Any:
    """What a function of ours says of itself."""
    found = getattr(function, name)
    return "builtins" if name == "__module__" and str(found).startswith(_ROOMS) else found


class TamedFunction(metaclass=Sealed, host=HOST):
    """A stand-in as it is found on a class (`str.format`): callable, binds like a method, and
    holds nothing that a guest can set. What it says of itself is what the real one says.

    As C code does, it takes instances of its class only. Without that, a method of one of our own
    classes would read our slots from an object of the guest's: `type(vars(C)).__getitem__(fake, name)`
    asked the fake's `__realm__` what is a guest's class, and gave `function.__globals__`.
    """

    __slots__ = ("__owner__", "__real__", "__tamed__")
    __setattr__ = sealed_error
    __delattr__ = sealed_error
    __tamed__: Any
    __owner__: type
    __real__: str

    #: What C code and guests take it for: what the real one is.
    __class__ = property(lambda self: described_kind(self))

    def __get__(self, obj: object, kind: type | None = None) -> Any:
        if described_kind(self) is ClassMethodDescriptorType:
            return MethodType(self.__tamed__, _class_for(self.__owner__, self.__real__, obj, kind))
        if obj is None:
            return self
        check_self(self.__owner__, self.__real__, obj)
        return MethodType(self.__tamed__, obj)

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        if described_kind(self) is ClassMethodDescriptorType:
            first = args[0] if args else None
            return self.__get__(None, first)(*args[1:], **kwargs)
        if not args:
            owner, name = self.__owner__, self.__real__
            raise TypeError(f"unbound method {host_name(owner)}.{name}() needs an argument")
        check_self(self.__owner__, self.__real__, args[0])
        return self.__tamed__(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<method {self.__real__!r} of {host_name(self.__owner__)!r} objects>"


for _name, _value in (("__name__", "method_descriptor"), ("__qualname__", "method_descriptor")):
    type.__setattr__(TamedFunction, _name, _value)
type.__setattr__(TamedFunction, "__module__", "builtins")
_set_tamed, _set_owner, _set_real = (
    TamedFunction.__dict__[n].__set__ for n in ("__tamed__", "__owner__", "__real__")
)


_DESCRIPTORS: Final = frozenset({MethodDescriptorType, WrapperDescriptorType, ClassMethodDescriptorType})


def described_kind(function: TamedFunction) -> type:
    """The class of what a stand-in stands for, where that is one of C code's descriptors."""
    kind = type(host_dict(function.__owner__).get(function.__real__))
    return kind if kind in _DESCRIPTORS else TamedFunction


def _class_for(owner: type, name: str, obj: object, kind: Any) -> type:
    """The class that a method of classes is bound to; TypeError as C code has it."""
    found: Any = kind if kind is not None else None if obj is None else type(obj)
    shown = f"descriptor {name!r} for type {host_name(owner)!r}"
    if found is None:
        raise TypeError(f"{shown} needs either an object or a type")
    if not issubclass(type(found), type):
        wrong = f"type {host_name(type(found))!r}"
        raise TypeError(f"{shown} needs a type, not a {wrong} as arg 2")
    if not issubclass(found, owner):
        raise TypeError(f"{shown} doesn't apply to type {host_name(found)!r}")
    return found  # type: ignore[no-any-return]


class TamedGetter(metaclass=Sealed, host=HOST):
    """`type.__dict__['__mro__']` and the like: gives of an object what reading the attribute gives, and
    stores what may be stored. The raw one would pass by what the name is guarded for."""

    __slots__ = ("__owner__", "__real__", "__realm__")
    __setattr__ = sealed_error
    __delattr__ = sealed_error
    __owner__: type
    __real__: str
    __realm__: Realm

    def __get__(self, obj: object, kind: type | None = None) -> Any:
        if obj is None:
            return self
        owner, name = self.__owner__, self.__real__
        if owner not in TABLE or owner is object:
            return _of_interpreter(self.__realm__, obj, owner, name)
        check_self(owner, name, obj)
        row = find(owner, name)
        if row.reads:
            return row.tamed(self.__realm__, obj)
        return read(self.__realm__, obj, name, owner.__getattribute__)

    def __set__(self, obj: object, value: Any) -> None:
        from guards.store import store

        check_self(self.__owner__, self.__real__, obj)
        store(self.__realm__, obj, self.__real__, value, _raw_store(self, "__setattr__"))

    def __delete__(self, obj: object) -> None:
        from guards.store import delete

        check_self(self.__owner__, self.__real__, obj)
        delete(self.__realm__, obj, self.__real__, _raw_store(self, "__delattr__"))

    def __repr__(self) -> str:
        return f"<attribute {self.__real__!r} of {host_name(self.__owner__)!r} objects>"


for _name, _value in (("__name__", "getset_descriptor"), ("__qualname__", "getset_descriptor")):
    type.__setattr__(TamedGetter, _name, _value)
type.__setattr__(TamedGetter, "__module__", "builtins")


def _raw_store(getter: TamedGetter, name: str) -> Any:
    """The slot of stores or deletes of the class that a descriptor was found on."""
    return host_lookup(getter.__owner__, name)[1]


def check_self(owner: type, name: str, obj: object) -> None:
    """Refuse to take `obj` for an instance of the class that a stand-in was found on."""
    if not _is_subclass(owner, type(obj)):
        raise TypeError(
            f"descriptor {name!r} for {host_name(owner)!r} objects doesn't apply to a "
            f"{host_name(type(obj))!r} object"
        )


#: What `issubclass` says where no metaclass of the guest's is asked.
_is_subclass: Final[Any] = type.__subclasscheck__


def tamed_getter(realm: Realm, owner: type, name: str) -> TamedGetter:
    """The descriptor behind an attribute that is read by a stand-in: of a builtin class, or of what the
    interpreter put into one of the guest's."""
    raw = host_dict(owner).get(name)
    if owner not in TABLE and type(raw) is GetSetDescriptorType and raw.__objclass__ is object:
        owner = object  # one for all classes, from 3.15 on
    key = ("getter", owner, name)
    self = realm.keep.get(key)
    if self is None:
        self = object.__new__(TamedGetter)
        for slot, value in (("__owner__", owner), ("__real__", name), ("__realm__", realm)):
            object.__setattr__(self, slot, value)
        if owner in TABLE:  # a class of the guest's would never be freed
            realm.keep[key] = self
    return self


def _of_interpreter(realm: Realm, obj: Any, owner: type, name: str) -> Any:
    """What the `__dict__` or `__weakref__` that the interpreter put into a class of the guest's gives.

    Raw, the first gives the real namespace of a class or module wherever the guest's class stands before
    `type` or `ModuleType` among the bases; and from 3.15 on both are the same for all classes, and take
    any object: `vars(C)['__dict__'].__get__(int) | evil` was handed what `int` is made of (pit 13).
    """
    check_self(owner, name, obj)
    kind = type(obj)
    own = [k for k in host_mro(kind) if k not in TABLE] if owner is object else [owner]
    raw = next((v for k in own if type(v := host_dict(k).get(name)) is GetSetDescriptorType), None)
    if name == "__dict__":
        for base in (type, ModuleType):
            if issubclass(kind, base):
                return find(base, name).tamed(realm, obj)
    if raw is None:
        absent(obj, name)  # none, or the guest put something else there since
    if name == "__dict__":
        realm.plain.open(kind)
    return raw.__get__(obj, kind)


def tamed_function(realm: Realm, tamed: Any, owner: type, name: str) -> TamedFunction:
    """The stand-in for what a builtin class defines under a name: the same each time it is asked."""
    key = ("unbound", owner, name)
    self = realm.keep.get(key)
    if self is None:
        self = realm.keep[key] = object.__new__(TamedFunction)
        _set_tamed(self, tamed)
        _set_owner(self, owner)
        _set_real(self, name)
    return self


def says_of_itself(realm: Realm, function: TamedFunction, name: str) -> Any:
    """`str.format.__name__` and the like: what the real one says, if it is text."""
    real = function.__owner__.__dict__.get(function.__real__)
    if name == "__name__":
        return function.__real__
    if name == "__qualname__":
        return f"{host_name(function.__owner__)}.{function.__real__}"
    if name == "__objclass__":
        return function.__owner__
    found = getattr(real, name, None)
    return found if type(found) is str else None


def is_plain_name(name: str) -> bool:
    """Whether an attribute of this name is safe on every type in U, so that no guard is needed."""
    return not is_dunder(name) and not owners(name)


def attribute_name(name: object) -> str:
    """The exact str of an attribute name that arrives at run time; TypeError for anything else.

    A subclass of str may lie to a table through its own `__eq__` and `__hash__` (pit 7).
    """
    if type(name) is str:
        return name
    if isinstance(name, str):
        return host_exact_str(name)
    raise TypeError(f"attribute name must be string, not {host_name(type(name))!r}")


def absent(obj: object, name: str) -> NoReturn:
    """Say what Python says of an attribute that is not there."""
    if isinstance(obj, type):
        text = f"type object {host_name(obj)!r} has no attribute {name!r}"
    else:
        text = f"{host_name(type(obj))!r} object has no attribute {name!r}"
    raise AttributeError(text)


#: Classes of objects that are not all there yet, and what brings a name of one, or all for None; and
#: what such a class is shown as. See guards.lazy, which enters them.
LATE: Final[dict[type, Callable[[Any, str | None], None]]] = {}
SHOWN_AS: Final[dict[type, Any]] = {TamedFunction: described_kind}
#: Builtin types whose instances have no dictionary and forward nothing.
_PLAIN_KINDS: Final = frozenset({str, bytes, bytearray, list, tuple, dict, set, frozenset, int, float})


def read(realm: Realm, obj: Any, name: str, get: Any = getattr) -> Any:
    """`obj.name` as the guest may have it. name: an exact str.

    get: the raw read to end in. The default honours a guest's `__getattribute__`; a type's own
    slot is given when the guest calls that slot, and then no override is asked again.
    """
    kind = type(obj)
    if kind in _PLAIN_KINDS:
        # The short way for methods of plain data: nothing can stand before what the type itself says.
        row = TABLE[kind].get(name)
        if row is not None and row.state is State.TAME and not row.reads and name not in _STATIC:
            return MethodType(realm.bound(row), obj)
    elif kind is type and get is getattr and (found := realm.keep.get(("class", obj, name))) is not None:
        return found
    if is_guard_name(name):
        absent(obj, name)
    if kind in LATE:
        LATE[kind](obj, None if name == "__dict__" else name)
        kind = type(obj)
    if name == "__dict__" and not issubclass(kind, _WITHOUT_METHODS):
        realm.plain.open(kind)
    if not is_dunder(name):
        own = owners(name)
        if not own:
            return get(obj, name)
        if (
            not issubclass(kind, own)
            and not issubclass(kind, _FORWARDING)
            and not issubclass(kind, type)
        ):
            return get(obj, name)
    if issubclass(kind, _FORWARDING):
        if kind is super:
            return _read_super(realm, obj, name)
        if kind is MethodType:
            return _read_method(realm, obj, name)
        return _read_alias(realm, obj, name)
    if get is getattr:
        reader = host_lookup(kind, "__getattribute__")[0]
        if reader is not None and reader not in TABLE and realm.is_guest_class(reader):
            return getattr(obj, name)  # the guest's own; what it calls in turn is guarded
    if issubclass(kind, type):
        return _read_class(realm, obj, name, get)
    if name == "__class__" and not realm.may_hold(kind):
        absent(obj, name)
    if kind is FunctionType and not realm.is_guest_function(obj):
        if name in _HOST_FUNCTION_NAMES:
            return _says(obj, name)
        absent(obj, name)
    definer, value = _definer(kind, name)
    if definer is None or realm.is_guest_class(definer):
        if definer is not None and type(value) is GetSetDescriptorType:
            return _of_interpreter(realm, obj, definer, name)
        return get(obj, name)
    row = find(definer, name)
    if row.state is not State.DENY and not host_data_descriptor(value) and name != "__class__":
        own_dict = _instance_dict(obj)
        if own_dict is not None and name in own_dict:
            return own_dict[name]  # the guest stored it there
    return _hand_out(realm, obj, name, row, get)


def _definer(kind: type, name: str) -> tuple[type | None, Any]:
    """The class that says what `name` is on instances of `kind`: one that defines it, or one with a
    row for it, which may stand for a name that only our stand-in has or that is hidden there."""
    for k in host_mro(kind):
        d = host_dict(k)
        if name in d:
            return k, d[name]
        rows = TABLE.get(k)
        if rows is not None and name in rows:
            return k, None
    return None, None


def _instance_dict(obj: Any) -> Any:
    try:
        found = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        return None
    return found if type(found) is dict else None


def _hand_out(realm: Realm, obj: Any, name: str, row: Row, get: Any = getattr) -> Any:
    if row.state is State.SAFE:
        return get(obj, name)
    if row.state is State.TAME:
        if row.reads:
            return row.tamed(realm, obj)
        if name in _STATIC:
            return realm.bound(row)
        if obj is None:
            return MethodType(_of_none, realm.bound(row))  # no method can be bound to None
        return MethodType(realm.bound(row), obj)
    if get is not getattr:
        absent(obj, name)
    return _fall_back(realm, obj, name)


def _of_none(stand_in: Any, /, *args: Any, **kwargs: Any) -> Any:
    return stand_in(None, *args, **kwargs)


def _fall_back(realm: Realm, obj: Any, name: str) -> Any:
    """What is denied looks absent; then the guest's own `__getattr__` is asked, as Python does."""
    definer, function = host_lookup(type(obj), "__getattr__")
    if definer is not None and realm.is_guest_class(definer):
        bound = function.__get__(obj, type(obj)) if type(function) is FunctionType else function
        return bound(name)
    absent(obj, name)


def _read_class(realm: Realm, obj: Any, name: str, get: Any = getattr) -> Any:
    """`obj.name` of a class: the metaclass's data descriptors, the class, the metaclass."""
    meta_definer, meta_value = host_lookup(type(obj), name)
    if meta_definer is not None and host_data_descriptor(meta_value):
        if realm.is_guest_class(meta_definer):
            if type(meta_value) is GetSetDescriptorType:
                return _of_interpreter(realm, obj, meta_definer, name)
            return get(obj, name)
        return _hand_out(realm, obj, name, find(meta_definer, name), get)
    definer, value = host_lookup(obj, name)
    if definer is not None:
        if realm.is_guest_class(definer):
            if type(value) is GetSetDescriptorType:
                return tamed_getter(realm, definer, name)
            return get(obj, name)
        found = unbound(realm, obj, definer, name)
        if type(found) is TamedFunction and obj in TABLE and is_immutable(obj) and type(obj) is type:
            realm.keep["class", obj, name] = found  # the same each time
        return found
    if meta_definer is None or realm.is_guest_class(meta_definer):
        return get(obj, name)
    return _hand_out(realm, obj, name, find(meta_definer, name), get)


_of_class: Final[Any] = type.__getattribute__


def unbound(realm: Realm, kind: type, definer: type, name: str) -> Any:
    """An attribute of a builtin class as it is found on the class itself, such as `str.join`."""
    row = find(definer, name)
    if row.state is State.SAFE:
        value = _of_class(kind, name)  # past a metaclass's own `__getattribute__`, which asked for it
        if type(value) is property:
            _fall_back(realm, kind, name)  # `__init__` would give it other functions, for all of them
        # A function of ours would take attributes, and is shared by all compartments.
        return tamed_function(realm, value, definer, name) if type(value) is FunctionType else value
    if row.state is State.TAME and not row.reads:
        if name in _STATIC:
            return realm.bound(row)
        if type(definer.__dict__.get(name)).__name__ == "classmethod_descriptor":
            return MethodType(realm.bound(row), kind)
        return tamed_function(realm, realm.bound(row), definer, name)
    return _fall_back(realm, kind, name)


def _read_super(realm: Realm, obj: Any, name: str) -> Any:
    self_obj, start = host_super_self(obj), host_super_class(obj)
    # `super(C, x)` believes what x says in `__class__`; no stand-in of C's may be handed such an x.
    honest = start is self_obj or start is type(self_obj)
    if start is not None:
        this = host_super_this(obj)
        passed = False
        for k in host_mro(start):
            if k is this:
                passed = True
            elif passed and name in host_dict(k):
                if realm.is_guest_class(k):
                    if type(host_dict(k)[name]) is GetSetDescriptorType:
                        if self_obj is start:
                            return tamed_getter(realm, k, name)
                        return _of_interpreter(realm, self_obj, k, name)
                    return getattr(obj, name)
                row = find(k, name)
                if row.state is State.SAFE:
                    return getattr(obj, name)
                if row.state is State.TAME:
                    if not honest:
                        check_self(k, name, self_obj)
                    if name in _STATIC:
                        return realm.bound(row)
                    if row.reads:
                        return row.tamed(realm, self_obj)
                    if self_obj is start and not issubclass(k, type):
                        return unbound(realm, start, k, name)
                    return MethodType(realm.bound(row), self_obj)
                raise AttributeError(f"'super' object has no attribute {name!r}")
    if find(super, name).state is State.SAFE:
        return getattr(obj, name)
    raise AttributeError(f"'super' object has no attribute {name!r}")


def _read_method(realm: Realm, obj: Any, name: str) -> Any:
    """A bound method: its own few attributes, else those of what it binds."""
    function = host_method_func(obj)
    if name in ("__self__", "__func__"):
        # A builtin of ours is a method too: what it is bound to is the realm.
        if type(function) is FunctionType:
            allowed = realm.is_guest_function(function)
        elif type(function) is MethodType:
            allowed = name == "__self__" and host_method_self(function) is realm
        else:
            allowed = True
        if allowed:
            return host_method_self(obj) if name == "__self__" else function
        absent(obj, name)
    if name in ("__objclass__", "__doc__"):
        found = _stands_for(realm, obj)
        if found is not None and name == "__doc__":
            return getattr(found[1], "__doc__", None)
        if found is not None and type(found[1]) is WrapperDescriptorType:
            return found[0]
    if find(MethodType, name).state is State.SAFE:
        return getattr(obj, name)
    if find(MethodType, name) is not ABSENT_ROW:
        return _hand_out(realm, obj, name, find(MethodType, name))
    if name == "__class__":
        return MethodType
    if type(function) is FunctionType and not realm.is_guest_function(function):
        if name in _HOST_FUNCTION_NAMES:
            return _says(function, name)
        absent(obj, name)
    if name in ("__init__", "__new__", "__init_subclass__", "__subclasshook__", "__format__",
                "__dir__", "__getattribute__", "__setattr__", "__delattr__"):  # fmt: skip
        return _hand_out(realm, obj, name, find(object, name))
    return read(realm, function, name)


def _stands_for(realm: Realm, obj: Any) -> tuple[type, Any] | None:
    """The class behind a bound stand-in for a method of a builtin class, and what it has there."""
    function = host_method_func(obj)
    if type(function) is not MethodType or host_method_self(function) is not realm:
        return None
    tamed = host_method_func(function)
    name = getattr(tamed, "__name__", "")
    for kind in host_mro(type(host_method_self(obj))):
        row = find(kind, name)
        if row.state is State.TAME and row.tamed is tamed:
            return kind, host_dict(kind).get(name)
    return None


#: What C code reads from the alias itself; for all else it goes on to the class behind it, whatever
#: a guest's class derived from the alias says.
_ALIAS_OWN: Final = frozenset({"__args__", "__origin__", "__parameters__", "__mro_entries__"})
_ALIAS_MORE: Final = frozenset(
    """__unpacked__ __typing_unpacked_tuple_args__ __reduce__ __reduce_ex__ __copy__ __deepcopy__
    __getattribute__""".split()
)


def _read_alias(realm: Realm, obj: Any, name: str) -> Any:
    """`list[int].name`: the alias's own attributes, else those of the class behind it."""
    if name in _ALIAS_OWN:
        definer = host_lookup(type(obj), name)[0]
        if definer is not None and realm.is_guest_class(definer):
            return getattr(obj, name)
    if name == "__class__":
        return GenericAlias
    if name in _ALIAS_OWN or name in _ALIAS_MORE:
        row = find(GenericAlias, name)
        return _hand_out(realm, obj, name, find(object, name) if row is ABSENT_ROW else row)
    return read(realm, obj.__origin__, name)


class ReadAttribute(Guard):
    """a.b becomes `cap:getattr`(a, 'b')."""

    key = "cap:getattr"
    __slots__ = ()

    def run(self, obj: Any, name: str) -> Any:
        realm = self.ref() or gone()
        kind = type(obj)
        if name in KEPT:
            found = kept(realm, obj, name, realm.asker())
            if found is not None:
                return found[0]
        if name == "__class__":
            if kind in realm.plain.shown:
                return kind
            if kind not in TABLE:
                realm.plain.learn_shown(realm, kind)
        raw = not is_dunder(name) or name == "__class__"
        if raw and kind in realm.plain.classes:
            return getattr(obj, name)
        if raw and type(kind) is type and realm.is_guest_class(kind):
            realm.plain.learn_class(realm, kind)
        return read(realm, obj, name)

    @classmethod
    def plan(cls, site: Site) -> Plan:
        return Plan.OMIT if is_plain_name(site.name) else Plan.CALL
