"""Room on the interpreter's stack for as many guest calls as a turn allows.

CPython stops recursion at 1,000 levels of Python and C together, and one guest call through an
operator, a property or `repr` takes several. While turns with a depth limit are under way the limit
of the interpreter is raised, so that it is the guest's own limit that is reached first, and the same
one with and without optimising. It is never set below what it was, and is put back after the last.
"""

from __future__ import annotations

import sys
import threading
from typing import Final

__all__ = ["enter_headroom", "leave_headroom"]

#: Levels of the interpreter that one guest call may take, guards included; 3.11 to 3.15.
_PER_CALL: Final = 8
#: Guest calls that room is made for, at most: the C stack of a thread bounds it.
_MOST: Final = 600

_lock: Final = threading.Lock()
_state: Final = {"turns": 0, "before": 0, "set": 0}


def enter_headroom(depth: int) -> None:
    """Make room for a turn of `depth` guest calls. Each call is paired with `leave_headroom`."""
    with _lock:
        now = sys.getrecursionlimit()
        if _state["turns"] == 0:
            _state["before"] = now
        _state["turns"] += 1
        wanted = _state["before"] + min(depth, _MOST) * _PER_CALL
        if wanted > now:
            sys.setrecursionlimit(wanted)
            _state["set"] = wanted


def leave_headroom() -> None:
    """Give the room of one turn back."""
    with _lock:
        _state["turns"] -= 1
        if _state["turns"] == 0 and sys.getrecursionlimit() == _state["set"]:
            sys.setrecursionlimit(_state["before"])
