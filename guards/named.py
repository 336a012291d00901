"""Arguments that are given by their names, put where those that are given by place stand.

Stops: `combinations(iterable=iter(int, 1), r=2)` and `bytes(source=10**10)`. What is charged, fed or
refused is looked for by place; an argument that has a name passed by all of it.
"""

from __future__ import annotations

import functools
import itertools
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

__all__ = ["NAMES", "priced"]

#: The names of what may be given by name, by place; "" for what may not. Of classes whose signature
#: Python does not tell.
NAMES: Final[dict[Any, tuple[str, ...]]] = {
    bytes: ("source", "encoding", "errors"),
    bytearray: ("source", "encoding", "errors"),
    str: ("object", "encoding", "errors"),
    int: ("", "base"),
    deque: ("iterable", "maxlen"),
    time.struct_time: ("sequence", "dict"),
    itertools.repeat: ("object", "times"),
}


@functools.cache
def _names(called: Any) -> tuple[str, ...]:
    """called: a builtin class, or a method as it stands in one. What its signature says is read here:
    `inspect` would compile it, in the guest's time."""
    known = NAMES.get(called)
    if known is not None:
        return known
    out: list[str] = []
    for part in (getattr(called, "__text_signature__", None) or "")[1:-1].split(","):
        name = part.partition("=")[0].strip()
        if name.startswith("$"):
            continue  # the object itself, or its class
        if name == "/":
            out = [""] * len(out)
        elif name.isidentifier():
            out.append(name)
        else:
            break
    return tuple(out)


def priced(called: Any, price: Callable[[Any, Any], Any], args: Any, kwargs: Any) -> Any:
    """`price(args, kwargs)`, which gives the arguments to use instead of `args`, with those in `kwargs`
    among them that have a place. They are back in `kwargs` afterwards, as they are to be used.
    """
    if not kwargs:
        return price(args, kwargs)
    names = _names(called)[len(args) :]
    placed = list(args)
    for name in names:
        if name not in kwargs:
            break
        placed.append(kwargs.pop(name))
    paid = price(tuple(placed), kwargs)
    if len(placed) == len(args):
        return paid
    # The price may have added one, such as the function of an `accumulate` that was given none.
    kwargs.update(zip(names[: len(paid) - len(args)], paid[len(args) :], strict=True))
    return tuple(paid[: len(args)])
