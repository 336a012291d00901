"""Errors over the wire: rebuilt from data on both sides, as the membrane does.

Stops: a worker that has been taken over and sends an error of a class of its choice. The classes are
those of this package and the builtin ones that a host can be given; texts are bounded and fit to print.
"""

from __future__ import annotations

import math
from typing import Any, Final

from capcompiler.errors import (
    CapabilityError,
    CapError,
    DialectError,
    GuestError,
    GuestFrame,
    LimitExceeded,
    Violation,
)
from capcompiler.isolation.wire import WireError
from capcompiler.membrane.exceptions import MAX_FRAMES, MAX_TEXT, one_line, printable, rebuilt
from guards.tables.errors import EXCEPTIONS, GuestInterrupt

__all__ = ["WorkerDied", "fault_of", "from_fault", "from_guest", "guest_fault"]

_KINDS: Final = frozenset({"steps", "seconds", "memory", "output", "depth"})
_PLAIN: Final = frozenset({str, int, float, bool, bytes, type(None)})
_CLASSES: Final = {**EXCEPTIONS, "KeyboardInterrupt": KeyboardInterrupt}
_LONGEST: Final = MAX_TEXT + 3
_VIOLATIONS: Final = 10_000
_VIOLATION: Final[dict[str, type]] = {
    "code": str, "message": str, "line": int, "column": int, "end_line": int, "end_column": int,
    "replacement": str, "filename": str, "text": str,
}  # fmt: skip


class WorkerDied(CapError):
    """The worker process of a compartment has ended, or was ended because it broke the rules of the
    wire; the compartment is closed, and its pool goes on."""


def _data(error: BaseException | None) -> Any:
    """A builtin exception as data; None for one that is none."""
    if error is None or _CLASSES.get(type(error).__name__) is not type(error):
        return None
    given = error.args
    if isinstance(error, OSError) and type(error.filename) is str and len(given) == 2:
        given = (*given, error.filename)  # as it is made from
    args = [a for a in given if type(a) in _PLAIN]
    return [type(error).__name__, tuple(args) if len(args) == len(given) else (str(error),)]


def fault_of(error: BaseException) -> list[Any]:
    """An error that a turn ends in, as data."""
    if isinstance(error, DialectError):
        rows = [list(v.to_dict().values()) for v in error.violations]
        return ["dialect", rows]
    if isinstance(error, LimitExceeded):
        return ["limit", error.kind, error.limit, error.used]
    if isinstance(error, GuestError):
        frames = [[f.filename, f.line, f.name, f.source, f.column, f.end_column] for f in error.frames]
        kind = "refused" if isinstance(error, CapabilityError) else "guest"
        return [kind, error.exc_type, error.message, frames, _data(error.exception)]
    if isinstance(error, CapError):
        return ["cap", str(error)]
    return ["host", _data(error) or ["RuntimeError", (f"the worker failed: {type(error).__name__}",)]]


def from_fault(fault: Any, filename: str) -> BaseException:
    """The error that a worker tells of. Raises `WireError`. filename: what the program is called."""
    if type(fault) is not list or not fault:
        raise WireError("an error of no kind")
    kind, *parts = fault
    try:
        if kind == "limit":
            which, limit, used = parts
            if which not in _KINDS or not (_number(limit) and _number(used)):
                raise WireError("a limit that is none")
            return LimitExceeded(which, limit, used)
        if kind in ("guest", "refused"):
            name, message, frames, data = parts
            shown = [_frame(f) for f in _list(frames, MAX_FRAMES)]
            if kind == "refused":
                return CapabilityError(_text(message), shown, None if data is None else _made(data))
            data = None if data is None else _made(data)
            return GuestError(one_line(_text(name)), _text(message), shown, data)
        if kind == "dialect":
            (rows,) = parts
            found = [_violation(r) for r in _list(rows, _VIOLATIONS)]
            if found:
                return DialectError(found)
        if kind == "cap":
            return CapError(_text(parts[0]))
        if kind == "host":
            made = _made(parts[0])
            if isinstance(made, Exception):
                return made
    except (ValueError, TypeError, IndexError):
        pass
    raise WireError("an error of no kind")


def guest_fault(error: BaseException) -> list[Any]:
    """An exception that a capability raises in the guest, as data: it is of a builtin class."""
    if type(error) is GuestInterrupt:
        return ["KeyboardInterrupt", (str(error),)]
    return _data(error) or ["RuntimeError", (str(error),)]


def from_guest(fault: Any) -> BaseException:
    """The exception that a capability raises in the guest."""
    made = _made(fault)
    return GuestInterrupt(*made.args) if type(made) is KeyboardInterrupt else made


def _made(data: Any) -> BaseException:
    name, args = data
    kind = _CLASSES.get(name) if type(name) is str else None
    if kind is None or type(args) is not tuple or len(args) > 100:
        raise WireError("an exception of no kind")
    if any(type(a) not in _PLAIN for a in args):
        raise WireError("an exception that holds no data")
    clean = tuple(_cleaned(a) for a in args)
    return rebuilt(kind, clean, str(clean[0]) if clean else "")


def _cleaned(value: Any) -> Any:
    if type(value) is str:
        return _text(value)
    if type(value) is bytes:
        return value[:MAX_TEXT]
    if type(value) is int and value.bit_length() > MAX_TEXT:
        raise WireError("an exception with too large a number")
    return value


def _number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and 0 <= value < 2**70


def _text(value: Any) -> str:
    if type(value) is not str:
        raise WireError("a text that is none")
    return printable(value[:_LONGEST])


def _list(value: Any, most: int) -> list[Any]:
    if type(value) is not list or len(value) > most:
        raise WireError("a list that is none")
    return value


def _frame(row: Any) -> GuestFrame:
    filename, line, name, source, column, end = row
    if type(line) is not int or type(column) is not int or type(end) is not int:
        raise WireError("a line that is none")
    shown = _text(source)
    if not 0 <= column <= end <= len(shown):
        raise WireError("a place outside its line")
    return GuestFrame(one_line(_text(filename)), line, one_line(_text(name)), shown, column, end)


def _violation(row: Any) -> Violation:
    if type(row) is not list or len(row) != len(_VIOLATION):
        raise WireError("a violation that is none")
    for value, kind in zip(row, _VIOLATION.values(), strict=True):
        if type(value) is not kind:
            raise WireError("a violation that is none")
    fields: list[Any] = [v if type(v) is int else v[:_LONGEST] for v in row]
    return Violation(*fields)
