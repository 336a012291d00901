"""Reading what the user names: programs by their declared encoding, data as bytes or UTF-8."""

from __future__ import annotations

import io
import os
import sys
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from capcompiler.cli.terminal import harmless
from capcompiler.errors import one_line

__all__ = [
    "STDIN",
    "Source",
    "Unreadable",
    "find_sources",
    "read_bytes",
    "read_source",
    "read_text",
    "take_stdin",
]

STDIN = "-"
_LARGEST_SOURCE = 64 * 2**20  # bytes; the compiler's own bound is lower and says so better
_STDIN_READ = "capcompiler.stdin"  # key in a click context's `meta`


@dataclass(frozen=True, slots=True)
class Source:
    """A program's text, and the name that its errors carry."""

    name: str
    text: str


class Unreadable(click.ClickException):
    """A file that cannot be read as what it should be. name: as the user typed it."""

    exit_code = 2

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(harmless(f"{one_line(name, 4096)}: {reason}"))
        self.name = name
        self.reason = reason


def read_source(path: str) -> Source:
    """The program in the file at `path`, or in stdin for "-", decoded as Python decodes it.

    Line ends become newlines, as for a file that Python runs. Raises Unreadable.
    """
    name = "<stdin>" if path == STDIN else path
    raw = read_bytes(path, at_most=_LARGEST_SOURCE)
    # NUL is the compiler's to refuse, which names its place; 3.14 would refuse it here already.
    head = io.BytesIO(raw.replace(b"\0", b" "))
    try:
        encoding, _ = tokenize.detect_encoding(head.readline)
    except SyntaxError as error:  # an unknown coding line, or none and not UTF-8
        raise Unreadable(name, f"not Python text: {error.msg}") from None
    except LookupError as error:  # `# coding: hex`, where 3.14 looks for it
        raise Unreadable(name, f"cannot be decoded: {error}") from None
    return Source(name, _decode(raw, encoding, name))


def read_text(path: str) -> str:
    """The UTF-8 text of a data file, without a byte order mark, line ends as newlines."""
    return _decode(read_bytes(path), "utf-8-sig", path)


def read_bytes(path: str, *, at_most: int | None = None) -> bytes:
    """The bytes of the file at `path`, or of stdin for "-". Raises Unreadable.

    Stdin can be read once: a second reader would find nothing, and that would look like no data.
    """
    if path == STDIN:
        take_stdin()
    size = -1 if at_most is None else at_most + 1
    try:
        if path == STDIN:
            raw = sys.stdin.buffer.read(size)
        else:
            with open(path, "rb") as file:
                raw = file.read(size)
    except (OSError, ValueError) as error:
        raise Unreadable(path, _reason(error)) from None
    if at_most is not None and len(raw) > at_most:
        raise Unreadable(path, f"larger than {at_most:,} bytes, too large for a program")
    return raw


def take_stdin() -> None:
    """Note that this command reads stdin. Raises `click.UsageError` if it does so already."""
    context = click.get_current_context(silent=True)
    if context is None:
        return
    if context.meta.get(_STDIN_READ):
        raise click.UsageError("stdin (-) can be read for one thing only: the program or one grant")
    context.meta[_STDIN_READ] = True


def find_sources(paths: Sequence[str]) -> Iterator[str | Unreadable]:
    """The files to check: those named, and `*.py` in the directories named; each once, in order.

    Hidden directories and `__pycache__` inside a directory are left out. What cannot be listed
    comes out as the error, so that the other files are still checked.
    """
    seen: set[str] = set()
    for path in paths:
        for found in _walk(path) if path != STDIN and os.path.isdir(path) else [path]:
            if isinstance(found, Unreadable):
                yield found
            elif found not in seen:
                seen.add(found)
                yield found


def _walk(top: str) -> Iterator[str | Unreadable]:
    failed: list[OSError] = []
    for folder, inside, files in os.walk(top, onerror=failed.append):
        inside[:] = sorted(d for d in inside if not d.startswith(".") and d != "__pycache__")
        yield from (str(Path(folder, f)) for f in sorted(files) if f.endswith(".py"))
    yield from (Unreadable(str(error.filename or top), _reason(error)) for error in failed)


def _decode(raw: bytes, encoding: str, name: str) -> str:
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        byte = f"byte 0x{raw[error.start]:02x}" if error.start < len(raw) else "its end"
        shown = encoding.removesuffix("-sig")
        raise Unreadable(name, f"not {shown} text: {byte} on line {line} does not fit") from None
    except (LookupError, UnicodeError, ValueError) as error:  # `# coding: hex`, `undefined`
        raise Unreadable(name, f"cannot be decoded as {encoding}: {error}") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _reason(error: OSError | ValueError) -> str:
    match error:
        case FileNotFoundError():
            return "no such file"
        case IsADirectoryError():
            return "is a directory, not a file"
        case PermissionError():
            return "may not be read (permission denied)"
        case OSError(strerror=str(text)):
            return f"cannot be read: {text}"
        case _:
            return f"cannot be read: {error}"
