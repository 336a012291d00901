"""The time of day as a capability; a guest has no clock unless it was granted one."""

from __future__ import annotations

import datetime
import time

from capcompiler import Capability

__all__ = ["Clock", "FrozenClock"]


class FrozenClock(Capability):
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

    def time(self) -> float:
        """Seconds since 1970 in UTC."""
        return self._moment.timestamp()


class _Ambient(type):
    """Gives `Clock` its constructor without making it a method that a guest could call."""

    def ambient(cls) -> Clock:
        """The clock of this machine."""
        made: Clock = object.__new__(Clock)
        return made


class Clock(Capability, metaclass=_Ambient):
    """The clock of this machine. Made by `Clock.ambient()` only.

    Ambient authority: with a clock, a guest can time what it does, and so learn of other work on the
    machine (invariant B of docs/threat-model.md). Grant it to guests that may know.
    """

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
