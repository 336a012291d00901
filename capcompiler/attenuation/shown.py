"""What was asked of a capability, as text for a person or a log."""

from __future__ import annotations

from typing import Any, Final

from capcompiler.membrane.data import ATOMS
from capcompiler.membrane.exceptions import one_line

__all__ = ["shown_call", "shown_value"]

_LONGEST: Final = 200
_PARTS: Final = 20


def shown_call(path: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """The call as it would be written, on one line, each argument cut short."""
    parts = [shown_value(a) for a in args[:_PARTS]]
    parts += [f"{n}={shown_value(a)}" for n, a in list(kwargs.items())[:_PARTS]]
    return _line(f"{path or 'call'}({', '.join(parts)})")


def shown_value(value: Any) -> str:
    """Data in short; of anything else no more than what it is. No code of a guest's is called."""
    kind = type(value)
    if kind is str or kind is bytes:
        return _line(repr(value[:_LONGEST]) + ("..." if len(value) > _LONGEST else ""))
    if kind is int and value.bit_length() > 1000:
        return "<a large number>"
    if kind in ATOMS:
        return _line(repr(value)[:_LONGEST])
    if kind in (list, tuple, dict, set, frozenset, bytearray):
        return f"<{kind.__name__} of {len(value)}>"
    return "<capability>"


def _line(text: str) -> str:
    return one_line(text, len(text))
