"""Paths as guests name them, as the names on the way.

Stops: paths that lead out of a directory by their text: `..`, absolute ones, drives, NUL.
"""

from __future__ import annotations

import errno
import re
import secrets
from typing import Final

__all__ = ["components", "is_unfinished", "joined", "unfinished_name"]

_MAX_PATH: Final = 4096
_MAX_NAME: Final = 255
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_UNFINISHED: Final = re.compile(r"\.cap-[0-9a-f]{16}\.part")


def unfinished_name() -> str:
    """A name for a file that is about to be put in the place of another one."""
    return f".cap-{secrets.token_hex(8)}.part"


def is_unfinished(name: str) -> bool:
    """Whether a file is one of ours, which is listed to nobody."""
    return _UNFINISHED.fullmatch(name) is not None


def components(path: str) -> tuple[str, ...]:
    """The names on the way from the directory to what `path` names; none for the directory itself.

    Raises PermissionError for a path that would lead out of the directory, ValueError for a NUL, and
    OSError for one that is too long.
    """
    if "\0" in path:
        raise ValueError("embedded null character in the path")
    if len(path) > _MAX_PATH:
        raise OSError(errno.ENAMETOOLONG, "the path is too long")
    if path.startswith("/"):
        raise PermissionError(
            errno.EACCES,
            "an absolute path; paths start from the directory that was granted",
            path,
        )
    if "\\" in path or _DRIVE.match(path):
        raise PermissionError(
            errno.EACCES, "backslashes and drive letters are not part of paths here; use /", path
        )
    parts = tuple([p for p in path.split("/") if p not in ("", ".")])
    for part in parts:
        if part == "..":
            raise PermissionError(errno.EACCES, "'..' leads out of the directory that was granted", path)
        if len(part.encode("utf-8", "surrogatepass")) > _MAX_NAME:
            raise OSError(errno.ENAMETOOLONG, "a name in the path is too long", path)
        if is_unfinished(part):
            # A guest's file of that name would be there, and be listed to nobody.
            raise PermissionError(
                errno.EACCES, "names such as .cap-(16 digits).part are those of unfinished writes", path
            )
    return parts


def joined(*parts: str) -> str:
    """Names and paths put together as a path."""
    return "/".join(p for p in parts if p)
