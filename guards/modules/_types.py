"""`_types`: the type objects behind `types`. Each is in U, or is a stand-in of ours that is."""

from __future__ import annotations

import types
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from guards.code import GuestCode, code_of_function
from guards.host import host_method_func, host_name
from guards.modules.table import MODULES, GuestModule, ModuleRow
from guards.sealed import HOST, Sealed
from guards.tables.rows import TABLE, define
from guards.tamed import ClassNamespace

if TYPE_CHECKING:
    from collections.abc import Callable

    from guards.realm import Realm

__all__: list[str] = []


class Frame(metaclass=Sealed, host=HOST):
    """`types.FrameType`: no guest is ever handed a frame, so this has no instances."""


define(Frame, deny="__new__")

_TAMED: dict[str, Callable[..., Any]] = {}
_MISSING = object()


def _facts_of(realm: Realm, function: Any, default: Any = _MISSING, /) -> Any:
    """How a function of the guest's is called: what `inspect` reads from its code."""
    if type(function) is MethodType:
        function = host_method_func(function)
    if realm.is_guest_function(function):
        return code_of_function(realm, function)
    if default is _MISSING:
        raise AttributeError(f"{host_name(type(function))!r} object has no attribute '__code__'")
    return default


def _awaitable(realm: Realm, function: Any, /) -> None:
    """Let the generators of a function be awaited (CO_ITERABLE_COROUTINE)."""
    if not realm.is_guest_function(function):
        raise TypeError("a function of this program was expected")
    code = FunctionType.__dict__["__code__"]
    code.__set__(
        function, code.__get__(function).replace(co_flags=code.__get__(function).co_flags | 0x100)
    )


_TAMED["_facts_of"], _TAMED["_awaitable"] = _facts_of, _awaitable
_NAMES = """
    FunctionType LambdaType GeneratorType CoroutineType AsyncGeneratorType MethodType
    BuiltinFunctionType BuiltinMethodType WrapperDescriptorType MethodWrapperType
    MethodDescriptorType ClassMethodDescriptorType TracebackType GetSetDescriptorType
    MemberDescriptorType GenericAlias UnionType EllipsisType NoneType NotImplementedType
    SimpleNamespace CellType
""".split()
MODULES["_guard_types"] = ModuleRow(
    why="classes of U; a guest can get at each by `type(x)`",
    safe={
        **{n: getattr(types, n) for n in _NAMES if getattr(types, n) in TABLE},
        "ModuleType": GuestModule,
        "CodeType": GuestCode,
        "FrameType": Frame,
        "ClassNamespace": ClassNamespace,
    },
    tame=_TAMED,
)
