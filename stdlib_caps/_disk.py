"""A tree of files on a disk, entered one name at a time from a descriptor that was opened once.

Stops: ways out by symbolic links, and by races. No path of more than one name is ever handed to the
system: each directory on the way is opened relative to the one before and never through a link, so
whatever another process swaps meanwhile, what is reached lies in the tree (the rule of `openat`,
`O_NOFOLLOW`; cap-std; CVE-2021-21300 for what comes of checking first and opening later).
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
import weakref
from collections.abc import Iterator
from typing import Any, Final

from stdlib_caps._paths import is_unfinished, unfinished_name
from stdlib_caps._tree import LINK, MODES, Found, Parts

__all__ = ["DiskTree", "can_confine"]

_WAY: Final = (
    os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
    if hasattr(os, "O_DIRECTORY")
    else 0
)
_LIST: Final = _WAY & ~getattr(os, "O_PATH", 0)
#: Opening a FIFO does not wait, a terminal does not become ours, a link is not followed.
_FILE: Final = (
    os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY if hasattr(os, "O_NOFOLLOW") else 0
)


def can_confine() -> bool:
    """Whether this system opens files relative to a directory without following links."""
    return bool(_WAY) and {os.open, os.stat, os.mkdir, os.unlink, os.rename} <= os.supports_dir_fd


def kind_of(mode: int) -> str:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "dir"
    return LINK if stat.S_ISLNK(mode) else "other"


class DiskTree:
    """The tree under a directory. times: whether `find` tells when files were changed."""

    __slots__ = ("__weakref__", "_root", "_times")

    def __init__(self, root: int, times: bool) -> None:
        self._root = root
        self._times = times
        weakref.finalize(self, os.close, root)

    @contextlib.contextmanager
    def _inside(self, parts: Parts, flags: int = _WAY) -> Iterator[int]:
        """A descriptor of a directory in the tree."""
        at = os.open(".", flags if not parts else _WAY, dir_fd=self._root)
        try:
            for i, name in enumerate(parts):
                try:
                    below = os.open(name, flags if i == len(parts) - 1 else _WAY, dir_fd=at)
                except OSError as error:
                    raise _explained(error, at, name) from None
                at, above = below, at
                os.close(above)
            yield at
        finally:
            os.close(at)

    def open(self, parts: Parts, mode: str, most: int) -> io.RawIOBase:
        reads, writes, makes, new, empties, appends = MODES[mode]
        *above, name = parts or (".",)
        with self._inside(tuple(above)) as at:
            flags = _FILE | (os.O_RDWR if reads and writes else os.O_WRONLY if writes else os.O_RDONLY)
            # Looked at first: opening a device or a FIFO may do something by itself.
            kind = _kind_at(at, name)
            if kind is not None:
                _only_files(kind)
            flags |= os.O_APPEND if appends else 0
            flags |= (os.O_CREAT if makes else 0) | (os.O_EXCL if new else 0)
            try:
                fd = os.open(name, flags, 0o666, dir_fd=at)
            except OSError as error:
                raise _explained(error, at, name) from None
        try:
            # And again, now that it cannot be swapped any more. It is emptied after that only.
            _only_files(kind_of(os.fstat(fd).st_mode))
            if empties:
                os.ftruncate(fd, 0)
            os.set_blocking(fd, True)
            of_io = "a" if appends else "r" if reads else "w"
            return _File(fd, of_io + ("+" if reads and writes else ""), most)
        except BaseException:
            with contextlib.suppress(OSError):
                os.close(fd)
            raise

    def scan(self, parts: Parts) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        with self._inside(parts, _LIST) as at, os.scandir(at) as entries:
            for entry in entries:
                if is_unfinished(entry.name):
                    continue
                kind = "other"
                if entry.is_symlink():
                    kind = LINK
                elif entry.is_dir(follow_symlinks=False):
                    kind = "dir"
                elif entry.is_file(follow_symlinks=False):
                    kind = "file"
                found.append((entry.name, kind))
                if len(found) > MAX_ENTRIES:
                    raise OSError(errno.EFBIG, f"the directory has more than {MAX_ENTRIES:,} entries")
        return sorted(found)

    def find(self, parts: Parts) -> Found:
        *above, name = parts or (".",)
        with self._inside(tuple(above)) as at:
            told = os.stat(name, dir_fd=at, follow_symlinks=False)
        kind = kind_of(told.st_mode)
        size = told.st_size if kind == "file" else 0
        return Found(kind, size, told.st_mtime if self._times else None)

    def mkdir(self, parts: Parts) -> None:
        with self._inside(parts[:-1]) as at:
            os.mkdir(parts[-1], dir_fd=at)

    def unlink(self, parts: Parts) -> None:
        with self._inside(parts[:-1]) as at:
            if _kind_at(at, parts[-1]) == "dir":
                raise IsADirectoryError(errno.EISDIR, "Is a directory")
            os.unlink(parts[-1], dir_fd=at)

    def rmdir(self, parts: Parts) -> None:
        with self._inside(parts[:-1]) as at:
            os.rmdir(parts[-1], dir_fd=at)

    def rename(self, source: Parts, target: Parts) -> None:
        with self._inside(source[:-1]) as out, self._inside(target[:-1]) as into:
            os.rename(source[-1], target[-1], src_dir_fd=out, dst_dir_fd=into)

    def replace(self, parts: Parts, data: bytes) -> None:
        name = parts[-1]
        with self._inside(parts[:-1]) as at:
            mode = None
            try:
                told = os.stat(name, dir_fd=at, follow_symlinks=False)
            except FileNotFoundError:
                pass
            else:
                _only_files(kind_of(told.st_mode))
                mode = stat.S_IMODE(told.st_mode) & 0o777
            # A name that nobody can lay a link under beforehand; O_EXCL refuses one all the same.
            part = unfinished_name()
            fd = os.open(part, _FILE | os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666, dir_fd=at)
            try:
                try:
                    rest = memoryview(data)
                    while rest:
                        rest = rest[os.write(fd, rest) :]
                    if mode is not None:
                        os.fchmod(fd, mode)
                    os.fsync(fd)
                finally:
                    os.close(fd)
                os.rename(part, name, src_dir_fd=at, dst_dir_fd=at)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(part, dir_fd=at)
                raise


MAX_ENTRIES: Final = 100_000


def _kind_at(at: int, name: str) -> str | None:
    try:
        return kind_of(os.stat(name, dir_fd=at, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return None


def _only_files(kind: str) -> None:
    if kind == "dir":
        raise IsADirectoryError(errno.EISDIR, "Is a directory")
    if kind == LINK:
        raise OSError(errno.ELOOP, "a symbolic link, and links are not followed")
    if kind != "file":
        raise PermissionError(errno.EACCES, "a device, FIFO or socket, and no file")


def _explained(error: OSError, at: int, name: str) -> OSError:
    """The error, saying so where a link was in the way."""
    with contextlib.suppress(OSError):
        if _kind_at(at, name) == LINK:
            return OSError(errno.ELOOP, "a symbolic link, and links are not followed")
    return error


class _File(io.FileIO):
    """An open file that refuses to grow past `most` bytes."""

    def __init__(self, fd: int, mode: str, most: int) -> None:
        super().__init__(fd, mode)
        self._most = most

    def write(self, data: Any, /) -> int:
        size = len(memoryview(data).cast("B"))
        at = os.fstat(self.fileno()).st_size if "a" in self.mode else self.tell()
        if at + size > self._most:
            raise OSError(errno.EFBIG, f"the file would be larger than {self._most:,} bytes")
        return super().write(data) or 0

    def truncate(self, size: int | None = None, /) -> int:
        wanted = self.tell() if size is None else size
        if wanted > self._most:
            raise OSError(errno.EFBIG, f"the file would be larger than {self._most:,} bytes")
        return super().truncate(wanted)
