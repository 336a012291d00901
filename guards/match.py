"""`match`: the tests of sequence, mapping and class patterns.

Stops: attribute names that arrive at run time through `__match_args__` (pit 6). A match statement is
rewritten to an if-chain, so the interpreter's own pattern code, which reads attributes without a
guard, is never reached.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from guards.attribute import read
from guards.base import Guard, gone
from guards.call import callable_for_c
from guards.charge import DICTS, feed, merged, size_of
from guards.host import host_name
from guards.store import charge_key

__all__ = ["MatchClass", "MatchMapping", "MatchSequence"]

_WANTED: Final = (
    "class pattern must refer to a class"
    if sys.version_info >= (3, 15)
    else f"called match pattern must be a {'class' if sys.version_info >= (3, 12) else 'type'}"
)
_NO_SEQUENCE: Final = (str, bytes, bytearray)
#: Classes whose instances a single positional pattern captures whole (PEP 634).
_WHOLE: Final = (
    bool, bytearray, bytes, *DICTS, float, frozenset, int, list, set, str, tuple,
)  # fmt: skip
_flags: Final = type.__dict__["__flags__"].__get__
_SEQUENCE_FLAG: Final = 1 << 5
_MAPPING_FLAG: Final = 1 << 6


class MatchSequence(Guard):
    """`case [a, *b]`: (subject, number of patterns, index of the star) -> parts or None.

    star: -1 where there is none, -2 for `[*_]`, and -3 - i for a `*_` at i, whose part is None.
    """

    key = "cap:matchseq"
    __slots__ = ()

    def run(self, subject: Any, count: int, star: int) -> tuple[Any, ...] | None:
        kind = type(subject)
        if issubclass(kind, _NO_SEQUENCE) or not _flags(kind) & _SEQUENCE_FLAG:
            return None
        if star == -2:
            return ()
        if count == 1 and star == 0:
            # Any sequence matches, whatever its length; Python asks for none.
            return ([*feed((self.ref() or gone()), subject)],)
        size = len(subject)
        if size != count if star == -1 else size < count - 1:
            return None
        if star == -1:
            return tuple(subject[i] for i in range(count))
        wanted = star >= 0
        if wanted:
            (self.ref() or gone()).meter.charge(max(size, size_of(subject) or 0))
        else:
            star = -3 - star
        after = count - 1 - star
        head = [subject[i] for i in range(star)]
        rest = [subject[i] for i in range(star, size - after)] if wanted else None
        tail = [subject[i] for i in range(size - after, size)]
        return (*head, rest, *tail)


class MatchMapping(Guard):
    """`case {k: v, **rest}`: (subject, keys, whether the rest is wanted) -> values or None."""

    key = "cap:matchmap"
    __slots__ = ()

    def run(self, subject: Any, keys: tuple[Any, ...], rest: bool) -> tuple[Any, ...] | None:
        if not _flags(type(subject)) & _MAPPING_FLAG:
            return None
        if keys and len(subject) < len(keys):
            return None
        missing = object()
        found = []
        seen: set[Any] = set()
        realm = self.ref() or gone()
        get = callable_for_c(realm, read(realm, subject, "get")) if keys else None
        for key in keys:
            charge_key((self.ref() or gone()), key)
            if key in seen:
                raise ValueError(f"mapping pattern checks duplicate key ({key!r})")
            seen.add(key)
            value = get(key, missing) if get is not None else missing
            if value is missing:
                return None
            found.append(value)
        if rest:
            left = dict(merged((self.ref() or gone()), subject))
            for key in keys:
                del left[key]
            found.append(left)
        return tuple(found)


class MatchClass(Guard):
    """`case C(x, y=z)`: (subject, class, positional count, keywords) -> attributes or None."""

    key = "cap:matchclass"
    __slots__ = ()

    def run(
        self, subject: Any, kind: Any, count: int, keywords: tuple[str, ...]
    ) -> tuple[Any, ...] | None:
        if not issubclass(type(kind), type):
            raise TypeError(_WANTED)
        if not isinstance(subject, kind):
            return None
        realm = self.ref() or gone()
        values: list[Any] = []
        seen: set[str] = set()
        if count:
            try:
                names = read(realm, kind, "__match_args__")
            except AttributeError:
                names = None
            if names is None:
                whole = issubclass(kind, _WHOLE)
                names, most = (), int(whole)
                if whole:
                    values.append(subject)
            elif type(names) is not tuple:
                raise TypeError(
                    f"{host_name(kind)}.__match_args__ must be a tuple (got {host_name(type(names))})"
                )
            else:
                most = len(names)
            if count > most:
                many = "pattern" if most == 1 else "patterns"
                raise TypeError(
                    f"{host_name(kind)}() accepts {most} positional sub-{many} ({count} given)"
                )
            for name in names[:count]:
                if type(name) is not str:
                    raise TypeError(
                        f"__match_args__ elements must be strings (got {host_name(type(name))})"
                    )
                if not self._take(subject, kind, name, seen, values):
                    return None
        for name in keywords:
            if not self._take(subject, kind, name, seen, values):
                return None
        return tuple(values)

    def _take(self, subject: Any, kind: type, name: str, seen: set[str], values: list[Any]) -> bool:
        if name in seen:
            raise TypeError(f"{host_name(kind)}() got multiple sub-patterns for attribute {name!r}")
        seen.add(name)
        try:
            values.append(read((self.ref() or gone()), subject, name))
        except AttributeError:
            return False
        return True
