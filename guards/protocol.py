"""Values under special names in a guest's class, which C code looks up there and calls.

Stops: a class that is called past its guard (`__getitem__ = property(lambda self: bytes)`). C code
calls what it finds, or what a descriptor that it finds gives; neither passes the guard of calls. So
plain functions and methods of builtin types stand as they are, a class is replaced by its stand-in,
and any descriptor whose answer cannot be known is wrapped, and its answer looked at each time.
"""

from __future__ import annotations

from types import (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    FunctionType,
    GenericAlias,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    WrapperDescriptorType,
)
from typing import TYPE_CHECKING, Any, Final

from guards.attribute import TamedFunction
from guards.host import MethodOfHeapType, host_lookup
from guards.sealed import HOST, Sealed, sealed_error

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["CALL_SLOT", "NEVER_IN_CLASSES", "PROTOCOL_NAMES", "SlotDescribed", "call_slot",
           "check_slots", "safe_class_value", "shown_class_value"]  # fmt: skip

#: Special methods that C code looks up on a class and calls.
PROTOCOL_NAMES: Final = frozenset(
    """
    __call__ __iter__ __next__ __getitem__ __setitem__ __delitem__ __contains__ __len__ __bool__
    __hash__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __repr__ __str__ __format__ __bytes__
    __getattr__ __getattribute__ __setattr__ __delattr__ __get__ __set__ __delete__ __set_name__
    __enter__ __exit__ __aenter__ __aexit__ __await__ __aiter__ __anext__ __reversed__
    __missing__ __index__ __int__ __float__ __complex__ __round__ __trunc__ __floor__ __ceil__
    __abs__ __neg__ __pos__ __invert__ __add__ __sub__ __mul__ __matmul__ __truediv__ __floordiv__
    __mod__ __divmod__ __pow__ __lshift__ __rshift__ __and__ __xor__ __or__ __radd__ __rsub__
    __rmul__ __rmatmul__ __rtruediv__ __rfloordiv__ __rmod__ __rdivmod__ __rpow__ __rlshift__
    __rrshift__ __rand__ __rxor__ __ror__ __iadd__ __isub__ __imul__ __imatmul__ __itruediv__
    __ifloordiv__ __imod__ __ipow__ __ilshift__ __irshift__ __iand__ __ixor__ __ior__
    __instancecheck__ __subclasscheck__ __prepare__ __mro_entries__ __length_hint__ __dir__
    __fspath__ __new__ __init__ __init_subclass__ __class_getitem__ __subclasshook__ __sizeof__
    __typing_subst__ __typing_prepare_subst__ __reduce__ __reduce_ex__
    __getstate__ __setstate__ __getnewargs__ __getnewargs_ex__ __copy__ __deepcopy__ __replace__
    """.split()
)
#: Definitions that are dropped. A finaliser would run in the host's time. A buffer (PEP 688, from 3.12
#: on) is of a size that nobody knows before C code asks for it, and another one the next time: what
#: joins, copies or hashes bytes could not be charged for.
NEVER_IN_CLASSES: Final = frozenset({"__del__", "__buffer__", "__release_buffer__"})
_CALLED_AS_THEY_ARE: Final = frozenset(
    {
        FunctionType,
        MethodType,
        BuiltinFunctionType,
        MethodOfHeapType,
        TamedFunction,
        MethodDescriptorType,
        WrapperDescriptorType,
        MethodWrapperType,
        ClassMethodDescriptorType,
        type(None),
    }
)


class Described(metaclass=Sealed, host=HOST):
    """Stands in a class for a descriptor of the guest's: what it gives is looked at before C code
    calls it."""

    __slots__ = ("__inner__", "__realm__")
    __setattr__ = sealed_error
    __delattr__ = sealed_error
    __inner__: Any
    __realm__: Realm

    def __get__(self, obj: object, kind: type | None = None) -> Any:
        from guards.call import callable_for_c

        inner = self.__inner__
        getter = host_lookup(type(inner), "__get__")[1]
        if getter is None:
            return callable_for_c(self.__realm__, inner)
        return callable_for_c(self.__realm__, type(inner).__get__(inner, obj, kind))

    def __set_name__(self, owner: type, name: str) -> None:
        naming = host_lookup(type(self.__inner__), "__set_name__")[1]
        if naming is not None:
            type(self.__inner__).__set_name__(self.__inner__, owner, name)

    def __repr__(self) -> str:
        return "<descriptor>"


_slots: Final = [Described.__dict__[n].__set__ for n in ("__inner__", "__realm__")]


def safe_class_value(realm: Realm, name: str, value: Any) -> Any:
    """What may stand under a name in a guest's class."""
    if name not in PROTOCOL_NAMES:
        return value
    kind = type(value)
    if kind in _CALLED_AS_THEY_ARE or kind is Described or kind is SlotDescribed:
        return value
    if kind is staticmethod or kind is classmethod:
        if type(value.__func__) in _CALLED_AS_THEY_ARE:
            return value
    elif issubclass(kind, type) or issubclass(kind, GenericAlias):
        from guards.call import callable_for_c

        if callable_for_c(realm, value) is value:
            return value
    made = object.__new__(Described)
    _slots[0](made, value)
    _slots[1](made, realm)
    return made


def shown_class_value(value: Any) -> Any:
    """What the guest put where a stand-in of ours stands."""
    return value.__inner__ if type(value) is Described else value


class SlotDescribed(metaclass=Sealed, host=HOST):
    """Stands in a class for a slot named `__call__`: the slot itself has another name, and what is in
    it is looked at before C code calls it."""

    __slots__ = ("__realm__",)
    __setattr__ = sealed_error
    __delattr__ = sealed_error
    __realm__: Realm

    def __get__(self, obj: object, kind: type | None = None) -> Any:
        from guards.call import callable_for_c

        if obj is None:
            return self
        return callable_for_c(self.__realm__, _call_slot(obj).__get__(obj, type(obj)))

    def __set__(self, obj: object, value: Any) -> None:
        _call_slot(obj).__set__(obj, value)

    def __delete__(self, obj: object) -> None:
        _call_slot(obj).__delete__(obj)

    def __repr__(self) -> str:
        return "<member '__call__'>"


#: The slot behind one that a guest names `__call__`.
CALL_SLOT: Final = "_slot_of_call"


def _call_slot(obj: object) -> Any:
    found = host_lookup(type(obj), CALL_SLOT)[1]
    if type(found) is not MemberDescriptorType:
        raise AttributeError("__call__")
    return found


def call_slot(realm: Realm) -> SlotDescribed:
    """What stands under `__call__` in a class with a slot of that name."""
    made = object.__new__(SlotDescribed)
    object.__setattr__(made, "__realm__", realm)
    return made


def check_slots(names: Any) -> None:
    """Refuse slots under special names: what is stored there would be called as it is, and a slot
    named `__del__` is a finaliser."""
    for name in names:
        if type(name) is str and (name in PROTOCOL_NAMES or name in NEVER_IN_CLASSES):
            raise TypeError(
                f"__slots__ cannot hold {name!r}: special methods are looked up on the class"
            )
