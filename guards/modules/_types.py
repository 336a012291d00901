"""`_types`: the type objects behind `types`. Each is in U, or is a stand-in of ours that is."""

from __future__ import annotations

import types
from types import (
    AsyncGeneratorType,
    CoroutineType,
    FunctionType,
    GeneratorType,
    MethodType,
    TracebackType,
)
from typing import TYPE_CHECKING, Any, NoReturn

from guards.base import is_guard_name
from guards.code import FrameFacts, GuestCode, code_of_function, frame_facts, position_at
from guards.host import host_exact_str, host_method_func, host_name
from guards.modules._trees import node_kinds, syntax_tree
from guards.modules.table import MODULES, GuestModule, ModuleRow
from guards.tables.rows import TABLE
from guards.tamed import ClassNamespace, namespace_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from guards.realm import Realm

__all__: list[str] = []


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


def _globals_of(realm: Realm, function: Any, default: Any = None, /) -> Any:
    """The view of the names that a function of the guest's looks up: what `globals()` gives in it."""
    if type(function) is MethodType:
        function = host_method_func(function)
    return namespace_of(realm, function.__globals__) if realm.is_guest_function(function) else default


_FRAMES = {
    GeneratorType: GeneratorType.__dict__["gi_frame"].__get__,
    CoroutineType: CoroutineType.__dict__["cr_frame"].__get__,
    AsyncGeneratorType: AsyncGeneratorType.__dict__["ag_frame"].__get__,
}


def _is_over(realm: Realm, generator: Any, /) -> bool:
    """Whether a generator or coroutine has no frame any more; never the frame."""
    frame_of = _FRAMES.get(type(generator))
    if frame_of is None:
        raise AttributeError(f"{host_name(type(generator))!r} object has no attribute 'gi_frame'")
    return frame_of(generator) is None


def _renew_class_cell(realm: Realm, function: Any, old: Any, new: Any, /) -> bool:
    """Let `super()` in a function mean the class that stands in for another (a slotted dataclass).
    No more than `super(new, self)` written out would do; the cell stays out of reach."""
    if not (realm.is_guest_function(function) and _is_guests(realm, old) and _is_guests(realm, new)):
        return False
    names = function.__code__.co_freevars
    cell = function.__closure__[names.index("__class__")] if "__class__" in names else None
    try:
        if cell is None or cell.cell_contents is not old:
            return False
    except ValueError:  # nothing in it
        return False
    cell.cell_contents = new
    return True


def _is_guests(realm: Realm, kind: Any) -> bool:
    return issubclass(type(kind), type) and realm.is_guest_class(kind)


def _with_names(realm: Realm, annotate: Any, names: Any, /) -> Any:
    """The annotations that a function of 3.14 makes, with `names` standing for what its module lacks."""
    if not realm.is_guest_function(annotate) or type(names) is not dict:
        raise TypeError("a function of this program and a dictionary of names were expected")
    real = annotate.__globals__
    added = {n: v for n, v in names.items() if type(n) is str and n not in real and not is_guard_name(n)}
    real.update(added)
    try:
        return annotate(1)
    finally:
        for name in added:
            real.pop(name, None)


def _awaitable(realm: Realm, function: Any, /) -> None:
    """Let the generators of a function be awaited (CO_ITERABLE_COROUTINE)."""
    if not realm.is_guest_function(function):
        raise TypeError("a function of this program was expected")
    code = FunctionType.__dict__["__code__"]
    code.__set__(
        function, code.__get__(function).replace(co_flags=code.__get__(function).co_flags | 0x100)
    )


def _frame_of(realm: Realm, tb: Any, /) -> Any:
    """Facts about the frame of one traceback, None for one of trusted code."""
    if type(tb) is not TracebackType:
        raise AttributeError(f"{host_name(type(tb))!r} object has no attribute 'tb_frame'")
    frame = tb.tb_frame
    if not realm.is_guest_frame(frame):
        return None
    return frame_facts(realm, frame, tb.tb_lineno, None)


def _position_of(realm: Realm, tb: Any, /) -> tuple[int | None, ...]:
    """(line, last line, column, last column) of what raised in one traceback of the guest's.

    Asked here and not by an index into the instructions, whose number tells how a program was compiled.
    """
    if type(tb) is not TracebackType or not realm.is_guest_frame(tb.tb_frame):
        return None, None, None, None
    return position_at(tb.tb_frame.f_code, tb.tb_lasti)


