"""Code and frames as guests see them: what `compile` gives, and facts about their own functions and
tracebacks.

The real objects stay inside. A guest can run what it compiled, and ask how a function is called and
where something stands, which is what `inspect` and `traceback` need. It can neither read bytecode nor
make any, and no namespace can be had from a frame.
"""

from __future__ import annotations

import itertools
import weakref
from types import CodeType, FrameType, FunctionType
from typing import TYPE_CHECKING, Any, Final

from guards.base import is_guard_name
from guards.binding import FILE_MARK
from guards.sealed import HOST, Sealed, sealed_error
from guards.tables.rows import define

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = [
    "FACTS",
    "FrameFacts",
    "GuestCode",
    "code_of_function",
    "facts_of_code",
    "facts_of_frame",
    "frame_facts",
    "frame_of_generator",
    "guest_code",
    "guest_frames",
    "position_at",
    "shown_names",
]

_function_code: Final = FunctionType.__dict__["__code__"].__get__
#: The mode of code that only tells of itself. Run in other globals, a function of the library's would
#: hand what it imports to names of whoever runs it.
FACTS: Final = "facts"


class GuestCode(metaclass=Sealed, host=HOST):
    """Something to `exec` or `eval`. It compares by what it holds, as code objects do."""

    __slots__ = ("__code__", "__mode__")
    __setattr__ = sealed_error
    __delattr__ = sealed_error
    __code__: CodeType
    __mode__: str

    def __eq__(self, other: object) -> bool:
        return type(other) is GuestCode and self.__code__ is other.__code__

    def __hash__(self) -> int:
        return id(self.__code__)

    def __repr__(self) -> str:
        return f"<code object {self.__code__.co_name}>"


type.__setattr__(GuestCode, "__name__", "code")
type.__setattr__(GuestCode, "__qualname__", "code")
type.__setattr__(GuestCode, "__module__", "builtins")


def guest_code(code: CodeType, mode: str) -> GuestCode:
    """What a guest holds of a code object that this package compiled."""
    self = object.__new__(GuestCode)
    object.__setattr__(self, "__code__", code)
    object.__setattr__(self, "__mode__", mode)
    return self


def shown_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names of a routed code object without those of guards and temporaries."""
    return tuple(n for n in names if not is_guard_name(n))


def _names(attribute: str) -> Any:
    def read_names(realm: Realm, code: Any) -> tuple[str, ...]:
        return shown_names(getattr(code.__code__, attribute))

    return read_names


def _plain(attribute: str) -> Any:
    def read_plain(realm: Realm, code: Any) -> Any:
        return getattr(code.__code__, attribute)

    return read_plain


def _filename(realm: Realm, code: Any) -> str:
    return str(code.__code__.co_filename).partition(FILE_MARK)[0]


def _nlocals(realm: Realm, code: Any) -> int:
    return len(shown_names(code.__code__.co_varnames))


define(
    GuestCode,
    "__repr__ __eq__ __hash__",
    reads={
        **{
            n: _plain(n)
            for n in "co_name co_qualname co_argcount co_posonlyargcount co_kwonlyargcount co_flags "
            "co_firstlineno".split()
        },
        **{n: _names(n) for n in ("co_varnames", "co_freevars", "co_cellvars")},
        "co_filename": _filename,
        "co_nlocals": _nlocals,
    },
    deny="__code__ __mode__ __slots__ __setattr__ __delattr__ __new__ __annotations__",
)


def code_of_function(realm: Realm, function: Any) -> GuestCode:
    """`f.__code__` of a guest's function."""
    return facts_of_code(realm, _function_code(function))


Position = tuple[int | None, int | None, int | None, int | None]
#: Bytes of code, at most, that a position is looked for in.
_FARTHEST: Final = 20_000
#: What stands for a place that the compiler did not tell.
_NOWHERE: Final = (None, None, None, None)


