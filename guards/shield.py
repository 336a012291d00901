"""A wall between one side's exception handlers and the other side's code.

Python chains: what is raised while another exception is handled gets it as `__context__`, a bare
`raise` raises it again, and it does not matter whose code further down the stack handles it. So a
guest that a host calls from an `except` block would be handed the host's exception, and a host
function that a guest calls from one would log the guest's (pit 8). Both run behind a wall instead.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

__all__ = ["new_wall", "shielded", "without_wall"]

T = TypeVar("T")
_LONGEST = 1000


def new_wall() -> RuntimeError:
    """What stands for "nothing is being handled": a bare `raise` behind the wall raises just what
    Python raises where there is nothing to raise again."""
    return RuntimeError("No active exception to reraise")


def shielded(wall: RuntimeError, run: Callable[[], T]) -> T:
    """`run()`, with no exception but `wall` seen as the one that is being handled."""
    if sys.exc_info()[1] is None:
        return run()
    try:
        raise wall
    except RuntimeError:
        # Whoever reaches the wall reaches nothing beyond it: no exception, no frame of the host's.
        wall.__context__ = wall.__cause__ = wall.__traceback__ = None
        return run()


def without_wall(error: BaseException, wall: RuntimeError) -> None:
    """Cut the chain of contexts where it ends in the wall."""
    seen = 0
    inner: BaseException | None = error
    while inner is not None and seen < _LONGEST:
        if inner.__context__ is wall:
            inner.__context__ = None
            return
        inner, seen = inner.__context__, seen + 1
