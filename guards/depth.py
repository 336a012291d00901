"""How deep C code would recurse along objects that hold one another.

Stops: crashes. Asking a nest of iterators for an element, hashing a nest of aliases, and taking a nest
of small objects apart recurse in C without a look at the stack; a hundred thousand levels of
`x = map(f, x)` overrun it. Containers take themselves apart in turns and need no such check.
"""

from __future__ import annotations

import functools
import gc
import itertools
from types import GenericAlias, MethodType, UnionType
from typing import TYPE_CHECKING, Any, Final

from guards.host import host_mro

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["CARRIERS", "check_nesting"]

#: Levels of carriers inside one another, at most.
MAX_LEVELS: Final = 200
#: Types that hold other objects and recurse into them in C, unbounded.
CARRIERS: Final[set[type]] = {
    map, filter, zip, enumerate, reversed, property, staticmethod, classmethod, slice, super,
    MethodType, GenericAlias, UnionType, functools.partial, type(iter(int, 1)),
    type(functools.cmp_to_key(lambda a, b: 0)), type(functools.cmp_to_key(lambda a, b: 0)(1)),
    type(functools.lru_cache(lambda: None)),
    type(itertools.tee(())[0]), type(next(itertools.groupby([1]))[1]),
    *(k for k in vars(itertools).values() if isinstance(k, type)),
}  # fmt: skip


_TUPLE_ITERATOR: Final = type(iter(()))


def _carries(kind: type) -> bool:
    return kind in CARRIERS or (kind.__flags__ & 512 != 0 and any(k in CARRIERS for k in host_mro(kind)))


def check_nesting(realm: Realm, objects: Any) -> None:
    """Refuse to put one more carrier around objects that are `MAX_LEVELS` carriers deep already."""
    level = [x for x in objects if _carries(type(x))]
    if not level:
        return
    depth = 0
    seen: set[int] = set()
    while level:
        depth += 1
        if depth > MAX_LEVELS:
            raise RecursionError("iterators, methods or aliases are nested too deeply")
        realm.meter.charge(len(level) >> 2)
        below: list[Any] = []
        for x in level:
            for inner in gc.get_referents(x):
                if id(inner) in seen:
                    continue
                if type(inner) is _TUPLE_ITERATOR:
                    below.append(inner)  # `chain` takes its iterables from one
                elif type(inner) is tuple:
                    # The arguments of an alias, the pools of `zip`.
                    below.extend(y for y in inner if _carries(type(y)) and id(y) not in seen)
                    seen.update(id(y) for y in inner)
                elif _carries(type(inner)):
                    seen.add(id(inner))
                    below.append(inner)
        level = below
