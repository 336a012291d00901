"""Which of the things that a guest can change are held by somebody outside its compartment as well.

A type says nothing of whose a dictionary is. What the membrane lets in is a copy, so nobody but the
compartment holds what the guest can change; whoever else does is a leak (pit 10 of the design).
"""

from __future__ import annotations

import gc
import sys
import types
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from types import FrameType, FunctionType, ModuleType
from typing import Any, Final

import guards
from capcompiler.membrane.handle import Handle
from capcompiler.membrane.membrane import Access
from capcompiler.namespace import Namespace
from guards.binding import is_guest_code
from guards.host import host_name

__all__ = ["holders_outside"]

#: What a guest can change the contents of, by exact type.
MUTABLE: Final = frozenset({dict, list, set, bytearray, deque})
#: What holds a guest's objects for the host on purpose, and opens them to nobody.
_DOORS: Final = (Handle, Namespace)
#: Never part of a compartment, whoever refers to them.
_NOT_OURS: Final = (type, ModuleType, types.CodeType, FrameType)
#: Objects whose holders are looked for in C, which compares each reference there is with each of them.
_FEW: Final = 64
_PASSED: Final = 6  # intermediate holders, such as cells in tuples, that are asked who holds them


def holders_outside(compartment: Any, inside: dict[int, Any], own: Iterable[Any]) -> dict[int, str]:
    """id of a reached object that can be changed -> what holds it outside the compartment.

    inside: everything reached, by id. own: what the walk itself holds, to be passed over.
    """
    shared = {i: o for i, o in inside.items() if type(o) in MUTABLE}
    known = {*inside, *_machinery(compartment, inside), *map(id, own)}
    holders = _Holders(known)
    holders.look(shared)
    found: dict[int, str] = {}
    for held in shared:
        for holder in holders.of(held):
            if not holders.belongs(holder, 0):
                found.setdefault(held, _named(holder))
    for frame in _host_frames():
        for name, value in frame.f_locals.items():
            if id(value) in shared and id(frame) not in known:
                found.setdefault(id(value), f"the variable {name!r} of {frame.f_code.co_qualname}()")
    return found


class _Holders:
    """Who refers to whom, as far as it is asked: each look goes once over all objects there are."""

    def __init__(self, known: set[int]) -> None:
        self.known = known
        self.by_held: dict[int, list[Any]] = {}
        self.verdicts: dict[int, bool] = {}

    def look(self, targets: dict[int, Any]) -> None:
        """Find who holds the targets, then who holds those holders, as long as that is open.

        targets: by id.
        """
        for _ in range(_PASSED):
            following: dict[int, Any] = {}
            tables = (self.by_held, self.verdicts, self.__dict__, targets, following)
            lists = set(map(id, self.by_held.values()))
            for holder in _holding(targets):
                if id(holder) in self.known or _search_frame(holder) or id(holder) in lists:
                    continue
                if any(holder is table for table in tables):
                    continue
                for held in {id(held) for held in gc.get_referents(holder)}:
                    if held in targets:
                        self.by_held.setdefault(held, []).append(holder)
                        if self._by_type(holder) is None and id(holder) not in self.by_held:
                            following[id(holder)] = holder
            if not following:
                return
            targets = following

    def of(self, held: int) -> list[Any]:
        return self.by_held.get(held, [])

    def belongs(self, holder: Any, depth: int) -> bool:
        """Whether a holder is a part of Python's between two things of the compartment."""
        if id(holder) in self.known:
            return True
        verdict = self._by_type(holder)
        if verdict is None:
            verdict = self.verdicts.get(id(holder))
        if verdict is None:
            # A ring of parts that only hold each other is held by nobody.
            self.verdicts[id(holder)] = True
            verdict = depth < _PASSED and all(self.belongs(h, depth + 1) for h in self.of(id(holder)))
            self.verdicts[id(holder)] = verdict
        return verdict

    @staticmethod
    def _by_type(holder: Any) -> bool | None:
        """What a holder's type says; None where its own holders must be asked."""
        kind = type(holder)
        if issubclass(kind, _DOORS):
            return True
        if kind is FrameType:
            if is_guest_code(holder.f_code):
                return True
            # A guard's own, in the traceback of an error that it raised: whose is the error?
            return None if holder.f_code.co_filename.startswith(_TRUSTED) else False
        if kind is FunctionType:
            return is_guest_code(holder.__code__)
        return False if issubclass(kind, (type, ModuleType)) else None


def _holding(targets: dict[int, Any]) -> list[Any]:
    """The objects that refer to one of these, which are told by id."""
    if len(targets) <= _FEW:
        return gc.get_referrers(*targets.values())

    def holds(holder: Any) -> bool:
        return not ids.isdisjoint(map(id, gc.get_referents(holder)))

    ids = targets.keys()
    return list(filter(holds, gc.get_objects()))


def _search_frame(holder: Any) -> bool:
    return type(holder) is FrameType and holder.f_code.co_filename == __file__


def _machinery(compartment: Any, inside: dict[int, Any]) -> set[int]:
    """What makes up the compartment itself: its realm, membrane and importer, and their tables."""
    known: set[int] = set()
    todo = [compartment]
    while todo:
        part = todo.pop()
        if id(part) in known or id(part) in inside:
            continue
        known.add(id(part))
        if issubclass(type(part), Access):
            todo += [part.interface]  # the capability behind it is the host's
            continue
        if issubclass(type(part), _NOT_OURS) or type(part) is FunctionType:
            continue
        module = type.__getattribute__(type(part), "__module__")
        if type(part) in _PLAIN or module.partition(".")[0] in ("capcompiler", "guards"):
            todo += gc.get_referents(part)
    return known


_PLAIN: Final = frozenset(
    {dict, list, tuple, set, frozenset, deque, types.MethodType, types.CellType, types.SimpleNamespace}
)


def _host_frames() -> Iterable[FrameType]:
    """The frames of the host on every thread, without those of the search."""
    for top in sys._current_frames().values():
        frame: FrameType | None = top
        while frame is not None:
            name = frame.f_code.co_filename
            if not is_guest_code(frame.f_code) and not name.startswith(_PACKAGE):
                yield frame
            frame = frame.f_back


_PACKAGE: Final = __file__.rpartition("reaching")[0]
_TRUSTED: Final = (_PACKAGE, str(Path(guards.__file__).parent))


def _named(holder: Any) -> str:
    if issubclass(type(holder), ModuleType):
        return f"the module {holder.__name__}"
    if type(holder) is FunctionType:
        return f"the function {holder.__qualname__}"
    if type(holder) is dict:
        for module in list(sys.modules.values()):
            if getattr(module, "__dict__", None) is holder:
                return f"a global variable of the module {module.__name__}"
    return f"an object of the host's of type {host_name(type(holder))}"
