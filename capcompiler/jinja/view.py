"""A host's object as templates see it where the host says `objects="public"`: its public attributes to
read and its methods to call, by the rules of `SandboxedEnvironment`.

Stops: an attribute whose name begins with an underscore, a function marked by `unsafe` or by
`alters_data`, and everything else that the environment's own `is_safe_attribute` and
`is_safe_callable` refuse. The object itself never crosses; what is read from it goes the same way.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from capcompiler.jinja.records import Refused, SafeText
from capcompiler.membrane.capability import EXPOSABLE, Capability, Interface

if TYPE_CHECKING:
    from capcompiler.jinja.crossing import Crossing

__all__ = ["View"]

#: Special methods that change the object, or enter and leave it: no syntax of templates calls them.
_NEVER: Final = frozenset("__setitem__ __delitem__ __enter__ __exit__ __next__".split())


class View(Capability):
    """One object of the host's."""

    def __init__(self, crossing: Crossing, obj: Any) -> None:
        self._crossing = crossing
        self._obj = obj

    def _cap_interface(self) -> Interface:
        obj = self._obj
        read = frozenset(n for n in dir(obj) if n[:1] != "_" and n.isidentifier())
        if hasattr(type(obj), "__html__"):
            read |= {"cap_html"}
        kind: Any = type(obj)
        special = _special_of(kind)
        methods: dict[str, Any] = {n: functools.partial(self._special, n) for n in special}
        return Interface(methods, read, frozenset(), _Reading(self), read)

    def _special(self, name: str, *args: Any) -> Any:
        crossing, obj = self._crossing, self._obj
        if name == "__call__" and not crossing.environment.is_safe_callable(obj):
            raise PermissionError("it is not safely callable")
        given = [crossing.leave(a) for a in args]
        if name == "__iter__":
            return (crossing.enter(x) for x in iter(obj))
        return crossing.enter(getattr(obj, name)(*given))


class _Reading:
    """Where the membrane reads the attributes of a view."""

    __slots__ = ("_view",)

    def __init__(self, view: View) -> None:
        self._view = view

    def __getattr__(self, name: str) -> Any:
        view = object.__getattribute__(self, "_view")
        crossing, obj = view._crossing, view._obj
        if name == "cap_html":
            return SafeText(str(obj.__html__()))
        value = getattr(obj, name)
        if not crossing.environment.is_safe_attribute(obj, name, value):
            kind = type(obj).__name__
            return Refused(f"access to attribute {name!r} of {kind!r} object is unsafe.", name)
        return crossing.enter(value)


@functools.lru_cache(maxsize=512)
def _special_of(kind: type) -> tuple[str, ...]:
    found = ["__str__"]
    for name in EXPOSABLE - _NEVER - {"__str__"}:
        own = getattr(kind, name, None)
        if own is not None and own is not getattr(object, name, None):
            found.append(name)
    return tuple(sorted(found))
