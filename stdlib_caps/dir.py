"""A directory as a capability: what is in it can be reached, and nothing else."""

from __future__ import annotations

import contextlib
import copy
import errno
import fnmatch
import io
import os
import re
from collections.abc import Iterator
from typing import Annotated, Any, Final

from capcompiler import Capability
from capcompiler.filling import filling
from capcompiler.membrane.arguments import AtMost
from stdlib_caps._disk import DiskTree, can_confine
from stdlib_caps._imported import imported_from
from stdlib_caps._paths import components, joined
from stdlib_caps._through import Through
from stdlib_caps._tree import MODES, Found, Tree
from stdlib_caps.file import File, OpenFiles, encoded, encoding_of, errors_of, newline_of, text_layer

__all__ = ["Dir", "Opener"]

MAX_FILE: Final = 64 * 2**20
MAX_FOUND: Final = 100_000
MAX_DEPTH: Final = 200

_Names = list[str]
_Walk = list[tuple[str, list[str], list[str]]]


#: What a use is told that would change a directory which is not to be changed.
NO_WRITES: Final = "the directory was granted for reading"


class _Search:
    """One search for the paths that fit a pattern. Each directory is read once, and looked through once
    for each rest of the pattern: by every way that `**/**/**` leads there it would be thousands."""

    def __init__(self, tree: Tree, start: tuple[str, ...], pattern: str) -> None:
        self.tree = tree
        self.start = start
        self.pattern = pattern
        self.found: dict[str, None] = {}
        self.read: dict[tuple[str, ...], list[tuple[str, str]]] = {}
        self.looked: set[tuple[tuple[str, ...], int]] = set()
        self.counted = 0

    def paths(self, wanted: tuple[str, ...]) -> _Names:
        self._look((), wanted)
        return sorted(self.found)

    def _names(self, at: tuple[str, ...]) -> list[tuple[str, str]]:
        names = self.read.get(at)
        if names is None:
            try:
                names = self.tree.scan((*self.start, *at))
            except OSError as error:
                if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES):
                    raise OSError(error.errno, error.strerror, self.pattern) from None
                names = []
            self.read[at] = names
        self.counted += len(names) + 1
        if self.counted > MAX_FOUND or len(self.start) + len(at) > MAX_DEPTH:
            raise OSError(errno.EFBIG, "there are too many files to look through", self.pattern)
        return names

    def _look(self, at: tuple[str, ...], wanted: tuple[str, ...]) -> None:
        if (at, len(wanted)) in self.looked:
            return
        self.looked.add((at, len(wanted)))
        names = self._names(at)
        first, rest = wanted[0], wanted[1:]
        # Not `fnmatchcase`, which keeps 32,768 patterns from 3.12 on: the host's memory for a guest's.
        fits = re.compile(fnmatch.translate(first)).match
        if first == "**":
            if rest:
                self._look(at, rest)
            elif at:
                self.found["/".join(at)] = None
            for name, kind in names:
                if kind == "dir" and not name.startswith("."):
                    self._look((*at, name), wanted)
            return
        for name, kind in names:
            hidden = name.startswith(".") and not first.startswith(".")
            if hidden or fits(name) is None:
                continue
            if not rest:
                self.found["/".join((*at, name))] = None
            elif kind == "dir":
                self._look((*at, name), rest)


#: What a directory that is not to be changed offers.
_READS = """
    open read_text read_bytes list walk stat exists is_file is_dir subdir glob open_builtin module
"""


class ImportedByHost(PermissionError):
    """A directory cannot be granted for writing: the host runs what lies there. why: how so."""

    def __init__(self, path: Any, why: str) -> None:
        super().__init__(
            f"Dir: {path!r} is {why}: what a guest writes there the host may run; "
            "grant a directory beside it, write=False, or say importable=True"
        )
        self.why = why


