"""The state that the guards of one compartment share: its builtins, its meter, its modules.

A realm is to guards what a compartment is to hosts: the place where one guest's primordials live.
Nothing in it is shared with another realm but tables and functions that no guest can change.
"""

from __future__ import annotations

import sys
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from types import CodeType, FrameType, FunctionType, MethodType
from typing import Any, Final

from guards.binding import bind, is_guest_code, places, places_kept
from guards.decimal_context import Arithmetic
from guards.host import host_dict, host_function_builtins
from guards.meter import Meter
from guards.plain import PlainCalls
from guards.shield import new_wall
from guards.tables.rows import TABLE, Row

__all__ = ["GUEST_MARK", "Realm"]

#: The key in the dictionary of each class that a guest made; its value is the realm's token. A
#: guest cannot spell the key in source, and has no way to the token.
GUEST_MARK = "cap:guest"


class Realm:
    """One compartment's world, as the guards see it.

    builtins: the builtins of every function of the guest, as far as code that ran names them; the
    rest are made by `makers`. guards: what is bound into its code.
    token: marks the classes that the guest made. write: takes what the guest prints. modules: name
    to module.
    """

    __slots__ = (
        "__weakref__",
        "_bound",
        "_exec_globals",
        "_ready",
        "_standins",
        "arithmetic",
        "builtins",
        "compile_guest",
        "granted",
        "guards",
        "hashes",
        "importer",
        "keep",
        "keyed",
        "lines_of",
        "literal",
        "make_engine",
        "makers",
        "meter",
        "modules",
        "nesting",
        "package_data",
        "plain",
        "syntax",
        "thrown",
        "token",
        "views",
        "waiting",
        "wall",
        "write",
    )

    def __init__(self, meter: Meter | None = None, arithmetic: Arithmetic | None = None) -> None:
        self.builtins: dict[str, Any] = {}
        self.makers: Mapping[str, Callable[[Realm], Any]] = {}
        self.guards: dict[str, Any] = {}
        #: The end of its turns also forgets what was learned of classes, which would hold them for good.
        self.meter = meter or Meter()
        self.plain = PlainCalls(self.meter.learned)
        self.token = object()
        self.thrown: list[BaseException] = []  # Ctrl-Cs that the guest threw into a generator
        self.modules: dict[str, Any] = {}
        #: Capabilities that fill in parts of the library, by part; see capcompiler.filling.
        self.granted: dict[str, Any] = {}
        self.write: Callable[[str], None] = _no_output
        self.importer: Callable[..., Any] = _no_import
        self.compile_guest: Callable[..., Any] = _no_compiler
        #: The data that a text of literals says; a file that an installed package brings along.
        self.literal: Callable[[str], Any] = _no_compiler
        #: The interpreter's own syntax tree of a text, for trusted code: (text, filename, mode).
        self.syntax: Callable[[str, str, str], Any] = _no_compiler
        self.package_data: Callable[[str], bytes | None] = lambda path: None
        self._bound: dict[int, Any] = {}
        self._ready: dict[int, tuple[CodeType, CodeType]] = {}
        self._standins: dict[type, Any] = {}
        #: Of keys whose hash the guest chose: how many there were of one hash, and which was the last.
        self.hashes: dict[int, tuple[int, Any]] = {}
        self.keyed = 0  # keys of this turn whose hash the guest may have chosen
        self.views: dict[int, Any] = {}
        #: What modules of the audited table keep for this compartment, by a name of theirs.
        self.keep: dict[Any, Any] = {}
        #: What runs further guests for this one.
        self.nesting: Any = None
        #: Makes a realm of library code that shares the budget of this one and nothing else.
        self.make_engine: Callable[[], Realm] = _no_engine
        #: The source lines of the guest's newest program of that file name, or none.
        self.lines_of: Callable[[str], list[str]] = _no_lines
        #: Callbacks of weak references that came while code of ours ran, with the references.
        self.waiting: deque[tuple[Callable[..., Any], Any]] = deque()
        self.wall = new_wall()
        #: What decimal arithmetic of the guest runs in, and what the host's did around the turn.
        self.arithmetic = arithmetic or Arithmetic()
        self._exec_globals: dict[int, tuple[Any, dict[str, Any]]] = {}
        _REALMS[id(self.builtins)] = self

    def __repr__(self) -> str:
        return "capcompiler"  # part of the repr of every builtin function that a guest holds

    def told(self) -> None:
        """Run the callbacks that wait, where nothing has been looked at yet or all has been used."""
        while self.waiting:
            callback, reference = self.waiting.popleft()
            if not self.meter.live:
                return
            try:
                callback(reference)
            except BaseException:  # noqa: S110 - as C code does, but for what it would write
                pass  # a stop is a state: the next step meets it again

    def bound(self, row: Row) -> Any:
        """The stand-in of a TAME row, for this realm."""
        found = self._bound.get(id(row))
        if found is None:
            found = self._bound[id(row)] = MethodType(row.tamed, self)
        return found

    def ready(self, code: CodeType, *, library: bool = False) -> CodeType:
        """Routed code with this realm's guards in it; the same for the same code while it is kept.

        library: whether it is of a module of the library, which other realms bind too.
        """
        found = self._ready.get(id(code))
        if found is None or found[0] is not code:
            while len(self._ready) >= 256:
                self._ready.pop(next(iter(self._ready)))
            known = places_kept(code) if library else places(code)
            own, makers = self.builtins, self.makers
            # Code finds a builtin by a name of its own, or not at all.
            for name in known.names:
                if name in makers and name not in own:
                    own[name] = makers[name](self)
            found = self._ready[id(code)] = (code, bind(known, self.guards))
        return found[1]

    def builtin(self, name: str) -> Any:
        """One of this realm's builtins, made if no code has named it yet."""
        if name not in self.builtins and name in self.makers:
            self.builtins[name] = self.makers[name](self)
        return self.builtins[name]

    def is_guest_class(self, kind: type) -> bool:
        """Whether a class was made by code of this realm."""
        return host_dict(kind).get(GUEST_MARK) is self.token

    def is_guest_function(self, function: object) -> bool:
        """Whether a function was compiled by this package and made in this realm."""
        return type(function) is FunctionType and host_function_builtins(function) is self.builtins

    def exec_globals(self, owner: dict[Any, Any]) -> dict[str, Any]:
        """The real globals behind a dictionary that the guest gave to `exec`; the same each time,
        so that functions defined by one `exec` see what the next one stores."""
        found = self._exec_globals.get(id(owner))
        if found is None or found[0] is not owner:
            # The last few are kept: each entry keeps its dictionaries alive.
            while len(self._exec_globals) >= 64:
                self._exec_globals.pop(next(iter(self._exec_globals)))
            found = self._exec_globals[id(owner)] = (owner, {})
        return found[1]

    def may_hold(self, kind: type) -> bool:
        """Whether instances of `kind` belong to the closed world U of this realm."""
        return kind in TABLE or self.is_guest_class(kind)

    def is_guest_frame(self, frame: FrameType) -> bool:
        """Whether a frame runs code of this realm's guest."""
        return frame.f_builtins is self.builtins and is_guest_code(frame.f_code)

    def called_by_guest(self) -> bool:
        """Whether whoever asks was called by this realm's code, or by C code in it."""
        return self.is_guest_frame(sys._getframe(2))

    def asker(self) -> FrameType:
        """The frame that called whoever asks."""
        return sys._getframe(2)

    def guest_frame(self) -> FrameType | None:
        """The innermost frame of this realm's code on the stack, passing over trusted frames."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and not self.is_guest_frame(frame):
            frame = frame.f_back
        return frame


#: By the address of its builtins, which live as long as it does.
_REALMS: Final[weakref.WeakValueDictionary[int, Realm]] = weakref.WeakValueDictionary()


def realm_of(frame: FrameType) -> Realm | None:
    """The realm whose guest's code a frame runs."""
    realm = _REALMS.get(id(frame.f_builtins))
    return realm if realm is not None and realm.is_guest_frame(frame) else None


def _no_output(_text: str) -> None:
    raise PermissionError("this compartment has no output")


def _no_import(name: str, *_args: object) -> Any:
    raise ImportError(f"no module named {name!r} is granted", name=name)


def _no_lines(_filename: str) -> list[str]:
    return []


def _no_engine() -> Any:
    raise PermissionError("this compartment cannot compile patterns")


def _no_compiler(*_args: object, **_kwargs: object) -> Any:
    raise PermissionError("this compartment cannot compile")
