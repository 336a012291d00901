"""`readonly(cap)`: what changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from capcompiler.attenuation.policy import Policy, attenuated, capability_of, lender_of
from capcompiler.membrane.capability import Capability, Interface, interface_of
from capcompiler.membrane.handle import Handle

__all__ = ["readonly"]


class _ReadOnly(Policy):
    """What the capability's class says that it only reads. Default-deny: what is not said is gone."""

    __slots__ = ()
    gates = False

    def offered(self, interface: Interface) -> Interface:
        stays = interface.reads | interface.read
        return replace(
            interface,
            methods={n: m for n, m in interface.methods.items() if n in stays},
            write=frozenset(),
        )

    def over(self, cap: Any, path: str) -> Any:
        if isinstance(cap, Handle) or lender_of(cap) is not None:
            return attenuated(cap, self, path, derived=True)
        narrower = cap._cap_readonly() if isinstance(cap, Capability) else None
        return attenuated(cap, self, path, derived=True) if narrower is None else narrower


_POLICY = _ReadOnly()


def readonly(cap: Any) -> Capability:
    """A capability with what of `cap` changes nothing; the same holds for all that is obtained
    through it.

    What only reads is said by the class (`class Ledger(Capability, reads=("balance",))`); of what
    `expose` made, the attributes of `read=` stay, and special methods that Python reads with.
    Raises ValueError where nothing would be left.
    """
    inner = capability_of(cap, "readonly")
    narrower = inner._cap_readonly() if isinstance(inner, Capability) else None
    if narrower is not None:
        return narrower
    made = attenuated(inner, _POLICY)
    left = interface_of(made)
    if not left.methods and not left.read:
        raise ValueError(
            "readonly: nothing of this capability is declared to read only; "
            "say so with reads=(...) in its class statement, or name what stays with only()"
        )
    return made
