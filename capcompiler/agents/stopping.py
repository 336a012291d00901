"""Runs of code that end when nobody waits for them any more.

Stops: code that goes on, with its grants, after the client that asked for it has cancelled the call or
gone away.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import anyio
import anyio.to_thread

from capcompiler.agents.session import Ran, Session, Stop

__all__ = ["run_stoppable"]

_AGAIN: Final = 0.02
#: Seconds in which code that was stopped must end. A worker is killed long before; in this process one
#: long operation of C code can take its time, and nobody waits for that.
_MOST_SECONDS: Final = 10.0


async def run_stoppable(session: Session, code: str) -> Ran:
    """`Session.run` on a thread. Where the task is cancelled, the code is stopped, and then the task."""
    stop = Stop()
    run = partial(session.run, code, stop=stop)
    try:
        done: Ran = await anyio.to_thread.run_sync(run, abandon_on_cancel=True)
        return done
    except anyio.get_cancelled_exc_class():
        stop.set("nobody waits for it any more")
        with anyio.move_on_after(_MOST_SECONDS, shield=True):
            while stop.runs:
                stop.set("nobody waits for it any more")
                await anyio.sleep(_AGAIN)
        raise
