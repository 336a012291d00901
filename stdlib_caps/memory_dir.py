"""A directory that is on no disk."""

from __future__ import annotations

import errno
import io
import threading
from collections.abc import Mapping
from typing import Any, Final

from stdlib_caps._paths import components
from stdlib_caps._tree import MODES, Found, Parts
from stdlib_caps.dir import MAX_FILE, Dir
from stdlib_caps.file import OpenFiles

__all__ = ["MemoryDir"]

MAX_ENTRIES: Final = 100_000


class MemoryDir(Dir):
    """A directory in memory, with the same face as `Dir`: for tests, and for guests whose files
    nobody else is to see.

    files: what is in it at first, by path: text or bytes. max_bytes: what all files together may hold.
    """

    __cap_travels__ = True

    def __getstate__(self) -> dict[str, Any]:
        # What is open stays where it is.
        return {n: v for n, v in vars(self).items() if n != "_files"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._files = OpenFiles()

    def __init__(
        self, files: Mapping[str, str | bytes] | None = None, *, max_bytes: int = MAX_FILE
    ) -> None:
        if type(max_bytes) is not int or max_bytes <= 0:
            raise ValueError("MemoryDir: max_bytes: wanted a whole number above 0")
        self._fill(MemoryTree(max_bytes), True, max_bytes)
        for path, data in (files or {}).items():
            parent = "/".join(components(path)[:-1])
            if parent:
                self.mkdir(parent, parents=True, exist_ok=True)
            if isinstance(data, str):
                self.write_text(path, data)
            else:
                self.write_bytes(path, data)


class _Node:
    """A file. One without a name takes room as long as it is open: else a guest removes what it has
    open, and fills the host's memory."""

    __slots__ = ("data", "named", "opened")

    def __init__(self) -> None:
        self.data = bytearray()
        self.named = True
        self.opened = 0


Folder = dict[str, Any]


class MemoryTree:
    """Files and folders as dictionaries."""

    def __init__(self, max_bytes: int) -> None:
        self.root: Folder = {}
        self.max_bytes = max_bytes
        self.used = 0
        self.entries = 0
        self.lock = threading.RLock()

    def __getstate__(self) -> dict[str, Any]:
        with self.lock:
            return {n: v for n, v in vars(self).items() if n != "lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.lock = threading.RLock()

    def _folder(self, parts: Parts) -> Folder:
        at: Any = self.root
        for name in parts:
            if type(at) is not dict:
                raise NotADirectoryError(errno.ENOTDIR, "Not a directory")
            at = at.get(name)
            if at is None:
                raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        if type(at) is not dict:
            raise NotADirectoryError(errno.ENOTDIR, "Not a directory")
        return at

    def _entry(self, parts: Parts) -> Any:
        if not parts:
            return self.root
        found = self._folder(parts[:-1]).get(parts[-1])
        if found is None:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        return found

    def _add(self, parts: Parts, entry: Any) -> None:
        if self.entries >= MAX_ENTRIES:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._folder(parts[:-1])[parts[-1]] = entry
        self.entries += 1

    def _unnamed(self, node: _Node) -> None:
        node.named = False
        self.free(node)

    def free(self, node: _Node) -> None:
        """Give back the room of a file that nothing leads to any more."""
        if not node.named and not node.opened:
            self.grow(-len(node.data))
            node.data = bytearray()

    def grow(self, size: int) -> None:
        """Take so many bytes of the room there is, or give them back."""
        with self.lock:
            if self.used + size > self.max_bytes:
                raise OSError(errno.ENOSPC, "No space left on device")
            self.used += size

    def open(self, parts: Parts, mode: str, most: int) -> io.RawIOBase:
        reads, writes, makes, new, empties, appends = MODES[mode]
        with self.lock:
            try:
                node = self._entry(parts)
            except FileNotFoundError:
                if not makes:
                    raise
                node = _Node()
                self._add(parts, node)
            else:
                if new:
                    raise FileExistsError(errno.EEXIST, "File exists")
                if type(node) is dict:
                    raise IsADirectoryError(errno.EISDIR, "Is a directory")
                if empties:
                    self.grow(-len(node.data))
                    node.data = bytearray()
            return _Raw(self, node, reads, writes, appends, most)

    def scan(self, parts: Parts) -> list[tuple[str, str]]:
        with self.lock:
            folder = self._folder(parts)
            return sorted((n, "dir" if type(e) is dict else "file") for n, e in folder.items())

    def find(self, parts: Parts) -> Found:
        with self.lock:
            entry = self._entry(parts)
            if type(entry) is dict:
                return Found("dir", 0, None)
            return Found("file", len(entry.data), None)

    def mkdir(self, parts: Parts) -> None:
        with self.lock:
            if parts[-1] in self._folder(parts[:-1]):
                raise FileExistsError(errno.EEXIST, "File exists")
            self._add(parts, {})

    def unlink(self, parts: Parts) -> None:
        with self.lock:
            entry = self._entry(parts)
            if type(entry) is dict:
                raise IsADirectoryError(errno.EISDIR, "Is a directory")
            self._unnamed(entry)
            self._drop(parts)

    def rmdir(self, parts: Parts) -> None:
        with self.lock:
            if self._folder(parts):
                raise OSError(errno.ENOTEMPTY, "Directory not empty")
            self._drop(parts)

    def _drop(self, parts: Parts) -> None:
        del self._folder(parts[:-1])[parts[-1]]
        self.entries -= 1

    def rename(self, source: Parts, target: Parts) -> None:
        with self.lock:
            entry = self._entry(source)
            if target == source:
                return
            if target[: len(source)] == source:
                raise OSError(errno.EINVAL, "Invalid argument")
            into = self._folder(target[:-1])
            there = into.get(target[-1])
            if there is not None:
                if type(there) is dict:
                    if type(entry) is not dict:
                        raise IsADirectoryError(errno.EISDIR, "Is a directory")
                    self.rmdir(target)
                elif type(entry) is dict:
                    raise NotADirectoryError(errno.ENOTDIR, "Not a directory")
                else:
                    self.unlink(target)
            del self._folder(source[:-1])[source[-1]]
            into[target[-1]] = entry

    def replace(self, parts: Parts, data: bytes) -> None:
        with self.lock:
            folder = self._folder(parts[:-1])
            there = folder.get(parts[-1])
            if type(there) is dict:
                raise IsADirectoryError(errno.EISDIR, "Is a directory")
            freed = 0 if there is None or there.opened else len(there.data)
            self.grow(len(data) - freed)
            node = _Node()
            node.data += data
            if there is None:
                try:
                    self._add(parts, node)
                except OSError:
                    self.grow(-len(data))
                    raise
            else:
                folder[parts[-1]] = node
                there.named = False
                if not there.opened:
                    there.data = bytearray()  # its room was counted above


class _Raw(io.RawIOBase):
    """A file in memory, open."""

    def __init__(
        self, tree: MemoryTree, node: _Node, reads: bool, writes: bool, appends: bool, most: int
    ) -> None:
        self._tree, self._node = tree, node
        self._reads, self._writes, self._appends = reads, writes, appends
        self._most, self._at = most, len(node.data) if appends else 0
        node.opened += 1

    def close(self) -> None:
        with self._tree.lock:
            if not self.closed:
                self._node.opened -= 1
                self._tree.free(self._node)
        super().close()

    def readable(self) -> bool:
        return self._reads

    def writable(self) -> bool:
        return self._writes

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        with self._tree.lock:
            part = self._node.data[self._at : self._at + len(buffer)]
            buffer[: len(part)] = part
            self._at += len(part)
            return len(part)

    def write(self, data: Any, /) -> int:
        part = bytes(data)
        with self._tree.lock:
            node = self._node
            if self._appends:
                self._at = len(node.data)
            end = self._at + len(part)
            if end > self._most:
                raise OSError(errno.EFBIG, f"the file would be larger than {self._most:,} bytes")
            self._resize(max(end, len(node.data)))
            node.data[self._at : end] = part
            self._at = end
            return len(part)

    def _resize(self, size: int) -> None:
        data = self._node.data
        self._tree.grow(size - len(data))
        if size < len(data):
            del data[size:]
        else:
            data.extend(bytes(size - len(data)))

    def seek(self, offset: int, whence: int = 0, /) -> int:
        with self._tree.lock:
            start = (0, self._at, len(self._node.data))[whence]
            if start + offset < 0:
                raise OSError(errno.EINVAL, "Invalid argument")
            self._at = start + offset
            return self._at

    def truncate(self, size: int | None = None, /) -> int:
        with self._tree.lock:
            wanted = self._at if size is None else size
            if wanted > self._most:
                raise OSError(errno.EFBIG, f"the file would be larger than {self._most:,} bytes")
            self._resize(wanted)
            return wanted
