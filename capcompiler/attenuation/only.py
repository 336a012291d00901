"""`only(cap, *names)`: no more than these methods and attributes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from capcompiler.attenuation.policy import Policy, attenuated, capability_of
from capcompiler.membrane.capability import Capability, Interface, interface_of

__all__ = ["only"]


class _Only(Policy):
    """Names that stay. What methods give is as it was: its names are others."""

    __slots__ = ("names",)
    deep = False

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names

    def offered(self, interface: Interface) -> Interface:
        names = self.names
        return replace(
            interface,
            methods={n: m for n, m in interface.methods.items() if n in names},
            read=interface.read & names,
            write=interface.write & names,
        )


def only(cap: Any, *names: str) -> Capability:
    """A capability with these of the methods and attributes of `cap`.

    What its methods give is not narrowed: `only(fs, "open")` opens files that can be written.
    Raises ValueError for a name that `cap` does not offer, and for no name at all.
    """
    inner = capability_of(cap, "only")
    interface = interface_of(inner)
    there = {*interface.methods, *interface.read, *interface.write}
    if not names:
        raise ValueError("only: name the methods that stay")
    for name in names:
        if type(name) is not str:
            raise TypeError(f"only: names are str, got {type(name).__name__}")
        if name not in there:
            raise ValueError(f"only: {name!r} is not offered; there are: {', '.join(sorted(there))}")
    return attenuated(inner, _Only(frozenset(names)))
