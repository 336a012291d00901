"""The time of day as a capability; a guest has no clock unless it was granted one."""

from __future__ import annotations

import datetime
import math
import time

from capcompiler import Capability
from capcompiler.filling import filling

__all__ = ["Clock", "FrozenClock"]


class FrozenClock(Capability, reads="now time module"):
    """A clock that stands still: a guest under it gives the same result each time.

    moment: with a `datetime.timezone`, or ValueError; whole guests can then be tested and replayed.
    """

    __cap_travels__ = True

    def __init__(self, moment: datetime.datetime) -> None:
        if type(moment.tzinfo) is not datetime.timezone:
            raise ValueError("FrozenClock: the moment needs a datetime.timezone, such as UTC")
        self._moment = moment

    def now(self) -> datetime.datetime:
        """The moment, in the zone of the clock."""
        return self._moment

    def module(self) -> Capability:
        """This clock, with `time` and `datetime.now` filled in for who is granted it."""
        return filling(self, "clock")

    def time(self) -> float:
        """Seconds since 1970 in UTC."""
        return self._moment.timestamp()


class _Ambient(type):
    """Gives `Clock` its constructor without making it a method that a guest could call."""

    def ambient(cls, *, longest_sleep: float = 0.0) -> Clock:
        """The clock of this machine.

        longest_sleep: seconds that a guest may make the host wait at once; 0 for not at all. The host
        waits in its own thread, and a budget of `seconds` is looked at when it is over.

        Ambient authority: reads the clock of this machine.
        """
        if type(longest_sleep) not in (int, float) or not 0 <= longest_sleep <= 3600:
            raise ValueError("Clock: longest_sleep: wanted seconds from 0 to 3600")
        made: Clock = object.__new__(Clock)
        made._longest = longest_sleep
        return made


class Clock(Capability, metaclass=_Ambient, reads="now time monotonic module"):
    """The clock of this machine. Made by `Clock.ambient()` only.

    Ambient authority: with a clock, a guest can time what it does, and so learn of other work on the
    machine (invariant B of docs/threat-model.md). Grant it to guests that may know.
    """

    _longest: float

    def __init__(self) -> None:
        raise TypeError("Clock: write Clock.ambient(), which says what it takes")

    def now(self) -> datetime.datetime:
        """The moment, in UTC."""
        return datetime.datetime.now(datetime.UTC)

    def time(self) -> float:
        """Seconds since 1970 in UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back; only differences mean something."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait so many seconds, where the grant says that its holder may."""
        if not 0 <= seconds < math.inf:
            raise ValueError("sleep: wanted a number of seconds from 0 on")
        if seconds > self._longest:
            raise PermissionError(f"sleep: {self._longest:g} seconds are the most that was granted")
        time.sleep(seconds)

    def module(self) -> Capability:
        """This clock, with `time` and `datetime.now` filled in for who is granted it."""
        return filling(self, "clock")
