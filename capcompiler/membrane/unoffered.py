"""What a capability does at a special method that it does not offer, where its class has all of them.

Classes are made for each set of special methods, so that `callable()`, `with` and truth say what is
so, and stay for the life of the process. Which sets there are is a guest's choice as well: past a number
of them, capabilities share a class that has every one. Stops: a guest that fills its host's memory with
classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NoReturn

from capcompiler.membrane.capability import EXPOSABLE

__all__ = ["ALL", "MOST_KINDS", "kind_of", "unoffered"]

#: Classes that are made, at most, before capabilities share one.
MOST_KINDS: Final = 400
ALL: Final = EXPOSABLE
#: Operators: what is not offered leaves them to the other side.
_LEFT_TO_OTHERS: Final = frozenset(
    """
    __eq__ __lt__ __le__ __gt__ __ge__ __add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __truediv__
    __rtruediv__ __floordiv__ __mod__
    """.split()
)


def kind_of(special: frozenset[str], known: Mapping[Any, Any]) -> frozenset[str]:
    """The special methods of the class for a capability that offers these. known: the classes so far."""
    return special if len(known) < MOST_KINDS else ALL


def unoffered(obj: Any, name: str, methods: Mapping[str, Any]) -> Any:
    """What `obj`, which offers `methods`, does at a special method that is not among them."""
    if name in _LEFT_TO_OTHERS:
        return NotImplemented
    if name == "__bool__":
        return "__len__" not in methods or len(obj) > 0
    if name == "__str__":
        return repr(obj)
    return _refused(name)


def _refused(name: str) -> NoReturn:
    raise TypeError(f"this capability offers no {name}")
