"""What the interpreter as a whole is set to while turns are under way, and put back after the last.

Room on the stack: CPython stops recursion at 1,000 levels of Python and C together, and one guest call
through an operator, a property or `repr` takes several. The limit is raised so that it is the guest's
own depth that is reached first, and the same one with and without optimising. It is never set below
what it was.

Unraisable errors: what a guest's generator raises while the collector closes it would be printed on the
host's standard error, in the guest's words and past its output budget. It is dropped; everyone else's
goes to the hook that was there (pit 9).

Coroutines that nobody awaited: for a guest's, the interpreter's warning is dropped likewise; its own
`warnings` is told, where code of its runs next.
"""

from __future__ import annotations

import re
import sys
import threading
import warnings
from functools import partial
from pathlib import Path
from types import AsyncGeneratorType
from typing import Any, Final

from guards.binding import FILE_MARK, is_guest_code
from guards.host import host_exact_str
from guards.realm import realm_of
from guards.warn import warn

__all__ = ["enter_headroom", "leave_headroom", "note_generator"]

#: Levels of the interpreter that one guest call may take, guards included; 3.11 to 3.15.
_PER_CALL: Final = 8
#: Guest calls that room is made for, at most: the C stack of a thread bounds it.
_MOST: Final = 600

_lock: Final = threading.Lock()


class _Before:
    """What was set before the first of the turns that are under way."""

    turns = 0
    limit = 0
    raised = 0
    hook: Any = None


def _quiet(unraisable: Any, /) -> None:
    traceback = unraisable.exc_traceback
    while traceback is not None:
        if is_guest_code(traceback.tb_frame.f_code):
            return
        traceback = traceback.tb_next
    (_Before.hook or sys.__unraisablehook__)(unraisable)


_warn_unawaited: Final[Any] = warnings._warn_unawaited_coroutine  # type: ignore[attr-defined]


#: Warnings that wait for a guest, at most.
_MOST_TOLD: Final = 100


def _warn_of_hosts_own(coroutine: Any) -> None:
    frame = getattr(coroutine, "cr_frame", None)
    if frame is None or not is_guest_code(frame.f_code):
        _warn_unawaited(coroutine)
        return
    realm = realm_of(frame)
    if realm is not None and realm.meter.live and len(realm.waiting) < _MOST_TOLD:
        # A name may be of a class of the guest's own, whose methods are not to run here.
        text = f"coroutine '{host_exact_str(coroutine.__qualname__):.200}' was never awaited"
        realm.waiting.append((partial(warn, realm, RuntimeWarning), text))


# The interpreter looks this function up for each coroutine that dies before it ran. A guest's would
# write a text of the guest's to the host's stderr, and in the host's time (pits 9 and 21).
warnings._warn_unawaited_coroutine = _warn_of_hosts_own  # type: ignore[attr-defined]


_show: Final[Any] = warnings._showwarnmsg  # type: ignore[attr-defined]


#: C code that a guard calls attributes its warnings to the guard.
_HERE: Final = str(Path(__file__).parent)


#: Names of the generators whose methods guests called; None once there were too many to tell apart.
_named: set[str] | None = set()
_MOST_NAMES: Final = 4096
_UNAWAITED: Final = re.compile(r"coroutine method '\w+' of '(.*)' was never awaited", re.DOTALL)


def note_generator(generator: Any) -> None:
    """A guest called a method of an asynchronous generator. From 3.14 on the interpreter warns, by the
    generator's name and wherever it happens to be, of what is not awaited."""
    global _named
    if _named is not None and type(generator) is AsyncGeneratorType:
        # An exact text: the host's own warnings are compared with it.
        _named.add(host_exact_str(generator.__qualname__))
        if len(_named) > _MOST_NAMES:
            _named = None


def _of_a_guests_generator(text: str) -> bool:
    found = _UNAWAITED.fullmatch(text)
    return found is not None and (_named is None or found[1] in _named)


def _show_hosts_own(message: Any) -> None:
    file = str(message.filename)
    if FILE_MARK in file or file.startswith(_HERE) or _of_a_guests_generator(str(message.message)):
        return
    _show(message)


# So it does with this one for each warning of C code. One that a guest's line gave rise to would be
# written to the host's stderr, beside a line that is read from the disk by a name of the guest's.
warnings._showwarnmsg = _show_hosts_own  # type: ignore[attr-defined]
if "_py_warnings" in sys.modules:  # 3.14: where C code looks it up there
    sys.modules["_py_warnings"]._showwarnmsg = _show_hosts_own  # type: ignore[attr-defined]


def enter_headroom(depth: int) -> None:
    """Make room for a turn of `depth` guest calls. Each call is paired with `leave_headroom`."""
    before = _Before
    with _lock:
        now = sys.getrecursionlimit()
        if not before.turns:
            before.limit = now
            before.hook = sys.unraisablehook
            sys.unraisablehook = _quiet
        before.turns += 1
        wanted = before.limit + (depth if depth < _MOST else _MOST) * _PER_CALL
        if wanted > now:
            sys.setrecursionlimit(wanted)
            before.raised = wanted


def leave_headroom() -> None:
    """Give the room of one turn back."""
    before = _Before
    with _lock:
        before.turns -= 1
        if not before.turns:
            if sys.getrecursionlimit() == before.raised:
                sys.setrecursionlimit(before.limit)
            if sys.unraisablehook is _quiet:
                sys.unraisablehook = before.hook
