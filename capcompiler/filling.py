"""Grants that fill in parts of the standard library.

A capability whose `_cap_facets` name such a part does so wherever it is granted by name: `import time`
then tells the time of a granted clock. Who is granted it could call it all the same; so nothing is
given but the spelling.

The parts, and what the library asks of the capability:
    clock   `time`, `datetime.now`: time(), monotonic()
    open    `open`, `io.open`: __call__(file, mode, buffering, encoding, errors, newline), or open(...)
    files   `os`, `pathlib`: what `stdlib_caps.Dir` offers
    env     `os.environ`: names(), get(name)
    random  `random`, `os.urandom`: bytes(n)
"""

from __future__ import annotations

from typing import Final

from capcompiler.attenuation.policy import Policy, attenuated
from capcompiler.membrane.capability import Capability

__all__ = ["FACETS", "filling"]

FACETS: Final = frozenset({"clock", "open", "files", "env", "random"})


class _Filling(Policy):
    """Lets everything through."""

    __slots__ = ()
    deep = False


def filling(cap: Capability, *facets: str) -> Capability:
    """The capability, filling in these parts wherever it is granted by name."""
    unknown = set(facets) - FACETS
    if unknown or not facets:
        raise ValueError(f"filling: wanted names among {', '.join(sorted(FACETS))}")
    made = attenuated(cap, _POLICY)
    object.__setattr__(made, "_cap_own_facets", facets)
    return made


_POLICY: Final = _Filling()