class _Ambient(type):
    """Gives `Dir` its constructor without making it a method that a guest could call."""

    def open_ambient(
        cls, path: str | os.PathLike[str], *, write: bool = True, importable: bool = False,
        max_file: int = MAX_FILE, times: bool = False,
    ) -> Dir:  # fmt: skip
        """A directory of this machine, by any path.

        write: whether what is in it can be changed. importable: allow that although the host imports
        modules from there. max_file: the bytes that one file may have, to be read at once or written.
        times: whether `stat` tells when files were changed; a guest that writes a file can read that
        as a clock.
        Raises OSError, and PermissionError for a writable directory on the import path, or in which
        the host works; ValueError for a `max_file` that is none.

        Ambient authority: opens whatever the path names, with the rights of this process.
        """
        if cls is not Dir:
            raise TypeError(f"{cls.__name__}: it is no directory of this machine; write Dir")
        if not can_confine():
            raise NotImplementedError("Dir: this system does not open files relative to a directory")
        if type(max_file) is not int or not 0 < max_file < 2**62:
            raise ValueError("Dir: max_file: wanted a whole number of bytes above 0")
        root = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            why = imported_from(root, os.path.realpath(path)) if write and not importable else ""
            if why:
                raise ImportedByHost(os.fspath(path), why)
        except BaseException:
            os.close(root)
            raise
        return _directory(DiskTree(root, times), write, max_file)


def _directory(tree: Tree, write: bool, max_file: int) -> Dir:
    made: Dir = object.__new__(Dir)
    made._fill(tree, write, max_file)
    return made