def position_at(code: CodeType, instruction: int) -> Position:
    """(first line, last line, first column, last column) of one instruction, by its offset in bytes.

    Bounded, and nobody is charged: a guest chooses how large its functions are, and how they were
    compiled must not show in its steps.
    """
    if not 0 <= instruction <= _FARTHEST:
        return _NOWHERE
    return next(itertools.islice(code.co_positions(), instruction // 2, None), _NOWHERE)


def facts_of_code(realm: Realm, code: CodeType) -> GuestCode:
    """What a guest is told of code of its own: the same object while it is asked for often enough."""
    known: dict[int, GuestCode] = realm.keep.setdefault("code", {})
    found = known.get(id(code))
    if found is None or found.__code__ is not code:
        while len(known) >= 256:  # each entry keeps its code alive
            known.pop(next(iter(known)))
        found = known[id(code)] = guest_code(code, FACTS)
    return found


class FrameFacts(metaclass=Sealed, host=HOST):
    """What `sys._getframe` and `tb.tb_frame` give of a frame: where it is, and no namespace.

    No guest is handed a frame: frames lead to every namespace on the stack.
    """

    __slots__ = ("__facts__", "__outer__")
    __setattr__ = sealed_error
    __delattr__ = sealed_error
    __facts__: tuple[Any, ...]
    __outer__: FrameFacts | None

    def __repr__(self) -> str:
        return "<frame>"


type.__setattr__(FrameFacts, "__name__", "frame")
type.__setattr__(FrameFacts, "__qualname__", "frame")
type.__setattr__(FrameFacts, "__module__", "builtins")

define(
    FrameFacts,
    "__repr__",
    reads={
        "f_globals": lambda realm, frame: dict(frame.__facts__[0]),
        "f_lineno": lambda realm, frame: frame.__facts__[1],
        "f_lasti": lambda realm, frame: -1,
        "f_code": lambda realm, frame: frame.__facts__[2],
        "f_locals": lambda realm, frame: {},
        "f_back": lambda realm, frame: frame.__outer__,
    },
    tame={"clear": lambda realm, frame: None},
    deny="__facts__ __outer__ __slots__ __setattr__ __delattr__ __new__ __annotations__",
)


def frame_facts(
    realm: Realm, frame: FrameType, line: int | None, outer: FrameFacts | None
) -> FrameFacts:
    """What a guest is told of a frame of its own, at a line, called from `outer`."""
    return _told(object.__new__(FrameFacts), realm, frame, line, outer)


def _told(
    self: FrameFacts, realm: Realm, frame: FrameType, line: int | None, outer: FrameFacts | None
) -> FrameFacts:
    names = {n: frame.f_globals.get(n) for n in ("__name__", "__file__", "__package__")}
    texts = {n: v for n, v in names.items() if type(v) is str}
    object.__setattr__(self, "__facts__", (texts, line, facts_of_code(realm, frame.f_code)))
    object.__setattr__(self, "__outer__", outer)
    return self


def frame_of_generator(realm: Realm, generator: Any, frame: FrameType, running: bool) -> FrameFacts:
    """What a guest is told of the frame of a generator or coroutine: the same object while it lives,
    which says where the generator stood when it was last asked for."""
    known: dict[int, tuple[Any, FrameFacts]] = realm.keep.setdefault("frames", {})
    ref, facts = known.get(id(generator), (None, None))
    if facts is None or ref is None or ref() is not generator:
        while len(known) >= 256:
            known.pop(next(iter(known)))
        facts = object.__new__(FrameFacts)
        known[id(generator)] = weakref.ref(generator), facts
    outer = facts_of_frame(realm, frame.f_back) if running else None
    return _told(facts, realm, frame, frame.f_lineno, outer)


#: How many frames are told of at once.
_DEEPEST: Final = 64


def guest_frames(realm: Realm, frame: FrameType | None) -> list[FrameType]:
    """The frames of this realm's code from `frame` on, innermost first."""
    realm.meter.charge(_DEEPEST)
    found: list[FrameType] = []
    while frame is not None and len(found) < _DEEPEST:
        if realm.is_guest_frame(frame):
            found.append(frame)
        frame = frame.f_back
    return found


def facts_of_frame(realm: Realm, frame: FrameType | None) -> FrameFacts | None:
    """Facts about the innermost frame of this realm's code from `frame` on, and those that called it."""
    outer: FrameFacts | None = None
    for found in reversed(guest_frames(realm, frame)):
        outer = frame_facts(realm, found, found.f_lineno, outer)
    return outer