def _source_of(realm: Realm, filename: Any, /) -> list[str]:
    """The lines of this compartment's newest program of that file name, or none."""
    lines = realm.lines_of(host_exact_str(filename)) if isinstance(filename, str) else []
    realm.meter.charge_bytes(8 * len(lines))
    return lines


def _literal(realm: Realm, text: Any, /) -> Any:
    """The data that a text of Python literals says."""
    if not isinstance(text, str):
        raise ValueError(f"malformed node or string: {host_name(type(text))!r} object")
    return realm.literal(host_exact_str(text).lstrip(" \t"))


def _package_data(realm: Realm, path: Any, /) -> bytes | None:
    """A file that an installed package brings along, by the name its modules see it under."""
    return realm.package_data(host_exact_str(path)) if isinstance(path, str) else None


def _granted(realm: Realm, part: Any, /) -> Any:
    """The capability that fills in a part of the library, or None; see capcompiler.filling."""
    return realm.granted.get(host_exact_str(part)) if isinstance(part, str) else None


def _run_again(realm: Realm, module: Any, name: Any, /) -> None:
    """Run the text of a module in another module, as `importlib` does for who wants one to change."""
    if not issubclass(type(module), GuestModule):
        raise TypeError(f"wanted a module, got {host_name(type(module))}")
    if not isinstance(name, str):
        raise TypeError("names of modules are text")
    realm.meter.charge(20)
    realm.keep["run again"](module, host_exact_str(name))


def _say_waiting(realm: Realm, /) -> None:
    """Run what waits for code of the guest's: callbacks of weak references, warnings of C code."""
    realm.told()


def _answers_later(realm: Realm, obj: Any, /) -> bool:
    """Whether it is what a guest holds of a call that the host answers later."""
    return type(obj) is realm.keep["answers later"]


def _is_awaited(realm: Realm, obj: Any, /) -> bool:
    """Whether what the host answers later has been awaited, or can be no more."""
    return _answers_later(realm, obj) and bool(realm.keep["is awaited"](obj))


def _loop_of_course(realm: Realm, /) -> Any:
    """The event loop of the program's coroutine that the host runs, where it has one."""
    course: list[Any] = realm.keep.get("course", [])
    return course[0] if course else None


def _take_course(realm: Realm, loop: Any, serve: Any, /) -> bool:
    """Let an event loop of the program's go on with the coroutine that the host runs, when that first
    waits. serve: what makes a coroutine of it and of what it waits for. Whether there is one."""
    course: list[Any] | None = realm.keep.get("course")
    if course is None:
        return False
    if not course:
        course[:] = loop, serve
    return course[0] is loop


def _kept_for_turn(realm: Realm, /) -> list[Any]:
    """A list that is empty at the beginning of each turn. What a program of the turn before put into it
    would be there for good if that was stopped: no `finally` of its runs then."""
    kept: list[Any] = realm.keep.setdefault("kept for turn", [])
    return kept


def _refuse(realm: Realm, text: Any, /) -> NoReturn:
    """Raise the PermissionError of a facet, so that the host can tell it from one of the guest's."""
    raise PermissionError(host_exact_str(text))


_TAMED.update(
    _facts_of=_facts_of,
    _awaitable=_awaitable,
    _globals_of=_globals_of,
    _is_over=_is_over,
    _with_names=_with_names,
    _frame_of=_frame_of,
    _position_of=_position_of,
    _granted=_granted,
    _literal=_literal,
    _node_kinds=node_kinds,
    _syntax_tree=syntax_tree,
    _package_data=_package_data,
    _source_of=_source_of,
    _answers_later=_answers_later,
    _is_awaited=_is_awaited,
    _loop_of_course=_loop_of_course,
    _take_course=_take_course,
    _kept_for_turn=_kept_for_turn,
    _refuse=_refuse,
    _run_again=_run_again,
    _say_waiting=_say_waiting,
    _renew_class_cell=_renew_class_cell,
)
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
        "FrameType": FrameFacts,
        "ClassNamespace": ClassNamespace,
    },
    tame=_TAMED,
)
