"""Uses whose answer nobody has waited for, until those who keep a log of them can be told.

What is dropped is found to be dropped by the collector, at any place in any code. Nothing is told
there: whoever is told may be a host that holds a lock, or a guest, whose code runs in its turns only. It
is told at the next use of an attenuated capability, when the event loop comes round, or where a turn
ends.
"""

from __future__ import annotations

import contextlib
import sys
from collections import deque
from collections.abc import Callable, Iterator
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from capcompiler.compartment import Compartment

__all__ = ["note_dropped", "tell_guest", "tell_here", "tells_guest"]

#: How each is told, and the guest whose code that runs.
_rows: Final[deque[tuple[Callable[[], Any], Compartment | None]]] = deque()


def note_dropped(tell: Callable[[], Any], guest: Compartment | None) -> None:
    """From a finaliser: note something that was dropped. guest: whose code `tell` runs, if any's."""
    _rows.append((tell, guest))
    # Where nothing has imported it, no loop runs; a finaliser imports nothing.
    loops = sys.modules.get("asyncio") if guest is None else None
    loop = None if loops is None else loops._get_running_loop()
    if loop is not None and not loop.is_closed():
        loop.call_soon(tell_here)


def tell_here() -> None:
    """Tell hosts, and the guest whose turn runs on this thread. In the host's time."""
    if _rows:
        _tell(lambda guest: guest is None or guest._thread == get_ident())


def tells_guest(world: Compartment) -> bool:
    """Whether there is something to tell a guest."""
    return bool(_rows) and any(guest is world for _, guest in list(_rows))


def tell_guest(world: Compartment) -> None:
    """Tell a guest whose turn ends now, while it can run."""
    _tell(lambda guest: guest is world)


def _tell(now: Callable[[Compartment | None], bool]) -> None:
    for tell, guest in _taken():
        if now(guest):
            # There is nobody left to raise to: what a log fails in is its own affair.
            with contextlib.suppress(Exception):
                tell()
        elif guest is None or guest._thread is not None or guest._awaiting is not None:
            _rows.append((tell, guest))
        # else its turn is over, and nothing of it runs


def _taken() -> Iterator[tuple[Callable[[], Any], Compartment | None]]:
    for _ in range(len(_rows)):
        try:
            yield _rows.popleft()
        except IndexError:  # another thread was quicker
            return
