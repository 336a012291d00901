"""What a capability does at a special method that it does not offer, where its class has all of them.

A class is made for each set of special methods that a host's code declares, and stays for the life of
the process. Which other sets there are is a guest's choice as well, and all of those share one class
that has every special method, or one that is not callable: which of them it is follows from the set
alone. Stops: a guest that fills its host's memory with classes, and one that changes, by the sets that
it makes, what the capabilities of others are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NoReturn

from guards.sealed import HOST, Sealed

__all__ = ["ALL", "declare", "kind_of", "unoffered"]

ALL: Final = frozenset(
    """
    __call__ __len__ __getitem__ __setitem__ __delitem__ __contains__ __iter__ __next__ __enter__
    __exit__ __bool__ __int__ __float__ __index__ __eq__ __lt__ __le__ __gt__ __ge__ __add__ __radd__
    __sub__ __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ __floordiv__ __mod__ __neg__ __str__
    """.split()
)
_NOT_CALLABLE: Final = ALL - {"__call__"}
#: Sets that hosts declare, at most: one may expose what it is told to.
MOST_DECLARED: Final = 400
_declared: Final[set[frozenset[str]]] = {frozenset(), frozenset({"__call__"})}
#: Operators, and what the other side offers instead: what is not offered leaves them to it.
_LEFT_TO_OTHERS: Final = {
    "__add__": "__radd__", "__sub__": "__rsub__", "__mul__": "__rmul__", "__truediv__": "__rtruediv__",
    **dict.fromkeys(
        """
        __eq__ __lt__ __le__ __gt__ __ge__ __radd__ __rsub__ __rmul__ __rtruediv__ __floordiv__ __mod__
        """.split(),
        "",
    ),
}  # fmt: skip


def declare(special: frozenset[str]) -> None:
    """Note the special methods that a host's code declares, in a class statement or by `expose`."""
    if len(_declared) < MOST_DECLARED:
        _declared.add(special)


def kind_of(special: frozenset[str]) -> frozenset[str]:
    """The special methods of the class for a capability that offers these."""
    if special in _declared:
        return special
    return ALL if "__call__" in special else _NOT_CALLABLE


def unoffered(obj: Any, name: str, methods: Mapping[str, Any], args: tuple[Any, ...]) -> Any:
    """What `obj`, which offers `methods`, does at a special method that is not among them: what Python
    does for an object whose class does not have it."""
    if name in _LEFT_TO_OTHERS:
        reflected = _LEFT_TO_OTHERS[name]
        if reflected and args and type(args[0]) is type(obj):
            # Between two of one class Python asks the left one only.
            return getattr(type(obj), reflected)(args[0], obj)
        return NotImplemented
    if name == "__bool__":
        return "__len__" not in methods or len(obj) > 0
    if name == "__str__":
        return repr(obj)
    if name == "__contains__" and not methods.keys().isdisjoint(("__iter__", "__getitem__")):
        # Not in the iterator itself: that may be a capability of this class, and ask here again.
        return args[0] in (element for element in obj)
    if name == "__iter__" and "__getitem__" in methods:
        return iter(_indexed(obj))
    if name in ("__int__", "__float__") and "__index__" in methods:
        number = type(obj).__index__(obj)
        return number if name == "__int__" else float(number)
    return _refused(name)


class _Indexed(metaclass=Sealed, host=HOST):
    """What is iterated over by its numbers, as Python does without `__iter__`."""

    __slots__ = ("__cap_value__",)
    __cap_value__: Any

    def __getitem__(self, number: int) -> Any:
        return self.__cap_value__[number]


_set_value: Final = _Indexed.__dict__["__cap_value__"].__set__


def _indexed(obj: Any) -> Any:
    made: Any = object.__new__(_Indexed)
    _set_value(made, obj)
    return made


def _refused(name: str) -> NoReturn:
    raise TypeError(f"this capability offers no {name}")
