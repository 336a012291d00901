"""`expiring(cap, seconds=, at=)`: until a moment."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from typing import Any

from capcompiler.attenuation.clocks import clock_of
from capcompiler.attenuation.policy import Standing, attenuated, capability_of
from capcompiler.membrane.capability import Capability
from capcompiler.membrane.withheld import Withheld

__all__ = ["expiring"]


class _Expiring(Standing):
    __slots__ = ("clock", "end")

    def __init__(self, clock: Callable[[], float], end: float) -> None:
        self.clock = clock
        self.end = end

    def check(self) -> None:
        if not self.clock() < self.end:
            raise Withheld("it has expired")


def expiring(
    cap: Any, *, seconds: float | None = None, at: datetime.datetime | float | None = None,
    clock: Any = None,
) -> Capability:  # fmt: skip
    """A capability that ends, with all that was obtained through it.

    seconds: from now, 0 or more. at: a moment, with a time zone or in seconds since 1970. One of them.
    clock: what tells the time: a capability with `time()`, and `monotonic()` for `seconds`.

    Ambient authority: without `clock` it looks at the clock of this machine, and whoever uses what it
    gives can learn when that moment has passed.
    """
    inner = capability_of(cap, "expiring")
    if (seconds is None) == (at is None):
        raise TypeError("expiring: say seconds= or at=, one of them")
    if seconds is not None:
        if type(seconds) not in (int, float) or not 0 <= seconds < math.inf:
            raise ValueError("expiring: seconds: wanted a number from 0 on")
        tell = clock_of(clock, "monotonic", "expiring")
        return attenuated(inner, _Expiring(tell, tell() + seconds))
    if isinstance(at, datetime.datetime):
        if at.tzinfo is None:
            raise ValueError("expiring: at: the moment needs a time zone")
        at = at.timestamp()
    if not isinstance(at, (int, float)) or type(at) is bool or not math.isfinite(at):
        raise TypeError(f"expiring: at: wanted a moment, got {type(at).__name__}")
    return attenuated(inner, _Expiring(clock_of(clock, "time", "expiring"), float(at)))