class Dir(Capability, metaclass=_Ambient, reads=_READS):
    """A directory and what is below it. Made by `Dir.open_ambient(path)`, or as a `subdir` of another.

    Paths are relative, with `/`; nothing that leads out is followed: no `..`, no absolute path, no
    symbolic link, whoever puts one there and whenever. Devices, FIFOs and sockets are not opened.
    Errors are those of Python's own `open` and `os`, and name the path as it was given.
    """

    _tree: Tree
    _at: tuple[str, ...]
    _write: bool
    _max: int
    _files: OpenFiles

    def __init__(self) -> None:
        raise TypeError("Dir: write Dir.open_ambient(path), which says what it takes")

    def _fill(self, tree: Tree, write: bool, max_file: int) -> None:
        self._tree, self._at, self._write, self._max = tree, (), write, max_file
        self._files = OpenFiles()

    def _cap_readonly(self) -> Dir:
        if not self._write:
            return self
        made = copy.copy(self)
        made._write = False
        return made

    def _cap_refused(self) -> frozenset[str]:
        return frozenset() if self._write else self._cap_changing()

    # Files

    def open(
        self, path: str, mode: str = "r", buffering: int = -1, encoding: str | None = None,
        errors: str | None = None, newline: str | None = None,
    ) -> File:  # fmt: skip
        """A file, as Python's `open` gives it. Text is UTF-8 unless `encoding` says otherwise."""
        binary = "b" in mode
        plain = mode.replace("b", "", 1) if binary else mode.replace("t", "", 1)
        plain = plain[0] + "+" if len(plain) == 2 and plain[1] == "+" and plain[0] in "rwxa" else plain
        if plain not in MODES:
            raise ValueError(f"invalid mode: {mode[:20]!r}")
        if binary and (encoding is not None or errors is not None or newline is not None):
            raise ValueError("binary mode takes no encoding, errors or newline")
        if not binary:
            encoding_of(encoding)
            errors_of(errors)
            newline_of(newline)
        if plain != "r":
            self._check_write(path)
        self._files.enter()
        try:
            with self._named(path):
                raw = self._tree.open(self._parts(path), plain, self._max)
            stream: Any = io.BufferedReader(raw) if plain == "r" else Through(raw)
            if not binary:
                stream = text_layer(stream, encoding, errors, newline)
            return File(stream, path, mode, self._max, self._files)
        except BaseException:
            self._files.leave()
            raise

    def read_text(self, path: str, encoding: str | None = None, errors: str | None = None) -> str:
        """The text of a file."""
        data = self.read_bytes(path)
        try:
            text = data.decode(encoding_of(encoding), errors_of(errors))
        except UnicodeError as error:
            problem = ValueError(f"{path}: {error}"[:300])
        else:
            return text.replace("\r\n", "\n").replace("\r", "\n")
        raise problem

    def read_bytes(self, path: str) -> bytes:
        """The bytes of a file."""
        with self._named(path):
            raw = self._tree.open(self._parts(path), "r", self._max)
            with io.BufferedReader(raw) as stream:
                data: bytes = stream.read(self._max + 1)
        if len(data) > self._max:
            raise OSError(errno.EFBIG, f"the file is larger than {self._max:,} bytes", path)
        return data

    def write_text(
        self, path: str, text: Annotated[str, AtMost(MAX_FILE)], encoding: str | None = None,
        errors: str | None = None, newline: str | None = None,
    ) -> int:  # fmt: skip
        """Put a text into a file, in the place of what was there; gives its characters. It is there
        whole or not at all."""
        newline_of(newline)
        ended = text.replace("\n", newline) if newline in ("\r", "\r\n") else text
        try:
            with self._named(path):
                data = encoded(ended, encoding, errors, self._max)
        except UnicodeError as error:
            problem = ValueError(f"{path}: {error}"[:300])
        else:
            self._replace(path, data)
            return len(text)
        raise problem

    def write_bytes(self, path: str, data: Annotated[bytes | bytearray, AtMost(MAX_FILE)]) -> int:
        """Put bytes into a file, in the place of what was there; gives how many. They are there whole
        or not at all."""
        self._replace(path, bytes(data))
        return len(data)

    def _replace(self, path: str, data: bytes) -> None:
        self._check_write(path)
        if len(data) > self._max:
            raise OSError(errno.EFBIG, f"the file would be larger than {self._max:,} bytes", path)
        with self._named(path):
            self._tree.replace(self._named_parts(path), data)

    # What is there

    def list(self, path: str = "") -> _Names:
        """The names in a directory, in their order."""
        with self._named(path):
            return [name for name, _ in self._tree.scan(self._parts(path))]

    def stat(self, path: str = "") -> dict[str, Any]:
        """What stands there: `kind` ("file", "dir", "link" or "other"), `size` in bytes, and
        `modified`, in seconds since 1970, where the grant tells times."""
        found = self._find(path)
        told: dict[str, Any] = {"kind": found.kind, "size": found.size}
        if found.modified is not None:
            told["modified"] = found.modified
        return told

    def exists(self, path: str) -> bool:
        """Whether something stands there."""
        return self._kind(path) != ""

    def is_file(self, path: str) -> bool:
        """Whether a file stands there."""
        return self._kind(path) == "file"

    def is_dir(self, path: str) -> bool:
        """Whether a directory stands there."""
        return self._kind(path) == "dir"

    def walk(self, path: str = "") -> _Walk:
        """Each directory from `path` down, with the names of the directories and of all else in it."""
        found = []
        entries = 0
        rest = [(path, self._parts(path))]
        while rest:
            at, parts = rest.pop()
            with self._named(at):
                names = self._tree.scan(parts)
            entries += len(names) + 1
            if entries > MAX_FOUND or len(parts) > MAX_DEPTH:
                raise OSError(errno.EFBIG, "there are too many files to walk over", path)
            folders = [name for name, kind in names if kind == "dir"]
            found.append((at, folders, [name for name, kind in names if kind != "dir"]))
            rest += [(joined(at.rstrip("/"), name), (*parts, name)) for name in reversed(folders)]
        return found

    def glob(self, pattern: Annotated[str, AtMost(1000)]) -> _Names:
        """The paths that fit a pattern: `*`, `?` and `[...]` in a name, `**` for any directories."""
        wanted = components(pattern)
        if not wanted:
            raise ValueError("glob: the pattern is empty")
        return _Search(self._tree, self._at, pattern).paths(wanted)

    # Changing it

    def mkdir(self, path: str, parents: bool = False, exist_ok: bool = False) -> None:
        """Make a directory; with `parents` also those on the way to it."""
        self._check_write(path)
        parts = self._named_parts(path)
        start = len(self._at) + 1 if parents else len(parts)
        for end in range(start, len(parts) + 1):
            last = end == len(parts)
            try:
                with self._named(path):
                    self._tree.mkdir(parts[:end])
            except FileExistsError:
                if (last and not exist_ok) or self._tree.find(parts[:end]).kind != "dir":
                    raise

    def remove(self, path: str) -> None:
        """Take a file away; of a symbolic link the link, never what it points to."""
        self._check_write(path)
        with self._named(path):
            self._tree.unlink(self._named_parts(path))

    def rmdir(self, path: str) -> None:
        """Take an empty directory away."""
        self._check_write(path)
        with self._named(path):
            self._tree.rmdir(self._named_parts(path))

    def rename(self, source: str, target: str) -> None:
        """Give a file or directory another name or place in this directory, in the place of a file
        that is there."""
        self._check_write(source)
        with self._named(source):
            self._tree.rename(self._named_parts(source), self._named_parts(target))

    # Parts of it

    def subdir(self, path: str, write: bool | None = None) -> Dir:
        """A directory in it, as a capability of its own. write=False: to be read only."""
        parts = self._parts(path)
        with self._named(path):
            if self._tree.find(parts).kind != "dir":
                raise NotADirectoryError(errno.ENOTDIR, "Not a directory", path)
        made = copy.copy(self)
        made._at = parts
        made._write = self._write and write is not False
        return made

    def open_builtin(self) -> Opener:
        """A function in the place of Python's `open`, over this directory."""
        return Opener(self)

    def module(self) -> Capability:
        """This directory, with `open`, `os` and `pathlib` filled in for who is granted it."""
        return filling(self, "open", "files")

    # Helpers

    def _parts(self, path: str) -> tuple[str, ...]:
        parts = (*self._at, *components(path))
        # Each directory on the way is entered by each use, and a guest makes parts of parts.
        if len(parts) > MAX_DEPTH:
            raise OSError(errno.ENAMETOOLONG, f"it is more than {MAX_DEPTH} directories deep", path)
        return parts

    def _named_parts(self, path: str) -> tuple[str, ...]:
        """The names of something in the directory, which is not the directory itself."""
        parts = self._parts(path)
        if len(parts) == len(self._at):
            raise PermissionError(errno.EACCES, "this is the directory that was granted itself", path)
        return parts

    def _check_write(self, path: str) -> None:
        if not self._write:
            raise PermissionError(errno.EACCES, NO_WRITES, path)

    def _find(self, path: str) -> Found:
        with self._named(path):
            return self._tree.find(self._parts(path))

    def _kind(self, path: str) -> str:
        parts = self._parts(path)
        try:
            return self._tree.find(parts).kind
        except OSError:
            return ""

    @contextlib.contextmanager
    def _named(self, path: str) -> Iterator[None]:
        """Errors carry the path that the guest named, and nothing of where it lies on the host."""
        try:
            yield
        except OSError as error:
            problem = OSError(error.errno or errno.EIO, error.strerror or "failed", path)
        else:
            return
        raise problem


class Opener(Capability, reads="__call__"):
    """`open` over a directory. Granted under whatever name, it fills in `open` and `io.open`."""

    _cap_facets = ("open",)

    def __init__(self, directory: Dir) -> None:
        self._dir = directory

    def __call__(
        self, file: str, mode: str = "r", buffering: int = -1, encoding: str | None = None,
        errors: str | None = None, newline: str | None = None,
    ) -> File:  # fmt: skip
        """A file of the directory that was granted."""
        return self._dir.open(file, mode, buffering, encoding, errors, newline)

    def _cap_readonly(self) -> Opener:
        return Opener(self._dir._cap_readonly())
