"""Values that came out of a guest, as text and as JSON, in bounded work.

A guest chooses the shape of what it returns: sixty levels of `x = (x, x)` are a small object and
an endless `repr`. So nothing here walks more than a set number of places.
"""

from __future__ import annotations

import datetime
import math
import reprlib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction

__all__ = ["JsonWriter", "value_text"]

_MOST_PLACES = 200_000  # places in one value, each counted as often as it would be written
_MOST_PLACES_IN_ALL = 10 * _MOST_PLACES  # in all the values of one JSON object
_DEEPEST = 200  # levels of one value; Python's own repr and JSON stop at some 1000
_NESTS = (list, tuple, set, frozenset, dict)
_AS_STR = (Decimal, Fraction)
_AS_ISO = (datetime.date, datetime.time, datetime.datetime)


class _Shortened(reprlib.Repr):
    """`repr` with bounds, which also survives an int too long for Python to write."""

    def repr_int(self, x: int, level: int) -> str:
        try:
            str(x)
        except ValueError:
            return f"<int of {x.bit_length():,} bits>"
        return super().repr_int(x, level)


def value_text(value: object) -> str:
    """`repr(value)`, or a shortened one with "..." in it when that would be out of bounds."""
    if _places(value) <= _MOST_PLACES:
        try:
            return repr(value)
        except ValueError:  # an int of more digits than Python writes
            pass
    return _Shortened().repr(value)


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


def _places(value: object) -> int:
    """How many places `repr(value)` writes, counted up to a little over the bound."""
    count = 0
    inside: set[int] = set()

    def visit(thing: object, depth: int) -> None:
        nonlocal count
        count += 1
        if type(thing) not in _NESTS or id(thing) in inside:
            return
        if depth == _DEEPEST:
            count = _MOST_PLACES + 1
            return
        inside.add(id(thing))
        for item in _items(thing):
            if count > _MOST_PLACES:
                break
            visit(item, depth + 1)
        inside.discard(id(thing))

    visit(value, 0)
    return count


def _items(nest: object) -> Iterator[object]:
    if isinstance(nest, dict):
        for pair in nest.items():
            yield from pair
    elif isinstance(nest, (list, tuple, set, frozenset)):
        yield from nest
