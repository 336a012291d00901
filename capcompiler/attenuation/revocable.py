"""`revocable(cap)`: what can be taken back."""

from __future__ import annotations

from typing import Any

from capcompiler.attenuation.policy import Standing, attenuated, capability_of
from capcompiler.membrane.capability import Capability, Identity
from capcompiler.membrane.withheld import Withheld

__all__ = ["Revoker", "revocable"]


class _Revocable(Standing):
    __slots__ = ("revoked",)

    def __init__(self) -> None:
        self.revoked = False

    def check(self) -> None:
        if self.revoked:
            raise Withheld("it was revoked")

    def refuses_all(self) -> bool:
        return self.revoked


class Revoker(Identity, Capability):
    """Calling it takes the capability back, with all that was obtained through it. For good."""

    def __init__(self, policy: _Revocable) -> None:
        self._policy = policy

    def __call__(self) -> None:
        """Take it back. Once or many times, from any thread."""
        self._policy.revoked = True


def revocable(cap: Any) -> tuple[Capability, Revoker]:
    """A capability, and what takes it back: afterwards every use of it is refused, and of whatever
    was obtained through it (files of a directory, what it handed to callbacks, to any depth)."""
    policy = _Revocable()
    return attenuated(capability_of(cap, "revocable"), policy), Revoker(policy)
