"""`rate_limited(cap, calls, per)`: not more often than that."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Generator
from typing import Any

from capcompiler.attenuation.clocks import clock_of
from capcompiler.attenuation.policy import Policy, Step, attenuated, capability_of, is_awaitable
from capcompiler.membrane.capability import Capability
from capcompiler.membrane.pending import Answer
from capcompiler.membrane.withheld import Withheld

__all__ = ["rate_limited"]


class _RateLimited(Policy):
    __slots__ = ("calls", "clock", "lock", "per", "recent")

    def __init__(self, calls: int, per: float, clock: Callable[[], float]) -> None:
        self.calls = calls
        self.per = per
        self.clock = clock
        self.recent: deque[float] = deque()
        self.lock = threading.Lock()

    def around(self, step: Step) -> Any:
        now = self._counted()
        result = step.go()
        return _Counted(self, result, now) if is_awaitable(result) else result

    def _counted(self, since: float = -math.inf) -> float:
        """Count a use that happens now, but not one that was counted so lately that it counts still."""
        now = self.clock()
        if now - since < self.per:
            return since
        with self.lock:
            while self.recent and now - self.recent[0] >= self.per:
                self.recent.popleft()
            if len(self.recent) >= self.calls:
                raise Withheld(f"more than {self.calls:,} uses in {self.per:g} seconds")
            self.recent.append(now)
        return now


class _Counted(Answer):
    """An answer that comes later. A coroutine does nothing before it is awaited, and a stock of them,
    made in time, could all be carried out at once."""

    __slots__ = ("_made", "_policy")

    def __init__(self, policy: _RateLimited, awaitable: Any, made: float) -> None:
        super().__init__(awaitable)
        self._policy = policy
        self._made = made

    def _answer(self) -> Generator[Any, Any, Any]:
        try:
            self._policy._counted(self._made)
        except BaseException:
            self._let_go()
            raise
        return (yield from self._awaitable.__await__())


def rate_limited(cap: Any, calls: int, per: float, *, clock: Any = None) -> Capability:
    """A capability that can be used `calls` times in any `per` seconds, together with all that was
    obtained through it; a use beyond that is refused and not counted.

    clock: what tells the time: a capability with `monotonic()` or `time()`.

    Ambient authority: without `clock` it looks at the clock of this machine, and whoever uses what it
    gives can learn how much time has passed.
    """
    inner = capability_of(cap, "rate_limited")
    if type(calls) is not int or not 0 < calls <= 1_000_000:
        raise ValueError("rate_limited: calls: wanted a whole number from 1 to 1,000,000")
    if type(per) not in (int, float) or not 0 < per < math.inf:
        raise ValueError("rate_limited: per: wanted a number of seconds above 0")
    return attenuated(inner, _RateLimited(calls, per, clock_of(clock, "monotonic", "rate_limited")))
