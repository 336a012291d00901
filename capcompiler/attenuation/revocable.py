"""`revocable(cap)`: what can be taken back."""

from __future__ import annotations

from typing import Any

from capcompiler.attenuation.policy import Policy, Step, attenuated, capability_of
from capcompiler.membrane.capability import Capability
from capcompiler.membrane.withheld import Withheld

__all__ = ["Revoker", "revocable"]


class _Revocable(Policy):
    __slots__ = ("revoked",)

    def __init__(self) -> None:
        self.revoked = False

    def around(self, step: Step) -> Any:
        self.check()
        result = step.go()
        # Revoked meanwhile, by another thread or by what was called: what it gave is not handed out.
        self.check()
        return result

    def settled(self, step: Step, result: Any) -> Any:
        self.check()
        return result

    def element(self, step: Step, element: Any) -> Any:
        self.check()
        return element

    def check(self) -> None:
        if self.revoked:
            raise Withheld("it was revoked")


class Revoker(Capability):
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
