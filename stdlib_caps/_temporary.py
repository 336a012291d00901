"""How large SQLite's files for sorting and for intermediate results are.

Stops: a statement that sorts what does not fit into memory, and fills the disk of temporary files
meanwhile, where SQLite has no bound. The files have no name any more as soon as they are open; Linux
tells what is open in this process.
"""

from __future__ import annotations

import os
from typing import Final

__all__ = ["temporary_files"]

_OPEN: Final = "/proc/self/fd"
#: How SQLite calls them (SQLITE_TEMP_FILE_PREFIX).
_PREFIX: Final = "etilqs_"


def temporary_files() -> dict[int, int]:
    """The bytes on disk of each temporary file that SQLite has open in this process, by its inode; none
    where the system does not tell."""
    found = {}
    try:
        descriptors = os.listdir(_OPEN)
    except OSError:
        return {}
    for descriptor in descriptors:
        try:
            if _PREFIX in os.readlink(f"{_OPEN}/{descriptor}"):
                told = os.fstat(int(descriptor))
                found[told.st_ino] = told.st_blocks * 512
        except (OSError, ValueError):  # closed meanwhile
            continue
    return found
