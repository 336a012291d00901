"""The clock that attenuators look at."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

__all__ = ["clock_of"]


def clock_of(clock: Any, method: str, what: str) -> Callable[[], float]:
    """What tells seconds: `method` of a granted clock, or the machine's own where clock is None."""
    if clock is None:
        return time.time if method == "time" else time.monotonic
    found = getattr(clock, method, None) or getattr(clock, "time", None)
    if not callable(found):
        raise TypeError(f"{what}: clock: wanted a clock with time(), got {type(clock).__name__}")
    told: Any = found

    def seconds() -> float:
        moment = told()
        if type(moment) not in (int, float):
            raise TypeError(f"{what}: the clock told no number of seconds")
        return float(moment)

    return seconds
