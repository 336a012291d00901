"""Copying data across, deep, with cycles and sharing kept and every type made exact.

Stops: lying subclasses (pit 7), guest code that runs in the host's time through `hash`, `eq` or
iteration (the rule "no guest method runs in the host's time"), and nests that cost more to rebuild
than to hold (pit 22). Only raw methods of the builtin types are called on what is copied.
"""

from __future__ import annotations

import datetime
import itertools
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from guards.host import host_name
from guards.tables.decimals import DECIMAL_CROSSES

__all__ = [
    "ATOMS", "MAX_NESTING", "PLAIN", "Copier", "CrossingError", "Rows", "are_rows", "base_of", "reduced",
]  # fmt: skip

#: Containers inside one another, at most.
MAX_NESTING: Final = 200
#: Elements that hashing one key may walk, at most.
MAX_KEY: Final = 100_000
#: Elements that hashing all keys of one crossing may walk, and pairs of keys that may be compared
#: because they hash alike.
MOST_HASHED: Final = 20_000_000
MOST_COMPARED: Final = 2_000_000

#: Immutable and of exact type: the object itself crosses.
ATOMS: Final = frozenset(
    ({Decimal} if DECIMAL_CROSSES else set())
    | {
        type(None),
        bool,
        int,
        float,
        complex,
        str,
        bytes,
        range,
        type(Ellipsis),
        datetime.date,
        datetime.time,
        datetime.datetime,
        datetime.timedelta,
    }
)
_day: Final[list[Any]] = [datetime.date.__dict__[n].__get__ for n in ("year", "month", "day")]
_moment: Final[list[Any]] = [
    datetime.datetime.__dict__[n].__get__ for n in ("hour", "minute", "second", "microsecond")
]
_clock: Final[list[Any]] = [
    datetime.time.__dict__[n].__get__ for n in ("hour", "minute", "second", "microsecond")
]
_span: Final[list[Any]] = [
    datetime.timedelta.__dict__[n].__get__ for n in ("days", "seconds", "microseconds")
]


#: Exact copies of what is of a subclass, made by the builtin type's own methods.
_REDUCED: Final[dict[type, Callable[[Any], Any]]] = {
    int: int.__int__,
    float: float.__float__,
    complex: lambda z: complex(complex.real.__get__(z), complex.imag.__get__(z)),
    str: str.__str__,
    bytes: lambda b: bytes.join(b"", (b,)),
    bytearray: lambda b: bytes(memoryview(b)),
    datetime.datetime: lambda x: _exact_datetime(x),
    datetime.date: lambda x: datetime.date(*[get(x) for get in _day]),
    datetime.time: lambda x: _exact_time(x),
    datetime.timedelta: lambda x: datetime.timedelta(*[get(x) for get in _span]),
}


def _exact_datetime(x: Any) -> datetime.datetime:
    parts: Any = [get(x) for get in (*_day, *_moment)]
    zone = datetime.datetime.__dict__["tzinfo"].__get__(x)
    fold = datetime.datetime.__dict__["fold"].__get__(x)
    exact: datetime.datetime = _make_datetime(*parts, zone, fold=fold)
    return exact


def _exact_time(x: Any) -> datetime.time:
    zone = datetime.time.__dict__["tzinfo"].__get__(x)
    fold = datetime.time.__dict__["fold"].__get__(x)
    exact: datetime.time = _make_time(*[get(x) for get in _clock], zone, fold=fold)
    return exact


_make_datetime: Any = datetime.datetime
_make_time: Any = datetime.time


def _exact_timezone(zone: datetime.timezone) -> datetime.timezone:
    """A zone whose offset and name are of exact type: subclasses would bring code along."""
    parts = _zone_parts(zone)
    offset: Any = datetime.timedelta(*[get(parts[0]) for get in _span])
    if len(parts) == 1:
        return datetime.timezone(offset)
    return datetime.timezone(offset, str.__str__(parts[1]))


_zone_parts: Final[Any] = datetime.timezone.__dict__["__getinitargs__"]


