"""Values that came out of a guest, as text and as JSON, in bounded work.

A guest chooses the shape of what it returns: sixty levels of `x = (x, x)` are a small object and
an endless `repr`, in a registered dataclass too. So nothing here walks more than a set number of places.

Stops: `repr` of what the guest was granted, which is the host's own and says what the host knows, such
as the password of a mailer: a capability is shown as guests see it.
"""

from __future__ import annotations

import datetime
import math
import reprlib
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from capcompiler.membrane.data import ATOMS, Copier, CrossingError
from capcompiler.membrane.handle import Handle
from capcompiler.membrane.record import fields_of, record_of

__all__ = ["JsonWriter", "items_of", "value_text"]

_MOST_PLACES = 200_000  # places in one value, each counted as often as it would be written
_MOST_PLACES_IN_ALL = 10 * _MOST_PLACES  # in all the values of one JSON object
_DEEPEST = 200  # levels of one value; Python's own repr and JSON stop at some 1000
_NESTS = (list, tuple, set, frozenset, dict)
_AS_STR = (Decimal, Fraction)
#: What holds values of a guest's choice, beside registered dataclasses.
_CONTAINERS: Final = frozenset({list, tuple, set, frozenset, dict, deque, OrderedDict})
_DATA: Final = ATOMS | {Fraction, datetime.timezone}
_AS_ISO = (datetime.date, datetime.time, datetime.datetime)


class _Capability:
    """What stands for a capability where it is shown."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<capability>"


_CAPABILITY: Final = _Capability()


class _Shortened(reprlib.Repr):
    """`repr` with bounds, which also survives an int too long for Python to write."""

    def repr1(self, x: Any, level: int) -> str:
        kind = type(x)
        if (record := record_of(kind)) is not None:
            if level <= 0:
                return f"{kind.__name__}(...)"
            fields = [f"{n}={self.repr1(v, level - 1)}" for n, v in _fields(x)]
            return f"{record.kind.__name__}({', '.join(fields)})"
        if kind is OrderedDict:
            return f"OrderedDict({self.repr_dict(x, level)})"
        return super().repr1(x if _is_known(kind) else _CAPABILITY, level)

    def repr_int(self, x: int, level: int) -> str:
        try:
            str(x)
        except ValueError:
            return f"<int of {x.bit_length():,} bits>"
        return super().repr_int(x, level)


def value_text(value: object) -> str:
    """`repr(value)`, or a shortened one with "..." in it when that would be out of bounds; what is no
    data in it is shown as what it is for a guest."""
    places, foreign = _places(value)
    if places <= _MOST_PLACES:
        try:
            return repr(Copier(_shown, _free, fields_of).copy(value) if foreign else value)
        except (ValueError, CrossingError):  # an int of more digits than Python writes
            pass
        except Exception:  # noqa: S110 - of a dataclass whose own `__repr__` wants what was there
            pass
    return _Shortened().repr(value)


def _shown(found: Any, _where: str) -> Any:
    return found if _is_known(type(found)) else _CAPABILITY


def _free(_count: int) -> None:
    """Showing is the host's own work."""


def _is_known(kind: type) -> bool:
    """Whether `repr` of what is in a value is the data's own, or says no more than what it is."""
    return kind in _DATA or kind in _CONTAINERS or issubclass(kind, Handle)


def _fields(value: Any) -> Iterator[tuple[str, Any]]:
    """The names and values of a registered dataclass's instance."""
    record = record_of(type(value))
    if record is not None:
        try:
            yield from zip(record.names, record.read(value, ""), strict=True)
        except CrossingError:  # a field was never set
            return


class JsonWriter:
    """Turns guests' values into what `json.dumps` can write.

    Tuples and sets become arrays; Decimal and Fraction their digits, dates and times ISO text,
    non-finite floats "nan", "inf" and "-inf"; keys that are not text become text, or, where two
    would fall together, the dict becomes an array of pairs; anything else its repr.
    shortened: whether something was left out, because it was too deep, too large or a cycle.
    """

    def __init__(self) -> None:
        self.shortened = False
        self._left_in_all = _MOST_PLACES_IN_ALL
        self._left = 0
        self._inside: list[int] = []

    def convert(self, value: object) -> object:
        """What stands for `value` in JSON. Values are bounded one by one, and all together."""
        granted = self._left = min(_MOST_PLACES, self._left_in_all)
        try:
            return self._convert(value)
        finally:
            self._left_in_all -= granted - max(self._left, 0)

    def _convert(self, value: object) -> object:
        self._left -= 1
        kind = type(value)
        if value is None or kind is bool or kind is str:
            return value
        if kind is int:
            return _int(value)
        if kind is float:
            return value if math.isfinite(value) else str(value)  # type: ignore[arg-type]
        if kind in _AS_ISO:
            return value.isoformat()  # type: ignore[attr-defined]
        if kind in _AS_STR:
            return _number_text(value)
        if kind not in _NESTS:
            return value_text(value)
        if self._left <= 0 or len(self._inside) >= _DEEPEST or id(value) in self._inside:
            self.shortened = True
            return "..."
        self._inside.append(id(value))
        try:
            return self._dict(value) if isinstance(value, dict) else self._list(iter(value))  # type: ignore[call-overload]
        finally:
            self._inside.pop()

    def _list(self, items: Iterator[object]) -> list[object]:
        made: list[object] = []
        for item in items:
            made.append(self._convert(item))
            if self._left <= 0:
                self.shortened = True
                break
        return made

    def _dict(self, value: Mapping[object, object]) -> object:
        keys = [key if type(key) is str else value_text(key) for key in value]
        if len(set(keys)) < len(keys):
            return self._list(iter(value.items()))
        made: dict[str, object] = {}
        for key, item in zip(keys, value.values(), strict=True):
            made[key] = self._convert(item)
            if self._left <= 0:
                self.shortened = True
                break
        return made


def _int(value: object) -> object:
    try:
        str(value)
    except ValueError:
        return value_text(value)
    return value


def _number_text(value: object) -> str:
    try:
        return str(value)
    except ValueError:
        return value_text(value)


def _places(value: object) -> tuple[int, bool]:
    """How many places `repr(value)` writes, counted up to a little over the bound, and whether there is
    something in them that is no data."""
    count = 0
    foreign = False
    inside: set[int] = set()

    def visit(thing: object, depth: int) -> None:
        nonlocal count, foreign
        count += 1
        kind = type(thing)
        if kind in _DATA or id(thing) in inside:
            return
        items = items_of(thing)
        if items is None:
            foreign = foreign or not _is_known(kind)
            return
        if depth == _DEEPEST:
            count = _MOST_PLACES + 1
            return
        inside.add(id(thing))
        for item in items:
            if count > _MOST_PLACES:
                break
            visit(item, depth + 1)
        inside.discard(id(thing))

    visit(value, 0)
    return count, foreign


def items_of(nest: Any) -> Iterator[object] | None:
    """What is in a container or a registered dataclass; None for anything else."""
    kind = type(nest)
    if kind not in _CONTAINERS:
        return None if record_of(kind) is None else (item for _name, item in _fields(nest))
    if isinstance(nest, dict):
        return (item for pair in nest.items() for item in pair)
    items: Iterator[object] = iter(nest)
    return items
