"""How deep C code would recurse along objects that hold one another.

Stops: crashes. Asking a nest of iterators for an element, hashing a nest of aliases, and taking a nest
of small objects apart recurse in C without a look at the stack; a hundred thousand levels of
`x = map(f, x)` overrun it. Containers take themselves apart in turns and need no such check.
"""

from __future__ import annotations

import functools
import gc
import itertools
import sys
from types import GenericAlias, MethodType, UnionType
from typing import TYPE_CHECKING, Any, Final

from guards.host import host_mro

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["ASKED_ANEW", "CARRIERS", "Kept", "Once", "check_nesting"]

#: Whether `pairwise` and `iter(function, sentinel)` end the process where they are asked from within
#: what they ask. Source: gh-109786 and gh-101765.
ASKED_ANEW: Final = sys.version_info < (3, 11, 7) or (3, 12) <= sys.version_info < (3, 12, 1)

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


_NOTHING: Final = object()
_TUPLE_ITERATOR: Final = type(iter(()))


class Kept:
    """An iterator of C code that is alive while it is asked, although whoever asks lets go of it.

    `chain`, `islice` and their like let go of what they iterate at its end. Code of the guest's that
    runs inside it, and asks them meanwhile, would have it freed while it is at work.
    """

    __slots__ = ("__next__", "source")
    __next__: Any
    source: Any

    def __init__(self, source: Any, ask: Any) -> None:
        self.source = source
        self.__next__ = ask  # found through its slot, a method is held by whoever calls it

    def __iter__(self) -> Kept:
        return self


class Once:
    """An iterator that refuses to be asked while it is at work, and is there for as long as the turn
    where it had to refuse: whoever asked lets go of it then, within what goes on to ask it.

    `islice` and `batched` take several elements at once of what they iterate, and `zip_longest` lets go
    of it once more where it came to its end meanwhile.
    """

    __slots__ = ("busy", "kept", "last", "source")

    def __init__(self, source: Any, kept: list[Any]) -> None:
        self.source = source
        self.kept = kept
        self.busy = False
        #: What it gave last, which `pairwise` goes on with then, whether or not it holds it.
        self.last: Any = None

    def __iter__(self) -> Once:
        return self

    def __next__(self) -> Any:
        if self.busy:
            self.kept.append(self)
            raise ValueError("iterator already executing")
        self.busy = True
        try:
            found = next(self.source)
            if ASKED_ANEW:
                self.last = found
            return found
        finally:
            self.busy = False


def _carries(kind: type) -> bool:
    return kind in CARRIERS or (kind.__flags__ & 512 != 0 and any(k in CARRIERS for k in host_mro(kind)))


def check_nesting(realm: Realm, objects: Any, around: object = _NOTHING) -> None:
    """Refuse to put one more carrier around objects that are `MAX_LEVELS` carriers deep already.

    around: a carrier that is there already, which none of them may lead to: C code would go round in
    circles until its stack is used up.
    """
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
            if x is around:
                raise TypeError("what wraps a function cannot be put around itself")
            for inner in gc.get_referents(x):
                if id(inner) in seen:
                    continue
                if type(inner) is Kept or type(inner) is Once:
                    inner = inner.source
                if type(inner) is _TUPLE_ITERATOR:
                    below.append(inner)  # `chain` takes its iterables from one
                elif type(inner) is tuple:
                    # The arguments of an alias, the pools of `zip`.
                    # Not walked as a tuple: `zip_longest` takes out of its own what has come to an end,
                    # and the interpreter crashes on what is not there.
                    parts = gc.get_referents(inner)
                    below.extend(y for y in parts if _carries(type(y)) and id(y) not in seen)
                    seen.update(map(id, parts))
                elif _carries(type(inner)):
                    seen.add(id(inner))
                    below.append(inner)
        level = below
