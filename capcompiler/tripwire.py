"""The tripwire: a second line behind the guards, for the day on which one of them has a hole.

CPython tells audit hooks (PEP 578) of what code does to the world: files, sockets, processes, imports,
code, frames, `ctypes` and more. A guest's own frame has no business with any of it, whatever it came
by, so an event that C code raises on behalf of a guest's frame ends the turn. What trusted code of
this package does for a guest, and what a granted capability does, is none of the tripwire's business.

It is no part of what the guards promise: C code that raises no event goes unseen.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Final

from capcompiler.errors import CapError
from guards.binding import is_guest_code
from guards.meter import Meter

__all__ = ["Tripped", "arm", "turns"]

#: What only says that an object was made or asked for its number; and what charges ask of each object
#: of a nest, too often to look at who asks.
_HARMLESS: Final = frozenset({"builtins.id", "array.__new__", "sys.unraisablehook", "gc.get_referents"})
_ROOT: Final = Path(__file__).parent.parent
#: Trusted code that has business with the world while a guest runs: compiling, importing, the membrane
#: with the capabilities behind it, the memory that the meter looks up, guards bound into code. Not the
#: stand-ins, which call what a guest hands them.
_TRUSTED: Final = tuple(
    str(_ROOT / part)
    for part in (
        "capcompiler/", "stdlib_caps/", "guards/meter.py", "guards/binding.py", "guards/realm.py",
    )
)  # fmt: skip


#: What guards do themselves, in their own frames, by file: they read functions and frames to say what
#: is harmless of them, and run code of the guest's.
_DIRECT: Final = {
    "guards/attribute.py": "object.__getattr__",
    "guards/builtins.py": "exec object.__getattr__",
    "guards/code.py": "object.__getattr__",
    "guards/generic.py": "object.__getattr__",
    "guards/headroom.py": "object.__getattr__",
    "guards/iterate.py": "object.__getattr__",
    "guards/kept.py": "object.__getattr__",
    "guards/lazy.py": "object.__setattr__",
    "guards/modules/_types.py": "code.__new__ object.__getattr__ object.__setattr__",
    "guards/store.py": "object.__setattr__ object.__delattr__",
    "guards/tables/objects.py": "object.__getattr__",
}
_DIRECTLY: Final = {str(_ROOT / part): events.split() for part, events in _DIRECT.items()}
#: Modules that C code imports for itself while a guest runs: what codecs and dates are made of.
_IMPORTED_BY_C: Final = frozenset({"_strptime", "unicodedata", "copyreg", "locale"})
_IMPORTING: Final = "<frozen importlib._bootstrap>"
#: Its functions in which an import is told of from 3.15 on; C code tells before it calls them till then.
_TELLING: Final = frozenset({"_find_and_load", "_gcd_import"})


class _Turns(threading.local):
    """Of each thread: whose turn runs on it, and whether the hook itself is at work there."""

    meter: Meter | None = None
    looking: bool = False


turns: Final = _Turns()
_armed = False


class Tripped(CapError):
    """A guest set off the tripwire: it did what no guard lets it do. The turn is over.

    event: what CPython's audit called it. This is an error in capcompiler; please report it.
    """

    def __init__(self, event: str) -> None:
        super().__init__(
            f"the guest was stopped by the tripwire: it caused {event!r}, which no guard allows; this "
            "is an error in capcompiler, please report it"
        )
        self.event = event


def arm() -> None:
    """Hang up the wire, for every compartment of this process; it cannot be taken down again, since
    CPython keeps an audit hook for the life of the process.

    A turn pays some microseconds; `python -m tests.benchmarks.tripwire` measures what else costs.
    """
    global _armed
    if not _armed:
        _armed = True
        sys.addaudithook(_hook)


def _hook(event: str, args: tuple[object, ...]) -> None:
    if event in _HARMLESS:
        return  # first, since guards cause these in numbers
    meter = turns.meter
    if meter is None or turns.looking or not meter.live:
        return
    turns.looking = True  # looking at frames is an event too
    try:
        caused = not _imported_by_c(event, args) and _caused_by_guest(event, sys._getframe(1))
    finally:
        turns.looking = False
    if caused:
        if meter.interrupt is None:
            meter.interrupt = Tripped(event)
        raise meter.stop("steps", 0, 0)


def _imported_by_c(event: str, args: tuple[object, ...]) -> bool:
    name = args[0] if event == "import" and args else ""
    return isinstance(name, str) and (name in _IMPORTED_BY_C or name.partition(".")[0] == "encodings")


def _caused_by_guest(event: str, frame: FrameType | None) -> bool:
    """Whether a guest acts without trusted code between it and the event: through C code, a stand-in,
    or Python code of others that no guest should be able to call."""
    if frame is not None and event in _DIRECTLY.get(frame.f_code.co_filename, ()):
        return False
    while frame is not None and event == "import" and _tells_of_import(frame):
        frame = frame.f_back
    while frame is not None:
        name = frame.f_code.co_filename
        if is_guest_code(frame.f_code):
            return True
        # An import under way was an event itself.
        if name == _IMPORTING or name.startswith(_TRUSTED):
            return False
        frame = frame.f_back
    return False


def _tells_of_import(frame: FrameType) -> bool:
    """Whether an import is only told of here, and asked for further out. Without this, importlib's own
    frame is taken for that of an import under way, and a guest's import for one of trusted code."""
    return frame.f_code.co_filename == _IMPORTING and frame.f_code.co_name in _TELLING
