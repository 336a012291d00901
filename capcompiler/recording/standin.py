"""Stand-ins for capabilities of a record: they offer the same names, and can do nothing.

What a guest asks of one is answered from the record. Where the record says nothing, the use is refused.
"""

from __future__ import annotations

from typing import Any, NoReturn

from capcompiler.membrane.capability import Capability, HostCallable, Interface
from capcompiler.membrane.withheld import Withheld

__all__ = ["StandIn"]

_GONE = (
    "it was obtained before the guest was suspended, and is not there any more; obtain it again from "
    "what is granted"
)


class StandIn(Capability):
    """A capability of which only the interface is left."""

    def __init__(
        self, methods: list[str], read: frozenset[str], write: frozenset[str], reads: frozenset[str],
        facets: tuple[str, ...],
    ) -> None:  # fmt: skip
        target = _Nothing() if read or write else None
        self._interface = Interface({n: _Gone() for n in methods}, read, write, target, reads)
        self._facets = facets

    def _cap_interface(self) -> Interface:
        return self._interface

    @property
    def _cap_facets(self) -> tuple[str, ...]:  # type: ignore[override]
        return self._facets


class _Gone(HostCallable):
    """A method of a stand-in."""

    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise Withheld(_GONE)


class _Nothing:
    """The attributes of a stand-in."""

    __slots__ = ()

    def __getattr__(self, name: str) -> NoReturn:
        raise Withheld(_GONE)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise Withheld(_GONE)
