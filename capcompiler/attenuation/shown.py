"""What was asked of a capability, as text for a person or a log.

Stops: a use that does more than it says. Whatever is left out is counted where it was, outside of any
quotes, so that no text of a guest's can say the same; and no text reads as another argument.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from capcompiler.membrane.data import ATOMS, CrossingError, base_of, reduced
from capcompiler.membrane.exceptions import one_line
from capcompiler.membrane.record import record_of

__all__ = ["shown_arguments", "shown_call", "shown_value"]

#: Characters: of a call, of one argument, and of one text in it.
_CALL: Final = 2_000
_VALUE: Final = 500
_TEXT: Final = 200
#: Digits of numbers cost their square.
_BITS: Final = 1_000
_DECIMAL_BYTES: Final = 1_000
_NESTED: Final = 6
_AROUND: Final[dict[Any, tuple[str, str]]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
    deque: ("deque([", "])"),
    dict: ("{", "}"),
    OrderedDict: ("OrderedDict({", "})"),
}


def shown_call(path: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """The call as it would be written, on one line, cut short where it says so."""
    said, named = shown_arguments(args, kwargs)
    parts = [*said, *(text if name == _REST else f"{name}={text}" for name, text in named.items())]
    return _line(f"{path or 'call'}({', '.join(parts)})")


_REST: Final = "..."


def shown_arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    """Arguments one by one, and those that are named by their names, quoted where they are none that
    can be written; under `...` how many are left out."""
    room = _Room(_CALL)
    said: list[str] = []
    named: dict[str, str] = {}
    for value in args:
        if room.left <= 0:
            break
        said.append(room.took(_value(value, min(room.left, _VALUE), _NESTED)))
    for name, value in kwargs.items():
        if room.left <= 0:
            break
        written = len(name) <= _TEXT and name.isascii() and name.isidentifier()
        plain = name if written else _text(name, _TEXT)
        room.took(plain)
        named[plain] = room.took(_value(value, min(room.left, _VALUE), _NESTED))
    rest = len(args) + len(kwargs) - len(said) - len(named)
    if rest:
        named[_REST] = f"... ({rest:,} more argument{'s' if rest > 1 else ''})"
    return [_line(text) for text in said], {_line(n): _line(text) for n, text in named.items()}


def shown_value(value: Any, *, nested: int = _NESTED) -> str:
    """Data in short; of anything else no more than what it is. No code of a guest's is called.
    nested: so deep are containers shown, and what is deeper by its length."""
    return _line(_value(value, _VALUE, nested))


class _Room:
    """How many characters are left to be shown."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left

    def took(self, text: str) -> str:
        self.left -= len(text) + 2
        return text


def _value(value: Any, most: int, nested: int) -> str:
    value = reduced(value)  # what a host gives may be of a subclass, and is shown as what it crosses as
    kind = type(value)
    if kind is str or kind is bytes or kind is bytearray:
        return _text(value, most)
    if kind is int and value.bit_length() > _BITS:
        return f"<a number of {value.bit_length():,} bits>"
    if kind is Decimal and value.__sizeof__() > _DECIMAL_BYTES:
        return "<a large Decimal>"
    if kind is Fraction:
        return _parts("Fraction(", (value.numerator, value.denominator), 2, ")", most, nested)
    if kind is range:
        return _parts("range(", (value.start, value.stop, value.step), 3, ")", most, nested)
    if kind in ATOMS:
        return _cut(repr(value), _TEXT)
    base = kind if kind in _AROUND else base_of(kind)
    if base in _AROUND:
        return _container(value, base, most, nested)
    if (record := record_of(kind)) is not None:
        try:
            fields = record.read(value, "")
        except CrossingError:
            return f"<a {kind.__name__} without its fields>"
        pairs = zip(record.names, fields, strict=True)
        return _parts(
            f"{kind.__name__}(", pairs, len(fields), ")", most, nested,
            lambda pair, left: f"{pair[0]}={_value(pair[1], left, nested - 1)}",
        )  # fmt: skip
    return "<capability>"


def _container(value: Any, kind: Any, most: int, nested: int) -> str:
    """kind: the type of it that is in the table, which it may be a subclass of."""
    start, end = _AROUND[kind]
    count: int = kind.__len__(value)
    if nested <= 0:
        return f"<{kind.__name__} of {count:,}>"
    if kind is set and not count:
        return "set()"
    if issubclass(kind, dict):
        return _parts(
            start, kind.items(value), count, end, most, nested,
            lambda pair, left: (
                f"{_value(pair[0], left, nested - 1)}: {_value(pair[1], left, nested - 1)}"
            ),
        )  # fmt: skip
    if kind is tuple and count == 1:
        end = "," + end
    return _parts(start, kind.__iter__(value), count, end, most, nested)


def _parts(
    start: str, items: Iterable[Any], count: int, end: str, most: int, nested: int,
    show: Callable[[Any, int], str] | None = None,
) -> str:  # fmt: skip
    """Items as far as there is room, and how many more there are."""
    room = _Room(most - len(start) - len(end))
    parts: list[str] = []
    for item in items:
        if room.left <= 0:
            parts.append(f"... ({count - len(parts):,} more)")
            break
        parts.append(
            room.took(_value(item, room.left, nested - 1) if show is None else show(item, room.left))
        )
    return f"{start}{', '.join(parts)}{end}"


def _text(value: Any, most: int) -> str:
    shown = max(0, min(_TEXT, most))
    return repr(value[:shown]) + (f"... ({len(value) - shown:,} more)" if len(value) > shown else "")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}... ({len(text) - most:,} more)"


def _line(text: str) -> str:
    return one_line(text, len(text))