class CrossingError(Exception):
    """A value that is neither data nor a capability. Says where it stands in what was crossing."""

    def __init__(self, value: Any, path: str, reason: str = "") -> None:
        super().__init__(reason)
        self.value = value
        self.path = path
        self.reason = reason


#: What a copier has to know of a registered dataclass, in one direction.
Fields = tuple[
    tuple[str, ...], Callable[[Any, str], list[Any]], Any, Callable[[Any, list[Any], Any, str], None]
]


class Copier:
    """One crossing in one direction.

    leaf: what to make of an object that is no data; raises `CrossingError` to refuse it.
    pay: called with a number of elements before they are copied.
    fields: (kind of a value) -> its names, what reads it, the class of the copy and what fills that;
    None where the value is no instance of a registered dataclass.
    """

    __slots__ = (
        "_compared", "_dear", "_depth", "_fields", "_hashed", "_held", "_leaf", "_memo", "_nests",
        "_pay", "_records", "_weights", "decimals",
    )  # fmt: skip

    def __init__(
        self,
        leaf: Callable[[Any, str], Any],
        pay: Callable[[int], None],
        fields: Callable[[Any], Fields | None] = lambda _kind: None,
    ) -> None:
        self._leaf = leaf
        self._pay = pay
        self._fields = fields
        #: The copies that are instances of dataclasses, by identity.
        self._records: set[int] = set()
        self._memo: dict[int, tuple[Any, Any]] = {}
        self._weights: dict[int, int] = {}
        #: Of keys: what was met of those that are nests, the elements that were hashed, and the pairs
        #: that are compared because they hash alike.
        self._nests: dict[int, bool] = {}
        self._held: list[Any] = []
        self._hashed = self._compared = 0
        self._dear = False
        self._depth = 0
        #: Whether a Decimal was among what was copied.
        self.decimals = False

    def copy(self, value: Any, path: str = "") -> Any:
        kind = type(value)
        if kind in ATOMS:
            if kind is datetime.datetime or kind is datetime.time:
                return self._with_exact_zone(value, path)
            if kind is Decimal:
                self.decimals = True
            return value
        if kind is datetime.timezone:
            return _exact_timezone(value)
        known = self._memo.get(id(value))
        if known is not None:
            return known[0]
        base = base_of(kind)
        if base is None:
            if kind is Rows:
                return self._taken(value, path)
            fields = self._fields(kind)
            if fields is not None:
                return self._record(value, fields, path)
            return self._keep(value, self._leaf(value, path))
        reduce = _REDUCED.get(base)
        if reduce is not None and base in _MOMENTS:
            exact = reduce(value)
            return self._keep(value, self._with_exact_zone(exact, path))
        if reduce is not None:
            if base is bytearray:
                self._pay(len(memoryview(value)) >> 8)
            return self._keep(value, bytearray(value) if kind is bytearray else reduce(value))
        if self._depth >= MAX_NESTING:
            raise CrossingError(value, path, f"it is nested deeper than {MAX_NESTING} levels")
        self._depth += 1
        try:
            return self._container(value, base, path)
        finally:
            self._depth -= 1

    def inside(self, value: Any, path: str) -> Any:
        """The copy of what is in a leaf, one level further in: once, however many leaves have it."""
        if self._depth >= MAX_NESTING:
            raise CrossingError(value, path, f"it is nested deeper than {MAX_NESTING} levels")
        self._depth += 1
        try:
            return self.copy(value, path)
        finally:
            self._depth -= 1

    def _keep(self, value: Any, result: Any) -> Any:
        # The value is held too: its id must not be given to another object while we copy.
        self._memo[id(value)] = (result, value)
        return result

    def _with_exact_zone(self, value: Any, path: str) -> Any:
        if type(value) not in _MOMENTS or value.tzinfo is None:
            return value
        zone = value.tzinfo
        if zone is datetime.UTC:
            return value
        if type(zone) is not datetime.timezone:
            # A zone with code of its own would be asked by the other side, in its time.
            raise CrossingError(value, path, "its time zone is not a datetime.timezone")
        return value.replace(tzinfo=_exact_timezone(zone))

    def _container(self, value: Any, base: type, path: str) -> Any:
        result: Any
        kind = type(value)
        if kind is list or kind is dict:
            self._pay(len(value))
            # Looked at once it is copied: another thread of the host's may change the original.
            taken = value.copy()
            if _is_flat(taken):
                return self._keep(value, taken)
            return self._filled(value, taken, path)
        if base is dict:
            # Not `dict.copy`: that asks the methods which a guest's class of its own has.
            pairs = list(dict.items(value))
            self._pay(len(pairs))
            return self._entries(value, pairs, path)
        if base is list or base is deque:
            items = list(base.__iter__(value))
            self._pay(len(items))
            return self._listed(value, items, path)
        if base is set or base is frozenset:
            members = list(base.__iter__(value))
            self._pay(len(members))
            self._check_hashes(members, path)
            if base is set:
                result = self._keep(value, set())
                result.update(self._key(m, path) for m in members)
                return result
            return self._keep(value, frozenset([self._key(m, path) for m in members]))
        items = list(tuple.__iter__(value))
        self._pay(len(items))
        copied = tuple(self._elements(items, path))
        known = self._memo.get(id(value))  # made meanwhile, through a cycle
        return known[0] if known is not None else self._keep(value, copied)

    def _filled(self, value: Any, taken: Any, path: str) -> Any:
        """The copy of an exact list or dict. taken: one of ours with what is in it."""
        if type(taken) is list:
            return self._listed(value, taken, path)
        return self._entries(value, list(taken.items()), path)

    def _listed(self, value: Any, items: list[Any], path: str) -> Any:
        result = self._keep(value, [])
        result.extend(self._elements(items, path))
        return result

    def _entries(self, value: Any, pairs: list[tuple[Any, Any]], path: str) -> Any:
        result = self._keep(value, {})
        self._check_hashes([k for k, _ in pairs], path)
        for k, v in pairs:
            key = k if type(k) is str else self._key(k, path)
            result[key] = v if type(v) in PLAIN else self.copy(v, _at(path, _shown(k)))
        return result

    def _record(self, value: Any, fields: Fields, path: str) -> Any:
        names, read, kind, fill = fields
        if self._depth >= MAX_NESTING:
            raise CrossingError(value, path, f"it is nested deeper than {MAX_NESTING} levels")
        values = read(value, path)
        self._pay(len(names) + 1)
        made = self._keep(value, object.__new__(kind))
        self._records.add(id(made))
        self._depth += 1
        try:
            copied = [self.copy(v, f"{path}.{n}"[:80]) for n, v in zip(names, values, strict=True)]
        finally:
            self._depth -= 1
        fill(made, copied, value, path)
        return made

    def _check_hashes(self, keys: list[Any], path: str) -> None:
        """Refuse keys most of which hash alike once they are exact: building the copy would take the
        square of their number, in the host's time. Fewer of them are paid for, and bounded in all."""
        if len(keys) <= _FREE_KEYS or all(type(k) is str for k in keys):
            return
        met: dict[int, int] = {}
        for key in keys:
            h = self._hash_of(key)
            if h is not None:
                met[h] = met.get(h, 0) + 1
        alike = [n for n in met.values() if n > 1]
        if not alike:
            return
        compared = sum(n * (n - 1) // 2 for n in alike) * (_DEAR if self._dear else 1)
        self._compared += compared
        if max(alike) > _FEW_KEYS or self._compared > MOST_COMPARED:
            raise CrossingError(keys, path, "thousands of its keys hash alike")
        self._pay(compared >> 3)

    def _hash_of(self, key: Any) -> int | None:
        """The hash of a key once it is exact; None where that runs code, or nobody can foretell it."""
        kind = type(key)
        base = base_of(kind)
        if base is int:
            return hash(int.__int__(key))
        if base in (tuple, frozenset):
            return hash(key) if self._only_data(key) else None
        if kind is Fraction:
            self._dear = True  # compared by code in Python
        return hash(key) if kind in _HASHED else None

    def _only_data(self, key: Any) -> bool:
        """Whether hashing a key walks exact data and runs no code."""
        kind = type(key)
        if kind is not tuple and kind is not frozenset:
            self._dear = self._dear or kind is Fraction
            return kind in ATOMS or kind in _HASHED
        known = self._nests.get(id(key))
        if known is None:
            self._held.append(key)  # its id is not to be given to another meanwhile
            known = self._nests[id(key)] = self._weight(key) <= MAX_KEY and all(
                map(self._only_data, key)
            )
        return known

    def _elements(self, items: list[Any], path: str) -> list[Any]:
        made = []
        memo = self._memo
        deepest = self._depth >= MAX_NESTING
        rows = None if deepest else self._rows(items)
        if rows is not None and are_flat(rows):
            memo.update(zip(map(id, items), zip(rows, items, strict=True), strict=True))
            return rows
        for i, x in enumerate(items):
            kind = type(x)
            if kind in PLAIN:
                made.append(x)
            elif (kind is dict or kind is list) and not deepest and id(x) not in memo:
                # As `copy` has it, in fewer steps: rows of a table are most of what crosses.
                if rows is None:
                    self._pay(len(x))
                    taken = x.copy()
                else:
                    taken = rows[i]
                if _is_flat(taken):
                    memo[id(x)] = (taken, x)
                    made.append(taken)
                    continue
                self._depth += 1
                try:
                    made.append(self._filled(x, taken, _at(path, i)))
                finally:
                    self._depth -= 1
            else:
                made.append(self.copy(x, _at(path, i)))
        return made

    def _rows(self, items: list[Any]) -> list[Any] | None:
        """What is in dicts that are met for the first time, paid for and taken all at once; None where
        there is anything else among the items."""
        if not items or not _DICT.issuperset(map(type, items)) or not self._are_new(items):
            return None
        self._pay(sum(map(len, items)))
        return list(map(dict.copy, items))

    def _taken(self, taken: Rows, path: str) -> Any:
        """The rows that were copied before, now paid for; anew where one of them is shared with what
        was copied already."""
        known = self._memo.get(id(taken.source))
        if known is not None:
            return known[0]
        items, copies = taken.items, taken.copies
        if not self._are_new(items):
            return self.copy(taken.source, path)
        self._pay(len(items))
        self._pay(sum(map(len, copies)))
        self._memo.update(zip(map(id, items), zip(copies, items, strict=True), strict=True))
        return self._keep(taken.source, copies)

    def _are_new(self, items: list[Any]) -> bool:
        met = set(map(id, items))
        return len(met) == len(items) and met.isdisjoint(self._memo)

    def _key(self, key: Any, path: str) -> Any:
        copied = self.copy(key, f"{path} (a key)")
        kind = type(copied)
        if kind in (list, dict, set, bytearray):
            raise CrossingError(key, path, "it is a key, and its copy cannot be hashed")
        if id(copied) in self._records:
            # The other side's class would hash it: with code of its own, or along every path.
            raise CrossingError(key, path, "it is a key, and a registered dataclass cannot be one")
        if kind in (tuple, frozenset) and not self._may_hash(copied):
            raise CrossingError(key, path, "it is a key, and hashing it would take too long")
        return copied

    def _may_hash(self, key: Any) -> bool:
        """Whether a key takes no longer to hash than it may, alone and with those before it: a thousand
        keys may share one large part, which each of them walks."""
        weight = self._weight(key)
        if weight > MAX_KEY:
            return False
        self._hashed += weight
        self._pay(weight >> 3)
        return self._hashed <= MOST_HASHED

    def _weight(self, value: Any) -> int:
        """The elements that hashing walks: every path, so shared parts count each time."""
        kind = type(value)
        if id(value) in self._records:
            return MAX_KEY + 1
        if kind is not tuple and kind is not frozenset:
            return 1
        known = self._weights.get(id(value))
        if known is None:
            known = 1
            for x in value:
                known += self._weight(x)
                if known > MAX_KEY:
                    break
            self._weights[id(value)] = known
        return known


def _is_flat(copied: Any) -> bool:
    """Whether a list or dict, exact and ours, holds nothing that would have to be copied or counted."""
    if type(copied) is list:
        return PLAIN.issuperset(map(type, copied))
    if not PLAIN.issuperset(map(type, copied.values())):
        return False
    kinds = set(map(type, copied))
    return kinds <= _TEXT or (len(copied) <= _FEW_KEYS and kinds <= PLAIN)


def are_flat(rows: Iterable[Any]) -> bool:
    """Whether many exact dicts hold plain values under texts: `_is_flat` of all of them at once."""
    every = itertools.chain.from_iterable
    return _TEXT.issuperset(map(type, every(rows))) and PLAIN.issuperset(
        map(type, every(map(dict.values, rows)))
    )


def are_rows(items: Iterable[Any]) -> bool:
    """Whether these are exact dicts that hold plain values under texts, as the rows of a table do."""
    return _DICT.issuperset(map(type, items)) and are_flat(items)


class Rows:
    """A list of a host's with rows in it, copied and looked at before it crosses: what would otherwise
    look through it first, for what the membrane does not know, need not do so twice.

    source: the list. items: what was in it. copies: the same, each one ours.
    """

    __slots__ = ("copies", "items", "source")

    def __init__(self, source: list[Any], items: list[Any], copies: list[Any]) -> None:
        self.source = source
        self.items = items
        self.copies = copies

    @classmethod
    def of(cls, source: Any) -> Rows | None:
        """None where `source` is no exact list of rows."""
        if type(source) is not list or not source:
            return None
        # The copies are looked at: another thread of the host's may change the originals.
        items = source.copy()
        if not _DICT.issuperset(map(type, items)):
            return None
        copies = list(map(dict.copy, items))
        return cls(source, items, copies) if are_flat(copies) else None


_TEXT: Final = frozenset({str})
_DICT: Final = frozenset({dict})
#: Keys that may hash alike in one container; so few that nobody counts them; what is no atom, and hashes
#: by arithmetic; and how much longer it takes to compare two keys by code in Python.
_FEW_KEYS: Final = 1000
_FREE_KEYS: Final = 16
_HASHED: Final = frozenset({complex, Decimal, Fraction, range, datetime.timedelta})
_DEAR: Final = 100


#: Exact types whose values cross as they are, whatever is in them, and are not even noted.
PLAIN: Final = ATOMS - {datetime.datetime, datetime.time, Decimal}
_BASES: Final = (
    dict, list, tuple, set, frozenset, str, int, float, bytes, bytearray, complex, deque,
    datetime.datetime, datetime.date, datetime.time, datetime.timedelta,
)  # fmt: skip
_KNOWN: Final = frozenset({*_BASES, OrderedDict, defaultdict})


_MOMENTS: Final = frozenset({datetime.datetime, datetime.time})


def base_of(kind: type) -> type | None:
    """The builtin type that a value's data is of; None when it is no data."""
    if kind in _KNOWN:
        if kind is OrderedDict or kind is defaultdict:
            return dict
        return kind
    for base in _BASES:
        if issubclass(kind, base):
            return base
    return None


def reduced(value: Any) -> Any:
    """What is no container, as the exact value that crosses for it; anything else as it is."""
    kind = type(value)
    base = None if kind in ATOMS else base_of(kind)
    return value if base is None or base is kind or base not in _REDUCED else _REDUCED[base](value)


def _at(path: str, key: object) -> str:
    """Where an element stands; past some depth the path says no more."""
    return f"{path}[{key}]" if len(path) < 60 else path


def _shown(key: Any) -> str:
    """A key as a path may show it: only exact scalars, so that no code of its own runs."""
    if type(key) is str:
        return repr(key[:40])
    if type(key) is int and key.bit_length() <= 64:
        return repr(key)
    return repr(key) if type(key) is bool else host_name(type(key))  # a metaclass may say another
