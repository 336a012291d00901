"""What functions and suspended generators keep: shown to the text that they were written in.

Stops: code that takes a function apart which it was handed. A closure is how a guest keeps something
from other code of its compartment: `__closure__`, and what a generator waits for, would give it away.
So `f.__closure__` is there where the name is written out, in the same text as `f` and among the same
globals. It is not there for `getattr`, `operator.attrgetter` or the library, which may act for others
than the text that runs them; nor for what `exec` runs among another module's globals.
"""

from __future__ import annotations

from types import AsyncGeneratorType, CoroutineType, FrameType, FunctionType, GeneratorType, MethodType
from typing import TYPE_CHECKING, Any, Final

from guards.binding import is_guest_code
from guards.cells import view_of_cell
from guards.host import host_method_func

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["KEPT", "SUSPENDED", "kept"]

_code: Final[Any] = FunctionType.__dict__["__code__"].__get__
_closure: Final[Any] = FunctionType.__dict__["__closure__"].__get__
_globals: Final[Any] = FunctionType.__dict__["__globals__"].__get__
#: Variables that the interpreter adds: namespaces of class bodies, and those without a name.
_INTERNAL: Final = frozenset({"__classdict__", "__conditional_annotations__"})
#: How each kind of suspended code names its frame, its code and whether it runs.
SUSPENDED: Final = {GeneratorType: "gi", CoroutineType: "cr", AsyncGeneratorType: "ag"}
_AWAITED: Final = {
    "gi_yieldfrom": GeneratorType,
    "cr_await": CoroutineType,
    "ag_await": AsyncGeneratorType,
}
#: The names. In the tables they are denied, which is what all other ways of reading them meet.
KEPT: Final = frozenset({"__closure__", *_AWAITED})


def kept(realm: Realm, obj: Any, name: str, reader: FrameType) -> tuple[Any] | None:
    """What `obj.name` gives where the frame `reader` may see it, in a tuple; None where it is absent."""
    if name in _AWAITED:
        return _awaited(realm, obj, name, reader) if type(obj) is _AWAITED[name] else None
    function = host_method_func(obj) if type(obj) is MethodType else obj
    if not realm.is_guest_function(function):
        return None
    if not _is_of(reader, _code(function), _globals(function)):
        return None
    return (_cells(realm, function),)


def _awaited(realm: Realm, generator: Any, name: str, reader: FrameType) -> tuple[Any] | None:
    prefix = SUSPENDED[type(generator)]
    frame = getattr(generator, f"{prefix}_frame")
    names = None if frame is None else frame.f_globals
    if not _is_of(reader, getattr(generator, f"{prefix}_code"), names):
        return None
    from guards.iterate import walked  # which reads attributes

    found = walked(getattr(generator, name))
    return (found,) if _is_known(realm, found) else None


def _is_of(reader: FrameType, code: Any, names: Any) -> bool:
    """Whether the text that reads is the one that was compiled to `code`, among the same globals.
    The name of a file ends in the serial of its program, which no two texts have in common.

    names: None for a generator that is over, and waits for nothing.
    """
    return (
        is_guest_code(code)
        and code.co_filename == reader.f_code.co_filename
        and (names is None or names is reader.f_globals)
    )


def _is_known(realm: Realm, awaited: Any) -> bool:
    """Whether what a generator waits for is of U, and not trusted code that goes on by itself."""
    prefix = SUSPENDED.get(type(awaited))
    if prefix is not None:
        return is_guest_code(getattr(awaited, f"{prefix}_code"))
    return awaited is None or realm.may_hold(type(awaited))


def _cells(realm: Realm, function: Any) -> tuple[Any, ...] | None:
    """The variables of a closure that have a name in its text."""
    realm.meter.charge(len(_code(function).co_freevars))
    named = zip(_code(function).co_freevars, _closure(function) or (), strict=True)
    shown = [c for n, c in named if n.isidentifier() and n not in _INTERNAL]
    return tuple(view_of_cell(realm, c) for c in shown) or None
