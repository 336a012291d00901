"""`_types`: the type objects behind `types`. Each is in U, or is a stand-in of ours that is."""

from __future__ import annotations

import types

from guards.code import GuestCode
from guards.modules.table import MODULES, GuestModule, ModuleRow
from guards.sealed import HOST, Sealed
from guards.tables.rows import TABLE, define
from guards.tamed import ClassNamespace

__all__: list[str] = []


class Frame(metaclass=Sealed, host=HOST):
    """`types.FrameType`: no guest is ever handed a frame, so this has no instances."""


define(Frame, deny="__new__")

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
)
