"""Raw operations that trusted code uses on guest objects, captured before any guest runs.

Trusted code calls no method on a guest's value: a method may be the guest's own and would run as
part of a guard (pit 7). These are the originals, taken from the types.
"""

from __future__ import annotations

import re
from types import FunctionType, GetSetDescriptorType, MethodType, ModuleType
from typing import Any, Final

__all__ = [
    "MethodOfHeapType",
    "host_data_descriptor",
    "host_dict",
    "host_exact_str",
    "host_iterable",
    "host_lookup",
    "host_module_dict",
    "host_mro",
    "host_name",
    "host_shared_slot",
]

#: What a method is, when bound, that C code defines with its class at hand: `builtin_method`, a class
#: derived from `BuiltinFunctionType` that has no name in `types`.
MethodOfHeapType: Final[type] = type(re.compile("").match)
host_mro: Final = type.__dict__["__mro__"].__get__
host_dict: Final = type.__dict__["__dict__"].__get__
#: Past a property of a class of the guest's: what one gives is no dictionary to put `__builtins__` into.
host_module_dict: Final = vars(ModuleType)["__dict__"].__get__
_type_name: Final = type.__dict__["__name__"].__get__
host_exact_str: Final = str.__str__
host_function_builtins: Final = FunctionType.__dict__["__builtins__"].__get__
host_method_func: Final = MethodType.__dict__["__func__"].__get__
host_method_self: Final = MethodType.__dict__["__self__"].__get__
host_super_self: Final = super.__dict__["__self__"].__get__
host_super_class: Final = super.__dict__["__self_class__"].__get__
host_super_this: Final = super.__dict__["__thisclass__"].__get__


class _Ordinary: ...


#: From 3.15 on CPython has one `__dict__` and one `__weakref__` for all classes that programs make.
_SHARED_SLOTS: Final = tuple(
    slot
    for slot in host_dict(_Ordinary).values()
    if type(slot) is GetSetDescriptorType and slot.__objclass__ is not _Ordinary
)


def host_shared_slot(value: object) -> bool:
    """Whether a descriptor gives the raw dictionary, or the weak reference, of whatever it is handed,
    modules, classes and functions among them. No guest may hold one: a stand-in is for one class."""
    return any(value is slot for slot in _SHARED_SLOTS)


def host_name(kind: type) -> str:
    """The name of a class as its type object holds it, whatever its metaclass says."""
    name: str = _type_name(kind)
    return name


def host_lookup(kind: type, name: str) -> tuple[type | None, Any]:
    """The class in the resolution order of `kind` that defines `name`, and what it holds."""
    for k in host_mro(kind):
        d = host_dict(k)
        if name in d:
            return k, d[name]
    return None, None


def host_iterable(kind: type) -> bool:
    """Whether C code would iterate an instance: by `__iter__`, or by items 0, 1, 2 and so on."""
    return any("__iter__" in host_dict(k) or "__getitem__" in host_dict(k) for k in host_mro(kind))


def host_data_descriptor(value: object) -> bool:
    """Whether a class attribute takes precedence over the instance's own dictionary."""
    kind = type(value)
    return host_lookup(kind, "__set__")[0] is not None or host_lookup(kind, "__delete__")[0] is not None
