"""Every refusal of the package, one class each.

All derive from `CapError`. Texts follow one form: what was refused, where, and what to write instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

__all__ = [
    "CapError",
    "CapabilityError",
    "DialectError",
    "GuestError",
    "GuestFrame",
    "LimitExceeded",
    "Violation",
]


class CapError(Exception):
    """The base of every error that this package raises on purpose."""


def one_line(text: str, limit: int = 200) -> str:
    """A text as a part of a line, such as the name of a file: a guest that names its text writes no
    lines of a trace or a log, and neither does who names a file."""
    shown = text[:limit] + ("..." if len(text) > limit else "")
    if shown.isprintable():
        return shown
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in shown)


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing in a guest's source that the dialect refuses.

    code: `CAP` and three digits, stable between versions (docs/reference/errors.md lists them).
    line, end_line: 1-based. column, end_column: 0-based, in characters; the end is exclusive.
    text: the source line where it starts, without its line end ("" when there is none).
    """

    code: str
    message: str
    line: int
    column: int
    end_line: int
    end_column: int
    replacement: str
    filename: str = "<guest>"
    text: str = ""

    def caret(self) -> str:
        """The source line with a line of carets under the refused span, or "" without source."""
        if not self.text or self.column >= len(self.text):
            return f"    {self.text[:80]}..." if self.text else ""
        end = self.end_column if self.end_line == self.line else len(self.text)
        width = max(1, min(end, len(self.text)) - self.column)
        shown = "".join(c if c.isprintable() else " " for c in self.text)
        return f"    {shown}\n    {' ' * self.column}{'^' * width}"

    def __str__(self) -> str:
        where = f"{one_line(self.filename, 4096)}:{self.line}:{self.column + 1}"
        lines = [f"{where}: {self.code} {self.message}"]
        caret = self.caret()
        if caret:
            lines.append(caret)
        if self.replacement:
            lines.append(f"    instead: {self.replacement}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, str | int]:
        """The fields as plain data, for JSON."""
        return asdict(self)


class DialectError(CapError, SyntaxError):
    """The source is not a program of the dialect; nothing of it has run.

    violations: all of them, in order of place, never empty.
    As a `SyntaxError` it carries `lineno`, `offset`, `text` and `filename` of the first.
    """

    #: Python's own complaint, where it was Python's. The text of a SyntaxError is the parser's, and None
    #: where it is the compiler's; a MemoryError says that the parser has no room for the source.
    said: SyntaxError | MemoryError | None = None

    def __init__(self, violations: Sequence[Violation]) -> None:
        self.violations: tuple[Violation, ...] = tuple(violations)
        first = self.violations[0]
        super().__init__("\n".join(str(v) for v in self.violations))
        self.lineno = first.line
        self.offset = first.column + 1
        self.end_lineno = first.end_line
        self.end_offset = first.end_column + 1
        self.text = first.text
        self.filename = first.filename

    def __str__(self) -> str:
        return "\n".join(str(v) for v in self.violations)

    def __reduce__(self) -> tuple[type[DialectError], tuple[tuple[Violation, ...]]]:
        return (type(self), (self.violations,))


@dataclass(frozen=True, slots=True)
class GuestFrame:
    """One frame of guest code in a traceback: where it was, and the line of source there.

    column, end_column: what of `source` was at work, 0-based in characters, the end exclusive; both 0
    where that is not known. They do not count in comparisons.
    """

    filename: str
    line: int
    name: str
    source: str
    column: int = field(default=0, compare=False)
    end_column: int = field(default=0, compare=False)

    def caret(self) -> str:
        """Carets to stand under `source`; "" where it is all of it, or not known."""
        if not 0 <= self.column < self.end_column <= len(self.source):
            return ""
        if self.column == 0 and self.end_column == len(self.source):
            return ""
        return " " * self.column + "^" * (self.end_column - self.column)

    def __str__(self) -> str:
        text = f'  File "{self.filename}", line {self.line}, in {self.name}'
        return f"{text}\n    {self.source}" if self.source else text


class GuestError(CapError):
    """The guest raised, and nobody in it caught.

    exc_type: the name of the exception's class. message: its text, bounded in length.
    frames: guest frames only, outermost first. traceback: the same as text.
    exception: an instance of the nearest builtin exception, rebuilt from data.
    """

    def __init__(
        self,
        exc_type: str,
        message: str,
        frames: Sequence[GuestFrame] = (),
        exception: BaseException | None = None,
    ) -> None:
        super().__init__(f"{exc_type}: {message}" if message else exc_type)
        self.exc_type = exc_type
        self.message = message
        self.frames: tuple[GuestFrame, ...] = tuple(frames)
        self.exception = exception

    @property
    def traceback(self) -> str:
        """The guest's frames with their source lines, and the error, as Python prints them."""
        head = ["Traceback (most recent call last):"] if self.frames else []
        last = f"{self.exc_type}: {self.message}" if self.message else self.exc_type
        return "\n".join([*head, *(str(f) for f in self.frames), last])

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.exc_type, self.message, self.frames, self.exception))


class CapabilityError(GuestError):
    """A refused use of authority: not granted, revoked, out of its turn, or not a capability.

    Also what a host sees when a guest leaves the `PermissionError` of such a refusal uncaught.
    """

    def __init__(
        self,
        message: str,
        frames: Sequence[GuestFrame] = (),
        exception: BaseException | None = None,
    ) -> None:
        super().__init__("PermissionError", message, frames, exception or PermissionError(message))
        self.args = (message,)

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.message, self.frames, self.exception))


class LimitExceeded(CapError):
    """The turn was stopped because a budget ran out.

    kind: "steps", "seconds", "memory", "output" or "depth".
    limit, used: in the kind's unit (steps, seconds, bytes, characters, calls).
    """

    def __init__(self, kind: str, limit: float, used: float) -> None:
        super().__init__(f"the guest used up its {kind}: limit {limit:,}, used {used:,}")
        self.kind = kind
        self.limit = limit
        self.used = used

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.kind, self.limit, self.used))
