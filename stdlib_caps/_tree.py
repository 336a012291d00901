"""What a tree of files can do, whether it is on a disk or in memory."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final, Protocol

__all__ = ["LINK", "MODES", "Found", "Tree"]

#: What a mode of `open` stands for: (reads, writes, makes, must be new, empties, appends).
MODES: Final = {
    "r": (True, False, False, False, False, False),
    "r+": (True, True, False, False, False, False),
    "w": (False, True, True, False, True, False),
    "w+": (True, True, True, False, True, False),
    "x": (False, True, True, True, False, False),
    "x+": (True, True, True, True, False, False),
    "a": (False, True, True, False, False, True),
    "a+": (True, True, True, False, False, True),
}
LINK: Final = "link"

Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What stands at a path. kind: "file", "dir", "link" or "other". size: in bytes, of a file.
    modified: seconds since 1970, or None where the tree keeps no times."""

    kind: str
    size: int
    modified: float | None


class Tree(Protocol):
    """A tree of files. Paths are names on the way from its root, checked by `components`.

    Each method raises OSError with number and text. None follows a symbolic link.
    """

    def open(self, parts: Parts, mode: str, most: int) -> io.RawIOBase:
        """A file, of a mode in MODES, that refuses to grow past `most` bytes."""

    def scan(self, parts: Parts) -> list[tuple[str, str]]:
        """Names and kinds of what a directory holds, in order of names."""

    def find(self, parts: Parts) -> Found:
        """What stands there."""

    def mkdir(self, parts: Parts) -> None: ...

    def unlink(self, parts: Parts) -> None: ...

    def rmdir(self, parts: Parts) -> None: ...

    def rename(self, source: Parts, target: Parts) -> None: ...

    def replace(self, parts: Parts, data: bytes) -> None:
        """Put a whole file there: readers see the old one or the new one, and nothing between."""
