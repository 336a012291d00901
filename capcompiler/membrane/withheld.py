"""The refusal of a policy, and the error of an answer that was recorded."""

from __future__ import annotations

from capcompiler.errors import CapabilityError

__all__ = ["Told", "Withheld"]


class Withheld(CapabilityError):
    """A use that an attenuator refused. Where it reaches a guest, its text names the path."""


class Told(Exception):
    """The answer to a use is an error, and the guest is to see just this one. Trusted code only."""

    def __init__(self, seen: BaseException) -> None:
        super().__init__(str(seen))
        self.seen = seen
